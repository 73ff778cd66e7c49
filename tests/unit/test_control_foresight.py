import pytest

from autoresearch.engine.core.dry_run import nothing_left, stages_from, why_blocked
from autoresearch.events import catalog as ev
from autoresearch.events.values import LOOP_STAGES, Request, why
from autoresearch.workflows.pages.ways_out import worded
from tests import given as g


DONE = ev.RunStopped(how="done", reason=why("human", ""))
AT_REST = (g.started(), g.asked(0), g.runner_started(), *g.BASELINE, DONE)


def only(*loop_stages: str, loops: int = 1, stages: tuple = ("setup", "baseline", "loop")) -> Request:
    return Request(loops=loops, stages=stages, loop_stages=loop_stages or LOOP_STAGES)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (only(stages=("loop",)), "there is no baseline yet"),
        (only(stages=("setup", "loop")), "there is no baseline yet"),
        (only(loops=0, stages=("baseline",)), "setup is not done yet"),
        (only("apply"), "nothing to apply"),
        (only("triage", "record"), "nothing to triage"),
    ],
)
def test_a_new_run_refuses_what_could_do_nothing(request_, why):
    """A request that leaves out what it needs is refused, with the way out."""
    said, way_out = why_blocked(g.given(g.started()), request_)
    assert why in said
    assert "--" in worded(way_out)


@pytest.mark.parametrize(
    "request_",
    [
        only(),
        only("propose"),
        only("train", "record", "decide"),
        only(loops=0, stages=("setup",)),
        only(loops=0, stages=("setup", "baseline")),
    ],
)
def test_a_new_run_takes_what_can_do_something(request_):
    """Whatever has a first step is not refused."""
    assert ("", None) == why_blocked(g.given(g.started()), request_)


def test_an_open_iteration_refuses_other_stages_than_its_own():
    """An iteration that waits for apply cannot be helped by a request that may only train."""
    run = g.given(
        *AT_REST,
        g.asked(1, loop_stages=("propose",)),
        g.opened(1),
        g.chosen(1),
        ev.IterationLeftOpen(iteration=1, next_stage="apply"),
        DONE,
    )
    said, way_out = why_blocked(run, only("train"))
    assert "iteration 1 waits for apply" in said
    assert "go_on_with_stages" == way_out.name
    assert {"stages": "apply,commit,train,triage,record,decide"} == way_out.fields
    assert ("record", "decide") == stages_from("record")
    assert ("", None) == why_blocked(run, only("apply"))


def test_a_request_behind_another_is_never_refused():
    """What the earlier request will do first is not guessed."""
    run = g.given(g.started(), g.asked(2), g.runner_started())
    assert ("", None) == why_blocked(run, only("apply"))


def test_nothing_is_left_after_the_last_loop_and_something_after_a_stop():
    """Going on makes sense exactly while something that was asked for is not done."""
    assert nothing_left(g.given(*AT_REST))
    stopped = (g.started(), g.asked(3), *g.BASELINE, ev.RunStopped(how="stopped", reason=why("human", "")))
    assert not nothing_left(g.given(*stopped))
