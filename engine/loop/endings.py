"""How a runner leaves a run: its exit code, or the error that says what a human must do. Pure."""

from autoresearch.events.errors import RunFailed, WaitingForHuman, WayOut
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_stopped, say_waiting
from autoresearch.projections.summary import standing


def exit_code(run: RunState) -> int:
    """Return the exit code of a run that rests.

    Raises: RunFailed: setup is incomplete, or the baseline failed.
    """
    if run.stopped in ("setup_incomplete", "baseline_failed"):
        what = "setup is incomplete" if run.stopped == "setup_incomplete" else "the baseline failed"
        raise RunFailed(f"{what}: {say_stopped(standing(run))}", remedy=_how_to_go_on(run))
    return 3 if run.stopped == "blocked" else 0


def waits(run: RunState) -> WaitingForHuman:
    """Return the error for who watches a run that can only wait."""
    return WaitingForHuman(say_waiting(standing(run)), remedy=_how_to_go_on(run))


def _how_to_go_on(run: RunState) -> WayOut:
    if run.paused is not None:
        return WayOut("look_and_resume", run_id=run.run_id)
    waiting = [one.number for one in run.open if one.approval.waits]
    if waiting:
        return WayOut("approve", number=str(waiting[0]))
    if run.need_input is not None:
        return WayOut("propose")
    if run.stopped == "baseline_failed" and run.baseline_failed == "no_metric" and not run.config.evaluate:
        return WayOut("name_metric", run_id=run.run_id)
    if run.stopped == "baseline_failed":
        return WayOut("retry_baseline", run_id=run.run_id)
    return WayOut("mend_and_resume", run_id=run.run_id)
