"""What is kept and what is not, by number, settings and time."""

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.compared import deciding_digest
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Spent
from autoresearch.projections.words.wording import say_verdict
from tests.core.commands import COMMIT, names
from tests.given import (
    BASE,
    BASELINE,
    asked,
    candidate,
    committed,
    given,
    kept,
    opened,
    row,
    set_up,
    started,
    trained,
    training,
)


@pytest.mark.parametrize(
    ("metric", "command"), [(1.4, "KeepCandidate"), (1.5, "DiscardCandidate"), (1.6, "DiscardCandidate")]
)
def test_only_a_lower_score_is_kept(metric, command):
    """A score that is equal to the best or higher is discarded."""
    story = [started(), asked(), *BASELINE, *candidate(1), training(1), trained(1, metric), row(1, metric)]
    assert names(decide(given(*story))) == [command]


def test_the_same_code_is_never_an_improvement():
    """Measuring the best once more cannot replace it, however low the noise fell."""
    story = [started(), asked(0), *BASELINE, asked(1, loop_stages=("train", "record", "decide"))]
    story += [
        opened(1, first="train"),
        committed(1, BASE, tree="t" * 40),
        training(1),
        trained(1, 1.0),
        row(1, 1.0),
    ]
    (command,) = decide(given(*story))
    assert "same_code" == command.rule


def test_settings_that_decide_nothing_are_compared():
    """A change of settings that say nothing of the result leaves it comparable."""
    changed = ev.ConfigChanged(config=RunConfig(timeout_s=9, prefetch=0), changed=("timeout_s", "prefetch"))
    story = [started(), asked(), *BASELINE, changed, *candidate(1), training(1), trained(1, 0.5), row(1, 0.5)]
    (command,) = decide(given(*story))
    assert isinstance(command, do.KeepCandidate)


def test_a_result_belongs_to_the_settings_its_training_began_under():
    """Settings changed while a training runs are not its own, and the best keeps those of its training."""
    config = RunConfig(training_budget="60m")
    changed = ev.ConfigChanged(config=config, changed=("training_budget",))
    story = [started(), asked(), *BASELINE, *candidate(1), training(1), changed, trained(1, 0.5), row(1, 0.5)]
    run = given(*story)
    (command,) = decide(run)
    assert isinstance(command, do.KeepCandidate)
    after = given(*story, kept(1, COMMIT))
    assert deciding_digest(RunConfig()) == after.best.conditions.deciding
    assert deciding_digest(config) == after.deciding


def test_settings_that_are_changed_back_are_compared_again():
    """A training under the best's settings is compared with it, whatever held in between."""
    there = ev.ConfigChanged(config=RunConfig(training_budget="60m"), changed=("training_budget",))
    back = ev.ConfigChanged(config=RunConfig(), changed=("training_budget",))
    last = [*candidate(1), training(1), trained(1, 0.5), row(1, 0.5)]
    (command,) = decide(given(started(), asked(), *BASELINE, there, back, *last))
    assert isinstance(command, do.KeepCandidate)


@pytest.mark.parametrize(
    ("seconds", "cpu", "said"),
    [
        (110.0, 160.0, "improved (1.000000 < 1.500000); it took 2.0 times the CPU time of its base"),
        (300.0, 160.0, "improved (1.000000 < 1.500000); it took 3.0 times the wall time of its base"),
        (140.0, 115.0, "improved (1.000000 < 1.500000)"),
        (300.0, None, "improved (1.000000 < 1.500000); it took 3.0 times the wall time of its base"),
    ],
)
def test_what_took_far_more_is_flagged(*, seconds: float, cpu: float | None, said: str):
    """A verdict says of a training what it took of the wall or the CPU, where that is far from its base's."""
    base = evolve(trained(0, 1.5), seconds=100.0, cpu_seconds=80.0)
    long = evolve(trained(1, 1.0), seconds=seconds, cpu_seconds=cpu)
    begun = (set_up(), opened(0, first="train"), training(0), base, row(0, 1.5), kept(0, BASE))
    after = (*candidate(1), training(1, commit=COMMIT), long, row(1, 1.0))
    (command,) = decide(given(started(), asked(1), *begun, *after))
    assert isinstance(command, do.KeepCandidate)
    assert said == say_verdict(command.rule, command.inputs)


def test_a_few_seconds_more_are_no_matter():
    """Three times as long is flagged of minutes, not of seconds: these are at the mercy of the machine."""
    assert Spent(seconds=9.0).far_beyond(Spent(seconds=3.0)) is None
    assert ("wall", 3.0) == Spent(seconds=90.0).far_beyond(Spent(seconds=30.0))


@pytest.mark.parametrize(("most", "kept_"), [(0.0, True), (1.5, False), (2.5, True)])
def test_what_took_too_much_is_not_kept(*, most: float, kept_: bool):
    """A better number that took more of the wall or the CPU than the settings allow is discarded, and why."""
    config = RunConfig(most_spent=most)
    base = evolve(trained(0, 1.5), seconds=100.0, cpu_seconds=80.0)
    long = evolve(trained(1, 1.0), seconds=110.0, cpu_seconds=160.0)
    begun = (opened(0, first="train"), training(0), base, row(0, 1.5), kept(0, BASE))
    story = (
        started(config),
        asked(1),
        set_up(),
        *begun,
        *candidate(1),
        training(1, commit=COMMIT),
        long,
        row(1, 1.0),
    )
    (command,) = decide(given(*story))
    assert isinstance(command, do.KeepCandidate if kept_ else do.DiscardCandidate)
    if not kept_:
        assert ("overspent", 2.0) == (command.rule, command.inputs["times"])
        assert "it took 2.00 times what the best took" in say_verdict(command.rule, command.inputs)
