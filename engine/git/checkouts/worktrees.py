"""The checkouts of a run: made, reset, looked at, changed and committed, whatever was done to them.

A checkout's index is a private one beside git's own, so neither index flags nor a lock left by an agent can
hide a change; and nothing that an agent did to HEAD is believed.
"""

import hashlib
import os
import re
import shutil
from pathlib import Path

from attrs import frozen

from autoresearch.engine.git.calls import EXACTLY, IDENTITY, text
from autoresearch.engine.git.checkouts import records
from autoresearch.engine.git.checkouts.stray import is_bare
from autoresearch.engine.git.checkouts.submodules import CHECKOUT_S, Submodules
from autoresearch.engine.git.program import (
    AS_IT_IS,
    CALL_S,
    Refused,
    call,
    output,
    strip_level,
)
from autoresearch.engine.ports.repository import Commit, Diff
from autoresearch.events.errors import InvalidInput, NotFound
from autoresearch.events.values import why
from autoresearch.projections.words.wording import stated


PRIVATE_INDEX = "autoresearch-index"
EVERYTHING = (".", ":(exclude,glob)**/__pycache__/**")  # running a script is not a change


OWN_FILES = frozenset(("HEAD", "ORIG_HEAD", "commondir", "gitdir", "index", "logs", PRIVATE_INDEX))


@frozen
class _Seen:
    """A tree that was found in a worktree, and how it differed from the base."""

    base: str
    tree: str
    sha256: str


