"""A run that goes on with more budget, or on another device: its best is measured there before a verdict."""

import json
import platform
from typing import Any

import pytest

from tests.e2e.belief.test_equal_beginnings import HERE, commit
from tests.e2e.conftest import Program


BY_BUDGET = """\
import os
LR = 0.04  # search: 0.01..0.1
b = float(os.environ["AUTORESEARCH_BUDGET"])
print(f"val_bpb: {1 + 0.01 * (LR == 0.04) + 30 / b:.6f}")
"""
BY_DEVICE = """\
import json, os
LR = 0.04  # search: 0.01..0.1
device = open(os.environ["DEVICE_FILE"]).read().strip()
result = {"val_bpb": 1 + 0.01 * (LR == 0.04) + (0 if device == "H100" else 0.5), "device": device}
json.dump(result, open(os.environ["AUTORESEARCH_JOB_DIR"] + "/result.json", "w"))
print(f"val_bpb: {result['val_bpb']:.6f}")
"""


def rows(program: Program) -> list[tuple[Any, ...]]:
    """Return number, status and metric of each iteration."""
    told = json.loads(program("experiments", "--json").stdout)["experiments"]
    return [(one["iteration"], one["status"], one["metric"]) for one in told]


def test_a_larger_budget_is_no_improvement(program: Program):
    """What is worse than the best under the same budget is discarded, and resume says what it will do."""
    commit(program, BY_BUDGET, settings='training_budget = "300"\n')
    program("start", *HERE)
    settings = program.repo / "pyproject.toml"
    settings.write_text(settings.read_text().replace('"300"', '"3000"'))
    said = program("resume", "--loops", "1", *HERE).stdout
    assert "training_budget changed: before the next verdict the best is measured again" in said
    assert "iteration 3 measures the best, iteration 1, under other settings" in said
    expected = [(0, "keep"), (1, "keep"), (2, "discard"), (3, "remeasured")]
    assert expected == [row[:2] for row in rows(program)][:4]
    (best,) = [row[2] for row in rows(program) if row[0] == 3]
    assert best == pytest.approx(rows(program)[1][2] - 0.09)
    shown = program("show", "3").stdout
    assert "iteration 3: remeasured" in shown
    assert "the best, measured again" in shown
    table = [line.split("\t") for line in (program.run_folder() / "results.tsv").read_text().splitlines()]
    assert ["keep", "iteration 1 measured again"] == table[4][3:]
    program("replay")


def test_nothing_is_said_where_the_best_was_measured_so_before(program: Program):
    """Settings that are set back cost no training: the best has its number there."""
    commit(program, BY_BUDGET, settings='training_budget = "300"\n')
    program("start", "--loops", "0", *HERE)
    settings = program.repo / "pyproject.toml"
    before = settings.read_text()
    settings.write_text(before.replace('"300"', '"3000"'))
    program("resume", "--loops", "0", *HERE)
    assert "measured again before the next verdict" in program("status").stdout
    settings.write_text(before)
    said = program("resume", *HERE, "--loops", "1").stdout
    assert "measured again" not in said
    assert ["keep", "keep"] == [row[1] for row in rows(program)]


def test_a_faster_device_is_no_improvement(program: Program, tmp_path):
    """What is worse than the best on the same device is discarded, though its number is lower."""
    device = tmp_path / "device"
    device.write_text("L4")
    program.env["DEVICE_FILE"] = str(device)
    commit(program, BY_DEVICE)
    program("start", *HERE)
    device.write_text("H100")
    said = program("resume", "--loops", "1", *HERE).stdout
    assert "iteration 3 measures the best, iteration 1, on another device" in said
    expected = [(0, "keep"), (1, "keep"), (2, "discard"), (3, "remeasured")]
    assert expected == [row[:2] for row in rows(program)]


BY_FILE = """\
LR = 0.04  # search: 0.01..0.1
print(f"val_bpb: {float(open(DATA).read()) + 0.01 * (LR == 0.04):.6f}")
"""


def test_other_input_files_are_no_improvement(program: Program, tmp_path):
    """An input that was made easier between two trainings: the best is measured on it before a verdict."""
    data = tmp_path / "data.txt"
    data.write_text("1.0")
    commit(program, BY_FILE.replace("DATA", repr(str(data))), settings=f'inputs = ["{data}"]\n')
    program("start", *HERE)
    data.write_text("0.5")
    said = program("resume", "--loops", "1", *HERE).stdout
    assert "iteration 3 measures the best, iteration 1, on other input files" in said
    expected = [(0, "keep"), (1, "keep"), (2, "discard"), (3, "remeasured")]
    assert expected == [row[:2] for row in rows(program)]


def test_other_packages_are_no_improvement(program: Program, tmp_path):
    """A package that was patched between two trainings: the best is measured with it before a verdict."""
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "scorer.py").write_text("BASE = 1.0\n")
    score = "print(f'val_bpb: {scorer.BASE + 0.01 * (LR == 0.04):.6f}')\n"
    train = f"import scorer\nLR = 0.04  # search: 0.01..0.1\n{score}"
    commit(program, train, settings=f'env = {{PYTHONPATH = "{folder}"}}\n')
    program("start", *HERE)
    (folder / "scorer.py").write_text("BASE = 0.25\n")
    said = program("resume", "--loops", "1", *HERE).stdout
    assert "iteration 3 measures the best, iteration 1, with other packages" in said
    assert ["keep", "keep", "discard", "remeasured"] == [row[1] for row in rows(program)]


CHECK = """\
import json
found = open(DATA).read().strip()
print(json.dumps({"ready": found != "", "missing": ["the data"], "data_id": found}))
"""


def test_other_data_at_a_resume_is_no_improvement(program: Program, tmp_path):
    """Data that only the check knows by name: asked at each start, and the best is measured on it first."""
    data = tmp_path / "data.txt"
    data.write_text("1.0")
    (program.repo / "check.py").write_text(CHECK.replace("DATA", repr(str(data))))
    commit(program, BY_FILE.replace("DATA", repr(str(data))), settings='check = ["{python}", "check.py"]\n')
    program("start", *HERE)
    data.write_text("0.5")
    said = program("resume", "--loops", "1", *HERE).stdout
    assert "setup is complete, data 0.5" in said
    assert "iteration 3 measures the best, iteration 1, on other data" in said
    assert [(0, "keep"), (1, "keep"), (2, "discard"), (3, "remeasured")] == [row[:2] for row in rows(program)]
    data.write_text("")
    assert "setup is incomplete" in program("resume", "--loops", "1", *HERE, code=None).stderr
    program("replay")


def test_other_threads_are_measured_first(program: Program):
    """A run that goes on with another number of threads, by the environment, measures its best with it."""
    commit(program, "LR = 0.04  # search: 0.01..0.1\nprint(f'val_bpb: {1 + 0.01 * (LR == 0.04):.6f}')\n")
    program.env["OMP_NUM_THREADS"] = "1"
    program("start", *HERE)
    program.env["OMP_NUM_THREADS"] = "3"
    said = program("resume", "--loops", "1", *HERE).stdout
    assert "measures the best, iteration 1, with another number of threads" in said
    started = [one["data"]["surroundings"] for one in program.events() if one["type"] == "TrainingStarted"]
    assert ["1", "3"] == [started[0]["threads"], started[-1]["threads"]]
    assert platform.python_version() == started[0]["python"]
