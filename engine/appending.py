"""Append what a command says, judged by the state that it is appended to."""

from collections.abc import Callable, Sequence

from engine.loading import Loaded, load
from engine.workspace import RunPaths
from events import catalog as ev
from events.errors import NotFound, WrongExpectedVersion
from events.log import EventLog
from projections.state import RunState


BY = "cli"
RACES = 20  # appends lost to others before giving up

Judge = Callable[[RunState], Sequence[ev.Event]]


def append_judged(paths: RunPaths, judge: Judge) -> tuple[int, Loaded]:
    """Append what `judge` makes of the state as it stands; return the seq before, and the states after.

    Judged again where somebody else appended in between, so that nothing is appended to a state that
    was not looked at.

    Raises:
        UnknownEvent: the history is of a later program.
    """
    loaded = load(paths, deciding=True)
    with EventLog(paths.history, since=loaded.position) as log:
        for _ in range(RACES):
            before = loaded.position.seq
            events = judge(loaded.run)
            try:
                log.append(events, by=BY, expected=before)
            except WrongExpectedVersion:
                loaded = load(paths, since=loaded, deciding=True)
                continue
            return before, load(paths, since=loaded, deciding=True)
    raise NotFound(
        f"{paths.history} grows faster than a command can be appended", remedy="try again in a moment"
    )
