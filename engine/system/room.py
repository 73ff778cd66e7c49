"""Whether a disk has room. Imported by the supervisor of each job, so it imports nothing that takes time."""

from __future__ import annotations

import os


LEAST_BYTES = 64 * 2**10  # an event and its caches need less


def is_full(folder: str) -> bool:
    """Say whether the disk of a folder takes nothing more; one that tells nothing is not full."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    free = disk.f_bfree if os.geteuid() == 0 else disk.f_bavail  # some of it is left to root alone
    return bool(disk.f_blocks) and free * disk.f_frsize < LEAST_BYTES
