"""What is whole of a damaged history, copied into a new one; the damaged file itself is only ever read.

A repair of a run (engine/control/repair.py) puts the new one into its place.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from attrs import frozen

from autoresearch.events.encoding.codec import Position
from autoresearch.events.errors import CorruptHistory
from autoresearch.events.files import write_all
from autoresearch.events.log.read import lines, opened, position_of, record, size_of
from autoresearch.events.log.verify import checked


_CHUNK = 2**20  # bytes


@frozen(kw_only=True)
class Rest:
    """The bytes of a history behind what is whole."""

    bytes: int
    lines: int
    sha256: str


def whole_part(path: Path) -> tuple[Position, CorruptHistory | None]:
    """Return where the whole part of a history ends, and what is wrong behind it; None where nothing is.

    A torn end is nothing wrong: the next writer closes it off.

    Raises:
        NotFound, CorruptHistory: there is no file that could be read.
    """
    end = Position.start()
    try:
        for line in lines(path, end):
            record(path, line)
            end = position_of(line)
    except CorruptHistory as error:
        if error.line is None:
            raise
        return _before(path, error.offset), error
    return end, None


def rest(path: Path, whole: Position) -> Rest:
    """Return what is behind the whole part."""
    digest, count, size = sha256(), 0, 0
    for chunk in _chunks(path, whole.offset, path.stat().st_size):
        digest.update(chunk)
        count += chunk.count(b"\n")
        size += len(chunk)
    return Rest(bytes=size, lines=count, sha256=digest.hexdigest())


def copy_whole_part(path: Path, whole: Position, draft: Path) -> None:
    """Write a history that is the whole part of another one, and bring it to the disk."""
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        for chunk in _chunks(path, 0, whole.offset):
            write_all(fd, chunk)
        os.fsync(fd)
    finally:
        os.close(fd)


def _before(path: Path, offset: int) -> Position:
    """Return where the last write ends that is whole before a byte at which something is wrong."""
    end = Position.start()
    with opened(path) as file:
        for block in checked(file, end, min(offset, size_of(file))):
            end = block.end
    return end


def _chunks(path: Path, begin: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(begin)
        while begin < end and (chunk := file.read(min(_CHUNK, end - begin))):
            yield chunk
            begin += len(chunk)
