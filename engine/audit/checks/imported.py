"""An imported run beside a copy of what it was read from: what that says is what the history must say."""

from attrs import fields

from autoresearch.engine.audit.report import Tally
from autoresearch.engine.imports import results_tsv, single_file_runner
from autoresearch.engine.imports.any_table import Wanted, read_any
from autoresearch.engine.paths import RunPaths
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.encoding.redact import MARK
from autoresearch.events.errors import InvalidInput
from autoresearch.projections.run_state import RunState


_WORDS = ("description", "reason", "proposal", "log_tail", "as_given")  # which may be redacted


class Imported:
    """Compares the results of an imported run with the table, or the folder, that they were read from."""

    def __init__(self, paths: RunPaths, tally: Tally) -> None:
        """Take the check that it is a part of: most runs were not imported."""
        self._tally = tally
        self._paths = paths
        self._head: tuple[Recorded, ev.RunImported] | None = None
        self._lower = True
        self._results: list[tuple[Recorded, ev.ResultImported]] = []

    def see(self, before: RunState, event: ev.Event, recorded: Recorded) -> None:
        """Take note of a result of another program, in a run of such results alone."""
        if before.base_commit:
            return
        if isinstance(event, ev.RunImported):
            self._head, self._lower = (recorded, event), before.config.metric.lower_is_better
        if isinstance(event, ev.ResultImported):
            self._results.append((recorded, event))

    def finish(self) -> None:
        """Read the source again."""
        if self._head is None:
            return
        record, head = self._head
        found = self._source(record, head)
        if found is None:
            return
        for name in ("sha256", "rows", "began_at", "left_out", "columns", "skipped"):
            self._same(record, name, getattr(found.head, name), getattr(head, name))
        self._same(record, "rows", len(found.results), len(self._results))
        for wanted, (recorded, event) in zip(found.results, self._results, strict=False):
            for one in fields(ev.ResultImported):
                expected, said = getattr(wanted, one.name), getattr(event, one.name)
                if one.name not in _WORDS or MARK not in f"{said}{expected}":
                    self._same(recorded, one.name, expected, said)

    def _source(self, record: Recorded, head: ev.RunImported) -> results_tsv.Source | None:
        copies = {path.name: path for path in (self._paths.imported.glob("*"))}
        table = copies.get(head.name) if head.source != "single-file-runner" else None
        history, state = (copies.get(one) for one in (single_file_runner.HISTORY, single_file_runner.STATE))
        try:
            if table is not None:
                return self._table(head, table.read_bytes())
            if head.source == "single-file-runner" and history is not None and state is not None:
                return single_file_runner.read_folder(head.name, history.read_bytes(), state.read_bytes())
        except InvalidInput as error:
            self._tally.differ(record=record, field="source", expected="what can be read", found=str(error))
            return None
        self._tally.miss("source_gone", self._paths.imported.relative_to(self._paths.folder), seq=record.seq)
        return None

    def _table(self, head: ev.RunImported, content: bytes) -> results_tsv.Source:
        if not head.columns:
            return results_tsv.read_table(head.name, content)
        told = Wanted(columns=head.columns, lower_is_better=self._lower, skip_bad=bool(head.skipped))
        return read_any(head.name, content, told)

    def _same(self, record: Recorded, field: str, expected: object, found: object) -> None:
        self._tally.count += 1
        if expected != found:
            self._tally.differ(record=record, field=field, expected=expected, found=found)
