"""The processes that a test has started, told by its folder: to see whether one is left, and to end it."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def started(*words: str | Path, **more: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a program; however the block ends, nothing of it is left, which would fail another test."""
    with subprocess.Popen(words, **more) as process:
        try:
            yield process
        finally:
            process.kill()


def living(below: Path) -> list[int]:
    """Return who works below a folder, or has it in its words or its environment; zombies do not."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or entry.name == str(os.getpid()):
            continue
        try:
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            where = str((entry / "cwd").readlink())
        except OSError:
            continue
        if os.fsencode(below) in words or where.startswith(str(below)):
            found.append(int(entry.name))
    return found


def end_everything(below: Path) -> None:
    """Kill whatever still works below a test's folder: no process outlives its test."""
    for pid in living(below):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
