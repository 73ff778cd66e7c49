"""Processes that last: the one place that starts and ends them, and says who holds a lock.

Short commands run in engine/system/processes/run_command.py. Knows nothing of runs, jobs or events. A process
is its pid *and* its birth (see engine/system/processes/process_table.py): one that merely has a remembered
pid is a stranger, and is never signalled.
"""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import asdict

from autoresearch.engine.system.locks import holding, try_lock
from autoresearch.engine.system.processes import process_table
from autoresearch.engine.system.processes.run_command import ProgramNotStarted
from autoresearch.events.clock import from_epoch
from autoresearch.events.errors import RunLocked, WayOut
from autoresearch.events.values import Process


_detached: set[int] = set()  # started here and not yet seen to have ended


def spawn_detached(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    output: Path | None = None,
    keep: Sequence[int] = (),
) -> Process:
    """Start a process that outlives the caller, in a session of its own, with nothing of ours but `keep`.

    `output` gets what it prints (None: nobody does); `keep` are file descriptors that it inherits.

    Raises: ProgramNotStarted: the program or the folder does not exist.
    """
    _reap()
    target = open_output(output)
    try:
        child = subprocess.Popen(  # noqa: S603 - a list, no shell
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=target,
            stderr=target,
            start_new_session=True,
            pass_fds=keep,
        )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise ProgramNotStarted(command[0], cwd, error) from error
    finally:
        os.close(target)
    # Not reaped yet, so the pid is its own, even where it has already ended and has no birth to tell.
    process = identify(child.pid) or Process(pid=child.pid, started=0, boot_id=process_table.boot_id())
    _detached.add(child.pid)
    child.returncode = 0  # ours to reap from here on; the object must not complain that it was left
    return process


def open_output(path: Path | None) -> int:
    """Open what gets a process's words; where a full disk refuses it, it works without being heard."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with contextlib.suppress(OSError):
        return os.open(path or os.devnull, flags, 0o644)
    return os.open(os.devnull, flags)


def identify(pid: int) -> Process | None:
    """Return who has this pid now, or None where nobody has, or a zombie."""
    found = process_table.identity(pid)
    return Process(pid=found[0], started=found[1], boot_id=found[2]) if found else None


def this_process() -> Process:
    """Return who we are."""
    me = identify(os.getpid())
    assert me is not None  # we are running this very line
    return me


def boot_id() -> str:
    """Return what changes whenever the machine starts anew."""
    return process_table.boot_id()


def alive(process: Process) -> bool:
    """Say whether just this process is alive; a zombie, or a stranger with its pid, is not."""
    _reap()
    return process_table.is_alive(_identity(process))


def send(process: Process, number: int) -> bool:
    """Signal just this process; say whether it was there to hear it."""
    return process_table.send(_identity(process), number)


def is_stopped(process: Process) -> bool:
    """Say whether just this process is alive and was stopped, as by SIGSTOP."""
    return process_table.is_stopped(_identity(process))


def go_on(process: Process) -> bool:
    """Let just this process go on that was stopped; say whether it was there to hear it."""
    return send(process, signal.SIGCONT)


def ask_to_end(process: Process) -> bool:
    """Send just this process the polite signal, also one that was stopped; say whether it was there."""
    heard = send(process, signal.SIGTERM)
    go_on(process)  # or it has ended by now
    return heard


def signal_name(number: int) -> str:
    """Return what a signal is called, as in SIGKILL."""
    return next((one.name for one in signal.Signals if one == number), f"signal {number}")


def ended_by_others(exit_code: int) -> str:
    """Return the signal by which others end a process, as a machine going down does; "" where it was none."""
    others = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
    return signal_name(-exit_code) if -exit_code in others else ""


def end_group(process: Process, grace_s: float) -> None:
    """End the session that this process leads or led: ask, wait up to `grace_s`, then kill."""
    process_table.end_session(_identity(process), grace_s)
    _reap()


def group_alive(process: Process) -> bool:
    """Say whether anything of the session is alive that this process leads or led."""
    return not process_table.is_strange(_identity(process)) and bool(process_table.session(process.pid))


class Terminated(BaseException):
    """Somebody asked this process to end (SIGTERM)."""


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM raise Terminated in the block, so that locks are let go and a last word can be said."""

    def ask(_number: int, _frame: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Suspension:
    """Somebody's wish that this process stop for a while (Ctrl-Z): heard now, followed when it is ready."""

    def __init__(self) -> None:
        self.is_asked = False

    def ask(self, _number: int, _frame: object) -> None:
        """Hear it."""
        self.is_asked = True

    def stop(self) -> None:
        """Stop this process until somebody continues it."""
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)  # here it stands
        self.is_asked = False
        signal.signal(signal.SIGTSTP, self.ask)


@contextlib.contextmanager
def suspendable() -> Iterator[Suspension]:
    """Have SIGTSTP stop this process only where the block says so: not with half a picture drawn."""
    suspension = Suspension()
    before = signal.signal(signal.SIGTSTP, suspension.ask)
    try:
        yield suspension
    finally:
        signal.signal(signal.SIGTSTP, before)


# --- locks -------------------------------------------------------------------------------------


@contextlib.contextmanager
def hold_lock(path: Path, *, role: str = "") -> Iterator[Process]:
    """Hold the lock at `path` for as long as the block lasts, or this process lives; yield who holds it: us.

    The kernel holds it: a killed holder leaves nothing to clean up. The file says who it is, and as what.

    Raises: RunLocked: another process holds it.
    """
    handle = try_lock(path)
    if handle is None:
        raise _locked(path)
    me = this_process()
    try:
        _write_whole(handle, json.dumps(asdict(me) | {"role": role}).encode() + b"\n")
        yield me
    finally:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
        os.close(handle)


def holder(path: Path, *, role: str | None = None) -> Process | None:
    """Return who holds the lock at `path`, None where nobody does; pid 0 is somebody who has not said who.

    Given a role, also None where the holder has another.
    """
    who = holding(path, role=role)
    return None if who is None else Process(pid=who[0], started=who[1], boot_id=who[2])


def _locked(path: Path) -> RunLocked:
    who = holder(path)
    with contextlib.suppress(OSError):
        since = from_epoch(path.stat().st_mtime)
        named = f"process {who.pid}, since {since}" if who and who.pid else "another process"
        return RunLocked(f"{path} is held by {named}", remedy=WayOut("wait_or_stop"))
    return RunLocked(f"{path} is held by another process")


def _write_whole(handle: int, data: bytes) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, data, 0)


# --- within ------------------------------------------------------------------------------------


def _identity(process: Process) -> process_table.Identity:
    return (process.pid, process.started, process.boot_id)


def _reap() -> None:
    """Let the kernel forget those of our detached processes that have ended."""
    for pid in tuple(_detached):
        try:
            ended = os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            ended = True
        if ended:
            _detached.discard(pid)
