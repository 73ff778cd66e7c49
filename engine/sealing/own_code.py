"""Whether a training imports the candidate's code: what its interpreter would take from elsewhere is asked.

An editable install, or a PYTHONPATH, names the user's own checkout: then that is trained, and the candidate's
commit gets the credit. The checkout's own folders are put first, and it is looked whether that helps.
"""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import field, frozen

from autoresearch.engine.system.interpreter import surroundings, with_interpreter
from autoresearch.engine.system.processes import run_command
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.setting import folder_and_words
from autoresearch.events.settings import RunConfig


SOURCES = "src"  # where packages lie that are imported only once they are installed
VERSIONS = ("python", "torch")
MOST_FILES = 2000  # of a checkout, that are read for what they import
_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
_UV_RUNS = ("-m", "--module", "-s", "--script", "--")  # what follows is run
# Options of uv with a value behind them.
_UV_VALUES = re.compile(
    r"--(with(-editable|-requirements)?|extra|(only-)?group|python|project|package|directory|env-file"
    r"|(default-)?index|config-file)|-p"
)
ASKED_WITHIN_S = 60.0  # an interpreter on a cold network disk
# Prints where modules are looked for, whence each of some names would be imported, and versions.
# An editable install is a path in a .pth, or a finder with a MAPPING from names to files.
QUESTION = """
import importlib.metadata, importlib.util, json, os, site, sys

def version(name):
    try:
        return importlib.metadata.version(name)
    except Exception:
        return ""

def origin(name):
    try:
        spec = importlib.util.find_spec(name)
    except Exception:
        return None
    if spec is None or spec.has_location:
        return spec and spec.origin
    return next(iter(spec.submodule_search_locations or ()), None)

script, names = sys.argv[1], sys.argv[2:]
sys.path[0] = os.path.dirname(os.path.abspath(script))
modules = [sys.modules.get(getattr(finder, "__module__", "")) for finder in sys.meta_path]
maps = [found for found in (getattr(one, "MAPPING", None) for one in modules) if isinstance(found, dict)]
mapped = [os.path.dirname(str(path)) for found in maps for path in found.values()]
origins = {name: origin(name) for name in names}
users = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
folders = [os.path.abspath(folder) for folder in sys.path[1:] + mapped + users]
stdlib = os.path.dirname(os.__file__)
versions = {"python": sys.version.split()[0], "torch": version("torch")}
told = {"path": folders, "prefix": sys.prefix, "stdlib": stdlib, "origins": origins, "versions": versions}
print(json.dumps(told))
"""


@frozen(kw_only=True)
class OwnCode:
    """What a training imports: what is put first for it, and what is taken from elsewhere all the same."""

    versions: dict[str, str] = field(factory=dict)  # of its interpreter and of the torch there
    libraries: tuple[str, ...] = ()  # the folders that it imports from otherwise
    first: tuple[str, ...] = ()  # folders of the checkout, relative; "." is its top
    elsewhere: tuple[tuple[str, str], ...] = ()  # module, and the file in the user's checkout


def looked_for(config: RunConfig, *, home: Path, checkout: Path, python: tuple[str, ...] = ()) -> OwnCode:
    """Ask the interpreter of the training command; one that cannot be asked tells of nothing."""
    command = with_interpreter(config.train, python)
    env = surroundings(command, home, python) | config.env
    folder, words = folder_and_words(command)
    python = interpreter_of(words, checkout, env.get("PATH")) or ()
    if not python:
        return OwnCode()
    script = next((word for word in words[1:] if word.endswith(".py")), "any.py")
    script = f"{folder}/{script}" if folder else script
    said = _asked(python, script, _modules(checkout / SOURCES), checkout, env)
    if said is None:
        return OwnCode()
    roots = _roots(said, home, checkout)
    if SOURCES not in roots and _elsewhere(said, checkout):  # installed once, as a copy
        roots = (*roots, SOURCES)
    # Also what is not there: whoever makes it later is imported from.
    libraries = tuple(folder for folder in dict.fromkeys(said["path"]) if not _is_own(folder, home, said))
    versions = {name: str(said["versions"][name]) for name in VERSIONS if said["versions"][name]}
    if not roots:
        return OwnCode(libraries=libraries, versions=versions)
    own = {name for root in roots for name in _modules(checkout / root)}
    others = _imported(checkout) - own
    env |= python_path(roots, checkout, env)
    again = _asked(python, script, sorted(own | others), checkout, env) or said
    # Of what the checkout has not, only what the user's has: the rest is installed for all.
    elsewhere = tuple(
        (name, file)
        for name, file in _elsewhere(again, checkout)
        if name in own or _is_own(file, home, again)
    )
    return OwnCode(libraries=libraries, versions=versions, first=roots, elsewhere=elsewhere)


