"""A repository in memory: commits and refs are dicts, and only worktrees are real folders.

Passes the contract of the ports (tests/contract/git/test_git_contract.py) without starting a process.
"""

import difflib
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from attrs import frozen

from autoresearch.engine.ports import repository as ports
from autoresearch.engine.ports.repository import Branch, Diff, NotMoved
from autoresearch.events.errors import AutoresearchError, NotFound


HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@frozen(kw_only=True)
class Commit:
    """One commit: all of its files, its parent and its message."""

    files: dict[str, bytes]
    parent: str | None
    message: str


class FakeGit:
    """The port Git over dicts. `top` is a folder; its files are committed as the start of `branch`."""

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

    def included(self) -> tuple[str, ...]:
        """Return the ignored paths that a file `.worktreeinclude` names, sorted; it holds plain names."""
        include = self.top / ".worktreeinclude"
        named = include.read_text().split() if include.is_file() else []
        there = [name.strip("/") for name in named if (self.top / name.strip("/")).exists()]
        return tuple(sorted(name for name in there if self._is_ignored(name)))

    def modified(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the paths that differ from HEAD in the user's working tree or index."""
        committed = self._commit("HEAD").files
        here = {path: (self.top / path).read_bytes() for path in paths if (self.top / path).is_file()}
        return tuple(
            path for path in paths if not committed.get(path) == here.get(path) == self.index.get(path)
        )

    def ensure_worktree(self, folder: Path, commit: str) -> None:
        """Make `folder` a detached worktree of this repository, at `commit` if it must be created."""
        self._commit(commit)
        if folder in self.worktrees and folder.is_dir() and any(folder.iterdir()):
            return
        if folder.is_dir() and any(folder.iterdir()):
            folder.rename(folder.with_name(f"{folder.name}.aside-1"))
        folder.mkdir(parents=True, exist_ok=True)
        self.worktrees[folder] = commit
        self.reset(folder, commit)

    def remove_worktree(self, folder: Path) -> None:
        """Delete a worktree with all that is in it, and its record. Done twice, is done."""
        self.worktrees.pop(folder, None)
        shutil.rmtree(folder, ignore_errors=True)

    def reset(self, folder: Path, commit: str, *, kept: tuple[str, ...] = ()) -> None:
        """Make the worktree exactly `commit`: no edits, HEAD detached there, and no other files."""
        self._require(folder)
        wanted = self._commit(commit).files
        for path in [one for one in folder.rglob("*") if one.is_file() or one.is_symlink()]:
            name = path.relative_to(folder).as_posix()
            if name in wanted or not _is_at(name, (".git", *kept)):
                path.unlink()
        for path in sorted((one for one in folder.rglob("*") if one.is_dir()), reverse=True):
            if not any(path.iterdir()):
                path.rmdir()
        for name, content in wanted.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        (folder / ".git").write_text("gitdir: in memory\n")
        self.worktrees[folder] = self._hash(commit)

    def untracked(self, folder: Path) -> tuple[str, ...]:
        """Return the paths that the worktree's commit does not have, ignored ones too, sorted."""
        self._require(folder)
        tracked = self._commit(self.worktrees[folder]).files
        folders = {str(parent) for name in tracked for parent in PurePosixPath(name).parents}
        found = set()
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            above = [str(one) for one in reversed(PurePosixPath(name).parents)]
            if name not in tracked and name not in folders and name != ".git":
                found.add(next((one for one in above if one not in folders), name))
        return tuple(sorted(found))

    def filters(self, commit: str) -> str:
        """Return what tells git's filters and attributes, beside committed ones, from others; "" for none."""
        return ""

    def changed_inside(self, folder: Path, base: str) -> tuple[str, ...]:
        """Return nothing: its commits hold files alone."""
        self._require(folder)
        self._commit(base)
        return ()

    def differing(self, folder: Path) -> tuple[str, ...]:
        """Return the files that are not as the commit says that the worktree was reset to, sorted."""
        self._require(folder)
        files = self._commit(self.worktrees[folder]).files
        places = {name: folder / name for name in files}
        return tuple(
            sorted(
                name
                for name, place in places.items()
                if not place.is_file() or place.read_bytes() != files[name]
            )
        )

    def changes(self, folder: Path, base: str, *, beside: tuple[str, ...] = ()) -> Diff:
        """Return how the worktree's files, untracked ones included, differ from commit `base`."""
        found = self._files(folder, base, beside)
        made = _diff(self._commit(base).files, found)
        self.seen[folder] = (self._hash(base), made.sha256, found)
        return made

    def commit_seen(self, folder: Path, *, base: str, message: str, sha256: str) -> ports.Commit | None:
        """Commit what `changes` found last, where its difference from `base` had this digest."""
        seen_base, digest, files = self.seen.get(folder, ("", "", {}))
        if (seen_base, digest) != (self._hash(base), sha256):
            return None
        return self._read(self._store(Commit(files=files, parent=seen_base, message=message)))

    def apply_patch(self, folder: Path, patch: bytes) -> str | None:
        """Apply a unified diff to the worktree's files, whole or not at all; return git's words against."""
        try:
            changed = _patched(patch.decode().removesuffix("\n") + "\n", folder)
        except (ValueError, IndexError, FileNotFoundError) as error:
            return f"error: {error}"
        for name, content in changed.items():
            (folder / name).write_bytes(content)
        return None

    def try_patch(self, commit: str, patch: bytes) -> str | None:
        """Return git's words against applying a unified diff to a commit; None where it fits."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in self._commit(commit).files.items():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / name).write_bytes(content)
            return self.apply_patch(Path(folder), patch)

    def without(self, commit: str, *, base: str, on: str) -> Diff | tuple[str, ...]:
        """Return how `on` changes where what changed from `base` to `commit` is taken out of it."""
        with tempfile.TemporaryDirectory() as name:
            folder, files = Path(name), self._commit(on).files
            for path, content in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
            if self.merge(folder, base=commit, commit=base) is not None:
                return self.diff(base, commit).files
            return _diff(files, {path: (folder / path).read_bytes() for path in files})

    def merge(self, folder: Path, *, base: str, commit: str) -> str | None:
        """Bring the change from `base` to `commit` into the worktree's files, three ways."""
        old, new = self._commit(base).files, self._commit(commit).files
        for name in sorted(name for name in {*old, *new} if old.get(name) != new.get(name)):
            now = (folder / name).read_bytes() if (folder / name).is_file() else b""
            merged = _merged(old.get(name, b""), now, new.get(name, b""))
            if merged is None:
                return f"Applied patch to '{name}' with conflicts."
            (folder / name).write_bytes(merged)
        return None

    def commit(self, folder: Path, *, base: str, message: str, beside: tuple[str, ...] = ()) -> ports.Commit:
        """Commit the worktree's files as they are with the one parent `base`; the worktree stays as it is."""
        commit = Commit(files=self._files(folder, base, beside), parent=self._hash(base), message=message)
        made = self._read(self._store(commit))
        assert made is not None  # stored right now
        return made

    def _tree(self, commit: str) -> str:
        return hashlib.sha1(repr(sorted(self._commit(commit).files.items())).encode()).hexdigest()  # noqa: S324

    def diff(self, old: str, new: str) -> Diff:
        """Return the difference between two commits."""
        return _diff(self._commit(old).files, self._commit(new).files)

    def read_commits(self, revisions: Sequence[str]) -> tuple[ports.Commit | None, ...]:
        """Return the commit that each hash or ref names, None where there is none."""
        return tuple(self._read(one) for one in revisions)

    def read_diffs(self, trees: Sequence[tuple[str, str]]) -> tuple[Diff, ...]:
        """Return the difference of each pair of trees."""
        files = {self._tree(one): commit.files for one, commit in self.commits.items()}
        return tuple(_diff(files[old], files[new]) for old, new in trees)

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

    def _require(self, folder: Path) -> None:
        if folder not in self.worktrees:
            raise NotFound(f"{folder} is no worktree of {self.top}")

    def _files(self, folder: Path, base: str, beside: tuple[str, ...]) -> dict[str, bytes]:
        self._require(folder)
        tracked = self._commit(base).files
        found = {one.relative_to(folder).as_posix(): one for one in folder.rglob("*") if one.is_file()}
        return {
            name: path.read_bytes()
            for name, path in sorted(found.items())
            if not _is_at(name, (".git", *beside)) and (name in tracked or not self._is_ignored(name))
        }

    def _is_ignored(self, name: str) -> bool:
        patterns = self._commit("HEAD").files.get(".gitignore", b"").decode().split()
        parts = name.split("/")
        return "__pycache__" in parts or any(
            fnmatch(part, one.strip("/")) for part in parts for one in patterns
        )


def _is_at(name: str, places: tuple[str, ...]) -> bool:
    return any(name == one or name.startswith(f"{one}/") for one in places)


def _diff(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Diff:
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    text = "".join(_file_diff(name, old.get(name), new.get(name)) for name in names)
    body = [line for line in text.splitlines() if not line.startswith(("+++ ", "--- "))]
    raw = text.encode(errors="surrogateescape")
    return Diff(
        text=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        files=tuple(names),
        insertions=sum(line.startswith("+") for line in body),
        deletions=sum(line.startswith("-") for line in body),
    )


def _file_diff(name: str, old: bytes | None, new: bytes | None) -> str:
    before, after = (
        [] if content is None else content.decode(errors="surrogateescape").splitlines(keepends=True)
        for content in (old, new)
    )
    head = f"diff --git a/{name} b/{name}\n"
    head += "new file mode 100644\n" if old is None else "deleted file mode 100644\n" if new is None else ""
    names = ("/dev/null" if old is None else f"a/{name}", "/dev/null" if new is None else f"b/{name}")
    hunks = difflib.unified_diff(before, after, *names)
    return head + "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in hunks
    )


def _patched(patch: str, folder: Path) -> dict[str, bytes]:
    """Apply a text patch strictly: every hunk at its line, every context line as it stands."""
    result: dict[str, bytes] = {}
    for part in re.split(r"^--- ", patch, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        old_name, name = lines[0].split("\t")[0].strip(), lines[1].removeprefix("+++ ").split("\t")[0].strip()
        name = name.removeprefix("b/")
        old = [] if old_name == "/dev/null" else (folder / name).read_text().splitlines(keepends=True)
        result[name] = "".join(_apply_hunks(old, lines[2:])).encode()
    if not result:
        raise ValueError("No valid patches in input")
    return result


def _apply_hunks(old: list[str], lines: list[str]) -> list[str]:
    result: list[str] = []
    at = 0
    for position, line in enumerate(lines):
        hunk = HUNK.match(line)
        if hunk:
            start = max(int(hunk[1]) - 1, 0)
            result += old[at:start]
            at = start
        elif line[0] in " -+":
            text = line[1:]
            if lines[position + 1 : position + 2] == ["\\ No newline at end of file\n"]:
                text = text.removesuffix("\n")
            if line[0] != "+":
                if at >= len(old) or old[at] != text:
                    raise ValueError(f"patch does not apply at line {at + 1}")
                at += 1
            if line[0] != "-":
                result.append(text)
    return result + old[at:]


def _merged(old: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Merge two changes of one file; None where they touch."""
    lines = [one.decode(errors="surrogateescape").splitlines(keepends=True) for one in (old, ours, theirs)]
    changes = [
        (low, high, side[start:end])
        for side in lines[1:]
        for tag, low, high, start, end in difflib.SequenceMatcher(None, lines[0], side).get_opcodes()
        if tag != "equal"
    ]
    result, at, before = list[str](), 0, -1
    for low, high, new in sorted({(low, high, tuple(new)) for low, high, new in changes}):
        if low <= before:
            return None
        result += [*lines[0][at:low], *new]
        at = before = high
    return "".join([*result, *lines[0][at:]]).encode(errors="surrogateescape")


def head(git: object, folder: Path) -> str:
    """Return the commit that a worktree stands on, for either player."""
    if isinstance(git, FakeGit):
        return git.worktrees[folder]
    said = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    )
    return said.stdout.strip()
