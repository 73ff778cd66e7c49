"""Follow a run from outside: its states, brought up to date by reading only what is new."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.loading import NOTHING, Loaded
from engine.process import holder
from engine.workspace import RunPaths
from events.codec import Recorded
from events.errors import PositionVoided
from events.log import read


POLL_S = 0.2  # a stat of one file; heard soon enough for eyes
DEAD_LOOKS = 15  # looks in a row without a runner before it counts as gone: one may be just starting


class Tail:
    """A run's states, and the records that came since the last look."""

    def __init__(self, paths: RunPaths) -> None:
        self.paths = paths
        self.loaded: Loaded = NOTHING

    def news(self) -> list[Recorded]:
        """Fold what is new and return it; empty when nothing is.

        Raises:
            NotFound, CorruptHistory: as reading a history does.
        """
        if self.paths.history.exists() and self.paths.history.stat().st_size == self.loaded.position.offset:
            return []
        try:
            return self._read()
        except PositionVoided:  # its writer withdrew what was read last: the disk had refused it
            self.loaded = NOTHING
            self._read()
            return []

    def wait(self) -> None:
        """Wait a moment for more."""
        time.sleep(POLL_S)

    def _read(self) -> list[Recorded]:
        fresh = []
        position = self.loaded.position
        for recorded in read(self.paths.history, after=position.seq, since=position):
            self.loaded = self.loaded.after(recorded)
            fresh.append(recorded)
        return fresh


def follow(paths: RunPaths, after: int = 0) -> Iterator[Recorded]:
    """Yield the records after a seq, then each new one, until the run is at rest."""
    tail = Tail(paths)
    while True:
        fresh = tail.news()
        yield from (one for one in fresh if one.seq > after)
        if not fresh:
            if tail.loaded.run.stopped is not None:
                return
            tail.wait()


class Pulse:
    """Says whether a run still has a runner; one look without is not yet its death."""

    def __init__(self, paths: RunPaths) -> None:
        self._paths = paths
        self._missing = 0

    def gone(self) -> bool:
        """Look once more; True when no runner was seen for a while."""
        self._missing = 0 if holder(self._paths.lock) else self._missing + 1
        return self._missing >= DEAD_LOOKS


def follow_file(path: Path, *, ended: Callable[[], bool], offset: int = 0) -> Iterator[bytes]:
    """Yield what a file holds from `offset` and what is added, until `ended`; it may not exist yet."""
    while True:
        over = ended()
        try:
            with path.open("rb") as file:
                # A log that has reached its limit loses its middle: then it goes on at its end.
                offset = file.seek(min(offset, file.seek(0, 2)))
                while piece := file.read(2**16):
                    offset += len(piece)
                    yield piece
        except FileNotFoundError:
            pass
        if over:
            return
        time.sleep(POLL_S)
