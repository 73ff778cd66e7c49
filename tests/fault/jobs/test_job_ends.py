"""How a job ends, and what its end says of the reason."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict

from autoresearch.engine.jobs import launcher
from autoresearch.engine.jobs.claim_file import read_claim
from autoresearch.engine.ports.jobs import JobSpec, Running
from autoresearch.engine.system.processes import process
from tests.fault.jobs.supervised import JOBS, PYTHON, child, finished, output, start, supervisor
from tests.waiting import PATIENCE_S, until


def test_deadline(home: Path) -> None:
    """A job that outlives its deadline is asked to end, and told apart from a crash."""
    done = finished(start(home, "sleep", "999", deadline_s=0.2))
    assert (done.reason, done.signal) == ("deadline", signal.SIGTERM)
    assert 0.2 <= done.seconds < PATIENCE_S


def test_deaf_to_sigterm(home: Path) -> None:
    """A job that ignores the polite signal is killed after its grace time."""
    folder = start(home, "sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done", grace_s=0.3)
    until(lambda: output(folder))
    JOBS.stop(folder)
    done = finished(folder)
    assert (done.reason, done.signal) == ("terminated", signal.SIGKILL)
    assert 0.3 <= done.seconds


def test_stopped_process_still_ends(home: Path) -> None:
    """A job that stopped itself with SIGSTOP hears the polite signal."""
    script = "trap 'exit 7' TERM; kill -STOP $$; sleep 999"
    folder = start(home, "sh", "-c", script, grace_s=PATIENCE_S)
    stat = Path(f"/proc/{child(folder).pid}/stat")
    until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
    JOBS.stop(folder)
    assert finished(folder).exit_code == 7


def test_idle(home: Path) -> None:
    """A job that neither prints nor computes is ended as idle."""
    done = finished(start(home, "sleep", "999", idle_s=0.4))
    assert (done.reason, done.signal) == ("idle", signal.SIGTERM)


def test_a_line_that_tells_of_another_try_is_silence(home: Path) -> None:
    """A job that prints nothing but that it connects again is idle; one line of work among them is not."""
    begin = "from time import sleep, time; end = time() + 2.4\n"
    script = "while time() < end: print('Reconnecting... 1/5', flush=True); sleep(0.05)"
    tries = start(home, *PYTHON, begin + script, idle_s=1.0, no_work=("Reconnecting...",))
    among = script.replace("; sleep", "; print('step', flush=True); sleep")
    works = start(home, *PYTHON, begin + among, name="works", idle_s=1.0, no_work=("Reconnecting...",))
    assert "idle" == finished(tries).reason
    assert "exited" == finished(works).reason


@pytest.mark.parametrize(
    "script",
    ["while time() < end: print(1, flush=True); sleep(0.05)", "while time() < end: pass"],
)
def test_busy_is_not_idle(home: Path, script: str) -> None:
    """A job that prints, or that computes in silence, is not idle."""
    begin = "from time import sleep, time; end = time() + 2.4\n"
    assert finished(start(home, *PYTHON, begin + script, idle_s=1.0)).reason == "exited"


def test_killed_by_the_kernel(home: Path) -> None:
    """A job that is killed has a signal and no exit code."""
    done = finished(start(home, "sh", "-c", "kill -9 $$"))
    assert (done.reason, done.exit_code, done.signal) == ("exited", None, signal.SIGKILL)


@pytest.mark.parametrize(
    ("facts", "names"),
    [
        ({"command": ("no-such-program-here",)}, "no-such-program-here"),
        ({"cwd": "/no/such/folder"}, "/no/such/folder"),
        ({"stdin": "/no/such/file"}, "/no/such/file"),
        ({"command": ("/etc/passwd",)}, "/etc/passwd"),
        ({"command": ("a\0b",)}, "a\0b"),
        ({"command": ()}, ""),
    ],
)
def test_not_started(home: Path, facts: dict[str, Any], names: str) -> None:
    """A command, folder or input that is not there is told by its name, as an end like any other."""
    given = {"command": ("true",), **facts}
    done = finished(start(home, *given.pop("command"), **given))
    assert (done.reason, done.exit_code, done.signal) == ("not_started", None, None)
    assert names in done.detail
    assert done.errno not in (None, errno.EMFILE)


def test_a_machine_going_down(home: Path) -> None:
    """A job that is ended together with its supervisor was terminated, and did not crash."""
    folder = start(home, "sleep", "999")
    above, leader = supervisor(folder), child(folder)
    process.send(above, signal.SIGSTOP)
    process.send(leader, signal.SIGTERM)
    process.send(above, signal.SIGTERM)
    process.send(above, signal.SIGCONT)
    done = finished(folder)
    assert (done.reason, done.signal) == ("terminated", signal.SIGTERM)


@pytest.mark.parametrize("hears", ["", "trap 'exit 143' TERM; "])
def test_a_machine_going_down_slowly(home: Path, hears: str) -> None:
    """A job that is told first was terminated too, however it ends; one that is told alone was not."""
    script = f"{hears}echo ready; while :; do sleep 0.02; done"
    together, alone = (start(home, "sh", "-c", script, name=name) for name in ("together", "alone"))
    until(lambda: b"ready" in output(together) and b"ready" in output(alone))
    above = supervisor(together)
    for one in (together, alone):
        process.send(child(one), signal.SIGTERM)
    time.sleep(0.1)
    process.send(above, signal.SIGTERM)
    assert ("terminated", "exited") == (finished(together).reason, finished(alone).reason)


@pytest.mark.parametrize("files", [8, 9, 10])
def test_no_file_is_left(home: Path, files: int) -> None:
    """Where no more files can be opened, the end says so by the system's number of it, and is written."""
    folder = home / "job"
    folder.mkdir()
    spec = JobSpec(name="job", command=("true",), cwd=str(home), deadline_s=PATIENCE_S)
    (folder / "spec.json").write_text(json.dumps(asdict(spec)))
    root = Path(process.__file__).absolute().parents[4]
    limited = ("sh", "-c", f'ulimit -n {files}; exec "$0" "$@"')
    subprocess.run(
        [*limited, sys.executable, "-m", "autoresearch.engine.jobs.supervisor", str(folder)],
        cwd=root,
        check=True,
        timeout=PATIENCE_S,
    )
    done = finished(folder)
    assert ("not_started", errno.EMFILE) == (done.reason, done.errno)
    assert done.detail.endswith(os.strerror(errno.EMFILE))


