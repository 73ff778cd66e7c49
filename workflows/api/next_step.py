"""What comes next in a run, as the decider sees it: the `next` of an object, and a line of a page."""

from typing import Any

from attrs import asdict

from autoresearch.engine.core.decider import decide
from autoresearch.projections.event_text import name_of
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import job_names, waiting_for_human


def next_step(run: RunState) -> str:
    """Say what comes next: commands, the end of what runs now, a human's word, or nothing."""
    if run.stopped is not None:
        return f"at rest, {run.stopped.replace('_', ' ')}: {run.stopped_detail}"
    commands = decide(run)
    if commands:
        return ", ".join(_named(asdict(one), type(one).__name__) for one in commands)
    if run.jobs:
        return f"when {' and '.join(job_names(run))} has ended"
    waiting = waiting_for_human(run)
    return f"a human speaks: {waiting}" if waiting else "nothing"


def _named(fields: dict[str, Any], name: str) -> str:
    words = "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip()
    iteration = fields.get("iteration")
    return words if iteration is None else f"{words} ({name_of(iteration)})"
