"""The devices that trainings share, across runs and repositories: one kernel lock for each place on one.

The lock is held by the training itself and its supervisor, not by a runner: it is free just when the training
is over. A run that trains once at a time on a device wants it alone: its place excludes all numbered ones, of
any run, and they exclude it. Whoever took a place looks at those next, so of two at once at most one stays.
One machine, one user: the files lie in the user's own state folder and carry the machine's name.
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

_ALONE = "alone"  # the place of a training that shares its device with none


def places(lock: str, device: str, at_once: int) -> tuple[str, ...]:
    """Return the names of a device's places, one for each training at once; none where nothing is shared."""
    if lock == NONE:
        return ()
    names = [_ALONE] if at_once == 1 else range(1, at_once + 1)
    return tuple(f"{lock}-{device}-{name}" for name in names)


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
    return folder() / f"{_machine()}-{place}.lock"


def holders(wanted: Sequence[str], *, job: Path | None = None) -> tuple[str, ...]:
    """Return who holds the places, for people, where none can be taken; none where one can, or `job` has one.

    `job` may be a folder that many jobs lie in, as a run's. Who has not said its name yet is named by
    the file of its lock.
    """
    locks: dict[Path, None] = {}
    for place in wanted:
        held = [lock for lock in (lock_of(place), *_excluding(place)) if is_locked(lock)]
        if not held:
            return ()
        locks.update(dict.fromkeys(held))
    found = [_holder(lock) for lock in locks]
    own = job is not None and any(Path(one).is_relative_to(job) for one, _ in found)
    return () if own else tuple(name for _, name in found)


def take(wanted: Sequence[str], *, job: Path, name: str) -> int | None:
    """Take the first free place for a job; return the open file that holds it, None where there is none."""
    for place in wanted:
        handle = try_lock(lock_of(place))
        if handle is None:
            continue
        if any(is_locked(lock) for lock in _excluding(place)):
            os.close(handle)
            continue
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"job": str(job), "name": name}).encode() + b"\n", 0)
        return handle
    return None


def _excluding(place: str) -> list[Path]:
    """Return the locks that keep a place from being taken, beside its own."""
    device, _, name = place.rpartition("-")
    if name != _ALONE:
        return [lock_of(f"{device}-{_ALONE}")] if name.isdigit() else []
    numbered = re.compile(re.escape(f"{_machine()}-{device}-") + r"\d+\.lock")
    return sorted(lock for lock in folder().iterdir() if numbered.fullmatch(lock.name))


def _machine() -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "_", os.uname().nodename) or "machine"


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
