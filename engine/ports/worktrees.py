"""The checkouts of a run: folders beside the user's own, in which candidates are made and trained."""

from pathlib import Path
from typing import Protocol

from autoresearch.engine.ports.repository import Commit, Diff, Repository


class Worktrees(Protocol):
    """Detached worktrees of one repository, each named by its folder."""

    def ensure_worktree(self, folder: Path, commit: str) -> None:
        """Make `folder` a detached worktree of this repository, at `commit` if it must be created.

        A worktree that already is one is left as it is; one deleted by hand is made again.
        """

    def remove_worktree(self, folder: Path) -> None:
        """Delete a worktree with all that is in it, and its record. Done twice, is done."""

    def reset(self, folder: Path, commit: str, *, kept: tuple[str, ...] = ()) -> None:
        """Make the worktree exactly `commit`: no edits, HEAD detached there, and no other files.

        Ignored files go as well; only what stands at the paths `kept` may stay. Submodules of which this
        machine has the commit hold its files, others nothing.

        Raises: NotFound: the folder is no worktree of this repository.
        """

    def untracked(self, folder: Path) -> tuple[str, ...]:
        """Return the paths that the worktree's commit does not have, ignored ones too, sorted.

        A folder of which git knows nothing is one path.
        """

    def filters(self, commit: str) -> str:
        """Return what tells git's filters and attributes, beside committed ones, from others; "" for none.

        So it does of the submodules of a commit that are not here. All of them change what a checkout holds,
        and stand in no commit.
        """

    def differing(self, folder: Path) -> tuple[str, ...]:
        """Return the files that are not as the commit says that the worktree was reset to, sorted."""

    def changes(self, folder: Path, base: str, *, beside: tuple[str, ...] = ()) -> Diff:
        """Return how the worktree's files, untracked ones included, differ from commit `base`.

        What stands at the paths `beside` is no change.
        """

    def changed_inside(self, folder: Path, base: str) -> tuple[str, ...]:
        """Return what in its submodules is not as commit `base` records it, and is not ignored, sorted.

        No `changes` has that: a commit holds which commit a submodule stands on, and none of its files.
        """

    def apply_patch(self, folder: Path, patch: bytes) -> str | None:
        """Apply a unified diff to the worktree's files, whole or not at all; return git's words against."""

    def merge(self, folder: Path, *, base: str, commit: str) -> str | None:
        """Merge the change from `base` to `commit` into the worktree's files; return git's words against.

        The worktree stands on the third; where the change does not merge, its files are undefined.
        """

    def commit_seen(self, folder: Path, *, base: str, message: str, sha256: str) -> Commit | None:
        """Commit what `changes` found last, where its difference from `base` had this digest.

        None where it is not remembered: it is no longer than the process that saw it.
        """

    def commit(self, folder: Path, *, base: str, message: str, beside: tuple[str, ...] = ()) -> Commit:
        """Commit the worktree's files as they are with the one parent `base`; the worktree stays as it is.

        What stands at the paths `beside` is left out.

        Under an identity of the program's own, without hooks and signing. The commit has no name yet.
        """


class Git(Repository, Worktrees, Protocol):
    """All of git, for who carries out a run."""
