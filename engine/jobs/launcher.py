"""Jobs: processes that outlive the runner, one folder each, told apart by what lies in the folder.

Knows nothing of runs and trainings. The protocol of a job's folder, in the order of its life:
spec.json (what to run), claim (a kernel lock, and who holds it), output.log, stop (it shall end),
exit.json (how it ended). engine/jobs/supervisor.py is the other side of it.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

from attrs import asdict, evolve, fields, frozen

from autoresearch.engine.jobs import devices
from autoresearch.engine.paths import JobPaths
from autoresearch.engine.ports import Absent, Finished, JobExit, JobSpec, JobState, Lost, Running
from autoresearch.engine.system import process
from autoresearch.engine.system.locks import is_locked, try_lock
from autoresearch.events.files import write_atomic
from autoresearch.events.values import Process


# Not -m, which compiles the supervisor anew each time; not site, which it does not need: 20 ms, not 45. Only
# the package is taken from its place: installed, the packages beside it would hide the standard library.
_OURS = "import sys, autoresearch; del sys.path[0]; "
_SUPERVISE = ("-S", "-E", "-c", f"{_OURS}from autoresearch.engine.jobs.supervisor import main; main()")
_HOME = Path(__file__).absolute().parents[3]  # where `autoresearch` is found, installed or not


class RealJobs:
    """Each job under a supervisor of its own."""

    def start(self, folder: Path, spec: JobSpec) -> bool:
        """Write spec.json and launch a supervisor. Called twice for one folder, starts one job.

        False where all places that the spec names are taken: then nothing was started.
        """
        job = JobPaths(folder)
        folder.mkdir(parents=True, exist_ok=True)
        # Taken here and inherited by the supervisor: from this line on, everybody sees the job running.
        lock = try_lock(job.claim)
        if lock is None:
            return True
        held = [lock]
        try:
            if job.exit.exists() or os.fstat(lock).st_size:
                return True
            if spec.places:
                place = devices.take(tuple(Path(one) for one in spec.places), job=folder.absolute())
                if place is None:
                    return False
                held.append(place)
            # Not synced: what cuts the power ends the job too, and the next training waits for this.
            write_atomic(job.spec, json.dumps(asdict(_absolute(spec))).encode(), sync=False)
            command = (sys.executable, *_SUPERVISE, str(folder.absolute()), *map(str, held))
            process.spawn_detached(command, cwd=_HOME, keep=held)
        finally:
            for handle in held:
                os.close(handle)
        return True

    def look(self, folder: Path) -> JobState:
        """Say how the job stands, from its folder and the process table alone."""
        ended = read_exit(folder)
        if ended is not None:
            return ended
        claim = _read_claim(folder)
        if is_locked(JobPaths(folder).claim):
            if claim is None or claim.supervisor is None:
                return Running(supervisor=None)
            if process.alive(claim.supervisor):
                return Running(supervisor=claim.supervisor)
            if claim.child is None or process.group_alive(claim.child):
                return Running(supervisor=None)
            # Somebody who left the job's session still has its lock; the job itself is over.
        ended = read_exit(folder)  # it may have come between the first look and the lock's release
        if ended is not None:
            return ended
        return Absent() if claim is None else Lost(reason=_why_lost(claim))

    def stop(self, folder: Path) -> None:
        """Ask the supervisor to end the job; returns at once, exit.json follows.

        Where the supervisor is dead, the job is ended from here, which may take its grace time.
        """
        if not isinstance(self.look(folder), Running):
            return
        with contextlib.suppress(FileNotFoundError):
            write_atomic(JobPaths(folder).stop, b"", sync=False)  # heard by a supervisor that has just begun
        claim = _read_claim(folder)
        if claim is None or claim.supervisor is None or process.ask_to_end(claim.supervisor):
            return
        if claim.child is not None and not JobPaths(folder).exit.exists():
            process.end_group(claim.child, _grace_s(folder))


def read_exit(folder: Path) -> Finished | Lost | None:
    """Return what exit.json says; a damaged one loses the job; None where there is none."""
    try:
        data = JobPaths(folder).exit.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        told = json.loads(data)
        exit_ = JobExit(**told)
    except (ValueError, TypeError):
        return Lost(reason=f"{JobPaths(folder).exit.name} is damaged")
    if exit_.reason not in _REASONS or not all(isinstance(told.get(name), str) for name in _TIMES):
        return Lost(reason=f"{JobPaths(folder).exit.name} is damaged")
    return Finished(exit=exit_)


_REASONS = ("exited", "deadline", "idle", "terminated", "not_started")
_TIMES = ("started_at", "ended_at")


# --- within ------------------------------------------------------------------------------------


def _absolute(spec: JobSpec) -> JobSpec:
    """Let the spec's paths mean to the supervisor what they mean to us."""
    stdin = None if spec.stdin is None else str(Path(spec.stdin).absolute())
    return evolve(spec, cwd=str(Path(spec.cwd).absolute()), stdin=stdin)


@frozen(kw_only=True)
class _Claim:
    supervisor: Process | None
    child: Process | None


def _read_claim(folder: Path) -> _Claim | None:
    """Return what the claim says; None where nobody has written into it. What is unreadable names nobody."""
    try:
        data = JobPaths(folder).claim.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not data:
        return None
    try:
        told = json.loads(data)
        return _Claim(supervisor=_process(told["supervisor"]), child=_process(told["child"]))
    except (ValueError, TypeError, KeyError):
        return _Claim(supervisor=None, child=None)


def _process(told: dict[str, object] | None) -> Process | None:
    return None if told is None else Process(**{one.name: told[one.name] for one in fields(Process)})  # type: ignore[arg-type]


def _why_lost(claim: _Claim) -> str:
    if claim.supervisor is not None and claim.supervisor.boot_id != process.boot_id():
        return "the machine was restarted"
    return "the supervisor was killed" + ("" if claim.child else " before the job began")


def _grace_s(folder: Path) -> float:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads(JobPaths(folder).spec.read_bytes())["grace_s"])
    return 5.0
