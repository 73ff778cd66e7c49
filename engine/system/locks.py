"""Locks that the kernel holds, and that are gone with their holder. Knows nothing of what they guard.

Imports only what starts fast: `status --json` asks whether a runner is alive.
"""

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path

from autoresearch.engine.system.processes import process_table


_TRIES, _PAUSE_S = 250, 0.002
_WORDS = 4096  # bytes, a block; who holds it needs a hundred
_MOST = 500  # characters of what it says beside that, which may be six bytes each


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


def holding(path: Path, *, role: str | None = None) -> tuple[int, int, str] | None:
    """Return the identity of the process that holds the lock at `path`, None where nobody does.

    Pid 0 is somebody who has not said who. Given a role, also None where the holder has another.
    """
    for _ in range(_TRIES):
        if not is_locked(path):
            return None
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            said = json.loads(path.read_bytes())
            # One that is so new that it has not said so yet is named as the one before it.
            who = (said["pid"], said["started"], said["boot_id"])
            if process_table.is_alive(who):
                return who if role in (None, said.get("role", "")) else None
        time.sleep(_PAUSE_S)
    return 0, 0, ""


def says(path: Path, name: str) -> str:
    """Return what the holder of the lock at `path` wrote under a name, "" where it wrote nothing."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return str(json.loads(path.read_bytes()).get(name, ""))
    return ""


def say(path: Path, name: str, words: str) -> None:
    """Write something under a name into the lock that this process holds; into anybody else's, nothing.

    In place, since a disk that is full, or a quota, takes no new block. Where it takes nothing, so be it.
    """
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        handle = os.open(path, os.O_RDWR)
        try:
            said = json.loads(os.read(handle, _WORDS))
            if said["pid"] == os.getpid():
                whole = json.dumps(said | {name: words[:_MOST]}).encode() + b"\n"
                os.pwrite(handle, whole, 0)
                os.ftruncate(handle, len(whole))
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
