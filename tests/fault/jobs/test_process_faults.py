"""Processes and locks, when things go wrong."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.system import locks
from autoresearch.engine.system.processes import process, process_table, run_command
from autoresearch.events.errors import NotFound, RunLocked
from tests.processes import end_everything, living, started
from tests.waiting import PATIENCE_S, until


ROOT = Path(process.__file__).absolute().parents[4]
PYTHON = (sys.executable, "-S", "-c")


# --- run -----------------------------------------------------------------------------------------


def test_run_returns_what_was_written(tmp_path: Path) -> None:
    """A short command gives its code and both streams, as bytes."""
    done = run_command.run(
        ["sh", "-c", "cat; echo err >&2; exit 3"], cwd=tmp_path, stdin=b"\xff\0", timeout_s=PATIENCE_S
    )
    assert (done.exit_code, done.stdout, done.stderr) == (3, b"\xff\0", b"err\n")


def test_run_never_inherits_our_input(tmp_path: Path) -> None:
    """A command that reads its input without being given one, reads nothing."""
    assert run_command.run(["cat"], cwd=tmp_path, timeout_s=PATIENCE_S).stdout == b""


def test_run_with_input_nobody_reads(tmp_path: Path) -> None:
    """Input that a command does not read is no error."""
    assert run_command.run(["true"], cwd=tmp_path, stdin=b"x" * 2**20, timeout_s=PATIENCE_S).exit_code == 0


@pytest.mark.parametrize(
    "script", ["sleep 999", "trap '' TERM; sleep 999 & wait; sleep 999", "sleep 999 & exit 0"]
)
def test_run_kills_the_whole_group_at_the_timeout(tmp_path: Path, script: str) -> None:
    """A command that takes too long is killed with its children, also where only they hold its output."""
    begun = time.monotonic()
    with pytest.raises(run_command.CommandTimedOut, match=r"longer than 0\.2 s") as caught:
        run_command.run(["sh", "-c", script], cwd=tmp_path, timeout_s=0.2)
    assert isinstance(caught.value, TimeoutError)
    assert time.monotonic() - begun < PATIENCE_S
    assert living(tmp_path) == []


def test_run_is_not_held_up_by_who_fled_the_session(tmp_path: Path) -> None:
    """A process that left the session and kept the output open is not waited for."""
    begun = time.monotonic()
    flee = ["sh", "-c", "setsid -f sh -c 'touch fled; sleep 999'; sleep 999"]
    for timeout_s in (0.2, 1.0, 5.0, 25.0):  # it must have had the time to flee
        with pytest.raises(run_command.CommandTimedOut):
            run_command.run(flee, cwd=tmp_path, timeout_s=timeout_s)
        if (tmp_path / "fled").exists():
            break
    assert time.monotonic() - begun < PATIENCE_S
    assert living(tmp_path) != []
    end_everything(tmp_path)


@pytest.mark.parametrize(("command", "where"), [("no-such-program-here", "."), ("true", "no/such/folder")])
def test_run_names_what_is_not_there(tmp_path: Path, command: str, where: str) -> None:
    """A program or a folder that is not there is an error that names them."""
    with pytest.raises(NotFound, match=command):
        run_command.run([command], cwd=tmp_path / where, timeout_s=1)


# --- who is alive --------------------------------------------------------------------------------


def test_identity_of_ourselves() -> None:
    """We are alive, and the same each time we look."""
    me = process.this_process()
    assert me == process.identify(os.getpid())
    assert process.alive(me)


def test_same_pid_is_not_the_same_process() -> None:
    """Another birth or another boot is another process, and hears no signal."""
    me = process.this_process()
    for stranger in (evolve(me, started=me.started - 1), evolve(me, boot_id="another")):
        assert not process.alive(stranger)
        assert not process.send(stranger, signal.SIGKILL)  # else this test ends here
        assert not process.group_alive(stranger)
        process.end_group(stranger, 0.0)


def test_nobody_has_an_impossible_pid() -> None:
    """A pid that nobody has is nobody."""
    assert process.identify(2**22 + 1) is None
    assert not process.send(evolve(process.this_process(), pid=2**22 + 1), signal.SIGTERM)


def test_a_zombie_is_not_alive() -> None:
    """A process that has ended and was not waited for is dead."""
    with started("true") as child:
        until(lambda: Path(f"/proc/{child.pid}/stat").read_text().split()[2] == "Z")
        assert process.identify(child.pid) is None
        assert child.wait() == 0


def test_a_hostile_name_is_read_right(tmp_path: Path) -> None:
    """A program named like the fields of /proc/PID/stat is identified like any other."""
    program = tmp_path / ") Z 1 (x"
    program.symlink_to("/bin/sleep")
    with started(program, "999") as child:
        until(lambda: b") Z 1" in Path(f"/proc/{child.pid}/comm").read_bytes())
        seen = process.identify(child.pid)
        assert seen is not None
        assert process.send(seen, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL


def test_without_proc_ps_tells_the_same() -> None:
    """Where there is no /proc, ps identifies a process the same way each time, and none that is not there."""
    first, second = process_table.ps_entry(os.getpid()), process_table.ps_entry(os.getpid())
    assert first is not None
    assert second is not None
    assert (first.pid, first.group, first.started) == (second.pid, os.getpgid(0), second.started)
    assert abs(first.started / 1000 - time.time()) < 86400 * 2
    assert process_table.ps_entry(2**22 + 1) is None


def test_end_group_without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The process table through ps is enough to end a session that is deaf to politeness."""
    monkeypatch.setattr(process_table, "_PROC", False)
    leader = process.spawn_detached(
        ["sh", "-c", "trap '' TERM; sleep 999 & echo on; wait; sleep 999"], cwd=tmp_path
    )
    process.end_group(leader, 0.2)
    assert not process.alive(leader)
    assert not process.group_alive(leader)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0:01.50", 1.5), ("01:02:03", 3723.0), ("2-00:00:01", 172801.0)]
)
def test_cpu_time_as_ps_prints_it(text: str, seconds: float) -> None:
    """The CPU times of every ps are read."""
    assert seconds == process_table._seconds(text)


