"""`export mlflow`: the real library reads back, from a store of its own, what a run is."""

import json
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import make_repo


GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "runs"
WRITES = ("create_run", "log_metric", "log_param", "set_tag", "set_terminated", "update_run")
pytestmark = pytest.mark.filterwarnings("ignore")  # its own, of several libraries


class Killed(BaseException):
    """In place of kill -9: nothing catches it."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPaths:
    """A run of five iterations, in the repository that is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    paths = RunPaths(home=made, folder=made / ".autoresearch" / "runs" / "mar8-r001")
    paths.folder.mkdir(parents=True)
    shutil.copy(GOLDEN / "climb.jsonl", paths.history)
    return paths


@pytest.fixture(params=["files", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new store: files, which the client has with it, or a database, for which mlflow is."""
    pytest.importorskip("mlflow", reason="the extra `mlflow` (117 MB) is not installed: make test-exports")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    if request.param == "sqlite":
        pytest.importorskip("sqlalchemy", reason="a database needs all of mlflow (0.8 GB)")
    return address(tmp_path / "store", request.param)


def address(at: Path, kind: str) -> str:
    return f"sqlite:///{at}.db" if kind == "sqlite" else at.as_uri()


def client(store: str) -> Any:
    from mlflow import MlflowClient  # noqa: PLC0415 - where it is installed

    return MlflowClient(tracking_uri=store)


def kept(store: str) -> dict[str, tuple]:
    """Return what a store holds of each run by its key, and how many points each metric has."""
    asked = client(store)
    found = {}
    for one in asked.search_runs([one.experiment_id for one in asked.search_experiments()]):
        data = one.data
        tags = {name: value for name, value in data.tags.items() if name != "mlflow.parentRunId"}
        points = {name: len(asked.get_metric_history(one.info.run_id, name)) for name in data.metrics}
        key = tags["autoresearch.key"]
        assert key not in found
        times = (one.info.start_time, one.info.end_time, one.info.status)
        found[key] = (data.metrics, data.params, tags, points, times)
    return found


def statuses(store: str) -> dict[str, str]:
    told = {key: tags.get("autoresearch.status") for key, (_, _, tags, _, _) in kept(store).items()}
    return {key: status for key, status in told.items() if status is not None}


def export(store: str, *words: str) -> int:
    return main(["export", "mlflow", "--to", store, *words])


def test_each_iteration_is_a_run_below_the_run(run, store, capsys):
    """Metric, settings, words and times of each iteration are those of `experiments`; the parent has all."""
    assert 0 == export(store, "--json")
    assert 5 == json.loads(capsys.readouterr().out)["sent"]
    main(["experiments", "--json"])
    rows = json.loads(capsys.readouterr().out)["experiments"]
    asked = client(store)
    everything = asked.search_runs([asked.get_experiment_by_name("repo").experiment_id])
    (parent,) = [one for one in everything if "mlflow.parentRunId" not in one.data.tags]
    below = {one.info.run_name.partition(" ")[0]: one for one in everything if one is not parent}
    assert {f"#{row['iteration']}" for row in rows} == set(below)
    for row in rows:
        found = below[f"#{row['iteration']}"]
        assert parent.info.run_id == found.data.tags["mlflow.parentRunId"]
        assert row["metric"] == found.data.metrics.get("val_bpb")
        assert row["status"] == found.data.tags["autoresearch.status"]
        assert {name: str(value) for name, value in row["settings"].items()} == found.data.params
        times = [
            round(datetime.fromisoformat(row[at]).timestamp() * 1000) for at in ("started_at", "closed_at")
        ]
        assert ["FINISHED", *times] == [found.info.status, found.info.start_time, found.info.end_time]
    history = asked.get_metric_history(parent.info.run_id, "val_bpb")
    assert {row["iteration"]: row["metric"] for row in rows} == {one.step: one.value for one in history}
    assert "climb" == parent.data.params["keep_rule"]
    assert "FINISHED" == parent.info.status


def test_killed_between_any_two_writes_nothing_is_doubled(run, store, tmp_path, monkeypatch):
    """An export that dies after one write, three, six, and so on leaves at last what one that lives does."""
    from mlflow import MlflowClient  # noqa: PLC0415 - where it is installed

    left = 0

    def counted(write: Any) -> Any:
        def called(*words: Any, **named: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return write(*words, **named)

        return called

    with monkeypatch.context() as patched:
        for name in WRITES:
            patched.setattr(MlflowClient, name, counted(getattr(MlflowClient, name)))
        code, tries = None, 0
        while code is None:
            tries += 1
            left = tries * (tries + 1) // 2
            try:
                code = export(store)
            except Killed:
                continue
    assert 0 == code
    assert tries > 5
    other = address(tmp_path / "other", "sqlite" if store.startswith("sqlite") else "files")
    assert 0 == export(other, "--from", "1")
    assert kept(other) == kept(store)


def test_what_changed_later_is_told_anew(run, store):
    """A result that is retracted after it was sent says so at the receiver, and no run is new for it."""
    shutil.copy(GOLDEN / "retracted.jsonl", run.history)
    whole = run.history.read_text().splitlines(keepends=True)
    before = next(seq for seq, line in enumerate(whole) if '"ResultRetracted"' in line)
    run.history.write_text("".join(whole[:before]))
    assert 0 == export(store)
    first = statuses(store)
    run.history.write_text("".join(whole))
    assert 0 == export(store)
    then = statuses(store)
    assert "retracted" not in first.values()
    assert "retracted" in then.values()
    assert set(first) <= set(then)


def test_without_it_the_extra_is_named(run, tmp_path, capsys, monkeypatch):
    """Without mlflow it says what has to be installed; without an address, that one is missing."""
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert 3 == export((tmp_path / "store").as_uri())
    assert "autoresearch[mlflow]" in capsys.readouterr().err
    monkeypatch.delenv("AUTORESEARCH_EXPORT_TO", raising=False)
    assert 2 == main(["export", "mlflow"])
