"""The events of a run behind an export's cursor, one after the other, and then each new one."""

from collections.abc import Iterator

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.events.encoding.codec import Position, Recorded
from autoresearch.events.errors import PositionVoided
from autoresearch.events.log.read import read
from autoresearch.workflows.exports.cursor import Cursor
from autoresearch.workflows.live.follow import HistoryFollower, brought_up


def place(recorded: Recorded) -> Position:
    """Return the place behind a record."""
    return Position(seq=recorded.seq, offset=recorded.end, hash=recorded.hash)


def key_of(run_id: str, recorded: Recorded) -> str:
    """Return the idempotency key of an event: sent again, it has the same, and no other event has it."""
    return f"{run_id}:{recorded.seq}:{recorded.hash[:16]}"


def feed(
    cursor: Cursor, *, first: int | None, follow: bool, anew: Position | None = None
) -> Iterator[Recorded | None]:
    """Yield the events from `first`, else from the cursor on, else from `anew`.

    With `follow` it goes on until the run is idle, and yields None, about once a second, while nothing is
    new. Moving the cursor is the caller's.

    Raises:
        NotFound, CorruptHistory: as reading a history does, or the cursor is of another one.
    """
    paths = cursor.paths
    position = cursor.begin(first, anew=anew or Position.start())
    after = position.seq if first is None else first - 1
    run = load_run(paths)
    with HistoryFollower(paths, since=position) as bell:
        while True:
            for recorded in _news(paths, position):
                position = place(recorded)
                if recorded.seq > after:
                    yield recorded
            after = 0
            if not follow:
                return
            run = brought_up(paths, run)
            if run.position.seq > position.seq:
                continue
            if run.state.stopped is not None:
                return
            yield None
            bell.wait()


def _news(paths: RunPaths, position: Position) -> Iterator[Recorded]:
    """Yield what stands behind a position; where its record was withdrawn, behind the last that holds."""
    try:
        yield from read(paths.history, since=position)
    except PositionVoided as voided:
        yield from read(paths.history, since=Position(seq=voided.seq, offset=voided.offset, hash=voided.hash))
