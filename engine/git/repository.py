"""Git: the one place that runs it. Knows commits, refs and worktrees; nothing of runs, events or jobs.

Every call names the repository, the work tree and the index by hand and leaves nothing to discovery: a
run's worktree lies inside the user's repository, so a call that had to look for its repository could,
once an agent deleted a `.git` file, find the user's. A worktree's index is a private one beside git's
own, so neither index flags nor a lock left by an agent can hide a change.
"""

import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from autoresearch.engine.git import batch as objects
from autoresearch.engine.git import worktrees as records
from autoresearch.engine.git.program import (
    CALL_S,
    DIFF_FORMAT,
    Refused,
    call,
    last_line,
    output,
    parsed_diff,
    strip_level,
)
from autoresearch.engine.ports.repository import Commit, Diff, NotMoved
from autoresearch.events.errors import AutoresearchError, InvalidInput, NotFound


CHECKOUT_S = 900.0
PRIVATE_INDEX = "autoresearch-index"

IDENTITY = {
    "GIT_AUTHOR_NAME": "autoresearch",
    "GIT_AUTHOR_EMAIL": "autoresearch@localhost",
    "GIT_COMMITTER_NAME": "autoresearch",
    "GIT_COMMITTER_EMAIL": "autoresearch@localhost",
}
# Files are bytes: what is trained is what is committed. And it is on the disk before an event names it.
IN_WORKTREE = (
    "core.autocrlf=false",
    "core.safecrlf=false",
    "core.splitIndex=false",
    "commit.gpgSign=false",
    "i18n.commitEncoding=UTF-8",
    "core.fsync=committed,reference",
)
EVERYTHING = (".", ":(exclude,glob)**/__pycache__/**")  # running a script is not a change


def find_top(cwd: Path) -> Path:
    """Return the top folder of the repository around `cwd`.

    Raises:
        NotFound: there is no repository, it is bare, or it has no commit yet.
    """
    found = call(("rev-parse", "--show-toplevel"), cwd=cwd)
    if found.exit_code != 0:
        make = "go to your repository, or make one: git init && git add -A && git commit -m start"
        trust = f"if you trust it: git config --global --add safe.directory {shlex.quote(str(cwd))}"
        raise NotFound(
            f"{cwd} is in no git work tree: {last_line(found.stderr)}",
            remedy=trust if b"dubious ownership" in found.stderr else make,
        )
    top = Path(os.fsdecode(found.stdout.removesuffix(b"\n")))
    if call(("rev-parse", "--verify", "--quiet", "HEAD^{commit}"), cwd=top).exit_code != 0:
        raise NotFound(
            f"{top} has no commit yet", remedy="commit your files: git add -A && git commit -m start"
        )
    return top


