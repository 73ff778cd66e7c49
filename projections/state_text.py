"""How a run stands -> the sentences that hang on more than one event. Pure. Words: projections/words/.

Imports only what starts fast.
"""

from __future__ import annotations

from autoresearch.projections.words.times import minute_of, signed
from autoresearch.projections.words.wording import name_of, say, say_verdict, sentence, words


TYPE_CHECKING = False  # as in typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autoresearch.projections.summary import Standing
    from autoresearch.projections.timeline import Row


def say_stopped(standing: Standing) -> str:
    """Return why a run is idle, with what is missing or what broke; "" where it is not."""
    reasons = standing["reasons"]
    match standing["stopped"]:
        case None:
            return ""
        case "setup_incomplete":
            failure = say_kept(reasons["failure"])
            return "; ".join(map(say_kept, reasons["missing"])) + (f" ({failure})" if failure else "")
        case "baseline_failed":
            reason, best = say_kept(reasons["baseline"]), standing["best_iteration"]
            again = "" if best is None else f"{name_of(best)}, the best, measured again: "
            return (
                f"{again}{words(reasons['baseline_failed'] or 'no result')}{': ' if reason else ''}{reason}"
            )
        case _:
            return say_kept(reasons["stopped"])


def say_waiting(standing: Standing) -> str:
    """Return what a human must do before anything can start, "" where nothing waits for one."""
    if standing["paused"]:
        return f"paused: {say_kept(standing['reasons']['paused'])}"
    if standing["approvals"]:
        one = standing["approvals"][0]
        until = f"until {minute_of(one['until'])}" if one["until"] else "as long as it takes"
        return f"{name_of(one['iteration'])} would be kept, and waits for your word {until}"
    human = standing["reasons"]["human"]
    if human is not None and human["code"] == "review_wanted":
        return say_kept(human)
    if human is not None:
        return f"a proposal is needed: {say_kept(human)}"
    return ""


def say_row(row: Row) -> str:
    """Return why an iteration has no result, or how it was judged; "" while it is open."""
    if row.retracted is not None:
        return f"retracted: {row.retracted}"
    if row.outcome != "succeeded" and row.reason is not None:
        return say(row.reason)
    said = say_verdict(row.rule, row.inputs) if row.rule and row.rule != "imported" else say(row.reason)
    return "; ".join(filter(None, (said, say_unreviewed(row))))


def say_unreviewed(row: Row) -> str:
    """Say that something was kept without the review that was to be had, and why; "" for all else."""
    kept = row.verdict == "keep" and row.unreviewed is not None
    return f"not reviewed: {say(row.unreviewed)}" if kept else ""


def say_gain(gain: float, half_width: float | None, seeds: int) -> str:
    """Return what a run is worth, by fresh seeds: with its 95 % interval, or that no gain is shown."""
    on = f" on {seeds} fresh seed{'' if seeds == 1 else 's'}"
    if half_width is None:
        return f"no gain shown: {signed(gain)}{on}, too few for an interval"
    said = f"{signed(gain)} ± {half_width:.6f}{on}"
    if gain > half_width:
        return said
    return f"{say_no_gain(gain, half_width)}: {said}"


def say_no_gain(gain: float, half_width: float | None) -> str:
    """Return what fresh seeds show where they show no gain: nothing, or a loss."""
    return "no gain shown" if half_width is None or gain >= -half_width else "a loss"


def say_interval(gain: float, half_width: float | None) -> str:
    """Return a gain with half its 95 % interval, or that there is none."""
    return f"{signed(gain)}, no interval" if half_width is None else f"{signed(gain)} ± {half_width:.6f}"


def say_in_common(seeds: int) -> str:
    """Say on how many seeds best and baseline are compared: those that both were trained under."""
    return f"on {seeds} seed{'' if seeds == 1 else 's'} in common"


def say_comparisons(count: int) -> str:
    """Return how often what is chosen was chosen by the validation data; "" where it never was."""
    return f"{count} comparison{'' if count == 1 else 's'} with the validation data" if count else ""


def say_outside(standing: Standing) -> str:
    """Return which guard the baseline is outside of, "" for none; where it failed, the phase says why."""
    reasons = standing["reasons"]
    return "" if reasons["baseline_failed"] else say_kept(reasons["baseline"])


def say_kept(reason: Mapping[str, Any] | None) -> str:
    """Return the sentence of a reason as state.json keeps it; "" for none."""
    return "" if reason is None else sentence(**reason)
