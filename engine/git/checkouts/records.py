"""What git keeps on disk of a worktree: the `.git` file in it, and its record in the repository.

Part of engine/git/checkouts/worktrees.py and refs.py. Git itself mends these only when the user thinks of it
(`git worktree repair`), and nobody is awake at night.
"""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from autoresearch.engine.git.program import Refused
from autoresearch.events.errors import InvalidInput, NotFound
from autoresearch.events.files import write_atomic
from autoresearch.events.values import why
from autoresearch.projections.words.wording import stated


T = TypeVar("T")

HALF_MADE = "initializing"  # git's own word in `locked` while it adds a worktree
AGAIN_S = (0.1, 0.5)  # waits before a worktree is tried again


def patiently(call: Callable[[], T]) -> T:
    """Make a worktree, or list them; again where that fails, since who disturbs it is soon gone.

    Git refuses to list worktrees while another process removes one. The last failure is raised.
    """
    for pause_s in AGAIN_S:
        try:
            return call()
        except (Refused, NotFound, FileNotFoundError):
            time.sleep(pause_s)
    return call()


def find(common: Path, folder: Path) -> Path | None:
    """Return the record of the worktree at `folder`, if this repository has one."""
    wanted = str(folder / ".git")
    # What the file in the worktree says is looked at first, and believed only if the record agrees.
    hint = common / "worktrees" / (Path(_first_words(folder / ".git")).name or "-") / "gitdir"
    for gitdir in (hint, *sorted((common / "worktrees").glob("*/gitdir"))):
        if _target(gitdir) == wanted:
            return gitdir.parent
    return None


def adopt_moved(common: Path, folder: Path) -> Path | None:
    """Mend and return the record of a worktree that was moved, or copied, together with its repository."""
    said = _first_words(folder / ".git")
    if not said.startswith("gitdir: "):
        return None
    record = common / "worktrees" / Path(said).name
    if not (record / "HEAD").is_file():
        return None
    if _first_words(Path(_target(record / "gitdir"))) == f"gitdir: {record}":
        return None  # it is the record of another worktree, which still stands
    write_atomic(record / "gitdir", os.fsencode(f"{folder / '.git'}\n"))
    return record


def is_half_made(record: Path) -> bool:
    """Say whether git was ended while it added this worktree."""
    return _first_words(record / "locked") == HALF_MADE


def link(folder: Path, record: Path) -> None:
    """Make the worktree's `.git` file name its record again, whatever became of it."""
    file = folder / ".git"
    wanted = f"gitdir: {record}"
    if _first_words(file) == wanted:
        return
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(file)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(file, os.fsencode(f"{wanted}\n"))


def publish_index(record: Path, index: Path) -> None:
    """Let `git diff` in the worktree start from our index, and end a lock that was left on git's own.

    Only for a worktree in which no agent is at work.
    """
    (record / "index.lock").unlink(missing_ok=True)
    write_atomic(record / "index", index.read_bytes(), sync=False)
    shutil.copystat(index, record / "index")  # its time says which entries may be stale


def listed(porcelain: bytes) -> dict[str, Path]:
    """Return the branches of `git worktree list --porcelain` and where each is checked out."""
    found, folder = dict[str, Path](), Path()
    for line in porcelain.splitlines():
        name, _, value = line.partition(b" ")
        if name == b"worktree":
            folder = Path(os.fsdecode(value))
        elif name == b"branch":
            found[os.fsdecode(value).removeprefix("refs/heads/")] = folder
    return found


def being_rebased(common: Path) -> frozenset[str]:
    """Return the branches that some worktree is in the middle of rebasing."""
    heads = (
        record / name
        for record in (common, *(common / "worktrees").glob("*"))
        for name in ("rebase-merge/head-name", "rebase-apply/head-name")
    )
    return frozenset(_first_words(head).removeprefix("refs/heads/") for head in heads if head.is_file())


def real(folder: Path) -> Path:
    """Resolve what leads to a folder: git records it this way. The folder itself must be none but itself.

    Raises:
        InvalidInput: it is a link. Whoever put it there could have our checkout overwrite any folder.
    """
    if folder.is_symlink():
        raise stated(InvalidInput, why("link_for_worktree", folder=str(folder)))
    return Path(os.path.realpath(folder.parent)) / folder.name


def set_aside(folder: Path) -> None:
    """Move what stands in a worktree's place and is no folder to a name beside it."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        folder.rename(free_name(folder))


def has_entries(folder: Path) -> bool:
    """Say whether a folder exists and holds anything."""
    return folder.is_dir() and any(folder.iterdir())


def free_name(folder: Path) -> Path:
    """Return a name beside `folder` that nobody has."""
    number = 1
    while os.path.lexists(aside := folder.with_name(f"{folder.name}.aside-{number}")):
        number += 1
    return aside


def _first_words(path: Path) -> str:
    try:
        return os.fsdecode(path.read_bytes()).rstrip("\n")
    except OSError:
        return ""


def _target(gitdir: Path) -> str:
    """Return where a record says that its worktree stands; newer gits write it relative to the record."""
    said = _first_words(gitdir)
    return os.path.normpath(gitdir.parent / said) if said else ""
