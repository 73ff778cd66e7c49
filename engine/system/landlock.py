"""Landlock: let a process read and run everything, and write only beneath some paths. Linux alone has it.

Three system calls and a prctl, by ctypes: no package of a finished version does it. Knows nothing of agents.
The supervisor of each job imports it, so it imports nothing that takes time.

It holds back making, writing, cutting short, renaming, linking and removing files, and signals to processes
outside; not modes, owners and times of files (chmod, chown, utime), and not what somebody does who is asked
through a socket.
"""

from __future__ import annotations

import errno
import os
import struct
import sys


TYPE_CHECKING = False  # as in typing, which takes 2 ms to import
if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable

# System calls, with the same numbers on every architecture that Python's wheels are made for.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1  # the one flag of the first
_PATH_BENEATH = 1  # the kind of rule
_SET_NO_NEW_PRIVS = 38  # of prctl(2); the kernel asks for it

_WRITE_FILE, _REMOVE_DIR, _REMOVE_FILE = 1 << 1, 1 << 4, 1 << 5
_MAKE_ANYTHING = 0b1111111 << 6  # devices, folders, files, sockets, pipes, links
_REFER = 1 << 13  # rename and link into another folder; since version 2, before it is always refused
_TRUNCATE = 1 << 14  # since version 3, before it is always allowed
_SIGNALS = 1 << 1  # to processes outside; a scope, since version 6


def version() -> int:
    """Return the version of Landlock's interface in this kernel; 0 where there is none, or it is off."""
    if sys.platform != "linux":
        return 0
    try:
        return _system_call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def confined(paths: list[str], start: Callable[[], int]) -> int:
    """Start a process that may write beneath the paths alone, as all that it starts; return its pid.

    A path that is not there gives no right. The caller itself stays free: confined are a thread and what it
    starts, so `start` is called in a thread of its own.

    Raises:
        OSError: the kernel refuses, or `start` fails.
    """
    import _thread  # noqa: PLC0415 - as ctypes below, for the few jobs that are confined

    ended = _thread.allocate_lock()
    ended.acquire()
    came: list[int | BaseException] = []

    def run() -> None:
        try:
            _restrict(paths)
            came.append(start())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            came.append(error)
        finally:
            ended.release()

    _thread.start_new_thread(run, ())
    ended.acquire()
    (one,) = came
    if isinstance(one, BaseException):
        raise one
    return one


def _restrict(paths: list[str]) -> None:
    """Confine this thread for good."""
    has = version()
    rights = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_ANYTHING
    rights |= (_REFER if has >= 2 else 0) | (_TRUNCATE if has >= 3 else 0)  # noqa: PLR2004
    # Files, network, scopes: each version knows the beginning that it had.
    attributes = struct.pack("=QQQ", rights, 0, _SIGNALS)[: 24 if has >= 6 else 8]  # noqa: PLR2004
    ruleset = _system_call(_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for path in paths:
            _allow(ruleset, path, rights)
        _checked(_libc().prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib takes time to import
            rights &= _WRITE_FILE | _TRUNCATE
        _system_call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _system_call(number: int, *arguments: int | bytes | None) -> int:
    import ctypes  # noqa: PLC0415 - 5 ms

    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return _checked(int(_libc().syscall(ctypes.c_long(number), *wide)))


def _libc() -> ctypes.CDLL:
    import ctypes  # noqa: PLC0415 - the same

    return ctypes.CDLL(None, use_errno=True)


def _checked(answer: int) -> int:
    import ctypes  # noqa: PLC0415 - the same

    if answer < 0:
        number = ctypes.get_errno() or errno.EPERM
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return answer
