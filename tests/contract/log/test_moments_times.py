"""Which record a time means, in histories whose clocks a test has set."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.as_of import moment, seq_at
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.runs.load import load
from autoresearch.events.errors import CorruptHistory, NotFound, UsageRefused
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.projections.words.event_text import line
from autoresearch.projections.words.times import minute_of
from tests import given as g


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return how to write a run whose events were appended at these times, in UTC; people live at UTC+2."""
    monkeypatch.setenv("TZ", "XYZ-2")
    time.tzset()

    def write(*times: str) -> RunPaths:
        paths = run_named(tmp_path, "autoresearch-mar8-r001")
        paths.folder.mkdir(parents=True)
        clock = iter(f"{one}Z" for one in times)
        events = [g.started(), g.asked(), *g.BASELINE]
        with EventLog(paths.history, durability="off", clock=lambda: next(clock)) as log:
            for event in events[: len(times)]:
                log.append([event], by="test")
        return paths

    yield write
    monkeypatch.undo()
    time.tzset()


def test_a_time_is_the_last_event_not_after_it(run):
    """A time between two events means the earlier one, in any zone, and to the fraction."""
    paths = run("2026-03-08T21:04:05.100", "2026-03-08T21:04:05.200", "2026-03-08T21:05:00.000")
    for text, seq in (
        *(("2026-03-08T21:04:05.100Z", 1), ("2026-03-08T21:04:05.199Z", 1), ("2026-03-08T21:04:59Z", 2)),
        *(("2026-03-08T21:05", 3), ("2026-03-08 21:04:30", 2), ("2026-03-08T22:05:00+01:00", 3)),
        *(("2026-03-08T21:04:05Z", 2), ("2026-03-08T23:04+02:00", 2), ("2026-03-08 21:04:05 UTC", 2)),
    ):
        assert seq == seq_at(paths, text), text
    with pytest.raises(NotFound, match="began at 2026-03-08T21:04:05"):
        seq_at(paths, "2026-03-08T21:04:05.099Z")


def test_whatever_a_page_prints_is_accepted(run):
    """The begin of `runs`, an event's time and the last of a page mean the record that they stand beside."""
    paths = run("2026-03-08T21:04:05.100", "2026-03-08T21:04:05.200", "2026-03-08T21:05:00.000")
    printed = [line(one).partition(" ")[0] for one in read(paths.history)]
    assert [1, 2, 3] == [seq_at(paths, text) for text in printed]
    assert ("2026-03-08 21:04Z", 2) == ((began := minute_of(printed[0])), seq_at(paths, began))
    assert 3 == seq_at(paths, load(paths).run.updated_at)
    with pytest.raises(NotFound) as early:
        seq_at(paths, "2026-03-08 21:03Z")
    assert 1 == seq_at(paths, str(early.value).split(" began at ")[1].partition(",")[0])
    with pytest.raises(NotFound, match=r"from 2026-03-08T21:04:05\.100Z to 2026-03-08T21:05:00\.000Z"):
        seq_at(paths, "22:00")


def test_a_time_of_day_is_utc_and_means_all_of_its_minute(run):
    """A time of day that the run had once needs no day; what happened within the minute had happened."""
    paths = run("2026-03-08T21:04:05.100", "2026-03-08T21:04:59.999", "2026-03-08T21:05:00.000")
    assert [2, 3, 1] == [seq_at(paths, text) for text in ("21:04", "21:05Z", "21:04:05 UTC")]
    with pytest.raises(NotFound, match="which has no 23:04 UTC"):
        seq_at(paths, "23:04")


def test_a_time_of_day_across_midnight(run):
    """A run over night has each time of day once, whatever the day."""
    paths = run("2026-03-08T22:00:00.000", "2026-03-08T23:59:00.000", "2026-03-09T01:00:00.000")
    assert [2, 2, 3] == [seq_at(paths, text) for text in ("23:59", "0:30", "1:00")]


def test_a_time_of_day_that_was_twice_is_refused_with_both(run):
    """A run of two days asks which one is meant, and takes the day."""
    paths = run("2026-03-08T10:00:00.000", "2026-03-09T12:00:00.000", "2026-03-09T13:00:00.000")
    with pytest.raises(UsageRefused) as refused:
        seq_at(paths, "13:00")
    assert "2026-03-08T13:00Z, 2026-03-09T13:00Z" in refused.value.remedy
    assert 1 == seq_at(paths, "2026-03-08T13:00")
    assert 2 == seq_at(paths, "2026-03-09T12:30")


def test_a_clock_that_was_set_back_ends_the_search_at_the_first_later_event(run):
    """Order is the history's, not the clock's."""
    paths = run("2026-03-08T10:00:00.000", "2026-03-08T12:00:00.000", "2026-03-08T09:00:00.000")
    assert 1 == seq_at(paths, "2026-03-08T11:00:00Z")
    assert 3 == seq_at(paths, "2026-03-08T12:00:00Z")


def test_a_moment_has_what_came_next(run):
    """The states are those right after the record, and the next record is told."""
    began = datetime(2026, 3, 8, 10, tzinfo=UTC)
    paths = run(*(f"{began + timedelta(seconds=n):%Y-%m-%dT%H:%M:%S.000}" for n in range(8)))
    then = moment(paths, "2026-03-08T10:00:06.500Z")
    assert (7, 1.5, 8) == (
        then.loaded.position.seq,
        then.loaded.run.open[0].metric,
        then.came and then.came.seq,
    )
    assert moment(paths, "8").came is None
    assert 8 == moment(paths, "iteration:0").loaded.position.seq, "it is open: as it stands"
    with pytest.raises(NotFound, match="there is no event 9"):
        moment(paths, "9")


@pytest.mark.parametrize("odd", ["yesterday", "2026-03-08T21:04:06.000"])
def test_a_record_without_a_time_is_named(run, odd):
    """Where a record says no time, or one without a zone, looking for a time says which record it is."""
    paths = run("2026-03-08T21:04:05.100")
    with EventLog(paths.history, durability="off", clock=lambda: odd) as log:
        log.append([g.asked()], by="test")
    with pytest.raises(CorruptHistory, match=f"record 2 says '{odd}'"):
        seq_at(paths, "2026-03-08T22:00:00Z")
