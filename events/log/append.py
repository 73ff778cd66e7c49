"""The only writer of histories: appends records, and closes off what a crash left at the end.

Any number of processes and threads append to one file. Order is made under a lock on the file itself; the
wait for the disk comes after it, and the acknowledgement after that. The file only ever grows.
Reading is in events/log/read.py.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from autoresearch.events.catalog import Event, TailHealed
from autoresearch.events.clock import now
from autoresearch.events.encoding.codec import (
    Payload,
    Position,
    RawEvent,
    Recorded,
    chain,
    envelope,
    event_type,
    payload,
    text_field,
)
from autoresearch.events.errors import (
    AutoresearchError,
    DiskTrouble,
    InvalidInput,
    KeyReused,
    NotFound,
    WrongExpectedVersion,
)
from autoresearch.events.files import sync_data, sync_folder, write_all
from autoresearch.events.log.healing import finished_lines, healing
from autoresearch.events.log.read import position_of
from autoresearch.events.log.tail import Tail


MAX_BATCH = 2**24  # bytes written at once, so that what a reader holds back stays small
Durability = Literal["fsync", "off"]


class EventLog:
    """One history, open for appending; safe to share between threads, and after a fork.

    Durability: `fsync` returns once the records are on the disk; `off` leaves them to the system, so a
    power cut may take them.
    `since` is a position known to be on the disk (a snapshot's), to check the file from there only.
    """

    def __init__(
        self,
        path: Path,
        *,
        durability: Durability = "fsync",
        clock: Callable[[], str] = now,
        since: Position | None = None,
    ) -> None:
        self._path = path
        self._durability = durability
        self._clock = clock
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._file: _File | None = None
        self._tail = Tail(path, since=since)
        self._folder_synced = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files; a later append opens them again."""
        with self._lock:
            self._file = None

    def head(self) -> Position:
        """Return where the history ends now, whole records only.

        Raises:
            CorruptHistory: what came since the last look does not fit.
        """
        self._renew_after_fork()
        with self._lock:
            self._tail.catch_up()
            return self._tail.head

    def appended(self, key: str) -> tuple[Recorded, ...]:
        """Return what was appended under a key; empty where nothing was."""
        self._renew_after_fork()
        with self._lock:
            self._tail.catch_up()
            return self._tail.first_under(key)

    def append(
        self, events: Sequence[Event], *, by: str, expected: int | None = None, key: str | None = None
    ) -> tuple[Recorded, ...]:
        """Append all of the events or none, and return them as recorded once they are as durable as asked.

        `expected` is the seq the caller has read up to. A `key` appends once: with the same events again,
        the first result is returned. A torn end is closed off first, which adds a TailHealed.

        Raises:
            WrongExpectedVersion: others have appended; nothing was written.
            KeyReused: the key came before with other events; nothing was written.
            WrongValue, InvalidInput: an event cannot be stored; nothing was written.
            DiskTrouble: the disk refused; nothing was acknowledged.
            CorruptHistory: the file is damaged, was cut, or replaced.
        """
        payloads = _encoded(events)
        texts = (text_field("by", by), b"null" if key is None else text_field("key", key))
        if not payloads:
            return ()
        self._renew_after_fork()
        with self._lock:
            try:
                file = self._acquire()
                seen = self._settle(file.fd)
                begin = self._tail.head
                recorded = () if key is None else self._repeated(key, payloads)
                if not recorded:
                    if expected is not None and expected != seen:
                        raise WrongExpectedVersion(str(self._path), at=seen, expected=expected)
                    recorded = self._write(file.fd, payloads, by=by, key=key, texts=texts)
            finally:
                self._release()
        self._acknowledge(file, begin=begin, end=recorded[-1].end)
        return recorded

    # --- under the lock ---

    def _acquire(self) -> "_File":
        """Take the lock between processes, and return the open file."""
        try:
            while True:
                if self._file is None:
                    self._file = _File(self._path, create=not self._tail.seen)
                fcntl.flock(self._file.fd, fcntl.LOCK_EX)
                # A file that was replaced before it was locked is not the history; one that was replaced
                # after it was read is damage, which the tail names.
                if self._tail.seen or self._file.is_at(self._path):
                    break
                self._file = None
        except FileNotFoundError as error:
            raise NotFound(f"{error.filename} cannot be opened: it is not there") from error
        except OSError as error:
            raise DiskTrouble(str(self._path), doing="opening", error=error, withdrawn=True) from error
        return self._file

    def _release(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file.fd, fcntl.LOCK_UN)

    def _settle(self, fd: int) -> int:
        """Read what others appended and close off a torn end; return the seq before that."""
        size = self._tail.catch_up(fd)
        if size == self._tail.head.offset:
            return self._tail.head.seq
        finished = finished_lines(fd, self._tail.head, size)
        for one in finished:
            self._tail.take(one)
        seen = self._tail.head.seq
        try:
            self._close_off(fd, self._tail.head, finishes=bool(finished))
        except OSError as error:
            self._tail.forget()  # what was about to be finished is not
            raise DiskTrouble(
                str(self._path), doing="closing off a torn end", error=error, withdrawn=True
            ) from error
        return seen

    def _repeated(self, key: str, payloads: list[Payload]) -> tuple[Recorded, ...]:
        """Return what was appended under this key before, or nothing."""
        first = self._tail.first_under(key)
        if first and [_stored(one) for one in first] != [
            (event_type(event), data) for event, _, data in payloads
        ]:
            raise KeyReused(
                f"{self._path}: the key {key!r} was used for record {first[0].seq}, with other events",
                remedy="use a key of its own for every intent",
            )
        return first

    def _write(
        self, fd: int, payloads: list[Payload], *, by: str, key: str | None, texts: tuple[bytes, bytes]
    ) -> tuple[Recorded, ...]:
        begin, at, size = self._tail.head, self._clock(), len(payloads)
        lines = chain(payloads, envelope(at=at, by=texts[0], key=texts[1]), after=begin)
        head = position_of(lines[-1])
        try:
            write_all(fd, b"".join([raw for _, raw, _, _ in lines]))
        except OSError as error:
            withdrawn = self._undo_write(fd, begin, head.offset)
            raise DiskTrouble(str(self._path), doing="writing", error=error, withdrawn=withdrawn) from error
        self._tail.wrote(key, head)
        return tuple(
            [
                Recorded(
                    seq=seq,
                    at=at,
                    by=by,
                    key=key,
                    tx=None if size == 1 else (index, size),
                    event=payloads[index][0],
                    hash=hash_,
                    end=end,
                )
                for index, (seq, _, end, hash_) in enumerate(lines)
            ]
        )

    def _undo_write(self, fd: int, begin: Position, end: int) -> bool:
        """Close off a write that failed half way; say whether it is certain never to be seen."""
        try:
            if os.fstat(fd).st_size > begin.offset:
                self._close_off(fd, begin)
        except OSError:
            return os.fstat(fd).st_size != end - 1
        return True

    def _close_off(self, fd: int, begin: Position, *, finishes: bool = False) -> None:
        """Append a TailHealed for all bytes after `begin`."""
        raw, end = healing(fd, begin, finishes=finishes, at=self._clock())
        write_all(fd, raw)
        self._tail.wrote(None, end)

    # --- after the lock ---

    def _acknowledge(self, file: "_File", *, begin: Position, end: int) -> None:
        """Wait until the bytes are on the disk, and with the first ones the file's name."""
        if self._durability == "off":
            return
        try:
            sync_data(file.fd)
            if not self._folder_synced:
                sync_folder(self._path.parent)
                self._folder_synced = True
        except OSError as error:
            withdrawn = self._withdraw(file, begin, end)
            raise DiskTrouble(str(self._path), doing="syncing", error=error, withdrawn=withdrawn) from error

    def _withdraw(self, file: "_File", begin: Position, end: int) -> bool:
        """Void a write that could not be synced, if nobody has appended behind it.

        The file is opened anew and read from its beginning next time: a sync that failed once can succeed
        the second time without having written anything, so it is not tried again.
        """
        with self._lock:
            if self._file is file:
                self._file = None
            try:
                fresh = self._acquire()
                if os.fstat(fresh.fd).st_size != end or end <= begin.offset:
                    return False
                self._close_off(fresh.fd, begin)
            except (OSError, AutoresearchError):
                return False
            else:
                return True
            finally:
                self._release()
                self._tail.forget()

    def _renew_after_fork(self) -> None:
        """Take files and a lock of its own in a child process: a forked file lock excludes nobody."""
        if self._pid == os.getpid():
            return
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self.close()


class _File:
    """The history, open for appending; closed when the last thread that waits for its sync is done."""

    def __init__(self, path: Path, *, create: bool) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        self.fd = os.open(path, flags, 0o644)

    def is_at(self, path: Path) -> bool:
        """Say whether the path still leads to this file."""
        try:
            return os.path.samestat(os.fstat(self.fd), os.stat(path))  # noqa: PTH116 - half the time of Path.stat
        except FileNotFoundError:
            return False

    def __del__(self) -> None:
        if hasattr(self, "fd"):
            os.close(self.fd)


def _encoded(events: Sequence[Event]) -> list[Payload]:
    payloads = [payload(event) for event in events]
    if TailHealed in map(type, events):
        raise InvalidInput("only the log itself records TailHealed")
    size = sum([len(data) for *_, data in payloads])
    if size > MAX_BATCH:
        raise InvalidInput(f"a batch of {size} bytes is too large for a history (at most {MAX_BATCH})")
    return payloads


def _stored(recorded: Recorded) -> tuple[str, bytes]:
    """Return an event's type, and its data as it would be written today; nothing for an unknown one."""
    event = recorded.event
    return event_type(event), b"" if isinstance(event, RawEvent) else payload(event)[-1]
