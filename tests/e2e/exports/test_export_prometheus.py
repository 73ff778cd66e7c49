"""`export prometheus`: its own parser reads what is written, and the numbers are those of `status --json`."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from autoresearch.engine.paths import RunPaths
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import make_repo
from tests.waiting import PATIENCE_S


ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "golden" / "runs"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPaths:
    """A run that is done, in the repository that is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    folder = made / ".autoresearch" / "runs" / "mar8-r001"
    folder.mkdir(parents=True)
    shutil.copy(GOLDEN / "final.jsonl", folder / "history.jsonl")
    return RunPaths(home=made, folder=folder)


def samples(text: str) -> dict[tuple[str, str], float]:
    """Return each number by its name and by what tells its samples apart."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation.endswith(".")
        for one in family.samples:
            assert "mar8-r001" == one.labels.pop("run")
            told = [value for name, value in one.labels.items() if name in ("phase", "verdict")]
            key = (one.name.removeprefix("autoresearch_"), "".join(told))
            assert key not in found
            found[key] = one.value
    return found


def test_the_file_says_what_status_says(run, capsys):
    """The numbers in the file are those of `status --json`, and what nobody knows is not there."""
    main(["status", "--json", "--run-id", run.run_id])
    status = json.loads(capsys.readouterr().out)
    file = run.home / "run.prom"
    assert 0 == main(["export", "prometheus", "--to", str(file), "--follow", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert ("prometheus", 1, status["seq"]) == (told["sink"], told["sent"], told["seq"])
    found = samples(file.read_text())
    assert status["best_metric"] == found["best", ""]
    assert status["baseline_metric"] == found["baseline", ""]
    assert status["gain"]["value"] == found["gain", ""]
    assert status["counts"] == {name: found["iterations", name] for name in status["counts"]}
    assert [status["phase"]] == [name for (metric, name), on in found.items() if metric == "phase" and on]
    assert status["seq"] == found["last_event_seq", ""]
    assert 0 == found["runner_up", ""]
    assert ("training_loss", "") not in found


def test_it_answers_on_loopback(run):
    """With a port it answers GET /metrics in a process of its own, and nothing else, until it is ended."""
    words = (sys.executable, str(ROOT / "workflows" / "run_experiment.py"), "export", "prometheus")
    process = subprocess.Popen(
        [*words, "--port", "0"], cwd=run.home, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        said = process.stdout.readline()
        url = re.match(r"http://127\.0\.0\.1:\d+/metrics", said).group()
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - as it was printed
            assert "text/plain; version=0.0.4; charset=utf-8" == answer.headers["Content-Type"]
            assert 1.0 == samples(answer.read().decode())["info", ""]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(url.replace("metrics", "etc"), timeout=PATIENCE_S)  # noqa: S310 - the same
    finally:
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        assert 130 == process.wait(PATIENCE_S)


@pytest.mark.parametrize(
    "words", [["--to", "x.prom", "--port", "0"], [], ["--from", "3"], ["--type", "NoteAdded"]]
)
def test_what_does_not_fit_is_refused(run, words):
    """A file and a port, neither, or an option of another sink writes nothing."""
    before = sorted(run.home.rglob("*"))
    assert 2 == main(["export", "prometheus", *words])
    assert before == sorted(run.home.rglob("*"))
