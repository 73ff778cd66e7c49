"""The devices that trainings share, across runs and repositories: one kernel lock for each place on one.

The lock is held by the training itself and its supervisor, not by a runner: it is free just when the training
is over. One machine, one user: the files lie in the user's own state folder and carry the machine's name.
Imports only what starts fast.
"""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from autoresearch.engine.system.locks import is_locked, try_lock


NONE = "none"
FOLDER_VARIABLE = "AUTORESEARCH_DEVICES"


def places(lock: str, device: str, at_once: int) -> tuple[str, ...]:
    """Return the names of a device's places, one for each training at once; none where nothing is shared."""
    return () if lock == NONE else tuple(f"{lock}-{device}-{number + 1}" for number in range(at_once))


def folder() -> Path:
    """Return where the locks lie, and make it; in the temporary folder where the home cannot be written."""
    try:
        wanted = _wanted()
        wanted.mkdir(parents=True, exist_ok=True)
        usable = os.access(wanted, os.W_OK | os.X_OK)
    except (OSError, RuntimeError):  # the second: nothing says where the home is
        usable = False
    if not usable:
        import tempfile  # noqa: PLC0415 - 8 ms that nobody else has to pay

        wanted = Path(tempfile.gettempdir()) / f"autoresearch-{os.getuid()}"
        wanted.mkdir(mode=0o700, exist_ok=True)
    return wanted


def lock_of(place: str) -> Path:
    """Return the file whose lock is held by whoever has the place."""
    machine = re.sub(r"[^A-Za-z0-9.-]", "_", os.uname().nodename) or "machine"
    return folder() / f"{machine}-{place}.lock"


def holders(wanted: Sequence[str], *, job: Path | None = None) -> tuple[str, ...]:
    """Return who holds the places, for people, where all are taken; none where one is free, or `job` has one.

    Who has not said its name yet is named by the file of its lock.
    """
    locks = [lock_of(place) for place in wanted]
    if not all(is_locked(lock) for lock in locks):
        return ()
    found = [_holder(lock) for lock in locks]
    return () if str(job) in (folder for folder, _ in found) else tuple(name for _, name in found)


def take(wanted: Sequence[str], *, job: Path, name: str) -> int | None:
    """Take the first free place for a job; return the open file that holds it, None where all are taken."""
    for place in wanted:
        handle = try_lock(lock_of(place))
        if handle is not None:
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps({"job": str(job), "name": name}).encode() + b"\n", 0)
            return handle
    return None


def _wanted() -> Path:
    """Return where the locks should lie; asks for the home only where nothing else says it."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "autoresearch" / "devices"


def _holder(lock: Path) -> tuple[str, str]:
    """Return the job that a lock names, and what people call it."""
    try:
        told = json.loads(lock.read_bytes())
        return str(told["job"]), str(told["name"])
    except (OSError, ValueError, KeyError, TypeError):  # it was taken this very moment
        return "", f"the training that locked {lock}"
