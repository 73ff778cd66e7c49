"""A history cut at every byte, spoiled at every byte, and tampered with line by line."""

import os
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from autoresearch.events.catalog import TailHealed
from autoresearch.events.encoding.codec import NO_HASH, Position, chain, envelope, payload
from autoresearch.events.errors import CorruptHistory, WrongValue
from autoresearch.events.log.read import blocks, holds, read, verify
from autoresearch.events.log.tail import Tail
from autoresearch.projections.fold import fold_lines
from autoresearch.projections.reducers.run import RUN
from tests.log_helpers import FILLS, build, events_of, note, open_log, put


ZEROS_S = 2.0  # of processor time for a quarter of a gigabyte: 0.3 on an idle core, 8 before (2026-11)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[Any]]:
    """Return a history's bytes and its records."""
    path = tmp_path_factory.mktemp("whole") / "history.jsonl"
    content = build(path)
    return content, list(read(path))


def _survivors(records: list[Any], cut: int, *, finished: bool) -> list[Any]:
    """Return the records that are whole in the first `cut` bytes, batches only as a whole.

    With `finished`, also one that lacks its line end; a TailHealed is written anew instead.
    """
    ends = {}
    for one in records:
        size = 1 if one.tx is None else one.tx[1]
        first = one.seq - (0 if one.tx is None else one.tx[0])
        ends[one.seq] = records[first + size - 2].end
    lacks = 1 if finished else 0
    return [r for r in records if ends[r.seq] - (0 if isinstance(r.event, TailHealed) else lacks) <= cut]


@pytest.mark.parametrize("fill", FILLS, ids=["nothing", "zeros", "noise"])
def test_a_history_cut_at_any_byte_goes_on(tmp_path: Path, whole: tuple[bytes, list[Any]], fill: bytes):
    """Readers stop before the cut; the next writer changes no byte, loses no record, and says what it did."""
    content, records = whole
    path = tmp_path / "history.jsonl"
    for cut in range(len(content) + 1):
        image = content[:cut] + fill
        put(path, image)
        kept = _survivors(records, cut, finished=False)
        assert list(read(path)) == kept, cut
        with open_log(path) as log:
            log.append([note("after")], by="x")
        healed = list(read(path))
        finished = _survivors(records, cut, finished=not fill)
        torn = not fill and cut == (kept[-1].end if kept else 0)
        assert path.read_bytes().startswith(image), cut
        assert healed[: len(finished)] == finished, cut
        assert [type(one.event).__name__ for one in healed[len(finished) :]] == (
            ["NoteAdded"] if torn else ["TailHealed", "NoteAdded"]
        ), cut
        assert [one.seq for one in healed] == list(range(1, len(healed) + 1)), cut
        assert verify(path).seq == len(healed), cut


def test_a_record_that_lacks_only_its_line_end_is_finished(tmp_path: Path, whole: tuple[bytes, list[Any]]):
    """Not a byte of it is declared torn, and the history says that something was closed off."""
    content, records = whole
    path = tmp_path / "history.jsonl"
    put(path, content[:-1])
    with open_log(path) as log:
        log.append([note("after")], by="x", expected=records[-1].seq)
    assert list(read(path))[: len(records)] == records
    healed = list(read(path))[len(records)].event
    assert healed == TailHealed(offset=len(content), bytes=0, sha256=sha256(b"").hexdigest())


def test_a_heal_that_is_cut_itself_is_healed(tmp_path: Path, whole: tuple[bytes, list[Any]]):
    """Crash upon crash inside the healing loses nothing."""
    content, records = whole
    path = tmp_path / "history.jsonl"
    kept = _survivors(records, len(content) - 40, finished=False)
    put(path, content[:-40])
    for turn in range(60):
        before = path.read_bytes()
        with open_log(path) as log:
            log.append([note(turn)], by="x")
        after = path.read_bytes()
        first_end = after.index(b"\n", len(before) + 1)
        put(path, after[: len(before) + (turn * 37) % (first_end - len(before))])
        assert list(read(path))[: len(kept)] == kept
    with open_log(path) as log:
        log.append([note("last")], by="x")
    assert events_of(path)[-1] == note("last")
    assert list(read(path))[: len(kept)] == kept


