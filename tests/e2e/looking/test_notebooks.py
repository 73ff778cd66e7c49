"""Notebooks over a run: ours, and one that reads results.tsv in the way of the upstream project's."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.views import rebuild
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import make_repo


ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "golden" / "runs"
OURS = ROOT / "docs" / "run.ipynb"
BY_TABLE = (
    """
import pandas as pd

found = pd.read_csv("results.tsv", sep="\\t")
for column in ("val_bpb", "memory_gb"):
    found[column] = pd.to_numeric(found[column], errors="coerce")
found["status"] = found["status"].str.strip().str.upper()
counts = found["status"].value_counts()
rate = counts.get("KEEP", 0) / (counts.get("KEEP", 0) + counts.get("DISCARD", 0))
""",
    """
valid = found[found["status"] != "CRASH"].reset_index(drop=True)
first = valid.loc[0, "val_bpb"]
mask = valid["status"] == "KEEP"
frontier = valid.loc[mask, "val_bpb"].cummin()
shown = valid[valid["val_bpb"] <= first + 0.0005]
said = [str(valid.loc[place, "description"]).strip() for place in valid.index[mask]]
""",
    """
keeps = found[found["status"] == "KEEP"].copy()
keeps["delta"] = keeps["val_bpb"].shift(1) - keeps["val_bpb"]
best = keeps.loc[keeps["val_bpb"].idxmin()]
hits = keeps.iloc[1:].sort_values("delta", ascending=False)
effort = [(row["index"], row["val_bpb"]) for _, row in keeps.reset_index().iterrows()]
share = (found.iloc[0]["val_bpb"] - keeps["val_bpb"].min()) / found.iloc[0]["val_bpb"] * 100
""",
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPaths:
    """A run with keeps, in the repository that is the current folder."""
    pytest.importorskip("pandas", reason="the extra `notebook` is not installed")
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    folder = made / ".autoresearch" / "runs" / "mar8-r001"
    folder.mkdir(parents=True)
    shutil.copy(GOLDEN / "climb.jsonl", folder / "history.jsonl")
    return RunPaths(home=made, folder=folder)


def cells(notebook: Path = OURS) -> list[str]:
    """Return the code cells of a notebook of ours."""
    found = json.loads(notebook.read_text())["cells"]
    return ["".join(one["source"]) for one in found if one["cell_type"] == "code"]


def executed(sources: list[str]) -> dict[str, Any]:
    """Run cells one after the other, in one namespace; return it."""
    space: dict[str, Any] = {}
    for source in sources:
        exec(compile(source, "cell", "exec"), space)  # noqa: S102 - cells of ours
    return space


def test_our_notebook_runs_and_agrees_with_the_run(run):
    """Each cell but the drawing one runs; what was kept and the best are those of the run."""
    space = executed([one for one in cells() if "vl_convert" not in one])
    assert space["now"]["best_metric"] == space["kept"]["best"].iloc[-1]
    assert space["now"]["counts"]["kept"] + 1 == len(space["kept"])
    assert len(space["ideas"]) == space["outcomes"]["ideas"].sum()
    assert space["outcomes"]["cost_usd"].isna().all()  # nobody told one
    assert space["then"]["seq"] < space["now"]["seq"]


def test_a_notebook_reads_the_run_that_it_names(run, tmp_path, monkeypatch, capsys):
    """What `notebook` writes is ours but for the run: its id, or outside of the repository its folder."""
    away = tmp_path / "away"
    away.mkdir()
    for output, named in ((Path("x.ipynb"), "mar8-r001"), (away / "x.ipynb", str(run.folder))):
        assert 0 == main(["notebook", "-o", str(output)])
        assert f"RUN = {json.dumps(named)}\n" in cells(output)[0]
        assert cells()[1:] == cells(output)[1:]
    monkeypatch.chdir(away)
    space = executed([one for one in cells(Path("x.ipynb")) if "vl_convert" not in one])
    assert ("mar8-r001", 5) == (space["table"].attrs["run_id"], len(space["table"]))
    assert 2 == main(["notebook", "-o", "x.py"])
    assert "name an .ipynb" in capsys.readouterr().err


def test_our_notebook_draws_the_run(run):
    """The last cell is a picture, as SVG."""
    pytest.importorskip("vl_convert", reason="the extra `plot` (84 MB) is not installed")
    pytest.importorskip("IPython", reason="Jupyter is not installed")
    space = executed([*cells()[:-1], cells()[-1].replace("SVG(vl", "drawn = SVG(vl")])
    assert space["drawn"].data.startswith("<svg")


def test_results_tsv_reads_in_the_way_of_upstream(run, monkeypatch):
    """A notebook that reads the five columns finds upstream's statuses, the baseline first, and the best."""
    rebuild(run)
    monkeypatch.chdir(run.folder)
    space = executed(list(BY_TABLE))
    found = space["found"]
    assert ["commit", "val_bpb", "memory_gb", "status", "description"] == list(found.columns)
    assert ["KEEP", "DISCARD", "KEEP", "DISCARD", "DISCARD"] == list(found["status"])
    assert (2.5, 1.5) == (space["first"], space["best"]["val_bpb"])
    assert [2.5, 1.5] == list(space["frontier"])
    assert [1.0] == list(space["hits"]["delta"])
    assert [(0, 2.5), (2, 1.5)] == space["effort"]
    assert (40.0, 0.4) == (space["share"], space["rate"])
    assert (5, ["baseline", "rate 2"]) == (len(space["shown"]), space["said"])


def test_a_crash_reads_as_one(run, monkeypatch):
    """A crash is a row with 0 in both numbers, which such a notebook leaves out by its status."""
    shutil.copy(GOLDEN / "crash-without-triage.jsonl", run.history)
    rebuild(run)
    monkeypatch.chdir(run.folder)
    space = executed(list(BY_TABLE[:2]))
    crashed = space["found"][space["found"]["status"] == "CRASH"]
    assert 0 < len(crashed)
    assert [0.0] == list({*crashed["val_bpb"], *crashed["memory_gb"]})
    assert len(space["valid"]) == len(space["found"]) - len(crashed)
