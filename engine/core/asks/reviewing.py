"""Whether a second agent reviews a candidate before it is trained or kept, and what follows. Pure.

A review that fails is tried once more, as every question to an agent; one that cannot be had lets the
candidate go on, or has it wait, as the settings say. Both are on the log.
"""

from typing import Literal

from autoresearch.engine.core import agents, limits
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.asks.pending import NOBODY, Before, bench_is_taken, lacks, reviewer
from autoresearch.engine.core.rules.transitions import Misfit
from autoresearch.events import catalog as ev
from autoresearch.events.values import VETOES, Reason, Request, Scalar, why
from autoresearch.projections.agent_health import health_of
from autoresearch.projections.parts.reviews import Review
from autoresearch.projections.run_state import Iteration, RunState


VETOED = VETOES[0]


def first(
    state: RunState, one: Iteration, request: Request, before: Before, inputs: dict[str, Scalar]
) -> tuple[do.Command, ...] | None:
    """Return what comes before a candidate goes on: nothing while it waits; None where it may.

    `inputs` are those of the verdict that would keep it.
    """
    if lacks(state, one, before) is None:
        return None
    if one.review.said == "veto":
        told = inputs | _told(one.review)
        return (do.DiscardCandidate(iteration=one.number, rule=VETOED, inputs=told),)
    agent = reviewer(state.config, request)
    goes_on = agent == NOBODY or state.config.review_when_unavailable == "go-on"
    missing = _missing(state, one, agent)
    if missing is not None and (goes_on or one.review.missed is None):
        then: Literal["go-on", "wait"] = "go-on" if goes_on else "wait"
        return (do.MissReview(iteration=one.number, agent=agent, reason=missing, then=then),)
    if health_of(state, agent, "review").rests or limits.agents_spent(state) or bench_is_taken(state):
        return ()
    return (do.AskToReview(iteration=one.number, call=one.calls + 1, agent=agent),)


def one_at_a_time(commands: list[do.Command]) -> list[do.Command]:
    """Return some commands with the first review that they ask for: there is one checkout for it."""
    asks = [one for one in commands if isinstance(one, do.AskToReview)]
    return [one for one in commands if one not in asks[1:]]


def waits_for_reviewer(state: RunState) -> bool:
    """Say whether what would be kept waits for a reviewer, who is asked again in a while."""
    if state.request is None:
        return False
    health = health_of(state, reviewer(state.config, state.request), "review")
    due = (one for one in state.open if one.next_stage == "decide" and one.job is None)
    rests = health.rests and bool(health.retry_at)
    return rests and any(lacks(state, one, "before-keep") == "a review" for one in due)


def answered(run: RunState, event: ev.AgentAnswered) -> Misfit | None:
    """Expect that it is the agent which was asked, for a review or anything else."""
    one = run.iteration(event.iteration)
    asked = "" if one is None else one.review.agent if event.step == "review" else one.agent
    return None if asked == event.agent else ("agent", asked, event.agent)


def given(run: RunState, event: ev.ReviewGiven) -> Misfit | None:
    """Expect a candidate whose review was asked of this agent and is not there, and reasons of a veto."""
    one = run.iteration(event.iteration)
    if one is None or one.job is not None or not one.review.agent or one.review.said:
        return "iteration", "one whose review was just answered", event.iteration
    if one.review.agent != event.agent:
        return "agent", one.review.agent, event.agent
    told = event.verdict == "pass" or event.reasons
    return None if told else ("reasons", "at least one of a veto", event.reasons)


def missing(run: RunState, event: ev.ReviewMissed) -> Misfit | None:
    """Expect a candidate without a review, of which it is said once that it waits."""
    one = run.iteration(event.iteration)
    if one is None or one.job is not None or one.review.said:
        return "iteration", "one without a review", event.iteration
    again = event.then == "wait" and one.review.missed is not None
    return ("then", "go-on", event.then) if again else None


def _missing(state: RunState, one: Iteration, agent: str) -> Reason | None:
    """Return why a review cannot be had now, and waiting a little does not help; None where it may."""
    if agent == NOBODY:
        return why("nobody_reviews")
    if (spent := limits.agents_spent(state)) is not None:
        return spent
    health, tries = health_of(state, agent, "review"), one.review.tries
    most = 2 if state.config.when_agent_fails == "search" else 1
    if tries >= most and one.review.trouble is not None:
        return one.review.trouble
    return None if not health.rests or health.kind in agents.PASSING else health.reason


def _told(review: Review) -> dict[str, Scalar]:
    model = {"model": review.model} if review.model else {}
    return {"by": "review", "reviewer": review.agent, **model, "said": "; ".join(review.reasons)}
