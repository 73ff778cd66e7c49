"""What a run's state is made of; projections/run_reducers.py says how events change it.

What changes with most events is not frozen, since copying thirty fields would cost a fold of a million events
most of its time. Only reducers change it, and only a copy of their own; a test holds that nobody else does.
"""

from typing import Literal

from attrs import define, field, frozen

from autoresearch.events.settings import RunConfig
from autoresearch.events.values import (
    JobStep,
    LoopStage,
    Measured,
    Outcome,
    Process,
    Proposal,
    ProposalSource,
    Reason,
    Request,
)


@define(kw_only=True)  # never changed; frozen, it takes twice as long to make, three times an iteration
class Job:
    """A job that was started and has not been collected yet."""

    step: JobStep
    number: int  # of its kind: of the run's preparations, of an iteration's calls or trainings
    since: str  # RFC 3339
    deadline_s: float = 0.0  # of a training, as it was started
    slot: int = 0  # of a training
    device: str = ""  # of a training


@frozen(kw_only=True)
class Made:
    """A candidate that was made on another base, or deferred, and is to be brought to the present base."""

    commit: str
    base_commit: str


@frozen(kw_only=True)
class Conflict:
    """A change that could not be brought to the base, and why: it is made anew."""

    made: Made
    reason: Reason | None


@frozen(kw_only=True)
class Conditions:
    """Under which a result was measured: two are compared only where they agree."""

    deciding: str = ""  # digest of the deciding settings, as the training was started
    data_id: str | None = None
    device_class: str = ""  # as the machine has it; "" is not known, and agrees with any
    device: str | None = None  # as the training names it; None is not said, and agrees with any
    inputs: str = ""  # digest of the files outside the checkout
    filters: str = ""  # digest of git's filters that stand in no commit
    packages: str = ""  # digest of what is installed; "" is not known, and agrees with any

    def agree(self, other: "Conditions") -> bool:
        """Say whether results under the one and the other are compared."""
        return not differing(self, other)


@frozen(kw_only=True)
class Spent:
    """What a training took."""

    seconds: float = 0.0  # of wall time
    cpu_seconds: float | None = None

    def times(self, other: "Spent") -> float:
        """Return how many times what another one took this is, by the wall or the CPU, whichever is more."""
        pairs = [(self.seconds, other.seconds), (self.cpu_seconds or 0.0, other.cpu_seconds or 0.0)]
        return max((ours / theirs for ours, theirs in pairs if theirs > 0), default=0.0)


@frozen(kw_only=True)
class Measurement:
    """What the best measured under some conditions."""

    metric: float
    conditions: Conditions


@define(kw_only=True)
class Iteration:
    """An open iteration: how far it came, and what it carries."""

    number: int
    base_commit: str
    next_stage: LoopStage
    since: str  # when it entered this stage
    proposal: Proposal | None = None
    source: ProposalSource | None = None
    chosen: int = 0  # seq of the event that gave it its proposal
    change: int = 1  # grows with each mended crash and each new base
    diff_sha256: str = ""
    commit: str | None = None
    tree: str | None = None
    made: Made | None = None  # what is to be rebased
    conflict: Conflict | None = None  # what could not be
    calls: int = 0  # agents asked so far, over all steps
    agent: str = ""  # the one asked last
    agent_gave_up: bool = False  # the agent failed to propose: the seeded search does
    trainings: int = 0  # trainings started so far
    device: str = ""  # where it was trained last; of one that measures the best again, where it is to be
    deciding: str = ""  # digest of the deciding settings as the last training was started
    surroundings: dict[str, str] = field(factory=dict)  # digests, as the last training was started
    seal: str = ""  # digest of how the files of its checkout stood then
    voided: tuple[str, ...] = ()  # files that somebody touched during the last training of this commit
    device_class: str = ""  # of the device then
    slot: int = 0  # where it was trained last
    unscored: bool = False  # a training of it ended well, and what it left is not evaluated yet
    evaluations: int = 0  # started so far
    spent: Spent = Spent()  # by the last training
    printed: float | None = None  # what the last training said its number is
    stands_on: int | None = None  # a retracted iteration that its code, as it was trained, is made of
    measures: int | None = None  # the iteration of the best that it measures again; None: it tries something
    wanted: Conditions | None = None  # under which it is to be measured
    lost: int = 0  # jobs lost in a row
    fixes: int = 0  # crashes mended so far
    job: Job | None = None
    outcome: Outcome | Literal["not_applied"] | None = None
    reason: Reason | None = None  # of the outcome, or of a failed apply
    metric: float | None = None
    measured: Measured | None = None
    log_tail: str = ""

    @property
    def trains(self) -> bool:
        """Say whether a training of it runs."""
        return self.job is not None and self.job.step == "train"

    @property
    def holds_slot(self) -> bool:
        """Say whether its slot is taken: while it trains, and until what that left is evaluated."""
        return self.trains or self.unscored

    @property
    def conditions(self) -> Conditions:
        """Return under what its last training measured."""
        measured = self.measured or Measured()
        return Conditions(
            deciding=self.deciding,
            data_id=measured.data_id,
            device_class=self.device_class,
            device=measured.device,
            inputs=self.surroundings.get("inputs", ""),
            filters=self.surroundings.get("filters", ""),
            packages=self.surroundings.get("packages", ""),
        )