class RealGit:
    """One repository, through the git program. Implements the port Git."""

    def __init__(self, top: Path) -> None:
        self._top = Path(os.path.realpath(top))
        self._bounds = {"GIT_CEILING_DIRECTORIES": str(self._top.parent)}
        self._common_dir: Path | None = None

    # --- reading the user's repository -----------------------------------------------------

    def top(self) -> Path:
        """Return the repository's top folder."""
        return self._top

    def current_branch(self) -> str | None:
        """Return the branch the user has checked out; None when detached."""
        said = self._look("symbolic-ref", "--quiet", "HEAD")
        return None if said is None else _text(said).strip().removeprefix("refs/heads/")

    def resolve(self, revision: str) -> str | None:
        """Return the full commit hash, or None where there is no such commit."""
        if not revision or revision.startswith("-") or "\0" in revision:
            return None
        said = self._look("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        return None if said is None else _text(said).strip()

    def refs_below(self, prefix: str) -> tuple[str, ...]:
        """Return the full names of all refs below a prefix such as `refs/autoresearch/RUN/`, sorted."""
        said = self._read("for-each-ref", "--format=%(refname)", f"{prefix.rstrip('/')}/")
        return tuple(sorted(_text(said).splitlines()))

    def branches_checked_out(self) -> frozenset[str]:
        """Return the branches that a worktree has checked out, or is in the middle of rebasing."""
        return frozenset(self._checkouts()) | records.being_rebased(self._common())

    def branches(self) -> dict[str, str]:
        """Return the user's branches and the commits on which they stand."""
        said = _text(self._read("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/"))
        return {ref.removeprefix("refs/heads/"): commit for commit, ref in map(str.split, said.splitlines())}

    def last_mover(self, branch: str) -> str:
        """Return the mail address under which a branch was last moved; "" where no log is kept of it."""
        said = self._look("log", "--walk-reflogs", "-1", "--format=%ge", f"refs/heads/{branch}", "--")
        return _text(said or b"").strip()

    def is_held(self, commit: str) -> bool:
        """Say whether a branch or a tag of the user contains the commit."""
        where = ("refs/heads/", "refs/remotes/", "refs/tags/")
        return bool(self._look("for-each-ref", "--count=1", f"--contains={commit}", *where))

    def show(self, commit: str, path: str) -> bytes | None:
        """Return a file's bytes at a commit, None where the commit has no such file."""
        found = self._look("cat-file", "blob", f"{commit}:{path}")
        if found is None and self.resolve(commit) is None:
            raise NotFound(f"{self._top} has no commit {commit}")
        return found

    def is_tracked(self, path: str) -> bool:
        """Say whether the user's index has this path."""
        listed = self._read("--literal-pathspecs", "ls-files", "-z", "--", path)
        return os.fsencode(path) in listed.split(b"\0")

    def modified(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the paths that differ from HEAD in the user's working tree or index."""
        if not paths:
            return ()
        how = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=none")
        said = self._read("--literal-pathspecs", "status", *how, "--", *paths)
        differing = [os.fsdecode(entry[3:]) + "/" for entry in said.split(b"\0") if entry]
        return tuple(path for path in paths if any(name.startswith(f"{path}/") for name in differing))

    def tree(self, commit: str) -> str:
        """Return the hash of a commit's tree."""
        return _text(self._read("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")).strip()

    def diff(self, old: str, new: str) -> Diff:
        """Return the difference between two commits."""
        return parsed_diff(
            self._read("-c", "diff.suppressBlankEmpty=false", "diff-tree", *DIFF_FORMAT, old, new, "--")
        )

    def read_commits(self, revisions: Sequence[str]) -> tuple[Commit | None, ...]:
        """Return the commit that each hash or ref names, None where there is none; one call for all."""
        said = self._read("cat-file", "--batch", stdin=objects.commit_names(revisions))
        return tuple(objects.commits(said))

    def read_diffs(self, trees: Sequence[tuple[str, str]]) -> tuple[Diff, ...]:
        """Return the difference of each pair of trees, which must exist; one call for all."""
        how = ("-c", "diff.suppressBlankEmpty=false", "diff-tree", "--stdin", *DIFF_FORMAT)
        return tuple(objects.diffs(self._read(*how, stdin=objects.tree_pairs(trees)), trees))

    # --- refs ------------------------------------------------------------------------------

    def set_ref(self, ref: str, new: str, *, old: str | None) -> bool:
        """Move a full ref name from `old` (None: must not exist) to `new`; False where it stood elsewhere.

        Done twice it is done: a ref that already stands at `new` is True.
        """
        if not ref.startswith("refs/"):
            raise AutoresearchError(f"{ref} is no full ref name")
        command = ("update-ref", "--no-deref", "-m", "autoresearch", ref, new, old or "")
        own = (self._common() / f"{ref}.lock",)
        env = IDENTITY | self._bounds
        done = call(command, cwd=self._top, env=env, settings=IN_WORKTREE, own_locks=own)
        if done.exit_code == 0:
            return True
        stands_at = self._look("rev-parse", "--verify", "--quiet", ref)
        now = None if stands_at is None else _text(stands_at).strip()
        if now == new:
            return True
        if now != old:
            return False
        raise AutoresearchError(f"git could not set {ref}: {last_line(done.stderr)}")

    def drop_ref(self, ref: str, *, old: str) -> bool:
        """Delete a full ref name that stands at `old`; False where it stood elsewhere. Twice is once."""
        done = call(("update-ref", "--no-deref", "-d", ref, old), cwd=self._top, env=self._bounds)
        return done.exit_code == 0 or self._look("rev-parse", "--verify", "--quiet", ref) is None

    def fast_forward(self, branch: str, commit: str) -> NotMoved | None:
        """Move a branch forward, and the files where it is checked out; return why not.

        A branch that contains the commit stays. Nothing is moved where a commit or an uncommitted edit of
        the user would be lost.
        """
        ref = f"refs/heads/{branch}"
        stands = self.resolve(ref)
        if stands is not None and self._look("merge-base", "--is-ancestor", commit, stands) is not None:
            return None
        if stands is not None and self._look("merge-base", "--is-ancestor", stands, commit) is None:
            return NotMoved(why="diverged", what=f"{branch} has commits that {commit[:7]} does not contain")
        here = self._checkouts().get(branch)
        if here is not None and stands is not None:
            # Git itself keeps edits that are not in the way, and refuses where one is.
            merge = ("-c", "merge.autoStash=false", "merge", "--ff-only", "--quiet", commit)
            done = call(merge, cwd=here, env=IDENTITY | self._bounds, timeout_s=CHECKOUT_S)
            refused = f"git refuses in {here}: {last_line(done.stderr)}"
            return NotMoved(why="refused", what=refused) if done.exit_code else None
        if branch in self.branches_checked_out():
            return NotMoved(why="rebasing", what=f"{branch} is being rebased")
        if self.set_ref(ref, commit, old=stands):
            return None
        return NotMoved(why="raced", what=f"{branch} was moved just now")

    # --- worktrees -------------------------------------------------------------------------

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
        admin = records.find(self._common(), folder) or records.adopt_moved(self._common(), folder)
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
        output(call(add, cwd=self._top, env=self._bounds, settings=IN_WORKTREE, timeout_s=CHECKOUT_S))
        admin = self._admin(folder)
        shutil.copy2(admin / "index", admin / PRIVATE_INDEX)  # its time says which entries may be stale

    def remove_worktree(self, folder: Path) -> None:
        """Delete a worktree with all that is in it, and its record. Done twice, is done."""
        records.set_aside(folder)
        folder = records.real(folder)
        record = records.find(self._common(), folder)
        if folder.exists():
            shutil.rmtree(folder)
        if record is not None:
            shutil.rmtree(record)

    def reset(self, folder: Path, commit: str) -> None:
        """Make the worktree exactly `commit`: no edits, no untracked files, HEAD detached there."""
        folder = records.real(folder)
        admin = self._admin(folder)
        records.link(folder, admin)
        self._work(folder, "checkout", "--quiet", "--force", "--detach", commit, "--", timeout_s=CHECKOUT_S)
        self._work(folder, "clean", "-ffdq")
        records.publish_index(admin, admin / PRIVATE_INDEX)

    def head(self, folder: Path) -> str:
        """Return the commit that a worktree stands on."""
        return _text(self._work(folder, "rev-parse", "--verify", "HEAD^{commit}")).strip()

    def changes(self, folder: Path, base: str) -> Diff:
        """Return how the worktree's files, untracked ones included, differ from commit `base`."""
        return self.diff(base, self._write_tree(folder, base))

    def commit(self, folder: Path, *, base: str, message: str) -> str:
        """Commit the worktree's files as they are with the one parent `base`; return the hash.

        Under an identity of the program's own, without hooks and signing. The worktree then stands on
        it. Called twice with the same files, base and message, returns the first commit.
        """
        tree = self._write_tree(folder, base)
        standing = self._standing(folder, tree=tree, base=base, message=message)
        if standing is not None:
            return standing
        said = self._work(folder, "commit-tree", tree, "-p", base, "-F", "-", stdin=message.encode())
        commit = _text(said).strip()
        self._work(folder, "update-ref", "--no-deref", "-m", "autoresearch: commit", "HEAD", commit)
        admin = self._admin(records.real(folder))
        records.publish_index(admin, admin / PRIVATE_INDEX)
        return commit

    def apply_patch(self, folder: Path, patch: bytes) -> str:
        """Apply a unified diff to the worktree's files, whole or not at all; return why not, or ""."""
        whole = patch.removesuffix(b"\n") + b"\n"
        return self._apply(folder, whole, f"-p{strip_level(whole)}")

    def merge(self, folder: Path, *, base: str, commit: str) -> str:
        """Merge the change from `base` to `commit` into the worktree's files; return why not, or ""."""
        return self._apply(folder, self.diff(base, commit).text, "-p1", "--3way")  # it names whole blobs

    # --- inside ----------------------------------------------------------------------------

    def _apply(self, folder: Path, patch: bytes, *how: str) -> str:
        exactly = ("--whitespace=nowarn", "--no-ignore-whitespace", "-")
        try:
            self._work(folder, "apply", *how, *exactly, stdin=patch)
        except Refused as error:
            return str(error)
        return ""

    def _write_tree(self, folder: Path, base: str) -> str:
        """Store the worktree's files as a tree, whatever an agent did to HEAD or to git's index."""
        # Files that are tracked though ignored are known from the base alone.
        self._work(folder, "read-tree", "--reset", base)
        try:
            self._work(folder, "add", "--all", "--", *EVERYTHING)
        except Refused as error:
            raise InvalidInput(f"the files in {folder} cannot be committed: {error}") from error
        return _text(self._work(folder, "write-tree")).strip()

    def _standing(self, folder: Path, *, tree: str, base: str, message: str) -> str | None:
        names = objects.commit_names(["HEAD"])
        (found,) = objects.commits(self._work(folder, "cat-file", "--batch", stdin=names))
        if found is None or (found.tree, found.parents) != (tree, (base,)):
            return None
        return found.hash if found.message.rstrip("\n") == message.rstrip("\n") else None

    def _checkouts(self) -> dict[str, Path]:
        return records.listed(self._read("worktree", "list", "--porcelain"))

    def _admin(self, folder: Path) -> Path:
        admin = records.find(self._common(), folder)
        if admin is None:
            raise NotFound(f"{folder} is no worktree of {self._top}")
        return admin

    def _common(self) -> Path:
        if self._common_dir is None:
            said = self._read("rev-parse", "--path-format=absolute", "--git-common-dir")
            self._common_dir = Path(os.path.realpath(os.fsdecode(said.removesuffix(b"\n"))))
        return self._common_dir

    def _look(self, *command: str) -> bytes | None:
        """Read something that may not be there."""
        done = call(command, cwd=self._top, env=self._bounds)
        return done.stdout if done.exit_code == 0 else None

    def _read(self, *command: str, stdin: bytes | None = None) -> bytes:
        return output(call(command, cwd=self._top, env=self._bounds, stdin=stdin))

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
            command, cwd=here, env=env, settings=IN_WORKTREE, stdin=stdin, timeout_s=timeout_s, own_locks=own
        )
        return output(done)


def _text(said: bytes) -> str:
    return said.decode(errors="replace")
