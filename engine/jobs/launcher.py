"""Jobs: processes that outlive the runner, one folder each, told apart by what lies in the folder.

Knows nothing of runs and trainings. The protocol of a job's folder, in the order of its life:
spec.json (what to run), claim (a kernel lock, and who holds it), output.log, stop (it shall end),
exit.json (how it ended). engine/jobs/supervisor.py is the other side of it.
"""

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from attrs import asdict, evolve

from autoresearch.engine.jobs import devices, pack
from autoresearch.engine.jobs.claim_file import Claim, read_claim
from autoresearch.engine.jobs.orphans import Orphans
from autoresearch.engine.jobs.output import FolderOutput
from autoresearch.engine.paths import JobPaths
from autoresearch.engine.ports.jobs import Absent, Finished, JobExit, JobSpec, JobState, Lost, Running
from autoresearch.engine.system.locks import is_locked, try_lock
from autoresearch.engine.system.processes import process
from autoresearch.events.clock import from_epoch
from autoresearch.events.errors import InvalidInput
from autoresearch.events.files import write_atomic
from autoresearch.events.values import why


# Not -m, which compiles the supervisor anew each time; not site, which it does not need: 20 ms, not 45. Only
# the package is taken from its place: installed, the packages beside it would hide the standard library.
_OURS = "import sys, autoresearch; del sys.path[0]; "
_SUPERVISE = ("-S", "-E", "-c", f"{_OURS}from autoresearch.engine.jobs.supervisor import main; main()")
WAKE_EVERY_S = 10.0  # at least, between two looks whether a supervisor was stopped
_HOME = Path(__file__).absolute().parents[3]  # where `autoresearch` is found, installed or not


class RealJobs:
    """Each job under a supervisor of its own."""

    def __init__(self) -> None:
        """Know no job yet."""
        self._orphans = Orphans()
        self._born = time.time()
        self._begun: set[Path] = set()
        self._woke: dict[Path, float] = {}  # when it was looked whether a supervisor was stopped
        self._stopped: set[Path] = set()  # whose supervisor was, then

    def drop_foreign(self, job: Path) -> None:
        """Remove what stands where a job is to begin, and was put there since by somebody else.

        A job that an earlier runner began was written down before this one: its spec.json is older than we
        are. When a file changed last is the kernel's word, which only who may set the clock can forge.
        """
        if job in self._begun or not os.path.lexists(job):
            return
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if not job.is_symlink() and JobPaths(job).spec.lstat().st_ctime <= self._born:
                return
        if is_locked(JobPaths(job).claim):
            return  # a supervisor is at work, whatever the clock says
        if job.is_symlink() or not job.is_dir():
            job.unlink()
        else:
            shutil.rmtree(job)

    def start(self, job: Path, spec: JobSpec) -> bool:
        """Write spec.json and launch a supervisor. Called twice for one job, starts one.

        False where all places that the spec names are taken: then nothing was started.
        """
        files = JobPaths(job)
        self._begun.add(job)
        if _read_exit(job) is not None:
            return True
        job.mkdir(parents=True, exist_ok=True)
        # Taken here and inherited by the supervisor: from this line on, everybody sees the job running.
        lock = try_lock(files.claim)
        if lock is None:
            return True
        held = [lock]
        try:
            if files.exit.exists() or os.fstat(lock).st_size:
                return True
            if spec.places:
                place = devices.take(spec.places, job=job.absolute(), name=spec.name)
                if place is None:
                    return False
                held.append(place)
            # Synced: its digest is recorded, and an audit asks for it after a power cut too.
            write_atomic(files.spec, json.dumps(asdict(_absolute(spec))).encode())
            command = (sys.executable, *_SUPERVISE, str(job.absolute()), *map(str, held))
            process.spawn_detached(command, cwd=_HOME, keep=held)
        finally:
            for handle in held:
                os.close(handle)
        return True

    def spec(self, job: Path) -> JobSpec | None:
        """Return what spec.json says; None where it is gone or cannot be read."""
        try:
            written = pack.read(JobPaths(job).spec)
            if written is None:
                return None
            told = json.loads(written)
            return JobSpec(**told | {name: tuple(told.get(name, ())) for name in _TUPLES})
        except (AttributeError, InvalidInput, TypeError, ValueError):  # of JSON, it may be anything
            return None

    def look(self, job: Path) -> JobState:
        """Say how the job stands, from its folder and the process table alone."""
        ended, claim = _read_exit(job), read_claim(job)
        if ended is not None and _is_over(claim):
            return evolve(ended, rebooted=True) if isinstance(ended, Finished) and _rebooted(claim) else ended
        if is_locked(JobPaths(job).claim):
            if claim is None or claim.supervisor is None:
                return Running(supervisor=None)
            if process.alive(claim.supervisor):
                return Running(supervisor=claim.supervisor, refused=claim.refused)
            if claim.child is None or process.group_alive(claim.child):
                return Running(supervisor=None)
            # Somebody who left the job's session still has its lock; the job itself is over.
        ended = _read_exit(job)  # it may have come between the first look and the lock's release
        if ended is not None:
            return ended
        if claim is not None:
            return _lost(job, claim)
        return Absent(reason=_NEVER_BEGAN) if job.exists() else Absent()

    def stop(self, job: Path) -> None:
        """Ask the supervisor to end the job; returns at once, exit.json follows.

        Where the supervisor is dead, the job is ended from here, which may take its grace time.
        """
        if not isinstance(self.look(job), Running):
            return
        with contextlib.suppress(FileNotFoundError):
            write_atomic(JobPaths(job).stop, b"", sync=False)  # heard by a supervisor that has just begun
        claim = read_claim(job)
        if claim is None or claim.supervisor is None or process.ask_to_end(claim.supervisor):
            return
        if claim.child is not None and not JobPaths(job).exit.exists():
            process.end_group(claim.child, _grace_s(job))

    def wake(self, job: Path) -> None:
        """Let a supervisor go on that was stopped alone: it would not hear its job's end, nor its deadline.

        Where the job is stopped as well, somebody may have meant it so; and may be about to stop it, so that
        only the second look counts. Looks seldom: without /proc it takes a process each time.
        """
        now = time.monotonic()
        if now - self._woke.get(job, -WAKE_EVERY_S) < WAKE_EVERY_S:
            return
        self._woke[job] = now
        before = job in self._stopped
        self._stopped.discard(job)
        claim = read_claim(job)
        if claim is None or claim.supervisor is None or not process.is_stopped(claim.supervisor):
            return
        if claim.child is not None and process.is_stopped(claim.child):
            return
        if before:
            process.go_on(claim.supervisor)
        else:
            self._stopped.add(job)

    def rescue(self, job: Path) -> None:
        """Take what a job without a supervisor has printed since into its log; on Linux."""
        claim = read_claim(job)
        if claim is not None and claim.child is not None and claim.supervisor is not None:
            self._orphans.take_in(job, claim.child)

    def blocked_by(self, job: Path, places: tuple[str, ...]) -> tuple[str, ...]:
        """Return who holds the places, where all are taken; none where one is free, or the job's own."""
        return devices.holders(places, job=job.absolute()) if places else ()

    def output(self, job: Path) -> FolderOutput:
        """Return what the job left so far."""
        return FolderOutput(job)

    def pack(self, iteration: Path) -> None:
        """Put what the ended jobs of an iteration left into one file."""
        pack.pack(iteration, ended=lambda job: isinstance(self.look(job), Finished))

    def signs(self, jobs: Iterable[Path], *, blocked: bool) -> tuple[Path, ...]:
        """Return the local folders in which a job's end shows, or that a place became free."""
        return (*jobs, devices.folder()) if blocked else tuple(jobs)


