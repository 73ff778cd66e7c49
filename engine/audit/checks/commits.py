"""The commits that a history names, and the run's branch, looked up in git.

The code and the log vouch for each other: an event names commit, tree, parent, ref and diff; what commits say
of the log is engine/audit/checks/heads.py. What git no longer has proves nothing, neither the one nor the
other.
"""

from attrs import frozen

from autoresearch.engine.audit.report import Tally
from autoresearch.engine.ports.repository import Commit, Evidence
from autoresearch.engine.proposals import same_code
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.settings import RunConfig
from autoresearch.projections.run_state import RunState


TOGETHER = 200  # commits asked for in one call; their diffs are in memory at once


@frozen(kw_only=True)
class Named:
    """A candidate as the history names it."""

    seq: int
    event: ev.CandidateCommitted
    change: ev.ChangeApplied | None  # that it holds; None: what stood in the train checkout
    config: RunConfig  # of then


class Commits:
    """Gathers what a history says of commits, and compares it with the repository."""

    def __init__(self, git: Evidence) -> None:
        self.tally = Tally("commits", "commits compared with git")
        self.named: list[Named] = []
        self._git = git
        self._config = RunConfig()
        self._applied: dict[int, ev.ChangeApplied] = {}  # the newest, of open iterations
        self._kept: set[str] = set()
        self._moved = 0  # seq of the event by which the run's branch was moved last
        self._cleaned = 0  # seq: of older candidates, refs and then commits may be gone

    def see(self, event: ev.Event, recorded: Recorded) -> None:
        """Note what one event says."""
        match event:
            case ev.RunStarted() | ev.ConfigChanged():
                self._config = event.config
            case ev.RunCleaned():
                self._cleaned = recorded.seq
            case ev.ChangeApplied():
                self._applied[event.iteration] = event
            case ev.CandidateCommitted():
                change = self._applied.pop(event.iteration, None)
                self.named.append(Named(seq=recorded.seq, event=event, change=change, config=self._config))
            case ev.CandidateKept():
                self._kept.add(event.commit)
                self._moved = recorded.seq if event.branch_moved else self._moved
            case ev.KeepAdopted():
                if event.commit not in self._kept:
                    expected = "a commit that was kept"
                    self.tally.differ(record=recorded, field="commit", expected=expected, found=event.commit)
                self._moved = recorded.seq
            case _:
                pass

    def finish(self, run: RunState, refs: dict[str, str]) -> None:
        """Ask git for everything that was named; `refs` are those of the run."""
        (base,) = self._git.read_commits([run.base_commit])
        if base is None and not refs:  # a history that was brought from elsewhere
            self.tally.miss("nothing_in_git", run.base_commit, seq=1)
            return
        self._base(run, base)
        for at in range(0, len(self.named), TOGETHER):
            self._compare(self.named[at : at + TOGETHER])
        self._branch(run)

    def imported(self, run: RunState, refs: dict[str, str]) -> None:
        """Look at a run whose code is elsewhere: it has nothing in this repository."""
        self.tally.miss("imported", run.imported or run.run_id, seq=1)
        for ref in sorted(refs):
            self._same(
                1, "RunStarted.base_commit", "that of a run which has refs here", f"none, beside {ref}"
            )

    def _base(self, run: RunState, base: Commit | None) -> None:
        self.tally.count += 1
        if base is None:
            self.tally.miss("base_gone", run.base_commit, seq=1)
            return
        self._same(1, "RunStarted.base_commit", run.base_commit, base.hash)
        self._same(1, "RunStarted.base_tree", run.base_tree, base.tree)

    def _compare(self, named: list[Named]) -> None:
        """Compare commits, refs, trees, parents and diffs."""
        events = [one.event for one in named]
        commits = self._git.read_commits([event.commit for event in events])
        bases = self._git.read_commits([event.base_commit for event in events])
        refs = self._git.read_commits([event.ref for event in events])
        whole: list[Named] = []  # those whose diff can be asked for
        trees: list[tuple[str, str]] = []
        for one, commit, base, ref in zip(named, commits, bases, refs, strict=True):
            self.tally.count += 1
            self._ref(one, ref)
            if commit is not None:
                self._commit(one, commit)
            if commit is None or base is None:
                self.tally.miss("commit_gone", one.event.ref, seq=one.seq)
                continue
            whole.append(one)
            trees.append((base.tree, commit.tree))
        self._codes(whole)
        for one, diff in zip(whole, self._git.read_diffs(trees), strict=True):
            self._same(one.seq, "CandidateCommitted.diff_sha256", one.event.diff_sha256, diff.sha256)
            for name in ("files", "insertions", "deletions") if one.change else ():
                self._same(one.seq, f"ChangeApplied.{name}", getattr(one.change, name), getattr(diff, name))

    def _codes(self, named: list[Named]) -> None:
        """Compare the digests of the code: by one that is wrong, what was never measured seems known."""
        said = [
            (one, name, commit, digest)
            for one in named
            for name, commit, digest in (
                ("code_sha256", one.event.commit, one.event.code_sha256),
                ("base_code_sha256", one.event.base_commit, one.event.base_code_sha256),
            )
            if digest  # else it is of an earlier program
        ]
        named_files = ((commit, path) for one, _, commit, _ in said for path in one.config.editable)
        files = list(dict.fromkeys(named_files))
        contents = dict(zip(files, self._git.read_files(files), strict=True))
        for one, name, commit, digest in said:
            found = same_code.digest_at(commit, one.config, show=lambda *file: contents[file])
            self._same(one.seq, f"CandidateCommitted.{name}", digest, found)

    def _ref(self, one: Named, ref: Commit | None) -> None:
        if ref is not None:
            self._same(one.seq, one.event.ref, one.event.commit, ref.hash)
        elif one.seq > self._cleaned:  # else it was taken away on purpose, and its commit may be there
            self.tally.miss("ref_gone", one.event.ref, seq=one.seq)

    def _commit(self, one: Named, commit: Commit) -> None:
        event = one.event
        self._same(one.seq, "CandidateCommitted.commit", event.commit, commit.hash)
        self._same(one.seq, "CandidateCommitted.tree", event.tree, commit.tree)
        if event.commit != event.base_commit:  # what stood in the worktree may have been the base itself
            self._same(one.seq, "CandidateCommitted.base_commit", (event.base_commit,), commit.parents)

    def _branch(self, run: RunState) -> None:
        """Look whether what was kept is where the history says that the run's branch was moved to."""
        taken_back = any(one.commit == run.branch_commit for one in run.retracted)
        if not self._moved or taken_back:
            return
        self.tally.count += 1
        (head,) = self._git.read_commits([f"refs/heads/{run.branch}"])
        if head is not None and head.hash == run.branch_commit:
            return
        if not self._git.is_held(run.branch_commit):  # the user may have gone on from it, or merged it
            self.tally.miss(
                "branch_gone" if head is None else "branch_elsewhere", run.branch, seq=self._moved
            )

    def _same(self, seq: int, field: str, expected: object, found: object) -> None:
        if expected != found:
            self.tally.differ(place="git", seq=seq, field=field, expected=expected, found=found)
