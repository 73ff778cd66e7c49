"""Every command the decider can give, in the imperative, and their union.

A command names its effect completely: done twice, the second time finds what the first one did.
"""

from typing import Literal

from attrs import frozen

from autoresearch.engine.core.asks.commands import *  # noqa: F403 - all commands are had from here
from autoresearch.engine.core.asks.commands import Asks, MissReview
from autoresearch.events.values import Consolidated, JobStep, LoopStage, Purpose, Reason, Scalar


@frozen(kw_only=True)
class CheckSetup:
    """Look whether files, data and tokenizer are there."""


@frozen(kw_only=True)
class Prepare:
    """Start preparing data as a job."""

    preparation: int


@frozen(kw_only=True)
class StartIteration:
    """Open an iteration on the best commit."""

    iteration: int
    base_commit: str
    first_stage: LoopStage


@frozen(kw_only=True)
class ChooseProposal:
    """Give a proposal that waits, or was deferred, to the iteration."""

    iteration: int
    received: int  # seq of its ProposalReceived or CandidateDeferred


@frozen(kw_only=True)
class ProposeBySearch:
    """Let the seeded search propose."""

    iteration: int


@frozen(kw_only=True)
class GiveUpChange:
    """Leave a change undone that only an agent could make, which will not be there for long."""

    iteration: int
    change: int
    reason: Reason


@frozen(kw_only=True)
class ApplyProposal:
    """Apply the machine-applicable form of the proposal in the edit checkout."""

    iteration: int
    change: int
    mendable: bool = False  # an agent can carry out the plan of what does not fit


@frozen(kw_only=True)
class MoveBase:
    """Give an iteration a new base: a candidate that became the best while it was prepared."""

    iteration: int
    base_commit: str
    best_iteration: int


@frozen(kw_only=True)
class RebaseCandidate:
    """Bring a change that was made on another base to the iteration's own."""

    iteration: int
    change: int
    commit: str
    made_on: str
    mendable: bool  # an agent can make anew what does not merge


@frozen(kw_only=True)
class DeferCandidate:
    """Let a prepared candidate give way to a human's proposal; it is kept for the next iteration."""

    iteration: int


@frozen(kw_only=True)
class CommitCandidate:
    """Commit what was applied and give it a ref."""

    iteration: int
    change: int


@frozen(kw_only=True)
class TakeWorktree:
    """Take what stands in the run's worktree as the candidate."""

    iteration: int


@frozen(kw_only=True)
class StartTraining:
    """Train the candidate in a slot."""

    iteration: int
    training: int
    slot: int
    device: str
    commit: str
    deadline_s: float
    repeat: int = 1  # of the candidate: the same code under another seed
    seed: int | None = None  # None: the settings name no variable for it


@frozen(kw_only=True)
class Reread:
    """Read again what a training left that gave no number, since the metric's settings are others now."""

    iteration: int
    training: int


@frozen(kw_only=True)
class Evaluate:
    """Score what a training left, where it trained."""

    iteration: int
    evaluation: int
    training: int
    slot: int
    device: str
    deadline_s: float


@frozen(kw_only=True)
class CheckGuard:
    """Run the command of a guard on a candidate that is to be kept."""

    iteration: int
    check: int
    guard: str
    slot: int
    device: str
    deadline_s: float


@frozen(kw_only=True)
class AskForApproval:
    """Have what would be kept wait for a human."""

    iteration: int


@frozen(kw_only=True)
class ScoreHoldout:
    """Score on the holdout what the final trained of a keep."""

    iteration: int
    keep: int
    look: int
    training: int
    slot: int
    device: str
    commit: str
    deadline_s: float


@frozen(kw_only=True)
class TriageCrash:
    """Decide without an agent what becomes of a training that did not succeed."""

    iteration: int
    change: int
    reason: Reason


@frozen(kw_only=True)
class RecordResult:
    """Write down what the iteration came to."""

    iteration: int


@frozen(kw_only=True)
class KeepCandidate:
    """Make the candidate the new best and advance the run's branch."""

    iteration: int
    commit: str
    rule: str
    inputs: dict[str, Scalar]


@frozen(kw_only=True)
class DiscardCandidate:
    """Close the iteration without a change of the best."""

    iteration: int
    rule: str
    inputs: dict[str, Scalar]


@frozen(kw_only=True)
class Remeasure:
    """Open an iteration that measures once more what was kept."""

    iteration: int
    keep: int
    commit: str
    purpose: Purpose
    because_of: int | None
    repeats: tuple[int, ...]
    differ_in: tuple[str, ...]


@frozen(kw_only=True)
class TakeRemeasure:
    """Let the best have what it measured, and close the iteration that measured it."""

    iteration: int


@frozen(kw_only=True)
class DropRemeasure:
    """Close an iteration that measures again what was retracted meanwhile."""

    iteration: int


@frozen(kw_only=True)
class StateGain:
    """Say what the best gained on the baseline, on fresh seeds."""

    keep: int
    repeats: tuple[int, ...]
    gain: float
    half_width: float | None
    inputs: dict[str, Scalar]


@frozen(kw_only=True)
class ConsolidateChain:
    """Say of each keep how sure it is, on fresh seeds."""

    repeats: tuple[int, ...]
    keeps: tuple[Consolidated, ...]
    inputs: dict[str, Scalar]


@frozen(kw_only=True)
class LeaveOpen:
    """Rest an iteration whose next stage the request may not do."""

    iteration: int
    next_stage: LoopStage


@frozen(kw_only=True)
class CancelJob:
    """End a running job; its end is heard like any other."""

    iteration: int
    step: JobStep
    number: int


@frozen(kw_only=True)
class PauseRun:
    """Start nothing new until a human has looked."""

    reason: Reason


@frozen(kw_only=True)
class Stop:
    """Come to rest."""

    how: Literal["done", "stopped", "setup_incomplete", "baseline_failed", "blocked"]
    reason: Reason


Command = (
    CheckSetup
    | Prepare
    | StartIteration
    | ChooseProposal
    | Asks
    | ProposeBySearch
    | ApplyProposal
    | GiveUpChange
    | MoveBase
    | RebaseCandidate
    | DeferCandidate
    | CommitCandidate
    | TakeWorktree
    | StartTraining
    | Reread
    | Evaluate
    | CheckGuard
    | MissReview
    | AskForApproval
    | ScoreHoldout
    | TriageCrash
    | RecordResult
    | KeepCandidate
    | DiscardCandidate
    | Remeasure
    | TakeRemeasure
    | DropRemeasure
    | StateGain
    | ConsolidateChain
    | LeaveOpen
    | CancelJob
    | PauseRun
    | Stop
)

# What these did in the world stands, whatever was appended meanwhile; the others are decided again.
STARTS = Prepare | Asks | StartTraining | Evaluate | CheckGuard | ScoreHoldout
