"""What a run's state is made of; projections/reducers/run.py says how events change it.

What changes with most events is not frozen: copying it costs most of a long fold. Only reducers change it,
and only a copy of their own; a test holds that nobody else does.
"""

from typing import Literal

from attrs import define, field, frozen

from autoresearch.events.clock import passed
from autoresearch.events.kinds.candidate_events import Without
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import (
    AROUND,
    COMPARED,
    Best,
    Conditions,
    Consolidated,
    CurvePoint,
    Ended,
    JobStep,
    LoopStage,
    Measured,
    Process,
    Proposal,
    ProposalSource,
    Reason,
    Request,
    Retracted,
    Score,
    Spent,
)
from autoresearch.projections.agent_health import AgentHealth, Question
from autoresearch.projections.belief import Curve, Gain, KnownCode, Learned, Sealed, TakenOut
from autoresearch.projections.parts.backlog import Backlog
from autoresearch.projections.parts.costs import Costs
from autoresearch.projections.parts.counts import Counts
from autoresearch.projections.parts.limits import Budgets, Ends, Limits
from autoresearch.projections.parts.proposers import Proposers
from autoresearch.projections.parts.reviews import Approval, Review


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


@define(kw_only=True)
class Iteration:
    """An open iteration: how far it came, and what it carries."""

    number: int
    base_commit: str
    next_stage: LoopStage
    since: str  # when it entered this stage
    proposal: Proposal | None = None
    source: ProposalSource | None = None
    without: Without | None = None  # the keep whose change it takes out again
    chosen: int = 0  # seq of the event that gave it its proposal
    change: int = 1  # grows with each mended crash and each new base
    diff_sha256: str = ""
    code: str = ""  # digest of what is editable, but for comments, formatting and seeds; "": not known
    base_code: str = ""  # that of its base
    commit: str | None = None
    tree: str | None = None
    made: Made | None = None  # what is to be rebased
    conflict: Conflict | None = None  # what could not be
    missed: Reason | None = None  # why the exact form of its proposal does not fit: an agent makes the change
    calls: int = 0  # agents asked so far, over all steps
    agent: str = ""  # the one asked last, but for a review
    asked: str = ""  # the agent that is asked for its proposal, until there is one
    proposer: str = ""  # whose its proposal is: an agent, "search" or "human"; "": nobody proposed it
    gave_up: tuple[str, ...] = ()  # agents that failed to propose, or only ask: the next one is asked
    asks: bool = False  # the agent asked a human instead of proposing, and nobody has answered
    tries: int = 0  # of an agent at this stage, that failed
    trouble: Reason | None = None  # why the last of them could not be used
    trainings: int = 0  # trainings started so far
    repeat: int = 1  # of the last training
    scores: tuple[Score, ...] = ()  # of its commit
    device: str = ""  # where it was trained last; of one that measures the best again, where it is to be
    deciding: str = ""  # digest of the deciding settings as the last training was started
    trained_as: str = ""  # the same, but for those of the metric: what it printed may be read again
    compare_on: tuple[str, ...] = COMPARED  # one of these
    surroundings: dict[str, str] = field(factory=dict)  # of the last training, as it was started
    seal: str = ""  # digest of how the files of its checkout stood then
    voided: tuple[str, ...] = ()  # files that somebody touched during the last training of this commit
    device_class: str = ""  # of the device then
    slot: int = 0  # where it was trained last
    curve: Curve | None = None  # of its first training, where losers are to be stopped
    behind: tuple[CurvePoint, ...] = ()  # of its base's curve: the training that runs, or ran last, is ended
    bound: float = 0.0  # that it lay beyond
    unscored: bool = False  # a training of it ended well, and what it left is not evaluated yet
    evaluations: int = 0  # started so far
    looks: int = 0  # at the holdout, started so far
    checks: int = 0  # of guards that are commands, started so far
    guard_asked: str = ""  # the one whose command was started last
    guards_held: tuple[str, ...] = ()  # on its commit
    guard_reason: Reason | None = None  # why that does not hold
    review: Review = Review()  # of its commit, by a second agent
    approval: Approval = Approval()  # of its commit, by a human
    spent: Spent = Spent()  # by the last training
    took_s: float = 0.0  # with its evaluation
    printed: float | None = None  # what the last training said its number is
    stands_on: int | None = None  # a retracted iteration that its code, as it was trained, is made of
    measures: int | None = None  # the kept iteration that it measures again; None: it tries something
    repeats: tuple[int, ...] = ()  # of that, which are to be measured
    wanted: Conditions | None = None  # under which it is to be measured
    lost: int = 0  # jobs lost in a row
    unseen: int = 0  # trainings in a row that lost their supervisor alone: nothing else ended them
    fixes: int = 0  # crashes mended so far
    job: Job | None = None
    outcome: Ended | Literal["not_applied"] | None = None
    reason: Reason | None = None  # of the outcome, or of a failed apply
    metric: float | None = None
    measured: Measured | None = None
    also: dict[str, tuple[float, ...]] = field(factory=dict)  # what its trainings printed beside the metric
    log_tail: str = ""

    @property
    def trains(self) -> bool:
        """Say whether a training of it runs."""
        return self.job is not None and self.job.step == "train"

    @property
    def holds_slot(self) -> bool:
        """Say whether its slot is taken: while it trains, and until what that left is evaluated."""
        return self.unscored or (self.job is not None and self.job.step in ("train", "guard", "holdout"))

    @property
    def conditions(self) -> Conditions:
        """Return under what its last training measured."""
        measured = self.measured or Measured()
        return Conditions(
            deciding=self.deciding,
            on=self.compare_on,
            data_id=measured.data_id,
            device_class=self.device_class,
            device=measured.device,
            **{name: self.surroundings.get(name, "") for name in AROUND},
        )


