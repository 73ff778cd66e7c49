"""Port: bringing a change to another commit, and making commits of it, where nothing leads to them yet."""

from typing import Protocol

from attrs import frozen


@frozen
class Conflicted:
    """Files in which a change and what it is brought to contradict each other."""

    files: tuple[str, ...]


class Merges(Protocol):
    """Making commits in git's store alone: no checkout, no index, no name."""

    def brought(self, commit: str, *, made_on: str, to: str) -> str | Conflicted:
        """Return the tree of `to` with what `commit` changed of `made_on`, merged three ways."""

    def commit_tree(self, tree: str, parent: str, message: str) -> str:
        """Return a commit of a tree; nothing names it yet."""


class Remote(Protocol):
    """The repository that the user shares with others."""

    def has_remote(self) -> bool:
        """Say whether there is one to push to."""

    def push(self, branch: str) -> None:
        """Push a branch as it stands.

        Raises: AutoresearchError: git, or the remote, refuses.
        """
