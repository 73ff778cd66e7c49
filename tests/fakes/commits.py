"""The part of a repository in memory that is no worktree: its commits and refs are dicts."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from autoresearch.engine.ports import repository as ports
from autoresearch.engine.ports.repository import Branch, Diff, NotMoved
from autoresearch.events.errors import AutoresearchError, NotFound
from tests.fakes.patches import diff


@frozen(kw_only=True)
class Commit:
    """One commit: all of its files, its parent and its message."""

    files: dict[str, bytes]
    parent: str | None
    message: str


class FakeRefs:
    """Commits, refs and branches. `top` is a folder; its files are committed as the start of `branch`."""

    def __init__(self, top: Path, files: Mapping[str, bytes], *, branch: str = "main") -> None:
        self.top = top
        self.commits: dict[str, Commit] = {}
        self.user_on: str | None = branch  # what the user has checked out
        self.worktrees: dict[Path, str] = {}
        self.seen: dict[Path, tuple[str, str, dict[str, bytes]]] = {}  # base, digest, files
        self.movers: dict[str, str] = {}  # of branches, by mail address
        for name, content in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(content)
        start = self._store(Commit(files=dict(files), parent=None, message="start"))
        self.refs = {f"refs/heads/{branch}": start}
        self.index = dict(files)

    def current_branch(self) -> str | None:
        """Return the branch the user has checked out; None when detached."""
        return self.user_on

    def resolve(self, revision: str) -> str | None:
        """Return the full commit hash, or None where there is no such commit."""
        if revision == "HEAD":
            return self.refs.get(f"refs/heads/{self.user_on}")
        for name in (revision, f"refs/heads/{revision}"):
            if name in self.refs:
                return self.refs[name]
        found = [one for one in self.commits if len(revision) >= 4 and one.startswith(revision)]
        return found[0] if len(found) == 1 else None

    def refs_below(self, prefix: str) -> dict[str, str]:
        """Return all refs below a prefix, sorted, and where each stands."""
        below = f"{prefix.rstrip('/')}/"
        return {name: commit for name, commit in sorted(self.refs.items()) if name.startswith(below)}

    def branch(self, name: str) -> Branch:
        """Return where a branch stands, and whether somebody has it checked out."""
        return Branch(commit=self.refs.get(f"refs/heads/{name}"), checked_out=name == self.user_on)

    def branches_checked_out(self) -> frozenset[str]:
        """Return the branches that any worktree of this repository has checked out."""
        return frozenset({self.user_on} if self.user_on else ())

    def branches(self) -> dict[str, str]:
        """Return the user's branches and the commits on which they stand."""
        heads = {ref.removeprefix("refs/heads/"): one for ref, one in self.refs.items()}
        return {name: one for name, one in heads.items() if not name.startswith("refs/")}

    def last_mover(self, branch: str) -> str:
        """Return the mail address under which a branch was last moved; "" where no log is kept of it."""
        return self.movers.get(branch, "")

    def is_held(self, commit: str) -> bool:
        """Say whether a branch or a tag of the user contains the commit."""
        tips = [one for ref, one in self.refs.items() if ref.startswith(("refs/heads/", "refs/tags/"))]
        return any(commit in self._line(tip) for tip in tips)

    def descends(self, commit: str, ancestor: str) -> bool:
        """Say whether a commit is another one, or stands on it."""
        return commit in self.commits and ancestor in self._line(commit)

    def lacking_submodules(self, commit: str) -> tuple[str, ...]:
        """Return none: its commits hold files alone."""
        self._commit(commit)
        return ()

    def in_submodule(self, commit: str, path: str) -> bool:
        """Say no: its commits hold files alone."""
        self._commit(commit)
        return False

    def lfs_pointers(self, commit: str) -> tuple[str, ...]:
        """Return none: its files are what they are."""
        self._commit(commit)
        return ()

    def unserved_pointers(self, commit: str) -> tuple[str, ...]:
        """Return none, as above."""
        return self.lfs_pointers(commit)

    def signing(self) -> ports.Signing | None:
        """Return how commits are signed: not at all."""
        return None

    def signatures(self, ref: str) -> tuple[tuple[str, ports.Signature], ...]:
        """Return the commits that a ref leads to, of which none is signed."""
        return tuple((one, "unsigned") for one in self._line(self.refs[ref]))

    def add_note(
        self,
        ref: str,
        message: str,
        *,
        after: str | None,
        tree_of: str,
        sign: ports.Signing | None = None,
    ) -> str | None:
        """Move a ref on by a commit that is nothing but a message; None where the ref stood elsewhere."""
        made = self._store(Commit(files=self._commit(tree_of).files, parent=after, message=message))
        return made if self.set_ref(ref, made, old=after) else None

    def rename_refs(self, moves: Sequence[tuple[str, str, str]]) -> None:
        """Give commits other names: (old name, new name, commit) of each. All or none; twice is once."""
        for _, _, commit in moves:
            self._commit(commit)
        for old, new, commit in moves:
            self.refs.pop(old, None)
            self.refs[new] = commit

    def drop_ref(self, ref: str, *, old: str) -> bool:
        """Delete a full ref name that stands at `old`; False where it stood elsewhere. Twice is once."""
        if self.refs.get(ref, old) != old:
            return False
        self.refs.pop(ref, None)
        return True

    def fast_forward(self, branch: str, commit: str) -> NotMoved | None:
        """Move a branch forward, and the files where it is checked out; return why not."""
        stands = self.refs.get(f"refs/heads/{branch}")
        if stands is not None and commit in self._line(stands):
            return None
        if stands is not None and stands not in self._line(commit):
            return NotMoved(why="diverged", what=f"{branch} has commits that {commit[:7]} does not contain")
        if branch == self.user_on and stands is not None:
            new = self._commit(commit).files
            changed = [name for name in new if new[name] != self._commit(stands).files.get(name)]
            if self.modified(tuple(changed)):
                what = f"git refuses in {self.top}: local changes would be overwritten"
                return NotMoved(why="refused", what=what)
            for name in changed:
                (self.top / name).write_bytes(new[name])
                self.index[name] = new[name]
        self.refs[f"refs/heads/{branch}"] = commit
        return None

    def set_ref(self, ref: str, new: str, *, old: str | None) -> bool:
        """Move a full ref name from `old` (None: must not exist) to `new`; False where it stood elsewhere."""
        if not ref.startswith("refs/"):
            raise AutoresearchError(f"{ref} is no full ref name")
        stands = self.refs.get(ref)
        if stands not in {old, new}:
            return False
        self._commit(new)
        self.refs[ref] = new
        return True

    def missing(self, commit: str, paths: Sequence[str]) -> tuple[str, ...]:
        """Return those of the paths that are no files at a commit."""
        return tuple(path for path in paths if path not in self._commit(commit).files)

    def committed(self, commit: str) -> tuple[str, ...]:
        """Return every file of a commit, sorted."""
        return tuple(sorted(self._commit(commit).files))

    def show(self, commit: str, path: str) -> bytes | None:
        """Return a file's bytes at a commit, None where the commit has no such file."""
        return self._commit(commit).files.get(path)

    def read_files(self, names: Sequence[tuple[str, str]]) -> tuple[bytes | None, ...]:
        """Return a file's bytes for each (commit, path), None where there is none."""
        hashes = [(self.resolve(commit), path) for commit, path in names]
        return tuple(self.commits[one].files.get(path) if one else None for one, path in hashes)

    def is_tracked(self, path: str) -> bool:
        """Say whether the user's index has this path."""
        return path in self.index

    def _tree(self, commit: str) -> str:
        return hashlib.sha1(repr(sorted(self._commit(commit).files.items())).encode()).hexdigest()  # noqa: S324

    def diff(self, old: str, new: str) -> Diff:
        """Return the difference between two commits."""
        return diff(self._commit(old).files, self._commit(new).files)

    def read_commits(self, revisions: Sequence[str]) -> tuple[ports.Commit | None, ...]:
        """Return the commit that each hash or ref names, None where there is none."""
        return tuple(self._read(one) for one in revisions)

    def read_diffs(self, trees: Sequence[tuple[str, str]]) -> tuple[Diff, ...]:
        """Return the difference of each pair of trees."""
        files = {self._tree(one): commit.files for one, commit in self.commits.items()}
        return tuple(diff(files[old], files[new]) for old, new in trees)

    def _read(self, revision: str) -> ports.Commit | None:
        name = self.resolve(revision)
        if name is None:
            return None
        found = self.commits[name]
        parents = (found.parent,) if found.parent else ()
        return ports.Commit(hash=name, tree=self._tree(name), parents=parents, message=found.message)

    def _store(self, commit: Commit) -> str:
        text = repr((sorted(commit.files.items()), commit.parent, commit.message))
        name = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - git's own length
        self.commits[name] = commit
        return name

    def _line(self, commit: str | None) -> list[str]:
        """Return a commit and all before it."""
        line = []
        while commit is not None:
            line.append(commit)
            commit = self.commits[commit].parent
        return line

    def _hash(self, revision: str) -> str:
        found = self.resolve(revision)
        if found is None:
            raise NotFound(f"{self.top} has no commit {revision}")
        return found

    def _commit(self, revision: str) -> Commit:
        return self.commits[self._hash(revision)]
