"""output.log: all that a job prints, written through at once; beyond a limit, its head and its tail.

Flat on disk and in memory for any amount of output, of any bytes, in lines or not. Knows nothing of
processes. Imported by the supervisor, so it imports nothing that takes time.

A file that has reached the limit loses its middle: the head (half of the limit) stays, then comes the marker,
then the newest eighth or more. So the end of the file is always the end of the output, while it grows too.
A cut falls on a line's end where there is one near; else the marker itself stands in the middle of the line,
so that half a number is never read as a whole one.
"""

from __future__ import annotations

import contextlib
import os


MARKER = b"[autoresearch: %015d bytes left out]"  # and a line's end, or a space in the middle of a line
LOST = b"[autoresearch: %d bytes lost: %s]\n"  # the disk was full

_NEAR = 64 * 2**10  # how far a cut moves to fall on a line's end
_PIECE = 2**20  # copied at once
_LEAST = 4096  # a smaller limit would hold the marker and little else


class CappedLog:
    """The one writer of one log. `received` counts what it was given, kept or not."""

    def __init__(self, path: str, limit: int) -> None:
        """Create the file, or empty it.

        Raises: OSError: it cannot be created.
        """
        self.received = 0
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        self._limit = max(limit, _LEAST)
        self._size = 0
        self._head = 0  # where the marker begins; 0: nothing is left out yet
        self._left_out = 0
        self._lost = 0  # since the disk became full
        self._why = b""

    def write(self, data: bytes) -> None:
        """Write through. What a full disk does not take is dropped, and counted where the log goes on."""
        self.received += len(data)
        room = self._limit // 4  # a piece at most, so that one big write does not pass the limit by far
        for start in range(0, len(data), room):
            self._put(data[start : start + room])
            if self._size >= self._limit:
                self._leave_out()

    def close(self) -> None:
        """Bring it to the device, as far as the device takes it, and close it."""
        self._put(b"")
        with contextlib.suppress(OSError):  # a log is worth no job: what is not there is not read
            os.fsync(self._handle)
        os.close(self._handle)

    def _put(self, data: bytes) -> None:
        told = LOST % (self._lost, self._why) if self._lost else b""
        try:
            self._size += _write_all(self._handle, told, self._size)
            self._lost = 0
            self._size += _write_all(self._handle, data, self._size)
        except OSError as error:
            self._lost += len(data)
            self._why = (error.strerror or "error").encode()

    def _leave_out(self) -> None:
        """Move the newest part up to the marker and cut the file behind it."""
        try:
            if not self._head:
                self._head = self._line_end_before(self._limit // 2)
            begin = self._line_end_behind(self._size - self._limit // 4)
            whole = os.pread(self._handle, 1, begin - 1) == b"\n"
            marker_size = len(MARKER % 0) + 1
            already = self._head + marker_size if self._left_out else self._head
            left_out = self._left_out + begin - already
            _write_all(self._handle, MARKER % left_out + (b"\n" if whole else b" "), self._head)
            to = self._head + marker_size
            while piece := os.pread(self._handle, _PIECE, begin):
                to += _write_all(self._handle, piece, to)
                begin += len(piece)
            os.ftruncate(self._handle, to)
        except OSError as error:
            self._why = (error.strerror or "error").encode()
            return
        self._size, self._left_out = to, left_out

    def _line_end_before(self, position: int) -> int:
        """Return the end of the last line before this position, or the position where none ends near it."""
        floor = max(position - _NEAR, position // 2)
        newline = os.pread(self._handle, position - floor, floor).rfind(b"\n")
        return position if newline < 0 else floor + newline + 1

    def _line_end_behind(self, position: int) -> int:
        """Return the end of the first line behind this position, or the position where none ends near it."""
        near = min(_NEAR, (self._size - position) // 2)
        newline = os.pread(self._handle, near, position).find(b"\n")
        return position if newline < 0 else position + newline + 1


def _write_all(handle: int, data: bytes, position: int) -> int:
    done = 0
    while done < len(data):
        done += os.pwrite(handle, data[done:], position + done)
    return done
