"""A run that is resumed from another shell: what is inherited, or found on the path, is no improvement."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.e2e.belief.test_equal_beginnings import HERE, commit
from tests.e2e.belief.test_evaluation import EVALUATE, TRAIN
from tests.e2e.belief.test_other_conditions import rows
from tests.e2e.conftest import Program
from tests.e2e.sealing.test_sealed_trainings import of_type


SILENT = TRAIN.replace("print(f", "str(f")  # what counts is the evaluation's number
SCRIPT = """\
import os
LR = 0.04  # search: 0.01..0.1
print(f"val_bpb: {1 + abs(LR - 0.05) - float(os.environ.get('BONUS') or 0):.6f}")
"""
MEASURED_FIRST = "iteration 3 measures the best, iteration 1, with other packages or in another environment"


def begin(program: Program) -> None:
    """Let the baseline be trained, and a better candidate be kept."""
    program("start", *HERE, "--loops", "0")
    program("propose", "--set", "LR=0.05")
    program("resume", *HERE, "--loops", "1")


def resumed(program: Program) -> str:
    """Go on for one loop, with what is worse than the best; return what was said."""
    program("propose", "--set", "LR=0.07")
    return str(program("resume", "--loops", "1", *HERE).stdout)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BONUS", "0.5"),
        ("LD_PRELOAD", "/nowhere.so"),
        ("LD_LIBRARY_PATH", "/nowhere"),
        ("PYTHONHASHSEED", "3"),
    ],
)
def test_a_variable_of_another_shell_is_no_improvement(program: Program, name: str, value: str):
    """What a script names, a loader or Python reads: the best is measured with it before a verdict."""
    commit(program, SCRIPT)
    begin(program)
    program.env[name] = value
    assert MEASURED_FIRST in resumed(program)
    assert ["keep", "keep", "discard", "remeasured"] == [row[1] for row in rows(program)]
    del program.env[name]
    program("replay")


@pytest.mark.parametrize("name", ["git", "python3"])
def test_another_program_on_the_path_is_no_improvement(program: Program, tmp_path: Path, name: str):
    """Another git, or another Python that the training command names, may do otherwise what it is asked."""
    programs = {"git": shutil.which("git"), "python3": sys.executable}
    for folder, bonus in (("before", ""), ("behind", "0.5")):
        (tmp_path / folder).mkdir()
        wrapper = tmp_path / folder / name
        wrapper.write_text(f'#!/bin/sh\nBONUS={bonus} exec {programs[name]} "$@"\n')
        wrapper.chmod(0o755)
    path = program.env["PATH"]
    commit(program, SCRIPT, settings='train = ["python3", "train.py"]\n' if name == "python3" else "")
    program.env["PATH"] = f"{tmp_path / 'before'}:{path}"
    begin(program)
    program.env["PATH"] = f"{tmp_path / 'behind'}:{path}"
    assert MEASURED_FIRST in resumed(program)
    assert ["keep", "keep", "discard", "remeasured"] == [row[1] for row in rows(program)]


def test_a_filter_in_the_users_settings_is_no_improvement(program: Program, tmp_path: Path):
    """What git's settings make of files, and hide where these are compared, stands in no commit."""
    commit(program, SCRIPT)
    begin(program)
    (tmp_path / "attributes").write_text("train.py filter=easier\n")
    sed = shutil.which("sed")
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f'[core]\nattributesFile = {tmp_path / "attributes"}\n[filter "easier"]\n'
        f'smudge = {sed} "s/: {{1 + abs/: {{0.5 + abs/"\nclean = {sed} "s/: {{0.5 + abs/: {{1 + abs/"\n'
    )
    program.env["GIT_CONFIG_GLOBAL"] = str(settings)
    assert "iteration 3 measures the best, iteration 1, by other filters of git" in resumed(program)
    assert ["keep", "keep", "discard", "remeasured"] == [row[1] for row in rows(program)]


def test_variables_of_git_lead_it_nowhere_else(program: Program, tmp_path: Path):
    """A repository, an index, a work tree and settings that a shell names are not the run's."""
    commit(program, SCRIPT)
    begin(program)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"):
        program.env[name] = str(tmp_path / "elsewhere")
    program.env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.bare", "GIT_CONFIG_VALUE_0": "true"}
    assert "measures the best" not in resumed(program)
    assert 3 == len(rows(program))
    program("replay")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_another_umask_changes_nothing(program: Program, mask: int):
    """Files that others may read, or may not, are the same code."""
    commit(program, SCRIPT)
    begin(program)
    before = os.umask(mask)
    try:
        assert "measures the best" not in resumed(program)
    finally:
        os.umask(before)
    assert ["keep", "keep", "discard"] == [row[1] for row in rows(program)]


def test_a_scorer_that_is_rewritten_between_trainings_is_no_improvement(program: Program, tmp_path: Path):
    """A program that `evaluate` names by its path is another condition: the best is scored by it first."""
    scorer = tmp_path / "score"
    scorer.write_text(f"#!{sys.executable}\n{EVALUATE}")
    scorer.chmod(0o755)
    commit(program, SILENT, settings=f'evaluate = ["{scorer}"]\n')
    begin(program)
    scorer.write_text(scorer.read_text().replace("float(left)", "float(left) - 0.5"))
    assert "measures the best" in resumed(program)
    assert "remeasured" in [row[1] for row in rows(program)]


def test_an_evaluation_in_another_environment_than_its_training_is_none(program: Program, tmp_path: Path):
    """Trained in one shell and evaluated in another: void, nobody is blamed, and it trains again."""
    word = tmp_path / "go on"
    waits = f"import os, time\nwhile not os.path.exists({str(word)!r}):\n    time.sleep(0.02)\n"
    (program.repo / "evaluate.py").write_text(EVALUATE.replace("float(left)", "float(left) - BONUS"))
    named = "import os\nBONUS = float(os.environ.get('BONUS') or 0)\n"
    (program.repo / "evaluate.py").write_text(named + (program.repo / "evaluate.py").read_text())
    settings = 'evaluate = ["{python}", "evaluate.py"]\nprotected = ["evaluate.py"]\n'
    commit(program, waits + SILENT, settings=settings)
    program("start", "--no-stochastic", "--loops", "0")
    program.wait(lambda _: of_type(program, "TrainingStarted"))
    (runner,) = of_type(program, "RunnerStarted")
    os.kill(runner["process"]["pid"], signal.SIGKILL)
    word.touch()
    program.env["BONUS"] = "0.5"
    program("resume", "--no-background-train")
    (void,) = of_type(program, "TrainingVoided")
    assert ("environment_changed_while_training", []) == (void["reason"]["code"], void["files"])
    assert 2 == len(of_type(program, "TrainingStarted"))