# --- detached ------------------------------------------------------------------------------------


def test_detached_leads_its_own_session_and_leaves_no_zombie(tmp_path: Path) -> None:
    """A detached process has a session of its own, an empty input, and vanishes when it ends."""
    script = """
import os, sys
print(os.getsid(0) == os.getpid(), sys.stdin.read(), len(os.listdir("/proc/self/fd")))
"""
    detached = process.spawn_detached([*PYTHON, script], cwd=tmp_path, output=tmp_path / "out")
    until(lambda: not process.alive(detached))
    assert (tmp_path / "out").read_text() == "True  4\n"  # three streams, and the folder it lists
    until(lambda: not process.alive(detached) and not Path(f"/proc/{detached.pid}").exists())


def test_detached_that_cannot_start(tmp_path: Path) -> None:
    """A detached program that is not there is an error, not a silence."""
    with pytest.raises(NotFound, match="no-such-program"):
        process.spawn_detached(["no-such-program"], cwd=tmp_path)


def test_end_group_after_the_leader_has_gone(tmp_path: Path) -> None:
    """What is left of a session is ended by the memory of its leader."""
    leader = process.spawn_detached(["sh", "-c", "sleep 999 & sleep 999 & sleep 0.2"], cwd=tmp_path)
    until(lambda: not process.alive(leader))
    assert process.group_alive(leader)
    process.end_group(leader, 1.0)
    assert not process.group_alive(leader)


# --- locks ---------------------------------------------------------------------------------------


HOLD = """
import sys, time
from pathlib import Path
from autoresearch.engine.system.processes.process import hold_lock
with hold_lock(Path(sys.argv[1])) as me:
    print(me.pid, flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def held(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with started(sys.executable, "-c", HOLD, path, cwd=ROOT, **pipes) as other:
        assert int(other.stdout.readline()) == other.pid
        yield other


@pytest.mark.parametrize("kill", [False, True])
def test_a_held_lock_names_its_holder(tmp_path: Path, kill: bool) -> None:  # noqa: FBT001 - a parameter
    """A second holder is refused by name; when the first leaves, killed or not, the lock is free at once."""
    path = tmp_path / "runner.lock"
    with held(path) as other:
        seen = process.holder(path)
        assert seen is not None
        assert seen.pid == other.pid
        with pytest.raises(RunLocked, match=rf"process {other.pid}, since 20"), process.hold_lock(path):
            pass
        assert process.holder(path) == seen
        if kill:
            other.kill()
        else:
            other.communicate(b"")
        other.wait()
        assert process.holder(path) is None
        with process.hold_lock(path) as me:
            assert me == process.this_process() == process.holder(path)
    assert process.holder(path) is None


def test_nobody_holds_a_lock_that_was_never_made(tmp_path: Path) -> None:
    """Looking for a holder creates nothing."""
    assert process.holder(tmp_path / "lock") is None
    assert not (tmp_path / "lock").exists()


def test_lock_does_not_leak_into_children(tmp_path: Path) -> None:
    """A child that outlives the holder does not hold its lock."""
    path = tmp_path / "lock"
    with contextlib.ExitStack() as running:
        with process.hold_lock(path):
            child = process.spawn_detached(["sleep", "999"], cwd=tmp_path)
            running.callback(process.end_group, child, 0.0)
            running.enter_context(started("sleep", "999", close_fds=False))
        assert process.holder(path) is None


def test_lock_file_deleted_while_held(tmp_path: Path) -> None:
    """A lock file that is deleted and made anew is a new lock, which can be taken."""
    path = tmp_path / "lock"
    with process.hold_lock(path):
        path.unlink()
        handle = locks.try_lock(path)
        assert handle is not None
        assert locks.is_locked(path)
        os.close(handle)


def test_looking_does_not_refuse_a_taker(tmp_path: Path) -> None:
    """Somebody who looks at a lock all the time keeps nobody from taking it."""
    path = tmp_path / "lock"
    path.touch()
    script = """
import sys
from pathlib import Path
from autoresearch.engine.system.locks import is_locked
while True:
    is_locked(Path(sys.argv[1]))
"""
    with started(sys.executable, "-c", script, path, cwd=ROOT) as looker:
        until(lambda: len(list(Path(f"/proc/{looker.pid}/fd").iterdir())) > 3)
        for _ in range(300):
            with process.hold_lock(path):
                pass


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only /proc says what is open")
def test_who_has_a_file_open_is_told_while_processes_come_and_go(tmp_path: Path):
    """Looking for who has a file open passes over what ends meanwhile, and finds who has it."""
    file = tmp_path / "held"
    others = "for number in $(seq 300); do /bin/true; done"
    with file.open("w"), subprocess.Popen(["sh", "-c", others]) as busy:
        while busy.poll() is None:
            assert {os.getpid()} == process_table.opened_by(str(file))
    assert set() == process_table.opened_by(str(file))


@pytest.mark.parametrize("heard", [True, False])
def test_who_ends_at_once_was_there_to_hear_it(monkeypatch: pytest.MonkeyPatch, *, heard: bool) -> None:
    """Gone before it could be let go on, it has heard that it shall end all the same."""
    monkeypatch.setattr(process_table, "send", lambda _who, number: heard and number == signal.SIGTERM)
    assert heard == process.ask_to_end(process.this_process())
