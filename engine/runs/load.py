"""A run's states, from its history and from the snapshot in state.json. Reads only."""

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.events.codec import Position, Recorded
from autoresearch.events.errors import CorruptHistory, WrongValue
from autoresearch.events.log.read import blocks, contains, holds, verify
from autoresearch.events.log.verify import Block
from autoresearch.projections.fold import Projection, Snapshot, fold_lines
from autoresearch.projections.run_reducers import RUN
from autoresearch.projections.run_state import RunState
from autoresearch.projections.snapshot import read_snapshot
from autoresearch.projections.timeline import TIMELINE, Timeline


@frozen(kw_only=True)
class Loaded:
    """Both states of a run at one position of its history."""

    run: RunState
    timeline: Timeline
    position: Position

    def after(self, recorded: Recorded) -> "Loaded":
        """Return the states after one more event."""
        return Loaded(
            run=RUN.evolve(self.run, recorded),
            timeline=TIMELINE.evolve(self.timeline, recorded),
            position=Position(seq=recorded.seq, offset=recorded.end, hash=recorded.hash),
        )

    @property
    def snapshot(self) -> Snapshot[RunState]:
        """Return the run's state as state.json caches it."""
        return Snapshot(position=self.position, state=self.run)


NOTHING = Loaded(run=RUN.initial(), timeline=TIMELINE.initial(), position=Position.start())


def load(
    paths: RunPaths, *, upto: int | None = None, since: Loaded = NOTHING, deciding: bool = False
) -> Loaded:
    """Fold the history from `since` to its end, or up to a seq.

    Raises:
        NotFound: the run has no history.
        CorruptHistory: the history is damaged, or has lost records that state.json has seen.
        UnknownEvent: somebody decides by the state, and an event is of a later program.
    """
    if since is NOTHING:
        known_snapshot(paths)
    begin = ((RUN, since.run), (TIMELINE, since.timeline))
    found = blocks(paths.history, since.position, upto=upto)
    (run, timeline), position = _folded(begin, found, paths=paths, deciding=deciding)
    return Loaded(run=run, timeline=timeline, position=position or since.position)


def load_run(
    paths: RunPaths, *, since: Snapshot[RunState] | None = None, deciding: bool = False
) -> Snapshot[RunState]:
    """Fold the run's state alone, from `since` or from state.json: then only what came later is read.

    Raises:
        NotFound, CorruptHistory, UnknownEvent: as `load` does.
    """
    known = since or known_snapshot(paths) or NOTHING.snapshot
    found = blocks(paths.history, known.position)
    (run,), position = _folded(((RUN, known.state),), found, paths=paths, deciding=deciding)
    return Snapshot(position=position or known.position, state=run)


def known_snapshot(paths: RunPaths) -> Snapshot[RunState] | None:
    """Return what state.json holds, where it is of this history; None where it is absent or of another.

    Raises:
        CorruptHistory: it is of this run, and has seen a record that the history does not have.
    """
    snapshot = read_snapshot(paths.state)
    if snapshot is None or holds(paths.history, snapshot.position):
        return snapshot
    seen = snapshot.position
    withdrawn = contains(paths.history, seen)  # by its writer, since the disk had refused it
    if withdrawn or snapshot.state.run_id != paths.run_id or not paths.history.exists():
        return None
    raise CorruptHistory(
        f"{paths.history} has no record {seen.seq} that ends at byte {seen.offset}, but state.json has"
        " seen it: the history was cut or rewritten",
        remedy=f"restore the history from a copy; if {paths.state} is not of this history, delete that",
    )


def _folded(
    begin: tuple[tuple[Projection[Any], Any], ...],
    found: Iterator[Block],
    *,
    paths: RunPaths,
    deciding: bool,
) -> tuple[list[Any], Position | None]:
    projections, states = zip(*begin, strict=True)
    try:
        return fold_lines(projections, found, since=states, deciding=deciding)
    except (WrongValue, KeyError, TypeError, AttributeError):
        verify(paths.history)  # names the line; if it finds none wrong, this is a bug of ours
        raise
