"""The packages that a training imports beside its own code: which files of code there are, and their content.

An environment with torch has 20,000 files, of which a good half are code, of 1 to 5 GB. So the content of a
file that nobody has touched since its package was installed is what the installer's RECORD says of it; any
other file is hashed, once while it stands still. What is installed, patched or left there is noticed; what
only gained a name or lost one is the same: uv links the files of all environments to one copy each.
"""

import base64
import contextlib
import csv
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from attrs import frozen

from autoresearch.engine.system.interpreter import is_passing


LOADED = (".py", ".pth", ".so", ".pyd", ".dll", ".dylib")
# Python's own caches are made by reading; packages below the standard library are another environment's.
PASSED_OVER = frozenset({"__pycache__", "site-packages", "dist-packages"})
FORM = "c:"  # how a digest by content begins; no earlier one did
RECORDED = "sha256="  # how the hashes begin that RECORD gives and that are taken, in base64 without padding


@frozen
class _Installed:
    """What an installer wrote of a file: its content, and when it wrote that down."""

    content: str
    at: int  # nanoseconds of the wall clock


def digest(places: Collection[str]) -> str:
    """Return what tells the code below some folders, and some programs, from any other; "" for none."""
    programs = {place for place in places if Path(place).is_file()}
    lines = [line for one in sorted(programs) for line in _program(Path(one))]
    for folder in _outermost(place for place in places if place not in programs):
        passing = is_passing(_environment_of(folder))
        lines += sorted(_of_one_command(folder) if passing else (*_lines(folder), *_interpreter(folder)))
    return FORM + hashlib.sha256(b"".join(lines)).hexdigest()[:16] if lines else ""


def is_told_so(told: str) -> bool:
    """Say whether a digest is of contents; an earlier program told files by size and time of change."""
    return told.startswith(FORM) or not told


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
        told = name or f"{path}\0{real}"
        yield os.fsencode(f"{told}\0{_content(str(real), _status(found))}\n")


def _status(found: os.stat_result) -> tuple[int, ...]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


@cache
def _content(path: str, _status: tuple[int, ...]) -> str:
    """Return a file's sha256, in the form of RECORD."""
    with open(path, "rb") as file:  # noqa: PTH123 - thousands of them
        hashed = hashlib.file_digest(file, "sha256").digest()
    return RECORDED + base64.urlsafe_b64encode(hashed).decode().rstrip("=")


@cache
def _recorded(record: str, status: tuple[int, ...]) -> Mapping[str, _Installed]:
    """Return what an installer's RECORD says, by paths below its site-packages."""
    with open(record, encoding="utf-8", errors="replace", newline="") as file:  # noqa: PTH123 - as above
        rows = [row for row in csv.reader(file) if len(row) > 1]
    at = status[1]
    return {row[0]: _Installed(row[1], at) for row in rows if row[1].startswith(RECORDED)}


def _line(entry: os.DirEntry[str], installed: _Installed | None) -> bytes:
    """Return a file's line; of a link, that of the file which it leads to."""
    with contextlib.suppress(OSError):
        found = entry.stat()
        if installed is None or found.st_ctime_ns > installed.at or entry.is_symlink():
            # Touched since, by the kernel's word: the time of its content can be set back.
            return os.fsencode(f"{entry.path}\0{_content(entry.path, _status(found))}\n")
        return os.fsencode(f"{entry.path}\0{installed.content}\n")
    return os.fsencode(f"{entry.path}\0\n")  # a link to nothing, or not to be read


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
    """Yield a line for each file of code below a folder, and one for each RECORD: its content, and when.

    The time is what makes RECORD's word hold: a file that was patched is younger, and a RECORD that was made
    young again to cover it is another one.
    """
    installed: dict[str, _Installed] = {}
    for record in sorted(Path(folder).glob("*.dist-info/RECORD")):
        with contextlib.suppress(OSError, csv.Error):
            status = _status(record.stat())
            installed |= _recorded(str(record), status)
            yield os.fsencode(f"{record}\0{status[1]}\0{_content(str(record), status)}\n")
    for entry in _code(folder):
        yield _line(entry, installed.get(entry.path[len(folder) + 1 :]))


def _code(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        name = entry.name
        if entry.is_dir(follow_symlinks=False):
            if name not in PASSED_OVER:
                yield from _code(entry.path)
        elif name.endswith(LOADED) or ".so." in name:
            yield entry
