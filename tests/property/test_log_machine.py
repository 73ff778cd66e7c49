"""Any order of appends, retries, crashes and broken syncs, against a list as the model."""

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from autoresearch.events.catalog import TailHealed
from autoresearch.events.encoding.codec import Position
from autoresearch.events.errors import DiskTrouble, KeyReused, WrongExpectedVersion
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import holds, read, verify
from tests.log_helpers import FILLS, note, open_log


WRITERS = st.integers(0, 2)
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=4)
KEYS = st.sampled_from(["k1", "k2", 'k"3'])


class LogMachine(RuleBasedStateMachine):
    """Three writers on one history; `model` is what must be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "history.jsonl"
        self.logs: dict[int, EventLog] = {}
        self.model: list[Any] = []
        self.unfinished: list[Any] = []  # whole but for its line end: the next writer finishes it
        self.keys: dict[str, list[Any]] = {}
        self.unfinished_key: str | None = None
        self.kept: list[tuple[Position, int]] = []  # positions, and how many events they cover
        self.content = b""

    def teardown(self) -> None:
        for log in self.logs.values():
            log.close()
        shutil.rmtree(self.folder)

    def log(self, writer: int) -> EventLog:
        return self.logs.setdefault(writer, open_log(self.path))

    def finish(self) -> None:
        """Take over what the writer that comes now will finish."""
        self.model += self.unfinished
        if self.unfinished_key is not None:
            self.keys[self.unfinished_key] = self.unfinished
        self.unfinished, self.unfinished_key = [], None

    @rule(writer=WRITERS, texts=TEXTS)
    def append(self, writer: int, texts: list[str]) -> None:
        events = [note(text) for text in texts]
        self.log(writer).append(events, by="x")
        self.finish()
        self.model += events

    @rule(writer=WRITERS, texts=TEXTS, off=st.sampled_from([-1, 0, 0, 1]))
    def append_expecting(self, writer: int, texts: list[str], off: int) -> None:
        events = [note(text) for text in texts]
        log = self.log(writer)
        expected = log.head().seq + len(self.unfinished) + off
        try:
            log.append(events, by="x", expected=expected)
        except WrongExpectedVersion:
            assert off != 0
            events = []
        else:
            assert off == 0
        self.finish()
        self.model += events

    @rule(writer=WRITERS, texts=TEXTS, key=KEYS, again=st.booleans())
    def append_under_a_key(self, writer: int, texts: list[str], key: str, again: Any) -> None:
        log = self.log(writer)
        if self.unfinished:
            self.append(writer, ["first"])
        known = self.keys.get(key)
        events = known if again and known else [note(text) for text in texts]
        try:
            recorded = log.append(events, by="x", key=key)
        except KeyReused:
            assert known not in (None, events)
            return
        assert [one.event for one in recorded] == events
        if known is None:
            self.keys[key] = events
            self.model += events

    @rule(texts=TEXTS, keep=st.floats(0, 1), fill=st.sampled_from(FILLS), key=KEYS, whole=st.booleans())
    def crash_while_appending(self, texts: list[str], keep: float, fill: bytes, key: str, whole: Any) -> None:
        if self.unfinished:
            self.append(0, ["first"])
        events, before = [note(text) for text in texts], self._size()
        key_ = None if key in self.keys else key
        open_log(self.path).append(events, by="x", key=key_)
        after = self._size()
        cut = after - 1 if whole else min(before + int(keep * (after - before)), after - 1)
        with self.path.open("r+b") as file:
            file.truncate(cut)
            file.seek(0, os.SEEK_END)
            file.write(fill)
        self.logs.clear()
        if cut == after - 1 and not fill:
            self.unfinished, self.unfinished_key = events, key_

    @rule(writer=WRITERS, texts=TEXTS)
    def append_while_the_sync_fails(self, writer: int, texts: list[str]) -> None:
        failing = mock.Mock(side_effect=OSError(errno.EIO, "broken"))
        with mock.patch("os.fdatasync", failing), EventLog(self.path) as log:
            with pytest.raises(DiskTrouble) as caught:
                log.append([note(text) for text in texts], by="x")
            assert caught.value.withdrawn
        self.finish()

    @rule(writer=WRITERS)
    def reopen(self, writer: int) -> None:
        self.log(writer).close()
        del self.logs[writer]

    @rule(writer=WRITERS)
    def keep_a_position(self, writer: int) -> None:
        self.kept.append((self.log(writer).head(), len(self.model)))

    @precondition(lambda self: self.path.exists())
    @rule(writer=WRITERS, data=st.data())
    def start_from_a_kept_position(self, writer: int, data: st.DataObject) -> None:
        if self.kept:
            position, covered = data.draw(st.sampled_from(self.kept))
            assert holds(self.path, position)
            rest = [one.event for one in read(self.path, since=position)]
            assert [one for one in rest if not isinstance(one, TailHealed)] == self.model[covered:]
            self.logs[writer] = open_log(self.path, since=position)

    @invariant()
    def the_history_is_the_model(self) -> None:
        if not self.path.exists():
            assert self.model == []
            return
        records = list(read(self.path))
        assert [one.seq for one in records] == list(range(1, len(records) + 1))
        assert [r.event for r in records if not isinstance(r.event, TailHealed)] == self.model
        assert verify(self.path).seq == len(records)

    @invariant()
    def the_file_only_grows_behind_whole_records(self) -> None:
        if self.path.exists():
            end = verify(self.path).offset
            content = self.path.read_bytes()
            assert content.startswith(self.content)
            self.content = content[:end]

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


LogMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLogMachine = LogMachine.TestCase