# --- within ------------------------------------------------------------------------------------

_REASONS = ("exited", "deadline", "idle", "lingered", "terminated", "not_started")
_TUPLES = ("command", "unset", "places", "result_marks", "result_files")  # of a spec
_TIMES = ("started_at", "ended_at")
_LAST_ACT_S = 0.1  # it takes 1 to 3 ms (2026-11)
_NEVER_BEGAN = why("supervisor_killed_before")


def _read_exit(folder: Path) -> Finished | Lost | None:
    """Return what exit.json says; a damaged one loses the job; None where there is none."""
    data = pack.read(JobPaths(folder).exit)
    if data is None:
        return None
    try:
        told = json.loads(data)
        exit_ = JobExit(**told)
    except (ValueError, TypeError):
        return Lost(reason=why("exit_damaged"))
    if exit_.reason not in _REASONS or not all(isinstance(told.get(name), str) for name in _TIMES):
        return Lost(reason=why("exit_damaged"))
    return Finished(exit=exit_)


def _is_over(claim: Claim | None) -> bool:
    """Say whether an exit.json counts: not while its supervisor lives, whose last act it is to write one.

    A job may have written one itself. Once it has ended its supervisor is given a moment, since whoever was
    woken by the true one looks before that process is gone.
    """
    if claim is None or claim.supervisor is None:
        return True
    until = time.monotonic() + _LAST_ACT_S
    while process.alive(claim.supervisor):
        if (claim.child is not None and process.alive(claim.child)) or time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True


def _absolute(spec: JobSpec) -> JobSpec:
    """Let the spec's paths mean to the supervisor what they mean to us."""
    stdin = None if spec.stdin is None else str(Path(spec.stdin).absolute())
    writable = None if spec.writable is None else tuple(str(Path(path).absolute()) for path in spec.writable)
    return evolve(spec, cwd=str(Path(spec.cwd).absolute()), stdin=stdin, writable=writable)


def _rebooted(claim: Claim | None) -> bool:
    supervisor = claim.supervisor if claim is not None else None
    return supervisor is not None and supervisor.boot_id != process.boot_id()


def _lost(folder: Path, claim: Claim) -> Lost:
    if _rebooted(claim):
        return Lost(reason=why("machine_restarted"))
    if claim.refused:
        return Lost(reason=why("exit_refused", claim.refused))
    if claim.child is None:
        return Lost(reason=_NEVER_BEGAN)
    if JobPaths(folder).stop.exists():
        return Lost(reason=why("supervisor_killed_ended"))
    return Lost(reason=why("supervisor_killed"), unseen=_unseen(folder))


def _unseen(folder: Path) -> JobExit | None:
    """Return when a job ran of which no supervisor saw the end, by the times of its files."""
    files = JobPaths(folder)
    try:
        began = files.claim.stat().st_mtime
        left = [one.stat().st_mtime for one in (files.output, files.result, files.progress) if one.exists()]
    except OSError:
        return None
    ended = max(left, default=began)
    return JobExit(
        reason="exited",
        started_at=from_epoch(began),
        ended_at=from_epoch(ended),
        seconds=round(max(ended - began, 0.0), 3),
    )


def _grace_s(folder: Path) -> float:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads(JobPaths(folder).spec.read_bytes())["grace_s"])
    return 5.0
