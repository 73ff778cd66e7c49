"""The nine repositories, served by the program as people install it: by pip, as a tool of uv's, by `uv run`.

`make test-installs` plays all of them; one of each of uv's ways belongs to every test run. The packages come
from wheels that are made of what is installed here, so that no way needs an index.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from uv import find_uv_bin

from tests.e2e.conftest import Program
from tests.e2e.own_projects.test_projects import BY_NAME, OF_COMPILERS, clone, settings, three_iterations
from tests.wheels import built, call, copy_of_repository, hollow, packed_again


OF_THE_PROGRAM = ("attrs", "jsonschema", "orjson", "rich", "typer", "watchdog")
ALWAYS = {("tool", "nanogpt"), ("uv run --with", "single_file")}
OF_UV = tuple(name for name in BY_NAME if name in ("upstream", "mlx", "src_layout"))  # have a [project]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels: the program's, and all that it and a build need."""
    folder = packed_again((*OF_THE_PROGRAM, "setuptools"), tmp_path_factory.mktemp("house"))
    hollow("colorama", "0.4.6", folder)  # what typer needs on Windows
    built("wheel", copy_of_repository(tmp_path_factory.mktemp("source")), folder)
    return folder


@pytest.fixture
def user(program: Program, house: Path, tmp_path: Path) -> Program:
    """A user with uv and a C compiler, for whom the program is not installed yet."""
    tools = Path(program.env["PATH"])
    (tools / "uv").symlink_to(find_uv_bin())
    for name in OF_COMPILERS:
        if (found := shutil.which(name)) is not None:
            (tools / name).symlink_to(found)
    program.env |= {
        "UV_OFFLINE": "1",
        "UV_FIND_LINKS": str(house),
        "UV_CACHE_DIR": str(house.parent / "cache"),
        "UV_PYTHON": sys._base_executable,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    return program


def by_pip(user: Program) -> None:
    """Install it with pip into an environment that is then active, as a shell has it."""
    venv = user.repo.parent / "mine"
    python = str(venv / "bin" / "python")
    call(sys._base_executable, "-m", "venv", str(venv), cwd=user.repo.parent)
    from_wheels = ("--no-index", "--find-links", user.env["UV_FIND_LINKS"])
    call(python, "-m", "pip", "install", "-q", *from_wheels, "autoresearch", cwd=user.repo.parent)
    (Path(user.env["PATH"]) / "uv").unlink()
    user.env |= {"VIRTUAL_ENV": str(venv), "PATH": f"{venv / 'bin'}:{user.env['PATH']}"}
    user.door = (str(venv / "bin" / "autoresearch"),)


def as_a_tool(user: Program) -> None:
    """Install it as a tool of uv's, apart from every project."""
    call(find_uv_bin(), "tool", "install", "-q", "autoresearch", cwd=user.repo.parent, env=user.env)
    user.door = (str(Path(user.env["HOME"]) / ".local" / "bin" / "autoresearch"),)


def by_uv_run(user: Program) -> None:
    """Install nothing: uv makes an environment for each command, and removes it."""
    user.door = (find_uv_bin(), "run", "-q", "--with", "autoresearch", "autoresearch")


def in_the_project(user: Program) -> None:
    """Let the project depend on it, so that its environment holds it; it may serve older Pythons, too."""
    wanted = "autoresearch; python_version >= '3.11'"
    call(find_uv_bin(), "add", "-q", "--dev", wanted, cwd=user.repo, env=user.env)
    user.git("add", "pyproject.toml", "uv.lock")
    user.git("commit", "-q", "-m", "add autoresearch")
    user.door = (find_uv_bin(), "run", "-q", "autoresearch")


WAYS: dict[str, Callable[[Program], None]] = {
    "pip": by_pip,
    "tool": as_a_tool,
    "uv run --with": by_uv_run,
    "uv run": in_the_project,
}
PAIRS = [
    pytest.param(way, name, marks=() if (way, name) in ALWAYS else pytest.mark.long)
    for way in WAYS
    for name in (OF_UV if way == "uv run" else BY_NAME)
]


@pytest.mark.parametrize(("way", "name"), PAIRS)
def test_each_way_serves_each_project(user: Program, way: str, name: str):
    """From a fresh clone through `init --yes` to three iterations with the right numbers."""
    project = clone(user, name)
    WAYS[way](user)
    user("init", "--yes")
    assert project.train.split() == settings(user)["train"]
    three_iterations(user, project)
