"""Who is asked, and what waits where the agent rests that only an agent can do. Pure.

How agents are is folded in projections/agent_health.py; the decider (engine/core/decider.py) asks here.
"""

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.asks import turns
from autoresearch.events import catalog as ev
from autoresearch.events.values import Reason, Request, why
from autoresearch.projections.agent_health import NOT_APPLIED_IN_A_ROW, health_of
from autoresearch.projections.parts.proposers import SEARCH, agents_of, taking_turns
from autoresearch.projections.run_state import Iteration, RunState, WaitingProposal


PASSING = ("transient", "silent", "unusable")  # kinds of failure after which one try more is worth its wait


def propose(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    """Give an iteration its proposal: a human's, one that was deferred, an agent's, or the search's."""
    if waiting := ready(state):
        # --proposal-file goes first, then whatever came first.
        first = min(waiting, key=lambda waiting: (waiting.source != "file", waiting.seq))
        return (do.ChooseProposal(iteration=one.number, received=first.seq),)
    turn = turns.whose(state, one, request)
    asks = turn not in (None, SEARCH)
    if state.need_input is not None and not (asks and _search_is_through(state, request)):
        return ()
    if state.deferred:
        return (do.ChooseProposal(iteration=one.number, received=state.deferred[0].seq),)
    if any(one.waits for one in state.questions):
        return ()
    if turn is not None and asks:
        at_once = state.config.agent_mode == "edit" and "apply" in request.loop_stages
        ask = do.AskToEdit if at_once else do.AskForProposal
        return (ask(iteration=one.number, call=one.calls + 1, agent=turn),)
    return (do.ProposeBySearch(iteration=one.number),)


def pause(state: RunState) -> Reason | None:
    """Return why a human is asked before agents go on, where the settings say that one is."""
    if state.config.when_agent_fails != "pause":
        return None
    if state.agent_failures >= state.config.agent_failures:
        return why("agent_failed_in_a_row", times=state.agent_failures)
    if state.not_applied >= NOT_APPLIED_IN_A_ROW:
        return why("not_applied_in_a_row", times=state.not_applied)
    return None


def ready(state: RunState) -> tuple[WaitingProposal, ...]:
    """Return the proposals of humans that can be tried now: what is prose waits where all agents rest."""
    agents = agents_of(state.request)
    rests = bool(agents) and all(health_of(state, name, "apply").rests for name in agents)
    return tuple(one for one in state.waiting if not (rests and one.proposal.is_prose))


def for_apply(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    """Have an agent make the change, wait for one, or give the change up."""
    agent, why_not = _hand(state, one, request)
    if why_not is None:
        return (do.AskToApply(iteration=one.number, call=one.calls + 1, agent=agent, change=one.change),)
    kind, reason = why_not
    if kind in PASSING:
        return ()
    return (do.GiveUpChange(iteration=one.number, change=one.change, reason=reason),)


def can_mend(state: RunState, one: Iteration, request: Request) -> bool:
    """Say whether an agent may carry out the plan of edits, or of a patch, that miss."""
    form = one.proposal is not None and bool(one.proposal.edits or one.proposal.patch)
    if not form or not request.asks_agent or one.without is not None:
        return False
    _, why_not = _hand(state, one, request)
    return why_not is None or why_not[0] in PASSING


def for_triage(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    """Have an agent look at the crash, wait for one, or give the candidate up."""
    agent, why_not = _hand(state, one, request)
    if why_not is None:
        return (do.AskToTriage(iteration=one.number, call=one.calls + 1, agent=agent),)
    kind, reason = why_not
    return (
        () if kind in PASSING else (do.TriageCrash(iteration=one.number, change=one.change, reason=reason),)
    )


def tried_again(state: RunState, one: Iteration, kind: ev.FailureKind) -> bool:
    """Say whether a change or a crash for which an agent failed in this way is given to one once more.

    Of a failure that does not pass soon, that is another one which does not rest.
    """
    if state.config.when_agent_fails != "search" or one.tries > 0:
        return False
    others = [name for name in agents_of(state.request) if name != one.agent]
    return kind in PASSING or not all(health_of(state, name, one.next_stage).rests for name in others)


def waits_ended(state: RunState, now: str) -> tuple[ev.WaitEnded | ev.QuestionTimedOut, ...]:
    """Return which waits are over, by the clock of the runner: those for agents, and for answers."""
    if state.stopped is not None:
        return ()
    over = {
        (one.agent, one.retry_at): None  # once, also where it failed in two ways until then
        for one in state.agents
        if one.rests_for_a_while and one.rest_is_over(now)
    }
    rested = (ev.WaitEnded(agent=agent, until=until, now=now) for agent, until in over)
    in_vain = (
        ev.QuestionTimedOut(question=one.number, until=one.until, now=now)
        for one in state.questions
        if one.waits and one.is_overdue(now)
    )
    return *rested, *in_vain


def _search_is_through(state: RunState, request: Request) -> bool:
    """Say whether it is the search that has nothing to propose: then an agent is asked before a human.

    It is one of those that take turns, or stepped in for an agent.
    """
    through = state.need_input is not None and state.need_input.code == "search_is_through"
    return through and (state.config.when_agent_fails == "search" or SEARCH in taking_turns(request))


def _hand(
    state: RunState, one: Iteration, request: Request
) -> tuple[str, tuple[ev.FailureKind, Reason] | None]:
    """Return which agent makes or mends a change; or who is waited for, and why."""
    agents = turns.hands(one, request)
    health = (health_of(state, name, one.next_stage) for name in agents)
    resting = [each for each in health if each.rests]
    if len(resting) < len(agents):
        names = {each.agent for each in resting}
        return next(name for name in agents if name not in names), None
    worst = next((each for each in resting if each.kind in PASSING), resting[0])
    assert worst.kind is not None  # it failed in some way
    assert worst.reason is not None
    return worst.agent, (worst.kind, worst.reason)
