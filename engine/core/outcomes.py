"""What each command can come to: the types of event, and every field that the command determines. Pure.

What the world decides (a metric, a commit's hash, whether a branch could be moved) is left open here; the
other checks of an audit look at the world. Says nothing about when a command is given.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from attrs import asdict, frozen

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.bookkeeping import (
    STOOD_THERE,
    TRIED_ALL,
    commit_subject,
    event_of,
    open_iteration,
    proposal_at,
)
from autoresearch.engine.core.refs import RunRefs
from autoresearch.events import catalog as ev
from autoresearch.events.values import Proposal
from autoresearch.projections.run_state import Iteration, RunState


PYTHON = "{python}"


@frozen(kw_only=True)
class Outcome:
    """An event that may come of a command: its type, and the fields that are determined."""

    type: type[Any]
    fields: dict[str, Any]


@frozen(kw_only=True)
class Unknown:
    """The search cannot be asked again: the code it looked at is not there."""


Search: TypeAlias = Callable[[Iteration], Proposal | Unknown | None]


def outcomes(command: do.Command, run: RunState, event: ev.Event, *, search: Search) -> tuple[Outcome, ...]:
    """Return what may be recorded of a command that was given in this state; `event` is what was.

    Of a command line only the interpreter's path is taken from the event: another machine has another.
    """
    match command:
        case do.CheckSetup():
            return (Outcome(type=ev.SetupChecked, fields={}),)
        case do.Prepare():
            words = _words(run.config.prepare, event)
            return (Outcome(type=ev.PrepareStarted, fields={"attempt": command.attempt, "command": words}),)
        case do.StartTraining():
            return (
                Outcome(
                    type=ev.TrainingStarted,
                    fields={**asdict(command, recurse=False), "command": _words(run.config.train, event)},
                ),
            )
        case do.StartIteration():
            return (Outcome(type=ev.IterationStarted, fields=asdict(command, recurse=False)),)
        case do.AskForProposal() | do.AskToApply() | do.AskToTriage():
            return (_asked(command),)
        case do.ChooseProposal():
            return (_chosen(command, run),)
        case do.ProposeBySearch():
            return _searched(command, run, search)
        case do.ApplyProposal() | do.CommitCandidate() | do.TakeWorktree():
            return _changed(command, run)
        case do.KeepCandidate():
            return (Outcome(type=ev.CandidateKept, fields=asdict(command, recurse=False)),)
        case do.DiscardCandidate():
            return (Outcome(type=ev.CandidateDiscarded, fields=asdict(command, recurse=False)),)
        case do.CancelJob():
            return ()  # its end is heard like any other's
        case do.CarryOver():
            own = {"base_commit": open_iteration(run, command.iteration).base_commit}
            given = asdict(command, filter=lambda one, _: one.name != "mendable")
            return (Outcome(type=ev.CandidateCarriedOver, fields=given | own),)
        case _:
            said = event_of(command, run)
            return (Outcome(type=type(said), fields=asdict(said, recurse=False)),)


def after_answer(answer: ev.AgentAnswered, one: Iteration) -> tuple[tuple[Outcome, ...], ...]:
    """Return what is recorded in one batch with an agent's answer: for each event, what it may be."""
    own = {"iteration": one.number, "attempt": one.change}
    if answer.outcome == "cancelled":
        return ()
    failed = answer.outcome == "failed"
    match answer.step:
        case "propose":
            chosen = {"iteration": one.number, "source": "agent", "received": None}
            asks = Outcome(type=ev.InputNeeded, fields={"iteration": one.number})
            return () if failed else ((Outcome(type=ev.ProposalChosen, fields=chosen), asks),)
        case "apply":
            reason = {"reason": answer.reason} if failed else {}
            undone = Outcome(type=ev.ChangeFailed, fields=own | reason)
            return ((undone,),) if failed else ((Outcome(type=ev.ChangeApplied, fields=own), undone),)
        case "triage":
            why = {"reason": answer.reason} if failed else {}
            given_up = Outcome(type=ev.CrashTriaged, fields=own | {"action": "discard"} | why)
            mended = Outcome(type=ev.CrashTriaged, fields=own | {"action": "fix_and_rerun"})
            return ((given_up,),) if failed else ((given_up, mended),)


