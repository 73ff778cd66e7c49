"""Whose turn it is, for any story of who proposed, gained, cost and failed."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.engine.core.asks.turns import next_of, whose
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Usage
from autoresearch.projections.run_state import RunState
from tests import given as g
from tests.core.test_turns import LATER, answers, begun, tried


NAMES = ("codex:gpt-5.5", "claude", "search", "aider")
RULES = st.sampled_from(("round-robin", "by-gain"))
LISTS = st.permutations(NAMES).flatmap(lambda names: st.integers(2, 4).map(lambda count: names[:count]))
GAINS = st.lists(st.sampled_from((0.0, 0.0, 0.001, 0.02, 0.5)), min_size=20, max_size=20)
COSTS = st.lists(st.sampled_from((None, 0.0, 0.01, 2.0)), min_size=4, max_size=4)


def play(names: list[str], config: RunConfig, gains: list[float], costs: list[Any]) -> list[str]:
    """Return who had which turn, where each idea gained, and each agent cost, what is told."""
    events: tuple[ev.Event, ...] = begun(*names, config=config)
    cost = dict(zip(names, costs, strict=False))
    had: list[str] = []
    for number, gain in enumerate(gains, start=1):
        state = g.given(*events)
        had.append(
            next_of(names, state.proposers, rule=config.agent_turns, device_hour_usd=config.device_hour_usd)
        )
        usage = Usage(cost_usd=cost[had[-1]])
        events = (*events, *tried(number, had[-1], gain=gain, usage=usage))
    return had


@settings(max_examples=6, deadline=None)
@given(names=LISTS, rule=RULES, gains=GAINS, costs=COSTS)
def test_the_same_history_gives_the_same_turns_and_everybody_has_some(
    names: list[str], rule: str, gains: list[float], costs: list[Any]
):
    """Who has a turn follows from the history; each has its first before anybody has a second one."""
    config = RunConfig(keep_rule="lower", final=0, agent_turns=rule)
    had = play(names, config, gains, costs)
    assert had == play(names, config, gains, costs)
    assert names == had[: len(names)]


@settings(max_examples=25, deadline=None)
@given(names=LISTS, rule=RULES, resting=st.sets(st.sampled_from(NAMES)))
def test_nobody_who_rests_is_asked(names: list[str], rule: str, resting: set[str]):
    """The turn is of one who can; where nobody can, it is of no one, and the search steps in."""
    config = RunConfig(keep_rule="lower", final=0, agent_turns=rule)
    limited = ev.AgentFailure(kind="limited", retry_at=LATER)
    events = (*begun(*names, config=config), g.opened(1))
    for call, name in enumerate(sorted(resting - {"search"}), start=1):
        events += answers(1, name, call=call, failure=limited)
    state: RunState = g.given(*events)
    one, request = state.iteration(1), state.request
    assert one is not None
    assert request is not None
    able = [name for name in names if name not in resting - {"search"}]
    assert whose(state, one, request) == (able[0] if able else None)
