"""One line of a history <-> one recorded event; unknown and newer types too.

A line is written once and never serialised again: its hash covers the exact bytes before it, and the hash of
the line before. Knows nothing of files; events/log/append.py writes the lines, events/log/read.py reads them.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeAlias, get_args

import orjson
from attrs import frozen

from autoresearch.events.catalog import Event
from autoresearch.events.encoding.shapes import JSON, function_for, structure, unstructure
from autoresearch.events.encoding.upcasters import Data, Upcaster, upcast
from autoresearch.events.errors import CorruptHistory, InvalidInput, LaterValue, UnknownEvent, WrongValue


__all__ = [
    "JSON",
    "Position",
    "RawEvent",
    "Recorded",
    "decode",
    "event_type",
    "require_known",
    "structure",
    "unstructure",
]

MAX_LINE = 2**20  # bytes; larger things belong in files, with their digest in the event
MAX_DATA = MAX_LINE - 2**12  # of them, so that there is room for the envelope
DATA_FIELD = b',"data":'
NO_HASH = "0" * 64  # what stands before the first record
HASH_FIELD = b',"h":"'
TAIL_BYTES = len(HASH_FIELD) + 64 + len(b'"}\n')  # from the hash field to the end of the line
HASH = slice(len(HASH_FIELD) - TAIL_BYTES, -len(b'"}\n'))  # of a line


@frozen(kw_only=True)
class RawEvent:
    """An event that this program does not know, or knows only in an earlier version."""

    type: str
    version: int
    data: dict[str, JSON]


@frozen(kw_only=True, slots=False)  # frozen without slots is built in half the time, a million times
class Recorded:
    """An event in its envelope, as it stands in a history."""

    seq: int  # from 1, without holes
    at: str  # RFC 3339, UTC; for people, never for order
    by: str
    key: str | None
    tx: tuple[int, int] | None  # (index, size) in a batch of more than one
    event: Event | RawEvent
    hash: str
    end: int  # byte offset after its line


@frozen(kw_only=True)
class Position:
    """A place between two records of one history: after record `seq`, whose line ends at byte `offset`."""

    seq: int
    offset: int
    hash: str

    @classmethod
    def start(cls) -> "Position":
        """Return the place before the first record."""
        return cls(seq=0, offset=0, hash=NO_HASH)


# An event on its way into a history, checked and encoded: itself, what is the same at the head of all lines
# of its class, its data. A plain tuple: a named one costs 0.3 us more (2026-11).
Payload: TypeAlias = tuple[Event, bytes, bytes]
Line: TypeAlias = tuple[int, bytes, int, str]  # seq, final bytes, end, hash

_CLASSES: Mapping[str, type[Any]] = {cls.__name__: cls for cls in get_args(Event)}
_WRITERS: dict[type[Any], tuple[bytes, Callable[[Any], dict[str, JSON]]]] = {}  # made at the first use


def event_type(event: Event | RawEvent) -> str:
    """Return the name under which an event is stored."""
    return event.type if isinstance(event, RawEvent) else type(event).__name__


def decode(
    name: str, version: int, data: Data, *, steps: Mapping[tuple[str, int], Upcaster] | None = None
) -> Event | RawEvent:
    """Return the event that was stored, brought up to the version this program knows.

    Raises:
        CorruptHistory: a known version with fields that it cannot have.
    """
    cls = _CLASSES.get(name)
    if cls is None or version > cls.VERSION:
        return RawEvent(type=name, version=version, data=data)
    if version < cls.VERSION:
        data = upcast(name, version, data, to=cls.VERSION, steps=steps)
    try:
        event: Event = function_for(cls, "read_exactly")(data)
    except LaterValue:
        return RawEvent(type=name, version=version, data=data)
    except WrongValue as error:
        raise CorruptHistory(f"{name} v{version}: {error}") from error
    return event


def require_known(recorded: Recorded) -> Recorded:
    """Return it, or refuse: for readers that decide by what they read.

    Raises:
        UnknownEvent: the event, or its version, is of a later program.
    """
    event = recorded.event
    if isinstance(event, RawEvent):
        raise UnknownEvent(
            f"record {recorded.seq} is {event.type} v{event.version}, which this program does not know",
            remedy="upgrade autoresearch to go on with this run; commands that only show still work",
        )
    return recorded


def payload(event: Event) -> Payload:
    """Check and encode an event, before any lock is taken.

    Raises:
        WrongValue: a field holds what its annotation does not allow, or a lone surrogate.
        InvalidInput: it is no event of the catalog, or too large.
    """
    head, write = _WRITERS.get(event.__class__) or _writer(event.__class__)
    data = write(event)
    try:
        # orjson gives each result a kilobyte and then shrinks it: kept, hundreds of them cost 0.4 us each,
        # their copies nothing (2026-11).
        encoded = DATA_FIELD + orjson.dumps(data)
    except TypeError as error:  # only text is left to go wrong: everything else was checked
        where = _surrogate(data, event_type(event))
        raise WrongValue(f"{where} holds half of a surrogate pair") from error
    if len(encoded) > MAX_DATA:
        raise InvalidInput(
            f"a {event_type(event)} of {len(encoded)} bytes is too large for a history (at most {MAX_DATA})",
            remedy="keep it in a file, and its digest in the event",
        )
    return event, head, encoded


def text_field(name: str, text: str) -> bytes:
    """Encode a short text of the envelope (`by`, `key`).

    Raises:
        WrongValue: it is longer than 1,000 bytes, or holds a lone surrogate.
    """
    limit = 1000
    try:
        encoded = orjson.dumps(text)
    except TypeError as error:
        raise WrongValue(f"{name!r} holds half of a surrogate pair") from error
    if len(encoded) > limit:
        raise WrongValue(f"{name!r} is longer than {limit} bytes")
    return encoded


def envelope(*, at: str, by: bytes, key: bytes = b"null") -> bytes:
    """Return what the lines of one append share; `by` and `key` come from `text_field`."""
    return b'%b","by":%b,"key":%b' % (at.encode(), by, key)


def chain(payloads: Sequence[Payload], envelope: bytes, *, after: Position) -> list[Line]:
    """Return the lines of one append: of a single record, or of a batch.

    A batch has `tx` right behind `seq`, so that a reader sees it without a search.
    """
    seq, end, prev = after.seq, after.offset, after.hash
    first, size = seq + 1, len(payloads)
    made = []
    for _, head, data in payloads:
        seq += 1
        if size == 1:
            signed = b'{"seq":%d%b%b%b' % (seq, head, envelope, data)
        else:
            signed = b'{"seq":%d,"tx":[%d,%d]%b%b%b' % (seq, seq - first, size, head, envelope, data)
        prev = sha256(prev.encode() + signed).hexdigest()
        raw = b'%b,"h":"%b"}\n' % (signed, prev.encode())
        end += len(raw)
        made.append((seq, raw, end, prev))
    return made


def chained(raw: bytes, *, seq: int, prev: str) -> str | None:
    """Return the hash of a whole line if it is record `seq` and follows `prev`, else None."""
    digest = sha256(prev.encode() + raw[:-TAIL_BYTES]).hexdigest()
    fits = raw.endswith(b',"h":"%b"}\n' % digest.encode()) and raw.startswith(b'{"seq":%d,"t' % seq)
    return digest if fits else None


def tx_of(raw: bytes) -> tuple[int, int] | None:
    """Return a line's place in its batch without parsing the line."""
    begin = raw.find(b",") + 1
    if not raw.startswith(b'"tx":[', begin):
        return None
    index, size = raw[begin + 6 : raw.find(b"]", begin)].split(b",")
    return int(index), int(size)