def python_path(first: Sequence[str], checkout: Path, env: dict[str, str]) -> dict[str, str]:
    """Return the environment that puts folders of a checkout first; none where nothing is to be."""
    if not first:
        return {}
    before = env.get("PYTHONPATH") or os.environ.get("PYTHONPATH", "")
    own = [str(checkout.absolute() / root) for root in first]
    return {"PYTHONPATH": os.pathsep.join([*own, *([before] if before else [])])}


def interpreter_of(command: Sequence[str], checkout: Path, path: str | None = None) -> tuple[str, ...] | None:
    """Return how the Python of a command is called, None where it is not known to be one."""
    name = Path(command[0]).name
    if name == "uv" and command[1:2] == ("run",):
        return (*command[: _behind_options(command)], "python")
    program = command[0] if "/" in command[0] else shutil.which(command[0], path=path)
    if program is None:
        return None
    if name.startswith(("python", "pypy")):
        return (program,)
    try:
        with (checkout / program).open("rb") as file:  # absolute, or of the checkout
            first = file.readline(1000).decode(errors="replace").split()
    except OSError:
        return None
    # A console script, such as torchrun, names its interpreter in its first line.
    named = first[0].removeprefix("#!") if first and first[0].startswith("#!") else ""
    return (named,) if Path(named).name.startswith(("python", "pypy")) else None


def _behind_options(command: Sequence[str]) -> int:
    """Return where what `uv run` runs begins, behind the options of uv itself."""
    at = 2
    while at < len(command) and command[at].startswith("-") and command[at] not in _UV_RUNS:
        at += 2 if _UV_VALUES.fullmatch(command[at]) else 1
    return at


def _asked(
    python: Sequence[str], script: str, names: Sequence[str], checkout: Path, env: dict[str, str]
) -> dict[str, Any] | None:
    words = [*python, "-c", QUESTION, script, *names]
    try:
        done = run_command.run(words, cwd=checkout, env={**os.environ, **env}, timeout_s=ASKED_WITHIN_S)
        said = json.loads(done.stdout.splitlines()[-1]) if done.exit_code == 0 and done.stdout else None
    except (AutoresearchError, ValueError):
        return None
    return said if isinstance(said, dict) else None


def _roots(said: dict[str, Any], home: Path, checkout: Path) -> tuple[str, ...]:
    """Return the folders of the user's checkout from which modules are imported, relative to it."""
    own = (entry for entry in said["path"] if _is_own(entry, home, said) and not _within(entry, checkout))
    return tuple(dict.fromkeys(_within(entry, home) or "" for entry in own))


def _is_own(entry: str, home: Path, said: dict[str, Any]) -> bool:
    """Say whether a folder is of the user's checkout, and not of a virtual environment that lies in it."""
    return _within(entry, home) is not None and _within(entry, Path(said["prefix"])) is None


def _elsewhere(said: dict[str, Any], checkout: Path) -> tuple[tuple[str, str], ...]:
    """Return the modules that the checkout has and the interpreter takes from elsewhere, and whence.

    Not those of Python's own that have the name by chance.
    """
    own = Path(said["stdlib"])
    return tuple(
        (name, origin)
        for name, origin in said["origins"].items()
        if origin and origin not in ("built-in", "frozen") and not _is_in(origin, checkout)
        if _within(origin, own) is None or "site-packages" in origin
    )


def _is_in(origin: str, checkout: Path) -> bool:
    """Say whether a module lies in a checkout, be it as a link that was put there."""
    return Path(origin).is_relative_to(checkout.absolute()) or _within(origin, checkout) is not None


def _modules(root: Path) -> tuple[str, ...]:
    """Return the names that can be imported from a folder."""
    if not root.is_dir():
        return ()
    files = (path.stem for path in root.glob("*.py"))
    packages = (path.parent.name for path in root.glob("*/__init__.py"))
    return tuple(sorted(name for name in {*files, *packages} if name.isidentifier()))


def _imported(checkout: Path) -> set[str]:
    """Return the top names that the checkout's files import, as their lines say."""
    found: set[str] = set()
    for file in sorted(checkout.rglob("*.py"))[:MOST_FILES]:
        with contextlib.suppress(OSError):
            found.update(match.decode() for match in _IMPORT.findall(file.read_bytes()))
    return found


def _within(path: str, folder: Path) -> str | None:
    """Return a path relative to a folder, None where it is not in there."""
    real, top = Path(os.path.realpath(path)), Path(os.path.realpath(folder))
    return str(real.relative_to(top)) if real.is_relative_to(top) else None
