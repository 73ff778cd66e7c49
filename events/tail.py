"""What a writer knows of a history: where it ends, and which idempotency keys were used.

It only ever reads on from where it stopped, and checks every line on the way.
"""

import os
from pathlib import Path

from events.codec import Line, Position, Recorded, key_of
from events.errors import CorruptHistory, PositionVoided
from events.reading import holds, lines, position_of, record


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

    def catch_up(self) -> int:
        """Take in the lines that came since the last look; return the size of the file.

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
            self._begin()
        if self._identity != identity:
            raise CorruptHistory(f"{self._path} was replaced by another file while it was open")
        if status.st_size < self.head.offset:
            raise CorruptHistory(f"{self._path} was cut: {self.head.offset} bytes then, {status.st_size} now")
        if status.st_size > self.head.offset:
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

    def _begin(self) -> None:
        if self._since is not None and self._since.seq and holds(self._path, self._since):
            self.head = self._since
            self._keys = None

    def _read_on(self) -> None:
        try:
            for line in lines(self._path, self.head):
                self.take(line)
        except PositionVoided:  # another writer withdrew what was read last
            self.forget()
            for line in lines(self._path, self.head):
                self.take(line)
