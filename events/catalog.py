"""Every event that can happen in a run, in the past tense, and the union that registers them.

An event is never edited, only succeeded: a changed class gets `VERSION + 1`, one upcaster, one golden line
and one schema file. What happened is said in values; a reason is a code with its inputs, and the sentence is
made in projections/wording.py, so that rewording one changes no history. Who may record an event, where it
may stand and what determines its fields: engine/core/event_rules.py. Iteration 0 is the baseline. Times of
appending are in the envelope (events/codec.py), not here.

Numbers count from 1: `preparation` those of a run; of an iteration, `change` each new state of its code
(applied, mended, brought to another base), `call` the questions to agents, `training` the trainings.
"""

from typing import ClassVar, Literal

from attrs import frozen

from autoresearch.events.settings import RunConfig
from autoresearch.events.values import (
    JobStep,
    LoopStage,
    Measured,
    Outcome,
    OutputDigest,
    Process,
    ProgressDigest,
    Proposal,
    ProposalSource,
    Reason,
    Request,
    Scalar,
    Usage,
)


# --- the run -----------------------------------------------------------------------------------


@frozen(kw_only=True)
class RunStarted:
    """A run was created: its branch, the commit it stands on, and all of its settings."""

    VERSION: ClassVar[int] = 1
    run_id: str
    branch: str
    base_commit: str
    base_tree: str
    config: RunConfig
    program_version: str


@frozen(kw_only=True)
class ConfigChanged:
    """The settings were found changed when the run was resumed."""

    VERSION: ClassVar[int] = 1
    config: RunConfig
    changed: tuple[str, ...]  # names of the settings that differ


@frozen(kw_only=True)
class LoopsRequested:
    """Somebody asked for loops, and said which stages they may do. Also ends a stop."""

    VERSION: ClassVar[int] = 1
    request: Request


@frozen(kw_only=True)
class RunResumed:
    """Somebody asked to go on with what is left. Ends a stop, a pause and a failed baseline."""

    VERSION: ClassVar[int] = 1


@frozen(kw_only=True)
class RunnerStarted:
    """A runner took the run; it holds the run's lock while it lives."""

    VERSION: ClassVar[int] = 1
    process: Process
    mode: Literal["background", "foreground"]
    program_version: str
    devices: tuple[str, ...]  # those that trainings are dealt out over, from the settings or the machine


@frozen(kw_only=True)
class RunPaused:
    """Nothing new is started until the run is unpaused; what runs goes on."""

    VERSION: ClassVar[int] = 1
    reason: Reason


@frozen(kw_only=True)
class RunUnpaused:
    """A human lifted the pause."""

    VERSION: ClassVar[int] = 1


@frozen(kw_only=True)
class StopRequested:
    """Somebody asked the runner to end after the current stage, or at once."""

    VERSION: ClassVar[int] = 1
    now: bool  # True: the running job is ended too


@frozen(kw_only=True)
class RunStopped:
    """The runner came to rest; `resume` goes on from here."""

    VERSION: ClassVar[int] = 1
    how: Literal["done", "stopped", "setup_incomplete", "baseline_failed", "blocked"]
    reason: Reason


@frozen(kw_only=True)
class NoteAdded:
    """A human or an agent wrote something down."""

    VERSION: ClassVar[int] = 1
    text: str


@frozen(kw_only=True)
class KeepAdopted:
    """A human brought a kept commit into the run's branch, which a keep had left where it was."""

    VERSION: ClassVar[int] = 1
    commit: str  # on which the branch stands now


@frozen(kw_only=True)
class RunCleaned:
    """A human removed what the run had left in the repository, beside its branch."""

    VERSION: ClassVar[int] = 1
    worktrees: int
    refs: int


# --- setup -------------------------------------------------------------------------------------


@frozen(kw_only=True)
class SetupChecked:
    """The files, the data and the tokenizer were looked at."""

    VERSION: ClassVar[int] = 1
    ok: bool
    missing: tuple[Reason, ...]  # what is missing, and where
    preparable: bool  # prepare.py may mend all that is missing
    data_id: str | None


@frozen(kw_only=True)
class PrepareStarted:
    """prepare.py was started as a job."""

    VERSION: ClassVar[int] = 1
    preparation: int
    command: tuple[str, ...]


@frozen(kw_only=True)
class PrepareFinished:
    """prepare.py ended."""

    VERSION: ClassVar[int] = 1
    preparation: int
    ok: bool
    reason: Reason | None  # None: ok
    seconds: float
    output: OutputDigest


# --- proposals ---------------------------------------------------------------------------------


@frozen(kw_only=True)
class ProposalReceived:
    """A human's proposal arrived and waits to be used."""

    VERSION: ClassVar[int] = 1
    source: ProposalSource  # file, drop or cli
    name: str  # the file it came in, or ""
    sha256: str  # of the bytes that came
    dropped_at: str  # when the file was last changed, RFC 3339; "" for a command
    proposal: Proposal


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

    VERSION: ClassVar[int] = 1
    iteration: int
    source: ProposalSource
    description: str  # of the proposal
    proposal: Proposal | None  # None: it stands where `received` says
    received: int | None  # seq of the ProposalReceived, or CandidateDeferred, that is used up


@frozen(kw_only=True)
class InputNeeded:
    """A proposer asked for a human: nothing is trained until a human's proposal arrives."""

    VERSION: ClassVar[int] = 1
    iteration: int
    question: Reason


