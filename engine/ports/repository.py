"""The user's repository: commits, refs, branches and their own checkout, each for those who need it.

Nothing here touches the user's index, working tree, stash, HEAD or hooks, but for `fast_forward`, which is
for a user who asks for it.
"""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from attrs import frozen

from autoresearch.events.errors import AutoresearchError


LFS_POINTER = b"version https://git-lfs.github.com/spec/"  # as each pointer of git LFS begins
# unknown: there is one, and git cannot say whose, for want of the key or of the file that names it
Signature: TypeAlias = Literal["good", "bad", "unsigned", "unknown"]


@frozen(kw_only=True)
class Signing:
    """How the user's git signs commits."""

    settings: tuple[str, ...]  # "name=value" of git's configuration, as it stood when it was asked
    key: str  # "": the one that git takes by default


class NotSigned(AutoresearchError):
    """No signature could be made without asking somebody, or in time."""


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


@frozen(kw_only=True)
class Branch:
    """A branch of the user's, at one moment."""

    commit: str | None  # where it stands; None: there is none
    checked_out: bool  # in some worktree, or being rebased there


class Commits(Protocol):
    """What is stored; nothing of it ever changes."""

    def resolve(self, revision: str) -> str | None:
        """Return the full commit hash, or None where there is no such commit."""

    def show(self, commit: str, path: str) -> bytes | None:
        """Return a file's bytes at a commit, None where the commit has no such file.

        Raises: NotFound: there is no such commit.
        """

    def read_files(self, names: Sequence[tuple[str, str]]) -> tuple[bytes | None, ...]:
        """Return a file's bytes for each (commit, path), None where there is none; one call for all."""

    def missing(self, commit: str, paths: Sequence[str]) -> tuple[str, ...]:
        """Return those of the paths that are no files at a commit; one call for all.

        Raises: NotFound: there is no such commit.
        """

    def descends(self, commit: str, ancestor: str) -> bool:
        """Say whether a commit is another one, or stands on it; False where there is no such commit."""

    def committed(self, commit: str) -> tuple[str, ...]:
        """Return every file of a commit, sorted.

        Raises: NotFound: there is no such commit.
        """

    def lacking_submodules(self, commit: str) -> tuple[str, ...]:
        """Return the submodules of a commit whose files are not here, so that checkouts lack them, sorted.

        Raises: NotFound: there is no such commit.
        """

    def in_submodule(self, commit: str, path: str) -> bool:
        """Say whether a path is that of a submodule of a commit, or lies in one."""

    def lfs_pointers(self, commit: str) -> tuple[str, ...]:
        """Return the files of a commit and its submodules whose text only names what git LFS keeps, sorted.

        Raises: NotFound: there is no such commit.
        """

    def unserved_pointers(self, commit: str) -> tuple[str, ...]:
        """Return those of them that stay pointers in a checkout: git here has no filter for them."""

    def diff(self, old: str, new: str) -> Diff:
        """Return the difference between two commits."""

    def read_commits(self, revisions: Sequence[str]) -> tuple[Commit | None, ...]:
        """Return the commit that each hash or ref names, None where there is none; one call for all."""

    def try_patch(self, commit: str, patch: bytes) -> str | None:
        """Return git's words against applying a unified diff to a commit; None where it fits. Writes nothing.

        Raises: NotFound: there is no such commit.
        """

    def without(self, commit: str, *, base: str, on: str) -> Diff | tuple[str, ...]:
        """Return how `on` changes where what changed from `base` to `commit` is taken out of it, three ways.

        The files that others have changed there since, where it cannot be. Writes nothing.
        """

    def read_diffs(self, trees: Sequence[tuple[str, str]]) -> tuple[Diff, ...]:
        """Return the difference of each pair of trees, which must exist; one call for all."""


class Evidence(Commits, Protocol):
    """What a history can be compared with."""

    def refs_below(self, prefix: str) -> dict[str, str]:
        """Return all refs below a prefix, and where each stands."""

    def is_held(self, commit: str) -> bool:
        """Say whether a branch or a tag of the user contains the commit."""

    def signatures(self, ref: str) -> tuple[tuple[str, Signature], ...]:
        """Return the commits that a ref leads to, the newest first, and what git says of their signatures."""


class Refs(Protocol):
    """Names of commits, by their full names."""

    def refs_below(self, prefix: str) -> dict[str, str]:
        """Return all refs below a prefix such as `refs/autoresearch/RUN/`, sorted, and where each stands."""

    def set_ref(self, ref: str, new: str, *, old: str | None) -> bool:
        """Move a full ref name from `old` (None: must not exist) to `new`; False where it stood elsewhere."""

    def signing(self) -> Signing | None:
        """Return how the user's git signs commits; None where it does not."""

    def add_note(
        self, ref: str, message: str, *, after: str | None, tree_of: str, sign: Signing | None = None
    ) -> str | None:
        """Move a ref on by a commit that is nothing but a message; None where the ref stood elsewhere.

        It follows `after`, where the ref stands (None: nowhere yet), and has the tree of another commit.

        Raises: NotSigned: it was to be signed, and nothing was made.
        """

    def rename_refs(self, moves: Sequence[tuple[str, str, str]]) -> None:
        """Give commits other names: (old name, new name, commit) of each. All or none; twice is once."""

    def drop_ref(self, ref: str, *, old: str) -> bool:
        """Delete a full ref name that stands at `old`; False where it stood elsewhere. Twice is once."""


class Branches(Refs, Protocol):
    """The user's branches."""

    def branches(self) -> dict[str, str]:
        """Return the user's branches and the commits on which they stand."""

    def branch(self, name: str) -> Branch:
        """Return where a branch stands, and whether somebody has it checked out."""

    def branches_checked_out(self) -> frozenset[str]:
        """Return the branches that some worktree has checked out or is rebasing, also deleted ones."""

    def last_mover(self, branch: str) -> str:
        """Return the mail address under which a branch was last moved; "" where no log is kept of it."""

    def is_held(self, commit: str) -> bool:
        """Say whether a branch or a tag of the user contains the commit."""

    def fast_forward(self, branch: str, commit: str) -> NotMoved | None:
        """Move a branch forward, and the files where it is checked out; return why not.

        A branch that contains the commit stays. Nothing is moved where a commit or an uncommitted edit of
        the user would be lost.
        """


class OwnCheckout(Protocol):
    """What the user has checked out."""

    def current_branch(self) -> str | None:
        """Return the branch the user has checked out; None when detached."""

    def is_tracked(self, path: str) -> bool:
        """Say whether the user's index has this path."""

    def included(self) -> tuple[str, ...]:
        """Return the ignored paths that a file `.worktreeinclude` at the top names, sorted.

        The file has the form of a .gitignore; a folder of which git knows nothing is one path.
        """

    def modified(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the paths that differ from HEAD in the user's working tree or index."""


class Listing(Protocol):
    """What lies in the repository, by names."""

    def uncommitted(self) -> tuple[str, ...]:
        """Return what lies in the user's checkout and git does not track, ignored or not, sorted.

        A folder of which git knows nothing is one path.
        """


class Repository(Commits, Branches, OwnCheckout, Protocol):
    """All of it, for who begins a run."""
