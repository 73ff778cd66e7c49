"""The value objects that events are made of.

Knows nothing of events, files or processes. Fields hold only what JSON can say, tuples, and other values.
"""

import re
from typing import ClassVar, Literal

from attrs import evolve as replace
from attrs import field, frozen


Scalar = str | int | float | bool | None

LoopStage = Literal["propose", "apply", "commit", "train", "triage", "record", "decide"]
TopStage = Literal["setup", "baseline", "loop"]
Purpose = Literal["verdict", "final", "consolidate"]  # of measuring once more what was kept
AgentStep = Literal["propose", "apply", "edit", "triage", "review"]
JobStep = Literal["prepare", AgentStep, "train", "evaluate", "guard", "holdout"]
Outcome = Literal["succeeded", "crashed", "timed_out", "diverged", "no_metric", "tampered"]
Ended = Outcome | Literal["stopped_early"]  # of a training: what it left does not say that it was stopped
ProposalSource = Literal["file", "drop", "cli", "agent", "search", "worktree", "baseline"]
RowVerdict = Literal["keep", "discard", "crash", "not_applied", "remeasured", "dropped"]

ON_DEVICE: tuple[JobStep, ...] = ("train", "evaluate", "guard", "holdout")  # these take a place there
IMPORTED = "imported"  # the rule of a verdict that another program took
KNOWN_CODE = "known_code"  # the rule of what was not trained, since its code was measured already
VETOES = ("vetoed", "not_approved")  # the rules of what somebody who looked at it did not let pass
UNTRAINED = (KNOWN_CODE, *VETOES)  # the rules of what may have no result
LOOP_STAGES: tuple[LoopStage, ...] = ("propose", "apply", "commit", "train", "triage", "record", "decide")
TOP_STAGES: tuple[TopStage, ...] = ("setup", "baseline", "loop")
OPEN_END = 10**6  # loops of a request that only its limits end

# Control characters, line ends that only Unicode knows, and what turns the direction of text.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")


@frozen(kw_only=True)
class Reason:
    """Why something is so: a code and its inputs, which are compared, and what somebody else said of it.

    `code` is one of projections/words/sentences.py; `said` came from outside (an agent, git, a log) as it is.
    """

    code: str
    inputs: dict[str, Scalar] = field(factory=dict)
    said: str = ""


def why(code: str, said: str = "", **inputs: Scalar) -> Reason:
    """Return a reason; its inputs are named as in its sentence."""
    return Reason(code=code, inputs=inputs, said=said)


def because(code: str, inner: Reason, **inputs: Scalar) -> Reason:
    """Return a reason that rests on another one, whose sentence fills `{because}` in its own."""
    assert "because" not in inner.inputs  # one step deep: all inputs lie side by side
    return Reason(code=code, inputs=inner.inputs | inputs | {"because": inner.code}, said=inner.said)


@frozen(kw_only=True)
class Edit:
    """Replace the one occurrence of `search` in `file` by `replace`."""

    file: str
    search: str
    replace: str


@frozen(kw_only=True)
class Proposal:
    """One proposed change: four strings for people, and at most one form a machine can apply.

    With none of `set`, `edits` and `patch`, the `change_plan` is prose and needs an agent to apply it.
    """

    status: Literal["ok", "need_input"]
    description: str
    change_plan: str
    commit_description: str
    set: dict[str, Scalar] = field(factory=dict)  # constant of an editable file -> its new value
    edits: tuple[Edit, ...] = ()
    patch: str | None = None  # a unified diff
    hypothesis: str = ""  # why it may help
    expected: str = ""  # what its result may be
    other: dict[str, str] = field(factory=dict)  # keys that mean nothing here, and the JSON of their values

    @property
    def is_prose(self) -> bool:
        """Say whether only an agent can apply this proposal."""
        return not self.set and not self.edits and self.patch is None


@frozen(kw_only=True)
class Request:
    """What one `start` or `resume` asked for: how many loops, and which stages they may do."""

    VALUE_VERSION: ClassVar[int] = 5
    loops: int  # OPEN_END: as many as its limits let
    stages: tuple[TopStage, ...] = TOP_STAGES
    loop_stages: tuple[LoopStage, ...] = LOOP_STAGES
    stochastic: bool = True  # False: no agent is asked, the seeded search proposes
    auto_prepare: bool = True
    agent: str = "none"  # resolved: an adapter, with a model as "codex:gpt-5.5"; or "search", or "none"
    others: tuple[str, ...] = ()  # that take turns with it, as they are listed
    agent_found: str = ""  # why that one, as in FOUND of projections/words/wording.py; "": not known
    timeout_s: float = 0.0  # deadline of each of its trainings; 0: as the settings say
    prefetch: int = 0  # iterations that are prepared while another one trains
    final: int = 0  # fresh seeds on which best and baseline are compared when no loop is left; 0: none
    consolidate: int = 0  # fresh seeds on which each keep is compared with the one before it; 0: none
    until: str = ""  # nothing is begun that would not end before it, and nothing runs after it; "": no limit
    max_trainings: int = 0  # that are begun from this request on; 0: no limit
    # Of the whole run, until another request names another one; 0: as before it.
    max_cost_usd: float = 0.0  # of agents
    max_tokens: int = 0  # of agents
    max_device_hours: float = 0.0  # of trainings and evaluations
    no_keep_for: int = 0  # ideas in a row that are not kept
    crashes_in_a_row: int = 0
    alone: bool = False  # what was asked for before it waits until somebody resumes the run
    anew: bool = False  # what it measures is stated again, also where as much was left to measure before

    @property
    def asks_agent(self) -> bool:
        """Say whether an agent is asked for anything."""
        return self.stochastic and self.agent != "none"


