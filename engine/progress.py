"""progress.jsonl of a training: where it stands now, and a digest of it for the history.

A training that writes no progress.jsonl shows where it stands by the step lines of its log. Nothing here
raises: progress is a courtesy. The last line may be cut, so what follows the last newline is not read.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen

from engine.facts import tail_of
from engine.metric import number
from engine.supervisor import OUTPUT
from events.clock import from_epoch, now
from events.values import ProgressDigest


FILE = "progress.jsonl"
POINTS = 60

_TAIL_BYTES = 64 * 2**10
_LINE_BYTES = 64 * 2**10  # a longer line is none of ours
_STEP = re.compile(
    r"step\s+(?P<step>\d+)\s*\((?P<percent>[\d.]+)%\)\s*\|\s*loss:\s*(?P<loss>[-+.\deE]+)"
    r"(?:.*?tok/sec:\s*(?P<tok_per_s>[\d.,]+))?(?:.*?remaining:\s*(?P<seconds_left>[\d.,]+)s)?",
    re.ASCII,
)


@frozen(kw_only=True)
class Progress:
    """Where a running training stands; None where it does not say."""

    percent: float | None
    seconds_left: float | None
    loss: float | None
    tok_per_s: float | None
    step: int | None
    as_of: str  # RFC 3339, UTC: when it said so


def progress_now(folder: Path) -> Progress | None:
    """Say where a training stands, from the ends of its files; None where it has said nothing yet."""
    lines = tail_of(folder / FILE, _TAIL_BYTES).split(b"\n")[:-1]
    for line in reversed(lines):
        told = _object(line)
        if told is not None and _kind(told) == "progress":
            at = told.get("at")
            return _progress(told, at if isinstance(at, str) else _changed(folder / FILE))
    text = tail_of(folder / OUTPUT, _TAIL_BYTES).decode(errors="replace").replace("\r", "\n")
    for said in reversed(text.split("\n")):
        match = _STEP.search(said[:1000])
        if match:
            words = {key: _parsed(word) for key, word in match.groupdict().items()}
            return _progress(words, _changed(folder / OUTPUT))
    return None


def read_digest(folder: Path) -> ProgressDigest | None:
    """Return digest, count and some points of progress.jsonl; None where there is no such file."""
    sha256, count, points = hashlib.sha256(), 0, list[tuple[float, float]]()
    every, seen = 1, 0  # of the points seen, each `every`th is taken
    try:
        for line in _lines(folder / FILE, sha256):
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
    for line in reversed(tail_of(folder / FILE, _TAIL_BYTES).split(b"\n")[:-1]):
        told = _object(line)
        if told is not None and _kind(told) in ("failed", "finished"):
            reason = told.get("exit_reason", told.get("reason"))
            return reason if _kind(told) == "failed" and isinstance(reason, str) else ""
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
    told = _object(line)
    if told is None or _kind(told) != "progress":
        return None
    percent, loss = number(told.get("percent")), number(told.get("loss"))
    return None if percent is None or loss is None else (round(percent, 2), round(loss, 6))


def _progress(told: Mapping[str, object], as_of: str) -> Progress:
    step = number(told.get("step"))
    return Progress(
        percent=number(told.get("percent")),
        seconds_left=number(told.get("seconds_left")),
        loss=number(told.get("loss")),
        tok_per_s=number(told.get("tok_per_s")),
        step=None if step is None else int(step),
        as_of=as_of,
    )


def _kind(told: dict[str, object]) -> object:
    return told.get("kind", told.get("event"))


def _object(line: bytes) -> dict[str, object] | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _parsed(word: str | None) -> float | None:
    try:
        return number(float((word or "").replace(",", "")))
    except ValueError:
        return None


def _changed(path: Path) -> str:
    try:
        return from_epoch(path.stat().st_mtime)
    except OSError:  # deleted meanwhile
        return now()
