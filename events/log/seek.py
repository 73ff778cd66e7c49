"""Where in a history a record begins, found without reading all of it: by halving, or from the end.

A place counts only where two records meet there of which the later continues the chain of the earlier, and
neither is of a batch. Bytes that were closed off hold no such pair: of a write that a crash cut, no single
record is whole, and what was withdrawn is one write. Who reads on from there checks the chain from there on.
"""

import os
import re
from pathlib import Path
from typing import BinaryIO

from autoresearch.events.codec import HASH, MAX_LINE, Position, chained


_PROBE = 2**16  # bytes: some hundred records
_SINGLE = re.compile(rb'{"seq":(\d{1,18}),"type":')


def position_before(path: Path, seq: int) -> Position:
    """Return a proved position before record `seq`, as near as is cheap; the start where none is."""
    best, low, high = Position.start(), 0, os.stat(path).st_size  # noqa: PTH116 - as the writer does
    with path.open("rb") as file:
        while high - low > _PROBE:
            middle = (low + high) // 2
            found = _meeting(file, middle, high)
            if found is not None and found.seq < seq:
                low, best = found.offset, found
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
    """Return the first place between two bytes at which two records of the chain meet."""
    file.seek(begin)
    file.readline(MAX_LINE)
    before: tuple[int, str] | None = None
    while (offset := file.tell()) < high and (raw := file.readline(MAX_LINE)):
        if before is not None and chained(raw, seq=before[0] + 1, prev=before[1]) and _SINGLE.match(raw):
            return Position(seq=before[0], offset=offset, hash=before[1])
        named = _SINGLE.match(raw)
        before = None if named is None else (int(named[1]), raw[HASH].decode("latin-1"))
    return None
