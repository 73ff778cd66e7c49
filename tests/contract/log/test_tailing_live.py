"""Following a run as it grows: woken by the bell, by the slow look, and past what a disk refused."""

import errno
import threading
from pathlib import Path

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.proposals.drop_folder import Bell
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.values import why
from autoresearch.workflows.live import follow as tailing
from autoresearch.workflows.live.follow import RunFollower, follow
from tests import given as g
from tests.log_helpers import note, open_log


NEVER_S = 10**6
DONE = ev.RunStopped(how="done", reason=why("done_without_best", completed=0))


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Return a run that was started."""
    made = run_named(tmp_path, "autoresearch-mar8-r001")
    made.folder.mkdir(parents=True)
    with open_log(made.history) as log:
        log.append([g.started()], by="x")
    return made


def _followed(paths: RunPaths) -> list[ev.Event]:
    """Follow a run to which a thread appends, one event each time the follower has shown the last."""
    todo: list[ev.Event] = [note("a"), note("b"), DONE]
    seen: list[ev.Event] = []
    shown = threading.Semaphore(0)

    def write() -> None:
        with EventLog(paths.history) as log:
            for event in todo:
                shown.acquire()
                log.append([event], by="y")

    writer = threading.Thread(target=write)
    writer.start()
    for recorded in follow(paths):
        seen.append(recorded.event)
        shown.release()
    writer.join()
    assert seen[1:] == todo
    return seen


def test_a_follower_is_woken_by_what_is_written(paths: RunPaths, monkeypatch: pytest.MonkeyPatch):
    """Each new record is shown though the slow look never comes."""
    monkeypatch.setattr(tailing, "SLOW_POLL_S", NEVER_S)
    assert 4 == len(_followed(paths))


def test_a_follower_without_a_bell_looks_by_itself(paths: RunPaths, monkeypatch: pytest.MonkeyPatch):
    """Where the system has no more watches to give, each new record is shown all the same."""

    def no_watch_left(*_: object) -> None:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr(Bell, "watch", no_watch_left)
    monkeypatch.setattr(tailing, "SLOW_POLL_S", 0.01)
    assert 4 == len(_followed(paths))


def test_a_follower_goes_past_a_healed_tail(paths: RunPaths):
    """Torn bytes are not shown, what closes them off is, and then what comes after."""
    with RunFollower(paths) as tail, open_log(paths.history) as log:
        assert [1] == [one.seq for one in tail.news()]
        with paths.history.open("ab") as file:
            file.write(b'{"seq":2,"type":"NoteAdd')
        assert [] == tail.news()
        log.append([note("after")], by="x")
        assert [ev.TailHealed, ev.NoteAdded] == [type(one.event) for one in tail.news()]
        assert [] == tail.news()


def test_a_follower_goes_past_a_withdrawn_record(paths: RunPaths):
    """After a record that the disk refused comes the TailHealed of its number; the state forgets it."""
    with RunFollower(paths) as tail, open_log(paths.history) as log:
        begin = log.head()
        log.append([DONE], by="x")
        assert [1, 2] == [one.seq for one in tail.news()]
        assert tail.loaded.run.stopped is not None
        log._close_off(log._file.fd, begin)  # type: ignore[union-attr]
        log.append([note("b")], by="x")
        assert [(2, ev.TailHealed), (3, ev.NoteAdded)] == [(one.seq, type(one.event)) for one in tail.news()]
        assert tail.loaded.run.stopped is None
