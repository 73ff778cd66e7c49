"""Every line of a history checked against the one before, write by write; damage.py judges what does not fit.

Two gears: `_straight` takes whole chunks of lines that all fit, which is all of a healthy history (1.3 us a
line of 680 bytes, 0.4 of it sha256; 2026-11); `_careful` takes over where a line does not, and hands back
when the trouble is behind. Both hold a write back until the next one was seen, since a TailHealed right
behind may withdraw it. Knows nothing of what the lines say.
"""

from collections.abc import Generator, Iterator
from hashlib import sha256
from typing import BinaryIO, NamedTuple

from attrs import define

from autoresearch.events.encoding.codec import HASH, MAX_LINE, TAIL_BYTES, Line, Position, tx_of
from autoresearch.events.log import damage


_CHUNK = 2**16  # bytes; with larger ones the lines leave the processor's cache before they are parsed
_IN_BATCH = b"x"  # of `{"seq":N,"tx"`, where a single line has the `y` of `"type"`


class Block(NamedTuple):
    """Whole writes that follow one another without a gap, as lines."""

    begin: Position
    lines: list[bytes]
    end: Position


def checked(file: BinaryIO, since: Position, limit: int) -> Iterator[Block]:
    """Yield the writes after a position and before byte `limit`, checked.

    Raises:
        CorruptHistory: a line does not fit, and no crash explains it.
        PositionVoided: the write that ends at `since` was withdrawn.
    """
    at: Position | None = since
    while at is not None:
        at = yield from _straight(file, at, limit)
        if at is not None:
            at = yield from _careful(file, at, limit)


def block_of(begin: Position, lines: list[bytes]) -> Block:
    """Return the block of these lines, which follow one another from `begin` on."""
    end = Position(
        seq=begin.seq + len(lines),
        offset=begin.offset + sum(map(len, lines)),
        hash=lines[-1][HASH].decode(),
    )
    return Block(begin, lines, end)


def following(raw: bytes, since: Position) -> list[bytes]:
    """Return the lines that a few bytes right behind a position are, if all are whole writes that fit.

    Nothing where they are not, which says nothing yet of what they are: `checked` tells.
    """
    lines = raw.splitlines(keepends=True)  # JSON escapes all other line ends: a line with one would not fit
    cursor = _Cursor(since=since.seq, seq=since.seq, prev=since.hash.encode())
    return lines if _fit(lines, cursor) == len(lines) and not cursor.size else []


@define
class _Cursor:
    """Where the next line belongs, and how far the batch is that it may belong to."""

    since: int  # seq where reading began: a batch may have begun before
    seq: int
    prev: bytes
    done: int = 0  # lines of an unfinished batch
    size: int = 0  # of that batch; 0: none is unfinished


def _straight(file: BinaryIO, since: Position, limit: int) -> Generator[Block, None, Position | None]:
    """Yield writes while all fits; return where the held one begins if something does not, else None."""
    cursor = _Cursor(since=since.seq, seq=since.seq, prev=since.hash.encode())
    held, held_at = list[bytes](), since
    file.seek(since.offset)
    left = limit - since.offset
    while left > 0 and (lines := _some_lines(file, min(_CHUNK, left))):
        left -= sum(map(len, lines))
        good = _fit(lines, cursor) if left >= 0 else 0  # beyond the limit somebody writes just now
        held += lines[:good]
        begin = _last_write(held, cursor.done)
        if begin:
            block = block_of(held_at, held[:begin])
            yield block
            held, held_at = held[begin:], block.end
        if good < len(lines):
            return held_at
    if cursor.size:
        return held_at
    if held:
        yield block_of(held_at, held)
    return None


def _some_lines(file: BinaryIO, size: int) -> list[bytes]:
    """Read so many bytes and on to the end of the line, but no line that is too long to be ours."""
    raw = file.read(size)
    if raw[-1:] != b"\n":
        raw += file.readline(MAX_LINE)
    return raw.splitlines(keepends=True)  # JSON escapes all other line ends: a line with one does not fit


def _fit(lines: list[bytes], cursor: _Cursor) -> int:
    """Go past the lines that fit, and return how many did.

    Their numbers are not read here, since the hash covers them: who parses a line sees that it is right.
    """
    seq, prev, done, size = cursor.seq, cursor.prev, cursor.done, cursor.size
    digits = len(str(seq + 1))
    more_digits_at = 10**digits
    good = 0
    for raw in lines:
        seq += 1
        if seq == more_digits_at:
            digits, more_digits_at = digits + 1, 10 * more_digits_at
        stored = sha256(prev + raw[:-TAIL_BYTES]).hexdigest().encode()
        if raw[-TAIL_BYTES:] != b',"h":"%b"}\n' % stored:
            break
        if size:
            if not raw.startswith(b',"tx":[%d,%d],' % (done, size), digits + 7):
                break
            done += 1
        elif raw[digits + 10 : digits + 11] == _IN_BATCH:
            tx = tx_of(raw)
            if tx is None or (tx[0] and seq - tx[0] > cursor.since):
                break
            done, size = tx[0] + 1, tx[1]
        if done == size:
            done = size = 0
        prev = stored
        good += 1
    cursor.seq, cursor.prev, cursor.done, cursor.size = cursor.seq + good, prev, done, size
    return good


def _last_write(lines: list[bytes], unfinished: int) -> int:
    """Return where the last whole write begins; as many lines of an unfinished batch stand behind it."""
    end = len(lines) - unfinished
    if end <= 0:
        return 0
    tx = tx_of(lines[end - 1])
    return max(0, end - (1 if tx is None else tx[1]))


def _careful(file: BinaryIO, since: Position, limit: int) -> Generator[Block, None, Position | None]:
    """Yield write after write past what does not fit; return where all is well again, None at the end."""
    seq, offset, prev = since.seq, since.offset, since.hash  # where the next line begins
    begin = (seq, offset, prev)  # where its write begins
    held_begin: damage.Place | None = None  # where the write began that is held back
    held: list[Line] = []
    batch: list[Line] = []
    mended = False
    file.seek(offset)
    while offset < limit:
        raw = file.readline(MAX_LINE + 1)
        end = offset + len(raw)
        hash_ = sha256(prev.encode() + raw[:-TAIL_BYTES]).hexdigest()
        fits = end <= limit and raw.endswith(b',"h":"%b"}\n' % hash_.encode())
        single = raw.startswith(b'{"seq":%d,"type":"' % (seq + 1)) and not batch
        if fits and (single or raw.startswith(b'{"seq":%d,"t' % (seq + 1))):
            seq, offset, prev = seq + 1, end, hash_
            batch.append((seq, raw, end, hash_))
            if single or damage.batch_is_whole(file, batch, since.seq):
                yield from _block(held)
                if mended:
                    return Position(seq=begin[0], offset=begin[1], hash=begin[2])
                held_begin, held, batch = begin, batch, []
                begin = (seq, end, hash_)
            continue
        bad = (seq, offset, prev)
        healed = damage.look(file, begin=begin, bad=bad, held=None if batch else held_begin, limit=limit)
        if healed is None:
            break
        if not healed.withdraws:
            yield from _block(held)
        held_begin, held, batch, mended = healed.begin, [healed.line], [], True
        seq, _, offset, prev = healed.line
        begin = (seq, offset, prev)
        file.seek(offset)
    yield from _block(held)
    return None


def _block(write: list[Line]) -> Iterator[Block]:
    if write:
        seq, raw, end, _ = write[0]
        yield block_of(Position(seq=seq - 1, offset=end - len(raw), hash=""), [raw for _, raw, _, _ in write])
