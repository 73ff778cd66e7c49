"""Nine repositories in the shapes that people have: from a fresh clone through `init` to three iterations."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from uv import find_uv_bin

from tests.e2e.conftest import Program, at_rest


PROJECTS = Path(__file__).resolve().parents[2] / "projects"
OF_COMPILERS = ("cc", "make", "as", "ld")
HERE = ("--final", "0", "--no-stochastic", "--no-background-train")


@frozen
class Project:
    """One repository, what is found of it, and what three changes come to."""

    name: str
    train: str
    metric: str
    values: tuple[float, ...]  # of the baseline and the three changes
    kept: tuple[bool, bool, bool]
    edits: tuple[tuple[str, str, str], ...]  # file, search, replace


TRAIN = "{python} train.py"
FOUND = (
    Project(
        "upstream",
        TRAIN,
        "val_bpb",
        (0.266667, 0.233333, 0.166667, 0.233333),
        (True, True, False),
        (
            ("train.py", "MATRIX_LR = 0.04", "MATRIX_LR = 0.05"),
            ("train.py", "DEPTH = 8", "DEPTH = 10"),
            ("train.py", "MATRIX_LR = 0.05", "MATRIX_LR = 0.07"),
        ),
    ),
    Project(
        "mlx",
        TRAIN,
        "val_bpb",
        (1.000133, 1.000017, 1.4457, 1.000002),
        (True, False, True),
        (
            ("train.py", "LEARNING_RATE = 0.1", "LEARNING_RATE = 0.12"),
            ("train.py", "LEARNING_RATE = 0.12", "LEARNING_RATE = 0.01"),
            ("train.py", "TOTAL_STEPS = 20", "TOTAL_STEPS = 24"),
        ),
    ),
    Project(
        "single_file",
        TRAIN,
        "val_bpb",
        (1.0625, 1.03125, 1.23125, 0.93125),
        (True, False, True),
        (
            ("train.py", "BATCH_SIZE = 16", "BATCH_SIZE = 32"),
            ("train.py", "WARMUP = 0.1", "WARMUP = 0.5"),
            ("train.py", "WARMUP = 0.1", "WARMUP = 0.2"),
        ),
    ),
    Project(
        "nanogpt",
        f"{TRAIN} --max_iters=20 --eval_interval=10",
        "val loss",
        (1.6776, 1.6476, 1.5476, 1.9476),
        (True, True, False),
        (
            ("train.py", "default=6e-4", "default=3e-4"),
            ("model.py", "dropout: float = 0.2", "dropout: float = 0.1"),
            ("model.py", "dropout: float = 0.1", "dropout: float = 0.5"),
        ),
    ),
    Project(
        "src_layout",
        "{python} -m tinylearn.train",
        "test_accuracy",
        (0.74, 1.0, 1.0, 1.0),
        (True, False, False),
        (
            ("src/tinylearn/estimator.py", "n_iter=1", "n_iter=8"),
            ("src/tinylearn/estimator.py", "eta=0.02", "eta=5.0"),
            ("src/tinylearn/estimator.py", "n_iter=8", "n_iter=20"),
        ),
    ),
    Project(
        "hydra",
        "{python} main.py",
        "val/loss",
        (0.4558, 0.4358, 0.3525, 0.4325),
        (True, True, False),
        (
            ("conf/optimizer/sgd.yaml", "lr: 0.1", "lr: 0.2"),
            ("conf/config.yaml", "epochs: 3", "epochs: 4"),
            ("conf/optimizer/sgd.yaml", "momentum: 0.5", "momentum: 0.1"),
        ),
    ),
    Project(
        "lightning",
        "{python} fit.py",
        "val_loss",
        (0.7811, 0.7186, 0.4721, 0.7025),
        (True, True, False),
        (
            ("fit.py", "HIDDEN_DIM = 32", "HIDDEN_DIM = 64"),
            ("fit.py", "GAMMA = 0.9", "GAMMA = 0.8"),
            ("fit.py", "MAX_EPOCHS = 4", "MAX_EPOCHS = 2"),
        ),
    ),
    Project(
        "c_bench",
        "make -s bench",
        "cycles",
        (102400.0, 51200.0, 46100.0, 460800.0),
        (True, True, False),
        (
            ("kernel.c", "#define BLOCK 8", "#define BLOCK 16"),
            ("kernel.c", "#define PREFETCH 0", "#define PREFETCH 1"),
            ("kernel.c", "#define BLOCK 16", "#define BLOCK 32"),
        ),
    ),
    Project(
        "ranks",
        "{python} launch.py --nproc_per_node=2 train.py",
        "eval_loss",
        (6.40723, 2.02729, 0.01562, 34.58305),
        (True, True, False),
        (
            ("train.py", "STEPS = 4", "STEPS = 6"),
            ("train.py", "LR = 0.5", "LR = 1.0"),
            ("train.py", "LR = 1.0", "LR = 0.1"),
        ),
    ),
)
BY_NAME = {one.name: one for one in FOUND}


def clone(program: Program, name: str) -> Project:
    """Make the program's repository a fresh clone of a project."""
    for path in program.repo.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(PROJECTS / name, program.repo, dirs_exist_ok=True)
    program.git("init", "-q", "-b", "main")
    program.git("add", "-A")
    program.git("commit", "-q", "-m", "as it was cloned")
    return BY_NAME[name]


