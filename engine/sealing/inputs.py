"""The files outside a checkout that trainings read: hashed once, looked at again before and after each.

The hashes are kept beside the run with each file's size, times and inode; only what differs in those is read
again. Deleting that file costs a hashing of everything, and changes nothing.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from attrs import frozen

from autoresearch.events.files import write_atomic


BLOCK = 2**20  # bytes read at once

Status: TypeAlias = list[int]  # size, time of content, time of change, inode
Known: TypeAlias = dict[str, tuple[Status, str]]  # of each file: how it stood, and its sha256


@frozen(kw_only=True)
class Inputs:
    """The files below some roots, each by its name and where it lies; a root may be one file."""

    roots: Mapping[str, Path]
    known: Path  # the file of what is known of them

    def digest(self) -> str:
        """Return what tells these contents from any other; "" where there are no roots.

        Raises:
            OSError: a file cannot be read.
        """
        if not self.roots:
            return ""
        before, now = self._before(), {}
        for name, path in self._files():
            status = _status(path)
            old = before.get(name)
            now[name] = old if old is not None and old[0] == status else (status, _hashed(path))
        if now != before:
            self.known.parent.mkdir(exist_ok=True)
            write_atomic(self.known, json.dumps(now).encode(), sync=False)
        told = "".join(f"{sha256} {name}\n" for name, (_, sha256) in sorted(now.items()))
        return hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()[:16]

    def touched(self, *, held: bool = False) -> tuple[str, ...]:
        """Return the files that somebody wrote into, replaced or removed since the last digest.

        One that was put back counts, since nobody can put its time of change back; unless the kernel `held`
        the trainings back from them: then a time of change alone is a backup's link, or another mode. New
        ones do not: a training may leave a cache there, and the next digest tells of it.

        Raises:
            OSError: a file cannot be read.
        """
        files = dict(self._files())
        now = {name: _status(path) for name, path in files.items()}
        return tuple(
            sorted(
                name
                for name, (status, sha256) in self._before().items()
                if now.get(name) != status
                and not (held and _is_as_written(now.get(name), status) and _hashed(files[name]) == sha256)
            )
        )

    def altered(self) -> tuple[str, ...]:
        """Return the files whose content is not what it was; reads all of them, whatever their times say.

        Raises:
            OSError: a file cannot be read.
        """
        known = self._before()
        return tuple(
            sorted(name for name, path in self._files() if name in known and known[name][1] != _hashed(path))
        )

    def _files(self) -> Iterator[tuple[str, Path]]:
        for name, root in self.roots.items():
            if not root.is_dir():
                if root.exists():
                    yield name, root
                continue
            for folder, folders, files in os.walk(root):
                folders.sort()
                for file in sorted(files):
                    path = Path(folder, file)
                    if path.is_file():  # not a pipe, nor a link to nothing
                        yield f"{name}/{path.relative_to(root)}", path

    def _before(self) -> Known:
        try:
            read = json.loads(self.known.read_bytes())
            return {name: (list(status), str(sha256)) for name, (status, sha256) in read.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def _is_as_written(now: Status | None, before: Status) -> bool:
    """Say whether at most the time of change differs."""
    return now is not None and [*now[:2], now[3]] == [*before[:2], before[3]]


def _status(path: Path) -> Status:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