# --- agents ------------------------------------------------------------------------------------


@frozen(kw_only=True)
class AgentAsked:
    """An agent was started as a job, to propose, to apply, or to look at a crash."""

    VERSION: ClassVar[int] = 1
    iteration: int
    step: Literal["propose", "apply", "triage"]
    call: int
    agent: str
    prompt_sha256: str


@frozen(kw_only=True)
class AgentAnswered:
    """An agent's job ended. `failed` covers missing, hung, non-zero, silent and nonsense."""

    VERSION: ClassVar[int] = 1
    iteration: int
    step: Literal["propose", "apply", "triage"]
    call: int
    agent: str
    outcome: Literal["ok", "failed", "cancelled"]
    reason: Reason | None  # None: ok
    seconds: float
    usage: Usage
    output: OutputDigest
    session_id: str | None
    model: str | None


# --- an iteration ------------------------------------------------------------------------------


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

    VERSION: ClassVar[int] = 1
    iteration: int
    change: int
    files: tuple[str, ...]
    insertions: int
    deletions: int
    diff_sha256: str


@frozen(kw_only=True)
class ChangeFailed:
    """The proposal could not be applied; the edit checkout was restored and nothing is trained."""

    VERSION: ClassVar[int] = 1
    iteration: int
    change: int
    reason: Reason


@frozen(kw_only=True)
class CandidateCommitted:
    """The candidate is a commit, reachable under its ref."""

    VERSION: ClassVar[int] = 1
    iteration: int
    change: int
    commit: str
    tree: str
    base_commit: str
    ref: str
    subject: str
    diff_sha256: str


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


@frozen(kw_only=True)
class TrainingStarted:
    """A training was started as a job, in one slot."""

    VERSION: ClassVar[int] = 1
    iteration: int
    training: int
    slot: int
    device: str  # as CUDA_VISIBLE_DEVICES names it, or "cpu"
    commit: str
    command: tuple[str, ...]
    deadline_s: float


@frozen(kw_only=True)
class TrainingFinished:
    """A training ended and its output was read."""

    VERSION: ClassVar[int] = 1
    iteration: int
    training: int
    outcome: Outcome
    reason: Reason | None  # why it did not succeed; of a success only what is odd about it
    metric: float | None
    exit_code: int | None
    signal: int | None
    started_at: str  # by the supervisor's clock, RFC 3339
    ended_at: str
    seconds: float
    measured: Measured
    output: OutputDigest
    progress: ProgressDigest | None


@frozen(kw_only=True)
class JobLost:
    """A job ended without a result by no fault of its own (reboot, kill, stop): it begins again."""

    VERSION: ClassVar[int] = 1
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

    VERSION: ClassVar[int] = 1
    iteration: int
    commit: str | None  # None: nothing was committed
    outcome: Outcome | Literal["not_applied"]
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
class IterationLeftOpen:
    """A request may not do the next stage: the iteration waits for one that may."""

    VERSION: ClassVar[int] = 1
    iteration: int
    next_stage: LoopStage


# --- runs of other programs ---------------------------------------------------------------------


@frozen(kw_only=True)
class RunImported:
    """The run was not made here: its results were read from what another program left."""

    VERSION: ClassVar[int] = 1
    source: Literal["results.tsv", "single-file-runner"]
    name: str  # of the table, or of the run folder
    sha256: str  # of the table, or of the folder's history.jsonl
    rows: int
    began_at: str | None  # None: the source does not say
    left_out: dict[str, str]  # number of an iteration that has no result -> its last stage, "" for none


@frozen(kw_only=True)
class ResultImported:
    """One row of an imported run: all that its source says of an iteration, and nothing more."""

    VERSION: ClassVar[int] = 1
    iteration: int
    commit: str | None  # as it stood there: often short, and perhaps unknown here
    metric: float | None  # None: there is no result
    memory_gb: float | None
    status: Literal["keep", "discard", "crash"]
    description: str
    proposal: Proposal | None
    proposed_by: ProposalSource | None
    reason: str  # of the verdict, or of a crash; "" where the source gives none
    training_s: float | None
    started_at: str | None
    ended_at: str | None
    log_tail: str
    as_given: str  # the row as it stood, where the fields above do not give it back; else ""


# --- the log itself ----------------------------------------------------------------------------


@frozen(kw_only=True)
class TailHealed:
    """Torn bytes at the end, never acknowledged, were closed off by the next writer."""

    VERSION: ClassVar[int] = 1
    offset: int  # of the first torn byte
    bytes: int
    sha256: str  # of the torn bytes


Event = (
    RunStarted
    | ConfigChanged
    | LoopsRequested
    | RunResumed
    | RunnerStarted
    | RunPaused
    | RunUnpaused
    | StopRequested
    | RunStopped
    | NoteAdded
    | KeepAdopted
    | RunCleaned
    | SetupChecked
    | PrepareStarted
    | PrepareFinished
    | ProposalReceived
    | ProposalRefused
    | ProposalChosen
    | InputNeeded
    | AgentAsked
    | AgentAnswered
    | IterationStarted
    | ChangeApplied
    | ChangeFailed
    | CandidateCommitted
    | BaseMoved
    | CandidateRebased
    | CandidateDeferred
    | TrainingStarted
    | TrainingFinished
    | JobLost
    | CrashTriaged
    | ResultRecorded
    | CandidateKept
    | CandidateDiscarded
    | IterationLeftOpen
    | TailHealed
    | RunImported
    | ResultImported
)
