"""The events of commands that change nothing but the history, made of command and state. Pure."""

from typing import assert_never

from autoresearch.engine.core import commands as do
from autoresearch.events import catalog as ev
from autoresearch.events.values import UNPRINTABLE
from autoresearch.projections.run_state import Iteration, RunState, SetAside, Waiting


SUBJECT_CHARACTERS = 72
MIB = 1024.0  # MiB in a GiB, for memory_gb
STOOD_THERE = "what stood in the worktree"  # the subject of a candidate that nobody proposed
TRIED_ALL = "the seeded search has tried every value it knows; drop a proposal"


def event_of(
    command: (
        do.FollowBest | do.SetAside | do.TriageCrash | do.RecordResult | do.LeaveOpen | do.PauseRun | do.Stop
    ),
    run: RunState,
) -> ev.Event:
    """Return the event of a command that changes nothing but the history."""
    match command:
        case do.FollowBest():
            return _overtaken(command, open_iteration(run, command.iteration))
        case do.SetAside():
            return _set_aside(open_iteration(run, command.iteration))
        case do.TriageCrash():
            return ev.CrashTriaged(
                iteration=command.iteration,
                attempt=command.attempt,
                action="discard",
                reason=command.reason,
            )
        case do.RecordResult():
            return _result(open_iteration(run, command.iteration))
        case do.LeaveOpen():
            return ev.IterationLeftOpen(iteration=command.iteration, next_stage=command.next_stage)
        case do.PauseRun():
            return ev.RunPaused(reason=command.reason)
        case do.Stop():
            return ev.RunStopped(reason=command.reason, detail=command.detail)
        case _:
            assert_never(command)


def proposal_at(run: RunState, seq: int) -> Waiting | SetAside:
    """Return the proposal that waits, or was set aside, since this event."""
    known: tuple[Waiting | SetAside, ...] = (*run.waiting, *run.set_aside)
    return next(one for one in known if one.seq == seq)


def _overtaken(command: do.FollowBest, one: Iteration) -> ev.CandidateOvertaken:
    return ev.CandidateOvertaken(
        iteration=command.iteration,
        base_commit=command.base_commit,
        best_iteration=command.best_iteration,
        old_base=one.base_commit,
        commit=one.commit,
    )


def _set_aside(one: Iteration) -> ev.CandidateSetAside:
    assert one.commit is not None  # only what could train gives way
    assert one.proposal is not None
    assert one.source is not None
    return ev.CandidateSetAside(
        iteration=one.number,
        attempt=one.change,
        commit=one.commit,
        base_commit=one.base_commit,
        source=one.source,
        proposal=one.proposal,
    )


def _result(one: Iteration) -> ev.ResultRecorded:
    said = one.proposal.description if one.proposal else STOOD_THERE
    vram = one.measured.peak_vram_mb if one.measured else None
    return ev.ResultRecorded(
        iteration=one.number,
        commit=one.commit,
        outcome=one.outcome or "no_metric",
        metric=one.metric,
        memory_gb=round((vram or 0.0) / MIB, 3),
        description="baseline" if one.number == 0 else said,
    )


def open_iteration(run: RunState, number: int) -> Iteration:
    """Return an iteration that a command names."""
    one = run.iteration(number)
    assert one is not None, f"iteration {number} is not open"  # the decider names only open ones
    return one


def commit_subject(text: str) -> str:
    """Return a text as the safe subject of a commit: one line, not empty, at most 72 characters."""
    line = " ".join(UNPRINTABLE.sub(" ", text.encode(errors="replace").decode()).split())
    line = line.lstrip("#-").strip() or "autoresearch: a change without a name"
    return line if len(line) <= SUBJECT_CHARACTERS else f"{line[: SUBJECT_CHARACTERS - 1].rstrip()}…"
