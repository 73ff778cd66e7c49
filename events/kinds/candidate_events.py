"""How a candidate is made: proposals, agents, and the change until it is a commit."""

from typing import ClassVar, Literal

from attrs import frozen

from autoresearch.events.values import (
    AgentStep,
    LoopStage,
    OutputDigest,
    Proposal,
    ProposalSource,
    Reason,
    Usage,
)


FailureKind = Literal["transient", "limited", "permanent", "unusable", "silent"]


# --- proposals ---------------------------------------------------------------------------------


@frozen(kw_only=True)
class Without:
    """The change of a keep that a proposal takes out of the best again, tried on seeds of its own."""

    keep: int
    purpose: Literal["drop", "ablate"]  # it stays out where the best is no worse; or it is only measured
    repeats: tuple[int, ...]  # that it is trained in, and what it was made on with it


@frozen(kw_only=True)
class ProposalReceived:
    """A human's proposal arrived and waits to be used."""

    VERSION: ClassVar[int] = 2
    source: ProposalSource  # file, drop or cli
    name: str  # the file it came in, or ""
    sha256: str  # of the bytes that came
    dropped_at: str  # when the file was last changed, RFC 3339; "" for a command
    proposal: Proposal
    first: bool = False  # it goes before those that wait already
    without: Without | None = None  # None: it is an idea of its own


@frozen(kw_only=True)
class ProposalWithdrawn:
    """A proposal that waited was taken back; no iteration uses it."""

    VERSION: ClassVar[int] = 1
    received: int  # seq of its ProposalReceived


@frozen(kw_only=True)
class ProposalRefused:
    """A dropped file is no proposal; it lies in refused_proposals/ with the reason beside it."""

    VERSION: ClassVar[int] = 1
    name: str
    sha256: str
    reason: Reason


@frozen(kw_only=True)
class ProposalChosen:
    """An iteration got its proposal: a new one, or one that the log has already."""

    VERSION: ClassVar[int] = 2
    iteration: int
    source: ProposalSource
    description: str  # of the proposal
    proposal: Proposal | None  # None: it stands where `received` says
    received: int | None  # seq of the ProposalReceived, or CandidateDeferred, that is used up
    search: int = 0  # version of the search that found it; 0: the search did not


@frozen(kw_only=True)
class InputNeeded:
    """A proposer asked for a human: nothing is trained until a human's proposal arrives."""

    VERSION: ClassVar[int] = 1
    iteration: int
    question: Reason


# --- agents ------------------------------------------------------------------------------------


@frozen(kw_only=True)
class AgentAsked:
    """An agent was started as a job: to propose, apply, do both at once, look at a crash, or review."""

    VERSION: ClassVar[int] = 5
    iteration: int
    step: AgentStep
    call: int
    agent: str
    prompt_sha256: str
    sandbox: Literal["landlock", "none", "unknown"]  # what lets it write below its own checkout only
    guidance: str | None = ""  # the user's commit that it is from; "": from this code; None: not known


@frozen(kw_only=True)
class AgentFailure:
    """Why an agent gave no usable answer, and from when on it may be asked again.

    `transient`: the network or the service, overloaded; `limited`: a quota is used up; `permanent`: nothing
    but a human mends it; `unusable`: it answered, and that is no proposal or no change; `silent`: it was
    ended, since it did not come to an end.
    """

    kind: FailureKind
    retry_at: str  # RFC 3339; "": at once, or, of a permanent one, not before somebody resumes


@frozen(kw_only=True)
class AgentAnswered:
    """An agent's job ended. `failed` covers missing, hung, non-zero, silent and nonsense."""

    VERSION: ClassVar[int] = 4
    iteration: int
    step: AgentStep
    call: int
    agent: str
    outcome: Literal["ok", "failed", "cancelled"]
    reason: Reason | None  # None: ok
    failure: AgentFailure | None  # None: it did not fail, and of version 1
    seconds: float
    usage: Usage
    output: OutputDigest
    session_id: str | None
    model: str | None  # as the program reported it
    model_asked: str  # by the settings; "": the program's own choice
    agent_version: str  # of the program; "": not known
    prices: str  # digest of the table that the cost was estimated from; "": it was not
    answer_sha256: str | None = ""  # of the file that it wrote its answer to; "": none; None: not known


