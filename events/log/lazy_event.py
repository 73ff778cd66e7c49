"""An event as it stands in its line, with the attributes of its class; what is nested is built on demand.

For folds of millions of events. A whole event is built and checked field by field, which costs 10 us where
a lazy one costs 0.1 (2026-11), and a reducer asks for three fields of fourteen. The chain has shown that the
line is as our own writer made it; `codec.parse` is for who must know that each field is right.
"""

from collections.abc import Mapping
from typing import Any, get_args

import orjson

from autoresearch.events.catalog import Event
from autoresearch.events.encoding.shapes import builder, hints


# Few runs make a state of the curve of a training, and parsing it costs as much as all the rest of its line.
# A quote inside a string is escaped, so this stands in a line only where the field begins.
LONG = 1024  # bytes
_CURVE = b',"progress":{"sha256":"'
_FIELD = b',"progress":'


def without_curve(raw: bytes) -> tuple[bytes, bytes]:
    """Return a line without the last field of a TrainingFinished, and that; of any other the line alone.

    The field, still in JSON, is what its lazy event builds it from.
    """
    begin = raw.find(_CURVE)
    if begin < 0:
        return raw, b""
    inside = begin + len(_FIELD)
    return raw[:begin] + b"}}", raw[inside : raw.index(b"}", inside) + 1]


class LazyEvent:
    """An event whose fields are built as they are asked for: each event class has a subclass of its own.

    Given an event's parsed data as its `__dict__`, of the class's own version, it shows that event: a plain
    field is then an attribute as it stands, which takes 0.02 us.
    """


def _lazy(cls: type[Any]) -> type[LazyEvent]:
    """Return the lazy form of one class. Its properties are the fields that are not plain in JSON."""
    built = {name: builder(annotation) for name, annotation in hints(cls).items()}
    properties = {name: _property(name, build) for name, build in built.items() if build is not None}
    return type(f"{cls.__name__}LazyEvent", (LazyEvent,), properties)


def _property(name: str, build: Any) -> property:  # noqa: ANN401 - from JSON to what the field is
    return property(lambda self: build(_parsed(self.__dict__[name])))


def _parsed(value: object) -> object:
    return orjson.loads(value) if isinstance(value, bytes) else value


# By the name that is stored: the version of the class, and its lazy form.
LAZY_EVENTS: Mapping[str, tuple[int, type[LazyEvent]]] = {
    cls.__name__: (cls.VERSION, _lazy(cls)) for cls in get_args(Event)
}
