"""One generic fold that serves every projection, by one table of reducers a projection.

A reducer changes a state that is its own: `evolve` copies first, so that from outside a state never changes,
and a fold copies once for all its events. The same reducers run over whole events, where these are made and
shown, and over lazy ones (events/log/lazy_event.py), where millions are read: 0.9 us an event instead of 20
(2026-11), and one definition of what an event does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar, overload

import orjson
from attrs import field, frozen

from autoresearch.events.encoding.codec import Position, Recorded, parse, require_known
from autoresearch.events.encoding.upcasters import upcast
from autoresearch.events.errors import LaterValue, WrongValue
from autoresearch.events.log.lazy_event import LAZY_EVENTS, LONG, without_curve
from autoresearch.events.log.verify import Block


S = TypeVar("S")
T = TypeVar("T")
# (state, event, seq, at): the event is one of the class that the reducer is registered for, or its lazy form.
Reducer: TypeAlias = Callable[[S, Any, int, str], None]
_Entry: TypeAlias = tuple[int, Any, tuple[tuple[Reducer[Any], Any], ...]]


def _nothing(_state: object, _seq: int, _at: str) -> None:
    """Keep no account of the last event."""


@frozen(kw_only=True)
class Projection(Generic[S]):
    """A state folded from events: where it begins, and what each event does to it.

    `version` grows with every change of what is computed, so that a snapshot of an older fold is not used.
    `own` copies a state as deep as reducers change it. `mark` notes which event was the last. `kept_as` is
    the class of a state that state.json keeps; None: it is folded anew each time.
    """

    name: str
    version: int
    initial: Callable[[], S]
    own: Callable[[S], S]
    reducers: Mapping[type[Any], Reducer[S]]
    mark: Callable[[S, int, str], None] = field(default=_nothing)
    kept_as: type[S] | None = None

    def evolve(self, state: S, recorded: Recorded) -> S:
        """Return the state after one more event; the one that was given stays as it is. Never fails."""
        return fold(self, (recorded,), since=state)


@frozen(kw_only=True)
class Snapshot(Generic[S]):
    """A state, and the position of the last event that is in it."""

    position: Position
    state: S


class Rows(Sequence[T], Generic[T]):
    """An immutable sequence with `plus` in O(1): states of one history share one growing list.

    A state sees only its own first `len` rows. Adding to an older state than the newest copies.
    """

    __slots__ = ("_length", "_shared")

    def __init__(self, rows: Sequence[T] = ()) -> None:
        """Hold a copy of `rows`."""
        self._shared = list(rows)
        self._length = len(self._shared)

    def plus(self, row: T) -> "Rows[T]":
        """Return these rows and one more."""
        shared = self._shared if len(self._shared) == self._length else self._shared[: self._length]
        shared.append(row)
        grown: Rows[T] = Rows()
        grown._shared = shared
        grown._length = self._length + 1
        return grown

    def grew_from(self, earlier: "Rows[T]") -> bool:
        """Say whether these are the same rows as earlier and perhaps more; False where some were replaced."""
        return self._shared is earlier._shared  # noqa: SLF001 - of its own class

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        for index in range(self._length):
            yield self._shared[index]

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return self._shared[: self._length][index]
        position = index + self._length if index < 0 else index
        if not 0 <= position < self._length:
            raise IndexError(index)
        return self._shared[position]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Rows({list(self)!r})"


def fold(projection: Projection[S], recorded: Iterable[Recorded], *, since: S | None = None) -> S:
    """Return the state after all of `recorded`, beginning from `since` or from the beginning."""
    state = projection.initial() if since is None else projection.own(since)
    last = None
    for one in recorded:
        last = one
        reduce = projection.reducers.get(type(one.event))
        if reduce is not None:
            reduce(state, one.event, one.seq, one.at)
    if last is not None:
        projection.mark(state, last.seq, last.at)
    return state


def fold_lines(
    projections: Sequence[Projection[Any]],
    blocks: Iterable[Block],
    *,
    since: Sequence[Any],
    deciding: bool,
) -> tuple[list[Any], Position | None]:
    """Return the states after all checked lines, and the position behind the last; None if there was none.

    An event that is not known, or that holds a value of a later program, is passed over, unless somebody
    decides by what comes out. (A reducer reads such a value before it changes anything.)

    Raises:
        UnknownEvent: `deciding`, and an event, or a value in it, is of a later program.
        WrongValue, KeyError, TypeError: a line whose hash fits is no event of ours.
    """
    states = [one.own(state) for one, state in zip(projections, since, strict=True)]
    table = _table(projections, states)
    loads = orjson.loads
    position, record = None, None
    for block in blocks:
        seq = block.begin.seq
        for raw in block.lines:
            seq += 1
            record = loads(raw) if len(raw) < LONG else _without_curve(raw)
            if record["seq"] != seq:
                raise WrongValue(f"record {record['seq']} stands where {seq} belongs")
            entry = table.get(record["type"])
            if entry is None or record["v"] != entry[0]:
                entry = _other(entry, record, raw, deciding=deciding)
                if entry is None:
                    continue
            _, lazy, reducers = entry
            lazy.__dict__ = record["data"]
            try:
                for reduce, state in reducers:
                    reduce(state, lazy, seq, record["at"])
            except LaterValue:
                if deciding:
                    raise
        position = block.end
    if position is not None and record is not None:
        for one, state in zip(projections, states, strict=True):
            one.mark(state, position.seq, record["at"])
    return states, position


def _without_curve(raw: bytes) -> dict[str, Any]:
    """Parse a long line but for the curve of a training: its lazy event parses that for who asks for it."""
    line, curve = without_curve(raw)
    record: dict[str, Any] = orjson.loads(line)
    if curve:
        record["data"]["progress"] = curve
    return record


def _table(projections: Sequence[Projection[Any]], states: Sequence[Any]) -> dict[str, _Entry]:
    """Return by stored name the version of a lazy event, the event, and the reducers with their states.

    One of a class serves all its events, one after the other: reducers keep fields, never the event.
    """
    reducers = [
        ({cls.__name__: reduce for cls, reduce in one.reducers.items()}, state)
        for one, state in zip(projections, states, strict=True)
    ]
    return {
        name: (version, lazy(), tuple((one[name], state) for one, state in reducers if name in one))
        for name, (version, lazy) in LAZY_EVENTS.items()
    }


def _other(entry: _Entry | None, record: dict[str, Any], raw: bytes, *, deciding: bool) -> _Entry | None:
    """Bring an older event up to the version that is known; None for one that is not known."""
    if entry is not None and record["v"] < entry[0]:
        record["data"] = upcast(record["type"], record["v"], record["data"], to=entry[0])
        return entry
    if deciding:
        require_known(parse(raw, end=0))
    return None
