"""Consolidation: each keep and the one before it, on seeds that nothing was chosen by."""

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from tests.given import asked, candidate, given, kept, opened, row, set_up, started, trained, training


CONFIG = RunConfig(keep_rule="climb", seed_env="SEED", noise=0.1, final=0)
CHAIN = (
    started(CONFIG),
    asked(2, consolidate=1),
    set_up(),
    opened(0, first="train"),
    training(0),
    trained(0, 3.0),
    row(0, 3.0),
    kept(0),
    *candidate(1),
    training(1),
    trained(1, 2.0),
    row(1, 2.0),
    kept(1),
    *candidate(2),
    training(2),
    trained(2, 1.9),
    row(2, 1.9),
    kept(2),
)


def measured(
    iteration: int, keep: int, metric: float, *, repeat: int = 2, data_id: str = "d1", met: bool = True
) -> tuple[ev.Event, ...]:
    """A keep was measured once more, on one fresh seed."""
    return (
        ev.RemeasureStarted(
            iteration=iteration,
            keep=keep,
            commit="b" * 40,
            purpose="consolidate",
            because_of=None,
            repeats=(repeat,),
            differ_in=(),
        ),
        training(iteration, repeat=repeat),
        trained(iteration, metric, data_id=data_id),
        row(iteration, metric),
        ev.KeepRemeasured(iteration=iteration, keep=keep, metric=metric, before=2.0, met=met),
    )


def stated(*events: ev.Event) -> dict[int, tuple[int, str]]:
    """Return of each keep what it is compared with, and what is said of it."""
    (command,) = decide(given(*events))
    assert isinstance(command, do.ConsolidateChain), command
    return {one.iteration: (one.base, one.verdict) for one in command.keeps}


def test_the_chain_is_measured_from_its_end_on_fresh_seeds():
    """The best first, then those before it, the baseline too: each on the repeat after the last."""
    (command,) = decide(given(*CHAIN))
    assert isinstance(command, do.Remeasure)
    assert ("consolidate", 2, (2,)) == (command.purpose, command.keep, command.repeats)
    (command,) = decide(given(*CHAIN, *measured(3, 2, 1.9)))
    assert (1, (2,)) == (command.keep, command.repeats)
    (command,) = decide(given(*CHAIN, *measured(3, 2, 1.9), *measured(4, 1, 2.0)))
    assert (0, (2,)) == (command.keep, command.repeats)


MEASURED = (*CHAIN, *measured(3, 2, 1.9), *measured(4, 1, 2.0), *measured(5, 0, 3.0))


def test_each_keep_is_compared_with_the_one_before_it():
    """A gain of ten spreads is confirmed; one of a spread is doubtful on one seed."""
    assert {1: (0, "confirmed"), 2: (1, "doubtful")} == stated(*MEASURED)


def test_without_seeds_means_are_compared():
    """Where settings name no variable for a seed, a keep is compared with the mean of the one before it.

    Its half width is 1.96 s √(1/n + 1/n): here 0.196, and no pair makes it smaller.
    """
    story = [started(evolve(CONFIG, seed_env="")), asked(2, consolidate=2), *CHAIN[2:]]
    again = [
        *of_two(3, 2, 1.75, 1.85),
        *of_two(4, 1, 2.05, 1.95),
        *of_two(5, 0, 3.0, 3.2),
    ]
    (command,) = decide(given(*story, *again))
    assert isinstance(command, do.ConsolidateChain)
    assert [(1, 0, 2), (2, 1, 2)] == [(one.iteration, one.base, one.pairs) for one in command.keeps]
    assert [1.1, 0.2] == pytest.approx([one.gain for one in command.keeps])
    assert [0.196, 0.196] == pytest.approx([one.half_width for one in command.keeps])
    assert ["confirmed", "confirmed"] == [one.verdict for one in command.keeps]
    assert command.inputs["paired"] is False


def test_without_seeds_as_many_are_trained():
    """Each keep is trained once more for each seed that was asked for, though no seed is given to it."""
    story = [started(evolve(CONFIG, seed_env="")), asked(2, consolidate=2), *CHAIN[2:]]
    (command,) = decide(given(*story))
    assert isinstance(command, do.Remeasure)
    assert (2, (2, 3)) == (command.keep, command.repeats)
    (begun, *_) = of_two(3, 2, 1.75, 1.85)
    (command,) = decide(given(*story, begun))
    assert isinstance(command, do.StartTraining)
    assert (2, None) == (command.repeat, command.seed)


