"""Appending to a history, and reading it: what is promised on a healthy disk."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from autoresearch.events.catalog import RunResumed, TailHealed
from autoresearch.events.encoding.codec import NO_HASH, Position
from autoresearch.events.errors import (
    CorruptHistory,
    InvalidInput,
    KeyReused,
    NotFound,
    PositionVoided,
    WrongExpectedVersion,
)
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import holds, read, verify
from autoresearch.events.log.tail import Tail
from tests.log_helpers import AT, build, events_of, note, open_log, seqs_of


@pytest.fixture(params=["history", "with space", "quo'te", "ünïcode"])
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a history's path in a folder with an awkward name."""
    folder = tmp_path / request.param
    folder.mkdir()
    return folder / "history.jsonl"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a history's path."""
    return tmp_path / "history.jsonl"


@pytest.mark.parametrize("durability", ["fsync", "off"])
def test_what_was_appended_is_read_back(hostile: Path, durability: Any):
    """Every level of durability gives the same records, in order, from 1, without holes."""
    with EventLog(hostile, durability=durability) as log:
        first = log.append([note("a")], by="runner", expected=0)
        second = log.append([note("b"), RunResumed()], by="cli", expected=1, key="k")
    assert list(read(hostile)) == [*first, *second]
    assert [(r.seq, r.by, r.key, r.tx) for r in read(hostile)] == [
        (1, "runner", None, None),
        (2, "cli", "k", (0, 2)),
        (3, "cli", "k", (1, 2)),
    ]


def test_a_new_log_touches_nothing_before_it_appends(path: Path):
    """Opening a log and asking for its head leaves the folder as it is."""
    with EventLog(path) as log:
        assert log.head() == Position.start() == Position(seq=0, offset=0, hash=NO_HASH)
        assert log.append([], by="x") == ()
    assert list(path.parent.iterdir()) == []


def test_the_head_is_where_the_last_record_ends(path: Path):
    """Head, verify and the last record agree; another log sees the same."""
    with open_log(path) as log, open_log(path) as other:
        (last,) = log.append([note("a")], by="x")
        assert log.head() == Position(seq=1, offset=last.end, hash=last.hash) == other.head() == verify(path)
        other.append([note("b")], by="y")
        assert log.head() == verify(path)


def test_a_writer_that_is_behind_is_refused(path: Path):
    """An expected position that others have passed appends nothing, and the error names both."""
    with open_log(path) as log, open_log(path) as other:
        log.append([note("a")], by="x", expected=0)
        with pytest.raises(WrongExpectedVersion) as caught:
            other.append([note("b")], by="y", expected=0)
        assert (caught.value.at, caught.value.expected) == (1, 0)
        with pytest.raises(WrongExpectedVersion):
            log.append([note("c")], by="x", expected=2)
    assert events_of(path) == [note("a")]


def test_a_key_appends_once(path: Path):
    """The same key with the same events returns the first result, from any log, whatever was expected."""
    with open_log(path) as log:
        first = log.append([note("a"), note("b")], by="x", key="k", expected=0)
        log.append([note("c")], by="x")
        assert log.append([note("a"), note("b")], by="x", key="k", expected=0) == first
    with open_log(path) as later:
        assert later.append([note("a"), note("b")], by="y", key="k") == first
        (single,) = later.append([note("a")], by="x", key="one")
        assert later.append([note("a")], by="x", key="one") == (single,)
    assert events_of(path) == [note("a"), note("b"), note("c"), note("a")]


@pytest.mark.parametrize(
    "events", [[note("x")], [note("a")], [note("a"), note("b"), note("c")], [RunResumed()] * 2]
)
def test_a_key_is_not_used_for_something_else(path: Path, events: list[Any]):
    """The same key with other events is refused, and nothing is appended."""
    with open_log(path) as log:
        log.append([note("a"), note("b")], by="x", key="k")
        with pytest.raises(KeyReused, match="'k' was used for record 1"):
            log.append(events, by="x", key="k")
    assert events_of(path) == [note("a"), note("b")]


def test_a_log_that_starts_at_a_snapshot_knows_all_keys(path: Path):
    """Keys from before the position it started at are found too, and the position saves reading."""
    with open_log(path) as log:
        first = log.append([note("a")], by="x", key="k")
        log.append([note("b")], by="x")
        position = log.head()
    with open_log(path, since=position) as later:
        assert later.head() == position
        assert later.append([note("a")], by="x", key="k") == first
        assert later.append([note("c")], by="x", expected=2)[0].seq == 3


def test_a_snapshot_of_another_history_is_not_started_at(path: Path, tmp_path: Path):
    """A position that the file does not hold is ignored: the log reads from the beginning."""
    with open_log(path) as log:
        log.append([note("a")], by="x")
    strange = Position(seq=9, offset=50, hash="1" * 64)
    with open_log(path, since=strange) as log:
        assert log.append([note("b")], by="x")[0].seq == 2


def test_what_cannot_be_stored_leaves_no_trace(path: Path):
    """An event that is refused appends nothing of its batch."""
    with open_log(path) as log:
        log.append([note("a")], by="x")
        before = path.read_bytes()
        for events in (
            [note("b"), note("\ud800")],
            [note("b"), TailHealed(offset=0, bytes=0, sha256="")],
            [note("x" * 900_000)] * 20,
        ):
            with pytest.raises(InvalidInput):
                log.append(events, by="x")
        with pytest.raises(InvalidInput):
            log.append([note("b")], by="x", key="k" * 2000)
    assert path.read_bytes() == before


