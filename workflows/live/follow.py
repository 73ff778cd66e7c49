"""Follow a run from outside: its states, brought up to date by reading only what is new.

A bell (watchdog) says when to look; a slow look behind it finds what no bell rang for: on a network mount,
after a laptop's sleep, or where the system has no more watches to give.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from autoresearch.engine.core.decider import decide
from autoresearch.engine.jobs import pack
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import Loaded, load_run, nothing
from autoresearch.engine.runs.runner_lock import living_runner
from autoresearch.events.encoding.codec import Position, Recorded
from autoresearch.events.errors import PositionVoided
from autoresearch.events.log.read import read
from autoresearch.events.log.seek import position_before
from autoresearch.projections.fold import Snapshot
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import waiting_for_human
from autoresearch.projections.words.event_text import Told


if TYPE_CHECKING:
    from autoresearch.engine.proposals.drop_folder import Bell


Ending = Literal["rest", "waiting", "gone"]

POLL_S = 0.2  # a stat of one file; heard soon enough for eyes
SLOW_POLL_S = 1.0  # between two looks that no bell rang for
DEAD_LOOKS = 15  # looks in a row without a runner before it counts as gone: one may be just starting


class HistoryFollower:
    """The records of a run that came since the last look, from a position on."""

    def __init__(self, paths: RunPaths, *, since: Position) -> None:
        self.paths = paths
        self.position = since
        self._bell: Bell | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bell is not None:
            self._bell.close()

    def news(self) -> list[Recorded]:
        """Return what is new; empty when nothing is.

        After a record that its writer withdrew, since the disk had refused it, comes the TailHealed of the
        same seq that says so.

        Raises:
            NotFound, CorruptHistory: as reading a history does.
        """
        if self.paths.history.exists() and self.paths.history.stat().st_size == self.position.offset:
            return []
        try:
            return self._read()
        except PositionVoided as voided:
            return self._begin_again(voided)

    def wait(self, most_s: float | None = None) -> None:
        """Sleep until something was written in the run's folder, at most this long or to the slow look."""
        if self._bell is None:
            from autoresearch.engine.proposals.drop_folder import Bell  # noqa: PLC0415 - watchdog is loaded only by who waits

            self._bell = Bell(self.paths.folder)
            with contextlib.suppress(OSError):  # no watch is left: the slow look is enough
                self._bell.watch([self.paths.folder])
            return  # what came before the bell hung
        self._bell.wait(SLOW_POLL_S if most_s is None else most_s)

    def _read(self) -> list[Recorded]:
        fresh = []
        for recorded in read(self.paths.history, after=self.position.seq, since=self.position):
            self._take(recorded)
            fresh.append(recorded)
        return fresh

    def _take(self, recorded: Recorded) -> None:
        self.position = Position(seq=recorded.seq, offset=recorded.end, hash=recorded.hash)

    def _begin_again(self, voided: PositionVoided) -> list[Recorded]:
        """Go on from the last record that still holds."""
        self.position = Position(seq=voided.seq, offset=voided.offset, hash=voided.hash)
        return self._read()


class RunFollower(HistoryFollower):
    """A run's states too, folded from the first record on, or from where they were folded to."""

    def __init__(self, paths: RunPaths, *, since: Loaded | None = None) -> None:
        self.loaded: Loaded = since or nothing()
        super().__init__(paths, since=self.loaded.position)
        self.generation = 0  # grows when records were withdrawn that it had read

    def _take(self, recorded: Recorded) -> None:
        super()._take(recorded)
        self.loaded = self.loaded.after(recorded)

    def _begin_again(self, voided: PositionVoided) -> list[Recorded]:
        self.loaded, self.position, self.generation = nothing(), Position.start(), self.generation + 1
        return [recorded for recorded in self._read() if recorded.seq > voided.seq]


def follow(paths: RunPaths, after: int = 0) -> Iterator[Recorded]:
    """Yield the records after a seq, and perhaps some before, then each new one, until the run is idle.

    Of a long history, no more is read than that, and than the state needs which state.json does not keep.
    """
    begin = position_before(paths.history, after + 1) if after else Position.start()
    run = load_run(paths)
    with HistoryFollower(paths, since=begin) as follower:
        while True:
            fresh = follower.news()
            yield from fresh
            if fresh:
                continue
            run = brought_up(paths, run)
            if run.position.seq > follower.position.seq:
                continue
            if run.state.stopped is not None:
                return
            follower.wait()


def brought_up(paths: RunPaths, run: Snapshot[RunState]) -> Snapshot[RunState]:
    """Return a run's state with what came since; folded anew where its last record was withdrawn."""
    try:
        return load_run(paths, since=run)
    except PositionVoided:
        return load_run(paths)


class Pulse:
    """Says whether a run still has a runner; one look without is not yet its death."""

    def __init__(self, paths: RunPaths) -> None:
        self._paths = paths
        self._missing = 0

    @property
    def is_missed(self) -> bool:
        """Say whether the last look saw no runner."""
        return self._missing > 0

    def gone(self) -> bool:
        """Look once more; True when no runner was seen for a while."""
        self._missing = 0 if living_runner(self._paths) else self._missing + 1
        return self._missing >= DEAD_LOOKS


def watch_lines(
    paths: RunPaths, *, write: Callable[[str], None], after: int = 0, leave_waiting: bool = False
) -> Ending:
    """Write one line for each event after a seq, until the run rests; say how it ended.

    With `leave_waiting` it also ends when nothing can happen before a human speaks.
    """
    follower, pulse, told = RunFollower(paths), Pulse(paths), Told()
    while True:
        fresh = follower.news()
        for recorded in map(told.hear, fresh):
            if recorded.seq > after:
                write(told.line(recorded))
        ending = None if fresh else ending_of(follower, pulse, leave_waiting=leave_waiting)
        if ending is not None:
            return ending
        time.sleep(POLL_S)


def ending_of(follower: RunFollower, pulse: Pulse, *, leave_waiting: bool) -> Ending | None:
    """Say how watching a run ends, None while it goes on."""
    run = follower.loaded.run
    if run.stopped is not None:
        return "rest"
    gone = pulse.gone()
    idle = waiting_for_human(run) is not None and not run.jobs and not decide(run)
    if idle and (leave_waiting or gone):
        return "waiting"
    return "gone" if gone else None


def follow_file(path: Path, *, ended: Callable[[], bool], offset: int = 0) -> Iterator[bytes]:
    """Yield what a file holds from `offset` and what is added, until `ended`; it may not exist yet."""
    while True:
        over = ended()
        file = pack.opened(path)
        if file is not None:
            with file:
                # A log that has reached its limit loses its middle: then it goes on at its end.
                offset = file.seek(min(offset, file.seek(0, 2)))
                while piece := file.read(2**16):
                    offset += len(piece)
                    yield piece
        if over:
            return
        time.sleep(POLL_S)
