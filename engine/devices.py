"""The devices that trainings share, across runs and repositories: one kernel lock for each place on one.

The lock is held by the training itself and its supervisor, not by a runner: it is free just when the training
is over. One machine, one user: the files lie in the user's own state folder and carry the machine's name.
"""

import json
import os
import platform
import re
import tempfile
from pathlib import Path

from attrs import frozen

from engine import process
from engine.workspace import RUN_ID
from events.values import RunConfig


NONE = "none"
FOLDER_VARIABLE = "AUTORESEARCH_DEVICES"


@frozen(kw_only=True)
class Holder:
    """Who is training on a device: the folder of its job, which names the run."""

    folder: Path

    def __str__(self) -> str:
        """Return it for people."""
        run = next((part for part in reversed(self.folder.parts) if RUN_ID.fullmatch(part)), "")
        home = Path(*self.folder.parts[: self.folder.parts.index("workflows")]) if run else self.folder
        return f"a training of {run} in {home}" if run else f"the training in {home}"


def places(config: RunConfig) -> tuple[Path, ...]:
    """Return the lock files of a run's device, one for each training at once; none where none is shared."""
    if config.device == NONE:
        return ()
    machine = re.sub(r"[^A-Za-z0-9.-]", "_", platform.node()) or "machine"
    return tuple(folder() / f"{machine}-{config.device}-{slot + 1}.lock" for slot in range(config.slots))


def folder() -> Path:
    """Return where the locks lie, and make it; in the temporary folder where the home cannot be written."""
    named = os.environ.get(FOLDER_VARIABLE)
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    wanted = Path(named) if named else state / "autoresearch" / "devices"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError:
        wanted = Path(tempfile.gettempdir()) / f"autoresearch-{os.getuid()}"
        wanted.mkdir(mode=0o700, exist_ok=True)
    return wanted


def holders(config: RunConfig) -> tuple[Holder, ...]:
    """Return who holds the device, where all of its places are taken; nobody where one is free."""
    files = places(config)
    return tuple(map(_holder, files)) if all(process.is_locked(file) for file in files) else ()


def take(files: tuple[Path, ...], *, job: Path) -> int | None:
    """Take the first free place for a job; return the open file that holds it, None where all are taken."""
    for file in files:
        handle = process.try_lock(file)
        if handle is not None:
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps({"job": str(job)}).encode() + b"\n", 0)
            return handle
    return None


def _holder(file: Path) -> Holder:
    try:
        return Holder(folder=Path(json.loads(file.read_bytes())["job"]))
    except (OSError, ValueError, KeyError, TypeError):  # it was taken this very moment
        return Holder(folder=file)