@frozen(kw_only=True)
class WaitEnded:
    """The time is over until which an agent that failed was not to be asked."""

    VERSION: ClassVar[int] = 1
    agent: str
    until: str  # as its failure named it
    now: str  # by the runner's clock


# --- questions of agents, which are notes to the human -----------------------------------------


@frozen(kw_only=True)
class QuestionAsked:
    """An agent asked for a human instead of proposing; the run goes on without the answer."""

    VERSION: ClassVar[int] = 1
    iteration: int
    agent: str
    question: str
    until: str  # RFC 3339: nothing new is proposed before then, or before the answer; "": it does not wait


@frozen(kw_only=True)
class QuestionAnswered:
    """A human answered a question in words; who proposes next reads both."""

    VERSION: ClassVar[int] = 1
    question: int  # seq of its QuestionAsked
    answer: str


@frozen(kw_only=True)
class QuestionTimedOut:
    """Nobody answered while the run waited; the question stays, and the run goes on."""

    VERSION: ClassVar[int] = 1
    question: int  # seq of its QuestionAsked
    until: str
    now: str  # by the runner's clock


# --- an iteration until it is trained ----------------------------------------------------------


@frozen(kw_only=True)
class IterationStarted:
    """An iteration was opened on the commit that was the best then."""

    VERSION: ClassVar[int] = 1
    iteration: int
    base_commit: str
    first_stage: LoopStage  # where it begins: propose, or train for the baseline


@frozen(kw_only=True)
class ChangeApplied:
    """The proposal was applied whole, in the run's edit checkout."""

    VERSION: ClassVar[int] = 2
    iteration: int
    change: int
    files: tuple[str, ...]
    insertions: int
    deletions: int
    diff_sha256: str
    put_back: tuple[str, ...] = ()  # files and folders that an agent left beside it


@frozen(kw_only=True)
class ChangeMissed:
    """The exact form of a proposal does not fit the files; an agent carries out its plan instead."""

    VERSION: ClassVar[int] = 1
    iteration: int
    change: int
    reason: Reason


@frozen(kw_only=True)
class ChangeFailed:
    """The proposal could not be applied; the edit checkout was restored and nothing is trained."""

    VERSION: ClassVar[int] = 1
    iteration: int
    change: int
    reason: Reason


@frozen(kw_only=True)
class CandidateCommitted:
    """The candidate is a commit, reachable under its ref.

    Of what is editable there is a digest that comments, formatting and seeds leave alone.
    """

    VERSION: ClassVar[int] = 2
    iteration: int
    change: int
    commit: str
    tree: str
    base_commit: str
    ref: str
    subject: str
    diff_sha256: str
    code_sha256: str  # of its code; "": not known
    base_code_sha256: str  # of its base's


@frozen(kw_only=True)
class BaseMoved:
    """Another candidate became the best while this one was prepared: that one is its base now."""

    VERSION: ClassVar[int] = 1
    iteration: int
    base_commit: str  # the new one
    best_iteration: int
    old_base: str
    commit: str | None  # what was made on the old base, to be rebased; None: nothing yet


@frozen(kw_only=True)
class CandidateRebased:
    """A change that was made on another base was brought to this one, or could not be.

    `reapplied`: its exact form was applied again; `merged`: three ways; `empty`: the base has it already;
    `conflict`: it was thrown away, and is made anew where somebody can.
    """

    VERSION: ClassVar[int] = 1
    iteration: int
    change: int
    base_commit: str
    commit: str  # what was rebased
    made_on: str  # its own base
    how: Literal["reapplied", "merged", "empty", "conflict"]
    reason: Reason | None  # of a conflict


@frozen(kw_only=True)
class CandidateDeferred:
    """A prepared candidate gave way to a human's proposal; the next free iteration takes it up."""

    VERSION: ClassVar[int] = 1
    iteration: int
    change: int
    commit: str
    base_commit: str
    source: ProposalSource
    description: str  # of its proposal
    chosen: int  # seq of the ProposalChosen that gave it its proposal


CandidateEvent = (
    ProposalReceived
    | ProposalWithdrawn
    | ProposalRefused
    | ProposalChosen
    | InputNeeded
    | AgentAsked
    | AgentAnswered
    | WaitEnded
    | QuestionAsked
    | QuestionAnswered
    | QuestionTimedOut
    | IterationStarted
    | ChangeApplied
    | ChangeMissed
    | ChangeFailed
    | CandidateCommitted
    | BaseMoved
    | CandidateRebased
    | CandidateDeferred
)
