"""What a plain repository says of itself in its files, for who cannot wait for git to start.

A shortcut, never an authority: it answers where git could give no other answer, and is silent wherever the
layout is any other than `git init` leaves it. It does not look whether HEAD's commit is still in the store.
"""

import os
import re
import stat
from pathlib import Path


# Whatever a repository's settings say beside these may change where its top is, or whether it has one.
_HARMLESS = rb"(?m)^\s*(?:repositoryformatversion = 0|bare = false)$"
_TELLING = (b"worktree", b"bare", b"extensions", b"repositoryformatversion", b"include")
_ON_BRANCH = rb"ref: refs/heads/([A-Za-z0-9._/-]+)\n"
_COMMIT = rb"[0-9a-f]{40}\n"


def plain_checkout(folder: Path) -> tuple[Path, str | None] | None:
    """Return the top folder around `folder` and its branch (None: detached), or None: ask git.

    Raises:
        OSError: a file could not be read; git may know better.
    """
    top = _top(Path(os.path.realpath(folder)))
    if top is None:
        return None
    head = (top / ".git" / "HEAD").read_bytes()
    if re.fullmatch(_COMMIT, head):
        return top, None
    named = re.fullmatch(_ON_BRANCH, head)
    return (top, named[1].decode()) if named and _has_commit(top / ".git", named[1].decode()) else None


def _top(folder: Path) -> Path | None:
    """Return the nearest folder with a plain `.git`, as git would find it."""
    device = folder.stat().st_dev
    while not os.path.lexists(folder / ".git"):
        # A folder with a HEAD may itself be a repository; git stops at the border of a file system.
        if os.path.lexists(folder / "HEAD") or folder.parent == folder:
            return None
        folder = folder.parent
        if folder.stat().st_dev != device:
            return None
    return folder if _is_plain(folder) else None


def _is_plain(top: Path) -> bool:
    """Say whether this is what `git init` made, by us, with settings that move nothing."""
    store = top / ".git"
    folders = [one.lstat() for one in (store, store / "objects", store / "refs")]
    if not all(stat.S_ISDIR(one.st_mode) for one in folders) or os.path.lexists(store / "commondir"):
        return False
    if not folders[0].st_uid == top.stat().st_uid == os.geteuid() or (store / "HEAD").is_symlink():
        return False
    settings = re.sub(_HARMLESS, b"", (store / "config").read_bytes().lower())
    return not any(word in settings for word in _TELLING)


def _has_commit(store: Path, branch: str) -> bool:
    """Say whether a branch stands on a commit, loose or packed."""
    try:
        return re.fullmatch(_COMMIT, (store / "refs" / "heads" / branch).read_bytes()) is not None
    except FileNotFoundError:
        return b" refs/heads/%b\n" % branch.encode() in (store / "packed-refs").read_bytes()
