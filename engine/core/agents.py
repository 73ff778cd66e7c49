"""Who is asked, and what waits where the agent rests that only an agent can do. Pure.

How agents are is folded in projections/agent_health.py; the decider (engine/core/decider.py) asks here.
"""

from autoresearch.engine.core import commands as do
from autoresearch.engine.verdicts import known_code
from autoresearch.events import catalog as ev
from autoresearch.events.values import Reason, Request, why
from autoresearch.projections.agent_health import NOT_APPLIED_IN_A_ROW, health_of
from autoresearch.projections.run_state import Iteration, RunState, WaitingProposal


PASSING = ("transient", "silent", "unusable")  # kinds of failure after which one try more is worth its wait


def propose(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    """Give an iteration its proposal: a human's, one that was deferred, an agent's, or the search's."""
    if waiting := ready(state):
        # --proposal-file goes first, then whatever came first.
        first = min(waiting, key=lambda waiting: (waiting.source != "file", waiting.seq))
        return (do.ChooseProposal(iteration=one.number, received=first.seq),)
    asks = _may_propose(state, one, request)
    if state.need_input is not None and not (asks and _search_is_through(state)):
        return ()
    if state.deferred:
        return (do.ChooseProposal(iteration=one.number, received=state.deferred[0].seq),)
    if any(one.waits for one in state.questions):
        return ()
    if asks:
        at_once = state.config.agent_mode == "edit" and "apply" in request.loop_stages
        ask = do.AskToEdit if at_once else do.AskForProposal
        return (ask(iteration=one.number, call=one.calls + 1, agent=request.agent),)
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
    """Return the proposals of humans that can be tried now: what is prose waits for an agent that rests."""
    request = state.request
    rests = request is not None and request.asks_agent and health_of(state.agents, request.agent).rests
    return tuple(one for one in state.waiting if not (rests and one.proposal.is_prose))


def for_apply(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    """Have an agent make the change, wait for it, or give the change up."""
    rests = _rests(state, request)
    if rests is None:
        ask = do.AskToApply(iteration=one.number, call=one.calls + 1, agent=request.agent, change=one.change)
        return (ask,)
    kind, reason = rests
    if kind in PASSING:
        return ()
    return (do.GiveUpChange(iteration=one.number, change=one.change, reason=reason),)


def can_mend(state: RunState, one: Iteration, request: Request) -> bool:
    """Say whether an agent may carry out the plan of edits, or of a patch, that miss."""
    form = one.proposal is not None and bool(one.proposal.edits or one.proposal.patch)
    if not form or not request.asks_agent or one.without is not None:
        return False
    rests = _rests(state, request)
    return rests is None or rests[0] in PASSING


def for_triage(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    """Have an agent look at the crash, wait for it, or give the candidate up."""
    rests = _rests(state, request)
    if rests is None:
        return (do.AskToTriage(iteration=one.number, call=one.calls + 1, agent=request.agent),)
    kind, reason = rests
    return (
        () if kind in PASSING else (do.TriageCrash(iteration=one.number, change=one.change, reason=reason),)
    )


def tried_again(state: RunState, one: Iteration, kind: ev.FailureKind) -> bool:
    """Say whether a change or a crash for which an agent failed in this way is given to it once more."""
    return state.config.when_agent_fails == "search" and one.tries == 0 and kind in PASSING


def waits_ended(state: RunState, now: str) -> tuple[ev.WaitEnded | ev.QuestionTimedOut, ...]:
    """Return which waits are over, by the clock of the runner: those for agents, and for answers."""
    if state.stopped is not None:
        return ()
    rested = (
        ev.WaitEnded(agent=one.agent, until=one.retry_at, now=now)
        for one in state.agents
        if one.rests and one.retry_at and one.retry_at <= now
    )
    in_vain = (
        ev.QuestionTimedOut(question=one.number, until=one.until, now=now)
        for one in state.questions
        if one.waits and one.until <= now
    )
    return *rested, *in_vain


def _may_propose(state: RunState, one: Iteration, request: Request) -> bool:
    """Say whether an agent is asked for this iteration's proposal."""
    if not request.asks_agent or one.agent_gave_up or state.answered >= known_code.IN_A_ROW:
        return False
    return not health_of(state.agents, request.agent).rests


def _search_is_through(state: RunState) -> bool:
    """Say whether it is the search that has nothing to propose: then an agent is asked before a human."""
    through = state.need_input is not None and state.need_input.code == "search_is_through"
    return through and state.config.when_agent_fails == "search"


def _rests(state: RunState, request: Request) -> tuple[ev.FailureKind, Reason] | None:
    """Return why the agent is not asked now; None where it is."""
    health = health_of(state.agents, request.agent)
    if not health.rests:
        return None
    assert health.kind is not None  # it failed in some way
    assert health.reason is not None
    return health.kind, health.reason
