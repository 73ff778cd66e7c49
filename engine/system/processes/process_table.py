"""The process table: who is alive, born when, in which session; and signals that reach only who was meant.

The light half of engine/system/processes/process.py. A supervisor imports this one alone, and of the standard
library only what C has: so it starts in 13 ms, not in 60. `subprocess` is for where there is no /proc.
"""

from __future__ import annotations

import errno
import os
import time

from autoresearch.engine.system.light import suppress


TYPE_CHECKING = False  # as in typing, which takes 3 ms to import
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # without its enumerations, which take 5 ms

Identity = tuple[int, int, str]  # pid, when it started, boot id: see autoresearch.events.values.Process

UNKILLABLE_S = 5.0

_SET_CHILD_SUBREAPER = 36  # of prctl(2)

_PROC = os.path.exists("/proc/self/stat")  # noqa: PTH110 - pathlib costs a supervisor 5 ms
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_boot_id = ""


class Entry:
    """One living process of the table; zombies are not in it."""

    __slots__ = ("cpu_s", "group", "parent", "pid", "session", "started", "stopped")

    def __init__(
        self, *, pid: int, parent: int, group: int, session: int, started: int, cpu_s: float, stopped: bool
    ) -> None:
        self.pid = pid
        self.parent = parent  # 0 where ps does not say
        self.group = group
        self.session = session
        self.started = started  # clock ticks after boot; without /proc, epoch milliseconds
        self.cpu_s = cpu_s
        self.stopped = stopped  # by SIGSTOP or its like, until SIGCONT


def identity(pid: int) -> Identity | None:
    """Return what tells this process from a later one with its pid, or None where it is not alive."""
    entry = _entry(pid) if _PROC else ps_entry(pid)
    return (entry.pid, entry.started, boot_id()) if entry else None


def parent(pid: int) -> int:
    """Return whose child this is; 0 for nobody's that can be seen here."""
    entry = _entry(pid)
    return entry.parent if entry else 0


def was_given(pid: int, variable: str) -> bool:
    """Say whether a program was started with this variable of the environment; on Linux, and if ours."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
            told = b"\0" + file.read()
    except OSError:
        return False
    return f"\0{variable}=".encode() in told


def is_alive(who: Identity) -> bool:
    """Say whether just this process is alive: same pid, same birth, same boot, and no zombie."""
    return who[2] == boot_id() and identity(who[0]) == who


def is_stopped(who: Identity) -> bool:
    """Say whether just this process is alive and was stopped, as by SIGSTOP."""
    entry = _entry(who[0]) if _PROC else ps_entry(who[0])
    return entry is not None and entry.stopped and (entry.pid, entry.started, boot_id()) == who


def boot_id() -> str:
    """Return what changes whenever the machine starts anew."""
    global _boot_id  # noqa: PLW0603 - read once: it cannot change under a living process
    if not _boot_id:
        try:
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
                _boot_id = file.read().strip()
        except OSError:
            _boot_id = _output("sysctl", "-n", "kern.bootsessionuuid").strip() or "unknown"
    return _boot_id


def send(who: Identity, number: int) -> bool:
    """Signal this very process; say whether it was there to hear it."""
    try:
        handle = os.pidfd_open(who[0])
    except (AttributeError, OSError) as error:
        if getattr(error, "errno", errno.ENOSYS) in (errno.ESRCH, errno.EINVAL) or not is_alive(who):
            return False
        os.kill(who[0], number)
        return True
    try:
        # The handle pins the process, so what is checked now is what is signalled next.
        if not is_alive(who):
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def adopt_orphans() -> None:
    """Let whoever loses its parent below this process become its child: nobody flees by a second fork."""
    import ctypes  # noqa: PLC0415 - 5 ms, for a supervisor alone

    with suppress(OSError, AttributeError):  # only Linux has it
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def session(leader: int, *, above: int = 0) -> list[Entry]:
    """Return the living processes of the session, or the group, that this pid leads or led.

    And, where `above` is given, whatever descends from that process, in whichever session.
    """
    entries = _entries()
    below = {above} if above else set()
    grown = len(below)
    while grown:
        found = {entry.pid for entry in entries if entry.parent in below}
        grown = len(found - below)
        below |= found
    return [
        entry
        for entry in entries
        if leader in (entry.session, entry.group) or (entry.pid in below and entry.pid != above)
    ]


def signal_session(leader: int, number: int, *, above: int = 0) -> int:
    """Signal all that is alive of the session that this pid leads or led; return how many heard it.

    To be called by who knows that the pid still means the leader: see `is_strange`.
    """
    return sum(send((entry.pid, entry.started, boot_id()), number) for entry in session(leader, above=above))


def kill_session(leader: int, *, above: int = 0) -> None:
    """Kill all that is alive of the session that this pid leads or led; called as `signal_session` is.

    Group by group: the kernel lets no member fork its way out of that, whereas one by one a child that
    was not listed goes on. A group with a listed member is no stranger's while that one lives.
    """
    for group in {entry.group for entry in session(leader, above=above)} - {os.getpgrp()}:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def is_strange(leader: Identity) -> bool:
    """Say whether the session that bears this leader's pid is another's.

    The kernel gives a pid to nobody while a session of that number has members. So what is found under it is
    the leader's, dead or alive, unless the pid itself belongs to another now.
    """
    now = identity(leader[0])
    return leader[2] != boot_id() or (now is not None and now != leader)


def end_session(leader: Identity, grace_s: float) -> None:
    """End the leader's session: ask, wait up to `grace_s`, then kill. A strange one is left alone."""
    if is_strange(leader) or not signal_session(leader[0], signal.SIGTERM):
        return
    signal_session(leader[0], signal.SIGCONT)  # a stopped process hears the request only when it goes on
    polite_until = time.monotonic() + grace_s
    # One that the kernel holds in an uninterruptible call dies later, without our waiting for it.
    while session(leader[0]) and time.monotonic() < polite_until + UNKILLABLE_S:
        if time.monotonic() >= polite_until:
            kill_session(leader[0])  # again and again: one may have made a group of its own meanwhile
        time.sleep(0.02)


