"""What a candidate comes to: its trainings, its result, its verdict."""

from typing import ClassVar, Literal

from attrs import frozen

from autoresearch.events.values import (
    Consolidated,
    CurvePoint,
    Ended,
    JobStep,
    LoopStage,
    Measured,
    Outcome,
    OutputDigest,
    Printed,
    ProgressDigest,
    Purpose,
    Reason,
    Scalar,
)


@frozen(kw_only=True)
class TrainingStarted:
    """A training was started as a job, in one slot."""

    VERSION: ClassVar[int] = 2
    iteration: int
    training: int
    repeat: int  # of the candidate: the same code under another seed; lost ones keep theirs
    seed: int | None  # None: the settings name no variable for it
    slot: int
    device: str  # as CUDA_VISIBLE_DEVICES names it, or "cpu"
    commit: str
    command: tuple[str, ...]
    deadline_s: float
    seal: str  # digest of how the files of its checkout stood; "" where that is not known
    surroundings: dict[str, str]  # the conditions known before it, by their names (docs/config.md)


@frozen(kw_only=True)
class TrainingFellBehind:
    """It was decided to end a training that lies too far behind the curve of its base; its end follows."""

    VERSION: ClassVar[int] = 1
    iteration: int
    training: int
    bound: float  # of the loss; it lay more than that above the base's at each of the points
    points: tuple[CurvePoint, ...]


@frozen(kw_only=True)
class TrainingFinished:
    """A training ended and its output was read."""

    VERSION: ClassVar[int] = 3
    iteration: int
    training: int
    outcome: Ended
    reason: Reason | None  # why it did not succeed; of a success only what is odd about it
    metric: float | None
    exit_code: int | None
    signal: int | None
    started_at: str  # by the supervisor's clock, RFC 3339
    ended_at: str
    seconds: float
    cpu_seconds: float | None  # of the training and all its children
    measured: Measured
    also: dict[str, float]  # what the settings name beside the metric, as far as it was printed
    printed: Printed | None  # None: one number, or none
    output: OutputDigest
    progress: ProgressDigest | None


@frozen(kw_only=True)
class TrainingReread:
    """The output of a training without a number was read again, under other settings of the metric."""

    VERSION: ClassVar[int] = 1
    iteration: int
    training: int
    outcome: Outcome
    reason: Reason | None  # why it did not succeed; of a success only what is odd about it
    metric: float | None
    printed: Printed | None  # None: one number, or none


@frozen(kw_only=True)
class EvaluationStarted:
    """What a training left is scored by a job of its own, in the slot of that training."""

    VERSION: ClassVar[int] = 1
    iteration: int
    evaluation: int
    training: int  # that left it
    slot: int
    device: str
    command: tuple[str, ...]
    deadline_s: float


@frozen(kw_only=True)
class EvaluationFinished:
    """An evaluation ended; its number is the result of the training, whatever that printed."""

    VERSION: ClassVar[int] = 1
    iteration: int
    evaluation: int
    outcome: Outcome  # `tampered`: what the training printed is another number
    reason: Reason | None  # why it did not succeed; of a success only what is odd about it
    metric: float | None
    exit_code: int | None
    signal: int | None
    started_at: str  # by the supervisor's clock, RFC 3339
    ended_at: str
    seconds: float
    printed: Printed | None  # as of a training
    output: OutputDigest


@frozen(kw_only=True)
class GuardStarted:
    """A candidate is to be kept, but for a guard that is a command: this is run in its checkout, as a job."""

    VERSION: ClassVar[int] = 1
    iteration: int
    check: int  # of this iteration
    guard: str  # as the settings have it
    slot: int
    device: str
    command: tuple[str, ...]
    deadline_s: float


@frozen(kw_only=True)
class GuardFinished:
    """The command of a guard ended; a candidate on which it fails is not kept."""

    VERSION: ClassVar[int] = 1
    iteration: int
    check: int
    guard: str
    holds: bool
    reason: Reason | None  # why it does not
    exit_code: int | None
    signal: int | None
    started_at: str  # by the supervisor's clock, RFC 3339
    ended_at: str
    seconds: float
    output: OutputDigest


@frozen(kw_only=True)
class TrainingVoided:
    """A training ended, but its checkout was not what its commit says: no result, and it begins again.

    Where the same file is touched once more the training itself does it, and its outcome is `tampered`.
    """

    VERSION: ClassVar[int] = 1
    iteration: int
    training: int
    files: tuple[str, ...]  # those touched, at most 20
    reason: Reason
    seconds: float
    output: OutputDigest


# Of a job that was lost: somebody wanted its end, and neither the machine nor an idea is at fault.
ENDED_AS_ASKED = frozenset({"stop_now", "time_is_over"})


@frozen(kw_only=True)
class JobLost:
    """A job ended without a result by no fault of its own (reboot, kill, stop): it begins again."""

    VERSION: ClassVar[int] = 4
    iteration: int  # 0 where data was prepared
    step: JobStep
    number: int  # the preparation, the call or the training that was lost
    reason: Reason


