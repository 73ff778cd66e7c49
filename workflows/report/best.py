"""The lines of a report on its best and its baseline."""

from typing import Any

from autoresearch.projections.state_text import say_in_common
from autoresearch.projections.words.times import counted, one_line
from autoresearch.projections.words.wording import short
from autoresearch.workflows.report.document import Cite, Line


DESCRIPTION = 90  # characters


def _number(value: float) -> str:
    return f"{value:.6f}"


def best_lines(found: dict[str, Any]) -> tuple[Line, ...]:  # Any: it is JSON
    """Return the best and the baseline, as they compare, and what other numbers they have."""
    best, baseline = found["best"], found["baseline"]
    if best is None:
        return ()
    number = Cite(_number(best["metric"]), best["seq"])
    lines: list[Line] = []
    if best["iteration"]:
        said = f", iteration {best['iteration']}, commit {short(best['commit'])}: "
        lines.append((f"best {found['metric']} ", number, said, one_line(best["description"], DESCRIPTION)))
    if baseline is not None:
        named = (f"baseline {found['metric']} ", Cite(_number(baseline["metric"]), baseline["seq"]))
        lines.append((*named, _change_in_all(found)))
        lines += _other_numbers(best, baseline)
    if not found["evaluated"]:
        lines.append(("the number is the script's own word: the settings name no `evaluate`",))
    return tuple(lines)


def held(seen: dict[str, Any]) -> Line:
    """Say what was found on the holdout, which decides nothing, and how often that was looked at."""
    times = f"looked at {counted(seen['looks'], 'time')} in this repository"
    if seen["best"] is None or seen["baseline"] is None:
        return (f"the holdout could not be scored whole; {times}",)
    best = Cite(f"{seen['best']:.6f}", seen["best_seq"])
    baseline = Cite(f"{seen['baseline']:.6f}", seen["baseline_seq"])
    return (
        f"on the holdout iteration {seen['iteration']} has ",
        best,
        ", the baseline ",
        baseline,
        f"; {times}",
    )


def _change_in_all(found: dict[str, Any]) -> str:
    """Say what the best is against the baseline, both on the seeds that they have in common."""
    best, baseline, seeds = found["best"], found["baseline"]["metric"], found["seeds_in_common"]
    if not best["iteration"]:
        return ""
    if seeds is None:
        return ", not to be compared: it has no seed in common with the best"
    change = f" ({100 * (best['metric'] - baseline) / abs(baseline):+.2f} %)" if baseline else ""
    return f"{change}, {say_in_common(seeds)}"


def _other_numbers(best: dict[str, Any], baseline: dict[str, Any]) -> list[Line]:
    """Name the numbers that stand elsewhere: other means of the same trainings, where they differ."""
    both = {"baseline": baseline} if not best["iteration"] else {"best": best, "baseline": baseline}
    lines: list[Line] = []
    for field, said in (
        ("mean", "the mean of all its own seeds, as measured last"),
        ("first", "when it was judged"),
    ):
        differ = [(name, one[field], one["metric"]) for name, one in both.items() if one[field] is not None]
        names = [
            f"{name} {_number(value)}" for name, value, metric in differ if _number(value) != _number(metric)
        ]
        if names:
            lines.append((f"{said}: {', '.join(names)}",))
    return lines
