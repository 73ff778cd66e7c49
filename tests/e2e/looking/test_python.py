"""`import autoresearch` in Python, and `plot`: golden runs as a notebook reads them, wherever they lie."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autoresearch
from autoresearch.events.errors import AutoresearchError
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import make_repo


RUNS = Path(__file__).resolve().parents[2] / "golden" / "runs"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two runs, which is the current folder."""
    made = make_repo(tmp_path / "repo")
    for run_id, golden in (("mar8-r001", "climb"), ("mar8-r002", "higher-is-better")):
        folder = made / ".autoresearch" / "runs" / run_id
        folder.mkdir(parents=True)
        shutil.copy(RUNS / f"{golden}.jsonl", folder / "history.jsonl")
    monkeypatch.chdir(made)
    return made


def printed(words: str, capsys: pytest.CaptureFixture[str]) -> object:
    """Return the JSON document that a command prints."""
    capsys.readouterr()
    assert 0 == main(words.split())
    return json.loads(capsys.readouterr().out)


def test_the_objects_are_those_of_the_commands(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs, experiments, state and history are what `--json` and `--jsonl` print, now and as of an event."""
    run = "mar8-r001"
    assert printed("runs --json", capsys)["runs"] == autoresearch.runs()
    assert printed(f"experiments --json --run-id {run}", capsys)["experiments"] == autoresearch.experiments(
        run
    )
    then = printed(f"status --json --at iteration:1 --run-id {run}", capsys)
    assert then == autoresearch.state(run, at="iteration:1")
    assert then != autoresearch.state(run, at=3)
    assert then["seq"] < autoresearch.state(run)["seq"]
    main(["history", "--jsonl", "--run-id", run])
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == autoresearch.history(run)


def test_a_run_is_found_by_id_folder_file_and_repository(repo: Path, tmp_path: Path) -> None:
    """A run that was copied to where no repository is reads as it does in its own."""
    away = shutil.copytree(repo / ".autoresearch" / "runs" / "mar8-r001", tmp_path / "sent")
    rows = autoresearch.experiments("mar8-r001", home=repo)
    assert [0, 1, 2, 3, 4] == [one["iteration"] for one in rows]
    assert rows == autoresearch.experiments(away) == autoresearch.experiments(str(away / "history.jsonl"))
    assert autoresearch.experiments() == autoresearch.experiments(repo)
    then = autoresearch.experiments(away, at="iteration:1")
    assert ["keep", "discard", "open"] == [one["status"] for one in then]


def test_an_error_says_what_and_the_way_out(repo: Path, tmp_path: Path) -> None:
    """What cannot be read is an AutoresearchError in words, with its way out as a note."""
    with pytest.raises(AutoresearchError, match="there is no run 'mar8-r009'") as refused:
        autoresearch.state("mar8-r009")
    assert any("mar8-r00" in note for note in refused.value.__notes__)
    with pytest.raises(AutoresearchError, match="expected an event 57"):
        autoresearch.state("mar8-r001", at="noon")
    with pytest.raises(AutoresearchError, match="there is nothing at") as refused:
        autoresearch.history(tmp_path / "nowhere")
    assert any("history.jsonl" in note for note in refused.value.__notes__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        autoresearch.nothing  # noqa: B018 - asked for, not used


def test_importing_it_is_light() -> None:
    """`import autoresearch` alone loads nothing that was installed, and none of its layers."""
    code = "import sys, autoresearch; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not {one for one in loaded if one.startswith("autoresearch.")}
    assert not {"attr", "orjson", "typer", "pandas", "typing_extensions", "subprocess"} & loaded


def test_a_run_as_a_table(repo: Path) -> None:
    """`read` returns a row for each iteration, with numbers, times and what was set in columns."""
    pytest.importorskip("pandas", reason="the extra `notebook` is not installed")
    table = autoresearch.read("mar8-r001")
    assert [2.5, 1.9, 1.5, 1.3, 1.2] == list(table["metric"])
    assert ["keep", "discard", "keep"] == list(table["status"][:3])
    assert "float64" == table["cost_usd"].dtype
    assert "UTC" == str(table["started_at"].dt.tz)
    assert "settings.LR" in table.columns
    assert ("mar8-r001", "val_bpb", True) == tuple(table.attrs.values())
    first = autoresearch.read("mar8-r001", at=1)
    assert 0 == len(first)
    assert set(first.columns) <= set(table.columns)


def test_without_pandas_the_extra_is_named(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table without pandas is refused with what has to be installed."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(AutoresearchError, match="needs pandas") as refused:
        autoresearch.read("mar8-r001")
    (way_out,) = refused.value.__notes__
    assert way_out == f"`{sys.executable} -m pip install 'autoresearch[notebook]'` brings it"


def test_plot_writes_what_chart_returns(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`plot -o x.json` writes the specification of the run as of an event, which is what `chart` returns."""
    assert 0 == main(["plot", "mar8-r001", "-o", "x.json", "--at", "iteration:2"])
    spec = json.loads((repo / "x.json").read_text())
    assert spec == autoresearch.chart("mar8-r001", at="iteration:2")
    rows = autoresearch.experiments("mar8-r001", at="iteration:2")
    drawn = {one["iteration"]: one["value"] for one in spec["datasets"]["results"]}
    assert {one["iteration"]: one["metric"] for one in rows if one["metric"] is not None} == drawn
    assert "val_bpb" in spec["title"]["text"]


def test_plot_refuses_before_it_writes(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An ending that is none, a folder that is not there, and runs of different kinds write nothing."""
    before = sorted(repo.iterdir())
    assert 2 == main(["plot", "-o", "x.gif"])
    assert "name one of .svg, .png, .html, .json" in capsys.readouterr().err
    assert 3 == main(["plot", "-o", "no/x.json"])
    assert 2 == main(["plot", "mar8-r001", "mar8-r002", "-o", "x.json"])
    assert "do not measure the same" in capsys.readouterr().err
    assert before == sorted(repo.iterdir())
