"""What a training took and under what, where an iteration is looked at."""

from attrs import evolve

from autoresearch.engine.runs.one_iteration import OneIteration
from autoresearch.projections.fold import fold
from autoresearch.projections.timeline import TIMELINE
from autoresearch.projections.words.event_text import describe
from autoresearch.workflows.api.experiments import experiment, experiment_whole, story_of
from autoresearch.workflows.pages.tables import experiments_table, story_page
from tests.given import BASELINE, asked, candidate, kept, recorded, row, started, trained, training


INPUTS = {
    "metric": 1.0, "best": 1.5, "gain": 0.5, "min_delta": 0.0, "lower_is_better": True,
    "spent_of": "CPU", "spent_times": 2.1,
}  # fmt: skip
VERDICT = evolve(kept(1), inputs=INPUTS)
STORY = recorded(
    started(),
    asked(),
    *BASELINE,
    *candidate(1),
    evolve(training(1), surroundings={"python": "3.11.9", "threads": "4", "packages": "0123456789abcdef"}),
    evolve(trained(1, 1.0), seconds=300.0, cpu_seconds=630.0),
    row(1, 1.0),
    VERDICT,
)
SAID = "improved (1.000000 < 1.500000); it took 2.1 times the CPU time of its base"


def test_what_took_far_more_is_shown():
    """Its event, its row in the table, and the object of it say how many times its base's it was."""
    timeline = fold(TIMELINE, STORY)
    one = timeline.row(1)
    assert f"iteration 1 kept: {SAID}" == describe(VERDICT)
    (line,) = [
        said for said in experiments_table(timeline.rows, metric="m", best=1).splitlines() if "*" in said
    ]
    assert " 5 min 00 s (2.1x) " in line
    assert (SAID, 630.0, 2.1) == tuple(
        experiment(one)[name] for name in ("reason", "cpu_seconds", "spent_times")
    )
    assert experiment(timeline.row(0))["spent_times"] is None


def test_the_page_of_an_iteration_says_under_what_it_was_measured():
    """What the training took and its conditions stand on the page, digests cut, and whole in the object."""
    timeline = fold(TIMELINE, STORY)
    story = story_of(OneIteration(row=timeline.row(1), events=tuple(STORY), proposals={}))
    page = story_page(story, metric="m", diff="", tail_lines=1)
    assert SAID in page
    assert "trained for 5 min 00 s, 10 min 30 s of CPU time" in page
    assert "conditions device cpu, python 3.11.9, threads 4, packages 0123456789ab\n" in page
    assert "0123456789abcdef" == experiment_whole(story, diff="")["conditions"]["packages"]