@pytest.mark.parametrize("content", [b"", b"{", b'{"command": ["true"]}', b"[]"])
def test_damaged_spec(home: Path, content: bytes) -> None:
    """A spec.json that says too little ends the job before it began, and says so."""
    folder = home / "job"
    folder.mkdir()
    (folder / "spec.json").write_bytes(content)
    root = Path(process.__file__).absolute().parents[4]
    subprocess.run(
        [sys.executable, "-m", "autoresearch.engine.jobs.supervisor", str(folder)],
        cwd=root,
        check=True,
        timeout=PATIENCE_S,
    )
    done = finished(folder)
    assert done.reason == "not_started"
    assert "spec.json" in done.detail


def test_a_stopped_supervisor_is_woken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is stopped alone at two looks goes on and tells its job's end; with its job it is left so."""
    monkeypatch.setattr(launcher, "WAKE_EVERY_S", 0.0)
    go = home / "go"
    folder = start(home, "sh", "-c", f"until [ -e '{go}' ]; do sleep 0.02; done; exit 3")
    leader, above = child(folder), supervisor(folder)
    for one in (leader, above):
        process.send(one, signal.SIGSTOP)
        until(lambda one=one: process.is_stopped(one))
    JOBS.wake(folder)
    JOBS.wake(folder)
    assert process.is_stopped(above)
    process.send(leader, signal.SIGCONT)
    go.touch()
    until(lambda: not process.alive(leader))
    assert isinstance(JOBS.look(folder), Running)
    JOBS.wake(folder)
    assert process.is_stopped(above)
    JOBS.wake(folder)
    assert 3 == finished(folder).exit_code


def test_a_stopped_supervisor_hears_that_its_job_shall_end(home: Path) -> None:
    """A job whose supervisor was stopped is ended all the same."""
    folder = start(home, "sleep", "999")
    process.send(supervisor(folder), signal.SIGSTOP)
    until(lambda: process.is_stopped(read_claim(folder).supervisor))
    JOBS.stop(folder)
    assert "terminated" == finished(folder).reason
