"""What commits say of the log: each candidate's, and those of the run's anchor, name its head of then.

A head that lies beyond the end of the history proves that the history was cut; one that names another hash,
that it was rewritten. What was appended after the last of them nobody else has seen.
"""

from collections.abc import Iterator, Sequence

from autoresearch.engine.audit.checks.commits import TOGETHER, Named
from autoresearch.engine.audit.report import Tally
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.loop.anchor import SEEN
from autoresearch.engine.loop.changes.candidates import TRAILERS
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commit, Evidence
from autoresearch.engine.runs.anchor import Head, head_named
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.log.read import read
from autoresearch.projections.run_state import RunState


class Heads:
    """Compares the heads of the log that commits name with the history."""

    def __init__(self, paths: RunPaths, git: Evidence) -> None:
        self.tally = Tally("log heads", "heads of the history that commits name, found in it")
        self._paths = paths
        self._git = git
        self._to_be_seen = 0  # seq of the last event after which git names the head

    def see(self, event: ev.Event, recorded: Recorded) -> None:
        """Note after which events the run's anchor is written, or taken away."""
        if isinstance(event, SEEN):
            self._to_be_seen = recorded.seq
        if isinstance(event, ev.RunCleaned | ev.HistoryRepaired):
            self._to_be_seen = 0

    def finish(self, run: RunState, refs: Sequence[str], named: Sequence[Named], *, end: int) -> None:
        """Look up all heads that are named, and where the history ends for git."""
        anchor = RunRefs(run.run_id).log
        if self._to_be_seen and run.stopped is not None and anchor not in refs:
            self.tally.miss("anchor_gone", anchor, seq=self._to_be_seen)
        if anchor in refs:
            self._compare_signatures(anchor)
        heads: dict[int, list[Head]] = {}
        for one in self._named(run.run_id, refs, named):
            heads.setdefault(one.seq, []).append(one)
        for recorded in read(self._paths.history) if heads else ():  # anew: a living run has grown
            end = max(end, recorded.seq)
            for one in heads.pop(recorded.seq, ()):
                self.tally.count += 1
                if one.hash != recorded.hash:
                    field = f"hash named by commit {one.commit[:12]}"
                    self.tally.differ(record=recorded, field=field, expected=one.hash, found=recorded.hash)
        for seq in sorted(heads):
            field = f"record named by commit {heads[seq][0].commit[:12]}"
            self.tally.differ(
                field=field,
                seq=seq,
                expected=seq,
                found=f"the end of the history at record {end}: it was cut short",
            )

    def _compare_signatures(self, ref: str) -> None:
        """Have git verify the run's own commits; that one is not signed is no difference, and is noted."""
        found = self._git.signatures(ref)
        for commit, said in found:
            if said == "bad":
                field = f"signature of commit {commit[:12]}"
                self.tally.differ(
                    place="git", field=field, expected="one that git verifies", found="a bad one"
                )
            elif said == "unknown":
                self.tally.miss("signature_unknown", commit[:12])
        signed = sum(said != "unsigned" for _, said in found)
        how = "signed" if signed == len(found) else f"{signed} of {len(found)} signed"
        how = how if signed else "not signed"
        self.tally.unit += f"; the run's own: {how}"

    def _named(self, run_id: str, refs: Sequence[str], named: Sequence[Named]) -> Iterator[Head]:
        """Yield the heads that the run's commits name, those below its refs and those in the history."""
        events = {one.event.commit: one for one in named}
        names = list(dict.fromkeys([*refs, *events]))
        seen: set[str] = set()
        for at in range(0, len(names), TOGETHER):
            for commit in self._git.read_commits(names[at : at + TOGETHER]):
                if commit is None or commit.hash in seen:
                    continue
                seen.add(commit.hash)
                if commit.hash in events:
                    self._compare_trailers(run_id, events[commit.hash], commit)
                head = head_named(commit, run_id)
                if head is not None:
                    yield head

    def _compare_trailers(self, run_id: str, one: Named, commit: Commit) -> None:
        if one.event.commit == one.event.base_commit:  # what stood in the worktree was the base itself
            return
        expected, found = (run_id, str(one.event.iteration)), _trailers(commit)[:2]
        if expected != found:
            field = f"trailers of commit {commit.hash[:12]}"
            self.tally.differ(place="git", seq=one.seq, field=field, expected=expected, found=found)


def _trailers(commit: Commit) -> tuple[str, ...]:
    """Return the values of the trailers that a candidate's message ends with; none where it has none."""
    lines = [line.partition(": ") for line in commit.message.rstrip("\n").split("\n")[-len(TRAILERS) :]]
    named = tuple(name for name, _, _ in lines) == TRAILERS
    return tuple(value for _, _, value in lines) if named else ()
