"""Bringing appended bytes to the disk, alone or for several threads at once."""

import os
import threading


def sync_data(fd: int) -> None:
    """Wait until the file's bytes and its size are on the disk."""
    if hasattr(os, "fdatasync"):
        os.fdatasync(fd)
    else:  # macOS
        os.fsync(fd)


class GroupSync:
    """One sync for all the threads that wait for one: the first to come does it for the others.

    After a failure nobody who waited is told otherwise: a second sync of the same file would succeed
    without having written anything.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._turn = threading.Condition()
        self._busy = False
        self._written = 0  # byte offsets
        self._synced = 0
        self._failure: OSError | None = None

    def sync(self, end: int) -> None:
        """Return once the bytes up to `end`, already written, are on the disk.

        Raises:
            OSError: this sync failed, or an earlier one of this file.
        """
        with self._turn:
            self._written = max(self._written, end)
            while self._busy and self._synced < end:
                self._turn.wait()
            if self._failure is not None:
                raise OSError(*self._failure.args)
            if self._synced >= end:
                return
            self._busy = True
            upto = self._written
        failure = None
        try:
            sync_data(self._fd)
        except OSError as error:
            failure = error
        with self._turn:
            self._busy = False
            self._failure = failure
            if failure is None:
                self._synced = max(self._synced, upto)
            self._turn.notify_all()
        if failure is not None:
            raise failure