def test_a_writer_heals_before_it_compares_positions(tmp_path: Path, whole: tuple[bytes, list[Any]]):
    """Whoever has read all whole records is not behind because the torn end was closed off."""
    content, records = whole
    path = tmp_path / "history.jsonl"
    put(path, content + b'{"seq":')
    with open_log(path) as log:
        (added,) = log.append([note("after")], by="x", expected=records[-1].seq)
    assert added.seq == records[-1].seq + 2


@pytest.mark.parametrize("flip", [0x01, 0x20, 0xFF], ids=hex)
def test_every_flipped_byte_is_noticed(tmp_path: Path, whole: tuple[bytes, list[Any]], flip: int):
    """Before the last write it is damage, named by its line; in the last write nothing wrong is shown."""
    content, records = whole
    path = tmp_path / "history.jsonl"
    last_write = records[-2].end - len(content[records[-3].end : records[-2].end])
    for at in range(len(content)):
        put(path, content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :])
        if at < last_write:
            with pytest.raises(CorruptHistory) as caught:
                list(read(path))
            assert "history.jsonl:" in str(caught.value), at
            spoiled = path.read_bytes()
            with pytest.raises(CorruptHistory), open_log(path) as log:
                log.append([note("after")], by="x")
            assert path.read_bytes() == spoiled, at
            continue
        try:
            assert list(read(path)) == records[:-2], at
        except CorruptHistory:
            continue
        assert (
            not holds(path, Position(seq=8, offset=len(content), hash=records[-1].hash))
            or at < len(content) - 67
        )


def test_the_error_names_file_line_and_what_is_wrong(tmp_path: Path, whole: tuple[bytes, list[Any]]):
    """A changed record is named by the line that an editor shows, healed lines counted."""
    content, _ = whole
    path = tmp_path / "history.jsonl"
    put(path, content.replace(b'"six"', b'"sox"'))
    number = content[: content.index(b'"six"')].count(b"\n") + 1
    with pytest.raises(CorruptHistory) as caught:
        list(read(path))
    assert f"history.jsonl:{number}: was changed: its hash does not fit" in str(caught.value)
    assert caught.value.exit_code == 6


LINES = 10  # of the built history: eight records, and two lines of torn bytes


def _swap(lines: list[bytes], at: int) -> None:
    lines[at], lines[at + 1] = lines[at + 1], lines[at]


def _edit(lines: list[bytes], at: int) -> None:
    lines[at] = lines[at].replace(b'"by":"', b'"by":"x')


TAMPERINGS: dict[str, Callable[[list[bytes], int], None]] = {
    "delete": lambda lines, at: lines.pop(at) and None,
    "duplicate": lambda lines, at: lines.insert(at, lines[at]),
    "insert": lambda lines, at: lines.insert(at, b'{"seq":1,"note":"mine"}\n'),
    "blank": lambda lines, at: lines.insert(at, b"\n"),
    "swap": _swap,
    "edit": _edit,
}


@pytest.mark.parametrize("how", TAMPERINGS)
def test_every_tampering_with_whole_lines_is_noticed(
    tmp_path: Path, whole: tuple[bytes, list[Any]], how: str
):
    """Deleting, doubling, inserting, reordering or editing any line but the last ones is damage."""
    content, _ = whole
    path = tmp_path / "history.jsonl"
    for at in range(LINES - 3):
        lines = content.splitlines(keepends=True)
        assert len(lines) == LINES
        TAMPERINGS[how](lines, at)
        if lines == content.splitlines(keepends=True):
            continue
        put(path, b"".join(lines))
        with pytest.raises(CorruptHistory):
            verify(path)


def test_a_deleted_line_before_the_last_is_noticed(tmp_path: Path):
    """The last line is whole, but not the one that belongs there."""
    path = tmp_path / "history.jsonl"
    with open_log(path) as log:
        for turn in range(4):
            log.append([note(turn)], by="x")
    lines = path.read_bytes().splitlines(keepends=True)
    put(path, lines[0] + lines[1] + lines[3])
    with pytest.raises(CorruptHistory, match="holds record 4, where 3 belongs"):
        verify(path)


def test_truncation_at_a_line_end_shows_against_a_kept_head(tmp_path: Path, whole: tuple[bytes, list[Any]]):
    """The chain alone cannot tell, but a position kept elsewhere does."""
    content, records = whole
    path = tmp_path / "history.jsonl"
    head = Position(seq=8, offset=len(content), hash=records[-1].hash)
    put(path, content[: records[5].end])
    assert verify(path).seq == 6
    assert not holds(path, head)
    with pytest.raises(CorruptHistory, match="has no record 8"):
        list(read(path, since=head))


