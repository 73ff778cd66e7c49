"""How sure a keep is, where people and programs read it."""

from attrs import evolve

from autoresearch.projections.fold import fold
from autoresearch.projections.timeline import TIMELINE
from autoresearch.projections.words.event_text import describe
from autoresearch.workflows.api.experiments import experiment
from autoresearch.workflows.pages.tables import experiments_table
from tests.given import BASELINE, asked, candidate, kept, recorded, row, started, trained, training


INPUTS = {
    "metric": 1.0, "best": 1.5, "gain": 0.5, "min_delta": 0.1, "lower_is_better": True, "pairs": 1,
    "paired": True, "squares": 0.0, "of_seeds": 0.2, "half_width": 0.25, "probability": 0.934, "shrunk": 0.4,
}  # fmt: skip
VERDICT = evolve(kept(1), rule="climb", inputs=INPUTS)


def test_a_keep_says_how_sure_it_is():
    """The line of its event, its row in the table and the object of it have the same probability."""
    story = recorded(
        started(), asked(), *BASELINE, *candidate(1), training(1), trained(1, 1.0), row(1, 1.0), VERDICT
    )
    timeline = fold(TIMELINE, story)
    said = "better by 0.500000 ± 0.250000 on 1 seed; 93% sure to be real"
    assert f"iteration 1 kept: {said}" == describe(VERDICT)
    assert "+0.500000 ±0.250000 93%" in experiments_table(timeline.rows, metric="m", best=1)
    one = experiment(timeline.row(1))
    assert (0.934, 0.4) == (one["probability"], one["shrunk"])
    assert experiment(timeline.row(0))["probability"] is None