def settings(program: Program) -> dict[str, Any]:
    """Return what `init` wrote, wherever it did."""
    own = program.repo / "autoresearch.toml"
    if own.exists():
        return tomllib.loads(own.read_text())
    return tomllib.loads((program.repo / "pyproject.toml").read_text())["tool"]["autoresearch"]


def brought(project: Project) -> list[str]:
    """Return the proposals of the three changes."""
    shared = {"status": "ok", "change_plan": "as the edit says"}
    return [
        json.dumps(
            shared
            | {
                "description": f"{replace} in {file}",
                "commit_description": f"try {replace}",
                "edits": [{"file": file, "search": search, "replace": replace}],
            }
        )
        for file, search, replace in project.edits
    ]


def three_iterations(program: Program, project: Project) -> None:
    """Start a run that tries the three changes, and hold it against what they come to."""
    first, *others = brought(project)
    file = program.repo.parent / "first.json"
    file.write_text(first)
    program("start", "--loops", "1", "--proposal-file", str(file), *HERE)
    for one in others:
        program("propose", "-", stdin=one)
        program("resume", "--loops", "1", *HERE)
    status = program.status()
    assert at_rest(status)
    assert 3 == status["iterations_completed"]
    assert project.metric == status["metric"]
    rows = json.loads(program("experiments", "--json").stdout)["experiments"]
    assert pytest.approx(project.values) == [row["metric"] for row in rows]  # of repeats, the mean
    assert list(project.kept) == [row["status"] == "keep" for row in rows[1:]]


@pytest.fixture
def compilers(program: Program) -> None:
    """Put a C compiler beside the few tools of the tests."""
    folder = Path(program.env["PATH"])
    for name in OF_COMPILERS:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name}, which builds the benchmark, is not installed")
        (folder / name).symlink_to(found)


@pytest.mark.parametrize("name", [one for one in BY_NAME if one != "c_bench"])
def test_a_fresh_clone_is_served(program: Program, name: str):
    """A clone without settings goes through `init --yes` to three iterations with the right numbers."""
    project = clone(program, name)
    said = program("init", "--yes").stdout
    assert f"metric       {project.metric} = {project.values[0]:g}" in said
    assert project.train.split() == settings(program)["train"]
    three_iterations(program, project)


@pytest.mark.usefixtures("compilers")
def test_a_benchmark_of_another_language_is_served(program: Program):
    """A C program with a benchmark in its Makefile goes the same way."""
    project = clone(program, "c_bench")
    program("init", "--yes")
    assert project.train.split() == settings(program)["train"]
    three_iterations(program, project)


def test_the_users_environment_trains(program: Program):
    """The `.venv` of the repository trains in a checkout without one, wherever the runner is installed."""
    project = clone(program, "src_layout")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(program.repo / ".venv")], check=True, cwd="/"
    )
    (site,) = (program.repo / ".venv" / "lib").glob("python*/site-packages")
    (site / "tinylearn.pth").write_text(f"{program.repo / 'src'}\n")  # as an editable install
    said = program("init", "--yes").stdout
    assert f"interpreter  {program.repo}/.venv/bin/python  (.venv of the repository)" in said
    three_iterations(program, project)
    (checked, *_) = (one["data"] for one in program.events() if one["type"] == "SetupChecked")
    assert ([f"{program.repo}/.venv/bin/python"], "venv") == (
        checked["interpreter"],
        checked["interpreter_from"],
    )


def test_a_project_of_uv_is_served(program: Program):
    """uv makes the environment of its lock and runs each training in it, from the checkouts of the run."""
    uv = find_uv_bin()
    (Path(program.env["PATH"]) / "uv").symlink_to(uv)
    program.env |= {"UV_OFFLINE": "1", "UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}
    project = clone(program, "upstream")
    subprocess.run([uv, "lock", "-q"], cwd=program.repo, env=program.env, check=True)
    program.git("add", "uv.lock")
    program.git("commit", "-q", "-m", "lock")
    said = program("init", "--yes").stdout
    assert "interpreter  uv run python  (uv's, because of uv.lock)" in said
    assert (program.repo / ".venv" / "bin" / "python").exists()
    three_iterations(program, project)
    started = [one["data"] for one in program.events() if one["type"] == "TrainingStarted"]
    assert {("uv", "run", "python", "train.py")} == {tuple(one["command"]) for one in started}
    assert not (program.run_folder() / "worktree" / ".venv").exists()
