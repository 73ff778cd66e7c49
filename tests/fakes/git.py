"""A repository in memory: commits and refs are dicts, and only worktrees are real folders.

Passes the contract of the ports (tests/contract/git/test_git_*.py) without starting a process.
"""

import shutil
import subprocess
import tempfile
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from autoresearch.engine.ports import repository as ports
from autoresearch.engine.ports.repository import Diff
from autoresearch.events.errors import NotFound
from tests.fakes.commits import Commit, FakeRefs
from tests.fakes.patches import diff, merged, patched


class FakeGit(FakeRefs):
    """The port Git: to commits and refs it adds worktrees."""

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
        made = diff(self._commit(base).files, found)
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
            changed = patched(patch.decode().removesuffix("\n") + "\n", folder)
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
            return diff(files, {path: (folder / path).read_bytes() for path in files})

    def merge(self, folder: Path, *, base: str, commit: str) -> str | None:
        """Bring the change from `base` to `commit` into the worktree's files, three ways."""
        old, new = self._commit(base).files, self._commit(commit).files
        for name in sorted(name for name in {*old, *new} if old.get(name) != new.get(name)):
            now = (folder / name).read_bytes() if (folder / name).is_file() else b""
            whole = merged(old.get(name, b""), now, new.get(name, b""))
            if whole is None:
                return f"Applied patch to '{name}' with conflicts."
            (folder / name).write_bytes(whole)
        return None

    def commit(self, folder: Path, *, base: str, message: str, beside: tuple[str, ...] = ()) -> ports.Commit:
        """Commit the worktree's files as they are with the one parent `base`; the worktree stays as it is."""
        commit = Commit(files=self._files(folder, base, beside), parent=self._hash(base), message=message)
        made = self._read(self._store(commit))
        assert made is not None  # stored right now
        return made

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


def head(git: object, folder: Path) -> str:
    """Return the commit that a worktree stands on, for either player."""
    if isinstance(git, FakeGit):
        return git.worktrees[folder]
    said = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    )
    return said.stdout.strip()
