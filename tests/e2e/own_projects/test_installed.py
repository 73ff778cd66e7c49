"""What pip installs: one package, beside others of any name, in a repository with folders of any name."""

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.e2e.conftest import Program, at_rest
from tests.e2e.own_projects.test_projects import clone
from tests.unit.laws.test_laws import MODULES, ROOT, relative
from tests.wheels import built, call, copy_of_repository


FOREIGN = ("events", "projections", "engine", "workflows")  # one is installed by a well-known search client
HIDING = ("contextlib", "json", "signal", "typing")  # backports, that must stay behind the standard library
TRAIN = "import engine\nLR = 0.1  # search: 0.1 | 0.2\nprint(f'val_bpb: {engine.SCORE}')\n"
SETTINGS = """[tool.autoresearch]
keep_rule = "lower"
final = 0
check = []
prepare = []
protected = []
agent = "none"
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository as git would clone it, with what is not committed yet."""
    return copy_of_repository(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout."""
    return built("wheel", checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def installed(program: Program, wheel: Path, tmp_path: Path) -> Program:
    """The console script of the wheel, in an environment and a repository with folders of the same names."""
    (program.repo / "engine").mkdir()
    (program.repo / "engine" / "__init__.py").write_text("SCORE = 0.5\n")
    (program.repo / "train.py").write_text(TRAIN)
    (program.repo / "pyproject.toml").write_text(SETTINGS)
    program.git("add", "-A")
    program.git("commit", "-q", "-m", "an engine of their own")
    venv = tmp_path / "venv"
    call(sys.executable, "-m", "venv", "--without-pip", str(venv), cwd=tmp_path)
    (site,) = (venv / "lib").glob("python*/site-packages")
    (site / "of_the_tests.pth").write_text("\n".join(path for path in sys.path if "site-packages" in path))
    pip = ("-m", "pip", "--python", str(venv / "bin" / "python"), "install", "--quiet", "--no-deps")
    call(sys.executable, *pip, "--no-index", str(wheel), cwd=tmp_path)
    for name in FOREIGN:
        (site / name).mkdir()
        (site / name / "__init__.py").write_text("")
    for name in HIDING:
        (site / f"{name}.py").write_text("raise SystemExit('of another')\n")
    program.env["PYTHONPATH"] = "."
    program.door = (str(venv / "bin" / "autoresearch"),)
    return program


def test_the_wheel_holds_one_package(wheel: Path):
    """The wheel has one top-level name, with every module, schema and file of the page, and no run."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {"autoresearch"} == {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert {f"autoresearch/{relative(path)}" for path in MODULES} <= set(names)
    assert "autoresearch/__main__.py" in names
    assert "autoresearch/workflows/schemas/proposal.schema.json" in names
    assert any(name.startswith("autoresearch/events/schemas/") for name in names)
    page = (ROOT / "workflows" / "web" / "static").iterdir()
    assert {f"autoresearch/{relative(path)}" for path in page} <= set(names)
    assert not any("workflows/runs" in name for name in names)


def test_a_wheel_of_the_sdist_is_the_same(checkout: Path, wheel: Path, tmp_path: Path):
    """What is packed as source builds the same wheel, name for name and byte for byte."""
    packed = built("sdist", checkout, tmp_path / "sdist")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    again = built("wheel", tmp_path / packed.name.removesuffix(".tar.gz"), tmp_path / "again")
    first, second = zipfile.ZipFile(wheel), zipfile.ZipFile(again)
    assert sorted(first.namelist()) == sorted(second.namelist())
    ours = [name for name in first.namelist() if name.startswith("autoresearch/")]
    assert [] == [name for name in ours if first.read(name) != second.read(name)]


def test_it_works_beside_packages_and_folders_of_any_name(installed: Program):
    """Status, a run with a runner of its own, and its audit work beside `events`, `engine` and the like."""
    assert "there is no run" in installed("status", code=3).stderr
    installed("start", "--loops", "1", "--no-stochastic")
    status = installed.wait(at_rest)
    assert ("done", 1, 0.5) == (status["phase"], status["iterations_completed"], status["best_val_bpb"])
    assert json.loads(installed("replay", "--json").stdout)["clean"]
    python = Path(installed.door[0]).with_name("python")
    installed.door = (str(python), "-m", "autoresearch")
    assert "done" == installed.status()["phase"]


def test_the_runner_needs_little(tmp_path: Path):
    """What pip installs with the wheel is a few small packages; torch comes with an extra, and pinned."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {one.split(">")[0].split("=")[0] for one in project["dependencies"]}
    assert {"attrs", "jsonschema", "orjson", "rich", "typer", "watchdog"} == named
    assert ["torch==2.13.0"] == project["optional-dependencies"]["train"]


def test_a_tool_trains_by_the_environment_of_the_project(installed: Program):
    """Installed apart, as a tool is, it runs the project's Python, which has none of its own packages."""
    clone(installed, "src_layout")
    python = installed.repo / ".venv" / "bin" / "python"
    call(sys.executable, "-m", "venv", "--without-pip", str(python.parents[1]), cwd=installed.repo)
    del installed.env["PYTHONPATH"]
    assert ".venv of the repository" in installed("init", "--yes").stdout
    installed("start", "--loops", "0", "--final", "0", "--no-stochastic", "--no-background-train")
    assert pytest.approx(0.74) == installed.status()["best_metric"]
    started = next(one["data"] for one in installed.events() if one["type"] == "TrainingStarted")
    assert [str(python), "-m", "tinylearn.train"] == started["command"]
    assert (
        0 != subprocess.run([python, "-c", "import attrs"], stderr=subprocess.DEVNULL, check=False).returncode
    )


@pytest.mark.parametrize("words", ["status", "status --json", "start --loops 1"])
def test_a_bare_clone_says_what_to_install(tmp_path: Path, words: str):
    """Without the packages it needs, the program names them and the way out, in two lines and with code 3."""
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = [sys.executable, "-I", "-S", str(ROOT / "workflows" / "run_experiment.py"), *words.split()]
    done = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)
    assert (3, "") == (done.returncode, done.stdout)
    missing, remedy = done.stderr.splitlines()
    assert missing.endswith("attrs, jsonschema, orjson, rich, typer, watchdog")
    assert f"pip install --editable {ROOT}" in remedy


@pytest.mark.parametrize("name", ["attrs", "jsonschema", "watchdog"])
def test_a_package_that_is_missing_alone_is_named(tmp_path: Path, name: str):
    """No command begins what it could not end: what any of them needs is looked for first."""
    door = str(ROOT / "workflows" / "run_experiment.py")
    without = (
        f"import runpy, sys; sys.modules[{name!r}] = None; runpy.run_path({door!r}, run_name='__main__')"
    )
    command = [sys.executable, "-c", without, "runs"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (3, "") == (done.returncode, done.stdout)
    assert done.stderr.splitlines()[0].endswith(f": {name}")


def test_the_way_out_names_the_environment_that_there_is(tmp_path: Path):
    """Without an environment it is the commands that make one; beside one, its Python is to be called."""
    door = tmp_path / "workflows" / "run_experiment.py"
    door.parent.mkdir()
    door.write_bytes((ROOT / "workflows" / "run_experiment.py").read_bytes())
    (tmp_path / "src").symlink_to(ROOT / "src")

    def remedy() -> str:
        command = [sys.executable, "-I", "-S", str(door), "status"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stderr.splitlines()[1]

    python = f"{tmp_path}/.venv/bin/python"
    assert f"`python3 -m venv {tmp_path}/.venv && {python} -m pip install --editable {tmp_path}`" in remedy()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    assert f"call it with {python}" in remedy()
