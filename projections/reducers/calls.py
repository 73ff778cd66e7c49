"""What a question to an agent, and its answer, do to the state of a run; none of them fails."""

from typing import Any

from attrs import evolve as replace

from autoresearch.events import catalog as ev
from autoresearch.projections import agent_health
from autoresearch.projections.fold import Reducer
from autoresearch.projections.parts import proposers
from autoresearch.projections.run_state import Iteration, Job, RunState


ASKED = 2  # how often an agent is asked to propose where its answer cannot be used


def _agent_asked(state: RunState, event: ev.AgentAsked, seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    agent_health.note_asked(state, event)
    if event.step in ("propose", "edit"):
        state.proposers = proposers.had_turn(state.proposers, event.agent, seq)
        if one is not None and one.asked not in ("", event.agent):  # it has tries of its own
            one.tries, one.trouble, one.asks = 0, None, False
        if one is not None:
            one.asked = event.agent
    if one is not None:
        one.calls = event.call
        if event.step == "review":
            one.review = replace(one.review, agent=event.agent)
        else:
            one.agent = event.agent
        one.job = Job(step=event.step, number=event.call, since=at)


def _agent_answered(state: RunState, event: ev.AgentAnswered, seq: int, at: str) -> None:
    outcome = event.outcome
    agent_health.note_answer(state, event, seq, at)
    proposals = int(event.step in ("propose", "edit") and outcome == "ok")
    state.costs = state.costs.plus(event.usage, proposals=proposals)
    if event.step != "review":  # which no proposal of its own costs
        state.proposers = proposers.answered(state.proposers, event.agent, event.usage, proposals=proposals)
    if outcome != "cancelled":
        state.agent_failures = 0 if outcome == "ok" else state.agent_failures + 1
    one = state.iteration(event.iteration)
    if one is not None:
        one.job, one.lost = None, 0
        if outcome == "failed" and event.step == "review":
            one.review = replace(one.review, tries=one.review.tries + 1, trouble=event.reason)
        elif outcome == "failed":
            one.tries, one.trouble = one.tries + 1, event.reason
        if outcome == "failed" and event.step in ("propose", "edit"):
            agent_health.gave_up(one, event.agent, _gave_up(state, one, event.failure))


def _gave_up(state: RunState, one: Iteration, failure: ev.AgentFailure | None) -> bool:
    """Say whether the search proposes in the place of an agent; one that rests is asked again by itself.

    Where the search is through nobody is left to do so: the agent is asked until it rests.
    """
    if failure is None or state.config.when_agent_fails == "pause":
        return True
    through = state.need_input is not None and state.need_input.code == "search_is_through"
    return failure.kind == "unusable" and one.tries >= ASKED and not through


REDUCERS: dict[type[Any], Reducer[RunState]] = {
    ev.AgentAsked: _agent_asked,
    ev.AgentAnswered: _agent_answered,
}
