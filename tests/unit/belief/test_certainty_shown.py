"""How sure a keep is, where people and programs read it."""

from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.control.outcome import StartOutcome
from autoresearch.engine.control.results.publish import Kept, Publication
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.upcasters import upcast
from autoresearch.events.values import Consolidated, Request, why
from autoresearch.projections.fold import fold
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_gain
from autoresearch.projections.summary import standing
from autoresearch.projections.timeline import TIMELINE
from autoresearch.projections.words.event_text import describe
from autoresearch.workflows.api.experiments import experiment
from autoresearch.workflows.api.run_now import RunNow
from autoresearch.workflows.api.status import LiveFacts
from autoresearch.workflows.pages.acts import publish
from autoresearch.workflows.pages.acts.start import start_lines
from autoresearch.workflows.pages.status import next_words, status_page
from autoresearch.workflows.pages.tables import experiments_table
from tests.given import BASELINE, asked, candidate, given, kept, recorded, row, started, trained, training


INPUTS = {
    "metric": 1.0, "best": 1.5, "gain": 0.5, "min_delta": 0.1, "lower_is_better": True, "pairs": 1,
    "paired": True, "squares": 0.0, "of_seeds": 0.2, "half_width": 0.25, "probability": 0.934, "shrunk": 0.4,
}  # fmt: skip
VERDICT = evolve(kept(1), rule="climb", inputs=INPUTS)
STORY = (started(), asked(), *BASELINE, *candidate(1), training(1), trained(1, 1.0), row(1, 1.0), VERDICT)
PATHS = run_named(Path("/home"), "r-r001")
IDLE = LiveFacts(runner_alive=False, progress=None, gpu=None, dropped=0, as_of="2026-03-08T23:00:00.000Z")


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


def test_a_gain_without_an_interval_is_said_as_such():
    """Its event, the status and the report say that there are too few numbers for one; none says ± 0."""
    stated = ev.GainStated(keep=1, repeats=(2,), gain=0.5, half_width=None, inputs={})
    assert "gain of iteration 1 on the baseline: 0.500000, on 1 seed, too few for an interval" == describe(
        stated
    )
    assert "no gain shown: +0.500000 on 1 fresh seed, too few for an interval" == say_gain(0.5, None, 1)
    story = recorded(
        started(),
        asked(),
        *BASELINE,
        *candidate(1),
        training(1),
        trained(1, 1.0),
        row(1, 1.0),
        VERDICT,
        stated,
    )
    run = fold(RUN, story)
    assert run.gain is not None
    assert not run.gain.is_shown
    facts = LiveFacts(
        runner_alive=False, progress=None, gpu=None, dropped=0, as_of="2026-03-08T23:00:00.000Z"
    )
    seen = RunNow(paths=run_named(Path("/home"), "r-r001"), run=run, runner=None, facts=facts)
    assert "no gain shown: +0.500000 on 1 fresh seed, too few for an interval" in status_page(seen.glance)
    chain = ev.ChainConsolidated(
        repeats=(2,),
        keeps=(Consolidated(iteration=1, base=0, pairs=1, gain=0.5, half_width=None, verdict="doubtful"),),
        inputs={},
    )
    assert "on 1 seed: iteration 1 doubtful (+0.500000 no interval)" == describe(chain)


def test_a_gain_of_before_says_no_interval_of_zero():
    """A gain that was stated from single numbers had a half width of 0; it is read as none."""
    assert {"gain": 1.0, "half_width": None} == upcast(
        "GainStated", 1, {"gain": 1.0, "half_width": 0.0}, to=2
    )
    said = {"keeps": [{"half_width": 0.0}, {"half_width": 0.5}]}
    assert {"keeps": [{"half_width": None}, {"half_width": 0.5}]} == upcast(
        "ChainConsolidated", 1, said, to=2
    )