def key_of(raw: bytes) -> str | None:
    """Return a line's idempotency key without parsing the line."""
    begin = raw.find(b',"key":') + len(b',"key":')  # a quote in a string is escaped: the first is the field
    if raw.startswith(b"null,", begin):
        return None
    key: str = orjson.loads(raw[begin : raw.find(DATA_FIELD, begin)])
    return key


def parse(raw: bytes, *, end: int, seq: int | None = None) -> Recorded:
    """Return the record of a line whose hash was found right, and whose number `seq` must be.

    Raises:
        CorruptHistory: it is no record or another one, or an event of a known version has wrong fields.
    """
    try:
        record = orjson.loads(raw)
        if seq not in (None, record["seq"]):
            raise CorruptHistory(f"holds record {record['seq']}, where {seq} belongs")
        tx = record.get("tx")
        return Recorded(
            seq=record["seq"],
            at=record["at"],
            by=record["by"],
            key=record["key"],
            tx=None if tx is None else (tx[0], tx[1]),
            event=decode(record["type"], record["v"], record["data"]),
            hash=record["h"],
            end=end,
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise CorruptHistory(f"not a record: {error!r}") from error


def _writer(cls: type[Any]) -> tuple[bytes, Callable[[Any], dict[str, JSON]]]:
    name = cls.__name__
    if _CLASSES.get(name) is not cls:
        raise InvalidInput(f"{name} is not an event of the catalog")
    head = b',"type":"%b","v":%d,"at":"' % (name.encode(), cls.VERSION)
    made = _WRITERS[cls] = head, function_for(cls, "write")
    return made


def _surrogate(value: JSON, where: str) -> str:
    """Say which field holds text that is not Unicode."""
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        return where
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        found = _surrogate(inner, f"{where}.{name}") or _surrogate(str(name), f"{where}.{name!a}")
        if found:
            return found
    return ""
