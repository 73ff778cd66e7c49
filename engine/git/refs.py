"""The refs of a repository: a run's own, and the user's branches, which move forward only when asked."""

import os
from collections.abc import Sequence
from pathlib import Path

from autoresearch.engine.git import signing, stored_refs
from autoresearch.engine.git.calls import EXACTLY, text
from autoresearch.engine.git.checkouts import records
from autoresearch.engine.git.objects import Objects
from autoresearch.engine.git.program import last_line, output
from autoresearch.engine.ports.repository import Branch, NotMoved, NotSigned, Signature, Signing
from autoresearch.engine.system.processes.run_command import CommandTimedOut
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.values import why
from autoresearch.projections.words.wording import stated


MERGE_S = 900.0  # a big checkout on a slow disk
HEADS = "refs/heads/"
INCLUDE = ".worktreeinclude"


class Refs(Objects):
    """Implements the ports Refs and Branches."""

    def refs_below(self, prefix: str) -> dict[str, str]:
        """Return all refs below a prefix such as `refs/x/RUN/`, sorted, and where each stands."""
        said = self.read("for-each-ref", "--format=%(objectname) %(refname)", f"{prefix.rstrip('/')}/")
        rows = (line.partition(" ") for line in text(said).split("\n") if line)
        return {ref: commit for commit, _, ref in rows}

    def set_ref(self, ref: str, new: str, *, old: str | None) -> bool:
        """Move a full ref name from `old` (None: must not exist) to `new`; False where it stood elsewhere.

        Done twice it is done: a ref that already stands at `new` is True.
        """
        if not ref.startswith("refs/"):
            raise AutoresearchError(f"{ref} is no full ref name")
        own = (self.common() / f"{ref}.lock",)
        done = self.write(
            "update-ref", "--no-deref", "-m", "autoresearch", ref, new, old or "", own_locks=own
        )
        if done.exit_code == 0:
            return True
        now = self._stands_at(ref)
        if now == new:
            return True
        if now != old:
            return False
        raise stated(AutoresearchError, why("ref_not_set", last_line(done.stderr), ref=ref))

    def add_note(
        self, ref: str, message: str, *, after: str | None, tree_of: str, sign: Signing | None = None
    ) -> str | None:
        """Move a ref on by a commit that is nothing but a message; None where the ref stood elsewhere.

        It follows `after`, where the ref stands (None: nowhere yet), and has the tree of another commit.

        Raises: NotSigned: it was to be signed, and nothing was made.
        """
        parent = ("-p", after) if after is not None else ()
        words = ("commit-tree", f"{tree_of}^{{tree}}", *parent)
        made = self._signed(sign, *words, stdin=message.encode()) if sign else None
        commit = text(made or output(self.write(*words, stdin=message.encode()))).strip()
        return commit if self.set_ref(ref, commit, old=after) else None

    def signing(self) -> Signing | None:
        """Return how the user's git signs commits; None where it does not."""
        listed = self.look("config", "--null", "--show-scope", "--get-regexp", signing.SETTINGS)
        return signing.signing_of(listed) if listed else None

    def signatures(self, ref: str) -> tuple[tuple[str, Signature], ...]:
        """Return the commits that a ref leads to, the newest first, and what git says of their signatures."""
        raw = self.look("log", "--format=raw", ref, "--")
        claims = signing.claimed(raw or b"")
        known: tuple[str, ...] = ()
        if claims and not self.look("config", "gpg.ssh.allowedSignersFile"):
            known = ("-c", "gpg.ssh.allowedSignersFile=/dev/null")  # a bad one is told without it too
        how = "--format=%H %G?" if claims else "--format=%H N"
        said = text(self.look(*known, "log", how, ref, "--") or b"")
        return tuple(
            (
                commit,
                signing.verified(word, by_ssh=claims[commit]) if commit in claims else "unsigned",
            )
            for commit, word in (line.split(" ") for line in said.splitlines())
        )

    def rename_refs(self, moves: Sequence[tuple[str, str, str]]) -> None:
        """Give commits other names: (old name, new name, commit) of each. All or none; twice is once."""
        if not moves:
            return
        words = [f"update {new} {commit}\ndelete {old}\n" for old, new, commit in moves]
        own = tuple(self.common() / f"{ref}.lock" for old, new, _ in moves for ref in (old, new))
        output(
            self.write(
                *("update-ref", "--no-deref", "-m", "autoresearch", "--stdin"),
                stdin="".join(words).encode(),
                own_locks=own,
            )
        )

    def drop_ref(self, ref: str, *, old: str) -> bool:
        """Delete a full ref name that stands at `old`; False where it stood elsewhere. Twice is once."""
        done = self.write("update-ref", "--no-deref", "-d", ref, old)
        return done.exit_code == 0 or self._stands_at(ref) is None

    def current_branch(self) -> str | None:
        """Return the branch the user has checked out; None when detached."""
        said = self.look("symbolic-ref", "--quiet", "HEAD")
        return None if said is None else text(said).strip().removeprefix(HEADS)

    def branches(self) -> dict[str, str]:
        """Return the user's branches and the commits on which they stand."""
        known = stored_refs.below(self.common(), HEADS)
        refs = self.refs_below(HEADS) if known is None else known
        return {ref.removeprefix(HEADS): commit for ref, commit in refs.items()}

    def branch(self, name: str) -> Branch:
        """Return where a branch stands, and whether somebody has it checked out."""
        how = "--format=%(refname)%00%(objectname)%00%(worktreepath)"
        listed = records.patiently(lambda: self.read("for-each-ref", how, f"{HEADS}{name}"))
        said = text(listed)  # also of what lies below it
        rows = (line.split("\0") for line in said.split("\n"))
        found = next((row for row in rows if row[0] == f"{HEADS}{name}"), None)
        rebased = name in records.being_rebased(self.common())
        return Branch(commit=found[1] if found else None, checked_out=bool(found and found[2]) or rebased)

    def branches_checked_out(self) -> frozenset[str]:
        """Return the branches that a worktree has checked out, or is in the middle of rebasing."""
        return frozenset(self._worktrees()) | records.being_rebased(self.common())

    def last_mover(self, branch: str) -> str:
        """Return the mail address under which a branch was last moved; "" where no log is kept of it."""
        said = self.look("log", "--walk-reflogs", "-1", "--format=%ge", f"{HEADS}{branch}", "--")
        return text(said or b"").strip()

    def is_held(self, commit: str) -> bool:
        """Say whether a branch or a tag of the user contains the commit."""
        where = (HEADS, "refs/remotes/", "refs/tags/")
        return bool(self.look("for-each-ref", "--count=1", f"--contains={commit}", *where))

    def fast_forward(self, branch: str, commit: str) -> NotMoved | None:
        """Move a branch forward, and the files where it is checked out; return why not.

        A branch that contains the commit stays. Nothing is moved where a commit or an uncommitted edit of
        the user would be lost.
        """
        stands = self.resolve(f"{HEADS}{branch}")
        if stands is not None:
            apart = self.read("rev-list", "--left-right", "--count", f"{stands}...{commit}", "--").split()
            only_there, only_here = map(int, apart)
            if not only_here:
                return None
            if only_there:
                what = f"{branch} has commits that {commit[:7]} does not contain"
                return NotMoved(why="diverged", what=what)
        here = self._worktrees().get(branch)
        if here is not None and stands is not None:
            # Git itself keeps edits that are not in the way, and refuses where one is. Under the user's own
            # settings: it is the user's checkout.
            merge = ("-c", "merge.autoStash=false", "merge", "--ff-only", "--quiet", commit)
            done = self.write(*merge, cwd=here, timeout_s=MERGE_S, settings=())
            refused = f"git refuses in {here}: {last_line(done.stderr)}"
            return NotMoved(why="refused", what=refused) if done.exit_code else None
        if here is not None or branch in records.being_rebased(self.common()):
            return NotMoved(why="rebasing", what=f"{branch} is being rebased")
        if self.set_ref(f"{HEADS}{branch}", commit, old=stands):
            return None
        return NotMoved(why="raced", what=f"{branch} was moved just now")

    def _worktrees(self) -> dict[str, Path]:
        return records.listed(records.patiently(lambda: self.read("worktree", "list", "--porcelain")))

    def is_tracked(self, path: str) -> bool:
        """Say whether the user's index has this path."""
        listed = self.read("--literal-pathspecs", "ls-files", "-z", "--", path)
        return os.fsencode(path) in listed.split(b"\0")

    def included(self) -> tuple[str, ...]:
        """Return the ignored paths that a file `.worktreeinclude` at the top names, sorted."""
        if not (self.top / INCLUDE).is_file():
            return ()
        listing = ("ls-files", "--others", "--ignored", f"--exclude-from={INCLUDE}", "--directory", "-z")
        named = self.read(*listing)
        ignored = self.look("check-ignore", "-z", "--stdin", stdin=named) if named else None
        return tuple(sorted(os.fsdecode(path).rstrip("/") for path in (ignored or b"").split(b"\0") if path))

    def uncommitted(self) -> tuple[str, ...]:
        """Return what lies in the user's checkout and git does not track, ignored or not, sorted."""
        said = self.read("ls-files", "--others", "--directory", "-z")
        return tuple(sorted(os.fsdecode(path).rstrip("/") for path in said.split(b"\0") if path))

    def modified(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the paths that differ from HEAD in the user's working tree or index."""
        if not paths:
            return ()
        how = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=none")
        said = self.read("--literal-pathspecs", "status", *how, "--", *paths)
        differing = [os.fsdecode(entry[3:]) + "/" for entry in said.split(b"\0") if entry]
        return tuple(path for path in paths if any(name.startswith(f"{path}/") for name in differing))

    def _signed(self, sign: Signing, *words: str, stdin: bytes) -> bytes:
        key = sign.key or ("" if "gpg.format=ssh" in sign.settings else self._committer())
        with signing.quietly(sign) as how:
            settings = (*EXACTLY, *how.settings)
            try:
                done = self.write(
                    *(*words, f"-S{key}"),
                    stdin=stdin,
                    timeout_s=signing.SIGN_S,
                    settings=settings,
                    env=signing.QUIET_ENV,
                )
            except CommandTimedOut as error:
                raise NotSigned(str(error)) from error
        if done.exit_code:
            raise NotSigned(last_line(done.stderr))
        return done.stdout

    def _committer(self) -> str:
        """Return the user's name and address, by which gpg finds the key of their own commits."""
        said = text(self.look("var", "GIT_COMMITTER_IDENT") or b"")
        return said.rpartition(">")[0] + ">" if ">" in said else ""

    def _stands_at(self, ref: str) -> str | None:
        said = self.look("rev-parse", "--verify", "--quiet", ref)
        return None if said is None else text(said).strip()