def opened_by(file: str) -> set[int]:
    """Return the processes that have this open, named as /proc names it; some may be gone by now.

    Those of other users may not be looked at, and without /proc there is nobody.
    """
    found = set()
    for name in os.listdir("/proc") if _PROC else ():  # noqa: PTH208 - as above
        with suppress(OSError):  # it has ended, or is another user's
            for handle in os.listdir(f"/proc/{name}/fd") if name.isdigit() else ():  # noqa: PTH208
                with suppress(OSError):  # it was closed
                    if os.readlink(f"/proc/{name}/fd/{handle}") == file:  # noqa: PTH115
                        found.add(int(name))
    return found


def ps_entry(pid: int) -> Entry | None:
    """Look one process up through ps: where there is no /proc."""
    return next((entry for entry in _ps("-p", str(pid)) if entry.pid == pid), None)


def _entries() -> list[Entry]:
    if not _PROC:
        return _ps("-A")
    found = (_entry(int(name)) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
    return [entry for entry in found if entry]


def _entry(pid: int) -> Entry | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            line = file.read()
    except OSError:
        return None
    # The command's name stands in parentheses and may hold anything, parentheses too.
    words = line[line.rfind(b")") + 2 :].split()
    if words[0] in (b"Z", b"X"):
        return None
    return Entry(
        pid=pid,
        parent=int(words[1]),
        group=int(words[2]),
        session=int(words[3]),
        started=int(words[19]),
        cpu_s=sum(int(word) for word in words[11:15]) * _TICK_S,  # its own and that of children it waited for
        stopped=words[0] == b"T",
    )


def _ps(*which: str) -> list[Entry]:
    entries = []
    for line in _output("ps", *which, "-o", "pid=,pgid=,stat=,time=,lstart=").splitlines():
        words = line.split(maxsplit=4)
        if len(words) == 5 and words[2][0] != "Z":  # noqa: PLR2004 - the five columns asked for
            started = int(time.mktime(time.strptime(words[4].strip(), "%a %b %d %H:%M:%S %Y"))) * 1000
            group = int(words[1])  # ps on macOS knows no session numbers
            cpu_s = _seconds(words[3])
            entries.append(
                Entry(
                    pid=int(words[0]),
                    parent=0,
                    group=group,
                    session=group,
                    started=started,
                    cpu_s=cpu_s,
                    stopped=words[2][0] == "T",
                )
            )
    return entries


def _seconds(clock: str) -> float:
    """Read [days-]hours:minutes:seconds as ps prints CPU time."""
    days, _, rest = clock.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return total + float(days or 0) * 86400


def _output(*command: str) -> str:
    import subprocess  # noqa: PLC0415 - 15 ms that a supervisor on Linux need not pay

    env = {**os.environ, "LC_ALL": "C", "TZ": "UTC0"}  # TZ: a start time must not move with the clocks
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=env, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")
