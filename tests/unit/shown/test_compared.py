"""Best and baseline in one line are of one comparison, and it is the same one everywhere."""

import re
from pathlib import Path

import pytest

from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.runs.load import Loaded, nothing
from autoresearch.events.log.read import read
from autoresearch.events.values import Best, Conditions, Score
from autoresearch.projections.evidence import evidence_of
from autoresearch.projections.parts.compared import Compared, compared, shown_best
from autoresearch.projections.state_text import say_stopped
from autoresearch.projections.summary import standing
from autoresearch.workflows.api.report import report_object
from autoresearch.workflows.api.run_now import RunNow
from autoresearch.workflows.api.status import LiveFacts, status_object
from autoresearch.workflows.pages.status import status_page
from autoresearch.workflows.pages.tables import state_page
from autoresearch.workflows.report.as_text import text_of
from autoresearch.workflows.report.page import document_of


RUNS = sorted((Path(__file__).parents[2] / "golden" / "runs").glob("*.jsonl"))
LATE = "2026-03-08T23:00:00.000Z"
LINE = re.compile(
    r"^best .* (\S+), iteration .*; baseline (\S+) \((\S+) %\), on (\d+) seeds? in common$", re.MULTILINE
)


def kept(iteration: int, *numbers: float, first: int = 1, conditions: Conditions | None = None) -> Best:
    """Return a keep that measured these numbers, under one seed after another."""
    under = conditions or Conditions()
    scores = (Score(metric=one, repeat=n, conditions=under) for n, one in enumerate(numbers, first))
    return Best(iteration=iteration, commit=f"c{iteration}", tree="", scores=tuple(scores))


def folded(path: Path) -> Loaded:
    loaded = nothing()
    for one in read(path):
        loaded = loaded.after(one)
    return loaded


def seen_of(loaded: Loaded) -> RunNow:
    facts = LiveFacts(runner_alive=False, progress=None, gpu=None, dropped=0, as_of=LATE)
    paths = run_named(Path("/home"), "autoresearch-mar8-r001")
    return RunNow(paths=paths, run=loaded.run, runner=None, facts=facts)


def test_both_are_means_over_the_seeds_that_both_have() -> None:
    """A seed that only one of them was trained under moves neither of the two numbers, but the means."""
    best, baseline = kept(3, 1.0, 2.0, 9.0), kept(0, 2.0, 4.0)
    assert Compared(
        best=1.5, baseline=3.0, seeds=2, best_mean=4.0, baseline_mean=3.0, baseline_first=2.0
    ) == compared((baseline, best), 2.0)


def test_without_a_seed_in_common_nothing_is_compared() -> None:
    """Under other conditions, other seeds, or without a kept baseline, each number is its own."""
    other = kept(3, 1.0, conditions=Conditions(deciding="other"))
    for keeps in ((kept(0, 2.0), other), (kept(0, 2.0), kept(3, 1.0, first=7)), (kept(3, 1.0),)):
        found = compared(keeps, 2.0)
        assert (1.0, 2.0, None) == (found.best, found.baseline, found.seeds)
    assert (None, None) == (compared((), None).best, compared((), None).baseline)


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_every_page_has_the_same_two_numbers(path: Path) -> None:
    """Status, its object, the report and the state have one comparison, and its percent adds up."""
    loaded = folded(path)
    seen, report = seen_of(loaded), report_object(loaded, evidence_of(read(path)))
    told = status_object(seen.paths, seen.glance.standing, seen.facts)
    best, baseline, seeds = told["best_metric"], told["baseline_metric"], told["seeds_in_common"]
    assert (best, baseline, seeds) == (
        *((report[name] or {}).get("metric") for name in ("best", "baseline")),
        report["seeds_in_common"],
    )
    shown = shown_best(loaded.run.keeps, loaded.run.baseline)  # what fork, retract and `replay` tell
    assert best == (None if shown is None else shown.metric)
    assert "best" not in say_stopped(standing(loaded.run)), "the stop names no number of its own"
    for name, number in (("best", best), ("baseline", baseline)):
        (said,) = re.findall(rf"^{name} +(.*)$", state_page(loaded.run), re.MULTILINE)
        assert said.startswith("none yet" if number is None else f"{number:.6f}")
    line = LINE.search(status_page(seen.glance))
    if line is None:
        return
    assert (f"{best:.6f}", f"{baseline:.6f}", str(seeds)) == line.group(1, 2, 4)
    said_best, said_baseline, percent = map(float, line.group(1, 2, 3))
    assert percent == pytest.approx(100 * (said_best - said_baseline) / said_baseline, abs=0.01)
    assert f"baseline {told['metric']} {baseline:.6f}" in text_of(document_of(report))
    assert f"({percent:+.2f} %), on {seeds} seed" in text_of(document_of(report))


def test_the_report_names_the_other_numbers() -> None:
    """Where a number stands elsewhere as another mean of the same trainings, the report says which."""
    (path,) = [one for one in RUNS if one.stem == "taken-out"]
    loaded = folded(path)
    assert LINE.search(status_page(seen_of(loaded).glance))
    page = text_of(document_of(report_object(loaded, evidence_of(read(path)))))
    assert "best val_bpb 1.985000" in page
    assert "as measured last: best 1.930750, baseline 2.833333" in page
    (path,) = [one for one in RUNS if one.stem == "consolidate"]
    page = text_of(document_of(report_object(folded(path), evidence_of(read(path)))))
    assert "baseline val_bpb 3.150000" in page
    assert re.search(r"when it was judged: .*baseline 3\.000000", page)
