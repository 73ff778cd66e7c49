"""Budgets of a whole run: which of them ends it, in order, and what the log says of it."""

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.values import Usage, why
from autoresearch.projections.run_state import RunState
from tests.given import (
    BASELINE,
    agent_answered,
    agent_asked,
    asked,
    candidate,
    discarded,
    given,
    opened,
    row,
    runner_started,
    started,
    trained,
    training,
)


UNUSABLE = ev.AgentFailure(kind="unusable", retry_at="")  # asked again at once


def begun(**budgets: float) -> tuple[ev.Event, ...]:
    """Return a run with its baseline, under some budgets."""
    return (started(), asked(9, agent="opencode", **budgets), runner_started(), *BASELINE)


def names(state: RunState) -> list[str]:
    return [type(one).__name__ for one in decide(state)]


def stop_of(*story: ev.Event) -> tuple[str, dict[str, object]]:
    """Return by which reason the run ends now."""
    (stop,) = decide(given(*story))
    assert isinstance(stop, do.Stop)
    assert "stopped" == stop.how
    return stop.reason.code, dict(stop.reason.inputs)


def call(number: int, usage: Usage, *, iteration: int = 1) -> tuple[ev.Event, ...]:
    answer = evolve(
        agent_answered(iteration, "propose", "failed"), call=number, usage=usage, failure=UNUSABLE
    )
    return (agent_asked(iteration, "propose", number), answer)


def in_vain(number: int) -> tuple[ev.Event, ...]:
    """Return an iteration that was discarded."""
    return (*candidate(number), training(number), trained(number, 2.0), row(number, 2.0), discarded(number))


def crashed(number: int) -> tuple[ev.Event, ...]:
    """Return an iteration that crashed."""
    return (
        *candidate(number),
        training(number),
        trained(number, None, outcome="crashed"),
        ev.CrashTriaged(iteration=number, change=1, action="discard", reason=why("nobody_mends")),
        row(number, None, outcome="crashed"),
        discarded(number),
    )


def test_the_money_ends_a_run_and_more_of_it_goes_on():
    """At the last call that was paid for nothing is asked any more; raised, the run goes on where it was."""
    dear = Usage(cost_usd=0.6, cost_basis="reported")
    story = [*begun(max_cost_usd=1.0), opened(1), *call(1, dear)]
    assert ["AskForProposal"] == names(given(*story))
    story += call(2, dear)
    said = {"max_cost": 1.0, "usd": 1.2, "calls": 2, "unpriced": 0}
    code, inputs = stop_of(*story)
    assert ("cost_used_up", said) == (code, inputs)
    story += [ev.RunStopped(how="stopped", reason=why(code)), asked(0, agent="opencode", max_cost_usd=2.0)]
    assert 9 == given(*story).loops_left
    assert ["ProposeBySearch"] == names(given(*story))


def test_a_call_that_does_not_say_counts_as_the_dearest():
    """What is unknown is not free: the log says how many calls there are, and that it is at least that."""
    story = [*begun(max_cost_usd=1.0), opened(1), *call(1, Usage(cost_usd=0.6, cost_basis="reported"))]
    code, inputs = stop_of(*story, *call(2, Usage()))
    assert ("cost_used_up_at_least", 0.6, 1) == (code, inputs["usd"], inputs["unpriced"])


def test_a_limit_of_cost_that_nobody_can_hold_ends_the_run():
    """After five calls of which none says what it cost, the run ends rather than spend without end."""
    story = [*begun(max_cost_usd=1.0), opened(1)]
    for number in range(1, 6):
        assert "Stop" not in names(given(*story))
        story += call(number, Usage())
    assert ("cost_untold", {"max_cost": 1.0, "calls": 5}) == stop_of(*story)


def test_tokens_end_a_run():
    """Tokens in and out are counted, cached ones among them."""
    usage = Usage(input_uncached=40, input_cached=50, output=10)
    story = [*begun(max_tokens=100), opened(1)]
    code, inputs = stop_of(*story, *call(1, usage))
    assert ("tokens_used_up", 100, 0) == (code, inputs["tokens"], inputs["uncounted"])


def test_tokens_that_nobody_counts_are_not_free():
    """A call that does not tell its tokens counts as the largest; where none tells, the run ends."""
    story = [*begun(max_tokens=100), opened(1)]
    told = call(1, Usage(input_uncached=40, output=20))
    assert "tokens_used_up_at_least" == stop_of(*story, *told, *call(2, Usage()))[0]
    silent = [event for number in range(1, 6) for event in call(number, Usage())]
    assert ("tokens_untold", {"max_tokens": 100, "calls": 5}) == stop_of(*story, *silent)


def test_device_hours_are_not_exceeded():
    """Nothing is begun that would take more; the baseline took 300 s of the ten minutes."""
    assert ["StartIteration"] == names(given(*begun(max_device_hours=1 / 5)))
    code, inputs = stop_of(*begun(max_device_hours=1 / 6))
    assert ("device_hours_used_up", 0.08) == (code, inputs["hours"])


def test_a_streak_without_a_keep_ends_a_run():
    """After two ideas that were not kept it is over; whoever resumes begins to count anew."""
    story = [*begun(no_keep_for=2), *in_vain(1)]
    assert ["StartIteration"] == names(given(*story))
    story += in_vain(2)
    assert ("no_keep_for", {"ideas": 2}) == stop_of(*story)
    rested = ev.RunStopped(how="stopped", reason=why("no_keep_for", ideas=2))
    again = given(*story, rested, ev.RunResumed())
    assert (0, ["StartIteration"]) == (again.without_keep, names(again))


def test_crashes_in_a_row_end_a_run():
    """Two crashes in a row are enough; a result between them begins the count anew."""
    story = [*begun(crashes_in_a_row=2), *crashed(1), *in_vain(2), *crashed(3)]
    assert ["StartIteration"] == names(given(*story))
    assert ("crashes_in_a_row", {"times": 2}) == stop_of(*story, *crashed(4))


def test_what_trains_is_judged_before_a_budget_ends_the_run():
    """A training that runs when the money is gone goes on to its verdict."""
    dear = Usage(cost_usd=2.0, cost_basis="reported")
    story = [*begun(max_cost_usd=1.0), opened(1), *call(1, dear), *candidate(1)[1:], training(1)]
    assert [] == names(given(*story))
    assert ["RecordResult"] == names(given(*story, trained(1, 2.0)))


def test_a_budget_that_is_not_named_again_stays():
    """More loops do not lift what was asked for before."""
    state = given(*begun(max_cost_usd=1.0, no_keep_for=7), asked(5, max_tokens=10))
    assert (1.0, 10, 7) == (state.budgets.cost_usd, state.budgets.tokens, state.budgets.no_keep_for)


@pytest.mark.parametrize("name", ["max_cost_usd", "max_tokens", "max_device_hours"])
def test_without_a_number_there_is_no_limit(name: str):
    """A budget of nothing is none."""
    dear = Usage(cost_usd=1e6, cost_basis="reported", input_uncached=10**9, output=1)
    assert "Stop" not in names(given(*begun(**{name: 0}), opened(1), *call(1, dear)))
