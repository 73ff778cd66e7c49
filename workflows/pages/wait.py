"""What ended a wait, in one line with what to do next."""

from collections.abc import Mapping
from typing import Any

from autoresearch.workflows.pages.ways_out import typed


def wait_line(told: Mapping[str, Any]) -> str:  # Any: it is the object of `wait --json`
    """Say what happened, and the command that comes next."""
    run = told["run_id"]
    again = typed(f"wait {run} --since {told['seq']}")
    match told["what"]:
        case "keep":
            best = f"{told['metric']} {told['best_metric']:.6f}"
            return f"iteration {told['iteration']} was kept, the best is {best}; {again} waits for more"
        case "question":
            asked = told["question"]
            said = f"question {asked['number']} is open: {asked['question']}"
            return f"{said}; {typed(f'answer TEXT --run-id {run}')} answers it"
        case "approval":
            keep = told["iteration"]
            said = f"iteration {keep} would be kept, and waits for a human's word"
            return f"{said}; {typed(f'approve {keep} --run-id {run}')} keeps it"
        case "end":
            return f"it is idle: {told['reason']}; {typed(f'report {run}')} says what came of it"
        case "pause":
            return f"{told['reason']}; {typed(f'unpause --run-id {run}')} goes on"
        case "proposal_needed":
            return f"{told['reason']}; {typed(f'propose --run-id {run}')} takes one"
        case "interrupted":
            return f"no runner is alive; {typed(f'resume --run-id {run}')} goes on"
        case _:
            lasted = f"nothing of it in {told['waited_s']:.0f} s"
            return f"{lasted}, and the run goes on ({told['phase']}); {again} waits on"