def after_mending(triaged: ev.CrashTriaged) -> tuple[tuple[Outcome, ...], ...]:
    """Return what is recorded right behind a crash's triage: a mended candidate is the next attempt."""
    again = {"iteration": triaged.iteration, "attempt": triaged.attempt + 1}
    mended = triaged.action == "fix_and_rerun"
    return ((Outcome(type=ev.ChangeApplied, fields=again),),) if mended else ()


def after_carrying(
    carried: ev.CandidateCarriedOver, given: tuple[do.Command, ...]
) -> tuple[tuple[Outcome, ...], ...]:
    """Return what is recorded right behind a change that was carried over, or could not be."""
    own = {"iteration": carried.iteration, "attempt": carried.attempt}
    if carried.how in ("form", "merge"):
        return ((Outcome(type=ev.ChangeApplied, fields=own),),)
    mendable = any(
        isinstance(one, do.CarryOver) and one.iteration == carried.iteration and one.mendable for one in given
    )
    anew = carried.how == "conflict" and mendable
    return () if anew else ((Outcome(type=ev.ChangeFailed, fields=own),),)


def _asked(command: do.AskForProposal | do.AskToApply | do.AskToTriage) -> Outcome:
    steps = {do.AskForProposal: "propose", do.AskToApply: "apply", do.AskToTriage: "triage"}
    return Outcome(
        type=ev.AgentAsked,
        fields={
            "iteration": command.iteration,
            "step": steps[type(command)],
            "attempt": command.attempt,
            "agent": command.agent,
        },
    )


def _chosen(command: do.ChooseProposal, run: RunState) -> Outcome:
    waiting = proposal_at(run, command.received)
    return Outcome(
        type=ev.ProposalChosen,
        fields={
            "iteration": command.iteration,
            "received": command.received,
            "source": waiting.source,
            "proposal": waiting.proposal,
        },
    )


def _searched(command: do.ProposeBySearch, run: RunState, search: Search) -> tuple[Outcome, ...]:
    found = search(open_iteration(run, command.iteration))
    chosen = {"iteration": command.iteration, "source": "search", "received": None}
    asks = Outcome(type=ev.InputNeeded, fields={"iteration": command.iteration, "question": TRIED_ALL})
    if found is None:
        return (asks,)
    if isinstance(found, Unknown):
        return Outcome(type=ev.ProposalChosen, fields=chosen), asks
    return (Outcome(type=ev.ProposalChosen, fields=chosen | {"proposal": found}),)


def _changed(
    command: do.ApplyProposal | do.CommitCandidate | do.TakeWorktree, run: RunState
) -> tuple[Outcome, ...]:
    one = open_iteration(run, command.iteration)
    own = {"iteration": one.number, "attempt": one.change}
    failed = Outcome(type=ev.ChangeFailed, fields=own)
    if isinstance(command, do.ApplyProposal):
        return Outcome(type=ev.ChangeApplied, fields=own), failed
    committed = own | {
        "base_commit": one.base_commit,
        "ref": RunRefs(run.run_id).candidate(one.number, one.change),
    }
    if isinstance(command, do.TakeWorktree):
        committed |= {"subject": STOOD_THERE}
    elif one.proposal is not None:
        committed |= {
            "subject": commit_subject(one.proposal.commit_description),
            "diff_sha256": one.diff_sha256,
        }
    return Outcome(type=ev.CandidateCommitted, fields=committed), failed


def _words(template: tuple[str, ...], event: ev.Event) -> tuple[str, ...]:
    """Return a command of the settings, with the interpreter that the event names."""
    found = event.command if isinstance(event, ev.PrepareStarted | ev.TrainingStarted) else ()
    if len(found) != len(template):
        return template
    return tuple(_word(word, other) for word, other in zip(template, found, strict=True))


def _word(word: str, found: str) -> str:
    before, python, after = word.partition(PYTHON)
    return found if python and found.startswith(before) and found.endswith(after) else word
