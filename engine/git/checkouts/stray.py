"""Whether a worktree holds what its index does not name: told without a process, where it is certain.

Part of engine/git/checkouts/worktrees.py, which has git look, and clean, wherever this does not say no.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path


_MOST = 2000  # entries; beyond, git's own look is as quick
_HEAD = struct.Struct(">4sLL")  # magic, version, count of entries
_MODE_AT, _FLAGS = 24, 2  # bytes, in an entry
_LONG, _EXTENDED = 0xFFF, 0x4000  # of its flags
_LINK_OF_GIT = 0o160000  # a submodule, in which others have their say
_HEAD_OF_LINK = struct.pack(">L", _LINK_OF_GIT)


def is_bare(folder: Path, index: Path) -> bool:
    """Say whether there is certainly no file or folder but those that the index names, and `.git`."""
    try:
        named = frozenset(_names(index.read_bytes()))
        above = {path[:at] for path in named for at, char in enumerate(path) if char == 47}  # noqa: PLR2004 - a slash
        return all(path in (above if is_folder else named) for path, is_folder in _found(os.fsencode(folder)))
    except (OSError, ValueError, struct.error):
        return False


def may_have_submodules(index: Path) -> bool:
    """Say whether an index can name a submodule; a stray number in it may look like one."""
    return _HEAD_OF_LINK in index.read_bytes()


def _found(folder: bytes, below: bytes = b"") -> Iterator[tuple[bytes, bool]]:
    """Yield all that is in a folder, and whether it is a folder itself."""
    with os.scandir(os.path.join(folder, below)) as entries:  # noqa: PTH118 - bytes
        for entry in entries:
            path = below + entry.name
            if path == b".git":
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            yield path, is_folder
            if is_folder:
                yield from _found(folder, path + b"/")


def _names(index: bytes) -> Iterator[bytes]:
    """Yield what an index names, of the forms that all gits write unless they are told otherwise."""
    magic, version, count = _HEAD.unpack_from(index)
    if magic != b"DIRC" or version not in (2, 3) or count > _MOST:
        raise ValueError(version)
    at = _HEAD.size
    for _ in range(count):
        (mode,) = struct.unpack_from(">L", index, at + _MODE_AT)
        (flags,) = struct.unpack_from(">H", index, at + 60)
        begin = at + 60 + _FLAGS + (_FLAGS if flags & _EXTENDED else 0)
        end = index.index(b"\0", begin)
        length = flags & _LONG
        if mode == _LINK_OF_GIT or (length != _LONG and length != end - begin):
            raise ValueError(mode)  # the second: hashes of another length
        yield index[begin:end]
        at += (end - at) // 8 * 8 + 8