@pytest.mark.parametrize("again", [1.5, 1.75])
def test_where_seeds_move_nothing_the_gain_is_exact(again: float):
    """A baseline that measures the same twice leaves nothing to a final: `status` says the gain at once."""
    twice = (
        ev.RemeasureStarted(
            iteration=2, keep=0, commit="b" * 40, purpose="final", because_of=None, repeats=(2,), differ_in=()
        ),
        training(2, repeat=2),
        trained(2, again),
        row(2, again),
        ev.KeepRemeasured(iteration=2, keep=0, metric=again, before=1.5, met=True),
    )
    run = given(
        started(),
        asked(),
        *BASELINE,
        *candidate(1),
        training(1),
        trained(1, 1.0),
        row(1, 1.0),
        kept(1),
        *twice,
    )
    assert (0.5 if again == 1.5 else None) == standing(run)["exact_gain"]


@pytest.mark.parametrize(("gain", "said"), [(-0.0625, "no gain shown"), (-0.25, "a loss"), (0.25, "")])
def test_a_final_without_a_gain_is_said_before_anything_is_published(gain: float, said: str):
    """The next step and the heading of a publication begin with it, and publishing is no next step then."""
    stated = ev.GainStated(keep=1, repeats=(2, 3, 4), gain=gain, half_width=0.125, inputs={})
    end = ev.RunStopped(how="done", reason=why("all_done"))
    run = fold(RUN, recorded(*STORY, stated, end))
    steps = next_words(RunNow(paths=PATHS, run=run, runner=None, facts=IDLE).glance)
    heading = publish.title(publication(run))
    if said:
        assert steps.startswith(f"{said} on fresh seeds: `autoresearch consolidate`")
        assert "publish" not in steps
        assert f"val_bpb, {said} on fresh seeds: 1 kept change" == heading
    else:
        assert "`autoresearch publish`" in steps
        assert "val_bpb, +0.250000 ± 0.125000 on 3 fresh seeds: 1 kept change" == heading


def test_the_numbers_of_a_published_change_are_those_of_its_gain():
    """Where later seeds made the mean worse, a row still shows what the keep was chosen by, to the digit."""
    run = fold(RUN, recorded(*STORY))
    text = publish.pull_request(publication(run))
    assert "| 1.500000 -> 1.000000 | better by 0.500000 ± 0.250000 on 1 seed; 93% sure" in text
    assert "1.500000 -> 1.750000" not in text
    alone = evolve(publication(run), gain=None)
    assert "val_bpb 1.750000 (mean of 4 seeds): 1 kept change" == publish.title(alone)
    higher = evolve(publication(run).kept[0], lower_is_better=False)
    assert (1.5, 2.0) == higher.chosen_by


def publication(run: RunState) -> Publication:
    """Return what would be published of `STORY`; further seeds left the keep with a mean of 1.75."""
    kept_row = fold(TIMELINE, recorded(*STORY)).row(1)
    assert kept_row is not None
    one = Kept(
        row=kept_row, commit="b" * 40, made_on="a" * 40, metric=1.75, before=1.5, lower_is_better=True,
        sureness=None, seeds=4,
    )  # fmt: skip
    return Publication(
        run_id="r", head="9 h", config=run.config, gain=run.gain, began_on="a" * 40, onto="a" * 40, beside="",
        kept=(one,), doubtful=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("final", "consolidate", "seq", "said"),
    [
        (3, 0, 9, "asked for the gain on 3 fresh seeds"),
        (3, 2, 9, "asked for what each keep gives on 2 fresh seeds"),
        (0, 0, 9, "asked for 0 loops"),
        (3, 0, 0, "asked for 0 loops"),
    ],
)
def test_what_measures_alone_says_what_it_measures(final: int, consolidate: int, seq: int, said: str):
    """Of a run that is there, without loops: the gain, or each keep; a new run is asked for its baseline."""
    request = Request(loops=0, final=final, consolidate=consolidate)
    outcome = StartOutcome(paths=PATHS, branch="b", request=request, seq=seq)
    assert said in list(start_lines(outcome))
