"""Locks that the kernel holds, and that are gone with their holder. Knows nothing of what they guard.

Imports only what starts fast: `status --json` asks whether a runner is alive.
"""

import fcntl
import json
import os
import time
from pathlib import Path


_TRIES, _PAUSE_S = 250, 0.002
_WORDS = 4096  # bytes; who holds it needs a hundred


def try_lock(path: Path) -> int | None:
    """Take the lock at `path` and return the open file that holds it, or None where it is taken.

    It is free again when the last copy of that file is closed: a child that inherits it, holds it too.
    """
    for _ in range(_TRIES):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if _flock(handle, fcntl.LOCK_EX):
            if _is_at(handle, path):
                return handle
            os.close(handle)  # the file was deleted and made again between open and lock
            continue
        # Who only looks, holds it shared and for some microseconds; who has it, shares it with nobody.
        held = not _flock(handle, fcntl.LOCK_SH)
        os.close(handle)
        if held:
            return None
        time.sleep(_PAUSE_S)
    return None


def is_locked(path: Path, *, role: str | None = None) -> bool:
    """Say whether a living process holds the lock at `path`, without waiting and without keeping it.

    Given a role, whether one does that wrote there that it has this one; who has written nothing yet counts.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        locked = not _flock(handle, fcntl.LOCK_SH)
        return locked and (role is None or _role(os.read(handle, _WORDS)) in (role, None))
    finally:
        os.close(handle)


def _role(said: bytes) -> str | None:
    try:
        return str(json.loads(said)["role"])
    except (ValueError, KeyError, TypeError):
        return None


def _flock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
