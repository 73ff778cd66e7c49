"""The foreground with the real runner: interrupts, a second runner, and agreement with the background."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import DOOR, Program
from tests.processes import started
from tests.waiting import PATIENCE_S


@pytest.fixture
def slow(program: Program) -> Program:
    """A repository whose training takes a while."""
    train = program.repo / "train.py"
    train.write_text(train.read_text().replace("SECONDS = 0.2", "SECONDS = 2000"))
    program.git("commit", "-qam", "slow")
    return program


@contextlib.contextmanager
def begun(program: Program, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command and wait until its training runs; nothing of it is left for another test."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with started(sys.executable, DOOR, *words, cwd=program.repo, env=program.env, **pipes) as process:
        while "trains" not in process.stdout.readline():
            assert process.poll() is None
        yield process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_the_training_going_and_says_how_to_end_it(slow: Program, number: int, code: int):
    """Ctrl-C and SIGTERM end the runner only; `stop --now` then ends the training too."""
    with begun(slow, "start", "--loops", "1", "--no-background-train") as process:
        assert "held by a runner, process" in slow("resume", "--no-background-train", code=7).stderr
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert code == process.returncode
    assert "goes on by itself" in err
    assert "stop --now" in err
    assert "Traceback" not in err
    status = slow.status()
    assert ("interrupted", "train") == (status["phase"], status["in_progress"]["stage"])
    slow("stop", "--now")
    assert "stopped" == slow.wait(lambda status: status["phase"] == "stopped")["phase"]


def test_ctrl_c_on_a_followed_run_leaves_it_going(slow: Program):
    """`--follow` only looks: ending it ends nothing."""
    with begun(slow, "start", "--loops", "1", "--follow") as process:
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert 130 == process.returncode
    assert "the run goes on by itself" in out
    assert "Traceback" not in err
    assert "baseline" == slow.status()["phase"]
    slow("stop", "--now")
    slow.wait(lambda status: status["phase"] == "stopped")
