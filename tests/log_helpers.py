"""What the tests of the log share: a small set of events, and ways to spoil a file."""

from pathlib import Path
from typing import Any

from autoresearch.events.catalog import NoteAdded, RunPaused, StopRequested, TailHealed
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import why


AT = "2026-03-08T21:04:05.123Z"
FILLS = (b"", b"\0" * 700, bytes((7 * i + 3) % 256 for i in range(300)))  # nothing, zeros, noise


def put(path: Path, content: bytes) -> None:
    """Let this be all that a file has; not by `write_bytes`: ext4 syncs what is emptied first, 2 ms each."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(content)
        file.truncate()


def note(text: object) -> NoteAdded:
    """Make an event that can be told from others."""
    return NoteAdded(text=str(text))


def open_log(path: Path, **options: Any) -> EventLog:
    """Open a history without waiting for the disk, at a fixed time."""
    return EventLog(path, **{"durability": "off", "clock": lambda: AT, **options})


def build(path: Path) -> bytes:
    """Write a history of single records, a batch, a healed tail and a keyed record; return its bytes."""
    with open_log(path) as log:
        log.append([note("one")], by="a")
        log.append([note("two"), StopRequested(now=True), note("four")], by="b")
        with path.open("ab") as file:
            file.write(b'{"seq":5,"type":"No\n\0')
        log.append([note("six")], by="a", key="k")
        log.append([RunPaused(reason=why("human", "r")), note("eight")], by="b")
    return path.read_bytes()


def events_of(path: Path) -> list[Any]:
    """Return the events of a history in order, without what the log itself recorded."""
    return [one.event for one in read(path) if not isinstance(one.event, TailHealed)]


def seqs_of(path: Path) -> list[int]:
    """Return the numbers of the records."""
    return [one.seq for one in read(path)]
