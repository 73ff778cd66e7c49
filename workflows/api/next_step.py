"""What comes next in a run, as the decider sees it: the `next` of an object, and a line of a page."""

from typing import Any

from attrs import asdict

from autoresearch.engine.core.decider import decide
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_stopped, say_waiting
from autoresearch.projections.summary import job_names, standing
from autoresearch.projections.words.wording import name_of, words


def next_step(run: RunState) -> str:
    """Say what comes next: commands, the end of what runs now, a human's word, or nothing."""
    if run.stopped is not None:
        return f"idle, {words(run.stopped)}: {say_stopped(standing(run))}"
    commands = decide(run)
    if commands:
        named = [_named(asdict(one), type(one).__name__) for one in commands]
        return ", ".join(dict.fromkeys(named))  # a training that may start on either of two devices is one
    if run.jobs:
        return f"when {' and '.join(job_names(run))} has ended"
    waiting = say_waiting(standing(run))
    return f"a human speaks: {waiting}" if waiting else "nothing"


def _named(fields: dict[str, Any], name: str) -> str:
    said = "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip()
    iteration = fields.get("iteration")
    return said if iteration is None else f"{said} ({name_of(iteration)})"
