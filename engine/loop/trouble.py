"""Trouble of the world: which of it is a disk that may get room, and how people hear of what is no event."""

import contextlib
import errno
import sys

from autoresearch.events.errors import AutoresearchError, DiskTrouble


DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
# What a human can do about what the system says.
_WAYS = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room within the quota",
    errno.EROFS: "make the disk writable again",
    errno.EMFILE: "end this runner, and begin one that may open more files (`ulimit -n`)",
}


def may_get_room(error: AutoresearchError | OSError) -> bool:
    """Say whether it is the disk, which takes no pause either; not a git that hangs, or a permission."""
    return isinstance(error, DiskTrouble) or (isinstance(error, OSError) and error.errno in DISK_ERRORS)


def is_own_limit(error: AutoresearchError | OSError) -> bool:
    """Say whether the history may not grow by a limit of this process (`ulimit -f`): another may append."""
    return isinstance(error, DiskTrouble) and error.errno == errno.EFBIG


def while_waiting(error: AutoresearchError | OSError) -> str:
    """Return what people are told while the runner waits for better, with the way out where one is known."""
    way = _WAYS.get(getattr(error, "errno", None) or 0)
    return f"{error}; the runner tries again" + (f": {way}" if way else "")


def tell_people(text: str) -> None:
    """Say what is no event: to the terminal, and in the background to runner.out.

    Nobody may be there to hear it: on a full disk, or once the terminal is gone, the run goes on.
    """
    with contextlib.suppress(OSError, ValueError):
        print(f"autoresearch: {text}", file=sys.stderr, flush=True)  # noqa: T201
