"""One generic fold that serves every projection."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from attrs import frozen

from events.codec import Recorded
from events.log import Position


S = TypeVar("S")


@frozen(kw_only=True)
class Projection(Generic[S]):
    """A state folded from events: where it begins, and how one event changes it.

    `evolve` is pure and never fails on a recorded event. `version` grows with every change of what
    it computes, so that a snapshot of an older fold is not used.
    """

    name: str
    version: int
    initial: Callable[[], S]
    evolve: Callable[[S, Recorded], S]


@frozen(kw_only=True)
class Snapshot(Generic[S]):
    """A state, and the position of the last event that is in it."""

    position: Position
    state: S


def fold(projection: Projection[S], recorded: Iterable[Recorded], *, since: S | None = None) -> S:
    """Return the state after all of `recorded`, beginning from `since` or from the beginning."""
    state = projection.initial() if since is None else since
    evolve = projection.evolve
    for one in recorded:
        state = evolve(state, one)
    return state
