"""The records of `history --jsonl`: the very bytes that are stored, which are JSON already."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from autoresearch.events.codec import MAX_LINE, Recorded


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
