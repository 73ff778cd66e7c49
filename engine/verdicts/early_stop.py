"""Which training is ended before its time, since it lies far behind the curve of its base. Pure.

Both are means over the same part of the budget, under the same seed and the same conditions. What it saves,
and whom it wrongs, is measured on the bank (docs/belief.md).
"""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from attrs import evolve

from autoresearch.events.values import CurvePoint, Proposal
from autoresearch.projections.reducers.iteration import PARTS, means
from autoresearch.projections.run_state import Iteration, RunState


FIRST = 6  # parts of the budget that are never looked at: 30 %

# A change of a schedule or a length has a curve of another shape, and a point of it says nothing of its end.
_SAID = frozenset({  # in any text of a proposal
    "anneal", "annealing", "batch", "batches", "budget", "cooldown", "cosine", "epoch", "epochs", "longer",
    "multiplier", "rampup", "sched", "schedule", "schedules", "scheduler", "shorter", "warmdown", "warmup",
})  # fmt: skip
_NAMED = _SAID | frozenset({  # in the name of a constant
    "accum", "accumulation", "cycle", "deadline", "duration", "iters", "iterations", "length", "rows",
    "seconds", "steps", "time", "tokens", "warm",
})  # fmt: skip
_CONSTANT = re.compile(r"\b[A-Z][A-Z0-9_]+\b")
_LAST_RATE = re.compile(r"(FINAL|MIN|END|LAST)_(LR|RATE)|(LR|RATE)_(FINAL|MIN|END|FRAC)")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def base_losses(state: RunState, one: Iteration) -> Mapping[int, float] | None:
    """Return what the base of a running training had in each part of its budget; None: it is never ended.

    Only a candidate's first training may be: what is trained again is to be measured, not chosen.
    """
    if not state.config.stop_losers or one.number == 0 or one.measures is not None or one.repeat != 1:
        return None
    if not one.trains or one.proposal is None or of_schedule(one.proposal):
        return None
    for curve in state.curves:
        told = {name: getattr(curve.conditions, name) for name in ("data_id", "device")}  # at its end
        if curve.commit == one.base_commit and evolve(one.conditions, **told).agree(curve.conditions):
            return _filled(curve.losses)
    return None


def of_schedule(proposal: Proposal) -> bool:
    """Say whether a change is of a schedule or a length, by what it sets, edits, and says of itself."""
    code = [proposal.patch or "", *(text for one in proposal.edits for text in (one.search, one.replace))]
    names = [*proposal.set, *(name for text in code for name in _CONSTANT.findall(text))]
    said = [proposal.description, proposal.change_plan, proposal.commit_description, *code]
    if any(_NAMED & _words(name) or _LAST_RATE.search(name) for name in names):
        return True
    return any(_SAID & _words(text) for text in said)


def far_behind(
    points: Iterable[tuple[float, float]], base: Mapping[int, float], bound: float
) -> tuple[CurvePoint, ...]:
    """Return the first two parts in a row over which a training lies beyond the bound; empty: none are.

    `points` are its (percent, loss) so far. The last part that it has begun is not looked at.
    """
    own = means(points)
    own.pop(max(own, default=0), None)
    both = [
        CurvePoint(percent=_end_of(part), loss=own[part], base_loss=base[part])
        for part in sorted(own)
        if part >= FIRST and part in base
    ]
    for pair in pairwise(both):
        if all(_is_beyond(point, bound) for point in pair):
            return pair
    return ()


def holds(points: tuple[CurvePoint, ...], base: Mapping[int, float], bound: float) -> bool:
    """Say whether the rule asks for an end by these points of a training, where its base has that curve."""
    parts = {_end_of(part): loss for part, loss in base.items() if part >= FIRST}
    alike = all(parts.get(point.percent) == point.base_loss for point in points)
    rising = all(one.percent < later.percent for one, later in pairwise(points))
    return len(points) == 2 and alike and rising and all(_is_beyond(point, bound) for point in points)  # noqa: PLR2004


def _filled(losses: tuple[tuple[int, float], ...]) -> dict[int, float]:
    """Return a curve with the parts between its points, as a line, which lies above a slowing fall."""
    found = dict(losses)
    for (begin, high), (end, low) in pairwise(losses):
        for part in range(begin + 1, end):
            found[part] = high + (low - high) * (part - begin) / (end - begin)
    return found


def _is_beyond(point: CurvePoint, bound: float) -> bool:
    return point.loss - point.base_loss > bound


def _end_of(part: int) -> float:
    return (part + 1) * 100 / PARTS


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
