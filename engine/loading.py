"""A run's states, from its history. Reads only."""

from attrs import frozen

from engine.workspace import RunPaths
from events.codec import Recorded
from events.errors import WrongValue
from events.log import Position, verify
from events.reading import blocks
from projections.fold import Snapshot, fold_lines
from projections.run import RUN, RunState
from projections.timeline import TIMELINE, Timeline


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
        CorruptHistory: the history is damaged.
        UnknownEvent: somebody decides by the state, and an event is of a later program.
    """
    found = blocks(paths.history, since.position, upto=upto)
    try:
        (run, timeline), position = fold_lines(
            (RUN, TIMELINE), found, since=(since.run, since.timeline), deciding=deciding
        )
    except (WrongValue, KeyError, TypeError, AttributeError):
        verify(paths.history)  # names the line; what it finds right, is a bug of ours
        raise
    return Loaded(run=run, timeline=timeline, position=position or since.position)
