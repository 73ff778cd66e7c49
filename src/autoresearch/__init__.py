"""An event-sourced runner for autonomous experiments.

One installed name: the four layers lie below it, `events` < `projections` < `engine` < `workflows`. In the
repository they stand at the top, and the links beside this file lead to them.
"""

import os
import sys


_ROOM_BYTES = 16 * 2**20


def torn_bytecode(error: BaseException) -> str:
    """Return the compiled file that made an import fail with this error, or ""."""
    trace = error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_locals.get("bytecode_path")
        if trace.tb_next is not None and trace.tb_next.tb_frame.f_code.co_name == "_compile_bytecode":
            return path if isinstance(path, str) else ""
        trace = trace.tb_next
    return ""


def _little_room() -> bool:
    try:
        disk = os.statvfs(os.path.dirname(__file__))  # noqa: PTH120 - every process imports this
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _ROOM_BYTES


# Python 3.11 may write a part of a compiled file on a full disk, and fails at each import from then on.
if _little_room():
    sys.dont_write_bytecode = True
