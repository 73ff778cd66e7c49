"""Read a foreign table of any columns into results: what is which is guessed, and can be said. Pure.

A status that only says that something was measured, or none, is judged as a run would be: better than all
before is kept. What cannot be read is named by line and column, and may be skipped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.imports import columns
from autoresearch.engine.imports.formats import Table, rows_of
from autoresearch.engine.imports.results_tsv import CONTROL, MOST_CHARACTERS, NO_COMMIT, Source, shown
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.redact import redact
from autoresearch.events.errors import InvalidInput, WayOut
from autoresearch.events.metric_spec import BITS_PER_BYTE, MetricSpec
from autoresearch.projections.results import COLUMNS, line_of
from autoresearch.projections.timeline import imported_row
from autoresearch.projections.words.times import counted


MIB = 1024.0
WAY_OUT = WayOut("mend_or_skip")


@frozen(kw_only=True)
class Wanted:
    """What the importer was told about a table."""

    columns: Mapping[str, str]  # what is read -> its column
    lower_is_better: bool | None = None  # None: it is guessed
    skip_bad: bool = False
    known: MetricSpec = MetricSpec()  # of the repository: a number of that name goes its way


def read_any(name: str, data: bytes, wanted: Wanted, *, secrets: Sequence[str] = ()) -> Source:
    """Return the rows of a table, with the metric that they are measured by.

    Raises:
        InvalidInput: it is of no form that is known, or a line cannot be read.
        UsageRefused: what was told does not fit its columns.
    """
    table = _with_its_word(rows_of(name, data))
    if not table.rows:
        raise InvalidInput(f"{name} has no rows", remedy="there is nothing to import")
    found = columns.mapping(table, wanted.columns)
    called = table.metric or columns.metric_name(found["metric"])
    rows, skipped = _read(name, table, found, wanted)
    if not rows:
        raise InvalidInput(f"{name}: no row of it can be read", remedy=WAY_OUT)
    metric = MetricSpec(name=called, lower_is_better=_direction(called, table, rows, wanted))
    clean = partial(redact, secrets=tuple(secrets))
    results = tuple(_results(table, rows, metric, clean))
    head = ev.RunImported(
        source=table.kind,
        name=name,
        sha256=sha256(data).hexdigest(),
        rows=len(results),
        began_at=None,
        left_out={},
        columns=found,
        skipped={str(line): clean(why) for line, why in sorted(skipped.items())},
    )
    return Source(head=head, results=results, branch=None, metric=metric)


def _with_its_word(table: Table) -> Table:
    """Return a table with what an export of ours says of its number: its name, and which way is better."""
    told = table.rows[0][1] if table.rows else {}
    name, lower = told.get("metric_name", ""), told.get("lower_is_better", "").lower()
    if not name or lower not in ("true", "false"):
        return table
    return replace(table, metric=name, lower_is_better=lower == "true")


@frozen(kw_only=True)
class _Row:
    line: int
    commit: str | None
    metric: float | None
    memory_gb: float | None
    said: columns.Said
    words: str  # as the status stood
    description: str
    cells: dict[str, str]


def _read(
    name: str, table: Table, found: Mapping[str, str], wanted: Wanted
) -> tuple[list[_Row], dict[int, str]]:
    rows, bad = [], dict(table.bad)
    for line, cells in table.rows:
        one = _row(line, cells, found)
        if isinstance(one, str):
            bad[line] = one
        else:
            rows.append(one)
    if bad and not wanted.skip_bad:
        line, why = min(bad.items())
        more = f" (and {counted(len(bad) - 1, 'line')} more cannot be read)" if len(bad) > 1 else ""
        raise InvalidInput(f"{name}:{line} has {why}{more}", remedy=WAY_OUT)
    return rows, bad


def _row(line: int, cells: dict[str, str], found: Mapping[str, str]) -> _Row | str:
    """Return a row, or what is wrong with it, and in which column."""
    if sum(map(len, cells.values())) > MOST_CHARACTERS:
        return f"more than {MOST_CHARACTERS} characters"
    cell = {role: cells.get(column, "") for role, column in found.items()}
    said = columns.status(cell.get("status", ""))
    if said is None:
        return f"the {found['status']} {shown(cell['status'])}; expected keep, discard, crash or the like"
    numbers: dict[str, float | None] = {}
    for role in ("metric", "memory"):
        try:
            numbers[role] = columns.number(cell.get(role, ""))
        except ValueError:
            return f"the {found[role]} {shown(cell[role])}; expected a number"
    metric, memory = numbers["metric"], numbers["memory"]
    if found["metric"] == BITS_PER_BYTE:
        metric = metric or None  # 0 is what tables say of no result
    if said == "keep" and metric is None:
        return f"a kept row without {found['metric']}; expected a number"
    if memory is not None and found.get("memory", "").endswith("mb"):
        memory /= MIB
    commit = "_".join(cell.get("commit", "").split())
    return _Row(
        line=line,
        commit=None if commit.lower() in columns.NOTHING or commit == NO_COMMIT else commit,
        metric=metric if said != "crash" else None,
        memory_gb=memory or None,
        said=said if metric is not None or said != "measured" else "crash",
        words=cell.get("status", "").strip(),
        description=CONTROL.sub(" ", cell.get("description", "")).strip(),
        cells=cells,
    )


def _direction(called: str, table: Table, rows: Sequence[_Row], wanted: Wanted) -> bool:
    if wanted.lower_is_better is not None:
        return wanted.lower_is_better
    if table.lower_is_better is not None:
        return table.lower_is_better
    if called == wanted.known.name:
        return wanted.known.lower_is_better
    kept = [one.metric for one in rows if one.said == "keep" and one.metric is not None]
    return columns.lower_is_better(called, kept)


def _results(
    table: Table, rows: Sequence[_Row], metric: MetricSpec, clean: Callable[[str], str]
) -> Iterator[ev.ResultImported]:
    ours = table.columns == (COLUMNS[0], metric.name, *COLUMNS[2:])  # then it comes back as it stood
    best: float | None = None
    begins_kept = rows[0].said in ("keep", "measured") or rows[0].description.lower().startswith("baseline")
    for iteration, one in enumerate(rows, start=0 if begins_kept else 1):
        better = one.metric is not None and (
            best is None or (one.metric < best if metric.lower_is_better else one.metric > best)
        )
        status = one.said if one.said != "measured" else "keep" if better else "discard"
        if status == "keep" and better:
            best = one.metric
        result = ev.ResultImported(
            iteration=iteration,
            commit=one.commit,
            metric=one.metric,
            memory_gb=one.memory_gb,
            status=status,
            description=clean(one.description),
            proposal=None,
            proposed_by=None,
            reason="",
            training_s=None,
            started_at=None,
            ended_at=None,
            log_tail="",
            as_given="",
        )
        line = clean("\t".join(one.cells.values())) if ours else ""
        same = not ours or CONTROL.search(line) or line_of(imported_row(result)) == line
        yield result if same else replace(result, as_given=line)