@frozen(kw_only=True)
class Best:
    """A kept candidate; the last one is what the next has to beat."""

    iteration: int
    commit: str
    tree: str
    base_commit: str = ""  # that it was made on; "": not known
    metric: float  # as it was measured last
    conditions: Conditions = Conditions()  # under which it was
    spent: Spent = Spent()
    elsewhere: tuple[Measurement, ...] = ()  # what it measured under others
    unmet: tuple[Conditions, ...] = ()  # under which it could not be measured, though that was tried

    def was_measured_with(self, deciding: str) -> bool:
        """Say whether it has a number under these deciding settings."""
        measured = (self.conditions, *(one.conditions for one in self.elsewhere))
        return any(one.deciding == deciding for one in measured)

    def under(self, conditions: Conditions) -> float | None:
        """Return what it measured under these conditions; None where it never was."""
        known = (Measurement(metric=self.metric, conditions=self.conditions), *self.elsewhere)
        return next((one.metric for one in known if one.conditions.agree(conditions)), None)


@frozen(kw_only=True)
class Retracted:
    """An iteration whose result is no longer believed."""

    iteration: int
    commit: str = ""  # that was kept; "": it was not
    base_commit: str = ""  # that this was made on


@frozen(kw_only=True)
class WaitingProposal:
    """A human's proposal that no iteration has used yet."""

    seq: int
    source: ProposalSource
    proposal: Proposal


@frozen(kw_only=True)
class DeferredCandidate:
    """A prepared candidate that gave way to a human's proposal, and is taken up before anybody is asked."""

    seq: int
    source: ProposalSource
    proposal: Proposal
    made: Made


@frozen(kw_only=True)
class PendingRequest:
    """A request, and how many of its loops are left."""

    request: Request
    loops_left: int


@define(kw_only=True)
class Setup:
    """What is known of files, data and tokenizer."""

    checked: bool = False
    ok: bool = False
    missing: tuple[Reason, ...] = ()
    preparable: bool = False
    data_id: str | None = None
    shared: tuple[str, ...] = ()  # paths of the user's checkout that train checkouts have links to
    inputs: tuple[str, ...] = ()  # files and folders outside of checkouts that results hang on
    python_path: tuple[str, ...] = ()  # folders of the checkout that trainings import from first
    libraries: tuple[str, ...] = ()  # folders that they import from beside these
    made: tuple[str, ...] = ()  # paths that prepare made, in the run's folder `prepared`: links, too
    outdated: bool = False  # the command that prepares is another one since
    preparations: int = 0  # started so far
    prepared: bool = False  # since the last request
    failure: Reason | None = None  # why the last preparation failed
    lost: int = 0  # preparations lost in a row
    job: Job | None = None


@frozen(kw_only=True)
class Counts:
    """How the closed iterations ended, the baseline not counted."""

    kept: int = 0
    discarded: int = 0
    crashed: int = 0  # crashed, timed_out, diverged, no_metric
    not_applied: int = 0
    retracted: int = 0  # that were kept before


