"""A run's history as read so far: its states now and at any event, shared by all pages that show it.

A cache: it reads on where it stopped, and begins anew where the history was withdrawn or replaced.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import Loaded, known, load, nothing
from autoresearch.events.encoding.codec import Position, Recorded
from autoresearch.events.errors import AutoresearchError, CorruptHistory, NotFound, WayOut, WrongValue
from autoresearch.events.log.read import blocks, read, verify
from autoresearch.events.log.seek import position_before
from autoresearch.events.log.verify import Block, block_of
from autoresearch.projections import register
from autoresearch.projections.evidence import EVIDENCE, Evidence
from autoresearch.projections.fold import Projection, fold_lines
from autoresearch.projections.words.times import counted
from autoresearch.workflows.pages.acts.wrong_words import what_is_wrong
from autoresearch.workflows.pages.ways_out import worded
from autoresearch.workflows.web.row_changes import ROW_CHANGES, RowChanges


T = TypeVar("T")

EVERY = 512  # events between two states that are kept: half a millisecond to fold
FRESH_S = 1.0  # so long is what the world says of a run shown again: ten pages ask it no more than one
ALL: tuple[Projection[Any], ...] = (*register.REGISTER, ROW_CHANGES, EVIDENCE)


@frozen(kw_only=True)
class Damage:
    """What is wrong with a history, and the way out, in words; what was read is all that lies before."""

    what: str
    way_out: str


class Followed:
    """One run's history. Safe to share between threads."""

    def __init__(self, paths: RunPaths, *, upto: int | None = None) -> None:
        """Follow it, or read it up to an event."""
        self.paths, self._upto = paths, upto
        self.generation = 0  # grows when what was read holds no longer
        self.damage: Damage | None = None
        self.is_new, self.is_being_read = True, False
        self.torn_bytes = 0  # at the end, of a write that is not whole
        self._lock = threading.RLock()
        self._seen: tuple[int, ...] = ()
        self._shown: dict[str, tuple[int, float, Any]] = {}
        self._forget()

    def catch_up(self) -> None:
        """Read what came since the last look.

        Raises:
            NotFound: the run has no history.
        """
        with self._lock:
            found = self._stat()
            if found == self._seen:
                return
            try:
                self._read_on(self._upto)
            except NotFound:
                raise
            except AutoresearchError:
                self._begin_again()
            self.torn_bytes = 0 if self.damage else max(0, found[0] - self.loaded.position.offset)
            self._seen = found

    def at(self, seq: int | None) -> Loaded:
        """Return the run's states as of an event; None: as of the last one.

        Raises:
            NotFound: there is no such event.
        """
        with self._lock:
            last = self.loaded.position.seq
            if seq is None or seq == last:
                return self.loaded
            if not 0 < seq <= last:
                raise NotFound(
                    f"{self.paths.run_id} has {counted(last, 'event')}, so there is no event {seq}",
                    remedy=WayOut("events"),
                )
            near = self._kept[(seq - 1) // EVERY]
        return near if near.position.seq == seq else load(self.paths, upto=seq, since=near)

    @property
    def loaded(self) -> Loaded:
        """Return the newest states."""
        return Loaded(states=self._states[: len(register.REGISTER)], position=self._position)

    @property
    def rows(self) -> RowChanges:
        """Return how the rows changed."""
        rows: RowChanges = self._states[-2]
        return rows

    @property
    def evidence(self) -> Evidence:
        """Return what ran when, and what it cost."""
        evidence: Evidence = self._states[-1]
        return evidence

    def records(self, *, after: int, upto: int) -> list[Recorded]:
        """Return the records after one and up to another, as far as the history holds."""
        found = []
        begin = position_before(self.paths.history, after + 1)
        with suppress(CorruptHistory):  # of what lies behind them in the same block
            for recorded in read(self.paths.history, after=after, upto=upto, since=begin):
                found.append(recorded)  # noqa: PERF402 - what came before the damage is kept
        return found

    def told(self) -> list[list[Any]]:  # Any: it is JSON
        """Return how the rows changed, as pages get it."""
        with self._lock:
            return self.rows.told()

    def shown(self, name: str, make: Callable[[], T]) -> T:
        """Return what was made a moment ago of the same events, or make it."""
        with self._lock:
            seq, now = self._position.seq, monotonic()
            kept = self._shown.get(name)
            if kept is None or kept[0] != seq or now - kept[1] > FRESH_S:
                kept = self._shown[name] = (seq, now, make())
            made: T = kept[2]
            return made

    def _forget(self) -> None:
        self._states: tuple[Any, ...] = tuple(one.initial() for one in ALL)
        self._position = Position.start()
        self._kept = [nothing()]  # the states after each EVERY events
        self.damage = None

    def _stat(self) -> tuple[int, ...]:
        try:
            found = self.paths.history.stat()
        except OSError as error:
            raise NotFound(f"{self.paths.history} cannot be read", remedy=WayOut("runs")) from error
        return found.st_size, found.st_ino, found.st_mtime_ns

    def _read_on(self, upto: int | None = None) -> None:
        if not self._position.seq and upto is None:
            known(self.paths)  # whether records are lost that were seen
        for block in blocks(self.paths.history, self._position, upto=upto):
            for piece in _pieces(block):
                try:
                    states, position = fold_lines(ALL, [piece], since=self._states, deciding=False)
                except (WrongValue, KeyError, TypeError, AttributeError) as error:
                    verify(self.paths.history)  # names the line
                    raise CorruptHistory(f"{self.paths.history} holds what no run of ours leaves") from error
                self._states, self._position = tuple(states), position or self._position
                if self._position.seq % EVERY == 0:
                    self._kept.append(self.loaded)

    def _begin_again(self) -> None:
        """Read from the beginning, as far as the history holds."""
        self.generation += 1
        self._forget()
        try:
            self._read_on(self._upto)
        except AutoresearchError as error:
            found, last = error, 0
            try:
                for recorded in read(self.paths.history):
                    last = recorded.seq
            except AutoresearchError as first:
                found = first
            self._forget()
            with suppress(CorruptHistory):  # raised once all that lies before was read
                self._read_on(upto=last)
            self.damage = Damage(what=what_is_wrong(found), way_out=worded(found.remedy))


def _pieces(block: Block) -> Iterator[Block]:
    """Cut a block so that a piece ends at each event after which the states are kept."""
    begin, lines = block.begin, block.lines
    while lines:
        room = EVERY - begin.seq % EVERY
        piece = block_of(begin, lines[:room])
        begin, lines = piece.end, lines[room:]
        yield piece


class Shelf:
    """The runs of some repositories that pages have asked for."""

    LARGE = 2**24  # bytes: takes seconds to read

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._followed: dict[str, Followed] = {}

    def at_once(self, paths: RunPaths) -> Followed | None:
        """Return a run, or None while a large history is still being read, which goes on meanwhile."""
        with self._lock:
            one = self._followed.setdefault(str(paths.folder), Followed(paths))
            if one.is_new and paths.history.stat().st_size > self.LARGE:
                one.is_new, one.is_being_read = False, True
                threading.Thread(target=self._read, args=(one,), daemon=True).start()
        if one.is_being_read:
            return None
        one.catch_up()
        return one

    @staticmethod
    def _read(one: Followed) -> None:
        with suppress(AutoresearchError):  # whoever asks for the run is told
            one.catch_up()
        one.is_being_read = False

    def followed(self, paths: RunPaths) -> Followed:
        """Return a run, read up to its end."""
        with self._lock:
            one = self._followed.setdefault(str(paths.folder), Followed(paths))
        one.catch_up()
        return one
