"""What the disk of a folder can do: be written, and tell of changes. Looks, and writes nothing.

Imports only what starts fast.
"""

import errno
import os
import re
import resource
from pathlib import Path

from autoresearch.engine.system.room import is_full


MOUNTS = Path("/proc/self/mounts")
# File systems whose changes may be made by another machine, of which nobody is told here.
SILENT = (
    r"nfs4?|cifs|smb\w*|9p|afs|ceph|glusterfs|lustre|gpfs|beegfs|orangefs|ocfs2|gfs2|davfs|ncpfs"
    r"|drvfs|vboxsf|prl_fs|vmhgfs|fuse(\.\w.*)?"
)
# What the system says where a disk takes nothing; programs print it when they break off.
REFUSALS = {
    os.strerror(number).encode(): number
    for number in (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.EIO)
}


def trouble(folder: Path) -> str:
    """Return what keeps the disk of a folder from being written, or ""."""
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        return f"{folder} cannot be read: {error.strerror}"
    if disk.f_flag & os.ST_RDONLY:
        return f"the disk of {folder} is read-only"
    if is_full(str(folder)):
        return f"the disk of {folder} is full: nothing is recorded until there is room"
    return ""


def at_limit(file: Path, pid: int) -> str:
    """Return that a process may not make a file any longer, whatever room its disk has, or ""."""
    if not pid or not hasattr(resource, "prlimit"):  # the latter is Linux's alone
        return ""
    try:
        most = resource.prlimit(pid, resource.RLIMIT_FSIZE)[0]
        size = file.stat().st_size
    except OSError:  # it is gone, or somebody else's
        return ""
    if most == resource.RLIM_INFINITY or size < most:
        return ""
    return (
        f"process {pid} may write no file beyond {most} bytes (`ulimit -f`), and {file.name} is that long:"
        " nothing is recorded until a runner without that limit takes over"
    )


def require_room(*folders: Path) -> None:
    """Refuse what needs a disk that is full.

    Raises:
        OSError: one of the folders lies on such a disk.
    """
    for folder in folders:
        if is_full(str(folder)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def any_is_full(*, mounts: Path = MOUNTS) -> bool:
    """Say whether a disk that this process may write has no room; where none is listed, one may."""
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:  # not Linux
        return True
    places = {os.fsdecode(_unescaped(line.split(b" ")[1])) for line in lines if b" autofs " not in line}
    return any(os.access(place, os.W_OK) and is_full(place) for place in places)


def silent(folder: Path, *, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system where it sends no notifications of all changes, else ""."""
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:  # not Linux: its notifications are what they are
        return ""
    place = os.fsencode(os.path.realpath(folder))
    kind, longest = b"", -1
    for line in lines:
        _, at, found = line.split(b" ")[:3]
        at = _unescaped(at)
        inside = place == at or place.startswith(at.rstrip(b"/") + b"/")
        if inside and len(at) >= longest:  # of two on one place, the later one is seen
            kind, longest = found, len(at)
    name = kind.decode(errors="replace")
    return name if re.fullmatch(SILENT, name) else ""


def _unescaped(place: bytes) -> bytes:
    return re.sub(rb"\\(\d{3})", lambda octal: bytes([int(octal[1], 8)]), place)
