"""The objects of `history` and `logs`: records as they are stored, and the end of what a job printed."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autoresearch.engine.paths import JobPaths, RunPaths
from autoresearch.events.encoding.codec import MAX_LINE, Recorded
from autoresearch.workflows.api.envelope import document


def with_beginnings(records: Iterable[Recorded]) -> Iterator[tuple[Recorded, int]]:
    """Pair each record with where its bytes begin at the earliest."""
    begin = 0
    for recorded in records:
        yield recorded, begin
        begin = recorded.end


def stored_line(path: Path, begin: int, end: int) -> str:
    """Return the record that ends at `end` as it is stored, without its line end."""
    with path.open("rb") as file:
        file.seek(max(begin, end - MAX_LINE))
        raw = file.read(end - file.tell())
    # What was closed off by a TailHealed stands before it, on lines of its own.
    return raw.removesuffix(b"\n").rpartition(b"\n")[2].decode()


def history_object(
    paths: RunPaths, found: Iterable[tuple[Recorded, int]], earlier: int
) -> dict[str, Any]:  # Any: it is JSON
    """Return events as they are stored, and how many of those asked for stand before them."""
    events = [json.loads(stored_line(paths.history, begin, one.end)) for one, begin in found]
    return document("history", run_id=paths.run_id, earlier=earlier, events=events)


def log_object(run_id: str, job: JobPaths, *, begin: int, text: str) -> dict[str, Any]:  # Any: it is JSON
    """Return the end of what a job printed, and how many bytes stand before it."""
    step, _, number = job.folder.name.partition(".")
    return document(
        "logs",
        run_id=run_id,
        iteration=int(job.folder.parent.name),
        step=step,
        number=int(number),
        path=str(job.output),
        bytes_before=begin,
        text=text,
    )
