"""The packages that a training imports beside its own code: which files there are, of what size and time.

Only programs are hashed, and of the rest only what it can load is looked at: an environment with torch
has 20,000 files, of which a good half are code. It notices what is installed, patched or left there.
"""

import contextlib
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from autoresearch.engine.system.interpreter import is_passing


LOADED = (".py", ".pth", ".so", ".pyd", ".dll", ".dylib")
# Python's own caches are made by reading; packages below the standard library are another environment's.
PASSED_OVER = frozenset({"__pycache__", "site-packages", "dist-packages"})


def digest(places: Collection[str]) -> str:
    """Return what tells the code below some folders, and some programs, from any other; "" for none."""
    programs = {place for place in places if Path(place).is_file()}
    lines = [line for one in sorted(programs) for line in _program(Path(one))]
    for folder in _outermost(place for place in places if place not in programs):
        passing = is_passing(_environment_of(folder))
        lines += sorted(_of_one_command(folder) if passing else (*_lines(folder), *_interpreter(folder)))
    return hashlib.sha256(b"".join(lines)).hexdigest()[:16] if lines else ""


def _interpreter(folder: str) -> Iterator[bytes]:
    """Yield what starts the Python of an environment, and says which folders that one imports from.

    By content: many environments link to one program, and each that is made may touch it, as `chmod +x` does.
    """
    packages = Path(folder)
    if packages.name not in ("site-packages", "dist-packages"):
        return
    for path in _started_by(_environment_of(folder)):
        yield from _program(path)


def _of_one_command(folder: str) -> Iterator[bytes]:
    """Yield the same of an environment that uv makes anew for each command: by names below it, and contents.

    It holds no package: a .pth in it names the folders of the packages, which are looked at as any others.
    """
    home = _environment_of(folder)
    code = (path for path in Path(folder).rglob("*") if path.suffix in LOADED)
    for path in (*code, *_started_by(home)):
        yield from _program(path, name=str(path.relative_to(home)))


def _environment_of(folder: str) -> Path:
    return Path(folder).parent.parent.parent


def _started_by(home: Path) -> tuple[Path, ...]:
    return (home / "pyvenv.cfg", *sorted((home / "bin").glob("python*")))


def _program(path: Path, *, name: str = "") -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        real, found = path.resolve(), path.stat()
        status = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        told = name or f"{path}\0{real}"
        yield os.fsencode(f"{told}\0{_content(real, status)}\n")


@lru_cache
def _content(path: Path, _status: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _line(path: str, found: os.stat_result) -> bytes:
    # When it changed last is the kernel's word: the time of its content can be set back.
    return os.fsencode(f"{path}\0{found.st_size}\0{found.st_ctime_ns}\n")


def _outermost(folders: Iterable[str]) -> list[str]:
    """Return the folders without those that a walk of another one comes through."""
    named = [os.path.realpath(folder) for folder in folders]
    within = {
        one
        for one in named
        for other in named
        if one.startswith(f"{other}/") and PASSED_OVER.isdisjoint(one.removeprefix(other).split("/"))
    }
    return list(dict.fromkeys(one for one in named if one not in within))


def _lines(folder: str) -> Iterator[bytes]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        name = entry.name
        if entry.is_dir(follow_symlinks=False):
            if name not in PASSED_OVER:
                yield from _lines(entry.path)
        elif name.endswith(LOADED) or ".so." in name:
            yield _line(entry.path, entry.stat(follow_symlinks=False))
