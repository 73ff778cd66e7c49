"""What happens to a run as a whole: its requests, its runner, its setup, its log, and an import of it."""

from typing import ClassVar, Literal

from attrs import frozen

from autoresearch.events.settings import RunConfig
from autoresearch.events.values import (
    Best,
    Ended,
    OutputDigest,
    Process,
    Proposal,
    ProposalSource,
    Reason,
    Request,
    Retracted,
    RowVerdict,
    Scalar,
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

    VERSION: ClassVar[int] = 2
    ends_rests: bool = True  # agents that rest until a time are asked at once; not so in version 1


@frozen(kw_only=True)
class RunnerStarted:
    """A runner took the run; it holds the run's lock while it lives."""

    VERSION: ClassVar[int] = 3
    process: Process
    mode: Literal["background", "foreground"]
    program_version: str
    devices: tuple[str, ...]  # those that trainings are dealt out over, from the settings or the machine
    device_classes: tuple[str, ...]  # of each, what card it is, or cpu; "": nobody says, and in version 1
    driver: str  # version of the cards' driver; "": there are none, or nobody says
    landlock: int  # version of what can hold agents to their checkouts; 0: this kernel has none
    decides: int  # by which rules, as RULES of engine/core/decider.py counts them; 1 up to version 2


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
class TimeRanOut:
    """The time that a request may take is too short for one more training, or over."""

    VERSION: ClassVar[int] = 1
    until: str  # the limit that was asked for
    now: str  # by the runner's clock
    left: Literal["too_little", "none"]  # none: what runs is ended
    needed_s: float  # that one more training and the measurement at the end take; 0: nothing is asked


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
class ResultRetracted:
    """A human took the result of an iteration back: it is no longer kept, and no longer believed."""

    VERSION: ClassVar[int] = 1
    iteration: int
    why: str  # as it was given
    with_descendants: bool  # and of all that was made of its code


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

    VERSION: ClassVar[int] = 3
    ok: bool
    missing: tuple[Reason, ...]  # what is missing, and where
    preparable: bool  # prepare.py may mend all that is missing
    data_id: str | None
    shared: tuple[str, ...]  # paths of the user's checkout that every train checkout has a link to
    inputs: tuple[str, ...]  # files and folders outside of checkouts that results hang on
    python_path: tuple[str, ...]  # folders of the checkout that trainings import from before anything else
    libraries: tuple[str, ...]  # folders that they import from beside these
    interpreter: tuple[str, ...]  # what `{python}` stands for; none: autoresearch's own
    interpreter_from: str  # which that is: setting, uv, venv, active, conda, poetry, runner
    versions: dict[str, str]  # of the training's interpreter, `python`, and of its `torch`, where known


@frozen(kw_only=True)
class PrepareStarted:
    """prepare.py was started as a job."""

    VERSION: ClassVar[int] = 1
    preparation: int
    command: tuple[str, ...]


@frozen(kw_only=True)
class PrepareFinished:
    """prepare.py ended."""

    VERSION: ClassVar[int] = 2
    preparation: int
    ok: bool
    reason: Reason | None  # None: ok
    seconds: float
    output: OutputDigest
    made: tuple[str, ...]  # paths that it made in its checkout; every train checkout has a link to each


# --- a run that begins with another one's results ----------------------------------------------


@frozen(kw_only=True)
class RunForked:
    """The run begins where another one stood right after one of its records; its results follow."""

    VERSION: ClassVar[int] = 1
    source: str  # the run's id
    seq: int  # of that record
    head: str  # its hash: with it the whole history up to there is meant
    seeded_by: str  # the run by whose id its seeds are drawn: what is compared has the same ones
    last_repeat: int  # the highest that anything was trained in
    keeps: tuple[Best, ...]  # that were kept then, the baseline first and the best last; some may be left out
    retracted: tuple[Retracted, ...]
    rows: int  # results that are inherited


@frozen(kw_only=True)
class ResultInherited:
    """One iteration of the run that this one was forked from, as it stood there."""

    VERSION: ClassVar[int] = 3
    iteration: int
    started_at: str | None
    base_commit: str
    closed_at: str | None
    source: ProposalSource | None
    description: str
    settings: dict[str, Scalar]  # what the proposal set
    commit: str | None
    insertions: int
    deletions: int
    trainings: int
    outcome: Ended | Literal["not_applied"] | None
    metric: float | None
    memory_gb: float
    training_s: float | None
    also: dict[str, float]  # what its last training printed beside the metric
    cpu_s: float | None
    cost_usd: float | None
    unpriced: int  # agent calls whose cost is not known
    recorded: bool
    verdict: RowVerdict
    rule: str  # of the verdict
    inputs: dict[str, Scalar]  # of the rule
    reason: Reason | None
    retracted: str | None  # why its result was taken back; None: it was not
    agent: str = ""  # that proposed it; "": no agent did, or it is not told
    model: str = ""  # of that


# --- runs of other programs --------------------------------------------------------------------


@frozen(kw_only=True)
class RunImported:
    """The run was not made here: its results were read from what another program left."""

    VERSION: ClassVar[int] = 2
    source: Literal["results.tsv", "single-file-runner", "table", "pi", "optuna"]
    name: str  # of the table, or of the run folder
    sha256: str  # of the table, or of the folder's history.jsonl
    rows: int
    began_at: str | None  # None: the source does not say
    left_out: dict[str, str]  # number of an iteration that has no result -> its last stage, "" for none
    columns: dict[str, str]  # of a table with columns of its own: what is read -> the column that has it
    skipped: dict[str, str]  # number of a line that could not be read -> what is wrong there


@frozen(kw_only=True)
class ResultImported:
    """One row of an imported run: all that its source says of an iteration, and nothing more."""

    VERSION: ClassVar[int] = 2
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


@frozen(kw_only=True)
class HistoryRepaired:
    """A human let the run go on with what was whole of its history; the rest was set aside.

    Or with an older copy of it, which was whole and had lost what the run's refs have seen.
    """

    VERSION: ClassVar[int] = 1
    offset: int  # where the whole part ended, in the history as it was: this record stands there now
    bytes: int  # that were set aside; 0: the history was whole, only older than the run
    lines: int  # among them
    sha256: str  # of them
    refs: int  # of the run that named what the whole part does not know, moved beside
    aside: str  # the folder in the run's own where all of it lies


RunEvent = (
    RunStarted
    | ConfigChanged
    | LoopsRequested
    | RunResumed
    | RunnerStarted
    | RunPaused
    | RunUnpaused
    | StopRequested
    | TimeRanOut
    | RunStopped
    | NoteAdded
    | KeepAdopted
    | ResultRetracted
    | RunCleaned
    | SetupChecked
    | PrepareStarted
    | PrepareFinished
    | RunForked
    | ResultInherited
    | RunImported
    | ResultImported
    | TailHealed
    | HistoryRepaired
)