@define(kw_only=True)
class RunState:
    """All that decides what comes next."""

    seq: int = 0
    run_id: str = ""
    branch: str = ""
    base_commit: str = ""
    base_tree: str = ""
    config: RunConfig = RunConfig()
    deciding: str = ""  # digest of those settings that decide; kept, since every training asks for it
    started_at: str = ""
    updated_at: str = ""
    requests: tuple[PendingRequest, ...] = ()
    set_aside: tuple[PendingRequest, ...] = ()  # until `resume`, for one that asks for no loops
    request: Request | None = None  # the last one, also when it is served
    setup: Setup = field(factory=Setup)
    keeps: tuple[Best, ...] = ()  # what was kept and not retracted, the baseline first
    retracted: tuple[Retracted, ...] = ()  # named by a human, or kept and retracted with what they stood on
    baseline: float | None = None
    baseline_failed: Outcome | None = None
    baseline_reason: Reason | None = None
    branch_commit: str = ""  # where this run left its branch
    adopted: str = ""  # the commit that a human brought into it last
    open: tuple[Iteration, ...] = ()  # by number
    last_iteration: int = -1
    waiting: tuple[WaitingProposal, ...] = ()
    deferred: tuple[DeferredCandidate, ...] = ()
    paused: Reason | None = None
    stop: Literal["after_stage", "now"] | None = None
    stopped: str | None = None  # how the run came to rest
    stopped_reason: Reason | None = None
    need_input: Reason | None = None
    agent_failures: int = 0  # in a row
    counts: Counts = Counts()
    completed: int = 0  # iterations closed, the baseline not counted
    runner: Process | None = None
    runner_mode: Literal["background", "foreground"] | None = None
    devices: tuple[str, ...] = ()  # of the runner that was started last
    device_classes: tuple[str, ...] = ()  # of each of them
    imported: str = ""  # what the results were read from, where they were not made here

    def iteration(self, number: int) -> Iteration | None:
        """Return the open iteration of this number."""
        for one in self.open:  # not next(): a generator for each event costs a fold 15 % (2026-11)
            if one.number == number:
                return one
        return None

    @property
    def best(self) -> Best | None:
        """Return the kept candidate that the next one has to beat."""
        return self.keeps[-1] if self.keeps else None

    @property
    def loops_left(self) -> int:
        """Return the loops that were asked for and are not done."""
        return sum(one.loops_left for one in (*self.set_aside, *self.requests))

    @property
    def slots(self) -> int:
        """Return how many trainings may run at once."""
        return self.config.slots or max(1, len(self.devices))

    def device(self, slot: int) -> str:
        """Return the device that a slot trains on; slots are dealt out over the devices in turn."""
        devices = self.devices or ("cpu",)
        return devices[(slot - 1) % len(devices)]

    def has(self, device: str) -> bool:
        """Say whether trainings are dealt out over this device, too."""
        return device in (self.devices or ("cpu",))

    def class_of(self, device: str) -> str:
        """Return what card a device is; "" where nobody says."""
        return dict(zip(self.devices, self.device_classes, strict=False)).get(device, "")

    def slots_on(self, device: str) -> int:
        """Return how many trainings may run on a device at once."""
        return sum(self.device(slot) == device for slot in range(1, self.slots + 1))

    @property
    def jobs(self) -> tuple[tuple[int, Job], ...]:
        """Return every running job with its iteration; prepare.py counts to iteration 0."""
        running = [(0, self.setup.job)] + [(one.number, one.job) for one in self.open]
        return tuple((number, job) for number, job in running if job is not None)


def free_slots(run: RunState) -> dict[str, int]:
    """Return the devices on which a training may be started, and the first free slot of each."""
    taken = {one.slot for one in run.open if one.holds_slot}
    free = [slot for slot in range(1, run.slots + 1) if slot not in taken]
    return {run.device(slot): slot for slot in reversed(free)}


def differing(ours: Conditions, theirs: Conditions) -> tuple[str, ...]:
    """Return in what two conditions do not agree, by the names of the fields."""
    known = [
        name
        for name in ("device_class", "device", "packages")
        if getattr(ours, name) and getattr(theirs, name)
    ]
    names = ("deciding", "data_id", "inputs", "filters", *known)  # of these, what only one says agrees
    return tuple(name for name in names if getattr(ours, name) != getattr(theirs, name))
