"""All runs of some repositories as tables that DuckDB queries: runs, experiments, events. Reads only."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load
from autoresearch.engine.system.version import adds
from autoresearch.events.encoding.codec import Position
from autoresearch.events.errors import AutoresearchError, InvalidInput, NotFound
from autoresearch.events.log.read import lines
from autoresearch.workflows.api.experiments import COLUMNS, experiment
from autoresearch.workflows.api.runs import FIELDS, run_object


if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NUMBERS = {
    **dict.fromkeys(("best_metric", "baseline_metric"), "DOUBLE"),
    **dict.fromkeys(("best_val_bpb", "baseline_val_bpb", "metric", "memory_gb", "seconds"), "DOUBLE"),
    **dict.fromkeys(("gain", "half_width", "cpu_seconds", "probability", "shrunk", "cost_usd"), "DOUBLE"),
    **dict.fromkeys(("fresh_gain", "fresh_half_width"), "DOUBLE"),
    **dict.fromkeys(("iterations_completed", "loops_left"), "BIGINT"),
    **dict.fromkeys(("iteration", "pairs", "comparisons", "unpriced", "fresh_seeds"), "BIGINT"),
    **dict.fromkeys(("started_at", "closed_at"), "TIMESTAMPTZ"),
}
RUNS = {name: NUMBERS.get(name, "VARCHAR") for name in (*FIELDS, "started_at")} | {"metric": "VARCHAR"}
EXPERIMENTS = {
    "run_id": "VARCHAR",
    **{name: NUMBERS.get(name, "VARCHAR") for name in COLUMNS},
    "metrics": "JSON",
    "settings": "JSON",
}
EVENTS = {
    "run_id": "VARCHAR",
    "seq": "BIGINT",
    "at": "TIMESTAMPTZ",
    "type": "VARCHAR",
    "v": "BIGINT",
    "by": "VARCHAR",
    "data": "JSON",
}


@frozen(kw_only=True)
class Answer:
    """What a query gave."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]  # Any: whatever SQL makes


def query(runs: Iterable[RunPaths], sql: str, *, left_out: Callable[[str], None]) -> Answer:
    """Answer a query over the tables of these runs; of a damaged one there is nothing, and that is told.

    Raises:
        NotFound: duckdb is not installed.
        InvalidInput: DuckDB does not take the query.
    """
    try:
        import duckdb  # noqa: PLC0415 - 66 MB, for this alone
    except ImportError as error:
        raise NotFound("sql needs duckdb", remedy=f"`{adds('sql')}` brings it") from error
    tables: dict[str, list[dict[str, Any]]] = {"runs": [], "experiments": [], "events": []}
    for paths in runs:
        try:
            rows = [{"run_id": paths.run_id} | experiment(row) for row in load(paths).timeline.rows]
            events = list(_events(paths))
        except AutoresearchError as error:
            left_out(f"{paths.run_id} is left out: {error}")
            continue
        tables["runs"].append(run_object(paths) | {"run_id": paths.run_id})  # as in the other tables
        tables["experiments"] += rows
        tables["events"] += events
    with duckdb.connect(":memory:") as connection:
        for name, columns in (("runs", RUNS), ("experiments", EXPERIMENTS), ("events", EVENTS)):
            _table(connection, name, columns, tables[name])
        try:
            found = connection.execute(sql)
            return Answer(columns=tuple(one[0] for one in found.description or ()), rows=found.fetchall())
        except duckdb.Error as error:
            raise InvalidInput(str(error), remedy="the tables are runs, experiments and events") from error


def _events(paths: RunPaths) -> Iterator[dict[str, Any]]:
    for _, raw, _, _ in lines(paths.history, Position.start()):
        said = json.loads(raw)
        yield {"run_id": paths.run_id} | {name: said[name] for name in EVENTS if name != "run_id"}


def _table(
    connection: "DuckDBPyConnection", name: str, columns: dict[str, str], rows: list[dict[str, Any]]
) -> None:
    """Make a table; DuckDB reads a file of lines ten times as fast as it takes rows."""
    wanted = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    connection.execute(f"CREATE TABLE {name} ({wanted})")
    if not rows:
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        with file.open("w") as out:
            out.writelines(json.dumps(row) + "\n" for row in rows)
        connection.execute(
            f"INSERT INTO {name} SELECT * FROM read_json(?, format='newline_delimited', columns=$2,"  # noqa: S608 - our names
            " maximum_object_size=33554432)".replace("?", "$1"),
            [str(file), columns],
        )
