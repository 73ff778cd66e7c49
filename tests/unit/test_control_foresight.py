import pytest

from autoresearch.engine.control.outcome import TooShort, too_short
from autoresearch.engine.core.dry_run import nothing_left, stages_from, why_blocked
from autoresearch.engine.verdicts.keep_rules import RULES
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import LOOP_STAGES, Request, why
from autoresearch.projections.parts import seeds
from autoresearch.projections.summary import standing
from autoresearch.workflows.pages.status import done_words
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


NOW, LATER = "2026-03-08T21:00:00.000Z", "2026-03-08T21:10:00.000Z"


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        (Request(loops=2), None),
        (Request(loops=2, until="2026-03-08T22:00:00.000Z", max_trainings=4), None),
        (Request(loops=2, until=LATER), TooShort(seeds=3, once_s=300.0, left_s=600.0, trainings=None)),
        (Request(loops=60, max_trainings=5), TooShort(seeds=5, once_s=300.0, left_s=None, trainings=5)),
        (Request(loops=0, until=LATER, stages=("setup", "baseline")), None),
    ],
)
def test_limits_that_the_baseline_alone_exceeds_are_known_as_a_run_begins(request_, found):
    """The baseline takes seeds times what a training is expected to take, and that many trainings."""
    assert found == too_short(request_, RunConfig(), NOW)


def test_the_rules_that_ask_how_far_seeds_lie_apart_train_the_baseline_on_several():
    """What the projections count a baseline by names the same rules as the rules themselves."""
    assert {name for name, rule in RULES.items() if rule.by_spread} == set(seeds.BY_SPREAD)


def test_the_end_is_expected_behind_every_seed_of_the_baseline():
    """Before it three trainings and two loops are left, after its first seed one training less."""
    config = RunConfig(expected_s=100.0)
    begun = (g.started(config), g.asked(2, final=0), g.runner_started(), g.set_up())
    assert 500.0 == standing(g.given(*begun))["work_left_s"]
    once = (g.opened(0, first="train"), g.training(0), g.trained(0, 1.5))
    assert 4 * 300.0 == standing(g.given(*begun, *once))["work_left_s"]  # by what the first one took


def test_numbers_beyond_what_was_tried_are_explained():
    """What is measured again has a number and is no loop: the page says why numbers go further."""
    tried = (g.opened(1), g.chosen(1), g.training(1), g.trained(1, 0.9), g.row(1, 0.9), g.kept(1))
    run = g.given(g.started(), g.asked(1), g.runner_started(), *g.BASELINE, *tried)
    told = standing(run)
    assert done_words(told) == "1 change tried (1 kept), 0 loops left"
    further = {**told, "last_iteration": 2}
    assert done_words(further).endswith(
        "numbers go to 2, since what measures again has one, too, and is no loop"
    )
