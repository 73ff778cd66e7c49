"""Whether a proposal is close to what was tried: the same values of the same names, or the same words.

Pure.
"""

import re
from collections.abc import Sequence

from autoresearch.events.values import Proposal, Scalar
from autoresearch.projections.timeline import Row


ALIKE = 0.75  # of all words of two descriptions, the share that both have
NEARLY = 0.02  # by which two values of a constant differ at most, of the larger one
TOLD = 3  # iterations that are named
WORD = re.compile(r"[a-z_]+")
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")
EMPTY = frozenset({"a", "an", "the", "to", "of", "in", "for", "and", "with", "by", "at", "on", "from", "try"})


def close_to(proposal: Proposal, rows: Sequence[Row]) -> tuple[int, ...]:
    """Return the iterations that tried nearly the same, the newest last; those count whose result is known.

    The same words with other numbers are another idea. What was kept may be gone further, and what was
    retracted, never applied, or stopped by an accident, was not tried.
    """
    found = [row.iteration for row in rows if _was_tried(row) and _is_close(proposal, row)]
    return tuple(found[-TOLD:])


def _was_tried(row: Row) -> bool:
    if row.iteration == 0 or row.source == "baseline" or row.retracted is not None or row.accident:
        return False
    return row.verdict in ("discard", "crash", None) and row.outcome != "not_applied"


def _is_close(proposal: Proposal, row: Row) -> bool:
    if proposal.set or row.settings:
        same_names = proposal.set.keys() == row.settings.keys()
        return same_names and all(_near(value, row.settings[name]) for name, value in proposal.set.items())
    ours, theirs = proposal.description.lower(), row.description.lower()
    if sorted(NUMBER.findall(ours)) != sorted(NUMBER.findall(theirs)):
        return False
    one, other = (set(WORD.findall(text)) - EMPTY for text in (ours, theirs))
    return bool(one | other) and len(one & other) >= ALIKE * len(one | other)


def _near(one: Scalar, other: Scalar) -> bool:
    numbers = [each for each in (one, other) if type(each) in (int, float)]
    if len(numbers) == 2:  # noqa: PLR2004 - both are
        first, second = map(float, numbers)  # type: ignore[arg-type]
        return abs(first - second) <= NEARLY * max(abs(first), abs(second))
    return one == other