@frozen(kw_only=True)
class CrashTriaged:
    """It was decided what becomes of a candidate that did not succeed."""

    VERSION: ClassVar[int] = 1
    iteration: int
    change: int
    action: Literal["discard", "fix_and_rerun"]
    reason: Reason


@frozen(kw_only=True)
class ResultRecorded:
    """The iteration's row is known, but for the verdict."""

    VERSION: ClassVar[int] = 3
    iteration: int
    commit: str | None  # None: nothing was committed
    outcome: Ended | Literal["not_applied"]
    metric: float | None
    memory_gb: float


@frozen(kw_only=True)
class CandidateKept:
    """The candidate is the new best, by a rule and its inputs."""

    VERSION: ClassVar[int] = 1
    iteration: int
    commit: str
    rule: str
    inputs: dict[str, Scalar]
    branch_moved: bool
    branch_note: Reason | None  # why the branch was not moved


@frozen(kw_only=True)
class CandidateDiscarded:
    """The candidate is not the new best, by a rule and its inputs; its commit stays under its ref."""

    VERSION: ClassVar[int] = 1
    iteration: int
    rule: str
    inputs: dict[str, Scalar]


@frozen(kw_only=True)
class RemeasureStarted:
    """What was kept is measured once more, in an iteration of its own, which is no loop.

    For a verdict, where the best has no number to compare with: under the conditions, or in the repeats, of
    the one that waits. For the final, and to consolidate: in repeats that nothing was measured in before.
    """

    VERSION: ClassVar[int] = 1
    iteration: int
    keep: int  # the kept iteration that is measured
    commit: str
    purpose: Purpose
    because_of: int | None  # the iteration that waits for its verdict
    repeats: tuple[int, ...]  # that are to be measured
    differ_in: tuple[str, ...]  # in what its conditions are not those of the best: data_id, deciding, or none


@frozen(kw_only=True)
class KeepRemeasured:
    """What was kept has more numbers; later results under the same conditions compare with them."""

    VERSION: ClassVar[int] = 1
    iteration: int
    keep: int
    metric: float  # the mean, of this measurement
    before: float  # as it was measured last
    met: bool  # False: not under the conditions that were wanted: nothing measured under these is compared


@frozen(kw_only=True)
class RemeasureDropped:
    """What an iteration measured again was retracted: its number is wanted no more."""

    VERSION: ClassVar[int] = 1
    iteration: int
    keep: int  # the kept iteration that it measured


@frozen(kw_only=True)
class GainStated:
    """What a run is worth: its best against its baseline, on seeds that were used for nothing else."""

    VERSION: ClassVar[int] = 2
    keep: int  # the best
    repeats: tuple[int, ...]
    gain: float  # the mean over the pairs; above 0 is better
    half_width: float | None  # of its 95 % interval; None: too few numbers for one
    inputs: dict[str, Scalar]


@frozen(kw_only=True)
class HoldoutStarted:
    """What the final trained of best or baseline is scored on the holdout, by a job: a look at it."""

    VERSION: ClassVar[int] = 1
    iteration: int  # that measures the keep
    keep: int
    look: int  # of this iteration
    training: int  # that left it
    slot: int
    device: str
    command: tuple[str, ...]
    deadline_s: float
    data: str  # that the holdout belongs to, as the check of setup names it; "" where it does not
    looks_before: int  # that the histories of this repository tell of, on the same data


@frozen(kw_only=True)
class HoldoutScored:
    """A look at the holdout ended. Nothing is decided by it."""

    VERSION: ClassVar[int] = 1
    iteration: int
    keep: int
    look: int
    outcome: Outcome
    reason: Reason | None  # why there is no number
    metric: float | None
    exit_code: int | None
    signal: int | None
    started_at: str  # by the supervisor's clock, RFC 3339
    ended_at: str
    seconds: float
    output: OutputDigest
    data: str  # as in its HoldoutStarted


@frozen(kw_only=True)
class ChainConsolidated:
    """How sure each keep is: measured once more beside the keep before it, on seeds that chose neither.

    `inputs` is what the intervals were taken from. What could not be measured as the others is left out.
    """

    VERSION: ClassVar[int] = 2
    repeats: tuple[int, ...]
    keeps: tuple[Consolidated, ...]
    inputs: dict[str, Scalar]


@frozen(kw_only=True)
class IterationLeftOpen:
    """A request may not do the next stage: the iteration waits for one that may."""

    VERSION: ClassVar[int] = 1
    iteration: int
    next_stage: LoopStage


ResultEvent = (
    TrainingStarted
    | TrainingFellBehind
    | TrainingFinished
    | TrainingReread
    | EvaluationStarted
    | EvaluationFinished
    | GuardStarted
    | GuardFinished
    | TrainingVoided
    | JobLost
    | CrashTriaged
    | ResultRecorded
    | CandidateKept
    | CandidateDiscarded
    | RemeasureStarted
    | RemeasureDropped
    | KeepRemeasured
    | HoldoutStarted
    | HoldoutScored
    | GainStated
    | ChainConsolidated
    | IterationLeftOpen
)
