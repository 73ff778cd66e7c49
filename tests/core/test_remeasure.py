"""Results under other conditions than the best's: it is measured there first, then they are judged."""

from hashlib import sha256
from typing import Any

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.compared import changed_settings, deciding_digest
from autoresearch.events.settings import RunConfig
from autoresearch.projections.summary import standing
from autoresearch.projections.words.wording import say_verdict
from tests.given import (
    BASE,
    BASELINE,
    asked,
    candidate,
    discarded,
    given,
    kept,
    opened,
    row,
    runner_started,
    set_up,
    started,
    trained,
    training,
)


def names(commands: tuple[do.Command, ...]) -> list[str]:
    return [type(one).__name__ for one in commands]


def remeasured(iteration: int, metric: float, *, met: bool = True, **more: Any) -> tuple[ev.Event, ...]:
    """An iteration measured the baseline again, for iteration 1."""
    return (
        ev.RemeasureStarted(
            iteration=iteration,
            keep=0,
            purpose="verdict",
            commit=BASE,
            because_of=1,
            repeats=(1,),
            differ_in=("data_id",),
        ),
        training(iteration),
        trained(iteration, metric, **more),
        row(iteration, metric),
        ev.KeepRemeasured(iteration=iteration, keep=0, metric=metric, before=1.5, met=met),
    )


ON_OTHER_DATA = (
    started(),
    asked(),
    *BASELINE,
    *candidate(1),
    training(1),
    trained(1, 0.5, data_id="d2"),
    row(1, 0.5),
)


def test_before_other_data_is_judged_the_best_is_measured_on_it():
    """A score on other data waits: the best is trained first, in an iteration that is no loop."""
    (command,) = decide(given(*ON_OTHER_DATA))
    wanted = do.Remeasure(
        iteration=2,
        keep=0,
        commit=BASE,
        purpose="verdict",
        because_of=1,
        repeats=(1,),
        differ_in=("data_id",),
    )
    assert wanted == command
    opened_ = given(*ON_OTHER_DATA, remeasured(2, 0.0)[0])
    assert ["StartTraining"] == names(decide(opened_))
    assert (1, 0) == (opened_.loops_left, opened_.completed)


@pytest.mark.parametrize(("there", "kept_"), [(0.4, False), (0.6, True)])
def test_a_score_on_other_data_is_judged_by_what_the_best_has_there(*, there: float, kept_: bool):
    """The new number of the best decides, whatever the old one was; both are known afterwards."""
    run = given(*ON_OTHER_DATA, *remeasured(2, there, data_id="d2"))
    (command,) = decide(run)
    assert isinstance(command, do.KeepCandidate if kept_ else do.DiscardCandidate)
    assert there == command.inputs["best"]
    (before,) = run.best.elsewhere
    assert (there, 1.5, "d1") == (run.best.metric, before.metric, before.conditions.data_id)


def test_data_that_cannot_be_had_again_is_not_compared():
    """Where the best does not get the data of a score, that one is discarded; it is tried once."""
    run = given(*ON_OTHER_DATA, *remeasured(2, 0.6, met=False))
    (command,) = decide(run)
    assert ("not_comparable", "d2", "d1") == (
        command.rule,
        command.inputs["data_id"],
        command.inputs["best_data_id"],
    )
    again = [discarded(1), asked(), *candidate(3), training(3), trained(3, 0.5, data_id="d2"), row(3, 0.5)]
    (command,) = decide(given(*ON_OTHER_DATA, *remeasured(2, 0.6, met=False), *again))
    assert isinstance(command, do.DiscardCandidate)


def test_nobody_is_judged_while_the_best_is_measured():
    """A second result waits too, and its iteration is carried on afterwards."""
    story = [
        *ON_OTHER_DATA[:1], asked(2, prefetch=1), *ON_OTHER_DATA[2:], *candidate(2), training(2, slot=2),
        trained(2, 0.4), row(2, 0.4),
    ]  # fmt: skip
    assert ["Remeasure", "DiscardCandidate"] != names(decide(given(*story)))
    measuring = given(*story, *remeasured(3, 0.6)[:2])
    assert () == decide(measuring)