@frozen(kw_only=True)
class Process:
    """A process that can be told from a later one that has the same pid."""

    pid: int
    started: int  # clock ticks after boot, from /proc/<pid>/stat; elsewhere epoch milliseconds
    boot_id: str


@frozen(kw_only=True)
class Usage:
    """What one call of an agent cost; None where the agent did not say."""

    input_uncached: int | None = None
    input_cached: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cost_usd: float | None = None
    cost_basis: Literal["reported", "estimated", "unknown"] = "unknown"


@frozen(kw_only=True)
class Measured:
    """What a training said of itself, beside the metric; None where it did not."""

    peak_vram_mb: float | None = None  # MiB
    training_seconds: float | None = None
    total_seconds: float | None = None
    num_steps: int | None = None
    data_id: str | None = None  # results with different data_ids are not comparable
    seed: int | None = None
    device: str | None = None
    threads: int | None = None
    torch_version: str | None = None


@frozen(kw_only=True)
class Printed:
    """The different numbers that one output gave for the metric, where it gave several."""

    count: int  # at most 1,000 are told apart
    least: float
    most: float
    ranks: int  # that said which they are, and printed one


@frozen(kw_only=True)
class ProgressDigest:
    """The sealed progress.jsonl of one training: its numbers are not repeated in the history."""

    sha256: str
    lines: int
    points: tuple[tuple[float, float], ...] = ()  # about 60 of (percent, loss)


@frozen(kw_only=True)
class CurvePoint:
    """What a training and its base had at one point of their progress."""

    percent: float  # at the end of the part of the budget over which both are means
    loss: float
    base_loss: float


@frozen(kw_only=True)
class OutputDigest:
    """The sealed output.log of one job, and its end, cut to a few kilobytes."""

    bytes: int
    sha256: str
    tail: str


# What each result carries beside the deciding settings, by its name in `compare_on`, and what that is.
CONDITIONS = {
    "data": "the `data_id` that the training names, and what the check names at each start of a runner",
    "inputs": "a digest of the files of `inputs` and `shared`, what the check names, and what `prepare` made",
    "filters": "a digest of git's filters and attributes that stand in no commit",
    "packages": "digests of what the training's interpreter can import beside the checkout, of programs that "
    "`train` and `evaluate` name outside it, of git, and of the runner's variables that libraries read or "
    "scripts name",
    "device": "the kind of device, as the machine and as the training name it",
    "python": "the version of the training's interpreter",
    "torch": "the version of the torch that it would import",
    "threads": "the threads that a training is given: OMP_NUM_THREADS, else the CPUs that it may use",
    "driver": "the version of the graphics cards' driver",
}
COMPARED = tuple(name for name in CONDITIONS if name != "driver")
AROUND = tuple(name for name in CONDITIONS if name != "device")  # known before a training: in its start
LOOKED_AT = {"data": ("data_id", "data"), "device": ("device_class", "device")}  # the others: at themselves
FAR_TIMES, FAR_S = 1.5, 10.0  # what is far more; of what takes seconds alone, chance may be the reason
STRICT = frozenset({"deciding", "data_id", "inputs", "filters"})  # of the others, what only one says agrees


