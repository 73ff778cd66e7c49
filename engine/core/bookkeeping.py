"""The events of commands that change nothing but the history, made of command and state. Pure."""

from typing import assert_never

from attrs import asdict

from autoresearch.engine.core import commands as do
from autoresearch.events import catalog as ev
from autoresearch.events.values import UNPRINTABLE
from autoresearch.projections.run_state import DeferredCandidate, Iteration, RunState, WaitingProposal


SUBJECT_CHARACTERS = 72
UNNAMED = "autoresearch: a change without a name"  # the subject of a commit that has no other
MIB = 1024.0  # MiB in a GiB, for memory_gb


def event_of(
    command: (
        do.MoveBase
        | do.DeferCandidate
        | do.TriageCrash
        | do.GiveUpChange
        | do.MissReview
        | do.RecordResult
        | do.LeaveOpen
        | do.PauseRun
        | do.Stop
        | do.StartIteration
        | do.Remeasure
        | do.TakeRemeasure
        | do.DropRemeasure
        | do.StateGain
        | do.ConsolidateChain
    ),
    run: RunState,
) -> ev.Event:
    """Return the event of a command that changes nothing but the history."""
    match command:
        case do.StartIteration():
            return ev.IterationStarted(
                iteration=command.iteration,
                base_commit=command.base_commit,
                first_stage=command.first_stage,
            )
        case do.MoveBase():
            return _base_moved(command, open_iteration(run, command.iteration))
        case do.DeferCandidate():
            return _deferred(open_iteration(run, command.iteration))
        case do.TriageCrash():
            return ev.CrashTriaged(
                iteration=command.iteration,
                change=command.change,
                action="discard",
                reason=command.reason,
            )
        case do.GiveUpChange():
            return ev.ChangeFailed(iteration=command.iteration, change=command.change, reason=command.reason)
        case do.MissReview():
            return ev.ReviewMissed(**asdict(command, recurse=False))
        case do.RecordResult():
            return _result(open_iteration(run, command.iteration))
        case do.Remeasure():
            return ev.RemeasureStarted(
                iteration=command.iteration,
                keep=command.keep,
                commit=command.commit,
                purpose=command.purpose,
                because_of=command.because_of,
                repeats=command.repeats,
                differ_in=command.differ_in,
            )
        case do.TakeRemeasure():
            return _remeasured(open_iteration(run, command.iteration), run)
        case do.DropRemeasure():
            return _remeasure_dropped(open_iteration(run, command.iteration))
        case do.StateGain():
            return ev.GainStated(**asdict(command))
        case do.ConsolidateChain():
            return ev.ChainConsolidated(repeats=command.repeats, keeps=command.keeps, inputs=command.inputs)
        case do.LeaveOpen():
            return ev.IterationLeftOpen(iteration=command.iteration, next_stage=command.next_stage)
        case do.PauseRun():
            return ev.RunPaused(reason=command.reason)
        case do.Stop():
            return ev.RunStopped(how=command.how, reason=command.reason)
        case _:
            assert_never(command)


def proposal_at(run: RunState, seq: int) -> WaitingProposal | DeferredCandidate:
    """Return the proposal that waits, or was deferred, since this event."""
    known: tuple[WaitingProposal | DeferredCandidate, ...] = (*run.waiting, *run.deferred)
    return next(one for one in known if one.seq == seq)


def open_iteration(run: RunState, number: int) -> Iteration:
    """Return an iteration that a command names."""
    one = run.iteration(number)
    assert one is not None, f"iteration {number} is not open"  # the decider names only open ones
    return one


def commit_subject(text: str) -> str:
    """Return a text as the safe subject of a commit: one line, not empty, at most 72 characters."""
    line = " ".join(UNPRINTABLE.sub(" ", text.encode(errors="replace").decode()).split())
    line = line.lstrip("#-").strip() or UNNAMED
    return line if len(line) <= SUBJECT_CHARACTERS else f"{line[: SUBJECT_CHARACTERS - 1].rstrip()}…"


def _base_moved(command: do.MoveBase, one: Iteration) -> ev.BaseMoved:
    return ev.BaseMoved(
        iteration=command.iteration,
        base_commit=command.base_commit,
        best_iteration=command.best_iteration,
        old_base=one.base_commit,
        commit=one.commit,
    )


def _deferred(one: Iteration) -> ev.CandidateDeferred:
    assert one.commit is not None  # only what could train gives way
    assert one.proposal is not None
    assert one.source is not None
    return ev.CandidateDeferred(
        iteration=one.number,
        change=one.change,
        commit=one.commit,
        base_commit=one.base_commit,
        source=one.source,
        description=one.proposal.description,
        chosen=one.chosen,
    )


def _remeasured(one: Iteration, run: RunState) -> ev.KeepRemeasured:
    assert one.measures is not None  # it was opened to
    before = next(keep.metric for keep in run.keeps if keep.iteration == one.measures)
    assert one.metric is not None  # one that fails is trained again
    return ev.KeepRemeasured(
        iteration=one.number,
        keep=one.measures,
        metric=one.metric,
        before=before,
        met=one.wanted is None or one.conditions.agree(one.wanted),
    )


def _remeasure_dropped(one: Iteration) -> ev.RemeasureDropped:
    assert one.measures is not None  # it was opened to
    return ev.RemeasureDropped(iteration=one.number, keep=one.measures)


def _result(one: Iteration) -> ev.ResultRecorded:
    vram = one.measured.peak_vram_mb if one.measured else None
    return ev.ResultRecorded(
        iteration=one.number,
        commit=one.commit,
        outcome=one.outcome or "no_metric",
        metric=one.metric,
        memory_gb=round((vram or 0.0) / MIB, 3),
    )
