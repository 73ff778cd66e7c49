"""What other programs leave in files, taken with caution: the end of a file, lines, a JSON object, a number.

Nothing here raises, whatever the content. Imports only what starts fast: `status --json` reads the progress
of a training.
"""

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path


_MOST_BYTES = 2**20  # a larger object is none


def tail_of(path: Path, size: int) -> bytes:
    """Return the last `size` bytes of a file, fewer where it is shorter, none where it is not there."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(0, end - size))
            return file.read(size)
    except OSError:
        return b""


def object_from(pieces: Iterable[bytes] | None) -> dict[str, object] | None:
    """Return the JSON object that comes in pieces, None where there is none, or what comes is too large."""
    text = b""
    for piece in pieces or ():
        text += piece
        if len(text) > _MOST_BYTES:
            return None
    return object_in(text)


def lines_of(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Yield the lines of what comes in pieces, with their ends; the last one may have none.

    Of a line that is longer than `limit`, its beginning is yielded, with an end.
    """
    rest = b""
    for piece in pieces:
        *whole, last = piece.split(b"\n")
        for one in whole:
            yield (rest + one)[:limit] + b"\n"
            rest = b""
        rest = (rest + last)[:limit]
    if rest:
        yield rest


def object_in(text: bytes) -> dict[str, object] | None:
    """Return the JSON object that this is, None where it is none."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def number(value: object) -> float | None:
    """Return a finite number as such, and anything else as None."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer of 400 digits
        return None