def test_a_rewritten_chain_shows_against_a_kept_head(tmp_path: Path):
    """Who recomputes all hashes makes a sound history, but not the one whose head was kept."""
    path, forged = tmp_path / "history.jsonl", tmp_path / "forged.jsonl"
    with open_log(path) as log, open_log(forged) as other:
        log.append([note("true")], by="x")
        other.append([note("lies")], by="x")
        head = log.head()
    put(path, forged.read_bytes())
    assert verify(path).offset == head.offset
    assert not holds(path, head)


def test_healed_bytes_are_skipped_only_as_they_were(tmp_path: Path, whole: tuple[bytes, list[Any]]):
    """A change in bytes that were closed off is noticed, though nobody reads them."""
    content, _ = whole
    path = tmp_path / "history.jsonl"
    at = content.index(b'{"seq":5,"type":"No\n') + 12
    put(path, content[:at] + b"?" + content[at + 1 :])
    with pytest.raises(CorruptHistory, match="closed off were changed"):
        verify(path)


def test_a_known_event_with_wrong_fields_is_named_by_its_line(tmp_path: Path):
    """A sound chain around data that the event cannot have is damage too."""
    path = tmp_path / "history.jsonl"
    signed = b'{"seq":1,"type":"NoteAdded","v":1,"at":"","by":"x","key":null,"data":{"text":5}'
    digest = sha256(NO_HASH.encode() + signed).hexdigest().encode()
    put(path, signed + b',"h":"' + digest + b'"}\n')
    with pytest.raises(
        CorruptHistory, match=r"history\.jsonl:1: NoteAdded v1: NoteAdded\.text must be a string"
    ):
        verify(path)


def test_an_unknown_event_is_shown_raw(tmp_path: Path):
    """A history that a later program wrote is read, its unknown events as they are."""
    path = tmp_path / "history.jsonl"
    signed = b'{"seq":1,"type":"MoonLanded","v":3,"at":"","by":"x","key":null,"data":{"where":[1,2]}'
    digest = sha256(NO_HASH.encode() + signed).hexdigest().encode()
    put(path, signed + b',"h":"' + digest + b'"}\n')
    (only,) = read(path)
    assert orjson.dumps(only.event.data) == b'{"where":[1,2]}'  # type: ignore[union-attr]


def test_a_batch_that_was_cut_is_void_as_a_whole(tmp_path: Path):
    """None of the records of a half-written batch is ever shown, and their numbers are used again."""
    path = tmp_path / "history.jsonl"
    with open_log(path) as log:
        log.append([note("a")], by="x")
        log.append([note("b"), note("c"), note("d")], by="x", key="k")
    content = path.read_bytes()
    for cut in range(content.index(b"\n") + 2, len(content) - 1):
        put(path, content[:cut])
        with open_log(path) as log:
            assert log.head().seq == 1
            again = log.append([note("b"), note("c"), note("d")], by="x", key="k")
            assert [one.seq for one in again] == [3, 4, 5]
        assert events_of(path) == [note(name) for name in "abcd"]


def test_holes_in_the_last_batch_are_a_torn_end(tmp_path: Path):
    """A power cut may lose the middle of an unsynced batch and keep its end: none was acknowledged."""
    path = tmp_path / "history.jsonl"
    with open_log(path) as log:
        log.append([note("a")], by="x")
        log.append([note(name * 100) for name in "bcdef"], by="x")
    content = path.read_bytes()
    begin = content.index(b"\n") + 1
    for at in range(begin, len(content), 64):
        hole = content[:at] + b"\0" * 512 + content[at + 512 :]
        put(path, hole[: len(content)])
        assert events_of(path) == [note("a")], at
        with open_log(path) as log:
            log.append([note("g")], by="x")
        assert events_of(path) == [note("a"), note("g")], at


