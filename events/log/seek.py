"""Where in a history a record begins, found without reading all of it: by halving, or from the end.

A place counts only where two records meet there of which the later continues the chain of the earlier, and
neither is of a batch. Bytes that were closed off hold no such pair: of a write that a crash cut, no single
record is whole, and what was withdrawn is one write. Who reads on from there checks the chain from there on.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from autoresearch.events.encoding.codec import HASH, MAX_LINE, Position, chained


_PROBE = 2**16  # bytes: some hundred records
_SINGLE = re.compile(rb'{"seq":(\d{1,18}),"type":')


def position_before(path: Path, seq: int) -> Position:
    """Return a proved position before record `seq`, as near as is cheap; the start where none is."""
    return position_by(path, lambda line: _seq_of(line) < seq)


def position_by(path: Path, is_before: Callable[[bytes], bool | None]) -> Position:
    """Return a proved position before all that is wanted, as near as is cheap; the start where none is.

    `is_before` says of a line whether what is wanted comes behind it; None: it cannot be told from this line.
    Lines that tell must be in order: none that is before stands behind one that is not.
    """
    best, low, high = Position.start(), 0, os.stat(path).st_size  # noqa: PTH116 - as the writer does
    with path.open("rb") as file:
        while high - low > _PROBE:
            middle = (low + high) // 2
            found = _meeting(file, middle, high)
            told = _tells(file, high, is_before) if found is not None else None
            if found is not None and told is not None:
                low, best = max(told, found.offset), found
            else:
                high = middle
    return best


def has_record(path: Path, hash_: str) -> bool:
    """Say whether a record with this hash is in the file, be it that its writer withdrew it."""
    wanted = b',"h":"%b"}' % hash_.encode()
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            begin = max(end - _PROBE, 0)
            file.seek(begin)
            if wanted in file.read(end - begin + len(wanted) - 1):
                return True
            end = begin
    return False


def _meeting(file: BinaryIO, begin: int, high: int) -> Position | None:
    """Return the first place between two bytes at which two records of the chain meet, and seek it."""
    file.seek(begin)
    file.readline(MAX_LINE)
    before: tuple[int, str] | None = None
    while (offset := file.tell()) < high and (raw := file.readline(MAX_LINE)):
        if before is not None and chained(raw, seq=before[0] + 1, prev=before[1]) and _SINGLE.match(raw):
            file.seek(offset)
            return Position(seq=before[0], offset=offset, hash=before[1])
        named = _SINGLE.match(raw)
        before = None if named is None else (int(named[1]), raw[HASH].decode("latin-1"))
    return None


def _tells(file: BinaryIO, high: int, is_before: Callable[[bytes], bool | None]) -> int | None:
    """Return where the next line that tells begins, if it is before what is wanted; else None."""
    while (offset := file.tell()) < high and (raw := file.readline(MAX_LINE)):
        told = is_before(raw)
        if told is not None:
            return offset if told else None
    return None


def _seq_of(line: bytes) -> int:
    named = _SINGLE.match(line)
    assert named is not None  # two records meet before it
    return int(named[1])
