"""Iterations without a result: which of them crashed, which were not applied, and which the world ended."""

import pytest

from autoresearch.engine.runs.load import nothing
from autoresearch.engine.runs.one_iteration import OneIteration
from autoresearch.events.log.read import read
from autoresearch.events.values import Reason, why
from autoresearch.projections.evidence import evidence_of
from autoresearch.projections.results import line_of, results_tsv
from autoresearch.projections.summary import standing
from autoresearch.projections.timeline import Row, Timeline
from autoresearch.projections.words.times import signed
from autoresearch.projections.words.wording import say_verdict
from autoresearch.workflows.api.experiments import experiment, status_of, story_of
from autoresearch.workflows.api.report import report_object
from autoresearch.workflows.pages.tables import experiments_table, say_author, story_page
from autoresearch.workflows.report.as_text import text_of
from autoresearch.workflows.report.page import document_of
from tests.golden.play import FOLDER


@pytest.mark.parametrize(
    ("outcome", "verdict", "reason", "status", "told"),
    [
        ("crashed", "crash", why("exit_code", exit_code=1), "crash", "wider"),
        ("crashed", "crash", why("signal_memory", signal="SIGKILL"), "crash", "wider"),
        ("crashed", "crash", why("not_started", "uv: No such file"), "accident", "accident: wider"),
        ("not_applied", "not_applied", why("no_change"), "not_applied", "not applied: wider"),
        ("not_applied", "not_applied", why("not_installed", agent="claude"), "accident", "accident: wider"),
        ("succeeded", "discard", None, "discard", "wider"),
    ],
)
def test_rows_without_a_result_are_told_apart(
    outcome: str, verdict: str, reason: Reason | None, status: str, told: str
):
    """Every table names the kind; the status in results.tsv stays a word that its format knows."""
    row = Row(
        iteration=3,
        started_at="2026-11-23T00:00:00.000Z",
        base_commit="0" * 40,
        outcome=outcome,
        verdict=verdict,
        reason=reason,
        description="wider",
        recorded=True,
    )
    *_, known, description = line_of(row).split("\t")
    assert (known, description) == ("discard" if verdict == "discard" else "crash", told)
    assert status == status_of(row) == experiment(row)["status"]
    assert f" {status} " in experiments_table([row], metric="val_bpb", best=None)


@pytest.mark.parametrize(("iteration", "who"), [(0, "baseline"), (5, "again")])
def test_nobody_proposed_to_measure_again(iteration: int, who: str):
    """What is measured once more is not called the baseline's, and the baseline is."""
    row = Row(iteration=iteration, started_at="", base_commit="0" * 40, source="baseline", description="x")
    assert who == say_author(row)


def test_the_header_of_a_table_names_its_metric():
    """The second column of results.tsv has the name that the settings give, where it is not the usual one."""
    assert "commit\taccuracy\tmemory_gb\tstatus\tdescription\n" == results_tsv(Timeline(), metric="accuracy")


def test_what_fresh_seeds_measured_is_no_keep_of_the_table():
    """From keep to keep, gains in results.tsv add up to the last one's: the final's measurements are none."""
    loaded = nothing()
    for one in read(FOLDER / "step-by-step.jsonl"):
        loaded = loaded.after(one)
    rows = [line.split("\t") for line in results_tsv(loaded.timeline).splitlines()[1:]]
    again = [status for *_, status, said in rows if said.endswith("measured again")]
    assert ["discard", "discard"] == again
    kept = [row for row in loaded.timeline.rows if row.verdict == "keep"]
    assert [f"{row.metric:.6f}" for row in kept] == [row[1] for row in rows if row[3] == "keep"]


def test_what_was_kept_without_its_review_is_so_called_wherever_it_is_told():
    """Table, object, page of one, report and `status` say which keeps nobody reviewed, and none of others."""
    records = list(read(FOLDER / "reviewed-before-keep.jsonl"))
    loaded = nothing()
    for one in records:
        loaded = loaded.after(one)
    rows, now = loaded.timeline.rows, standing(loaded.run)
    assert [4, 6] == [row.iteration for row in rows if experiment(row)["not_reviewed"]] == now["not_reviewed"]
    assert 2 == experiments_table(rows, metric="m", best=None).count(" not reviewed: rate ")
    story = story_of(OneIteration(row=rows[4], events=(), proposals={}))
    head = story_page(story, metric="m", diff="", tail_lines=1).splitlines()
    assert "iteration 4: keep, not reviewed" == head[0]
    assert "; not reviewed: " in head[1]
    report = text_of(document_of(report_object(loaded, evidence_of(records))))
    assert 2 == report.count(" not reviewed: rate ")


def test_a_report_names_each_veto_with_its_reason_and_its_gain():
    """What a review did not let pass stands in the report: who, why, which change, and what it gained."""
    records = list(read(FOLDER / "reviewed-before-keep.jsonl"))
    loaded = nothing()
    for one in records:
        loaded = loaded.after(one)
    report = text_of(document_of(report_object(loaded, evidence_of(records))))
    why = "train.py:7 reads the test text"
    said = f"- 2 vetoed by review (claude, m1): {why}: rate 2 (search), gain +0.250000 #60"
    assert said in report.splitlines()


def test_a_zero_has_no_sign_whatever_it_was_rounded_from():
    """Gains that are zero to six places are told alike; all others have their sign."""
    told = ["0.000000", "0.000000", "0.000000", "-0.000001", "+0.000001"]
    assert told == [signed(gain) for gain in (0.0, -0.0, -4e-7, -6e-7, 6e-7)]


def test_what_is_better_and_not_enough_is_not_called_worse():
    """A gain below what was asked is told with what that was; a loss is no better."""
    inputs = {"gain": 0.001, "half_width": 0.02, "pairs": 1, "min_delta": 0.0039}
    little = (
        "better, but not enough: +0.001000 ± 0.020000 on 1 seed, not more than the 0.003900 that was asked"
    )
    assert f"{little}, half of what seeds differ by" == say_verdict("climb", inputs)
    assert little == say_verdict("confirm", inputs)
    assert say_verdict("climb", inputs | {"gain": -0.001}).startswith("no better: -0.001000")


def test_the_only_keep_has_the_gain_that_the_report_begins_with():
    """Where one thing was kept, what the final measured stands in its row, with the event of it."""
    records = list(read(FOLDER / "step-by-step.jsonl"))
    loaded = nothing()
    for one in records:
        loaded = loaded.after(one)
    report = text_of(document_of(report_object(loaded, evidence_of(records))))
    assert 2 == report.count("+0.006983 ± 0.005761 #44")
    assert "how sure a gain is to be real" in experiments_table(loaded.timeline.rows, metric="m", best=None)