def test_a_line_may_be_large(path: Path):
    """A record of almost a megabyte is written and read whole."""
    with open_log(path) as log:
        log.append([note("x" * 1_000_000)], by="x")
        log.append([note("y")], by="x")
    assert [len(one.text) for one in events_of(path)] == [1_000_000, 1]


def test_reading_takes_any_part(path: Path):
    """Any range by number, and any suffix by position, is the same part of the whole."""
    build(path)
    whole = list(read(path))
    assert [one.seq for one in whole] == list(range(1, 9))
    for after in range(10):
        for upto in (*range(10), None):
            expected = [one for one in whole if after < one.seq <= (upto or 99 if upto is None else upto)]
            assert list(read(path, after, upto)) == expected
    for at, one in enumerate(whole):
        since = Position(seq=one.seq, offset=one.end, hash=one.hash)
        assert list(read(path, since=since)) == whole[at + 1 :]
        assert holds(path, since)


def test_a_position_of_another_history_is_noticed(path: Path, tmp_path: Path):
    """Reading on from a position that the file does not hold is refused; `holds` says so without an error."""
    build(path)
    strange = Position(seq=3, offset=400, hash="1" * 64)
    assert not holds(path, strange)
    assert not holds(tmp_path / "absent.jsonl", strange)
    with pytest.raises(CorruptHistory, match="has no record 3"):
        list(read(path, since=strange))


def test_a_missing_history_is_not_found(tmp_path: Path):
    """Reading and verifying say that there is no such file, and a log that there is no folder."""
    absent = tmp_path / "absent" / "history.jsonl"
    with pytest.raises(NotFound):
        list(read(absent))
    with pytest.raises(NotFound):
        verify(absent)
    with pytest.raises(NotFound), EventLog(absent) as log:
        log.append([note("a")], by="x")


def test_a_file_that_is_cut_replaced_or_removed_while_open_is_noticed(path: Path):
    """A log never goes on in another file than the one it knows."""
    for spoil in ("cut", "replace", "remove"):
        with open_log(path) as log:
            log.append([note("a")], by="x")
            log.append([note("b")], by="x")
            content = path.read_bytes()
            if spoil == "cut":
                os.truncate(path, content.index(b"\n") + 1)
            else:
                path.unlink()
            if spoil == "replace":
                path.write_bytes(content)
            with pytest.raises(CorruptHistory, match=spoil.rstrip("e")):
                log.append([note("c")], by="x")
        assert spoil == "remove" or not path.read_bytes().count(b'"c"')
        path.unlink(missing_ok=True)


def test_threads_share_one_log(path: Path):
    """Eight threads append durably through one log: every acknowledged record is there, once."""
    acknowledged: list[tuple[int, Any]] = []
    with EventLog(path) as log:

        def work(name: int) -> None:
            for turn in range(10):
                (one,) = log.append([note(f"{name} {turn}")], by="thread")
                acknowledged.append((one.seq, one.event))

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(acknowledged, key=lambda pair: pair[0]) == [(r.seq, r.event) for r in read(path)]


def test_a_forked_child_takes_locks_of_its_own(path: Path):
    """A log that was open before a fork appends correctly in both processes."""
    with open_log(path) as log:
        log.append([note("before")], by="x")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for turn in range(50):
                    log.append([note(f"child {turn}")], by="x")
                code = 0
            finally:
                os._exit(code)
        for turn in range(50):
            log.append([note(f"parent {turn}")], by="x")
        assert os.waitpid(child, 0)[1] == 0
    assert seqs_of(path) == list(range(1, 102))
    assert len({one.text for one in events_of(path)}) == 101


def test_positions_of_withdrawn_records_are_told(path: Path):
    """Whoever stands on a record that its writer withdrew is told where to go on from."""
    with open_log(path) as log:
        log.append([note("a")], by="x")
        before = log.head()
        (gone,) = log.append([note("b")], by="x")
        log._close_off(log._file.fd, before)  # type: ignore[union-attr]
        on_it = Position(seq=2, offset=gone.end, hash=gone.hash)
        assert not holds(path, on_it)
        with pytest.raises(PositionVoided) as caught:
            list(read(path, since=on_it))
        assert (caught.value.seq, caught.value.offset, caught.value.hash) == (1, before.offset, before.hash)
        assert [type(one.event) for one in read(path, since=before)] == [TailHealed]
        log.append([note("c")], by="x", expected=2)
    assert events_of(path) == [note("a"), note("c")]
    assert verify(path).seq == 3


def test_the_clock_is_asked_once_for_a_batch(path: Path):
    """All records of one append carry the same time."""
    with open_log(path) as log:
        records = log.append([note("a"), note("b")], by="x")
    assert {one.at for one in records} == {AT}


def test_keys_of_others_are_learned_on_the_way(path: Path):
    """A key that another log used after this one was opened is known."""
    with open_log(path) as log, open_log(path) as other:
        log.append([note("a")], by="x")
        first = other.append([note("b")], by="y", key="k")
        assert log.append([note("b")], by="x", key="k") == first
    tail = Tail(path, since=None)
    tail.catch_up()
    assert tail.first_under("k") == first
    assert tail.first_under("absent") == ()


def test_nothing_beside_the_history_holds_the_order(path: Path):
    """Writers keep their order though every other file of the folder is deleted under them, over and over."""
    logs = [open_log(path) for _ in range(4)]
    logs[0].append([note("first")], by="x")

    def write(log: EventLog) -> None:
        for number in range(25):
            log.append([note(str(number))], by="x")
            for other in path.parent.iterdir():
                if other != path:
                    other.unlink(missing_ok=True)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, logs))
    assert list(range(1, 102)) == [one.seq for one in read(path)]
