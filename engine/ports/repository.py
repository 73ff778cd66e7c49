"""Git, as its users need it: commits, refs, branches and worktrees of one repository."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from attrs import frozen


@frozen(kw_only=True)
class NotMoved:
    """Why a branch was not moved forward: a commit or an uncommitted edit of the user would be lost."""

    why: Literal["diverged", "refused", "rebasing", "raced"]
    what: str  # the same for people; where git refused, in its words


@frozen(kw_only=True)
class Diff:
    """A change between two trees."""

    text: bytes  # unified, binary-safe, no colour, no rename detection
    sha256: str
    files: tuple[str, ...]  # sorted
    insertions: int
    deletions: int


@frozen(kw_only=True)
class Commit:
    """A commit as git stores it."""

    hash: str
    tree: str
    parents: tuple[str, ...]
    message: str


class Git(Protocol):
    """One repository. Never touches the user's index, working tree, stash, HEAD or hooks.

    But for `fast_forward`, which is for a user who asks for it.
    """

    def top(self) -> Path:
        """Return the repository's top folder."""

    def current_branch(self) -> str | None:
        """Return the branch the user has checked out; None when detached."""

    def resolve(self, revision: str) -> str | None:
        """Return the full commit hash, or None where there is no such commit."""

    def refs_below(self, prefix: str) -> tuple[str, ...]:
        """Return the full names of all refs below a prefix such as `refs/autoresearch/RUN/`, sorted."""

    def branches_checked_out(self) -> frozenset[str]:
        """Return the branches that any worktree of this repository has checked out."""

    def branches(self) -> dict[str, str]:
        """Return the user's branches and the commits on which they stand."""

    def last_mover(self, branch: str) -> str:
        """Return the mail address under which a branch was last moved; "" where no log is kept of it."""

    def is_held(self, commit: str) -> bool:
        """Say whether a branch or a tag of the user contains the commit."""

    def set_ref(self, ref: str, new: str, *, old: str | None) -> bool:
        """Move a full ref name from `old` (None: must not exist) to `new`; False where it stood elsewhere."""

    def drop_ref(self, ref: str, *, old: str) -> bool:
        """Delete a full ref name that stands at `old`; False where it stood elsewhere. Twice is once."""

    def fast_forward(self, branch: str, commit: str) -> NotMoved | None:
        """Move a branch forward, and the files where it is checked out; return why not.

        A branch that contains the commit stays. Nothing is moved where a commit or an uncommitted edit of
        the user would be lost.
        """

    def show(self, commit: str, path: str) -> bytes | None:
        """Return a file's bytes at a commit, None where the commit has no such file."""

    def is_tracked(self, path: str) -> bool:
        """Say whether the user's index has this path."""

    def modified(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the paths that differ from HEAD in the user's working tree or index."""

    def ensure_worktree(self, folder: Path, commit: str) -> None:
        """Make `folder` a detached worktree of this repository, at `commit` if it must be created.

        A worktree that already is one is left as it is; one deleted by hand is made again.
        """

    def remove_worktree(self, folder: Path) -> None:
        """Delete a worktree with all that is in it, and its record. Done twice, is done."""

    def reset(self, folder: Path, commit: str) -> None:
        """Make the worktree exactly `commit`: no edits, no untracked files, HEAD detached there."""

    def head(self, folder: Path) -> str:
        """Return the commit that a worktree stands on."""

    def changes(self, folder: Path, base: str) -> Diff:
        """Return how the worktree's files, untracked ones included, differ from commit `base`."""

    def apply_patch(self, folder: Path, patch: bytes) -> str:
        """Apply a unified diff to the worktree's files, whole or not at all; return why not, or ""."""

    def merge(self, folder: Path, *, base: str, commit: str) -> str:
        """Merge the change from `base` to `commit` into the worktree's files; return why not, or "".

        The worktree stands on the third; where the change does not merge, its files are undefined.
        """

    def commit(self, folder: Path, *, base: str, message: str) -> str:
        """Commit the worktree's files as they are with the one parent `base`; return the hash.

        Under an identity of the program's own, without hooks and signing. The worktree then stands on it.
        """

    def tree(self, commit: str) -> str:
        """Return the hash of a commit's tree."""

    def diff(self, old: str, new: str) -> Diff:
        """Return the difference between two commits."""

    def read_commits(self, revisions: Sequence[str]) -> tuple[Commit | None, ...]:
        """Return the commit that each hash or ref names, None where there is none; one call for all."""

    def read_diffs(self, trees: Sequence[tuple[str, str]]) -> tuple[Diff, ...]:
        """Return the difference of each pair of trees, which must exist; one call for all."""
