"""progress.jsonl of a training that has ended: a digest of it for the history, and how it says it ended.

Nothing here raises: progress is a courtesy. The last line may be cut, so what follows the last newline is
not read.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from autoresearch.engine.system.foreign_files import lines_of, number, object_in
from autoresearch.engine.training.progress import kind_of
from autoresearch.events.values import ProgressDigest


POINTS = 60

_LINE_BYTES = 64 * 2**10  # a longer line is none of ours


def read_progress(pieces: Iterable[bytes] | None) -> tuple[ProgressDigest | None, str]:
    """Return digest, count and some points of progress.jsonl, and why it says that the training failed.

    No digest where there is no such file; "" where it says nothing of a failure.
    """
    if pieces is None:
        return None, ""
    sha256, curve, count, failure = hashlib.sha256(), SomePoints(), 0, ""
    for line in lines_of(_hashed(pieces, sha256), _LINE_BYTES):
        if not line.endswith(b"\n"):
            break
        count += 1
        told = object_in(line) or {}
        if kind_of(told) in ("failed", "finished"):
            failure = _failure(told)
        elif kind_of(told) == "progress":
            curve.add(number(told.get("percent")), number(told.get("loss")))
    return ProgressDigest(sha256=sha256.hexdigest(), lines=count, points=curve.points()), failure


class GrowingCurve:
    """The points of a progress.jsonl that is being written: each look reads on where the last one ended."""

    def __init__(self) -> None:
        """Begin before the first line."""
        self.points: list[tuple[float, float]] = []  # (percent, loss)
        self._read, self._rest = 0, b""

    def read(self, pieces: Iterable[bytes]) -> None:
        """Take what whole lines came since the last look; `pieces` are the file from its beginning."""
        known = self._read
        for piece in pieces:
            new, known = piece[known:], max(0, known - len(piece))
            self._read += len(new)
            *whole, self._rest = (self._rest + new).split(b"\n")
            self._rest = self._rest[:_LINE_BYTES]
            for line in whole:
                self._add(line)

    def _add(self, line: bytes) -> None:
        told = object_in(line) or {}
        percent, loss = number(told.get("percent")), number(told.get("loss"))
        if kind_of(told) == "progress" and percent is not None and loss is not None:
            self.points.append((percent, loss))


class SomePoints:
    """Some points of a curve of any length, evenly taken, the first and the last among them."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, float]] = []
        self._every, self._seen = 1, 0  # of the points seen, each `every`th is taken
        self._last = (0.0, 0.0)

    def add(self, percent: float | None, loss: float | None) -> None:
        """Take note of a point; one that lacks a number is none."""
        if percent is None or loss is None:
            return
        self._last = round(percent, 2), round(loss, 6)
        if self._seen % self._every == 0:
            self._taken.append(self._last)
        self._seen += 1
        if len(self._taken) > 2 * POINTS:
            self._taken, self._every = self._taken[::2], 2 * self._every

    def points(self) -> tuple[tuple[float, float], ...]:
        """Return at most POINTS of those that were taken."""
        taken = self._taken
        if taken and taken[-1] != self._last:
            taken = [*taken, self._last]
        if len(taken) <= POINTS:
            return tuple(taken)
        last = len(taken) - 1
        return tuple(taken[round(i * last / (POINTS - 1))] for i in range(POINTS))


def _hashed(pieces: Iterable[bytes], sha256: "hashlib._Hash") -> Iterator[bytes]:
    for piece in pieces:
        sha256.update(piece)
        yield piece


def _failure(told: Mapping[str, object]) -> str:
    """Return the reason of a line that ends a training; "" where it ended well."""
    reason = told.get("exit_reason", told.get("reason"))
    return reason if kind_of(told) == "failed" and isinstance(reason, str) else ""