def test_a_best_that_cannot_be_measured_again_stops_the_run():
    """What the others are judged by is gone: a human has to look, and `resume` trains it once more."""
    failed = [
        *ON_OTHER_DATA, remeasured(2, 0.6)[0], training(2), trained(2, None, outcome="crashed", data_id="d2"),
    ]  # fmt: skip
    (command,) = decide(given(*failed))
    assert ("baseline_failed", "remeasure_failed") == (command.how, command.reason.code)
    stopped = ev.RunStopped(how=command.how, reason=command.reason)
    assert ["StartTraining"] == names(decide(given(*failed, stopped, ev.RunResumed())))


@pytest.mark.parametrize(
    ("before", "now", "compared"),
    [("L4", "H100", False), ("L4", "L4", True), ("", "H100", True), ("H100", "", True), ("cpu", "L4", False)],
)
def test_another_card_is_not_compared(*, before: str, now: str, compared: bool):
    """A run that goes on on another kind of card measures its best there; a card that nobody names agrees."""
    story = [started(), asked(), runner_started(before), *BASELINE, runner_started(now), set_up()]
    story += [*candidate(1), training(1), trained(1, 0.5), row(1, 0.5)]
    (command,) = decide(given(*story))
    assert isinstance(command, do.KeepCandidate if compared else do.Remeasure)


def under(**conditions: str) -> tuple[ev.Event, ...]:
    """Iteration 1 was trained under these conditions, the baseline under what is said of each first."""
    first = {name: said.partition(" ")[0] for name, said in conditions.items()}
    then = {name: said.rpartition(" ")[2] for name, said in conditions.items()}
    before = (set_up(), opened(0, first="train"), evolve(training(0), surroundings=first), trained(0, 1.5))
    after = (*candidate(1), evolve(training(1), surroundings=then), trained(1, 0.5), row(1, 0.5))
    return (asked(), *before, row(0, 1.5), kept(0), *after)


def comparing(on: tuple[str, ...]) -> RunConfig:
    """Return settings that compare on these conditions."""
    return RunConfig(keep_rule="lower", final=0, compare_on=on)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("data", "d1 d2"),
        ("python", "3.11.9 3.12.1"),
        ("torch", "2.6.0 2.7.0"),
        ("threads", "2 4"),
        ("packages", "a b"),
        ("inputs", "a b"),
        ("filters", "a b"),
    ],
)
def test_another_condition_that_decides_is_not_compared(name: str, said: str):
    """Under other data, versions or threads the best is measured first, but for what settings leave out."""
    (command,) = decide(given(started(), *under(**{name: said})))
    assert (name,) == command.differ_in
    others = tuple(one for one in RunConfig().compare_on if one != name)
    (command,) = decide(given(started(comparing(others)), *under(**{name: said})))
    assert isinstance(command, do.KeepCandidate)


def test_another_driver_is_recorded_and_compared_where_the_settings_say_so():
    """A driver is a condition of each result, and by default none that decides."""
    run = given(started(), *under(driver="550.1 560.9"))
    assert ("550.1", "560.9") == (run.best.conditions.driver, run.open[0].conditions.driver)
    (command,) = decide(run)
    assert isinstance(command, do.KeepCandidate)
    (command,) = decide(given(started(comparing(("driver",))), *under(driver="550.1 560.9")))
    assert ("driver",) == command.differ_in


def test_what_is_not_known_of_one_agrees():
    """A version or a number of threads that one of two results does not know keeps nobody from a verdict."""
    story = [started(), asked(), *BASELINE, *candidate(1)]
    known = evolve(training(1), surroundings={"torch": "2.7.0", "threads": "4", "data": "d2"})
    (command,) = decide(given(*story, known, trained(1, 0.5), row(1, 0.5)))
    assert isinstance(command, do.KeepCandidate)


@pytest.mark.parametrize(("there", "kept_"), [(100.0, False), (300.0, True)])
def test_what_it_took_is_held_against_the_same_conditions(*, there: float, kept_: bool):
    """Where the best was measured under several, what it took under those of the candidate bounds that."""
    config = RunConfig(keep_rule="lower", final=0, most_spent=1.5)
    longer = [
        evolve(one, seconds=there) if isinstance(one, ev.TrainingFinished) else one
        for one in remeasured(2, 0.6, data_id="d2")
    ]
    story = [started(config), *ON_OTHER_DATA[1:], *longer, discarded(1), asked(), *candidate(3), training(3)]
    run = given(*story, trained(3, 0.4, data_id="d2"), row(3, 0.4))
    (command,) = decide(run)
    assert isinstance(command, do.KeepCandidate if kept_ else do.DiscardCandidate)
    # On the first data it took 300 s, as this one does; what it took on the second is no matter.
    (command,) = decide(given(*story, trained(3, 0.4, data_id="d1"), row(3, 0.4)))
    assert isinstance(command, do.KeepCandidate)


