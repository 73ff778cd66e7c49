"""One event of every class, made from its annotations alone, and the history that holds them all.

`python -m tests.golden.samples` writes the golden lines of new versions; it never changes one that is there.
"""

from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import attrs

from autoresearch.events.catalog import Event
from autoresearch.events.encoding.codec import Position, chain, envelope, payload
from autoresearch.events.encoding.schema import versioned_values
from autoresearch.events.encoding.shapes import hints, members


FOLDER = Path(__file__).parent
AT = "2026-03-08T21:04:05.123Z"
SIMPLE: dict[Any, Any] = {
    str: 'text: "quoted", ünïcode, \u2028 and \x00',
    bool: True,
    int: 2**53,
    float: 0.1 + 0.2,
    NoneType: None,
}


def sample(annotation: Any) -> Any:
    """Return a value of an annotation: the first alternative, one item in every container."""
    first = members(annotation)[0]
    if attrs.has(first):
        return first(**{name: sample(inner) for name, inner in hints(first).items()})
    if get_origin(first) is Literal:
        return get_args(first)[-1]
    if get_origin(first) is dict:
        return {f"name {i}": sample_of(one) for i, one in enumerate(members(get_args(first)[1]))}
    if get_origin(first) is tuple:
        items = get_args(first)
        return (sample(items[0]),) if items[1:] == (Ellipsis,) else tuple(map(sample, items))
    return SIMPLE[first]


def sample_of(member: Any) -> Any:
    """Return a value of one alternative."""
    return SIMPLE[member] if member in SIMPLE else sample(member)


def golden_line(cls: Any) -> bytes:
    """Return the first line of a history whose only event is a sample of the class."""
    shared = envelope(at=AT, by=b'"golden"', key=b'"k"')
    ((_, raw, _, _),) = chain([payload(sample(cls))], shared, after=Position.start())
    return raw


def name_of(cls: Any) -> str:
    """Return the golden file's name of a class as it is now, with the later versions of values inside it."""
    values = [one for one in versioned_values() if one.VALUE_VERSION > 1 and holds(cls, one)]
    inside = "".join(f".{one.__name__}.v{one.VALUE_VERSION}" for one in values)
    return f"{cls.__name__}.v{cls.VERSION}{inside}.jsonl"


def holds(annotation: Any, value: type) -> bool:
    """Say whether a value of this class may stand somewhere inside an annotation."""
    inner = list(hints(annotation).values()) if attrs.has(annotation) else []
    parts = [*members(annotation), *get_args(annotation), *inner]
    return value in parts or any(holds(one, value) for one in parts if one is not annotation)


if __name__ == "__main__":
    for one in get_args(Event):
        file = FOLDER / name_of(one)
        if not file.exists():
            file.write_bytes(golden_line(one))
