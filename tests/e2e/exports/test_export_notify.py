"""`export notify`: apprise's own JSON service brings what is worth a message to a receiver on loopback."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.events import catalog as ev
from autoresearch.events.errors import UsageRefused
from autoresearch.events.log.append import EventLog
from autoresearch.events.values import why
from autoresearch.workflows.cli.main import main
from autoresearch.workflows.exports import post
from autoresearch.workflows.exports.notify import next_time, occasion_of
from autoresearch.workflows.live import follow
from tests import given as g
from tests.cli_helpers import make_repo, make_run
from tests.receiver import Receiver, receiving
from tests.web.site import tried


pytest.importorskip("apprise", reason="the extra `notify` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # apprise imports it


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPaths:
    """A run that goes on, in the repository that is the current folder; no wait between tries."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    monkeypatch.setattr(post, "WAITS_S", (0.0, 0.0))
    return make_run(made, g.asked(3), g.runner_started(), *g.BASELINE)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def append(paths: RunPaths, *events: ev.Event) -> None:
    with EventLog(paths.history) as log:
        log.append(events, by="y")


def stopped(how: str, code: str, **inputs: object) -> ev.RunStopped:
    return ev.RunStopped(how=how, reason=why(code, **inputs))


def sends(receiver: Receiver, *words: str) -> int:
    """Notify a receiver by apprise's JSON service; return the exit code."""
    return main(["export", "notify", "--to", receiver.url.replace("http", "json"), *words])


def told(receiver: Receiver) -> list[tuple[str, str]]:
    """Return title and text of each message."""
    found = [json.loads(one.body) for one in receiver.got]
    return [(one["title"].partition(": ")[2], one["message"]) for one in found]


def test_what_is_worth_a_message_is_sent_once(run, receiver, capsys):
    """From the first call on: the keep with its idea, the end by a budget; each once, and no discard."""
    assert 0 == sends(receiver)
    assert [] == receiver.got
    append(run, *tried(1, 1.5), *tried(2, 1.4, keep=True, description="wider layers"))
    append(run, stopped("done", "trainings_used_up", trainings=3, completed=2))
    assert 0 == sends(receiver)
    (kept, sentence), (budget, end) = told(receiver)
    assert ("kept", "budget") == (kept, budget)
    assert "iteration 2 kept" in sentence
    assert sentence.endswith("wider layers")
    assert "3 trainings" in end
    assert 0 == sends(receiver)
    assert 2 == len(receiver.got)


def test_only_what_is_wanted_and_nothing_is_passed_over(run, receiver, capsys):
    """`--on` leaves the others out; what the receiver did not take is the first of the next call."""
    sends(receiver, "--on", "kept")
    append(run, *tried(1, 1.5, keep=True))
    receiver.answer = lambda _: 500
    assert 3 == sends(receiver, "--on", "kept")
    assert "did not take the message 'kept' in 3 tries" in capsys.readouterr().err
    receiver.answer = lambda _: 200
    receiver.got.clear()
    append(run, stopped("done", "done_without_best", completed=1))
    assert 0 == sends(receiver, "--on", "kept")
    assert ["kept"] == [title for title, _ in told(receiver)]


def test_a_runner_that_is_gone_is_told_once(run, receiver, monkeypatch):
    """While it follows, a run whose runner was killed is told as stuck, once, with the way on."""
    looks = iter(range(20))

    def wait(*_: object) -> None:
        if next(looks) == 19:
            append(run, stopped("done", "done_without_best", completed=0))

    monkeypatch.setattr(follow, "DEAD_LOOKS", 2)
    monkeypatch.setattr(follow.HistoryFollower, "wait", wait)
    assert 0 == sends(receiver, "--follow")
    assert ["stuck", "finished"] == [title for title, _ in told(receiver)]
    assert "resume" in told(receiver)[0][1]


def test_a_digest_says_what_came_since_the_last(run, receiver, monkeypatch, capsys):
    """The first has how the run stands; the next what was tried since; a missed one comes late."""
    assert 0 == sends(receiver, "--digest", "now")
    append(run, *tried(1, 1.5), *tried(2, 1.4, keep=True))
    assert 0 == sends(receiver, "--digest", "now", "--on", "digest")
    (_, first), (_, second) = told(receiver)
    assert run.run_id in first
    assert "since the last digest" not in first
    assert second.startswith("2 tried since the last digest, 1 kept\niteration 2 kept")
    receiver.got.clear()
    (file,) = run.exports.glob("digest-*.json")
    yesterday = time.time() - 86_400
    os.utime(file, (yesterday, yesterday))
    append(run, stopped("done", "done_without_best", completed=2))
    when = time.strftime("%H:%M", time.localtime(time.time() - 120))
    assert 0 == sends(receiver, "--digest", when, "--follow", "--on", "digest")
    assert ["digest"] == [title for title, _ in told(receiver)]


def test_a_time_of_day_comes_once_a_day():
    """The next one is within a day, shows what was asked for, and is none where it is no time."""
    now = time.time()
    for when in ("00:00", "07:00", "23:59"):
        found = next_time(when, after=now)
        assert 0 < found - now <= 25 * 3600
        assert when == time.strftime("%H:%M", time.localtime(found))
        assert found < next_time(when, after=found)
    with pytest.raises(UsageRefused, match="no time of day"):
        next_time("7 am", after=now)


def test_each_end_has_its_occasion():
    """A setup that is incomplete is stuck, a limit is a budget, a human's stop or pause is no alarm."""
    assert "stuck" == occasion_of(stopped("setup_incomplete", "setup_incomplete", missing="x"))
    assert "budget" == occasion_of(stopped("done", "no_keep_for", ideas=9))
    assert "finished" == occasion_of(stopped("stopped", "as_requested"))
    assert "stuck" == occasion_of(ev.RunPaused(reason=why("agent_failed_in_a_row", times=3)))
    assert occasion_of(ev.RunPaused(reason=why("human", said="lunch"))) is None
    assert occasion_of(g.kept(0)) is None


@pytest.mark.parametrize("words", [["--on", "lunch"], ["--digest", "7 am"], ["--to", "nothing://x"]])
def test_what_is_misspelt_is_refused(run, receiver, words, capsys):
    """An occasion, a time or an address that is none writes nothing."""
    assert 2 == sends(receiver, *words)
    assert not run.exports.exists()
    assert [] == receiver.got