def of_two(iteration: int, keep: int, first: float, second: float) -> tuple[ev.Event, ...]:
    """A keep was measured twice more."""
    (begun, _, *_, taken) = measured(iteration, keep, (first + second) / 2)
    assert isinstance(begun, ev.RemeasureStarted)
    return (
        evolve(begun, repeats=(2, 3)),
        training(iteration, 1, repeat=2),
        trained(iteration, first, number=1),
        training(iteration, 2, repeat=3),
        trained(iteration, second, number=2),
        row(iteration, (first + second) / 2),
        taken,
    )


def test_it_is_stated_once_and_again_on_request():
    """Once it is stated the run rests; a request for it alone measures all on later repeats."""
    (command,) = decide(given(*MEASURED))
    said = ev.ChainConsolidated(repeats=command.repeats, keeps=command.keeps, inputs=command.inputs)
    (rest,) = decide(given(*MEASURED, said))
    assert isinstance(rest, do.Stop)
    stopped = ev.RunStopped(how="done", reason=rest.reason)
    (command,) = decide(given(*MEASURED, said, stopped, asked(0, consolidate=2)))
    assert (2, (3, 4)) == (command.keep, command.repeats)


def test_what_is_retracted_is_out():
    """A keep that was retracted meanwhile is left out: the next is compared with the one before that."""
    gone = ev.ResultRetracted(iteration=1, why="the card was shared", with_descendants=False)
    assert {2: (0, "confirmed")} == stated(*CHAIN, *measured(3, 2, 1.9), gone, *measured(4, 0, 3.0))
    (command,) = decide(given(*MEASURED))
    said = ev.ChainConsolidated(repeats=command.repeats, keeps=command.keeps, inputs=command.inputs)
    assert () == given(*MEASURED, said, gone).consolidated


def test_what_cannot_be_measured_alike_is_left_out():
    """A keep that is measured on other data is compared with nothing, and not tried for ever."""
    elsewhere = measured(4, 1, 2.0, data_id="d2", met=False)
    assert {} == stated(*CHAIN, *measured(3, 2, 1.9), *elsewhere, *measured(5, 0, 3.0))


def test_what_a_rule_does_not_learn_is_as_unsure_as_the_few_numbers_are():
    """Under `lower` two numbers of the baseline tell of seeds: Student's quantile is that of one freedom."""
    lower = started(evolve(CONFIG, keep_rule="lower", noise=0.0))
    alike = measured(5, 0, 3.2)
    (command,) = decide(given(lower, *CHAIN[1:], *measured(3, 2, 1.9), *measured(4, 1, 2.0), *alike))
    assert isinstance(command, do.ConsolidateChain)
    # s² = 0.02, and a pair is taken for two trainings: √(3 · 2s² / 3) = 0.2
    assert [12.706 * 0.2] * 2 == pytest.approx([one.half_width for one in command.keeps])
    assert ["doubtful", "doubtful"] == [one.verdict for one in command.keeps]


def test_of_numbers_that_stand_alone_there_is_no_interval():
    """Under other conditions each is measured once, on one seed: nothing tells how far seeds lie apart."""
    lower = started(evolve(CONFIG, keep_rule="lower", noise=0.0))
    moved = [
        *measured(3, 2, 1.9, data_id="d2"),
        *measured(4, 1, 2.0, data_id="d2"),
        *measured(5, 0, 3.0, data_id="d2"),
    ]
    (command,) = decide(given(lower, *CHAIN[1:], *moved))
    assert isinstance(command, do.ConsolidateChain)
    assert [(None, "doubtful")] * 2 == [(one.half_width, one.verdict) for one in command.keeps]
    assert command.inputs["of_seeds"] is None


def test_where_every_seed_gives_the_same_there_is_nothing_to_learn():
    """A baseline of the same number under every seed is consolidated with nothing."""
    config = evolve(CONFIG, noise=0.0)
    again = [training(0, 2, repeat=2), trained(0, 3.0, number=2)]
    inputs = {"metric": 3.0, "trainings": 2, "of_seeds": 0.0}
    story = [started(config), *CHAIN[1:6], *again, row(0, 3.0), evolve(kept(0), inputs=inputs), *CHAIN[8:]]
    (command,) = decide(given(*story))
    assert isinstance(command, do.Stop)


def test_a_keep_that_fails_stops_the_run_and_is_trained_again():
    """As in a final: the run says which could not be measured, and `resume` tries that one again."""
    (first, begun, *_) = measured(3, 2, 1.9)
    failed = [*CHAIN, first, begun, trained(3, None, outcome="crashed")]
    (command,) = decide(given(*failed))
    assert ("baseline_failed", "remeasure_failed", 2) == (
        command.how,
        command.reason.code,
        command.reason.inputs["best"],
    )
    stopped = ev.RunStopped(how=command.how, reason=command.reason)
    (command,) = decide(given(*failed, stopped, ev.RunResumed()))
    assert isinstance(command, do.StartTraining)
