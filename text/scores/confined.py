"""A process that may read some paths alone, write in one folder and see no other process: Landlock, on Linux.

The rules hold for the process and all that it starts, and cannot be taken back. Which system calls these are,
and what each version of them has, is in the kernel's userspace-api/landlock.
"""

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable


# System calls, with the same numbers on every architecture that torch is made for.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1
NEW_IPC, NEW_USER, NEW_NETWORK = 1 << 27, 1 << 28, 1 << 30  # of unshare
SET_NO_NEW_PRIVS = 38  # of prctl

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
READ = EXECUTE | READ_FILE | READ_DIR
CHANGE = WRITE_FILE | 0b1_1111_1111 << 4  # remove and make files, folders and all else
REFER, TRUNCATE = 1 << 13, 1 << 14  # rename into another folder, cut short; since versions 2 and 3
TCP = 0b11  # bind and connect; since version 4
SCOPES = 0b11  # abstract sockets, signals; since version 6


def version() -> int:
    """Return the version of Landlock's interface; 0 where this kernel has none, or it is off."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(CREATE_RULESET, None, 0, ASK_VERSION))


def confine(readable: Iterable[str], writable: str) -> None:
    """Confine this process, which has no other thread yet, for good: it may read beneath the paths alone.

    It may write in the folder `writable`, to devices among the paths and, as CUDA has to, to what /proc has
    of itself.

    Raises: OSError: the kernel has no Landlock, or refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(NEW_USER | NEW_IPC | NEW_NETWORK)  # where it is refused, it can still talk to others
    has = version()
    rights = READ | CHANGE | (REFER if has >= 2 else 0) | (TRUNCATE if has >= 3 else 0)  # noqa: PLR2004
    attributes = struct.pack("=QQQ", rights, TCP, SCOPES)
    size = 24 if has >= 6 else 16 if has >= 4 else 8  # noqa: PLR2004 - each version knows the beginning it had
    ruleset = _checked(_call(CREATE_RULESET, attributes[:size], size, 0))
    for path in readable:
        _allow(ruleset, path)
    _allow(ruleset, writable, more=rights & (CHANGE | TRUNCATE))
    # CUDA names its threads there, by files that it opens to cut them short, and does not start without.
    _allow(ruleset, "/proc/self", more=rights & (WRITE_FILE | TRUNCATE))
    _checked(libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_call(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, *, more: int = 0) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no right
    mode = os.fstat(place).st_mode
    rights = READ if stat.S_ISDIR(mode) else READ & ~READ_DIR
    rights |= more | (WRITE_FILE if stat.S_ISCHR(mode) else 0)
    _checked(_call(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, place), 0))
    os.close(place)


def _call(number: int, *arguments: int | bytes | None) -> int:
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *wide))


def _checked(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return answer
