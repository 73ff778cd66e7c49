"""What is measured of a run that was stopped before its loops were done: that, and none of the loops."""

import pytest
from attrs import evolve

from autoresearch.engine.control.start import refuse_pointless
from autoresearch.engine.core import commands as do
from autoresearch.engine.core import dry_run, limits
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.errors import NotFound
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import OPEN_END, why
from autoresearch.projections.run_state import RunState
from tests.given import (
    BASE,
    BASELINE,
    asked,
    candidate,
    discarded,
    given,
    kept,
    row,
    runner_started,
    set_up,
    started,
    trained,
    training,
    voided,
)


UNTIL = "2026-03-08T23:00:00.000Z"
SEEDED = RunConfig(keep_rule="lower", final=0, seed_env="SEED")
A_KEEP = (*candidate(1), training(1), trained(1, 1.0), row(1, 1.0), kept(1))
STOPPED = ev.RunStopped(how="stopped", reason=why("as_requested"))
DONE = ev.RunStopped(how="done", reason=why("all_done"))
STATED = ev.GainStated(keep=1, repeats=(2, 3), gain=0.5, half_width=0.1, inputs={})


def stopped(loops: int = 3, *, config: RunConfig = SEEDED, **more: object) -> tuple[ev.Event, ...]:
    """A run kept its first change, prepared its second, and was stopped before that one trained."""
    first = asked(loops, **more)
    return (started(config), first, runner_started(), *BASELINE, *A_KEEP, *candidate(2, BASE), STOPPED)


def final(seeds: int = 2, *, anew: bool = True) -> tuple[ev.Event, ...]:
    """`final` was asked for, and a runner came."""
    return (asked(0, final=seeds, alone=True, anew=anew), runner_started(), set_up())


def names(state: RunState) -> list[str]:
    return [type(one).__name__ for one in decide(state)]


def measures(keep: int) -> ev.RemeasureStarted:
    """The final began to measure a keep."""
    return ev.RemeasureStarted(
        iteration=3,
        keep=keep,
        purpose="final",
        commit=BASE,
        because_of=None,
        repeats=(2, 3),
        differ_in=(),
    )


def test_a_final_trains_none_of_the_loops_that_are_left():
    """Neither what was prepared when the run stopped nor anything new is trained, until it is resumed."""
    story = (*stopped(), *final())
    (command,) = decide(given(*story))
    assert isinstance(command, do.Remeasure)
    assert ("final", 2) == (command.purpose, given(*story).loops_left)
    measuring = given(*story, measures(1))
    assert [("StartTraining", 3)] == [(type(one).__name__, one.iteration) for one in decide(measuring)]
    resumed = given(*story, STATED, DONE, ev.RunResumed(), runner_started(), set_up())
    assert [("StartTraining", 2)] == [(type(one).__name__, one.iteration) for one in decide(resumed)]


def test_loops_asked_for_afterwards_are_joined_by_those_that_waited():
    """Two that were left and one more are three."""
    again = given(*stopped(), *final(), STATED, DONE, asked(1))
    assert 3 == again.loops_left


def test_the_loops_that_waited_end_by_what_they_were_asked_with():
    """A time, a number of trainings and a final of their own hold again once the run is resumed."""
    story = (*stopped(OPEN_END, until=UNTIL, max_trainings=9, final=1), *final())
    alone = given(*story)
    assert ("", None, 2) == (alone.limits.until, alone.limits.trainings_left, alone.final_left)
    resumed = given(*story, STATED, DONE, ev.RunResumed())
    assert (UNTIL, 7, 1) == (resumed.limits.until, resumed.limits.trainings_left, resumed.final_left)
    assert OPEN_END - 1 == resumed.loops_left


def test_a_run_whose_time_is_up_measures_and_then_is_at_its_limit_again():
    """The final of a run that its time ended is trained; going on needs another time, as before."""
    over = limits.ran_out(given(*stopped(OPEN_END, until=UNTIL)[:-1]), "2026-03-08T23:10:00.000Z")
    assert over is not None
    story = (*stopped(OPEN_END, until=UNTIL)[:-1], over, STOPPED, *final())
    assert ["Remeasure"] == names(given(*story))
    resumed = given(*story, STATED, DONE, ev.RunResumed())
    assert limits.is_reached(resumed)


