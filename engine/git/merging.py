"""Bringing a change to another commit, and making commits, in git's store alone; and sending a branch."""

from autoresearch.engine.git.calls import Calls, text
from autoresearch.engine.git.program import Refused, last_line, output
from autoresearch.engine.ports.merges import Conflicted


CONFLICTS = 1  # an exit code of `git merge-tree`
REMOTE = "origin"
PUSH_S = 120.0


class Merging(Calls):
    """Implements the ports Merges and Remote."""

    def brought(self, commit: str, *, made_on: str, to: str) -> str | Conflicted:
        """Return the tree of `to` with what `commit` changed of `made_on`, merged three ways."""
        # Git before 2.40 takes no merge base by name: both sides are made children of it, under no ref.
        ours, theirs = (self.commit_tree(f"{one}^{{tree}}", made_on, "side") for one in (to, commit))
        words = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
        done = self.write(*words)
        if done.exit_code not in (0, CONFLICTS):
            raise Refused(last_line(done.stderr))
        tree, *files = [one for one in text(done.stdout).split("\0") if one]
        return Conflicted(tuple(dict.fromkeys(files))) if done.exit_code == CONFLICTS else tree

    def commit_tree(self, tree: str, parent: str, message: str) -> str:
        """Return a commit of a tree; nothing names it yet."""
        return text(output(self.write("commit-tree", tree, "-p", parent, stdin=message.encode()))).strip()

    def has_remote(self) -> bool:
        """Say whether there is one to push to."""
        return self.look("remote", "get-url", "--push", REMOTE) is not None

    def push(self, branch: str) -> None:
        """Push a branch as it stands.

        Raises: Refused: git, or the remote, says no.
        """
        output(self.write("push", REMOTE, f"refs/heads/{branch}", timeout_s=PUSH_S))
