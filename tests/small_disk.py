"""A small disk of a test's own, to be filled; where mounting is not allowed, the test is skipped."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def mount(*words: str) -> None:
    """Mount, or skip the test."""
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")


@contextlib.contextmanager
def small_disk(place: Path, *, megabytes: int) -> Iterator[Path]:
    """Put a disk of this size into a place for the block's time; nothing may work on it at its end."""
    place.mkdir(parents=True)
    mount("-t", "tmpfs", "-o", f"size={megabytes}m", "autoresearch-test", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, *, leave: int = 0) -> Path:
    """Take all the room there is, but for so many bytes; return the file that has it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**16, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
        file.truncate(max(file.tell() - leave, 0))
    return filler
