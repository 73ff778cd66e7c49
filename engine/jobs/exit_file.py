"""exit.json: how a job ended, there whole and durable or not at all.

Imported by the supervisor, so it imports nothing that takes time; engine/jobs/launcher.py reads it.
"""

from __future__ import annotations

import errno
import os
import time

from autoresearch.engine.paths import EXIT
from autoresearch.engine.system.light import to_json


TYPE_CHECKING = False  # as in typing, which takes 3 ms to import
if TYPE_CHECKING:
    from collections.abc import Callable

_ROOM_S = 5.0  # at most, between two tries on a full disk
_MAY_END = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # what a human mends while we wait


def write(
    folder: str, facts: dict[str, object], *, refused: Callable[[OSError], None] = lambda _: None
) -> None:
    """Make exit.json appear, whole and durable, however long the disk is full or read-only.

    Of each try that fails `refused` hears.

    Raises: OSError: the folder takes no file, and waiting would not help.
    """
    path = os.path.join(folder, EXIT)  # noqa: PTH118
    data = to_json(facts).encode() + b"\n"
    pause = 0.1
    while True:
        try:
            _replace(path, data)
        except (FileNotFoundError, NotADirectoryError):
            return  # somebody deleted the folder: nobody is left to read it
        except OSError as error:
            if error.errno not in _MAY_END:
                raise
            refused(error)
            time.sleep(pause)
            pause = min(2 * pause, _ROOM_S)
        else:
            return


def _replace(path: str, data: bytes) -> None:
    temporary = f"{path}.tmp"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        while data:
            data = data[os.write(handle, data) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(temporary, path)  # noqa: PTH105
    parent = os.open(os.path.dirname(path) or ".", os.O_RDONLY)  # noqa: PTH120
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
