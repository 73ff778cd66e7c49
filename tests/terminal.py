"""A program in a terminal of its own, for tests: keys in, what was written out."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Self

from tests.waiting import PATIENCE_S


# Ctrl-C and Ctrl-Z reach whom the terminal belongs to.
LEADS = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """A terminal with a program that leads it; ended with the block."""

    def __init__(self, words: list[str], cwd: Path, *, columns: int = 80, rows: int = 24) -> None:
        self._mine, theirs = pty.openpty()
        self._unread = ""
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [sys.executable, "-c", LEADS, *words],
            cwd=cwd,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=os.environ
            | {"TERM": "xterm", "COLUMNS": str(columns), "LINES": str(rows)},  # as some shells export
        )
        os.close(theirs)

    def press(self, keys: str) -> None:
        os.write(self._mine, keys.encode())

    def until(self, wanted: str) -> str:
        """Read until this has been written; return all up to there that was not returned before."""
        end = time.monotonic() + PATIENCE_S
        while wanted not in self._unread:
            assert time.monotonic() < end, (wanted, self._unread)
            self._unread += self.read(0.5)
        seen, found, self._unread = self._unread.partition(wanted)
        return seen + found

    def read(self, most_s: float) -> str:
        """Return what is written next; "" where nothing is for so long, or nobody is there any more."""
        if not select.select([self._mine], [], [], most_s)[0]:
            return ""
        try:
            return os.read(self._mine, 65536).decode(errors="replace")
        except OSError:  # the last who had it open is gone
            return ""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._mine, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def is_as_a_shell_has_it(self) -> bool:
        """Say whether it gives lines, and shows what is typed."""
        modes = termios.tcgetattr(self._mine)[3]
        return bool(modes & termios.ICANON and modes & termios.ECHO)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._mine)