def test_keeps_measured_alone_leave_the_final_to_the_loops():
    """`consolidate` of a stopped run states no gain that its request did not ask for."""
    story = (*stopped(final=2), asked(0, final=2, consolidate=1, alone=True))
    alone = given(*story)
    assert (0, 1) == (alone.final_left, alone.consolidate_left)
    assert 2 == given(*story, DONE, ev.RunResumed()).final_left


def test_a_run_at_work_does_its_loops_first():
    """Without the word `alone` in the request, and while a run is not at rest, nothing waits."""
    at_work = given(*stopped()[:-1], asked(0, final=2))
    assert (2, ()) == (at_work.loops_left, at_work.set_aside)
    before = given(*stopped(), asked(0, final=2), runner_started(), set_up())
    assert [("StartTraining", 2)] == [(type(one).__name__, one.iteration) for one in decide(before)]


def test_a_final_asked_for_again_is_alone_as_well():
    """Be it that the machine went down meanwhile, or that other seeds are wanted while it is at work."""
    lost = (*stopped(), *final(), measures(1), runner_started())
    again = given(*lost, asked(0, final=4, alone=True))
    assert (4, [3]) == (again.final_left, [one.loops_left + 1 for one in again.set_aside])
    assert [0] == [one.loops_left for one in again.requests]
    both = given(*lost, asked(0, final=2, consolidate=3, alone=True))
    assert (2, 3) == (both.final_left, both.consolidate_left)
    assert 2 == len(given(*lost, asked(0, final=4, alone=True), ev.RunResumed()).requests)


def test_a_final_behind_an_ablation_measures_again():
    """As many seeds were left as are asked for, of a gain that was stated: it is stated anew all the same."""
    stated = (*stopped(), *final(), STATED, DONE)
    ablated = given(*stated, asked(1, final=2), *candidate(4), discarded(4), DONE)
    assert (2, "done") == (ablated.final_left, ablated.stopped)
    again = given(*stated, asked(1, final=2), *candidate(4), discarded(4), DONE, *final())
    assert "Remeasure" in names(again)


def test_a_final_of_an_older_history_is_folded_as_then():
    """A request that does not say that it is anew finds the seeds that were left, and comes to rest."""
    stated = (*stopped(), *final(anew=False), STATED, DONE)
    again = given(
        *stated, asked(1, final=2), *candidate(4), discarded(4), DONE, *final(anew=False), runner_started()
    )
    assert (2, False) == (again.final_left, again.final_again)
    assert "Remeasure" not in names(again)


def test_a_measurement_that_would_train_nothing_is_refused():
    """One that is under way is named, also where its runner is lost, and one that cannot be had."""
    wanted = asked(0, final=2, alone=True).request
    assert ("", None) == dry_run.why_idle(given(*stopped()), wanted)
    under_way = given(*stopped(), *final(), measures(1))
    assert "being measured on fresh seeds already" in dry_run.why_idle(under_way, wanted)[0]
    for alive, way_out in ((True, "status"), (False, "resume")):
        with pytest.raises(NotFound, match="being measured on fresh seeds already") as refused:
            refuse_pointless(under_way, wanted, runner_alive=alive)
        assert way_out == refused.value.remedy.name
    more = asked(0, final=4, alone=True).request
    assert ("", None) == dry_run.why_idle(under_way, more)
    nothing = given(started(SEEDED), asked(3), runner_started(), *BASELINE, STOPPED)
    assert "nothing is trained" in dry_run.why_idle(nothing, wanted)[0]


def test_what_waits_keeps_no_slot_from_the_final():
    """On two slots, one whose files were touched would train alone first, were it not set aside."""
    story = (*stopped(config=evolve(SEEDED, slots=2))[:-1], training(2), voided(2, "train.py"), STOPPED)
    measuring = given(*story, *final(), measures(1))
    assert ["StartTraining"] == names(measuring)


def test_a_final_of_a_stopped_run_without_a_keep_is_refused():
    """Whatever loops are left: they would not be trained, so there is no gain to measure."""
    nothing_kept = given(started(), asked(3), runner_started(), *BASELINE, STOPPED)
    assert "nothing was kept" in dry_run.why_pointless(nothing_kept)[0]
    no_baseline = given(started(), asked(3), runner_started(), STOPPED)
    assert "nothing was measured" in dry_run.why_pointless(no_baseline)[0]
    at_work = given(started(), asked(3), runner_started(), *BASELINE)
    assert ("", None) == dry_run.why_pointless(at_work)
