"""What a job reads and prints, and its surroundings."""

import signal
from pathlib import Path

import pytest

from autoresearch.engine.ports.jobs import Lost, Running
from autoresearch.engine.system.processes import process
from tests.fault.jobs.supervised import JOBS, PYTHON, finished, output, start, supervisor
from tests.waiting import PATIENCE_S, until


def test_last_words_at_the_end_are_kept(home: Path) -> None:
    """What a job prints while it ends politely is in its log."""
    script = "trap 'echo last words; exit 3' TERM; echo ready; while :; do sleep 0.02; done"
    folder = start(home, "sh", "-c", script, grace_s=PATIENCE_S)
    until(lambda: b"ready" in output(folder))
    JOBS.stop(folder)
    done = finished(folder)
    assert (done.reason, done.exit_code) == ("terminated", 3)
    assert output(folder).endswith(b"last words\n")


def test_output_is_seen_while_the_job_runs(home: Path) -> None:
    """What a job prints is in its log while it runs, from both streams, in order."""
    folder = start(home, "sh", "-c", "echo one; echo two >&2; printf three; sleep 999")
    until(lambda: output(folder) == b"one\ntwo\nthree")
    JOBS.stop(folder)
    assert finished(folder).reason == "terminated"


def test_endless_output_is_flat(home: Path) -> None:
    """Of output far beyond the limit, head and tail are kept, and all of it is counted."""
    script = """
import os
os.write(1, b"begin\\n")
for _ in range(3000):
    os.write(1, b"x" * 9999 + b"\\n")
os.write(1, b"end\\n")
"""
    folder = start(home, *PYTHON, script, log_limit_bytes=200_000)
    done = finished(folder)
    assert done.output_bytes == 6 + 30_000_000 + 4
    kept = output(folder)
    assert len(kept) < 200_000 * 1.3
    assert kept.startswith(b"begin\nxxx")
    assert kept.endswith(b"x\nend\n")
    assert kept.count(b" bytes left out]\n") == 1


def test_closed_output_ends_nothing(home: Path) -> None:
    """A job that closes its output goes on to its end."""
    folder = start(home, *PYTHON, "import os, time\nos.close(1); os.close(2); time.sleep(0.3); os._exit(5)")
    done = finished(folder)
    assert (done.exit_code, done.output_bytes) == (5, 0)
    assert done.seconds >= 0.3


def test_input_is_a_file_or_empty(home: Path) -> None:
    """A job reads its input file to the end, or nothing at all; it never waits for a terminal."""
    (home / "prompt.txt").write_bytes(b"p" * 300_000)
    assert finished(start(home, "wc", "-c", name="a", stdin=str(home / "prompt.txt"))).exit_code == 0
    assert finished(start(home, "wc", "-c", name="b")).exit_code == 0
    assert (output(home / "a").strip(), output(home / "b").strip()) == (b"300000", b"0")


def test_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job gets our environment, less what is unset, plus what is set, and nothing of the supervisor's."""
    monkeypatch.setenv("KEPT", "k")
    monkeypatch.setenv("DROPPED", "d")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    script = "import os; print([os.environ.get(k) for k in ('KEPT', 'DROPPED', 'ADDED', 'PYTHONPATH')])"
    folder = start(home, *PYTHON, script, env={"ADDED": "a 'b"}, unset=("DROPPED",))
    finished(folder)
    assert output(folder) == b"['k', None, \"a 'b\", None]\n"


def test_signals_are_as_a_shell_would_leave_them(home: Path) -> None:
    """A job starts with default signal handling and nothing blocked, whatever its starters ignore."""
    script = "import signal; print([s.name for s in signal.Signals if signal.getsignal(s) == signal.SIG_IGN])"
    folder = start(home, *PYTHON, script + "; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))")
    finished(folder)
    assert output(folder) == b"['SIGPIPE', 'SIGXFSZ']\nset()\n"  # python's own


def test_what_an_orphan_prints_is_rescued(home: Path) -> None:
    """What a job prints after its supervisor's death comes into its log, also its very last words."""
    script = """
import os, time
print("before", flush=True)
while not os.path.exists("go"):
    time.sleep(0.01)
print("x" * 5000 + "\\nlast words")
"""
    folder = start(home, *PYTHON, script)
    until(lambda: output(folder) == b"before\n")
    assert process.send(supervisor(folder), signal.SIGKILL)
    until(lambda: JOBS.look(folder) == Running(supervisor=None))
    JOBS.rescue(folder)
    (home / "go").touch()
    ended = until(lambda: isinstance(now := JOBS.look(folder), Lost) and now)
    JOBS.rescue(folder)
    assert output(folder) == b"before\n" + b"x" * 5000 + b"\nlast words\n"
    assert ended.unseen is not None
    assert ended.unseen.exit_code is None
    JOBS.rescue(folder)  # once more changes nothing
    assert output(folder).endswith(b"last words\n")
