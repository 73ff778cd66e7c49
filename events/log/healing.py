"""What a writer appends behind a torn end, so that the history goes on and says what happened.

Computes the bytes only; events/log/append.py writes them.
"""

import os
from hashlib import sha256

from autoresearch.events.catalog import TailHealed
from autoresearch.events.encoding.codec import (
    MAX_LINE,
    Line,
    Position,
    chain,
    chained,
    envelope,
    payload,
    tx_of,
)


_CHUNK = 2**20
_MOST = 2**25  # bytes: no unfinished write is longer


def finished_lines(fd: int, head: Position, size: int) -> list[Line]:
    """Return the lines after `head` if they are a whole write that lacks only its last line end."""
    if not size - head.offset <= _MOST:
        return []
    torn = _read(fd, head.offset, size)
    if torn.endswith(b"\n"):
        return []
    found: list[Line] = []
    seq, prev, end = head.seq, head.hash, head.offset
    parts = torn.split(b"\n")
    for index, part in enumerate(parts):
        raw = part + b"\n"
        digest = chained(raw, seq=seq + 1, prev=prev) if len(raw) <= MAX_LINE else None
        if digest is None or (tx_of(raw) or (0, 1)) != (index, len(parts)):
            return []
        seq, prev, end = seq + 1, digest, end + len(raw)
        found.append((seq, raw, end, digest))
    return found


def healing(fd: int, begin: Position, *, finishes: bool, at: str) -> tuple[bytes, Position]:
    """Return what closes off all bytes after `begin`, and the position behind it.

    With `finishes`, a record that lacks only its line end stands before `begin`, and gets it. Otherwise
    torn bytes get a blank too, so that a record among them can never become whole.
    """
    size = os.fstat(fd).st_size
    ended = size == 0 or os.pread(fd, 1, size - 1) == b"\n"
    gap = b"" if ended else b"\n" if finishes else b" \n"
    digest = sha256()
    for offset in range(begin.offset, size, _CHUNK):
        digest.update(_read(fd, offset, min(offset + _CHUNK, size)))
    end = size + len(gap)
    if not finishes:
        digest.update(gap)
    event = TailHealed(offset=begin.offset, bytes=end - begin.offset, sha256=digest.hexdigest())
    after = Position(seq=begin.seq, offset=end, hash=begin.hash)
    ((seq, raw, end, hash_),) = chain([payload(event)], envelope(at=at, by=b'"log"'), after=after)
    return gap + raw, Position(seq=seq, offset=end, hash=hash_)


def _read(fd: int, begin: int, end: int) -> bytes:
    parts = []
    while begin < end and (part := os.pread(fd, end - begin, begin)):
        parts.append(part)
        begin += len(part)
    return b"".join(parts)
