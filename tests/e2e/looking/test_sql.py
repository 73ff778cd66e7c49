"""`sql`: DuckDB answers over all runs of a repository, with the numbers that the commands print."""

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

import autoresearch
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import make_repo


pytest.importorskip("duckdb", reason="the extra `sql` is not installed")

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "runs"
SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "sql-1.schema.json"
RUNS = {"mar8-r001": "climb", "mar8-r002": "crash-without-triage"}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two runs, which is the current folder."""
    made = make_repo(tmp_path / "repo")
    for run_id, golden in RUNS.items():
        folder = made / ".autoresearch" / "runs" / run_id
        folder.mkdir(parents=True)
        shutil.copy(GOLDEN / f"{golden}.jsonl", folder / "history.jsonl")
    monkeypatch.chdir(made)
    return made


def rows(capsys: pytest.CaptureFixture[str], query: str) -> list[dict[str, object]]:
    """Return what a query gives."""
    assert 0 == main(["sql", query, "--json"])
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, json.loads(SCHEMA.read_text()))
    return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]


def test_the_tables_are_what_the_commands_print(repo, capsys):
    """Experiments and events of each run are those of Python's API, numbers as numbers, data as JSON."""
    found = rows(capsys, "SELECT run_id, iteration, status, metric FROM experiments ORDER BY ALL")
    wanted = [
        {"run_id": run} | {name: one[name] for name in ("iteration", "status", "metric")}
        for run in RUNS
        for one in autoresearch.experiments(run)
    ]
    assert wanted == found
    found = rows(capsys, "SELECT count(*) AS n, max(seq) AS last FROM events GROUP BY run_id ORDER BY run_id")
    counts = [len(autoresearch.history(run)) for run in RUNS]
    assert [{"n": count, "last": count} for count in counts] == found
    kept = (
        "SELECT (data->>'iteration')::INT AS i FROM events WHERE type = 'CandidateKept' AND run_id LIKE '%1'"
    )
    assert [{"i": 0}, {"i": 2}] == rows(capsys, kept)
    best = rows(capsys, "SELECT best_metric, iterations_completed FROM runs ORDER BY run_id")
    assert all(isinstance(one["iterations_completed"], int) for one in best)
    assert [one["best_metric"] for one in autoresearch.runs()] == [one["best_metric"] for one in best]


def test_what_cannot_be_answered_is_told(repo, capsys):
    """A wrong query is refused with DuckDB's words; a damaged run is left out and named."""
    assert 5 == main(["sql", "SELECT nothing FROM runs"])
    assert "nothing" in capsys.readouterr().err
    history = repo / ".autoresearch" / "runs" / "mar8-r001" / "history.jsonl"
    history.write_bytes(history.read_bytes().replace(b"LoopsRequested", b"LoopsRequestee", 1))
    assert 0 == main(["sql", "SELECT run_id FROM runs"])
    said = capsys.readouterr()
    assert "mar8-r001 is left out" in said.err
    assert ["mar8-r002"] == said.out.split()[1:]
