"""`watch` in a terminal, played by keys; and the terminal afterwards, whatever ended it."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.values import why
from tests import given as g
from tests.cli_helpers import bytes_of, make_repo, make_run
from tests.e2e.conftest import DOOR
from tests.terminal import Terminal
from tests.waiting import PATIENCE_S


WATCH = [sys.executable, str(DOOR), "watch"]
OTHER_SCREEN, OWN_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
DONE = ev.RunStopped(how="done", reason=why("done_without_best", completed=1))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunPaths]:
    """A run that trains its second iteration, and has a runner."""
    closed = (*g.candidate(1), g.training(1), g.trained(1, 1.6), g.row(1, 1.6), g.discarded(1))
    going_on = (*g.candidate(2), g.training(2))
    begun = (g.asked(9), g.runner_started(), *g.BASELINE)
    paths = make_run(make_repo(tmp_path / "repo"), *begun, *closed, *going_on)
    log = paths.job(2, "train", 1).output
    log.parent.mkdir(parents=True)
    log.write_bytes(b"step 1 of 2\n")
    with hold_as_runner(paths):
        yield paths


def test_a_run_is_moved_through_from_end_to_end(run):
    """Move, open, follow a log as it grows, go back in time and live again, resize, be told the end."""
    before = bytes_of(run.home)
    with Terminal(WATCH, run.home) as terminal:
        terminal.until("? keys")
        assert any(not terminal.read(0.7) for _ in range(3))  # nothing happens, and nothing is drawn
        for keys, wanted in (
            *(
                ("k", "\x1b[7m"),
                ("\r", "iteration 1: discard"),
                ("\x1b", "next"),
            ),
            *(("\x1b[F", "next"), ("l", "step 1 of 2"), ("?", "one event earlier"), ("\x1b", "next")),
            *(("\x1b[D", "as of"), ("\x1b[200~q\x1b[201~0", "next")),
        ):
            terminal.press(keys)
            terminal.until(wanted)
        assert before == bytes_of(run.home)
        terminal.press("l")
        terminal.until("step 1 of 2")
        with run.job(2, "train", 1).output.open("ab") as log:
            log.write(b"step 2 of 2\n")
        terminal.until("step 2 of 2")
        terminal.until("? keys")
        terminal.resize(50, 12)
        while "\x1b[13;1H" in (drawn := terminal.until("? keys")):
            continue  # one more of the old size, drawn before it was heard of the new one
        assert "\x1b[12;1H" in drawn
        with EventLog(run.history) as history:
            history.append([DONE], by="test")
        terminal.press("\x1b")
        terminal.until("at rest")  # it stays, and says how to go on
        with EventLog(run.history) as history:
            history.append([g.asked(1)], by="test")
        terminal.until("when train of iteration 2 has ended")
        with EventLog(run.history) as history:
            history.append([DONE], by="test")
        terminal.until("at rest")
        terminal.press("q")
        said = terminal.until(OWN_SCREEN) + terminal.until("next")
        assert 0 == terminal.process.wait(timeout=PATIENCE_S)
        assert terminal.is_as_a_shell_has_it
        assert "done" in said


@pytest.mark.parametrize(("keys", "code"), [("q", 130), ("\x03", 130), (signal.SIGTERM, 143)])
def test_whatever_ends_it_the_terminal_is_put_back(run, keys, code):
    """By q, Ctrl-C or SIGTERM: its own screen, the cursor and lines again; of q and Ctrl-C, how to stop."""
    with Terminal(WATCH, run.home) as terminal:
        terminal.until("? keys")
        assert not terminal.is_as_a_shell_has_it
        if isinstance(keys, str):
            terminal.press(keys)
        else:
            terminal.process.send_signal(keys)
        said = terminal.until(OWN_SCREEN)
        if code == 130:
            said += terminal.until("ends it")
        assert code == terminal.process.wait(timeout=PATIENCE_S)
        assert terminal.is_as_a_shell_has_it
        assert "\x1b[?25h" in said
        assert "\x1b[?2004l" in said


def test_an_error_is_said_on_a_terminal_that_is_put_back(run):
    """A history that is taken away under the view is an error, to be read on the terminal's own screen."""
    with Terminal(WATCH, run.home) as terminal:
        terminal.until("? keys")
        run.history.unlink()
        terminal.until(OWN_SCREEN)
        terminal.until("autoresearch: ")
        assert 3 == terminal.process.wait(timeout=PATIENCE_S)
        assert terminal.is_as_a_shell_has_it


def test_a_shell_has_its_terminal_between_ctrl_z_and_fg(run):
    """Suspended, the terminal is the shell's; continued, the view is drawn again and hears keys."""
    with Terminal(["bash", "--norc", "--noprofile", "-i"], run.home) as terminal:
        terminal.press(" ".join(WATCH) + "\r")
        terminal.until("? keys")
        terminal.press("\x1a")
        assert OWN_SCREEN in terminal.until("Stopped")
        terminal.press("stty -a\r")
        terminal.until(" echo ")
        terminal.press("fg\r")
        assert OTHER_SCREEN in terminal.until("? keys")
        terminal.press("q")
        terminal.until("ends it")
