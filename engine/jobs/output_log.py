"""output.log: all that a job prints, written through at once; beyond a limit, its head and its tail.

Flat on disk and in memory for any amount of output, of any bytes, in lines or not. Knows nothing of
processes. Imported by the supervisor, so it imports nothing that takes time.

A file that has reached the limit loses its middle: the head (half of the limit) stays, then comes the marker,
then the newest eighth or more. So the end of the file is always the end of the output, while it grows too.
A cut falls on a line's end where there is one near; else the marker itself stands in the middle of the line,
so that half a number is never read as a whole one.
"""

from __future__ import annotations

import os
import time

from autoresearch.engine.system.light import suppress


TYPE_CHECKING = False  # as in typing, which takes 3 ms to import
if TYPE_CHECKING:
    from collections.abc import Callable

MARKER = b"[autoresearch: %015d bytes left out]"  # and a line's end, or a space in the middle of a line
LOST = b"[autoresearch: %d bytes lost: %s]\n"  # the disk was full

_NEAR = 64 * 2**10  # how far a cut moves to fall on a line's end
_PIECE = 2**20  # copied at once
_KEPT = 256 * 2**10  # of a job's newest output, in memory, until a full disk has room
_ROOM_S = 5.0  # at most, between two tries on a full disk
_LEAST = 4096  # a smaller limit would hold the marker and little else


class CappedLog:
    """The one writer of one log. `received` counts what it was given, kept or not.

    `worked` counts the same, but for lines that hold one of `no_work`: whole lines alone count then.
    """

    def __init__(self, path: str, limit: int, no_work: tuple[bytes, ...] = ()) -> None:
        """Create the file, or empty it.

        Raises: OSError: it cannot be created.
        """
        self.received = self.worked = 0
        self._no_work = no_work
        self._line = b""  # that is not whole yet
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        self._limit = max(limit, _LEAST)
        self._size = 0
        self._head = 0  # where the marker begins; 0: nothing is left out yet
        self._left_out = 0
        self._waiting = bytearray()  # what the disk has not taken yet
        self._lost = 0  # before that, since the disk became full
        self._why = b""

    def write(self, data: bytes) -> None:
        """Write through. What a full disk does not take waits in memory, and is written later.

        Of what is too much to wait the oldest is dropped, and counted where the log goes on.
        """
        self.received += len(data)
        self.worked += len(data) if not self._no_work else self._of_work(data)
        self._waiting += data
        try:
            self._write_through()
        except OSError as error:
            self._why = (error.strerror or "error").encode()
            self._drop_oldest()

    def _of_work(self, data: bytes) -> int:
        *lines, self._line = (self._line + data).split(b"\n")
        if len(self._line) > _NEAR:  # no such line is as long
            lines, self._line = [*lines, self._line], b""
        return sum(len(line) + 1 for line in lines if not any(mark in line for mark in self._no_work))

    def close(self, refused: Callable[[OSError], None] = lambda _: None) -> None:
        """Bring it to the device and close it, however long the disk is full: the result is at its end.

        Of each try that fails `refused` hears.
        """
        pause = 0.1
        while os.fstat(self._handle).st_nlink:  # else somebody deleted it: nobody is left to read it
            try:
                self._write_through()
            except OSError as error:
                refused(error)
                time.sleep(pause)
                pause = min(2 * pause, _ROOM_S)
            else:
                break
        with suppress(OSError):
            os.fsync(self._handle)
        os.close(self._handle)

    def _write_through(self) -> None:
        if self._lost:
            self._size += _write_all(self._handle, LOST % (self._lost, self._why), self._size)
            self._lost = 0
        room = self._limit // 4  # a piece at most, so that one big write does not pass the limit by far
        while self._waiting:
            written = os.pwrite(self._handle, self._waiting[:room], self._size)
            self._size += written
            del self._waiting[:written]
            if self._size >= self._limit:
                self._leave_out()

    def _drop_oldest(self) -> None:
        """Keep no more than the newest part, from the beginning of a line where one is near."""
        if len(self._waiting) <= 2 * _KEPT:
            return
        begin = len(self._waiting) - _KEPT
        newline = self._waiting.find(b"\n", begin, begin + _NEAR)
        begin = begin if newline < 0 else newline + 1
        self._lost += begin
        del self._waiting[:begin]

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
