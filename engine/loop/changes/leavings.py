"""What an agent left beside its change: notes, histories of its chats, folders of its tools, tests.

Put back before the change is looked at, so that the good edit counts; what is protected is not touched here,
and voids the change. What was put back is named once, also where the runner died in between.
"""

import base64
import contextlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import asdict, frozen

from autoresearch.engine.paths import JobPaths
from autoresearch.engine.proposals.editable import is_editable
from autoresearch.events.files import write_atomic
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason


NAMED = 20  # files or folders, at most
# Of a file that git is to store: it reads it whole, and keeps it in the user's repository for weeks.
MOST_BYTES = 2**26


def beside(files: Iterable[str], config: RunConfig) -> tuple[str, ...]:
    """Return those that a change may not touch, and that are not protected."""
    return tuple(name for name in files if not is_editable(name, config) and name not in config.protected)


def unstorable(folder: Path, untracked: Iterable[str], differing: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what git is not to be asked to store of these paths: huge files, and repositories inside.

    `differing` are files that the base has, too.
    """
    found = {one for name in untracked for one in _unstorable(folder / name)}
    grown = (folder / name for name in differing if not _has_no_folder(folder, name))
    found.update(path for path in grown if _is_huge(path))
    return tuple(sorted(str(path.relative_to(folder)) for path in found))


def drop(folder: Path, names: Iterable[str]) -> None:
    """Remove these files and folders from a checkout, and nothing that a link in it leads to."""
    here = folder.resolve()
    for name in names:
        path = folder / name
        if not path.parent.resolve().is_relative_to(here):
            continue  # a folder that was replaced by a link since it was looked at
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def is_protected(name: str, config: RunConfig) -> bool:
    """Say whether a file in a submodule, or a folder that it lies in, is protected."""
    return any(str(path) in config.protected for path in (Path(name), *Path(name).parents))


def names(left: Sequence[str], there: Iterable[str]) -> tuple[str, ...]:
    """Return what people call these paths: a folder that the base has not is one name."""
    folders = {f"{parent}/" for path in there for parent in Path(path).parents}
    told = (next((top for top in _tops(path) if top not in folders), path) for path in left)
    return tuple(dict.fromkeys(told))[:NAMED]


def remember(job: JobPaths, left: Sequence[str]) -> tuple[str, ...]:
    """Note in an agent's job folder what is put back; return it with what was noted before."""
    try:
        before = json.loads(job.put_back.read_bytes())
    except (OSError, ValueError):
        before = []
    found = tuple(dict.fromkeys((*map(str, before), *left)))[:NAMED]
    if left:
        write_atomic(job.put_back, json.dumps(found).encode(errors="replace"), sync=False)
    return found


def void(job: JobPaths, reason: Reason) -> Reason:
    """Note in an agent's job folder why its change counts for nothing, and return it."""
    _note(job.void, asdict(reason))
    return reason


def voided(job: JobPaths) -> Reason | None:
    """Return why the change counts for nothing, where that was said before."""
    try:
        return Reason(**json.loads(job.void.read_bytes()))
    except (OSError, TypeError, ValueError):
        return None


@frozen
class Kept:
    """One file of a checkout, while all of it is put back."""

    name: str
    content: bytes | None  # None: it is gone
    link: str | None  # where it leads
    mode: int


def take(folder: Path, files: Iterable[str]) -> tuple[Kept, ...]:
    """Return these files as they stand in a checkout."""
    return tuple(_kept(folder, name) for name in files)


def lay(folder: Path, kept: Iterable[Kept]) -> None:
    """Write them into a checkout that was put back."""
    for one in sorted(kept, key=lambda one: one.name):  # what a folder became goes before what was in it
        path = folder / one.name
        if _has_no_folder(folder, one.name):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        if one.link is not None:
            path.symlink_to(one.link)
        elif one.content is not None:
            path.write_bytes(one.content)
            path.chmod(one.mode)


def keep(job: JobPaths, kept: Iterable[Kept]) -> None:
    """Have these files outlast the runner, in the agent's job folder, until they are laid."""
    told = [(one.name, _as_text(one.content), one.link, one.mode) for one in kept]
    _note(job.kept, told)


def kept(job: JobPaths) -> tuple[Kept, ...] | None:
    """Return the files that were to be laid when the runner died; None where there was nothing to lay."""
    try:
        told = json.loads(job.kept.read_bytes())
        found = [
            Kept(str(name), None if text is None else base64.b64decode(text), link, int(mode))
            for name, text, link, mode in told
        ]
    except (OSError, TypeError, ValueError):
        return None
    return tuple(one for one in found if _is_inside(one.name))


def _unstorable(path: Path) -> Iterator[Path]:
    if path.is_symlink():  # git stores where it leads; what lies there is the user's
        return
    for place, folders, files in os.walk(path):
        if ".git" in (*folders, *files):
            folders.clear()
            yield Path(place)
        else:
            yield from (one for file in files if _is_huge(one := Path(place, file)))
    if _is_huge(path):
        yield path


def _is_huge(path: Path) -> bool:
    with contextlib.suppress(OSError):
        found = path.lstat()
        return stat.S_ISREG(found.st_mode) and found.st_size > MOST_BYTES
    return False


def _note(path: Path, told: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)  # somebody may have tidied the job's folder up
    write_atomic(path, json.dumps(told).encode(), sync=False)


def _has_no_folder(folder: Path, name: str) -> bool:
    """Say whether a file, or a link to what is not the checkout's, stands where its folder would be."""
    above = (folder / parent for parent in Path(name).parents if parent.name)
    return any(path.is_symlink() or (path.exists() and not path.is_dir()) for path in above)


def _is_inside(name: str) -> bool:
    path = Path(name)
    return bool(path.name) and not path.is_absolute() and not {"..", ".git"}.intersection(path.parts)


def _as_text(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _kept(folder: Path, name: str) -> Kept:
    path = folder / name
    if _has_no_folder(folder, name):
        return Kept(name, None, None, 0)
    if path.is_symlink():
        return Kept(name, None, str(path.readlink()), 0)
    if not path.is_file():
        return Kept(name, None, None, 0)
    return Kept(name, path.read_bytes(), None, path.stat().st_mode & 0o7777)


def _tops(path: str) -> list[str]:
    """Return the folders that a path lies in, the outermost first."""
    return [f"{one}/" for one in reversed(Path(path).parents) if str(one) != "."]
