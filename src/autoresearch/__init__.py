"""An event-sourced runner for autonomous experiments.

One installed name: the four layers lie below it, `events` < `projections` < `engine` < `workflows`. In the
repository they stand at the top, and the links beside this file lead to them.

In Python and notebooks, `autoresearch.read(RUN)` is a run as a table; docs/python.md has the others.
"""

import os
import sys


TYPE_CHECKING = False  # as in typing, which takes time: every process imports this
if TYPE_CHECKING:
    from autoresearch.workflows.python import chart, experiments, history, read, runs, state

__all__ = ["chart", "experiments", "history", "read", "runs", "state"]

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


def __getattr__(name: str) -> object:
    """Return a function of workflows/python.py, which is imported for who asks for one."""
    if name not in __all__:
        raise AttributeError(f"module 'autoresearch' has no attribute {name!r}")
    from autoresearch.workflows import python  # noqa: PLC0415 - see TYPE_CHECKING

    found: object = getattr(python, name)
    return found


def _little_room() -> bool:
    try:
        disk = os.statvfs(os.path.dirname(__file__))  # noqa: PTH120 - every process imports this
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _ROOM_BYTES


# Python 3.11 may write a part of a compiled file on a full disk, and fails at each import from then on.
if _little_room():
    sys.dont_write_bytecode = True
