"""A run's states, from its history and from the snapshots in state.json. Reads only."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.events.encoding.codec import Position, Recorded, require_known
from autoresearch.events.errors import CorruptHistory, NotFound, WayOut, WrongValue
from autoresearch.events.log.read import blocks, contains, holds, read, verify
from autoresearch.events.log.verify import Block
from autoresearch.projections import register
from autoresearch.projections.fold import Projection, Snapshot, fold_lines
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import RunState
from autoresearch.projections.snapshot import Kept, read_kept
from autoresearch.projections.timeline import TIMELINE, Timeline


S = TypeVar("S")


@frozen(kw_only=True)
class Loaded:
    """The states of all registered projections at one position of a run's history."""

    states: tuple[Any, ...]  # in the order of the register
    position: Position

    @property
    def run(self) -> RunState:
        """Return the state that is decided by."""
        return self.of(RUN)

    @property
    def timeline(self) -> Timeline:
        """Return the rows of the iterations."""
        return self.of(TIMELINE)

    def of(self, projection: Projection[S]) -> S:
        """Return the state of a registered projection."""
        state: S = next(state for one, state in self.each() if one is projection)
        return state

    def each(self) -> Iterable[tuple[Projection[Any], Any]]:
        """Pair each registered projection with its state."""
        return zip(register.REGISTER, self.states, strict=True)

    def after(self, recorded: Recorded) -> "Loaded":
        """Return the states after one more event."""
        return Loaded(
            states=tuple(one.evolve(state, recorded) for one, state in self.each()),
            position=Position(seq=recorded.seq, offset=recorded.end, hash=recorded.hash),
        )


def nothing() -> Loaded:
    """Return the states before any event."""
    return Loaded(states=tuple(one.initial() for one in register.REGISTER), position=Position.start())


def load(
    paths: RunPaths, *, upto: int | None = None, since: Loaded | None = None, deciding: bool = False
) -> Loaded:
    """Fold the history from `since` to its end, or up to a seq.

    Raises:
        NotFound: the run has no history.
        CorruptHistory: the history is damaged, or has lost records that state.json has seen.
        UnknownEvent: somebody decides by the state, and an event is of a later program.
    """
    if since is None:
        known(paths)
    begin = since or nothing()
    found = blocks(paths.history, begin.position, upto=upto)
    states, position = _folded(register.REGISTER, begin.states, found, paths=paths, deciding=deciding)
    return Loaded(states=tuple(states), position=position or begin.position)


def load_one(
    paths: RunPaths, projection: Projection[S], *, since: Snapshot[S] | None = None, deciding: bool = False
) -> Snapshot[S]:
    """Fold one state alone, from `since` or from where state.json keeps it: only what came later is read.

    Raises:
        NotFound, CorruptHistory, UnknownEvent: as `load` does.
    """
    begin = since or _snapshot(paths, projection)
    found = blocks(paths.history, begin.position)
    (state,), position = _folded((projection,), (begin.state,), found, paths=paths, deciding=deciding)
    return Snapshot(position=position or begin.position, state=state)


def load_run(
    paths: RunPaths, *, since: Snapshot[RunState] | None = None, deciding: bool = False
) -> Snapshot[RunState]:
    """Fold the run's state alone, as `load_one` does."""
    return load_one(paths, RUN, since=since, deciding=deciding)


def require_understood(paths: RunPaths) -> None:
    """Refuse a history with an event that a runner would end at; up to state.json one has read each whole.

    Raises:
        CorruptHistory: an event has fields that it cannot have; names the line.
        UnknownEvent: an event is of a later program.
    """
    kept = known(paths)
    since = kept.position if kept is not None else Position.start()
    for recorded in read(paths.history, after=since.seq, since=since):
        require_known(recorded)


def require_own(paths: RunPaths, run: RunState) -> None:
    """Refuse to write for a run whose folder was renamed or copied: its refs are those of the original.

    Raises:
        NotFound: the history is of a run with another id than the folder's name.
    """
    if run.run_id in ("", paths.run_id):
        return
    original = paths.folder.with_name(run.run_id)
    there = f"{paths.folder} is a copy of it" if original.exists() else f"it was renamed to {paths.folder}"
    raise NotFound(
        f"{paths.history} is the history of {run.run_id}, and {there}: nothing is written or moved for it",
        remedy=f"use {run.run_id}, and move this copy elsewhere"
        if original.exists()
        else f"give it its name back: mv {shlex.quote(str(paths.folder))} {shlex.quote(str(original))}",
    )


def known(paths: RunPaths) -> Kept | None:
    """Return what state.json holds, where it is of this history; None where it is absent or of another.

    Raises:
        CorruptHistory: it is of this run, and has seen a record that the history does not have.
    """
    try:
        kept = read_kept(paths.state.read_bytes())
    except OSError:
        return None
    if kept is None or holds(paths.history, kept.position):
        return kept
    seen = kept.position
    withdrawn = contains(paths.history, seen)  # by its writer, since the disk had refused it
    if withdrawn or kept.run_id != paths.run_id or not paths.history.exists():
        return None
    raise CorruptHistory(
        f"{paths.history} has no record {seen.seq} that ends at byte {seen.offset}, but state.json has"
        " seen it: the history was cut or rewritten",
        remedy=WayOut("repair_or_forget", run_id=paths.run_id, state=str(paths.state)),
    )


def _snapshot(paths: RunPaths, projection: Projection[S]) -> Snapshot[S]:
    kept = known(paths)
    state = kept.state_of(projection) if kept is not None else None
    if kept is None or state is None:
        return Snapshot(position=Position.start(), state=projection.initial())
    return Snapshot(position=kept.position, state=state)


def _folded(
    projections: Sequence[Projection[Any]],
    states: Sequence[Any],
    found: Iterator[Block],
    *,
    paths: RunPaths,
    deciding: bool,
) -> tuple[list[Any], Position | None]:
    try:
        return fold_lines(projections, found, since=states, deciding=deciding)
    except (WrongValue, KeyError, TypeError, AttributeError):
        verify(paths.history)  # names the line; if it finds none wrong, this is a bug of ours
        raise
