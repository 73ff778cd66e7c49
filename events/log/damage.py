"""What to make of a line that does not fit: the torn end of a history, healed bytes, or damage.

A write that a crash cut short leaves the beginning of its lines, followed by nothing, zeros or noise: never
a whole line, and never a line that follows one that was lost. That is what tells torn bytes from damage.
"""

import mmap
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, TypeAlias

import orjson
from attrs import frozen

from autoresearch.events.encoding.codec import HASH_FIELD, MAX_LINE, NO_HASH, TAIL_BYTES, Line, chained, tx_of
from autoresearch.events.errors import CorruptHistory, PositionVoided, WayOut


Place: TypeAlias = tuple[int, int, str]  # (seq, offset, hash), as in Position

_LINE_END = b'"}\n'
_HASH_AND_END = 64 + len(_LINE_END)
_CHUNK = 2**20
_FEW = 2**12


@frozen(kw_only=True)
class Healed:
    """A TailHealed that closes off bytes."""

    line: Line
    begin: Place  # before the bytes that it closes off
    withdraws: bool  # the bytes are a whole write that the disk refused to sync


def look(file: BinaryIO, *, begin: Place, bad: Place, held: Place | None, limit: int) -> Healed | None:
    """Find the TailHealed for what is at `bad`; None means a torn end, before which readers stop.

    `begin` is where the write began that the bad line belongs to, `held` where the one before it began.

    Raises:
        CorruptHistory: it is neither.
        PositionVoided: a write that lies before the place where reading began was withdrawn.
    """
    with mmap.mmap(file.fileno(), limit, access=mmap.ACCESS_READ) as content:
        if begin == bad:
            withdrawn = _withdrawal(content, bad[1])
            if withdrawn is not None and withdrawn.begin == held:
                return withdrawn
            if withdrawn is not None and held is None:
                seq, offset, hash_ = withdrawn.begin
                msg = f"{file.name}: record {bad[0]} was withdrawn: the disk had refused to sync it"
                raise PositionVoided(msg, seq=seq, offset=offset, hash_=hash_)
        healed = _heal_of(file, content, begin)
        if healed is None:
            _refuse_damage(file, content, begin, bad)
        return healed


def withdrawal_behind(file: BinaryIO, offset: int, limit: int) -> Healed | None:
    """Return the TailHealed that begins at `offset` and withdraws the record before it, if there is one."""
    if offset >= limit:
        return None
    with mmap.mmap(file.fileno(), limit, access=mmap.ACCESS_READ) as content:
        return _withdrawal(content, offset)


def is_end_of_record(file: BinaryIO, offset: int, hash_: str) -> bool:
    """Say whether a record with this hash ends at this byte; the beginning counts as one.

    The last one may lack its line end: the next writer adds it.
    """
    if offset == 0:
        return hash_ == NO_HASH
    if offset < _HASH_AND_END:
        return False
    file.seek(offset - _HASH_AND_END)
    wanted, found = hash_.encode() + _LINE_END, file.read(_HASH_AND_END)
    return found in (wanted, wanted[:-1])


def way_out(path: str) -> WayOut:
    """Return what helps a history that is damaged; it is called by its folder."""
    return WayOut("repair", run_id=Path(path).parent.name)


def corrupt(file: BinaryIO, offset: int, what: str) -> CorruptHistory:
    """Build the error that names file, line and what is wrong there."""
    file.seek(0)
    line, left = 1, offset
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        line += chunk.count(b"\n")
        left -= len(chunk)
    return CorruptHistory(
        what,
        path=str(file.name),
        line=line,
        offset=offset,
        remedy=way_out(str(file.name)),
    )


def batch_is_whole(file: BinaryIO, batch: list[Line], since: int) -> bool:
    """Say whether the lines of a batch are all there; the first may lie before record `since`.

    Raises:
        CorruptHistory: the last line does not belong to the batch.
    """
    seq, raw, end, _ = batch[-1]
    tx = tx_of(raw)
    if tx is None or (tx[0] != len(batch) - 1 and seq - tx[0] > since):
        raise corrupt(file, end - len(raw), f"record {seq} breaks into a batch")
    return tx[0] == tx[1] - 1


def _heal_of(file: BinaryIO, content: mmap.mmap, unit: Place) -> Healed | None:
    """Find the TailHealed that follows record `seq` and closes off what begins there."""
    seq, offset, prev = unit
    name = b'{"seq":%d,"type":"TailHealed",' % (seq + 1)
    begin = _find(content, b"\n" + name, offset)
    while begin >= 0:
        begin += 1
        raw = _line_at(content, begin)
        digest = chained(raw, seq=seq + 1, prev=prev)
        if digest is not None:
            if not _closes_off(content, raw, offset, begin):
                raise corrupt(file, offset, f"the bytes that record {seq + 1} closed off were changed")
            return Healed(line=(seq + 1, raw, begin + len(raw), digest), begin=unit, withdraws=False)
        begin = _find(content, b"\n" + name, begin)
    return None


