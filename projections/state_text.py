"""A run's state -> the sentences that hang on more than one event. Pure. Words: projections/wording.py."""

from autoresearch.projections.run_state import RunState
from autoresearch.projections.timeline import Row
from autoresearch.projections.wording import say, say_verdict, words


def say_stopped(run: RunState) -> str:
    """Return why a run is idle, with what is missing or what broke; "" where it is not."""
    match run.stopped:
        case None:
            return ""
        case "setup_incomplete":
            failure = say(run.setup.failure)
            return "; ".join(map(say, run.setup.missing)) + (f" ({failure})" if failure else "")
        case "baseline_failed":
            reason = say(run.baseline_reason)
            return f"{words(run.baseline_failed or 'no result')}{': ' if reason else ''}{reason}"
        case _:
            return say(run.stopped_reason)


def say_waiting(run: RunState) -> str:
    """Return what a human must do before anything can start, "" where nothing waits for one."""
    if run.paused is not None:
        return f"paused: {say(run.paused)}"
    if run.need_input is not None and not run.waiting:
        return f"a proposal is needed: {say(run.need_input)}"
    return ""


def say_row(row: Row) -> str:
    """Return why an iteration has no result, or how it was judged; "" while it is open."""
    if row.outcome != "succeeded" and row.reason is not None:
        return say(row.reason)
    return say_verdict(row.rule, row.inputs) if row.rule and row.rule != "imported" else say(row.reason)
