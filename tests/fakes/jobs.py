"""Jobs that run nothing: each ends when, and as, the test says. What they leave is in memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from attrs import define, field, frozen, mutable

from autoresearch.engine.paths import OUTPUT
from autoresearch.engine.ports.jobs import Absent, Finished, JobExit, JobSpec, JobState, Lost, Running
from autoresearch.events.values import Process, why


PIECE = 7  # bytes: so that everything is read in several pieces


@frozen
class FakeOutput:
    """What a job left, in memory."""

    job: Path
    files: Mapping[str, bytes] = field(eq=False)
    printed: bytes | None = field(eq=False)

    def log(self) -> Iterator[bytes]:
        """Yield what it printed; nothing where nothing was."""
        return _pieces(self.printed or b"")

    def file(self, name: str) -> Iterator[bytes] | None:
        """Yield a file that the job wrote into its own folder, None where there is none."""
        if name == OUTPUT:
            return None if self.printed is None else self.log()
        return _pieces(self.files[name]) if name in self.files else None


@define
class FakeJob:
    """One job that was started."""

    spec: JobSpec
    place: str | None
    state: JobState
    printed: bytes | None = b""  # None: its log is gone
    spec_is_there: bool = True
    files: Mapping[str, bytes] = field(factory=dict)


@mutable
class FakeJobs:
    """The in-process player of `Jobs`. `on_start` may end a job at once, by calling `finish` or `lose`."""

    on_start: Callable[["FakeJobs", Path, JobSpec], None] | None = None
    started: list[tuple[Path, JobSpec]] = field(factory=list)  # one entry a job, in order
    stopped: list[Path] = field(factory=list)  # running jobs that were asked to end, in order
    ends_when_stopped: bool = True  # False: it takes its time; the test ends it
    jobs: dict[Path, FakeJob] = field(factory=dict)

    def drop_foreign(self, job: Path) -> None:
        """Know of no folders, and so of none that is foreign."""

    def start(self, job: Path, spec: JobSpec) -> bool:
        """Take note of the job, once; False where all of its places are taken."""
        if job in self.jobs:
            return True
        if self.blocked_by(job, spec.places):
            return False
        held = self._held()
        place = next((one for one in spec.places if one not in held), None)
        supervisor = Process(pid=1, started=len(self.started) + 1, boot_id="fake")
        self.jobs[job] = FakeJob(spec=spec, place=place, state=Running(supervisor=supervisor))
        self.started.append((job, spec))
        if self.on_start is not None:
            self.on_start(self, job, spec)
        return True

    def spec(self, job: Path) -> JobSpec | None:
        """Return how the job was to be run."""
        left = self.jobs.get(job)
        return left.spec if left is not None and left.spec_is_there else None

    def look(self, job: Path) -> JobState:
        """Say what the test made of the job."""
        return self.jobs[job].state if job in self.jobs else Absent()

    def stop(self, job: Path) -> None:
        """End a running job as a polite supervisor does."""
        if not isinstance(self.look(job), Running):
            return
        self.stopped.append(job)
        if self.ends_when_stopped:
            self.finish(job, reason="terminated", exit_code=None, signal=15)

    def wake(self, job: Path) -> None:
        """Do nothing: there is no supervisor."""

    def rescue(self, job: Path) -> None:
        """Do nothing: what a job printed is there."""

    def blocked_by(self, job: Path, places: tuple[str, ...]) -> tuple[str, ...]:
        """Return who holds the places where all are taken; none where one is free, or the job's."""
        held = self._held()
        holders = [held.get(place) for place in places]
        names = tuple(self.jobs[one].spec.name for one in holders if one is not None)
        return () if None in holders or job in holders else names

    def output(self, job: Path) -> FakeOutput:
        """Return what the job left so far."""
        left = self.jobs.get(job)
        return FakeOutput(job, left.files if left else {}, left.printed if left else b"")

    def pack(self, iteration: Path) -> None:
        """Do nothing: what jobs left is in memory."""

    def signs(self, jobs: Iterable[Path], *, blocked: bool) -> tuple[Path, ...]:
        """Return no folder: nothing of a job is on the disk."""
        return ()

    def finish(
        self,
        job: Path,
        *,
        exit_code: int | None = 0,
        signal: int | None = None,
        reason: Literal["exited", "deadline", "idle", "terminated", "not_started"] = "exited",
        detail: str = "",
        errno: int | None = None,
        no_room: bool = False,
        output: bytes = b"",
        files: Mapping[str, bytes] | None = None,
        seconds: float = 1.0,
    ) -> None:
        """End the job: leave its output, other files, and how it ended."""
        one = self._running(job)
        one.printed, one.files = output, one.files if files is None else files
        exit_ = JobExit(
            reason=reason,
            detail=detail,
            errno=errno,
            exit_code=exit_code if signal is None and reason != "not_started" else None,
            signal=signal,
            started_at="2026-03-08T21:04:05.123Z",
            ended_at="2026-03-08T21:04:06.123Z",
            seconds=seconds,
            cpu_seconds=seconds,
            output_bytes=len(output),
            no_room=no_room,
        )
        one.state = Finished(exit=exit_)

    def lose(self, job: Path, code: str = "machine_restarted") -> None:
        """Let the job vanish without an end."""
        self._running(job).state = Lost(reason=why(code))

    @property
    def running(self) -> tuple[Path, ...]:
        """Return the jobs that run, in the order of their start."""
        return tuple(job for job, one in self.jobs.items() if isinstance(one.state, Running))

    def _running(self, job: Path) -> FakeJob:
        assert job in self.running, f"{job} does not run"
        return self.jobs[job]

    def _held(self) -> dict[str, Path]:
        held = {self.jobs[job].place: job for job in self.running}
        return {place: job for place, job in held.items() if place is not None}


def _pieces(content: bytes) -> Iterator[bytes]:
    yield from (content[at : at + PIECE] for at in range(0, len(content), PIECE))
