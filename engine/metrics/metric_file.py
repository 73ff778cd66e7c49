"""The metric in a file that a training wrote: taken into its job's folder once it has ended, and read there.

What is taken is what the number is read from, so that it can be read again when the checkout is gone: of a
long file of lines the first one and the end. A file that stood there before the training is none of its.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from attrs import frozen

from autoresearch.engine.metrics.by_name import value_at
from autoresearch.engine.paths import JobPaths
from autoresearch.engine.system.foreign_files import tail_of
from autoresearch.events.files import write_atomic
from autoresearch.events.metric_spec import MetricSpec


_WHOLE = 2**20  # bytes; a longer file of lines is cut, a longer object is none
_TAIL = 64 * 2**10


@frozen(kw_only=True)
class InFile:
    """What a file says: the number as a text, or else which keys it has."""

    text: str | None
    keys: str = ""  # the paths, in a line
    paths: tuple[str, ...] = ()  # of all values, those within objects too: `val.loss`


def take(spec: MetricSpec, checkout: Path, job: JobPaths, began: str) -> None:
    """Copy the file of a training that has ended into its folder; done twice, the first time counts."""
    if not spec.file or job.metric.exists():
        return
    try:
        since = datetime.fromisoformat(began).timestamp()
        written = (path for path in (checkout / spec.file, job.folder / spec.file) if path.is_file())
        fresh = [path for path in written if path.stat().st_mtime >= since]
        if fresh:
            write_atomic(job.metric, _end(max(fresh, key=lambda path: path.stat().st_mtime)), sync=False)
    except (OSError, ValueError):
        return


def read(spec: MetricSpec, name: str, taken: bytes) -> InFile:
    """Return what a taken file gives for a name: the metric's is under its key."""
    key = (spec.key or name) if name == spec.name else name
    text = taken.decode("utf-8-sig", errors="replace")
    told = _row(text) if spec.file.endswith(".csv") else _object(text, lines=spec.file.endswith(".jsonl"))
    if not isinstance(told, dict):
        return InFile(text=None)
    paths = tuple(_paths(told))
    return InFile(text=value_at(told, key), keys=", ".join(paths)[:200], paths=paths)


def _paths(told: Mapping[str, object], above: str = "") -> Iterator[str]:
    """Yield the path of each value: its key, with those of the objects around it and dots between."""
    for key, value in told.items():
        if isinstance(value, dict) and value:
            yield from _paths(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def _end(path: Path) -> bytes:
    if path.stat().st_size <= _WHOLE:
        return path.read_bytes()
    with path.open("rb") as file:
        first = file.readline(_TAIL)
    return first + tail_of(path, _TAIL).partition(b"\n")[2]


def _object(text: str, *, lines: bool) -> object:
    """Return the object that a text is, the last of a list, or of the whole lines."""
    try:
        last = next(line for line in reversed(text.splitlines()) if line.strip())
        told = json.loads(last if lines else text)
    except (ValueError, RecursionError, StopIteration):
        return None
    return told[-1] if isinstance(told, list) and told else told


def _row(text: str) -> dict[str, str] | None:
    """Return the last row of a table by its first one, whatever parts the cells."""
    import csv  # noqa: PLC0415 - 5 ms, for those whose metric stands in a table

    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:  # noqa: PLR2004 - a header and a row
        return None
    parts = max("\t;,", key=lines[0].count)
    head, last = (
        next(csv.reader([line], delimiter=parts, skipinitialspace=True), []) for line in (lines[0], lines[-1])
    )
    return dict(zip((name.strip() for name in head), last, strict=True)) if len(head) == len(last) else None