@frozen(kw_only=True)
class WaitingProposal:
    """A human's proposal that no iteration has used yet."""

    seq: int
    source: ProposalSource
    proposal: Proposal
    without: Without | None = None


@frozen(kw_only=True)
class DeferredCandidate:
    """A prepared candidate that gave way to a human's proposal, and is taken up before anybody is asked."""

    seq: int
    source: ProposalSource
    proposal: Proposal
    proposer: str
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
    stale: bool = False  # a runner was started since it was looked at
    missing: tuple[Reason, ...] = ()
    preparable: bool = False
    data_id: str | None = None
    shared: tuple[str, ...] = ()  # paths of the user's checkout that train checkouts have links to
    inputs: tuple[str, ...] = ()  # files and folders outside of checkouts that results hang on
    python_path: tuple[str, ...] = ()  # folders of the checkout that trainings import from first
    libraries: tuple[str, ...] = ()  # folders that they import from beside these
    interpreter: tuple[str, ...] = ()  # what `{python}` stands for; none: autoresearch's own
    interpreter_from: str = ""  # where it was found
    versions: dict[str, str] = field(factory=dict)  # of the interpreter that trains, and its torch
    made: tuple[str, ...] = ()  # paths that prepare made, in the run's folder `prepared`: links, too
    outdated: bool = False  # the command that prepares is another one since
    preparations: int = 0  # started so far
    prepared: bool = False  # since the last request
    failure: Reason | None = None  # why the last preparation failed
    lost: int = 0  # preparations lost in a row
    job: Job | None = None


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
    trained_as: str = ""  # the same, but for those of the metric
    started_at: str = ""
    updated_at: str = ""
    requests: tuple[PendingRequest, ...] = ()
    set_aside: tuple[PendingRequest, ...] = ()  # until `resume`, for one that asks for no loops
    ends_aside: Ends | None = None  # of these, while one is served that is alone
    request: Request | None = None  # the last one, also when it is served
    setup: Setup = field(factory=Setup)
    keeps: tuple[Best, ...] = ()  # what was kept and not retracted, the baseline first
    retracted: tuple[Retracted, ...] = ()  # named by a human, or kept and retracted with what they stood on
    known: tuple[KnownCode, ...] = ()  # code that was measured, the oldest first
    known_under: Conditions = Conditions()  # all of it
    answered: int = 0  # candidates of agents in a row that were known code
    learned: Learned = Learned()
    curves: tuple[Curve, ...] = ()  # of the keep that was kept last, under different conditions
    last_repeat: int = 0  # the highest that anything was trained in
    final_left: int = 0  # fresh seeds on which the gain is to be measured when no loop is left
    final_again: bool = False  # also where that of this best was stated before
    final_repeats: tuple[int, ...] = ()  # of the final that is under way
    gain: Gain | None = None  # of the best, as it was stated last
    consolidate_left: int = 0  # fresh seeds on which the keeps are to be compared when no loop is left
    consolidate_again: bool = False  # also those of which it was stated before
    consolidate_repeats: tuple[int, ...] = ()  # of that, where it is under way
    consolidated: tuple[Consolidated, ...] = ()  # of what is kept, as it was stated last
    taken_out: tuple[TakenOut, ...] = ()  # of what is kept: its code is a part of the best no more
    holdout: tuple[Sealed, ...] = ()  # in the order in which it was scored
    looks: int = 0  # at the holdout, in all runs of the repository that were known then
    baseline: float | None = None
    baseline_failed: Ended | None = None
    baseline_reason: Reason | None = None
    branch_commit: str = ""  # where this run left its branch
    adopted: str = ""  # the commit that a human brought into it last
    open: tuple[Iteration, ...] = ()  # by number
    last_iteration: int = -1
    waiting: tuple[WaitingProposal, ...] = ()
    deferred: tuple[DeferredCandidate, ...] = ()
    limits: Limits = Limits()
    budgets: Budgets = Budgets()
    costs: Costs = Costs()  # of all calls of agents
    proposers: Proposers = ()  # what each who proposes has done, by name
    without_keep: int = 0  # ideas in a row, since a human resumed
    crashes: int = 0  # the same
    device_s: float = 0.0  # seconds that trainings and evaluations took, all together
    takes_s: float = 0.0  # seconds that the base took for a training and its evaluation; 0: not known
    paused: Reason | None = None
    stop: Literal["after_stage", "now"] | None = None
    stopped: str | None = None  # how the run came to rest
    stopped_at: str = ""  # when it did last
    rested_s: float = 0.0  # from such stops to what it was asked for next, all together
    stopped_reason: Reason | None = None
    touched: Reason | None = None  # what no training may touch was, since a human looked last
    baseline_guard: Reason | None = None  # which one the baseline failed, since a human looked last
    baseline_outside: Reason | None = None  # of which guard's bound a number of the baseline is
    need_input: Reason | None = None
    agent_failures: int = 0  # in a row
    not_applied: int = 0  # changes in a row that an agent proposed or made
    agents: tuple[AgentHealth, ...] = ()  # that were asked
    # Of each program alone, as before 2026-11-27: until a later program asks (AgentAsked v5).
    health_by_program: bool = True
    questions: tuple[Question, ...] = ()  # of agents to the human, the newest
    backlog: Backlog = Backlog()  # of ideas for later, and lessons
    unreviewed: tuple[int, ...] = ()  # iterations that go on, or went, without the review that was to be had
    counts: Counts = Counts()
    comparisons: int = 0  # of a candidate's number with that of its base, over all verdicts and their repeats
    completed: int = 0  # iterations closed, the baseline not counted
    runner: Process | None = None
    runner_mode: Literal["background", "foreground"] | None = None
    devices: tuple[str, ...] = ()  # of the runner that was started last
    device_classes: tuple[str, ...] = ()  # of each of them
    driver: str = ""  # of its cards
    landlock: int = 0  # of its kernel
    decides: int = 1  # by which rules it does
    forked: str = ""  # the run that it begins with the results of
    seeded_by: str = ""  # the run by whose id its seeds are drawn
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

    def rested_until(self, now: str) -> float:
        """Return how long the run was at rest up to now: nobody waited for anything then."""
        if self.stopped is None:
            return self.rested_s
        return self.rested_s + passed(self.stopped_at, now)

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
    def told(self) -> dict[str, str]:
        """Return the conditions of a training that are known before it; what is not known is left out."""
        found = {"data": self.setup.data_id or "", "driver": self.driver, **self.setup.versions}
        return {name: said for name, said in found.items() if said}

    @property
    def jobs(self) -> tuple[tuple[int, Job], ...]:
        """Return every running job with its iteration; prepare.py counts to iteration 0."""
        running = [(0, self.setup.job)] + [(one.number, one.job) for one in self.open]
        return tuple((number, job) for number, job in running if job is not None)


def free_slots(run: RunState) -> dict[str, int]:
    """Return the devices on which a training may be started, and the first free slot of each."""
    taken = {one.slot for one in run.open if one.holds_slot}
    return {run.device(slot): slot for slot in range(run.slots, 0, -1) if slot not in taken}