def test_damage_right_before_the_last_record_is_noticed(tmp_path: Path):
    """Any flipped byte of the last record but one, and anything inserted behind it, is damage."""
    path = tmp_path / "history.jsonl"
    with open_log(path) as log:
        log.append([note("a")], by="x")
        middle = log.append([note("b")], by="x")[0].end
        log.append([note("c")], by="x")
    content = path.read_bytes()
    for at in range(content.index(b"\n") + 1, middle):
        for flip in (1, 0xFF):
            put(path, content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :])
            with pytest.raises(CorruptHistory):
                verify(path)
    for junk in (b"x", b"\n", b"{}\n", b"\0" * 99):
        put(path, content[:middle] + junk + content[middle:])
        with pytest.raises(CorruptHistory):
            verify(path)


def test_a_number_that_does_not_follow_is_noticed(tmp_path: Path):
    """A line with the right hash and a wrong number is refused by readers and by folds, and named."""
    path = tmp_path / "history.jsonl"
    shared, prev, lines = envelope(at="2026-03-08T21:00:00.000Z", by=b'"test"'), NO_HASH, []
    for seq in (1, 2, 4):
        after = Position(seq=seq - 1, offset=0, hash=prev)
        ((_, raw, _, prev),) = chain([payload(note("x"))], shared, after=after)
        lines.append(raw)
    put(path, b"".join(lines))
    with pytest.raises(CorruptHistory, match="jsonl:3: holds record 4, where 3 belongs"):
        list(read(path))
    with pytest.raises(WrongValue, match="record 4 stands where 3 belongs"):
        fold_lines((RUN,), blocks(path, Position.start()), since=(RUN.initial(),), deciding=True)


def _caught_up(path: Path, before: bytes, image: bytes, *, open_: bool) -> Position | str:
    """Return where a writer that knows the file as it was finds its end, or what it refuses."""
    put(path, before)
    tail = Tail(path, since=None)
    tail.catch_up()
    put(path, image)
    with path.open("rb") as file:
        try:
            tail.catch_up(file.fileno() if open_ else None)
        except CorruptHistory as error:
            return str(error)
    return tail.head


def test_a_writer_with_the_file_open_finds_the_same_end(tmp_path: Path, whole: tuple[bytes, list[Any]]):
    """The short way past a few lines accepts just what the long one does, cut or spoiled at any byte."""
    content, records = whole
    path = tmp_path / "history.jsonl"
    known = content[: next(one.end for one in records if one.seq == 5)]
    images = [content[:cut] for cut in range(len(content) + 1)]
    images += [content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in range(len(content))]
    for image in images:
        for before in (b"", known):
            assert _caught_up(path, before, image, open_=True) == _caught_up(path, before, image, open_=False)


@pytest.mark.parametrize("fill", FILLS, ids=["nothing", "zeros", "noise"])
def test_a_heal_cut_at_any_byte_is_healed(tmp_path: Path, whole: tuple[bytes, list[Any]], fill: bytes):
    """A crash after any byte of what closes off a torn end loses nothing, and is closed off in its turn."""
    content, records = whole
    path = tmp_path / "history.jsonl"
    torn = content[:-40]
    kept = _survivors(records, len(torn), finished=False)
    put(path, torn)
    with open_log(path) as log:
        log.append([note("first")], by="x")
    healed = path.read_bytes()
    end = healed.index(b"\n", healed.index(b'"type":"TailHealed"', len(torn))) + 1
    for cut in range(len(torn), end + 1):
        image = healed[:cut] + fill
        put(path, image)
        with open_log(path) as log:
            log.append([note("second")], by="x")
        assert path.read_bytes().startswith(image), cut
        assert events_of(path) == [
            *(one.event for one in kept if not isinstance(one.event, TailHealed)),
            note("second"),
        ], cut
        assert verify(path).offset == path.stat().st_size, cut


def test_a_long_end_of_zeros_costs_little(tmp_path: Path):
    """A sparse end is neither read as one line nor searched byte by byte, and is closed off."""
    path = tmp_path / "history.jsonl"
    content = build(path)
    os.truncate(path, len(content) + 2**28)
    began = time.process_time()
    before = list(read(path))
    assert time.process_time() - began < ZEROS_S
    with open_log(path) as log:
        log.append([note("after")], by="x")
    assert ["TailHealed", "NoteAdded"] == [
        type(one.event).__name__ for one in list(read(path))[len(before) :]
    ]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path, make: Callable[[Path], None]):
    """A pipe or a folder in the history's place is told of at once."""
    path = tmp_path / "history.jsonl"
    make(path)
    with pytest.raises(CorruptHistory, match="no file that can be read"):
        list(read(path))
