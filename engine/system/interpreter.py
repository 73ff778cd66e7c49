"""The Python of the user's project: what `{python}` stands for in the commands of the settings, and why.

Looked for from the top of the user's repository, never from a checkout of a run: that has no environment of
its own, and the user's serves it. Knows nothing of runs.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from autoresearch.engine.system.processes import run_command
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.setting import folder_and_words, with_python


UV, POETRY = "uv", "poetry"
VENVS = (".venv", "venv")
CONDA_FILES = ("environment.yml", "environment.yaml")
PASSING = "extends-environment"  # a key of uv's, in pyvenv.cfg of what `--with` makes
BUILT_BY_UV = "builds-v"  # begins the name of the folder in its cache in which `--isolated` makes one
ASKED_WITHIN_S = 60.0  # poetry on a cold network disk

_NAME = re.compile(r"^name:\s*['\"]?([^\s'\"#]+)", re.MULTILINE)


@frozen(kw_only=True)
class Interpreter:
    """How the project's Python is called, where that was found, and what it still lacks."""

    words: tuple[str, ...]
    source: str  # setting, uv, venv, active, conda, poetry or runner
    lacks: str = ""  # what is named and not there: uv_environment, conda_environment, poetry_environment
    named: str = ""  # the file or the environment that says so


def look_for(home: Path, setting: Sequence[str] = ()) -> Interpreter:
    """Return the interpreter of the project at `home`; the runner's own only where nothing names another."""
    if setting:
        return Interpreter(words=_from(home, setting), source="setting")
    for look in _LOOKS:
        found = look(home)
        if found is not None:
            return found
    return Interpreter(words=(sys.executable,), source="runner")


def is_passing(environment: Path) -> bool:
    """Say whether an environment lasts no longer than one command, as `uv run --with` makes one."""
    try:
        told = (environment / "pyvenv.cfg").read_text()
    except (OSError, UnicodeDecodeError):
        return False
    built = environment.parent.name.startswith(BUILT_BY_UV) and environment.name.startswith(".tmp")
    return PASSING in told or built


def with_interpreter(command: Sequence[str], python: Sequence[str]) -> tuple[str, ...]:
    """Return the command with `{python}` replaced; none is known: by the runner's own."""
    return with_python(command, python or (sys.executable,))


def surroundings(command: Sequence[str], home: Path, python: Sequence[str] = ()) -> dict[str, str]:
    """Return what a command needs in its environment to find the user's packages from another folder.

    The project's environment is active, for what a Makefile or a script calls `python`. uv would make one in
    each checkout; it is told the user's, and not to change that.
    """
    if Path(folder_and_words(command)[1][0]).name == UV:
        return {"UV_PROJECT_ENVIRONMENT": str(_uv_environment(home)), "UV_NO_SYNC": "1"}
    folder = Path(python[0]).parent if len(python) == 1 else Path()
    if (
        not (folder.parent / "pyvenv.cfg").is_file()
        or not folder.is_absolute()
        or python[0] == sys.executable
    ):
        return {}
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PATH"))))
    return {"PATH": path, "VIRTUAL_ENV": str(folder.parent)}


def _from(home: Path, words: Sequence[str]) -> tuple[str, ...]:
    """Let a path of the setting mean the same from everywhere."""
    program = Path(words[0]).expanduser()
    return (str(home / program) if len(program.parts) > 1 else words[0], *words[1:])


def _uv(home: Path) -> Interpreter | None:
    named = "uv.lock" if (home / "uv.lock").is_file() else "[tool.uv]" if UV in _tools(home) else ""
    if not named or shutil.which(UV) is None:
        return None
    made = _python_in(_uv_environment(home)) is not None
    return Interpreter(
        words=(UV, "run", "python"), source=UV, lacks="" if made else "uv_environment", named=named
    )


def _venv(home: Path) -> Interpreter | None:
    for name in VENVS:
        python = _python_in(home / name)
        if python is not None:
            return Interpreter(words=(python,), source="venv", named=name)
    return None


def _active(_home: Path) -> Interpreter | None:
    folder = os.environ.get("VIRTUAL_ENV", "")
    python = _python_in(Path(folder)) if folder else None
    if python is None or is_passing(Path(folder)):
        return None
    return Interpreter(words=(python,), source="active", named=folder)


def _conda(home: Path) -> Interpreter | None:
    """Return the environment that the repository's file names, else the active one."""
    active = os.environ.get("CONDA_PREFIX", "")
    name = _conda_name(home)
    places = [*([Path(active)] if active else []), *_conda_places()]
    for place in places:
        python = _python_in(place)
        if python is not None and (place.name == name or (str(place) == active and not name)):
            return Interpreter(words=(python,), source="conda", named=str(place))
    if name:
        return Interpreter(words=(sys.executable,), source="runner", lacks="conda_environment", named=name)
    return None


def _poetry(home: Path) -> Interpreter | None:
    named = _named_by_poetry(home)
    if not named:
        return None
    try:
        done = run_command.run(
            [POETRY, "env", "info", "--executable"], cwd=home, env={**os.environ}, timeout_s=ASKED_WITHIN_S
        )
        python = done.stdout.decode(errors="replace").strip() if done.exit_code == 0 else ""
    except AutoresearchError:
        python = ""
    if python:
        return Interpreter(words=(python,), source=POETRY, named=named)
    return Interpreter(words=(sys.executable,), source="runner", lacks="poetry_environment", named=named)


def _named_by_poetry(home: Path) -> str:
    """Return what says that a project is poetry's; "" where nothing does."""
    if (home / "poetry.lock").is_file():
        return "poetry.lock"
    builds = _table(_project_file(home), "build-system").get("build-backend", "")
    if POETRY in _tools(home) or str(builds).startswith("poetry.core"):
        return "pyproject.toml"
    return ""


# In the order in which they are believed.
_LOOKS: tuple[Callable[[Path], Interpreter | None], ...] = (_uv, _venv, _active, _conda, _poetry)


def _python_in(environment: Path) -> str | None:
    python = environment / "bin" / "python"
    return str(python.absolute()) if os.access(python, os.X_OK) else None


def _uv_environment(home: Path) -> Path:
    return home / os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")


def _tools(home: Path) -> Mapping[str, object]:
    """Return the tables below [tool] of pyproject.toml."""
    return _table(_project_file(home), "tool")


def _table(of: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _project_file(home: Path) -> Mapping[str, object]:
    """Return what pyproject.toml holds; nothing where it cannot be read."""
    import tomllib  # noqa: PLC0415 - 6 ms, where no runner looks for an interpreter

    try:
        return tomllib.loads((home / "pyproject.toml").read_text())
    except (OSError, ValueError):
        return {}


def _conda_name(home: Path) -> str:
    for file in CONDA_FILES:
        try:
            found = _NAME.search((home / file).read_text(errors="replace"))
        except OSError:
            continue
        if found:
            return found[1]
    return ""


def _conda_places() -> list[Path]:
    """Return where conda's environments lie, as it keeps a list of them and where it is installed."""
    try:
        listed = Path("~/.conda/environments.txt").expanduser().read_text().splitlines()
    except OSError:
        listed = []
    root = os.environ.get("CONDA_EXE", "")
    beside = sorted(Path(root).parents[1].glob("envs/*")) if root else []
    return [*(Path(line) for line in listed if line), *beside]
