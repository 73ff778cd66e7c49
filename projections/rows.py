"""Rows that grow without being copied, behind an immutable face."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload


T = TypeVar("T")


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
