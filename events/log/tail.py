"""What a writer knows of a history: where it ends, and which idempotency keys were used.

It only ever reads on from where it stopped, and checks every line on the way.
"""

import os
from pathlib import Path

from autoresearch.events.encoding.codec import HASH, Line, Position, Recorded, key_of
from autoresearch.events.errors import CorruptHistory, PositionVoided
from autoresearch.events.log.read import holds, lines, position_of, record
from autoresearch.events.log.verify import following


_A_KEY = b',"key":"'  # where no line has one, no line needs a look
_FEW = 2**16  # bytes: what other writers append between two looks is rarely more


class Tail:
    """The end of one file, as read so far. Not safe to share between threads."""

    def __init__(self, path: Path, *, since: Position | None) -> None:
        self._path = path
        self._since = since
        self._identity: tuple[int, int] | None = None  # device and inode
        self._keys: dict[str, Position] | None = {}  # where each began; None: not all are known
        self.head = Position.start()

    @property
    def seen(self) -> bool:
        """Say whether the file was there once."""
        return self._identity is not None

    def catch_up(self, fd: int | None = None) -> int:
        """Take in the lines that came since the last look; return the size of the file.

        With the file open as `fd`, a few lines that fit cost no opening: where eight write in turn, an
        append takes half the time (2026-11).

        Raises:
            CorruptHistory: they do not fit, or the file was removed, replaced or cut.
        """
        try:
            status = os.stat(self._path)  # noqa: PTH116 - Path.stat costs half as much again
        except FileNotFoundError as error:
            if self._identity is None:
                return 0
            raise CorruptHistory(f"{self._path} was removed while it was open") from error
        identity = (status.st_dev, status.st_ino)
        if self._identity is None:
            self._identity = identity
            self._begin(status.st_size)
        if self._identity != identity:
            raise CorruptHistory(f"{self._path} was replaced by another file while it was open")
        if status.st_size < self.head.offset:
            raise CorruptHistory(f"{self._path} was cut: {self.head.offset} bytes then, {status.st_size} now")
        new = status.st_size - self.head.offset
        if new and not (fd is not None and new <= _FEW and self._read_few(fd, new)):
            self._read_on()
        return status.st_size

    def take(self, line: Line) -> None:
        """Go past one line."""
        if self._keys is not None:
            key = key_of(line[1])
            if key is not None:
                self._keys.setdefault(key, self.head)
        self.head = position_of(line)

    def wrote(self, key: str | None, head: Position) -> None:
        """Go past what was just written under a key."""
        if key is not None and self._keys is not None:
            self._keys[key] = self.head
        self.head = head

    def forget(self) -> None:
        """Begin anew: what was read may not be what is on the disk."""
        self.head = Position.start()
        self._keys = {}

    def first_under(self, key: str) -> tuple[Recorded, ...]:
        """Return what was appended under this key, or nothing."""
        if self._keys is None:
            self.forget()
            self._read_on()
        begin = (self._keys or {}).get(key)
        if begin is None:
            return ()
        found: list[Recorded] = []
        for line in lines(self._path, begin):
            found.append(record(self._path, line))
            tx = found[0].tx
            if len(found) == (1 if tx is None else tx[1]):
                break
        return tuple(found)

    def _begin(self, size: int) -> None:
        """Begin where `since` says; at the first byte where that record lacks its line end."""
        since = self._since
        if since is not None and since.seq and since.offset <= size and holds(self._path, since):
            self.head = since
            self._keys = None

    def _read_few(self, fd: int, size: int) -> bool:
        """Take in so many bytes if they are whole writes that fit; say whether they were."""
        begin = self.head
        before = b'%b"}\n' % begin.hash.encode() if begin.seq else b""
        raw = os.pread(fd, len(before) + size, begin.offset - len(before))
        lines = following(raw[len(before) :], begin) if raw.startswith(before) else []
        if not lines:
            return False
        seq, end = begin.seq, begin.offset
        if _A_KEY not in raw:
            seq, end = seq + len(lines), end + size
            self.head = Position(seq=seq, offset=end, hash=lines[-1][HASH].decode())
            return True
        for one in lines:
            seq, end = seq + 1, end + len(one)
            self.take((seq, one, end, one[HASH].decode()))
        return True

    def _read_on(self) -> None:
        try:
            for line in lines(self._path, self.head):
                self.take(line)
        except PositionVoided:  # another writer withdrew what was read last
            self.forget()
            for line in lines(self._path, self.head):
                self.take(line)
