"""The commits that a history names, looked up in git; and what they say of the history.

The code and the log vouch for each other: an event names commit, tree, parent, ref and diff, and each
candidate's message names the head of the log (seq and hash) at the moment of its commit. A head that lies
beyond the end of the history proves that the history was cut.
"""

from collections.abc import Iterator

from autoresearch.engine.audit.report import Tally
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.loop.candidates import TRAILERS
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commit, Evidence
from autoresearch.engine.runs.anchor import Head, head_named
from autoresearch.events import catalog as ev
from autoresearch.events.codec import Recorded
from autoresearch.events.log.read import read


TOGETHER = 200  # commits asked for in one call; their diffs are in memory at once


class Commits:
    """Gathers what a history says of commits, and compares it with the repository."""

    def __init__(self, paths: RunPaths, git: Evidence) -> None:
        self.tally = Tally("commits", "commits compared with git")
        self.heads = Tally("log heads", "heads of the history that commits name, found in it")
        self._paths = paths
        self._git = git
        self._begun: ev.RunStarted | None = None
        self._named: list[tuple[int, ev.CandidateCommitted]] = []
        self._applied: dict[int, ev.ChangeApplied] = {}  # the newest, of open iterations
        self._changes: dict[int, ev.ChangeApplied] = {}  # by seq of the CandidateCommitted that holds it
        self._imported = False
        self._repaired = False  # there may be refs of what was set aside, which this history does not know
        self._cleaned = 0  # seq: of older candidates, refs and then commits may be gone

    def see(self, event: ev.Event, recorded: Recorded) -> None:
        """Note what one event says."""
        match event:
            case ev.RunStarted():
                self._begun = event
            case ev.RunImported():
                self._imported = True
            case ev.RunCleaned():
                self._cleaned = recorded.seq
            case ev.HistoryRepaired():
                self._repaired = True
            case ev.ChangeApplied():
                self._applied[event.iteration] = event
            case ev.CandidateCommitted():
                self._named.append((recorded.seq, event))
                applied = self._applied.pop(event.iteration, None)
                if applied is not None:
                    self._changes[recorded.seq] = applied
            case _:
                pass

    def finish(self, end: int) -> None:
        """Ask git for everything that was named."""
        begun = self._begun
        if begun is None:
            return
        if self._imported:
            self.tally.note = "not compared: the run was imported, its code is elsewhere"
            return
        own = RunRefs(begun.run_id)
        refs = self._git.refs_below(own.prefix)
        if self._repaired:
            refs = {ref: commit for ref, commit in refs.items() if not ref.startswith(own.set_aside)}
        (base,) = self._git.read_commits([begun.base_commit])
        if base is None and not refs:  # a history that was brought from elsewhere
            self.tally.note = "not compared: this repository has none of the run's commits"
            return
        self.tally.count += 1
        self._same(1, "RunStarted.base_commit", begun.base_commit, base.hash if base else "no such commit")
        if base is not None:
            self._same(1, "RunStarted.base_tree", begun.base_tree, base.tree)
        for at in range(0, len(self._named), TOGETHER):
            self._compare(self._named[at : at + TOGETHER])
        self._vouch(begun.run_id, tuple(refs), end)
        if self._cleaned:
            self.tally.note = "what was cleaned away was not compared"
        elif self._repaired:
            self.tally.note = "what a repair set aside was not compared"

    def _compare(self, named: list[tuple[int, ev.CandidateCommitted]]) -> None:
        """Compare commits, refs, trees, parents and diffs."""
        events = [event for _, event in named]
        commits = self._git.read_commits([event.commit for event in events])
        bases = self._git.read_commits([event.base_commit for event in events])
        refs = self._git.read_commits([event.ref for event in events])
        whole: list[tuple[int, ev.CandidateCommitted]] = []  # those whose diff can be asked for
        trees: list[tuple[str, str]] = []
        for (seq, event), commit, base, ref in zip(named, commits, bases, refs, strict=True):
            if seq < self._cleaned and ref is None and None in (commit, base):
                continue
            self.tally.count += 1
            if commit is None or base is None:
                field = "commit" if commit is None else "base_commit"
                self._same(seq, f"CandidateCommitted.{field}", getattr(event, field), "no such commit")
                continue
            self._same(seq, "CandidateCommitted.commit", event.commit, commit.hash)
            self._same(seq, "CandidateCommitted.tree", event.tree, commit.tree)
            if event.commit != event.base_commit:  # what stood in the worktree may have been the base itself
                self._same(seq, "CandidateCommitted.base_commit", (event.base_commit,), commit.parents)
            if ref is not None or seq > self._cleaned:
                self._same(seq, event.ref, event.commit, ref.hash if ref else "no such ref")
            whole.append((seq, event))
            trees.append((base.tree, commit.tree))
        for (seq, event), diff in zip(whole, self._git.read_diffs(trees), strict=True):
            self._same(seq, "CandidateCommitted.diff_sha256", event.diff_sha256, diff.sha256)
            change = self._changes.get(seq)
            for name in ("files", "insertions", "deletions") if change else ():
                self._same(seq, f"ChangeApplied.{name}", getattr(change, name), getattr(diff, name))

    def _vouch(self, run_id: str, refs: tuple[str, ...], end: int) -> None:
        """Compare the head of the log that each candidate's commit names with the history."""
        heads: dict[int, list[Head]] = {}
        for one in self._vouchers(run_id, refs):
            heads.setdefault(one.seq, []).append(one)
        for recorded in read(self._paths.history) if heads else ():  # anew: a living run has grown
            end = max(end, recorded.seq)
            for one in heads.pop(recorded.seq, ()):
                self.heads.count += 1
                if one.hash != recorded.hash:
                    field = f"hash named by commit {one.commit[:12]}"
                    self.heads.differ(record=recorded, field=field, expected=one.hash, found=recorded.hash)
        for seq in sorted(heads):
            field = f"record named by commit {heads[seq][0].commit[:12]}"
            self.heads.differ(
                field=field,
                seq=seq,
                expected=seq,
                found=f"the end of the history at record {end}: it was cut short",
            )

    def _vouchers(self, run_id: str, refs: tuple[str, ...]) -> Iterator[Head]:
        """Yield the heads that the run's candidates name, those below its refs and those in the history."""
        events = {event.commit: (seq, event) for seq, event in self._named}
        names = list(dict.fromkeys([*refs, *events]))
        seen: set[str] = set()
        for at in range(0, len(names), TOGETHER):
            for commit in self._git.read_commits(names[at : at + TOGETHER]):
                if commit is None or commit.hash in seen:
                    continue
                seen.add(commit.hash)
                said = _trailers(commit)
                seq, event = events.get(commit.hash, (0, None))
                if event is not None and event.commit != event.base_commit:
                    expected = (run_id, str(event.iteration))
                    self._same(seq, f"trailers of commit {commit.hash[:12]}", expected, said[:2])
                head = head_named(commit, run_id)
                if head is not None:
                    yield head

    def _same(self, seq: int, field: str, expected: object, found: object) -> None:
        if expected != found:
            self.tally.differ(place="git", seq=seq, field=field, expected=expected, found=found)


def _trailers(commit: Commit) -> tuple[str, ...]:
    """Return the values of the trailers that a candidate's message ends with; none where it has none."""
    lines = [line.partition(": ") for line in commit.message.rstrip("\n").split("\n")[-len(TRAILERS) :]]
    named = tuple(name for name, _, _ in lines) == TRAILERS
    return tuple(value for _, _, value in lines) if named else ()