def test_a_runner_that_starts_asks_for_the_data_first():
    """What was set up once is looked at again, once and before anything else."""
    assert (do.CheckSetup(),) == decide(given(started(), asked(), *BASELINE, runner_started()))
    training_ = [*candidate(1), training(1)]
    assert (do.CheckSetup(),) == decide(given(started(), asked(), *BASELINE, *training_, runner_started()))
    (command,) = decide(given(started(), asked(), *BASELINE, runner_started(), set_up()))
    assert isinstance(command, do.StartIteration)


def test_data_that_is_gone_stops_a_run_once_its_jobs_have_ended():
    """A look that finds nothing waits for the training that runs; then the run stops, or prepares anew."""
    story = [started(), asked(), *BASELINE, *candidate(1), training(1), runner_started()]
    assert () == decide(given(*story, set_up(ok=False)))
    (command,) = decide(given(*story, set_up(ok=False), trained(1, 0.5)))
    assert ("setup_incomplete", do.Stop) == (command.how, type(command))
    assert () == decide(given(*story, set_up(ok=False, preparable=True)))
    (command,) = decide(given(*story, set_up(ok=False, preparable=True), trained(1, 0.5)))
    assert isinstance(command, do.Prepare)


def test_a_request_that_may_not_train_leaves_the_measuring_open():
    """Whoever asks for a verdict alone does not get a training for it."""
    story = [*ON_OTHER_DATA[:1], asked(1, loop_stages=("record", "decide")), *ON_OTHER_DATA[2:]]
    (command,) = decide(given(*story, remeasured(2, 0.6)[0]))
    assert do.LeaveOpen(iteration=2, next_stage="train") == command


OTHER_SETTINGS = (
    RunConfig(keep_rule="lower", train=("python", "other.py")),
    RunConfig(keep_rule="lower", training_budget="60m"),
    RunConfig(keep_rule="lower", env={"SEED": "2"}),
)


@pytest.mark.parametrize("config", OTHER_SETTINGS, ids=["train", "budget", "env"])
def test_under_other_deciding_settings_the_best_is_measured_first(config: RunConfig):
    """A score of a training under other deciding settings waits until the best has one under them."""
    changed = ev.ConfigChanged(config=config, changed=changed_settings(RunConfig(), config))
    last = [*candidate(1), training(1), trained(1, 0.5), row(1, 0.5)]
    story = [started(), asked(), *BASELINE, changed, set_up(), *last]
    (command,) = decide(given(*story))
    assert isinstance(command, do.Remeasure)
    (command,) = decide(given(*story, *remeasured(2, 0.4)))
    assert ("lower", 0.4) == (command.rule, command.inputs["best"])


def test_a_deciding_setting_at_its_default_says_nothing():
    """The digest that verdicts name is that of what was set: a setting that comes to be changes none."""
    assert sha256(b"{}").hexdigest()[:16] == deciding_digest(RunConfig())
    set_ = b'{"training_budget": "60m"}'
    assert sha256(set_).hexdigest()[:16] == deciding_digest(RunConfig(training_budget="60m", timeout_s=9))


def test_settings_that_hold_no_more_are_not_compared():
    """A training that began under settings that the best has no number under, and that are gone, is lost."""
    there = ev.ConfigChanged(config=OTHER_SETTINGS[1], changed=("training_budget",))
    back = ev.ConfigChanged(config=RunConfig(), changed=("training_budget",))
    last = [*candidate(1), there, training(1), back, trained(1, 0.5), row(1, 0.5)]
    (command,) = decide(given(started(), asked(), *BASELINE, *last))
    assert "not_comparable" == command.rule
    assert command.inputs["deciding"] != command.inputs["best_deciding"]
    assert "other settings" in say_verdict(command.rule, command.inputs)


def test_what_changed_since_the_best_was_trained_is_told():
    """While the best is trained once more for a candidate's sake, `status` says what changed since."""
    measuring = remeasured(2, 1.25)
    assert standing(given(*ON_OTHER_DATA))["changed_since"] == ""
    seen = standing(given(*ON_OTHER_DATA, measuring[0]))
    assert seen["changed_since"] == "data_id"
