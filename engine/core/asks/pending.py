"""Which candidates would be kept, and wait for a word: of a reviewer, or of a human. Pure.

What else there is goes on meanwhile, on the best that there is: a word may take hours, and may be no.
"""

from typing import Literal

from autoresearch.engine.core import agents
from autoresearch.engine.verdicts import guards, repeats
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Request
from autoresearch.projections.agent_health import health_of
from autoresearch.projections.parts.proposers import agents_of
from autoresearch.projections.run_state import Iteration, RunState


Before = Literal["before-training", "before-keep"]

NOBODY = "none"


def waits_for_word(state: RunState, one: Iteration) -> bool:
    """Say whether a candidate has all that its verdict needs but the word of somebody else."""
    if one.next_stage != "decide" or one.measures is not None or state.best is None:
        return False
    if one.job is not None:
        return one.job.step == "review"
    waits = one.approval.waits or one.review.waits or _is_reviewed_later(state, one)
    return waits and _would_be_kept(state, one)


def nothing_else(state: RunState) -> bool:
    """Say whether all that is open waits for a word."""
    return bool(state.open) and all(waits_for_word(state, one) for one in state.open)


def lacks(state: RunState, one: Iteration, before: Before) -> str | None:
    """Return what a candidate needs of a review before this is done with it; None: nothing."""
    if one.number == 0 or one.measures is not None or one.without is not None:
        return None
    if one.review.said == "veto":
        return "a discard: a review vetoed it"
    return "a review" if state.config.review == before and not one.review.said else None


def reviewer(config: RunConfig, request: Request) -> str:
    """Return the agent that reviews; "none" where no agent is asked for anything."""
    return config.review_agent or next(iter(agents_of(request)), NOBODY)


def bench_is_taken(state: RunState) -> bool:
    """Say whether another review runs: there is one checkout for them."""
    return any(one.job is not None and one.job.step == "review" for one in state.open)


def _is_reviewed_later(state: RunState, one: Iteration) -> bool:
    """Say whether it needs a review that cannot be asked for yet: another one runs, or the reviewer rests."""
    if state.request is None or lacks(state, one, "before-keep") != "a review":
        return False
    health = health_of(state, reviewer(state.config, state.request), "review")
    return bench_is_taken(state) or (health.rests and health.kind in agents.PASSING)


def _would_be_kept(state: RunState, one: Iteration) -> bool:
    """Say whether a word is all that its verdict lacks: not a number of the best, and no guard."""
    measured = not repeats.lacks(state, one) and guards.due(one, state.config) is None
    return measured and repeats.judged(state, one).keep
