"""What each command can come to: the types of event, and every field that the command determines. Pure.

Read off engine/core/rules/event_rules.py, but for what the search proposes and what comes in one batch with
an answer. Says nothing about when a command is given.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from attrs import evolve, fields, frozen

from autoresearch.engine.core import agents
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.bookkeeping import open_iteration
from autoresearch.engine.core.rules.event_rules import EVENT_RULES
from autoresearch.events import catalog as ev
from autoresearch.events.values import Proposal, Reason, why
from autoresearch.projections.run_state import Iteration, RunState


@frozen(kw_only=True)
class ExpectedEvent:
    """An event that may come of a command: its type, and the fields that are determined."""

    type: type[Any]
    fields: dict[str, Any]


@frozen(kw_only=True)
class Unknown:
    """The search cannot be asked again: the code it looked at is not there, or it was another search."""


Search: TypeAlias = Callable[[Iteration, int], Proposal | Reason | Unknown]  # of the version that is given
FIRST_SEARCH = 1  # whose questions do not name it
NO_MORE = ("search_is_through", "search_knows_none", "search_knows_unmarked")


def outcomes(
    command: do.Command, run: RunState, event: ev.Event, *, search: Search
) -> tuple[ExpectedEvent, ...]:
    """Return what may be recorded of a command that was given in this state; `event` is what was."""
    if isinstance(command, do.ProposeBySearch):
        return _searched(command, run, event, search)
    return tuple(
        _expected(command, run, event, cls) for cls, rule in EVENT_RULES.items() if type(command) in rule.of
    )


def _expected(command: Any, run: RunState, event: ev.Event, cls: type[Any]) -> ExpectedEvent:  # noqa: ANN401
    """Return one event type with each field that the command and the event share, and those of its rule."""
    own = {one.name for one in fields(cls)}
    shared = {one.name: getattr(command, one.name) for one in fields(type(command)) if one.name in own}
    if type(event) is cls:  # else it is only the type that is wrong
        shared |= EVENT_RULES[cls].determined(command, run, event)
    return ExpectedEvent(type=cls, fields=shared)


def _searched(
    command: do.ProposeBySearch, run: RunState, event: ev.Event, search: Search
) -> tuple[ExpectedEvent, ...]:
    version = _version(event)
    found = search(open_iteration(run, command.iteration), version)
    own = {"iteration": command.iteration}
    chosen = own | {"source": "search", "received": None, "search": version}
    if isinstance(found, Reason):
        return (ExpectedEvent(type=ev.InputNeeded, fields=own | {"question": found}),)
    if isinstance(found, Unknown):
        known = isinstance(event, ev.InputNeeded) and event.question.code in NO_MORE
        question = event.question if isinstance(event, ev.InputNeeded) and known else why(NO_MORE[0])
        asks = ExpectedEvent(type=ev.InputNeeded, fields=own | {"question": question})
        return ExpectedEvent(type=ev.ProposalChosen, fields=chosen), asks
    said = _as_worded(found, event)
    worded = {"proposal": said, "description": said.description}
    return (ExpectedEvent(type=ev.ProposalChosen, fields=chosen | worded),)


def _version(event: ev.Event) -> int:
    """Return which search an event says it is of."""
    if isinstance(event, ev.ProposalChosen):
        return max(event.search, FIRST_SEARCH)
    named = event.question.inputs.get("search") if isinstance(event, ev.InputNeeded) else None
    return named if isinstance(named, int) else FIRST_SEARCH


def _as_worded(found: Proposal, event: ev.Event) -> Proposal:
    """Return what the search finds in the words of the event: another program may word it otherwise."""
    if not isinstance(event, ev.ProposalChosen) or event.proposal is None:
        return found
    was = event.proposal
    return evolve(
        found,
        description=was.description,
        change_plan=was.change_plan,
        commit_description=was.commit_description,
    )


def after_answer(
    answer: ev.AgentAnswered, one: Iteration, run: RunState
) -> tuple[tuple[ExpectedEvent, ...], ...]:
    """Return what is recorded in one batch with an agent's answer: for each event, what it may be."""
    own = {"iteration": one.number, "change": one.change}
    if answer.outcome == "cancelled":
        return ()
    failed = answer.outcome == "failed"
    if (
        answer.step not in ("propose", "edit")
        and answer.failure
        and agents.tried_again(run, one, answer.failure.kind)
    ):
        return ()
    reason = {"reason": answer.reason} if failed else {}
    match answer.step:
        case "propose" | "edit":
            chosen = {"iteration": one.number, "source": "agent", "received": None, "search": 0}
            asked = {"iteration": one.number, "agent": answer.agent}
            asks = ExpectedEvent(type=ev.QuestionAsked, fields=asked)
            before = ExpectedEvent(type=ev.InputNeeded, fields={"iteration": one.number})  # as it was once
            return () if failed else ((ExpectedEvent(type=ev.ProposalChosen, fields=chosen), asks, before),)
        case "apply":
            undone = ExpectedEvent(type=ev.ChangeFailed, fields=own | reason)
            return ((undone,),) if failed else ((ExpectedEvent(type=ev.ChangeApplied, fields=own), undone),)
        case "triage":
            given_up = ExpectedEvent(type=ev.CrashTriaged, fields=own | {"action": "discard"} | reason)
            mended = ExpectedEvent(type=ev.CrashTriaged, fields=own | {"action": "fix_and_rerun"})
            return ((given_up,),) if failed else ((given_up, mended),)
        case "review":
            said = {"iteration": one.number, "agent": answer.agent}
            return () if failed else ((ExpectedEvent(type=ev.ReviewGiven, fields=said),),)


def after_editing(chosen: ev.ProposalChosen, change: int) -> tuple[tuple[ExpectedEvent, ...], ...]:
    """Return what is recorded right behind the proposal of an agent that edits: what it made."""
    own = {"iteration": chosen.iteration, "change": change}
    made = chosen.proposal is not None and chosen.proposal.is_prose  # else its form is applied
    return ((ExpectedEvent(type=ev.ChangeApplied, fields=own),),) if made else ()


def after_mending(triaged: ev.CrashTriaged) -> tuple[tuple[ExpectedEvent, ...], ...]:
    """Return what is recorded right behind a crash's triage: a mended candidate is the next change."""
    again = {"iteration": triaged.iteration, "change": triaged.change + 1}
    mended = triaged.action == "fix_and_rerun"
    return ((ExpectedEvent(type=ev.ChangeApplied, fields=again),),) if mended else ()


def after_rebasing(
    rebased: ev.CandidateRebased, given: tuple[do.Command, ...]
) -> tuple[tuple[ExpectedEvent, ...], ...]:
    """Return what is recorded right behind a change that was rebased, or could not be."""
    own = {"iteration": rebased.iteration, "change": rebased.change}
    if rebased.how in ("reapplied", "merged"):
        return ((ExpectedEvent(type=ev.ChangeApplied, fields=own),),)
    mendable = any(
        isinstance(one, do.RebaseCandidate) and one.iteration == rebased.iteration and one.mendable
        for one in given
    )
    anew = rebased.how == "conflict" and mendable
    return () if anew else ((ExpectedEvent(type=ev.ChangeFailed, fields=own),),)
