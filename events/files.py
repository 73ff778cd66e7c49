"""`write_atomic`: the one way to replace a file. A reader sees the old bytes or the new ones, never a part.

Knows nothing of histories, which are only ever appended to (events/log/append.py).
"""

import os
import threading
from pathlib import Path


def write_atomic(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Replace `path` by a file that holds `data`, with the permissions that a new file gets.

    With `sync` the bytes and the name have reached the disk on return; without it, a power cut may
    leave the old file. The folder must exist. On failure the old file is untouched and nothing is left.

    Raises:
        OSError: the disk is full, read-only, or broken.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        try:
            write_all(fd, data)
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(path.parent)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte, however few the system takes at a time."""
    written = os.write(fd, data)
    if written == len(data):
        return
    rest = memoryview(data)[written:]
    while rest:
        rest = rest[os.write(fd, rest) :]


def sync_data(fd: int) -> None:
    """Wait until the file's bytes and its size are on the disk."""
    if hasattr(os, "fdatasync"):
        os.fdatasync(fd)
    else:  # macOS
        os.fsync(fd)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk, so that a new or replaced name survives a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
