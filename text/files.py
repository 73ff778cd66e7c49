"""Files that are whole or not there, described, and prepared by one process at a time."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file; whatever happens, it holds all of the old or all of the new."""
    tmp = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        with tmp.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        tmp.replace(path)
    finally:
        tmp.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def describe(path: Path, *, hashed: bool) -> tuple[int, str | None] | None:
    """Return the size and, if asked for, the sha256 of a file; None where there is none to read."""
    try:
        if not hashed:
            return path.stat().st_size, None
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return file.tell(), digest
    except OSError:
        return None


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time prepare a folder; the kernel frees the lock of a process that dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
