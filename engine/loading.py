"""A run's states, from its history. Reads only."""

from attrs import frozen

from engine.workspace import RunPaths
from events.codec import Recorded
from events.log import Position, read
from projections.fold import Snapshot
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


def load(paths: RunPaths, *, upto: int | None = None, since: Loaded = NOTHING) -> Loaded:
    """Fold the history from `since` to its end, or up to a seq.

    Raises:
        NotFound: the run has no history.
        CorruptHistory: the history is damaged.
    """
    loaded = since
    for recorded in read(paths.history, after=since.position.seq, upto=upto, since=since.position):
        loaded = loaded.after(recorded)
    return loaded
