"""Reading a history: every line's hash and place are checked before anybody sees its event.

Never writes and takes no lock; events/log/verify.py checks. A last write that is not whole was never
acknowledged, so readers stop before it; bytes that a TailHealed closed off are skipped, if they are exactly
those; anything else that does not fit is `CorruptHistory`. events/log/damage.py tells these apart.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from autoresearch.events.encoding.codec import HASH, Line, Position, Recorded, parse
from autoresearch.events.errors import CorruptHistory, NotFound, WayOut
from autoresearch.events.log import damage
from autoresearch.events.log.healing import finished_lines
from autoresearch.events.log.verify import Block, block_of, checked


_BUFFER = 2**16  # bytes


def read(
    path: Path, after: int = 0, upto: int | None = None, *, since: Position | None = None
) -> Iterator[Recorded]:
    """Yield the records with `after < seq <= upto`, as the history stood when reading began.

    From the first byte, or from the position `since`, which must be of this history (see `holds`).

    Raises:
        NotFound: there is no such file.
        CorruptHistory: it is damaged before its last line; names the file and the line.
        PositionVoided: the record at `since` was withdrawn by its writer.
    """
    for line in lines(path, since or Position.start()):
        if upto is not None and line[0] > upto:
            return
        if line[0] > after:
            yield record(path, line)


def verify(path: Path) -> Position:
    """Check every line and every event of a history; return where it ends.

    Raises:
        NotFound, CorruptHistory: as `read` does.
    """
    position = Position.start()
    for line in lines(path, position):
        record(path, line)
        position = position_of(line)
    return position


def holds(path: Path, position: Position) -> bool:
    """Say whether a position, of a snapshot for example, is one of this history as it stands."""
    if not contains(path, position):
        return False
    with opened(path) as file:
        return damage.withdrawal_behind(file, position.offset, size_of(file)) is None


def contains(path: Path, position: Position) -> bool:
    """Say whether the record before a position is in the file, be it that its writer withdrew it later."""
    try:
        with opened(path) as file:
            return damage.is_end_of_record(file, position.offset, position.hash)
    except NotFound:
        return False


def unfinished(path: Path, after: Position) -> list[Line]:
    """Return the lines of a last write that lacks only its line end, which the next writer adds."""
    with opened(path) as file:
        return finished_lines(file.fileno(), after, size_of(file))


def record(path: Path, line: Line) -> Recorded:
    """Parse a line that was found right.

    Raises:
        CorruptHistory: it holds no event, or one with wrong fields.
    """
    seq, raw, end, _ = line
    try:
        return parse(raw, seq=seq, end=end)
    except CorruptHistory as error:
        with opened(path) as file:
            raise damage.corrupt(file, end - len(raw), error.what) from error


def position_of(line: Line) -> Position:
    """Return the place after a line."""
    return Position(seq=line[0], offset=line[2], hash=line[3])


def lines(path: Path, since: Position) -> Iterator[Line]:
    """Yield the lines after a position, checked; those of a batch only once it is whole."""
    for block in blocks(path, since):
        seq, end = block.begin.seq, block.begin.offset
        for raw in block.lines:
            seq += 1
            end += len(raw)
            yield seq, raw, end, raw[HASH].decode()


def blocks(path: Path, since: Position, *, upto: int | None = None) -> Iterator[Block]:
    """Yield the whole writes after a position, checked, many at a time: for who reads millions.

    With `upto`, lines of later records are left out, also in the middle of a write.

    Raises:
        NotFound, CorruptHistory, PositionVoided: as `read` does.
    """
    with opened(path) as file:
        if not damage.is_end_of_record(file, since.offset, since.hash):
            raise CorruptHistory(
                f"{path} has no record {since.seq} that ends at byte {since.offset}: it was cut or rewritten",
                remedy=damage.way_out(str(path)),
            )
        for block in checked(file, since, size_of(file)):
            if upto is not None and block.end.seq > upto:
                if block.begin.seq < upto:
                    yield block_of(block.begin, block.lines[: upto - block.begin.seq])
                return
            yield block


def opened(path: Path) -> BinaryIO:
    """Open a history for reading; whoever calls closes it.

    Raises:
        NotFound: there is no such file.
        CorruptHistory: something that is no file stands in its place.
    """
    try:
        file = open(path, "rb", buffering=_BUFFER, opener=_without_waiting)  # noqa: SIM115 - Path.open has no opener
    except FileNotFoundError as error:
        raise NotFound(f"{path} does not exist", remedy=WayOut("runs")) from error
    except IsADirectoryError as error:
        raise _no_file(path) from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise _no_file(path)
    return file


def size_of(file: BinaryIO) -> int:
    """Return how many bytes a history has now."""
    return file.seek(0, 2)


def _without_waiting(path: str, flags: int) -> int:
    """Open a path; a pipe in its place is not waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def _no_file(path: Path) -> CorruptHistory:
    return CorruptHistory(
        f"{path} is no file that can be read: something else stands in its place",
        remedy="move that away, and restore the file from a copy; nothing was changed",
    )
