"""The packages that a training imports beside its own code: which files there are, of what size and time.

Not hashed, and only what an interpreter can load: an environment with torch has 20,000 files, of which a good
half are code. It notices what is installed, patched or left there.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path


LOADED = (".py", ".pth", ".so", ".pyd", ".dll", ".dylib")
# Python's own caches are made by reading; packages below the standard library are another environment's.
PASSED_OVER = frozenset({"__pycache__", "site-packages", "dist-packages"})


def digest(folders: Iterable[str]) -> str:
    """Return what tells the code below some folders from any other; "" where there is none."""
    told = hashlib.sha256()
    seen = False
    for folder in _outermost(folders):
        for line in sorted((*_lines(folder), *_interpreter(folder))):
            seen = True
            told.update(line)
    return told.hexdigest()[:16] if seen else ""


def _interpreter(folder: str) -> Iterator[bytes]:
    """Yield what starts the Python of an environment, and says which folders that one imports from."""
    packages = Path(folder)
    if packages.name not in ("site-packages", "dist-packages"):
        return
    home = packages.parent.parent.parent
    for path in (home / "pyvenv.cfg", *sorted((home / "bin").glob("python*"))):
        with contextlib.suppress(OSError):
            yield _line(str(path), path.lstat())
            yield _line(str(path.resolve()), path.stat())


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
