"""Limits that end a run beside its loops: what may still be begun, what is held back, what ends at once."""

from typing import Any

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core import dry_run, limits
from autoresearch.engine.core.decider import decide
from autoresearch.engine.core.rules.event_rules import misfit
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import OPEN_END, Request, why
from autoresearch.projections.run_state import RunState
from tests.given import (
    BASELINE,
    asked,
    candidate,
    discarded,
    given,
    row,
    runner_started,
    started,
    trained,
    training,
)


UNTIL = "2026-03-08T23:00:00.000Z"
TAKES_S = limits.SLACK * 300.0  # of the baseline, by tests/given.py


def names(state: RunState) -> list[str]:
    return [type(one).__name__ for one in decide(state)]


def ran_out(story: tuple[ev.Event, ...], clock: str) -> ev.TimeRanOut | None:
    return limits.ran_out(given(*story), f"2026-03-08T{clock}.000Z")


def a_run(**more: Any) -> tuple[ev.Event, ...]:
    return (started(), asked(OPEN_END, until=UNTIL, **more), runner_started(), *BASELINE)


def test_time_runs_out_when_one_more_would_not_end_in_time():
    """A training is begun as long as what the base took is left, and not a second less."""
    story = a_run()
    assert given(*story).takes_s == 300.0
    assert ran_out(story, "22:54:45") is None
    noted = ran_out(story, "22:54:46")
    assert noted is not None
    assert ("too_little", TAKES_S) == (noted.left, noted.needed_s)
    assert ["StartIteration"] == names(given(*story))
    ended = given(*story, noted)
    assert (do.Stop(how="stopped", reason=why("time_is_up", until=UNTIL, completed=0)),) == decide(ended)


def test_the_final_is_begun_early_enough():
    """For three fresh seeds of best and baseline seven trainings must fit, so that none is too late."""
    story = a_run(final=3)
    noted = ran_out(story, "22:30:00")
    assert noted is not None
    assert 7 * TAKES_S == pytest.approx(noted.needed_s)
    assert ran_out(story, "22:23:00") is None


def test_a_final_that_would_take_most_of_the_time_is_left_out():
    """What takes more than half of what was asked for is not held back for: loops are tried instead."""
    story = (started(), asked(9, until="2026-03-08T21:40:00.000Z", final=4), runner_started(), *BASELINE)
    noted = ran_out(story, "21:34:50")
    assert noted is not None
    assert noted.needed_s == pytest.approx(TAKES_S)


def test_what_trains_is_waited_for_and_judged():
    """When too little time is left, what trains goes on to its verdict, and nothing new begins."""
    story = [*a_run(), *candidate(1), training(1)]
    noted = ran_out(tuple(story), "22:56:00")
    assert noted is not None
    story += [noted]
    assert [] == names(given(*story))
    story += [trained(1, 2.0)]
    assert ["RecordResult"] == names(given(*story))
    story += [row(1, 2.0)]
    assert ["DiscardCandidate"] == names(given(*story))
    assert ["Stop"] == names(given(*story, discarded(1)))


def test_what_runs_when_the_time_is_over_is_ended():
    """At the limit itself a training is ended, also in a pause; nobody is blamed for its loss."""
    story = [*a_run(), *candidate(1), training(1)]
    over = ran_out(tuple(story), "23:00:00")
    assert over is not None
    assert ("none", 0.0) == (over.left, over.needed_s)
    for pause in ([], [ev.RunPaused(reason=why("human", "lunch"))]):
        ended = given(*story, *pause, over)
        assert ["CancelJob"] == names(ended)
        lost = ev.JobLost(iteration=1, step="train", number=1, reason=why("time_is_over"))
        rested = given(*story, *pause, over, lost)
        assert ["Stop"] == names(rested)
        assert rested.iteration(1).lost == 0


def test_trainings_are_counted_from_the_request_on():
    """Of two trainings one is the baseline: after the other one nothing is begun, whatever loops are left."""
    story = [started(), asked(9, max_trainings=2), runner_started(), *BASELINE]
    assert ["StartIteration"] == names(given(*story))
    story += [*candidate(1), training(1), trained(1, 2.0), row(1, 2.0), discarded(1)]
    assert given(*story).limits.trainings_left == 0
    assert (do.Stop(how="stopped", reason=why("trainings_used_up", trainings=2, completed=1)),) == decide(
        given(*story)
    )


def test_a_request_raises_a_limit_and_goes_on_with_what_is_left():
    """A later time with no loops of its own lets the loops go on that were asked for before."""
    story = [*a_run()]
    over = ran_out(tuple(story), "23:10:00")
    assert over is not None
    stop = decide(given(*story, over))[0]
    assert isinstance(stop, do.Stop)
    story += [over, ev.RunStopped(how="stopped", reason=stop.reason)]
    again = given(*story, asked(0, until="2026-03-09T07:00:00.000Z"))
    assert (OPEN_END, None) == (again.loops_left, again.limits.time_up)
    assert ["StartIteration"] == names(again)


def test_two_limits_can_be_asked_for_at_once():
    """What a new run could do is looked at before its request has a time."""
    begun = dry_run.after(RunState(), [started(RunConfig(final=1))])
    asked_for_both = Request(loops=OPEN_END, until="2026-03-08T22:00:00.000Z", max_trainings=3)
    assert ("", None) == dry_run.why_blocked(begun, asked_for_both)


def test_new_loops_end_what_had_no_end():
    """Five loops asked for at rest are five: those that only the last limit would have ended are over."""
    story = [*a_run()]
    over = ran_out(tuple(story), "23:10:00")
    assert over is not None
    story += [over, ev.RunStopped(how="stopped", reason=why("time_is_up", until=UNTIL, completed=0))]
    again = given(*story, asked(5))
    assert (5, "") == (again.loops_left, again.limits.until)


def test_more_loops_while_it_runs_leave_the_limit():
    """Who asks a limited run for more loops has not said that it may go on after its time."""
    assert given(*a_run(), asked(5)).limits.until == UNTIL


@pytest.mark.parametrize(
    "forged",
    [
        {"now": "2026-03-08T22:00:00.000Z"},
        {"left": "none"},
        {"needed_s": 1.0},
        {"until": "2026-03-08T22:59:00.000Z"},
    ],
)
def test_an_audit_takes_it_again(forged: dict[str, Any]):
    """What a runner noted of the time must follow from the clock that it names, in each field."""
    story = a_run()
    noted = ran_out(story, "22:56:00")
    assert noted is not None
    assert misfit(given(*story), noted, "runner") is None
    assert misfit(given(*story), evolve(noted, **forged), "runner") is not None
