"""Append what a command says, judged by the state that it is appended to."""

from collections.abc import Callable, Sequence
from functools import reduce

from attrs import frozen

from autoresearch.engine.control.keys import Key, appended
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.anchor import refuse_lost
from autoresearch.engine.runs.load import Loaded, load, load_run, require_own, require_understood
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import RawEvent, Recorded
from autoresearch.events.errors import NotFound, WrongExpectedVersion
from autoresearch.events.log.append import EventLog
from autoresearch.projections.run_state import RunState


BY = "cli"
RACES = 20  # appends lost to others before giving up

Judge = Callable[[RunState], Sequence[ev.Event]]


@frozen(kw_only=True)
class Appended:
    """What a command recorded, now or when its key came first."""

    seq: int  # of the history before
    before: RunState
    run: RunState  # after it
    events: tuple[ev.Event, ...]  # none where there was nothing to say
    again: bool = False  # the key had come before: nothing was judged, and nothing appended


def append_judged(paths: RunPaths, git: Commits, judge: Judge, *, key: Key | None = None) -> Appended:
    """Append what `judge` makes of the state, if anything; under a key that came before, nothing.

    Judged again where somebody else appended in between, so that nothing is appended to a state that
    was not looked at.

    Raises:
        UnknownEvent: the history is of a later program.
        CorruptHistory: it is damaged, be it far before its end, holds what no event can, or is older than
            what git has seen.
        UsageRefused: the key was used for something else.
    """
    known = load_run(paths, deciding=True)
    require_own(paths, known.state)
    require_understood(paths)
    refuse_lost(paths, known.state, git)
    with EventLog(paths.history) as log:  # checked from its first byte: nothing goes behind damage
        for _ in range(RACES):
            if first := appended(paths, key):
                return as_then(paths, first)
            before = known
            events = tuple(judge(known.state))
            if events:
                try:
                    log.append(
                        events,
                        by=BY,
                        expected=before.position.seq,
                        key=key.stored() if key is not None else None,
                    )
                except WrongExpectedVersion:
                    known = load_run(paths, since=known, deciding=True)
                    continue
                known = load_run(paths, since=known, deciding=True)
            return Appended(seq=before.position.seq, before=before.state, run=known.state, events=events)
    raise NotFound(
        f"{paths.history} grows faster than a command can be appended", remedy="try again in a moment"
    )


def as_then(paths: RunPaths, first: Sequence[Recorded]) -> Appended:
    """Return what a command recorded the first time, with the states of then."""
    before = load(paths, upto=first[0].seq - 1, deciding=True)
    after = reduce(Loaded.after, first, before)
    return Appended(
        seq=before.position.seq,
        before=before.run,
        run=after.run,
        events=tuple(one.event for one in first if not isinstance(one.event, RawEvent)),
        again=True,
    )
