"""progress.jsonl of a training that has ended: a digest of it for the history, and how it says it ended.

Nothing here raises: progress is a courtesy. The last line may be cut, so what follows the last newline is
not read.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from autoresearch.engine.paths import JobPaths
from autoresearch.engine.system.foreign_files import number, object_in, tail_of
from autoresearch.engine.training.progress import TAIL_BYTES, kind_of
from autoresearch.events.values import ProgressDigest


POINTS = 60

_LINE_BYTES = 64 * 2**10  # a longer line is none of ours


def read_digest(folder: Path) -> ProgressDigest | None:
    """Return digest, count and some points of progress.jsonl; None where there is no such file."""
    sha256, count, points = hashlib.sha256(), 0, list[tuple[float, float]]()
    every, seen = 1, 0  # of the points seen, each `every`th is taken
    try:
        for line in _lines(JobPaths(folder).progress, sha256):
            count += 1
            point = _point(line)
            if point is None:
                continue
            if seen % every == 0:
                points.append(point)
            seen += 1
            last = point
            if len(points) > 2 * POINTS:
                points, every = points[::2], 2 * every
    except OSError:
        return None
    if seen and points[-1] != last:
        points.append(last)
    return ProgressDigest(sha256=sha256.hexdigest(), lines=count, points=_thinned(points))


def stated_failure(folder: Path) -> str:
    """Return the reason of the `failed` line that ended progress.jsonl; "" where none did."""
    for line in reversed(tail_of(JobPaths(folder).progress, TAIL_BYTES).split(b"\n")[:-1]):
        told = object_in(line)
        if told is not None and kind_of(told) in ("failed", "finished"):
            reason = told.get("exit_reason", told.get("reason"))
            return reason if kind_of(told) == "failed" and isinstance(reason, str) else ""
    return ""


def _lines(path: Path, sha256: "hashlib._Hash") -> Iterator[bytes]:
    """Yield the whole lines of a file, hashing all of it; of a line that is too long, its beginning."""
    with path.open("rb") as file:
        begun = b""
        while piece := file.readline(_LINE_BYTES):
            sha256.update(piece)
            if piece.endswith(b"\n"):
                yield begun or piece
                begun = b""
            else:
                begun = begun or piece


def _thinned(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    if len(points) <= POINTS:
        return tuple(points)
    last = len(points) - 1
    return tuple(points[round(i * last / (POINTS - 1))] for i in range(POINTS))


def _point(line: bytes) -> tuple[float, float] | None:
    told = object_in(line)
    if told is None or kind_of(told) != "progress":
        return None
    percent, loss = number(told.get("percent")), number(told.get("loss"))
    return None if percent is None or loss is None else (round(percent, 2), round(loss, 6))
