"""How often a run chose by the validation text: one comparison a verdict, and one more a repeat."""

import pytest
from attrs import evolve

from autoresearch.events import catalog as ev
from autoresearch.projections.fold import fold
from autoresearch.projections.timeline import TIMELINE
from autoresearch.workflows.api.experiments import experiment
from tests.given import (
    BASELINE,
    applied,
    asked,
    chosen,
    committed,
    discarded,
    given,
    opened,
    recorded,
    row,
    started,
    trained,
    training,
)


COMMIT = "c" * 40
STORY = (started(), asked(9), *BASELINE)


def judged(iteration: int, rule: str, **inputs) -> tuple[ev.Event, ...]:
    """A candidate was trained and discarded by a rule and its inputs."""
    made = (opened(iteration), chosen(iteration), applied(iteration), committed(iteration, COMMIT))
    measured = (training(iteration, commit=COMMIT), trained(iteration, 2.0), row(iteration, 2.0))
    return (*made, *measured, evolve(discarded(iteration), rule=rule, inputs=inputs))


@pytest.mark.parametrize(
    ("rule", "inputs", "count"),
    [
        ("lower", {"metric": 2.0, "best": 1.5, "gain": -0.5}, 1),
        ("climb", {"gain": -0.5, "pairs": 1}, 1),
        ("confirm", {"gain": 0.1, "pairs": 5}, 5),
        ("no_result", {"outcome": "crashed"}, 0),
        ("known_code", {"same_as": 0, "metric": 1.5, "code": "0"}, 0),
        ("stopped_early", {"percent": 40.0, "loss": 3.0, "base_loss": 2.0, "bound": 0.1}, 0),
        ("not_comparable", {"data_id": "d2", "best_data_id": "d1"}, 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_compared_numbers_is_counted(rule: str, inputs: dict, count: int):
    """A verdict counts as many comparisons as it had pairs; one that compared nothing counts none."""
    run = given(*STORY, *judged(1, "lower", gain=-0.5), *judged(2, rule, **inputs))
    assert 1 + count == run.comparisons


def test_a_row_knows_how_many_were_its_own():
    """The rows add up to the run's count, the baseline has none; what is retracted later was made."""
    history = (*STORY, *judged(1, "confirm", gain=0.1, pairs=3), *judged(2, "lower", gain=-0.5))
    taken_back = ev.ResultRetracted(iteration=1, why="a slip", with_descendants=False)
    rows = fold(TIMELINE, recorded(*history, taken_back)).rows
    assert [0, 3, 1] == [experiment(one)["comparisons"] for one in rows]
    assert 4 == given(*history, taken_back).comparisons
