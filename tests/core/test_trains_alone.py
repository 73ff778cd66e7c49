"""A training whose files were touched while others trained beside it: the next one is alone."""

from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.projections.run_state import RunState
from tests.given import BASELINE, asked, candidate, discarded, given, row, started, trained, training, voided


FIRST, SECOND, THIRD = "c" * 40, "d" * 40, "e" * 40
# Two that train at once, in a slot each, and a third one that is ready.
BESIDE = (
    *(started(RunConfig(keep_rule="lower", slots=3)), asked(9, prefetch=1), *BASELINE),
    *(*candidate(1, FIRST), training(1), *candidate(2, SECOND), training(2, slot=2, commit=SECOND)),
    *candidate(3, THIRD),
)


def begun(state: RunState) -> list[tuple[int, int]]:
    """Return iteration and training of what is begun now."""
    starts = (one for one in decide(state) if isinstance(one, do.StartTraining))
    return list(dict.fromkeys((one.iteration, one.training) for one in starts))


def ended(iteration: int, *, number: int = 1) -> tuple[ev.Event, ...]:
    return trained(iteration, 1.6, number=number), row(iteration, 1.6), discarded(iteration)


def test_one_whose_files_were_touched_trains_alone():
    """It waits for who trains beside it, and holds the others back until its next training has ended."""
    assert [(3, 1)] == begun(given(*BESIDE))
    touched = (*BESIDE, voided(1, "train.py"))
    assert [] == begun(given(*touched))
    assert [(1, 2)] == begun(given(*touched, *ended(2)))
    again = (*touched, *ended(2), training(1, number=2))
    assert [] == begun(given(*again))
    assert [(3, 1)] == begun(given(*again, *ended(1, number=2)))


def test_two_whose_files_were_touched_train_one_after_the_other():
    """The first of them goes first, and the second waits for its end."""
    touched = given(*BESIDE, voided(2, "train.py"), voided(1, "train.py"))
    assert [(1, 2)] == begun(touched)


def test_one_that_the_kernel_shields_need_not_train_alone():
    """Where trainings write in their own places alone, who is touched trains again beside the others."""
    touched = given(*BESIDE, voided(1, "train.py"))
    held = evolve(touched, landlock=3, config=evolve(touched.config, evaluate=("score",)))
    assert (1, 2) in begun(held)
    anywhere = evolve(held, config=evolve(held.config, training_writes=("/",)))
    assert [] == begun(anywhere)