@frozen(kw_only=True)
class Conditions:
    """Under which a result was measured; "" is not known. Two are compared only where they agree."""

    deciding: str = ""  # digest of the deciding settings, as the training was started
    on: tuple[str, ...] = COMPARED  # what these settings compare on: one of them, so the same on both sides
    data_id: str | None = None  # as the training says
    data: str = ""  # as the check of setup said before it
    device_class: str = ""  # as the machine has it
    device: str | None = None  # as the training names it
    inputs: str = ""  # digest of the files outside the checkout
    filters: str = ""  # digest of git's filters that stand in no commit
    packages: str = ""  # digest of what is installed, and behind "-" that of the environment
    python: str = ""  # version of the interpreter that trains
    torch: str = ""  # version of what that would import
    threads: str = ""  # that the training was given, whatever it takes
    driver: str = ""  # version of the cards' driver

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
        return max((ours / theirs for _, ours, theirs in self._pairs(other)), default=0.0)

    def far_beyond(self, other: "Spent") -> tuple[str, float] | None:
        """Return of what it took far more than another one did, and how many times that; None: of neither."""
        found = [
            (ours / theirs, kind)
            for kind, ours, theirs in self._pairs(other)
            if ours > theirs * FAR_TIMES and ours > theirs + FAR_S
        ]
        return max(found)[::-1] if found else None

    def _pairs(self, other: "Spent") -> list[tuple[str, float, float]]:
        cpu = self.cpu_seconds or 0.0, other.cpu_seconds or 0.0
        return [pair for pair in (("wall", self.seconds, other.seconds), ("CPU", *cpu)) if pair[2] > 0]


@frozen(kw_only=True)
class Score:
    """The number of one training: of which repeat, under which conditions."""

    metric: float
    repeat: int = 1  # of its commit: repeats of one number are trained under one seed
    conditions: Conditions = Conditions()
    spent: Spent = Spent()


def with_score(scores: tuple[Score, ...], score: Score) -> tuple[Score, ...]:
    """Return the scores of a candidate with one more; those under other conditions are not its any more."""
    agreeing = (one for one in scores if one.conditions.agree(score.conditions))
    return (*(one for one in agreeing if one.repeat != score.repeat), score)


def mean_of(scores: tuple[Score, ...]) -> float | None:
    """Return the mean of some scores; None of none."""
    numbers = {one.metric for one in scores}  # of equal ones the sum, divided, may be off by its last bit
    return sum(one.metric for one in scores) / len(scores) if len(numbers) > 1 else next(iter(numbers), None)


@frozen(kw_only=True)
class Best:
    """A kept candidate, and what it measured; the last one is what the next has to beat."""

    iteration: int
    commit: str
    tree: str
    base_commit: str = ""  # that it was made on; "": not known
    scores: tuple[Score, ...]  # under any conditions, the newest last; at least one
    unmet: tuple[Conditions, ...] = ()  # under which it could not be measured, though that was tried

    @property
    def conditions(self) -> Conditions:
        """Return under what it was measured last."""
        return self.scores[-1].conditions

    @property
    def spent(self) -> Spent:
        """Return what its last training took."""
        return self.scores[-1].spent

    def spent_under(self, conditions: Conditions) -> Spent:
        """Return what its last training under these conditions took; of none, nothing."""
        there = [one.spent for one in self.scores if one.conditions.agree(conditions)]
        return there[-1] if there else Spent()

    @property
    def metric(self) -> float:
        """Return the mean of what it measured under the conditions of its last training."""
        there = self.under(self.conditions)
        return sum(there.values()) / len(there)

    @property
    def elsewhere(self) -> tuple[Score, ...]:
        """Return what it measured under other conditions than its last."""
        return tuple(one for one in self.scores if not one.conditions.agree(self.conditions))

    def was_measured_with(self, deciding: str) -> bool:
        """Say whether it has a number under these deciding settings."""
        return any(one.conditions.deciding == deciding for one in self.scores)

    def under(self, conditions: Conditions) -> dict[int, float]:
        """Return what it measured under these conditions, by repeat; empty where it never was."""
        return {one.repeat: one.metric for one in self.scores if one.conditions.agree(conditions)}

    def with_scores(self, scores: tuple[Score, ...]) -> "Best":
        """Return it with more scores; of what it has already, what was measured first stays."""
        new = tuple(one for one in scores if one.repeat not in self.under(one.conditions))
        return replace(self, scores=(*self.scores, *new))


@frozen(kw_only=True)
class Consolidated:
    """What a keep gains on seeds that nothing was chosen by: on the keep before it, or beside the others."""

    iteration: int
    base: int  # the keep that it was compared with; a later one: the best without it
    pairs: int
    gain: float  # the mean over the pairs; above 0 is better
    half_width: float | None  # of its 95 % interval; None: too few numbers for one
    verdict: Literal["confirmed", "doubtful"]  # whether the whole interval lies above 0


@frozen(kw_only=True)
class Retracted:
    """An iteration whose result is no longer believed."""

    iteration: int
    commit: str = ""  # that was kept; "": it was not
    base_commit: str = ""  # that this was made on


def differing(ours: Conditions, theirs: Conditions) -> tuple[str, ...]:
    """Return in what two conditions do not agree, of those that decide, by the names of the fields."""
    known = (one for one in ours.on if one in CONDITIONS)  # a later program may know more
    names = ["deciding", *(name for one in known for name in LOOKED_AT.get(one, (one,)))]
    pairs = [(name, getattr(ours, name), getattr(theirs, name)) for name in names]
    return tuple(name for name, one, other in pairs if one != other and (name in STRICT or (one and other)))
