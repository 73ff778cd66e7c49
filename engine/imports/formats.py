"""Rows of what other programs export: tables with tabs or commas, JSON, JSON lines, Optuna's database. Pure.

A row is its line, or its place, and what stands in each column as text; nested JSON has dotted names.
"""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Literal

from attrs import field, frozen

from autoresearch.events.errors import InvalidInput


SQLITE = b"SQLite format 3\x00"
FORMATS = "a table with tabs or commas, JSON, JSON lines, or Optuna's database"

Kind = Literal["table", "pi", "optuna"]


@frozen(kw_only=True)
class Table:
    """Rows with their columns; `metric` and `lower_is_better` are what the source itself says."""

    kind: Kind
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]  # line, and what stands there by column
    bad: dict[int, str] = field(factory=dict)  # lines that are no rows, and why
    metric: str = ""
    lower_is_better: bool | None = None


def rows_of(name: str, data: bytes) -> Table:
    """Return the rows of a file.

    Raises:
        InvalidInput: it is of no form that is known.
    """
    if data.startswith(SQLITE):
        return _optuna(name, data)
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"{name}:{line} is not UTF-8", remedy=f"give {FORMATS}") from error
    first = text.lstrip()[:1]
    if first == "[":
        return _array(name, text)
    if first == "{":
        own = _own_experiments(text)
        return _json_lines(text) if own is None else _objects(own)
    return _separated(name, text)


def _separated(name: str, text: str) -> Table:
    head = next((line for line in text.splitlines() if line.strip()), "")
    if "\t" not in head and "," not in head:
        raise InvalidInput(f"{name}:1 has no columns", remedy=f"give {FORMATS}")
    if "\t" in head:  # a quote means nothing there
        reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(io.StringIO(text, newline=""))
    columns: list[str] = []
    rows, bad = [], {}
    try:
        for fields in reader:
            if not any(one.strip() for one in fields):
                continue
            if not columns:
                columns = [one.strip() for one in fields]
            elif len(fields) != len(columns):
                bad[reader.line_num] = f"{len(fields)} fields; expected {len(columns)}"
            else:
                rows.append((reader.line_num, dict(zip(columns, fields, strict=True))))
    except csv.Error as error:
        raise InvalidInput(
            f"{name}:{reader.line_num} cannot be read: {error}", remedy=f"give {FORMATS}"
        ) from error
    return Table(kind="table", columns=tuple(columns), rows=tuple(rows), bad=bad)


def _json_lines(text: str) -> Table:
    """Return the rows of JSON lines; one of type `config` names the number, as pi's extension has it."""
    rows, bad = [], {}
    metric, lower, kind = "", None, "table"
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            bad[number] = "no JSON object"
        elif value.get("type") == "config":
            kind, metric = "pi", str(value.get("metricName") or "metric")
            lower = value.get("bestDirection", "lower") != "higher"
        else:
            rows.append((number, dict(_flat("", value))))
    columns = dict.fromkeys(name for _, row in rows for name in row)
    return Table(
        kind="pi" if kind == "pi" else "table",
        columns=tuple(columns),
        rows=tuple(rows),
        bad=bad,
        metric=metric,
        lower_is_better=lower,
    )


def _array(name: str, text: str) -> Table:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name} is no JSON: {error}", remedy=f"give {FORMATS}") from error
    return _objects(value)


def _own_experiments(text: str) -> list[Any] | None:
    """Return the rows of what `experiments --json` printed; None where it is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    rows = value.get("experiments")
    is_own = str(value.get("schema")).startswith("autoresearch.experiments/")
    return rows if is_own and isinstance(rows, list) else None


def _objects(value: list[Any]) -> Table:
    rows = [
        (number, dict(_flat("", one))) for number, one in enumerate(value, start=1) if isinstance(one, dict)
    ]
    bad = {number: "no JSON object" for number, one in enumerate(value, start=1) if not isinstance(one, dict)}
    columns = dict.fromkeys(column for _, row in rows for column in row)
    return Table(kind="table", columns=tuple(columns), rows=tuple(rows), bad=bad)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - what JSON holds
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner)
    elif value is None:
        yield name, ""
    else:
        yield name, value if isinstance(value, str) else json.dumps(value)


TRIALS = """
SELECT t.number, t.state, t.datetime_start, t.datetime_complete, v.value,
       (SELECT group_concat(p.param_name || '=' || p.param_value, ', ')
        FROM trial_params p WHERE p.trial_id = t.trial_id)
FROM trials t LEFT JOIN trial_values v ON v.trial_id = t.trial_id AND v.objective = 0
WHERE t.study_id = ? ORDER BY t.number
"""


def _optuna(name: str, data: bytes) -> Table:
    """Return the trials of the first study of a database."""
    import sqlite3  # noqa: PLC0415 - for this form alone

    with closing(sqlite3.connect(":memory:")) as base:
        try:
            base.deserialize(data)
            study, direction = base.execute(
                "SELECT s.study_id, d.direction FROM studies s JOIN study_directions d USING (study_id)"
                " WHERE d.objective = 0 ORDER BY s.study_id"
            ).fetchone()
            found = base.execute(TRIALS, (study,)).fetchall()
        except (sqlite3.Error, TypeError) as error:
            raise InvalidInput(
                f"{name} is no database of Optuna: {error}", remedy=f"give {FORMATS}"
            ) from error
    columns = ("number", "state", "datetime_start", "datetime_complete", "value", "params")
    rows = [
        (one[0] + 1, {c: "" if v is None else str(v) for c, v in zip(columns, one, strict=True)})
        for one in found
    ]
    return Table(
        kind="optuna",
        columns=columns,
        rows=tuple(rows),
        metric="value",
        lower_is_better=direction != "MAXIMIZE",
    )
