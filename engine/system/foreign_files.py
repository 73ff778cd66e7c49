"""What other programs leave in files, taken with caution: the end of a file, a JSON object, a number.

Nothing here raises. Imports only what starts fast: `status --json` reads the progress of a training.
"""

import json
import math
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


def read_object(path: Path) -> dict[str, object] | None:
    """Return the JSON object in a file, None where there is no file, or no such thing in it."""
    try:
        with path.open("rb") as file:
            return object_in(file.read(_MOST_BYTES))
    except OSError:
        return None


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
