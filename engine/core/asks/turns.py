"""Whose turn it is to propose, where several take turns. Pure: a function of the folded history alone.

`round-robin`: who was asked longest ago; who was passed over, since it rested, is then the first again.

`by-gain`: who promises most gain for its cost, by a bandit with a budget: fractional KUBE (Tran-Thanh and
others, AAAI 2012), which is UCB1 (Auer, Cesa-Bianchi and Fischer, 2002) divided by the mean cost of an idea.
What is optimised is the sum of what keeps gained, each as its verdict has it, in units of the metric, for
each US dollar: of all the agent's calls, and of the devices that its proposals took. Where a call of one of
them did not tell its cost, or one costs nothing at all, it is gain for each call, of all of them.
"""

import math
from collections.abc import Sequence

from autoresearch.events.values import Request
from autoresearch.projections.agent_health import KNOWN_IN_A_ROW, health_of, proposing_step
from autoresearch.projections.parts.proposers import (
    SEARCH,
    Proposers,
    agents_of,
    proposer_named,
    taking_turns,
)
from autoresearch.projections.run_state import Iteration, RunState


def whose(state: RunState, one: Iteration, request: Request) -> str | None:
    """Return who proposes for an iteration; None where nobody can who takes turns: the search steps in.

    Who was asked and has neither answered nor failed for good is asked once more.
    """
    able = [name for name in taking_turns(request) if _is_able(state, one, request, name)]
    if one.asked in able:
        return one.asked
    if not able:
        return None
    rule, device_hour_usd = state.config.agent_turns, state.config.device_hour_usd
    return next_of(able, state.proposers, rule=rule, device_hour_usd=device_hour_usd)


def next_of(able: Sequence[str], proposers: Proposers, *, rule: str, device_hour_usd: float) -> str:
    """Return whose turn it is of these, as they are listed; who never had one goes first."""
    known = tuple(proposer_named(proposers, name) for name in able)
    fresh = (one.name for one in known if not one.asked)
    if (first := next(fresh, None)) is not None:
        return first
    if rule == "round-robin":
        return min(known, key=lambda one: one.asked).name
    promises = by_gain(known, device_hour_usd)
    return max(able, key=promises.__getitem__)


def by_gain(known: Proposers, device_hour_usd: float) -> dict[str, float]:
    """Return what each promises: an upper bound of its gain an idea, for what an idea of it costs.

    Gains are told as parts of the largest that any of them had, and costs of one as of the same unit.
    """
    largest = max((kept.gain for one in known for kept in one.keeps), default=0.0)
    ideas = {one.name: max(1, one.proposals) for one in known}
    costs = costs_of(known, device_hour_usd)
    tries = math.log(sum(ideas.values()))
    found = {}
    for one in known:
        mean = max(0.0, one.gain) / largest / max(1, one.closed) if largest > 0 else 0.0
        bound = mean + math.sqrt(2 * tries / ideas[one.name])
        found[one.name] = bound * ideas[one.name] / costs[one.name]
    return found


def costs_of(known: Proposers, device_hour_usd: float) -> dict[str, float]:
    """Return what each cost so far: in USD where all of them say so and none is free, else in calls."""
    usd = {one.name: one.usd(device_hour_usd) for one in known}
    if all(usd.values()):
        return {name: cost for name, cost in usd.items() if cost}
    return {one.name: float(max(1, one.calls)) for one in known}


def hands(one: Iteration, request: Request) -> tuple[str, ...]:
    """Return which agents may carry out a plan, or mend a crash: whose idea it is first, then the others."""
    agents = agents_of(request)
    first = (one.proposer,) if one.proposer in agents else ()
    return (*first, *(name for name in agents if name not in first))


def _is_able(state: RunState, one: Iteration, request: Request, name: str) -> bool:
    """Say whether one can propose now; agents that propose what is known leave a turn to the search.

    Nobody is asked for a plan where all rest who could carry it out.
    """
    if name == SEARCH:
        return state.need_input is None
    step = proposing_step(state.config)
    rests = health_of(state, name, step).rests
    if step == "propose":
        rests = rests or all(health_of(state, hand, "apply").rests for hand in (name, *agents_of(request)))
    return not rests and name not in one.gave_up and state.answered < KNOWN_IN_A_ROW
