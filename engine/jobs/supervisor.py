"""Run one job: claim its folder, stream its output, hold its deadline, write exit.json whole.

    python -m autoresearch.engine.jobs.supervisor FOLDER

Knows nothing of runs and outlives the runner. FOLDER/spec.json says what to run (JobSpec); the claim is a
kernel lock on FOLDER/claim, inherited by the job, so that it is held while either of them lives; exit.json
(JobExit) is the end. Called again, it finds the claim taken and leaves without a word.

Time is what the machine was awake: a laptop that slept through a deadline has not timed anything out.
Imports only what starts fast: the next training waits for it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import sys
import time

from autoresearch.engine.jobs import exit_file, spawn
from autoresearch.engine.jobs.output_log import CappedLog
from autoresearch.engine.paths import CLAIM, EXIT, OUTPUT, SPEC, STOP
from autoresearch.engine.system.light import from_json, suppress, to_json
from autoresearch.engine.system.processes import process_table
from autoresearch.engine.system.room import is_full


TYPE_CHECKING = False  # as in typing, which takes 3 ms to import
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # without its enumerations, which take 5 ms

_SETTLE_S = 0.5  # children that end with their parent need a moment, and are not left behind
_ROOM_S = 1.0  # between two tries to begin on a full disk
_TOLD_S = 2.0  # between the words to a job and to us, on a machine that goes down under load
_POLITE = (signal.SIGTERM, signal.SIGINT)
# A job that uses less of a core, and prints nothing, is idle: programs that wait for a model use up to 0.03
# (opencode 1.18, codex 0.169, claude 2.1.328, 2026-11).
_BUSY = 0.05


def main() -> None:
    """Supervise the folder named on the command line; then come inherited locks: the claim's, a device's."""
    supervise(sys.argv[1], *(int(word) for word in sys.argv[2:]))
    os._exit(0)  # at once: the end of the job counts when this process is gone


def supervise(folder: str, lock: int | None = None, place: int | None = None) -> None:
    """Run the folder's job to its exit.json, unless somebody else does or did."""
    hearing = _Hearing()
    if lock is None:
        lock = os.open(os.path.join(folder, CLAIM), os.O_RDWR | os.O_CREAT, 0o644)  # noqa: PTH118
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
    # A claim that says something was taken before: the job is lost, and lost jobs are not run again.
    if os.path.exists(os.path.join(folder, EXIT)) or os.fstat(lock).st_size:  # noqa: PTH110, PTH118
        return
    job = _Job(folder, (lock,) if place is None else (lock, place), hearing)
    facts = job.run()
    if place is not None:
        _free(place)
    job.close_log()  # both wait for room, and the device waits for neither
    try:
        exit_file.write(folder, facts, refused=job.note_refusal)
    except OSError as error:
        job.note_refusal(error)


def _free(place: int) -> None:
    """Let the device go before anybody hears of the end, whoever fled with its lock still open."""
    fcntl.flock(place, fcntl.LOCK_UN)
    with suppress(OSError):
        os.utime(place)  # whoever waits for it watches the file


class _Hearing:
    """Signals as something to poll: SIGCHLD wakes, SIGTERM is remembered."""

    def __init__(self) -> None:
        self.asked_to_end = False
        self.wake, self._waker = os.pipe()
        for end in (self.wake, self._waker):
            os.set_blocking(end, False)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        # Functions, not SIG_IGN: what is ignored stays ignored in the job.
        for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, lambda *_: None)

    def _end(self, *_: object) -> None:
        self.asked_to_end = True


