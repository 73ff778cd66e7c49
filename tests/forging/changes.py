"""Small changes of a list of records, of which forgeries are made."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from attrs import frozen

from tests.tampering import Record, first


Change = Callable[[list[Record]], object]


@frozen
class Forgery:
    """One forged history: what is changed in it, and which check finds what."""

    change: Change
    check: str
    field: str


@frozen
class Of(Forgery):
    """A forgery of one golden run."""

    run: str


def of(run: str, change: Change, check: str, field: str) -> Of:
    """Return a forgery of this golden run."""
    return Of(change, check, field, run)


def put(type_: str, path: str, value: object, **which: object) -> Change:
    """Put another value into the first such event; `path` may lead into it: "output.sha256"."""

    def change(records: list[Record]) -> None:
        _set(first(records, type_, **which)["data"], path, value)

    return change


def put_all(type_: str, path: str, value: object, **which: object) -> Change:
    """Put another value into every such event."""

    def change(records: list[Record]) -> None:
        for one in _all(records, type_, **which):
            _set(one["data"], path, value)

    return change


def envelope(type_: str, name: str, value: object, **which: object) -> Change:
    """Put another value into what stands around the first such event: `at`, `by`."""
    return lambda records: first(records, type_, **which).update({name: value})


def drop(type_: str, **which: object) -> Change:
    """Take the first such event out; what was written with it is written without it."""

    def change(records: list[Record]) -> None:
        one = first(records, type_, **which)
        at = records.index(one)
        index, size = one.get("tx", (0, 1))
        batch = [*records[at - index : at], *records[at + 1 : at - index + size]]
        for place, other in enumerate(batch):
            other["tx"] = [place, len(batch)]
            if len(batch) == 1:
                del other["tx"]
        records.remove(one)

    return change


def drop_all(*types: str) -> Change:
    """Take all events of these types out."""

    def change(records: list[Record]) -> None:
        records[:] = [one for one in records if one["type"] not in types]

    return change


def again(type_: str, **which: object) -> Change:
    """Write the first such event twice."""

    def change(records: list[Record]) -> None:
        one = first(records, type_, **which)
        records.insert(records.index(one), deepcopy(one))

    return change


def move(type_: str, *, before: str, which: dict[str, Any] | None = None, to: dict[str, Any]) -> Change:
    """Move the first such event in front of another one."""

    def change(records: list[Record]) -> None:
        one = first(records, type_, **(which or {}))
        records.remove(one)
        records.insert(records.index(first(records, before, **to)), one)

    return change


def insert(
    type_: str, version: int, data: Record, *, before: str, by: str = "cli", **which: object
) -> Change:
    """Put an event of one's own in front of the first such one."""

    def change(records: list[Record]) -> None:
        at = records.index(first(records, before, **which))
        records.insert(at, made(type_, version, data, by=by, at=records[at - 1]["at"]))

    return change


def made(type_: str, version: int, data: Record, *, by: str, at: str) -> Record:
    """Return a record."""
    return {"type": type_, "v": version, "at": at, "by": by, "key": None, "data": data}


def replace(old: str, new: str) -> Change:
    """Replace a text wherever it stands in the history."""

    def change(records: list[Record]) -> None:
        text = json.dumps(records)
        assert old in text
        records[:] = json.loads(text.replace(old, new))

    return change


def both(*changes: Change) -> Change:
    """Make several changes."""

    def change(records: list[Record]) -> None:
        for one in changes:
            one(records)

    return change


def cut(type_: str, **which: object) -> Change:
    """Cut everything off from the first such event on."""

    def change(records: list[Record]) -> None:
        del records[records.index(first(records, type_, **which)) :]

    return change


def _all(records: list[Record], type_: str, **which: object) -> list[Record]:
    found = [one for one in records if one["type"] == type_]
    return [one for one in found if all(one["data"][name] == value for name, value in which.items())]


def _set(data: Record, path: str, value: object) -> None:
    *names, last = path.split(".")
    for name in names:
        data = data[name]
    data[last] = value(data[last]) if callable(value) else value
