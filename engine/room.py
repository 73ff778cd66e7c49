"""Whether a disk can be written: what `status` says of a run that can record nothing."""

import os
from pathlib import Path


LEAST_BYTES = 64 * 2**10  # an event and its caches need less


def trouble(folder: Path) -> str:
    """Return what keeps the disk of a folder from being written, or ""."""
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        return f"{folder} cannot be read: {error.strerror}"
    if disk.f_flag & os.ST_RDONLY:
        return f"the disk of {folder} is read-only"
    if disk.f_bavail * disk.f_frsize < LEAST_BYTES:
        return f"the disk of {folder} is full: nothing is recorded until there is room"
    return ""
