"""`wait`: it returns when something happens in a run, says what, and is short where nothing can."""

import json
import threading
import time
from pathlib import Path

import jsonschema
import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.values import why
from autoresearch.workflows.cli.main import main
from autoresearch.workflows.live import follow
from autoresearch.workflows.live.follow import Pulse
from tests import given as g
from tests.cli_helpers import bytes_of, make_repo, make_run
from tests.core.test_agent_asks import BEGUN, asks


SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "wait-1.schema.json"
DONE = ev.RunStopped(how="done", reason=why("done_without_best", completed=1))
KEEP = (
    *g.candidate(1)[1:],
    g.training(1, commit="c" * 40),
    g.trained(1, 1.4),
    g.row(1, 1.4),
    g.kept(1, "c" * 40),
)


@pytest.fixture
def repo(tmp_path, monkeypatch) -> Path:
    """A committed repository, which is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def going(repo) -> RunPaths:
    """A run in its first iteration, which nobody has asked anything."""
    return make_run(repo, BEGUN[1], g.runner_started(), *BEGUN[2:])


def waits(capsys, words: str) -> tuple[int, dict]:
    """Wait as these words say; return the exit code and the object, which is of the published form."""
    code = main(["wait", "--json", *words.split()])
    said = capsys.readouterr()
    told = json.loads(said.out)
    jsonschema.validate(told, json.loads(SCHEMA.read_text()))
    assert "" == said.err
    return code, told


def append(paths: RunPaths, *events: ev.Event) -> None:
    with EventLog(paths.history) as log:
        log.append(events, by="y")


def test_a_wait_ends_with_a_keep_that_comes(going, capsys, monkeypatch):
    """It is woken by the record, though the slow look never comes, and the next wait goes on behind it."""
    monkeypatch.setattr("autoresearch.workflows.live.wait.SLOW_POLL_S", 10**6)
    writer = threading.Timer(0.5, append, (going, *KEEP))
    with hold_as_runner(going):
        writer.start()
        code, told = waits(capsys, "--for keep --timeout 60")
        writer.join()
        assert (0, "keep", 1, 1.4) == (code, told["what"], told["iteration"], told["best_metric"])
        assert told["waited_s"] < 60
        code, told = waits(capsys, f"--for keep --timeout 0 --since {told['seq']}")
        assert (124, "timeout") == (code, told["what"])
        assert (0, "keep") == _what(waits(capsys, "--for any --timeout 0 --since 1"))


def test_a_wait_that_holds_returns_at_once(repo, capsys):
    """A run at rest ends any wait, which is what was waited for or the reason why it cannot come."""
    paths = make_run(repo, g.asked(1), g.runner_started(), *g.BASELINE, g.opened(1), *KEEP, DONE)
    before = bytes_of(repo)
    begun = time.monotonic()
    assert (0, "end") == _what(waits(capsys, "--for end --timeout 60"))
    assert (0, "end") == _what(waits(capsys, f"{paths.run_id} --timeout 60"))
    assert (3, "end") == _what(waits(capsys, "--for keep --timeout 60"))
    assert (0, "keep") == _what(waits(capsys, "--for keep --timeout 60 --since 1"))
    assert time.monotonic() - begun < 30
    assert before == bytes_of(repo)


def test_an_open_question_holds(repo, capsys):
    """The last one that is open is told; one that the caller has seen already is not."""
    paths = make_run(repo, *BEGUN[1:], *asks("Rate or depth?"))
    with hold_as_runner(paths):
        code, told = waits(capsys, "--for question --timeout 60")
        assert (0, "Rate or depth?") == (code, told["question"]["question"])
        assert (124, "timeout") == _what(waits(capsys, f"--timeout 0 --since {told['seq']}"))
        assert (124, "timeout") == _what(waits(capsys, "--for keep --timeout 0"))


def test_a_wait_ends_where_nothing_can_come(going, capsys, monkeypatch):
    """A run whose runner is dead, or that waits for a human, is told at once, with the command that helps."""
    monkeypatch.setattr(follow, "DEAD_LOOKS", 1)
    assert (3, "interrupted") == _what(waits(capsys, "--for keep --timeout 60"))
    monkeypatch.setattr(Pulse, "gone", lambda _: False)
    assert (3, "interrupted") == _what(waits(capsys, "--for keep --timeout 0"))
    append(going, ev.RunPaused(reason=why("human", "lunch")))
    code, told = waits(capsys, "--for keep --timeout 60")
    assert (8, "pause", "paused: lunch") == (code, told["what"], told["reason"])
    assert 8 == main(["wait"])
    assert "unpause --run-id" in capsys.readouterr().out


def test_a_wait_for_a_word_that_is_none_is_refused(going, capsys):
    """`--for` names what there is to wait for."""
    assert 2 == main(["wait", "--for", "kep"])
    assert "end, keep, question, any" in capsys.readouterr().err


def _what(answered: tuple[int, dict]) -> tuple[int, str]:
    return answered[0], answered[1]["what"]
