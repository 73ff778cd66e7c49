"""Iterations without a result: which of them crashed, which were not applied, and which the world ended."""

import pytest

from autoresearch.events.values import Reason, why
from autoresearch.projections.results import line_of, results_tsv
from autoresearch.projections.timeline import Row, Timeline
from autoresearch.workflows.api.experiments import experiment, status_of
from autoresearch.workflows.pages.tables import experiments_table


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


def test_the_header_of_a_table_names_its_metric():
    """The second column of results.tsv has the name that the settings give, where it is not the usual one."""
    assert "commit\taccuracy\tmemory_gb\tstatus\tdescription\n" == results_tsv(Timeline(), metric="accuracy")
