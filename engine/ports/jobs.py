"""Jobs: processes that outlive the runner, and all that the runner ever learns of one.

An executor may be anywhere: what it knows of a job comes through these protocols, and through nothing else.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, Protocol

from attrs import field, frozen

from autoresearch.events.values import Process, Reason, why


@frozen(kw_only=True)
class JobSpec:
    """All that a supervisor needs to run one job; stored as spec.json in the job's folder."""

    name: str  # for people who wait for it: "training 7.1 of mar10-r001"
    command: tuple[str, ...]
    cwd: str
    env: dict[str, str] = field(factory=dict)  # added to the supervisor's environment
    unset: tuple[str, ...] = ()  # removed from it
    stdin: str | None = None  # a file; None is an empty standard input
    deadline_s: float
    idle_s: float = 0.0  # ended after so long without output and without CPU use; 0: never
    no_work: tuple[
        str, ...
    ] = ()  # a printed line that holds one of these is silence, as another try to connect
    result_grace_s: float = 0.0  # the same, once its result is there; 0: never
    result_marks: tuple[str, ...] = ()  # regular expressions of one group each: a number that was printed
    result_files: tuple[str, ...] = ()  # that it writes at its end
    log_limit_bytes: int = 64 * 2**20  # the log keeps its head and its tail beyond this
    grace_s: float = 5.0  # between the polite signal and the other one
    writable: tuple[str, ...] | None = None  # beneath these alone the job may write; None: anywhere; on Linux
    places: tuple[str, ...] = ()  # shared with other runs; the job holds the first free one until it is over


@frozen(kw_only=True)
class JobExit:
    """How a job ended: the whole of its exit.json."""

    reason: Literal["exited", "deadline", "idle", "lingered", "terminated", "not_started"]
    detail: str = ""  # for not_started: why
    errno: int | None = None  # for not_started: the system's number of it
    exit_code: int | None = None
    signal: int | None = None
    started_at: str  # RFC 3339, UTC, milliseconds
    ended_at: str
    seconds: float
    cpu_seconds: float | None = None  # of the job and all its children
    output_bytes: int = 0  # as the job wrote them, also where the log was capped
    no_room: bool = False  # a disk that it wrote to was full at its end
    left_behind: int = 0  # processes of the group that outlived the job and were ended


@frozen(kw_only=True)
class Absent:
    """Nobody has claimed the job yet."""

    reason: Reason = why("folder_gone")  # for who knows that it was started


@frozen(kw_only=True)
class Running:
    """A supervisor, or what it started, is alive."""

    supervisor: Process | None
    refused: str = ""  # the job is over, and what the system has against its end being written


@frozen(kw_only=True)
class Finished:
    """The job ended, and how is known."""

    exit: JobExit
    # The machine has been restarted since: what the job wrote outside its own folder may be gone or empty.
    rebooted: bool = False


@frozen(kw_only=True)
class Lost:
    """The job was claimed, nobody is alive, and nobody told how it ended."""

    reason: Reason
    # Only its supervisor died, and nobody ended the job: it came to its own end, and nobody saw its code.
    unseen: JobExit | None = field(default=None, eq=False)


JobState = Absent | Running | Finished | Lost


class JobOutput(Protocol):
    """What a job left, in pieces, from the beginning, as often as it is asked for."""

    @property
    def job(self) -> Path:
        """Return the job that left it."""

    def log(self) -> Iterator[bytes]:
        """Yield what it printed, as far as it was kept; nothing where nothing was.

        Raises: OSError: it cannot be read now.
        """

    def file(self, name: str) -> Iterator[bytes] | None:
        """Yield a file that the job wrote into its own folder, None where there is none to be read.

        Raises: OSError: it cannot be read now.
        """


class Jobs(Protocol):
    """Processes that outlive the runner. A job is its folder: its name is all that is used of it here."""

    def drop_foreign(self, job: Path) -> None:
        """Remove what somebody else put where a job is to begin: from there it would be read as its end."""

    def start(self, job: Path, spec: JobSpec) -> bool:
        """Start the job. Called twice for one job, starts one.

        False where all places that the spec names are taken: then nothing was started.
        """

    def spec(self, job: Path) -> JobSpec | None:
        """Return how the job was to be run; None where that is gone or cannot be read."""

    def look(self, job: Path) -> JobState:
        """Say how the job stands."""

    def stop(self, job: Path) -> None:
        """Ask the job to end; returns at once, its end follows."""

    def wake(self, job: Path) -> None:
        """Let a job's supervisor go on that was stopped alone, while its job was not."""

    def rescue(self, job: Path) -> None:
        """Take what a job without a supervisor has printed since into its log, as far as that can be done.

        For the run's runner alone, until the job has ended.
        """

    def blocked_by(self, job: Path, places: tuple[str, ...]) -> tuple[str, ...]:
        """Return who holds the places, by their spec's names, where all of them are taken.

        None where one is free, or where the job itself holds one.
        """

    def output(self, job: Path) -> JobOutput:
        """Return what the job left so far."""

    def pack(self, iteration: Path) -> None:
        """Put what the ended jobs of a closed iteration left into one file; all of it is read as before.

        `iteration` is the folder of their folders. Done twice is done.

        Raises: OSError: the disk refuses it now.
        """

    def signs(self, jobs: Iterable[Path], *, blocked: bool) -> tuple[Path, ...]:
        """Return the local folders in which a job's end shows, or that a place became free; none: poll."""
