"""Append what a command says, judged by the state that it is appended to."""

from collections.abc import Callable, Sequence

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.anchor import refuse_lost
from autoresearch.engine.runs.load import load_run, require_own
from autoresearch.events import catalog as ev
from autoresearch.events.errors import NotFound, WrongExpectedVersion
from autoresearch.events.log.append import EventLog
from autoresearch.projections.run_state import RunState


BY = "cli"
RACES = 20  # appends lost to others before giving up

Judge = Callable[[RunState], Sequence[ev.Event]]


def append_judged(paths: RunPaths, git: Commits, judge: Judge) -> tuple[int, RunState]:
    """Append what `judge` makes of the state, if anything; return the seq before, and the state after.

    Judged again where somebody else appended in between, so that nothing is appended to a state that
    was not looked at.

    Raises:
        UnknownEvent: the history is of a later program.
        CorruptHistory: it is damaged, be it far before its end, or older than what git has seen.
    """
    known = load_run(paths, deciding=True)
    require_own(paths, known.state)
    refuse_lost(paths, known.state, git)
    with EventLog(paths.history) as log:  # checked from its first byte: nothing goes behind damage
        for _ in range(RACES):
            before = known.position.seq
            events = judge(known.state)
            if not events:
                return before, known.state
            try:
                log.append(events, by=BY, expected=before)
            except WrongExpectedVersion:
                known = load_run(paths, since=known, deciding=True)
                continue
            return before, load_run(paths, since=known, deciding=True).state
    raise NotFound(
        f"{paths.history} grows faster than a command can be appended", remedy="try again in a moment"
    )
