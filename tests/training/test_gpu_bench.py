"""The miniature of bench/gpu: what runs on a GPU, on the CPU."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from autoresearch.engine.proposals import constants
from bench.gpu import __main__ as gpu
from bench.gpu import runner as gpu_runner
from bench.gpu import sections as gpu_sections
from text.sets.datasets import Dataset


def seen(out: Path, *argv: str) -> dict[str, dict]:
    """Measure on the CPU; return the sections of the JSON file."""
    gpu.main(["--out", str(out), "--device", "cpu", *argv])
    return json.loads(out.read_bytes())["sections"]


def test_every_section_measures_in_miniature(
    mini: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a GPU and without NumPy all but the kernels for GPUs find something; the NaN guard holds."""
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('there is no NumPy')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    names = [name for name in gpu.SECTIONS if name != "runner"]
    sections = seen(tmp_path / "gpu.json", "--dataset", "mini", "--only", *names)
    assert names == list(sections)
    assert [] == [one["error"] for one in sections.values() if "error" in one]
    found = {name: one["found"] for name, one in sections.items()}
    assert mini.data_id == found["data"]["data_id"]
    assert found["train"]["result"]["val_bpb"] < 10
    assert found["nan"]["guarded"]
    assert found["kernel sdpa"]["all_finite"]
    assert {"skipped": "it is for GPUs"} == found["kernel varlen-fa2"]
    assert 1e-5 > found["attention"]["sdpa, window 16"]["relative_error"]


def test_a_failing_section_does_not_end_the_others(cache: Path, tmp_path: Path) -> None:
    """What a section died of is written down, and the next one is measured all the same."""
    sections = seen(tmp_path / "gpu.json", "--dataset", "absent", "--only", "data", "machine")
    assert "KeyError: 'absent'" in sections["data"]["stderr"]
    assert sections["machine"]["found"]["product_tflops"] > 0


def test_time_that_is_up_is_said(tmp_path: Path) -> None:
    """A section for which no time is left is skipped, with the reason."""
    sections = seen(tmp_path / "gpu.json", "--limit-s", "1", "--only", "machine")
    assert "1 s are left of 1" == sections["machine"]["skipped"]


@pytest.mark.timeout(1500)
def test_the_runner_trains_two_at_once(mini: Dataset, tmp_path: Path) -> None:
    """The runner does a baseline and two loops with two slots, and every one of them succeeds."""
    words = ("--dataset", "mini", "--only", "runner", "--limit-s", "2350")  # a loaded machine has time
    found = seen(tmp_path / "gpu.json", *words)["runner"]["found"]
    assert "done" == found["status"]["phase"]
    assert 2 == found["status"]["iterations_completed"]
    assert 0 == found["status"]["counts"]["crashed"]


def test_the_runner_on_a_gpu_gets_the_full_profile(tmp_path: Path) -> None:
    """The repository that the runner works on there holds the full profile, in passes that fit twice."""
    scale = replace(gpu_sections.scale("cpu", "mini", 60), device="cuda", runner_rows=32)
    source = (gpu_runner.repository(scale, tmp_path / "home") / "train.py").read_bytes()
    live = {one.name: one.value for one in constants.find(source)}
    assert ("full", 9, 32) == (live["PROFILE"], live["DEPTH"], live["ROWS_AT_ONCE"])
