"""`export wandb`: the real library, offline, leaves files for `wandb sync`, with the values of a run."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import make_repo
from tests.waiting import PATIENCE_S, until


ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "golden" / "runs"
MAGIC, BLOCK, HEAD = (
    b":W&B",
    32768,
    7,
)  # of the file: LevelDB's log, behind a header as long as that of a record
pytestmark = pytest.mark.filterwarnings("ignore")  # its own


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPaths:
    """A run of five iterations, in the repository that is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    paths = RunPaths(home=made, folder=made / ".autoresearch" / "runs" / "mar8-r001")
    paths.folder.mkdir(parents=True)
    shutil.copy(GOLDEN / "climb.jsonl", paths.history)
    return paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pytest.importorskip("wandb", reason="the extra `wandb` (100 MB) is not installed: make test-exports")
    made = tmp_path / "out"
    made.mkdir()
    return made


def exporter(run: RunPaths, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start an export in a process of its own: the library starts another one."""
    command = (sys.executable, str(ROOT / "workflows" / "run_experiment.py"), "export", "wandb")
    return subprocess.Popen([*command, "--to", str(folder), *words], cwd=run.home, stdout=subprocess.DEVNULL)


def pieces(said: bytes) -> Iterator[bytes]:
    """Yield the records of a `.wandb` file."""
    assert said.startswith(MAGIC)
    at, whole = HEAD, b""
    while at + HEAD <= len(said):
        if BLOCK - at % BLOCK < HEAD:  # the rest of a block that holds no head
            at += BLOCK - at % BLOCK
            continue
        length, kind = int.from_bytes(said[at + 4 : at + 6], "little"), said[at + 6]
        whole += said[at + HEAD : at + HEAD + length]
        at += HEAD + length
        if kind in (1, 4):  # whole, or its last part
            yield whole
            whole = b""


def values(folder: Path) -> dict[str, dict]:
    """Return what the file of each run carries, by its id: what is there, `wandb sync` uploads."""
    from wandb.proto.wandb_internal_pb2 import Record  # noqa: PLC0415 - where it is installed

    found: dict[str, dict] = {}
    for one in sorted((folder / "wandb").glob("offline-run-*/run-*.wandb")):
        told: dict = {"history": {}, "summary": {}}
        for piece in pieces(one.read_bytes()):
            record = Record.FromString(piece)
            kind = record.WhichOneof("record_type")
            if kind == "run":
                told |= {"name": record.run.display_name, "group": record.run.run_group}
                told["config"] = {item.key: json.loads(item.value_json) for item in record.run.config.update}
            elif kind == "history":
                told["history"] |= {
                    item.key or item.nested_key[0]: json.loads(item.value_json)
                    for item in record.history.item
                }
            elif kind == "summary":
                told["summary"] |= {
                    item.key or item.nested_key[0]: json.loads(item.value_json)
                    for item in record.summary.update
                }
            elif kind == "exit":
                told["exit"] = record.exit.exit_code
        own = one.stem.removeprefix("run-")
        assert own not in found
        found[own] = told
    return found


def test_each_iteration_is_a_file_that_can_be_synced(run, folder, capsys):
    """Metric, settings and words of each iteration stand in a whole file of its own, in the run's group."""
    assert 0 == exporter(run, folder).wait(PATIENCE_S)
    main(["experiments", "--json"])
    rows = json.loads(capsys.readouterr().out)["experiments"]
    found = sorted(values(folder).items(), key=lambda one: int(one[0].rpartition("-")[2]))
    assert len(rows) == len(found)
    for row, (own, told) in zip(rows, found, strict=True):
        assert own.startswith("mar8-r001-")
        assert "mar8-r001" == told["group"]
        assert row["metric"] == told["history"].get("val_bpb")
        assert row["status"] == told["summary"]["status"]
        assert {name: str(value) for name, value in row["settings"].items()}.items() <= told["config"].items()
        assert 0 == told["exit"]  # so it is whole
    assert 0 == exporter(run, folder).wait(PATIENCE_S)
    assert found == sorted(values(folder).items(), key=lambda one: int(one[0].rpartition("-")[2]))


def test_killed_midway_each_iteration_is_there_once(run, folder):
    """Killed after its second file, the next export leaves each iteration once, and whole."""
    process = exporter(run, folder)
    until(lambda: len(list(folder.glob("wandb/offline-run-*"))) > 1 or process.poll() is not None)
    process.kill()
    assert -9 == process.wait(PATIENCE_S)
    assert 0 == exporter(run, folder).wait(PATIENCE_S)
    assert [0] * 5 == [told["exit"] for told in values(folder).values()]


def test_without_it_the_extra_is_named(run, tmp_path, capsys, monkeypatch):
    """Without wandb it says what has to be installed, and where to write has to be there."""
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert 3 == main(["export", "wandb", "--to", str(tmp_path)])
    assert "autoresearch[wandb]" in capsys.readouterr().err
    assert 3 == main(["export", "wandb", "--to", str(tmp_path / "nowhere")])
    assert "no folder" in capsys.readouterr().err