class Worktrees(Submodules):
    """Implements the port Worktrees.

    Remembers what it left in a private index, so that it need not be written again: a call of git takes more
    time than all else. It is believed only as long as that file is the same to the nanosecond.
    """

    def __init__(self, top: Path) -> None:
        super().__init__(top)
        self._reset_to: dict[Path, tuple[str, tuple[int, ...]]] = {}  # by record: commit, and the index then
        self._seen: dict[Path, _Seen] = {}

    def ensure_worktree(self, folder: Path, commit: str) -> None:
        """Make `folder` a detached worktree of this repository, at `commit` if it must be created.

        A worktree that already is one is left as it is; one deleted by hand is made again. What else
        stands in its place is moved aside, never deleted. A git that outlives a killed runner may still be
        at work there, and takes away what it did not finish: so what fails is tried again.
        """
        records.patiently(lambda: self._make_worktree(folder, commit))

    def _make_worktree(self, folder: Path, commit: str) -> None:
        records.set_aside(folder)
        folder = records.real(folder)
        admin = records.find(self.common(), folder) or records.adopt_moved(self.common(), folder)
        if admin is not None and records.is_half_made(admin):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(admin)
            admin = None
        if admin is not None and records.has_entries(folder):
            records.link(folder, admin)
            return
        if records.has_entries(folder):
            folder.rename(records.free_name(folder))
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Twice --force: also where a deleted worktree is still registered, or was locked.
        add = ("worktree", "add", "--quiet", "--force", "--force", "--detach", str(folder), commit)
        output(self.write(*add, timeout_s=CHECKOUT_S))
        admin = self._admin(folder)
        shutil.copy2(admin / "index", admin / PRIVATE_INDEX)  # its time says which entries may be stale
        self._fill(folder, admin, admin / PRIVATE_INDEX, commit, ())

    def remove_worktree(self, folder: Path) -> None:
        """Delete a worktree with all that is in it, and its record. Done twice, is done."""
        records.set_aside(folder)
        folder = records.real(folder)
        record = records.find(self.common(), folder)
        if folder.exists():
            shutil.rmtree(folder)
        if record is not None:
            shutil.rmtree(record)

    def reset(self, folder: Path, commit: str, *, kept: tuple[str, ...] = ()) -> None:
        """Make the worktree exactly `commit`: no edits, HEAD detached there, and no other files.

        Ignored files go as well; only what stands at the paths `kept` may stay.
        """
        folder = records.real(folder)
        admin = self._admin(folder)
        records.link(folder, admin)
        if not self._is_still_at(folder, admin, commit):
            at = ("checkout", "--quiet", "--force", "--detach", commit, "--")
            self._work(folder, *at, timeout_s=CHECKOUT_S)
            if not is_bare(folder, admin / PRIVATE_INDEX):
                spared = (part for path in kept for part in ("-e", f"/{_escaped(path)}"))
                self._work(folder, "clean", "-ffdqx", *spared)
            self._fill(folder, admin, admin / PRIVATE_INDEX, commit, kept)
        records.publish_index(admin, admin / PRIVATE_INDEX)
        self._reset_to[admin] = (commit, _signature(admin / PRIVATE_INDEX))

    def _is_still_at(self, folder: Path, admin: Path, commit: str) -> bool:
        """Say whether nothing was done to a worktree since it was reset to this commit."""
        index = admin / PRIVATE_INDEX
        if self._reset_to.get(admin) != (commit, _signature(index)) or not is_bare(folder, index):
            return False
        stands_there = (admin / "HEAD").read_bytes() == f"{commit}\n".encode()
        untouched = stands_there and OWN_FILES.issuperset(os.listdir(admin))  # noqa: PTH208 - names are wanted
        return untouched and not self.differing(folder)

    def untracked(self, folder: Path) -> tuple[str, ...]:
        """Return the paths that the worktree's commit does not have, ignored ones too, sorted."""
        return self._listed(folder, "--others", "--directory")

    def filters(self, commit: str) -> str:
        """Return what tells git's filters and attributes, beside committed ones, from others; "" for none.

        So it does of the submodules of a commit that are not here.
        """
        wanted = r"^(filter\..*|core\.(attributesfile|eol|symlinks|ignorecase))$"
        settings = self.look("config", "--null", "--get-regexp", wanted) or b""
        named = [entry.partition(b"\n")[2] for entry in settings.split(b"\0") if b"attributesfile" in entry]
        files = [self.common() / "info" / "attributes"]
        files += [Path(os.fsdecode(path)).expanduser() for path in named]
        told = settings + b"".join(_content(file) for file in files)
        told += "".join(f"lacks {path}\n" for path in self.lacking_submodules(commit)).encode()
        return hashlib.sha256(told).hexdigest()[:16] if told else ""

    def differing(self, folder: Path) -> tuple[str, ...]:
        """Return the files that are not as the commit says that the worktree was reset to, sorted."""
        # By size and time, which the index has from that reset; by content where those could deceive.
        return self._listed(folder, "--modified")

    def changes(self, folder: Path, base: str, *, beside: tuple[str, ...] = ()) -> Diff:
        """Return how the worktree's files, untracked ones included, differ from commit `base`."""
        self._stage(folder, base, beside)
        tree = text(self._work(folder, "write-tree")).strip()
        found = self.diff(base, tree)
        self._seen[folder] = _Seen(base, tree, found.sha256)
        return found

    def changed_inside(self, folder: Path, base: str) -> tuple[str, ...]:
        """Return what in its submodules is not as commit `base` records it, and is not ignored, sorted."""
        folder = records.real(folder)
        admin = self._admin(folder)
        return tuple(sorted(set(self._changed_inside(folder, admin, admin / PRIVATE_INDEX, base))))

    def commit(self, folder: Path, *, base: str, message: str, beside: tuple[str, ...] = ()) -> Commit:
        """Commit the worktree's files as they are with the one parent `base`; the worktree stays as it is.

        Under an identity of the program's own, without hooks and signing. The commit has no name yet.
        """
        self._stage(folder, base, beside)
        return self._commit(folder, text(self._work(folder, "write-tree")).strip(), base, message)

    def commit_seen(self, folder: Path, *, base: str, message: str, sha256: str) -> Commit | None:
        """Commit what `changes` found last, where its difference from `base` had this digest; else None."""
        seen = self._seen.get(folder)
        if seen is None or (seen.base, seen.sha256) != (base, sha256):
            return None
        try:
            return self._commit(folder, seen.tree, base, message)
        except Refused:  # somebody collected what nothing named yet
            return None

    def _commit(self, folder: Path, tree: str, base: str, message: str) -> Commit:
        said = self._work(folder, "commit-tree", tree, "-p", base, "-F", "-", stdin=message.encode())
        return Commit(hash=text(said).strip(), tree=tree, parents=(base,), message=message)

    def apply_patch(self, folder: Path, patch: bytes) -> str | None:
        """Apply a unified diff to the worktree's files, whole or not at all; return git's words against."""
        whole = patch.removesuffix(b"\n") + b"\n"
        return self._apply(folder, whole, f"-p{strip_level(whole)}")

    def merge(self, folder: Path, *, base: str, commit: str) -> str | None:
        """Merge the change from `base` to `commit` into the worktree; return git's words against."""
        return self._apply(folder, self.diff(base, commit).text, "-p1", "--3way")  # it names whole blobs

    def _apply(self, folder: Path, patch: bytes, *how: str) -> str | None:
        try:
            self._work(folder, "apply", *how, *AS_IT_IS, stdin=patch)
        except Refused as error:
            return error.said
        return None

    def _stage(self, folder: Path, base: str, beside: tuple[str, ...]) -> None:
        """Bring the worktree's files into the private index, whatever an agent did to HEAD or git's own."""
        # Files that are tracked though ignored are known from the base alone.
        admin = self._admin(records.real(folder))
        if self._reset_to.get(admin) != (base, _signature(admin / PRIVATE_INDEX)):
            self._work(folder, "read-tree", "--reset", base)
        try:
            besides = (f":(exclude,top,literal){path}" for path in beside)
            self._work(folder, "add", "--all", "--", *EVERYTHING, *besides)
        except Refused as error:
            raise stated(InvalidInput, why("files_refused", error.said)) from error

    def _listed(self, folder: Path, *how: str) -> tuple[str, ...]:
        """Return what `ls-files` lists of a checkout and the submodules in it, sorted."""
        folder = records.real(folder)
        admin = self._admin(folder)
        said = self._work(folder, "ls-files", *how, "-z").split(b"\0")
        inside = self._listed_inside(folder, admin, admin / PRIVATE_INDEX, *how)
        return tuple(sorted({os.fsdecode(path).rstrip("/") for path in (*said, *inside) if path}))

    def _admin(self, folder: Path) -> Path:
        admin = records.find(self.common(), folder)
        if admin is None:
            raise stated(NotFound, why("no_worktree", folder=str(folder), top=str(self.top)))
        return admin

    def _work(
        self, folder: Path, *command: str, stdin: bytes | None = None, timeout_s: float = CALL_S
    ) -> bytes:
        here = records.real(folder)
        admin = self._admin(here)
        env = IDENTITY | {
            "GIT_DIR": str(admin),
            "GIT_WORK_TREE": str(here),
            "GIT_INDEX_FILE": str(admin / PRIVATE_INDEX),
        }
        own = (admin / f"{PRIVATE_INDEX}.lock", admin / "HEAD.lock")
        done = call(
            command, cwd=here, env=env, settings=EXACTLY, stdin=stdin, timeout_s=timeout_s, own_locks=own
        )
        return output(done)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _signature(index: Path) -> tuple[int, ...]:
    """Return what no write leaves as it was; nothing where there is no such file."""
    try:
        found = index.stat()
    except FileNotFoundError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _escaped(path: str) -> str:
    """Return a path as a pattern of git's that matches it alone."""
    return re.sub(r"([\\*?\[\]! ])", r"\\\1", path)