class _Job:
    """One job, from its claim to the facts of its exit."""

    def __init__(self, folder: str, locks: tuple[int, ...], hearing: _Hearing) -> None:
        self.folder = folder
        self.locks = locks
        self.lock = locks[0]
        self.hearing = hearing
        self.me = os.getpid()
        self.begun = time.monotonic()
        self.started_at = _now()
        self.reason = "exited"
        self.kill_at = float("inf")  # when the polite time is over
        self.status: tuple[int, float] | None = None  # of the child: wait status, CPU seconds
        self.noted = 0  # bytes of the claim
        self.looked_at, self.is_whole = (
            -1,
            False,
        )  # after how much output its result was looked for, and found

    def run(self) -> dict[str, object]:
        """Start the command, wait for its end, clear up behind it; return what exit.json says."""
        self._note_claim(None)
        if os.path.exists(os.path.join(self.folder, STOP)):  # noqa: PTH110, PTH118
            return self._exit("terminated", detail="stopped before it began")
        try:
            with open(os.path.join(self.folder, SPEC), "rb") as file:  # noqa: PTH118, PTH123
                self.spec = from_json(file.read())
            self.log = self._open_log()
            process_table.adopt_orphans()  # before there can be one
            self.pid, self.pipe = spawn.start(self.spec, self.locks)
        except (OSError, ValueError, KeyError, TypeError) as error:
            return self._exit("not_started", detail=_explain(error), errno=getattr(error, "errno", None))
        leader = process_table.identity(self.pid)
        self._note_claim(leader)
        self._attend()
        no_room = is_full(self.folder) or is_full(self.spec["cwd"])
        left_behind, their_cpu_s = self._clear_up()
        self._drain()
        assert self.status is not None  # _attend ends with it
        code = os.waitstatus_to_exitcode(self.status[0])
        if self.reason == "exited" and code != 0 and self._is_told_too(code):
            self.reason = "terminated"
        return self._exit(
            self.reason,
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            cpu_seconds=round(self.status[1] + their_cpu_s, 3),
            output_bytes=self.log.received,
            no_room=no_room,
            left_behind=left_behind,
        )

    def close_log(self) -> None:
        """Have all output on the disk, where there was any, however long that is full."""
        log: CappedLog | None = getattr(self, "log", None)  # none where the job could not be started
        if log is not None:
            log.close(refused=self.note_refusal)

    def _is_told_too(self, code: int) -> bool:
        """Say whether we are to end as the child was: a machine going down tells both, in any order."""
        told = -code in _POLITE or code - 128 in _POLITE  # as a shell, and many a handler, says it
        until = time.monotonic() + (_TOLD_S if told else 0.0)
        while not self.hearing.asked_to_end and time.monotonic() < until:
            time.sleep(0.01)
        return self.hearing.asked_to_end

    def _open_log(self) -> CappedLog:
        """Create the log; a job that no disk has room for begins when one has, or when it is to end."""
        while True:
            try:
                no_work = tuple(mark.encode() for mark in self.spec["no_work"])
                path = os.path.join(self.folder, OUTPUT)  # noqa: PTH118
                return CappedLog(path, self.spec["log_limit_bytes"], no_work)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT) or self.hearing.asked_to_end:
                    raise
                time.sleep(_ROOM_S)  # a signal does not cut it short, and waits no longer than this

    def _attend(self) -> None:
        """Stream the output and hold the limits, until the child has ended."""
        spec, poll = self.spec, select.poll()
        poll.register(self.pipe, select.POLLIN)
        poll.register(self.hearing.wake, select.POLLIN)
        deadline = self.begun + spec["deadline_s"]
        idle, lingers = _Idle(self.pid, spec["idle_s"]), _Idle(self.pid, spec.get("result_grace_s", 0.0))
        while self.status is None:
            now = time.monotonic()
            wait = min(deadline, self.kill_at, idle.look_at, lingers.look_at) - now
            for handle, _ in poll.poll(max(0.0, min(wait, 60.0)) * 1000):
                if handle == self.hearing.wake:
                    os.read(handle, 4096)
                elif not self._stream():
                    poll.unregister(self.pipe)
            self._wait()
            now = time.monotonic()
            if self.status is not None:
                return
            if self.reason == "exited":
                silent = lingers.is_so(now, self.log.received) and self._has_result()
                is_idle = idle.is_so(now, self.log.worked)
                self.reason = self._verdict(over=now >= deadline, idle=is_idle, lingers=silent)
                if self.reason != "exited":
                    deadline = idle.look_at = lingers.look_at = float("inf")
                    self._ask_to_end()
            elif now >= self.kill_at:
                process_table.kill_session(self.pid, above=self.me)
                self.kill_at = now + 0.2  # again: one may have made a group of its own meanwhile

    def _ask_to_end(self) -> None:
        """Begin the polite time. A stopped process hears the request only when it goes on."""
        self.kill_at = min(self.kill_at, time.monotonic() + self.spec["grace_s"])
        process_table.signal_session(self.pid, signal.SIGTERM, above=self.me)
        process_table.signal_session(self.pid, signal.SIGCONT, above=self.me)

    def _verdict(self, *, over: bool, idle: bool, lingers: bool) -> str:
        if self.hearing.asked_to_end:
            return "terminated"
        return "lingered" if lingers else "deadline" if over else "idle" if idle else "exited"

    def _has_result(self) -> bool:
        """Say whether its result is there; read once for each silence, since a log may be long."""
        if self.looked_at != self.log.received:
            self.looked_at = self.log.received
            from autoresearch.engine.jobs import whole_result  # noqa: PLC0415 - seldom, and it takes re

            marks, files = self.spec.get("result_marks", []), self.spec.get("result_files", [])
            self.is_whole = whole_result.is_there(self.folder, marks, files)
        return self.is_whole

    def _stream(self) -> bool:
        """Move what is in the pipe to the log; False at its end."""
        try:
            data = os.read(self.pipe, 2**18)
        except BlockingIOError:
            return True
        self.log.write(data)
        return bool(data)

    def _drain(self) -> None:
        """Take what is left in the pipe, and no more: one that cannot be killed may write for ever."""
        give_up = time.monotonic() + 1.0
        while select.select([self.pipe], [], [], 0)[0] and time.monotonic() < give_up:
            if not self._stream():
                return

    def _wait(self) -> None:
        """Reap whoever has ended: the child, and orphans that came to us."""
        with suppress(ChildProcessError):
            while (ended := os.wait4(-1, os.WNOHANG))[0]:
                pid, status, usage = ended
                if pid == self.pid:
                    self.status = (status, usage.ru_utime + usage.ru_stime)

    def _clear_up(self) -> tuple[int, float]:
        """End what outlived the child, wherever it fled; return how many, and their CPU seconds."""
        left = process_table.session(self.pid, above=self.me)
        settled = time.monotonic() + _SETTLE_S
        while left and time.monotonic() < settled:
            self._drain_while(0.01)
            left = process_table.session(self.pid, above=self.me)
        if not left:
            return 0, 0.0
        count, cpu_s = len(left), sum(entry.cpu_s for entry in left)
        self._ask_to_end()
        give_up = self.kill_at + process_table.UNKILLABLE_S
        while process_table.session(self.pid, above=self.me) and time.monotonic() < give_up:
            if time.monotonic() >= self.kill_at:
                process_table.kill_session(self.pid, above=self.me)
            self._drain_while(0.02)
        return count, cpu_s

    def _drain_while(self, seconds: float) -> None:
        """Wait, and keep the pipe from filling: one that is asked to end may have last words."""
        if select.select([self.pipe], [], [], seconds)[0] and not self._stream():
            time.sleep(seconds)  # at its end a pipe is always ready

    def _note_claim(self, child: process_table.Identity | None) -> None:
        """Say in the claim who we are, and who the child is, so that somebody can follow up without us."""
        me = process_table.identity(os.getpid())
        self.note = {"supervisor": _named(me), "child": _named(child), "started_at": self.started_at}
        self._write_note(durable=child is not None)

    def note_refusal(self, error: OSError) -> None:
        """Say in the claim, which is open, what the system has against the last words of the job, once."""
        if self.note.get("refused") == error.strerror:
            return
        self.note["refused"] = error.strerror
        self._write_note(durable=True)

    def _write_note(self, *, durable: bool) -> None:
        # On a full disk the lock itself still tells that somebody is alive.
        with suppress(OSError):
            line = to_json(self.note).encode() + b"\n"
            if os.pwrite(self.lock, line, self.noted) == len(line):
                self.noted += len(line)  # the next goes after it: somebody may be reading this one
            if durable:  # by now the child is on its way, and does not wait for the device
                os.fsync(self.lock)

    def _exit(self, reason: str, **facts: object) -> dict[str, object]:
        seconds = round(time.monotonic() - self.begun, 3)
        return {
            "reason": reason,
            "started_at": self.started_at,
            "ended_at": _now(),
            "seconds": seconds,
            **facts,
        }


class _Idle:
    """Whether a job has neither printed nor used the CPU for `limit_s` seconds; 0: never."""

    def __init__(self, leader: int, limit_s: float) -> None:
        self._leader = leader
        self._limit_s = limit_s
        self._every_s = min(limit_s / 4, 5.0)
        self._active = self._looked = time.monotonic()
        self._received = 0
        self._cpu_s = 0.0
        self.look_at = self._looked + self._every_s if limit_s else float("inf")

    def is_so(self, now: float, received: int) -> bool:
        """Look again, if it is time; `received` counts the bytes printed so far."""
        if now < self.look_at:
            return False
        cpu_s = sum(entry.cpu_s for entry in process_table.session(self._leader))
        if received != self._received or abs(cpu_s - self._cpu_s) >= _BUSY * (now - self._looked):
            self._active = now
        self._received, self._cpu_s, self._looked = received, cpu_s, now
        self.look_at = now + self._every_s
        return now - self._active >= self._limit_s


def _named(who: process_table.Identity | None) -> dict[str, object] | None:
    return {"pid": who[0], "started": who[1], "boot_id": who[2]} if who else None


def _explain(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    return f"{SPEC}: {error!r}"


def _now() -> str:
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


if __name__ == "__main__":
    main()
