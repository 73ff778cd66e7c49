"""The audit of a run: all that its history says is checked again, from the first byte to the last.

Reads only. The history is read once, and each record is shown to every check together with the state
before it: chain and schema, who may record what and when, every decision taken again, the views, the files
of ended jobs, the commits in git. Memory grows with the iterations, as the table of results does, not with
the events.
"""

from collections.abc import Iterator

from attrs import evolve as replace

from autoresearch.engine.audit.checks.commits import Commits
from autoresearch.engine.audit.checks.fork import Fork
from autoresearch.engine.audit.checks.heads import Heads
from autoresearch.engine.audit.checks.imported import Imported
from autoresearch.engine.audit.checks.job_files import JobFiles
from autoresearch.engine.audit.checks.left_files import LeftFiles
from autoresearch.engine.audit.checks.views import ViewFiles
from autoresearch.engine.audit.report import Audit, Check, Tally
from autoresearch.engine.audit.rules import IMPOSSIBLE, Rules, SearchAgain
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import Jobs
from autoresearch.engine.ports.repository import Evidence
from autoresearch.engine.runs.load import Loaded, nothing
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Position, RawEvent, Recorded
from autoresearch.events.errors import CorruptHistory
from autoresearch.events.log.read import read, record, unfinished
from autoresearch.projections.run_state import RunState


def audit(paths: RunPaths, *, git: Evidence, jobs: Jobs) -> tuple[Audit, Loaded]:
    """Check everything; return what came out, and the states at the end of what could be read.

    Raises:
        NotFound: the run has no history.
    """
    one = _Auditor(paths, git, jobs)
    try:
        loaded = one.read()
        return one.finish(loaded), loaded
    finally:
        one.close()


class _Auditor:
    """Shows each record to every check."""

    def __init__(self, paths: RunPaths, git: Evidence, jobs: Jobs) -> None:
        self._paths = paths
        self._records = Tally("history", "records, in order, chained, each as its schema says")
        self._rules = Rules()
        self._search = SearchAgain(git, self._rules.decisions)
        self._imported = Imported(paths, self._rules.transitions)
        self._views = ViewFiles(paths)  # before the history: it is ahead of them
        self._jobs = JobFiles(paths, jobs)
        self._files = LeftFiles(paths, jobs)
        self._git = git
        self._commits = Commits(git)
        self._heads = Heads(paths, git)
        self._fork = Fork(paths)

    def read(self) -> Loaded:
        """Read the history to its end, or to where it is damaged or of a later program."""
        loaded = nothing()
        try:
            for recorded in self._recorded():
                if isinstance(recorded.event, RawEvent):
                    what = f"{recorded.event.type} v{recorded.event.version}"
                    self._records.differ(
                        seq=recorded.seq,
                        field="type",
                        expected="an event that this program knows",
                        found=what,
                    )
                    break
                before, loaded = loaded, loaded.after(recorded)
                self._see(before, recorded, recorded.event, loaded)
        except CorruptHistory as error:
            self._records.differ(
                seq=loaded.position.seq + 1,
                line=error.line,
                field="record",
                expected=f"record {loaded.position.seq + 1}, as it was written",
                found=error.what,
            )
        return loaded

    def _recorded(self) -> Iterator[Recorded]:
        """Yield all records, also of a last write that lacks only its line end: views have seen it."""
        path, end = self._paths.history, Position.start()
        for recorded in read(path):
            end = Position(seq=recorded.seq, offset=recorded.end, hash=recorded.hash)
            yield recorded
        for line in unfinished(path, end):
            self._records.note = "the last one lacks its line end, which the next writer adds"
            yield record(path, line)

    def finish(self, loaded: Loaded) -> Audit:
        """Compare what can only be compared at the end."""
        end = loaded.position.seq
        stopped_early = bool(self._records.differences)
        tallies = [self._records, *self._rules.tallies]
        if not stopped_early:  # else the others would only say once more that the history ends too early
            self._rules.finish()
            self._views.finish(loaded)
            self._look_in_git(loaded.run, end)
            self._files.finish(loaded.run, end)
            self._imported.finish()
            self._fork.finish()
        tallies += [
            *self._views.tallies,
            self._commits.tally,
            self._heads.tally,
            self._jobs.tally,
            self._files.tally,
            *self._fork.tallies,
        ]
        if stopped_early:
            for one in tallies[1:]:
                one.note = f"only up to record {end}"
        return Audit(checks=tuple(self._with_line(one.check()) for one in tallies))

    def _look_in_git(self, run: RunState, end: int) -> None:
        own = RunRefs(run.run_id)
        refs = {
            ref: commit
            for ref, commit in (self._git.refs_below(own.prefix) if run.run_id else {}).items()
            if not ref.startswith(
                own.set_aside
            )  # of what a repair took away, which this history does not know
        }
        if run.base_commit:
            self._commits.finish(run, refs)
            self._heads.finish(run, tuple(refs), self._commits.named, end=end)
        elif run.run_id:  # whoever says that it was imported: a run that was made here has a base
            self._commits.imported(run, refs)

    def _with_line(self, check: Check) -> Check:
        """Add the line of the file to a difference that names a record: torn bytes have lines too."""
        first = check.first
        if first is None or first.line is not None or first.place != self._paths.history.name:
            return check
        record = next(read(self._paths.history, after=(first.seq or 1) - 1), None)
        if record is None:
            return check
        with self._paths.history.open("rb") as file:
            left, line = record.end, 0
            while left and (chunk := file.read(min(left, 2**20))):
                left, line = left - len(chunk), line + chunk.count(b"\n")
        return replace(check, first=replace(first, line=line))

    def close(self) -> None:
        """Close what was opened."""
        self._views.close()

    def _see(self, before: Loaded, recorded: Recorded, event: ev.Event, after: Loaded) -> None:
        self._records.count += 1
        self._imported.see(before.run, event, recorded)
        self._views.see(after, recorded)
        self._commits.see(event, recorded)
        self._fork.see(event, recorded)
        self._heads.see(event, recorded)
        if isinstance(event, ev.RunStarted):
            self._expect_own_id(event, recorded)
        try:
            self._judge(before, event, recorded)
        except IMPOSSIBLE as error:
            self._rules.impossible(recorded, error)

    def _judge(self, before: Loaded, event: ev.Event, recorded: Recorded) -> None:
        self._rules.see(before.run, event, recorded, search=self._search.of(before))
        self._jobs.see(before.run, event, recorded)
        self._files.see(before.run, event, recorded)

    def _expect_own_id(self, event: ev.RunStarted, recorded: Recorded) -> None:
        if event.run_id != self._paths.run_id:
            self._rules.transitions.differ(
                record=recorded, field="run_id", expected=self._paths.run_id, found=event.run_id
            )