def _find(content: mmap.mmap, what: bytes, begin: int) -> int:
    """Return where `what` is next, -1 for nowhere.

    A mapping's own search takes 20 ns for each byte, and a sparse file has many (2026-11).
    """
    size = _FEW  # what is looked for is near, or far away
    while begin < len(content):
        found = content[begin : begin + size + len(what) - 1].find(what)
        if found >= 0:
            return begin + found
        begin, size = begin + size, _CHUNK
    return -1


def _line_at(content: mmap.mmap, begin: int) -> bytes:
    """Return the line that begins here, with its end; nothing where it has none, or is none of ours."""
    for size in (_FEW, MAX_LINE):
        raw = content[begin : begin + size]
        if end := raw.find(b"\n") + 1:
            return raw[:end]
    return b""


def _withdrawal(content: mmap.mmap, begin: int) -> Healed | None:
    """Return the TailHealed at `begin` if it closes off whole lines right before it."""
    raw = _line_at(content, begin)
    if b'"type":"TailHealed",' not in raw[:40]:
        return None
    try:
        record = orjson.loads(raw)
        seq, offset = record["seq"], record["data"]["offset"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    if not (isinstance(seq, int) and isinstance(offset, int) and 0 <= offset < begin):
        return None
    hash_ = NO_HASH if offset == 0 else content[max(offset - _HASH_AND_END, 0) : offset - 3].decode("latin-1")
    digest = chained(raw, seq=seq, prev=hash_)
    if digest is None or not _closes_off(content, raw, offset, begin):
        return None
    line = (seq, raw, begin + len(raw), digest)
    return Healed(line=line, begin=(seq - 1, offset, hash_), withdraws=True)


def _closes_off(content: mmap.mmap, raw: bytes, offset: int, begin: int) -> bool:
    """Say whether a TailHealed that begins at `begin` names exactly the bytes from `offset` to there."""
    data = orjson.loads(raw)["data"]
    digest = sha256()
    for at in range(offset, begin, _CHUNK):
        digest.update(content[at : min(at + _CHUNK, begin)])
    return bool(data == {"offset": offset, "bytes": begin - offset, "sha256": digest.hexdigest()})


def _refuse_damage(file: BinaryIO, content: mmap.mmap, unit: Place, bad: Place) -> None:
    """Raise where the bad line is whole, or where records behind it prove that it was once."""
    seq, offset, _ = bad
    raw = _line_at(content, offset)
    found = _seq_of_whole_line(raw)
    if found is not None:
        what = (
            "was changed: its hash does not fit"
            if found == seq + 1
            else f"holds record {found}, where {seq + 1} belongs"
        )
        raise corrupt(file, offset, what)
    begin = _find(content, b'{"seq":', offset + 1)
    while begin >= 0:
        line = _line_at(content, begin)
        behind = _follows_something(content, line, begin, bad)
        if behind is not None and not _same_write(line, behind, unit):
            raise corrupt(file, offset, f"record {seq + 1} was damaged: record {behind} behind it is whole")
        begin = _find(content, b'{"seq":', begin + 1)


def _seq_of_whole_line(raw: bytes) -> int | None:
    """Return the seq of a line that has all of a record's shape, right or wrong."""
    if raw[-TAIL_BYTES : -TAIL_BYTES + len(HASH_FIELD)] != HASH_FIELD:
        return None
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    seq = record.get("seq") if isinstance(record, dict) else None
    return seq if isinstance(seq, int) else None


def _follows_something(content: mmap.mmap, line: bytes, begin: int, bad: Place) -> int | None:
    """Return a line's seq if its hash fits what stands before it, or the record lost at `bad`."""
    number = line[len(b'{"seq":') : 30].split(b",")[0]
    if not number.isdigit():
        return None
    _, offset, prev = bad
    stored = content[max(begin - _HASH_AND_END, 0) : max(begin - len(_LINE_END), 0)].decode("latin-1")
    lost_end = min(max(begin - TAIL_BYTES, offset), offset + MAX_LINE)
    lost = sha256(prev.encode() + content[offset:lost_end]).hexdigest()
    fits = any(chained(line, seq=int(number), prev=one) for one in (stored, lost, prev))
    return int(number) if fits else None


def _same_write(line: bytes, seq: int, unit: Place) -> bool:
    """Say whether a line belongs to the batch that began at `unit`, which then was cut in its middle."""
    tx = tx_of(line)
    return tx is not None and seq - tx[0] == unit[0] + 1
