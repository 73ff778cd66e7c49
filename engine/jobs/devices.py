"""The devices that trainings share, across runs and repositories: one kernel lock for each place on one.

The lock is held by the training itself and its supervisor, not by a runner: it is free just when the training
is over. One machine, one user: the files lie in the user's own state folder and carry the machine's name.
Imports only what starts fast.
"""

import json
import os
import re
from pathlib import Path

from autoresearch.engine.paths import run_of
from autoresearch.engine.system.locks import is_locked, try_lock


NONE = "none"
FOLDER_VARIABLE = "AUTORESEARCH_DEVICES"


def places(device: str, slots: int) -> tuple[Path, ...]:
    """Return the lock files of a run's device, one for each training at once; none where none is shared."""
    if device == NONE:
        return ()
    machine = re.sub(r"[^A-Za-z0-9.-]", "_", os.uname().nodename) or "machine"
    return tuple(folder() / f"{machine}-{device}-{slot + 1}.lock" for slot in range(slots))


def folder() -> Path:
    """Return where the locks lie, and make it; in the temporary folder where the home cannot be written."""
    named = os.environ.get(FOLDER_VARIABLE)
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    wanted = Path(named) if named else state / "autoresearch" / "devices"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError:
        import tempfile  # noqa: PLC0415 - 8 ms that nobody else has to pay

        wanted = Path(tempfile.gettempdir()) / f"autoresearch-{os.getuid()}"
        wanted.mkdir(mode=0o700, exist_ok=True)
    return wanted


def holders(device: str, slots: int) -> tuple[Path, ...]:
    """Return the jobs that hold the device, where all of its places are taken; none where one is free.

    A job is its folder; one that has not said which it is yet, is the file of its lock.
    """
    files = places(device, slots)
    return tuple(map(_holder, files)) if all(is_locked(file) for file in files) else ()


def called(holder: Path) -> str:
    """Return who holds a device, for people."""
    found = run_of(holder)
    return f"a training of {found[0]} in {found[1]}" if found else f"the training in {holder}"


def take(files: tuple[Path, ...], *, job: Path) -> int | None:
    """Take the first free place for a job; return the open file that holds it, None where all are taken."""
    for file in files:
        handle = try_lock(file)
        if handle is not None:
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps({"job": str(job)}).encode() + b"\n", 0)
            return handle
    return None


def _holder(file: Path) -> Path:
    try:
        return Path(json.loads(file.read_bytes())["job"])
    except (OSError, ValueError, KeyError, TypeError):  # it was taken this very moment
        return file
