"""Which Python `{python}` stands for, found in real folders; and that it trains the candidate's code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autoresearch.engine.sealing.own_code import interpreter_of
from autoresearch.engine.system.interpreter import is_passing, look_for, surroundings, with_interpreter
from autoresearch.events.errors import NotFound
from autoresearch.events.setting import with_python
from autoresearch.workflows.cli.options import refuse_passing_environment
from autoresearch.workflows.pages.python import interpreter_line


NAMED_BY_SHELLS = ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_EXE", "UV_PROJECT_ENVIRONMENT")


@pytest.fixture(autouse=True)
def _bare_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No environment is active, and no program of one is on PATH."""
    for name in NAMED_BY_SHELLS:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the top of a repository."""
    folder = tmp_path / "repo"
    folder.mkdir()
    return folder


def environment(folder: Path) -> str:
    """Make what looks like an environment; return its Python."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return str(python)


def program(tmp_path: Path, name: str, text: str) -> None:
    """Put a program on PATH."""
    file = tmp_path / "bin" / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def found(home: Path, *setting: str) -> tuple[str, tuple[str, ...]]:
    """Return where the interpreter was found, and how it is called."""
    one = look_for(home, setting)
    return one.source, one.words


def test_one_that_ends_with_its_command_is_none(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What `uv run --with` makes active is gone later: it is not taken, and no runner is left in it."""
    environment(tmp_path / "builds" / "passing")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "builds" / "passing"))
    assert "active" == found(home)[0]
    (tmp_path / "builds" / "passing" / "pyvenv.cfg").write_text("uv = 0.13.9\nextends-environment = /usr\n")
    assert ("runner", (sys.executable,)) == found(home)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "builds" / "passing"))
    with pytest.raises(NotFound, match="uv removes"):
        refuse_passing_environment()


def test_an_isolated_environment_of_uv_ends_with_its_command_too(tmp_path: Path):
    """`uv run --isolated` makes one in its cache, which nothing in its pyvenv.cfg tells from a project's."""
    for folder, passes in (
        ("builds-v0/.tmpqno1Yl", True),
        ("project/.venv", False),
        ("builds-v0/kept", False),
    ):
        environment(tmp_path / folder)
        (tmp_path / folder / "pyvenv.cfg").write_text("uv = 0.13.9\nversion_info = 3.11.7\n")
        assert passes is is_passing(tmp_path / folder)


def test_the_runners_own_is_the_last(home: Path):
    """Where nothing names another, it is the one that the runner runs on."""
    assert ("runner", (sys.executable,)) == found(home)


@pytest.mark.parametrize("name", [".venv", "venv"])
def test_the_repositorys_environment_goes_before_what_is_active(
    home: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """An environment in the repository is taken, also where a shell has another active."""
    active = environment(tmp_path / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    assert ("active", (active,)) == found(home)
    assert ("venv", (environment(home / name),)) == found(home)


@pytest.mark.parametrize("says", ["uv.lock", "pyproject.toml"])
def test_a_project_of_uv_is_run_by_uv(home: Path, says: str, tmp_path: Path):
    """Where uv keeps the packages it runs the script; what it has not made yet is named."""
    (home / says).write_text("[tool.uv]\ndev-dependencies = []\n")
    assert "runner" == found(home)[0]  # uv is not installed
    program(tmp_path, "uv", "exit 3")
    assert "uv_environment" == look_for(home).lacks
    environment(home / ".venv")
    assert ("uv", ("uv", "run", "python")) == found(home)
    assert "" == look_for(home).lacks


def test_conda_is_what_the_repository_names_else_what_is_active(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The environment that environment.yml names goes first; one that is not there is named."""
    base, own = environment(tmp_path / "conda"), environment(tmp_path / "conda" / "envs" / "mine")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "conda"))
    monkeypatch.setenv("CONDA_EXE", str(tmp_path / "conda" / "bin" / "conda"))
    assert ("conda", (base,)) == found(home)
    (home / "environment.yml").write_text("channels: [x]\nname: mine\n")
    assert ("conda", (own,)) == found(home)
    (home / "environment.yml").write_text("name: other\n")
    assert ("conda_environment", "other") == (look_for(home).lacks, look_for(home).named)


@pytest.mark.parametrize(
    "says", ["[tool.poetry]\nname = 'x'\n", "[build-system]\nbuild-backend = 'poetry.core.masonry.api'\n"]
)
def test_poetry_is_asked(home: Path, tmp_path: Path, says: str):
    """A project of poetry is run by the Python that poetry names; none is named as missing, by what asks."""
    (home / "pyproject.toml").write_text(says)
    assert ("poetry_environment", "pyproject.toml") == (look_for(home).lacks, look_for(home).named)
    assert "pyproject.toml asks for poetry's environment" in interpreter_line(look_for(home))
    program(tmp_path, "poetry", "echo /envs/x/bin/python")
    assert ("poetry", ("/envs/x/bin/python",)) == found(home)
    assert "/envs/x/bin/python  (poetry's, because of pyproject.toml)" == interpreter_line(look_for(home))


def test_the_setting_has_the_last_word(home: Path):
    """What the settings name is taken; a path of it is one of the repository."""
    environment(home / ".venv")
    assert ("setting", ("pypy3", "-X", "dev")) == found(home, "pypy3", "-X", "dev")
    assert ("setting", (str(home / "env/bin/python"),)) == found(home, "env/bin/python")


def test_several_words_take_the_place_of_one():
    """Where `{python}` stands alone all words of the interpreter do; within a word they are one text."""
    assert ("uv", "run", "python", "a.py") == with_python(("{python}", "a.py"), ("uv", "run", "python"))
    shell = with_python(("sh", "-c", "{python} a.py"), ("uv", "run", "python"))
    assert ("sh", "-c", "uv run python a.py") == shell
    assert (sys.executable, "a.py") == with_interpreter(("{python}", "a.py"), ())


def test_uv_is_told_the_users_environment(home: Path):
    """From a checkout uv takes the user's environment and leaves it as it is; others are told nothing."""
    told = surroundings(("uv", "run", "train.py"), home)
    assert {"UV_PROJECT_ENVIRONMENT": str(home / ".venv"), "UV_NO_SYNC": "1"} == told
    assert {} == surroundings(("python", "train.py"), home)


def test_the_environment_is_active_for_what_a_script_calls(home: Path):
    """A Makefile that calls `python`, and a console script of the environment, find the project's."""
    python = environment(home / ".venv")
    assert {} == surroundings(("make", "train"), home, (python,))  # a folder of that name alone is none
    (home / ".venv" / "pyvenv.cfg").touch()
    told = surroundings(("make", "train"), home, (python,))
    assert str(home / ".venv") == told["VIRTUAL_ENV"]
    assert str(home / ".venv" / "bin") == told["PATH"].split(os.pathsep)[0]
    assert (python,) == interpreter_of(("python", "train.py"), home, told["PATH"])
    assert {} == surroundings(("make", "train"), home, (sys.executable,))


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("uv run train.py", "uv run python"),
        ("uv run --extra gpu --frozen python train.py", "uv run --extra gpu --frozen python"),
        ("uv run -m pkg.train", "uv run python"),
        ("uv run -p 3.12 --with rich train.py", "uv run -p 3.12 --with rich python"),
    ],
)
def test_uvs_python_is_asked_with_uvs_options(home: Path, words: str, asked: str):
    """Which Python `uv run` takes hangs on its options, and not on what it runs."""
    assert tuple(asked.split()) == interpreter_of(tuple(words.split()), home)


def test_the_environment_of_the_checkout_above_runs_what_stands_below(home: Path):
    """The user's environment imports from the folder in which a script lies: a checkout's own modules."""
    python = environment(home / ".venv")
    checkout = home / ".autoresearch" / "worktree"
    checkout.mkdir(parents=True)
    for folder, value in ((home, 1), (checkout, 2)):
        (folder / "model.py").write_text(f"VALUE = {value}\n")
        (folder / "train.py").write_text("import model\nprint(model.VALUE)\n")
    done = subprocess.run(
        with_interpreter(("{python}", "train.py"), look_for(home).words),
        cwd=checkout,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (python,) == look_for(home).words
    assert "2" == done.stdout.strip()
