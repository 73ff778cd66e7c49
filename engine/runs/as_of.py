"""A run as of an event, a time, or an iteration: which record is meant, the states then, and what came next.

Reads only. Times are those at which events were appended, by the clock of the machine then. They are UTC
wherever a page prints one, and here where none names its zone; one means all of its minute or second.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import Loaded, load
from autoresearch.engine.runs.one_iteration import CLOSES
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.errors import CorruptHistory, NotFound, UsageRefused, WayOut, Wrong
from autoresearch.events.log.read import read
from autoresearch.projections.words.times import counted


LISTS = WayOut("events")
FORMS = "an event 57, an iteration iteration:7, a time 2026-03-08T21:04:05Z or 21:04, UTC"
WHOLE_DAY = len("2026-03-08T21:04")
ITERATION = re.compile(r"iteration:(\d+)")
TIME_OF_DAY = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?)(?:Z| UTC)?")
ZONE = re.compile(r" UTC$")  # as people write it


@frozen(kw_only=True)
class Moment:
    """The states right after one record, and the record that came next."""

    loaded: Loaded
    came: Recorded | None  # None: this is where the history ends


def moment(paths: RunPaths, at: str) -> Moment:
    """Return the run as of what `at` names: see FORMS.

    An iteration is meant as of its verdict, or as it stands while it is open.

    Raises:
        UsageRefused: it names nothing, or a time of day that was twice.
        NotFound: the history has no such event, time or iteration.
    """
    return moment_at(paths, seq_at(paths, at))


def moment_at(paths: RunPaths, seq: int) -> Moment:
    """Return the run as of a record.

    Raises:
        NotFound: the history has no such record.
    """
    loaded = load(paths, upto=seq)
    if loaded.position.seq < seq:
        raise NotFound(
            f"{paths.run_id} has {counted(load(paths).position.seq, 'event')}, so there is no event {seq}",
            remedy=LISTS,
        )
    coming = read(paths.history, after=seq, upto=seq + 1, since=loaded.position)
    return Moment(loaded=loaded, came=next(coming, None))


def seq_at(paths: RunPaths, at: str) -> int:
    """Return the record that `at` names."""
    refuse_misspelt(at)
    text = at.strip()
    named = ITERATION.fullmatch(text)
    if named:
        return _of_iteration(paths, int(named[1]))
    clock = TIME_OF_DAY.fullmatch(text)
    if clock:
        return _of_time(paths, _on_its_day(paths, clock[1]))
    return int(text) if text.isdecimal() else _of_time(paths, _instant(text) + _width(text))


def refuse_misspelt(at: str) -> None:
    """Look whether `at` could name a moment of some run.

    Raises:
        UsageRefused: it has none of the FORMS.
    """
    text = at.strip()
    if ITERATION.fullmatch(text) or (text.isdecimal() and int(text) > 0):
        return
    try:
        clock = TIME_OF_DAY.fullmatch(text)
        if clock:
            _clock(clock[1])
            return
        _instant(text)
    except ValueError:
        raise UsageRefused(Wrong("at_not_understood", at=repr(at), forms=FORMS), remedy=LISTS) from None
    if len(text) < WHOLE_DAY:
        raise UsageRefused(Wrong("at_is_a_day", at=repr(at)), remedy=f"name a time too: {text}T21:04")


def _of_iteration(paths: RunPaths, number: int) -> int:
    """Return the last record of an iteration: its verdict, or the newest while it is open."""
    last = 0
    for recorded in read(paths.history):
        if getattr(recorded.event, "iteration", None) == number:
            last = recorded.seq
            if isinstance(recorded.event, CLOSES):
                return last
    if not last:
        known = load(paths).run.last_iteration
        there = f"0 to {known}" if known >= 0 else "none yet"
        raise NotFound(
            f"{paths.run_id} has no iteration {number}; there is {there}",
            remedy=WayOut("experiments"),
        )
    return last


def _of_time(paths: RunPaths, moment: datetime) -> int:
    """Return the last record before the first one that is later: clocks may have been set back."""
    last, first = 0, ""
    for recorded in read(paths.history):
        first = first or recorded.at
        if _time(paths, recorded) > moment:
            break
        last = recorded.seq
    if not last:
        raise NotFound(
            f"{paths.run_id} began at {first}, after {_said(moment)}",
            remedy=WayOut("event_times"),
        )
    return last


def _on_its_day(paths: RunPaths, text: str) -> datetime:
    """Return the one moment of the run at this time of day, UTC."""
    clock = _clock(text)
    began, ended = _span(paths)
    width = _width(text)
    found = [one for one in _days(began, ended, clock) if began <= one + width and one <= ended]
    if not found:
        raise NotFound(
            f"{paths.run_id} went from {_said(began)} to {_said(ended)}, which has no {text} UTC",
            remedy="name the day too, as in 2026-03-08T21:04Z",
        )
    if len(found) > 1:
        raise UsageRefused(
            Wrong("at_on_many_days", at=text, days=str(len(found)), run_id=paths.run_id),
            remedy=f"name the day: {', '.join(f'{one:%Y-%m-%dT%H:%M}Z' for one in found[:3])}",
        )
    return found[0] + width


def _instant(text: str) -> datetime:
    """Return the instant that a time names; UTC where it names no zone."""
    moment = datetime.fromisoformat(ZONE.sub("Z", text))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _width(text: str) -> timedelta:
    """Return how far a time reaches that names a minute or a second: what happened within it had happened."""
    bare = re.sub(r"( UTC|Z|[-+]\d\d:?\d\d)$", "", text)
    if "." in bare or "," in bare:
        return timedelta(0)
    whole = timedelta(seconds=1) if bare.count(":") > 1 else timedelta(minutes=1)
    return whole - timedelta(milliseconds=1)


def _said(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _clock(text: str) -> time:
    hour, _, rest = text.partition(":")
    return time.fromisoformat(f"{hour.zfill(2)}:{rest}")


def _days(began: datetime, ended: datetime, clock: time) -> Iterator[datetime]:
    day = began.date()
    while day <= ended.date():
        yield datetime.combine(day, clock, tzinfo=UTC)
        day += timedelta(days=1)


def _span(paths: RunPaths) -> tuple[datetime, datetime]:
    """Return the times of the first and the latest record."""
    records = read(paths.history)
    began = ended = _time(paths, next(records))
    for recorded in records:
        ended = max(ended, _time(paths, recorded))
    return began, ended


def _time(paths: RunPaths, recorded: Recorded) -> datetime:
    """Return when a record was appended.

    Raises:
        CorruptHistory: it says no time, or one without a zone: no clock of ours wrote it.
    """
    try:
        moment = datetime.fromisoformat(recorded.at)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - without a zone, as it has none
    if moment.tzinfo is None:
        raise CorruptHistory(
            f"{paths.history}: record {recorded.seq} says {recorded.at!r}, where its time belongs",
            remedy=WayOut("name_event_or_iteration"),
        )
    return moment
