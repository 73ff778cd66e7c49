"""output.log beyond its limit and on a full disk; exit.json where there is no room."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoresearch.engine.jobs import exit_file, output_log
from autoresearch.engine.jobs.output_log import MARKER, CappedLog


def log_of(path: Path, pieces: list[bytes], limit: int) -> bytes:
    log = CappedLog(str(path), limit)
    for piece in pieces:
        log.write(piece)
    log.close()
    assert log.received == sum(map(len, pieces))
    return path.read_bytes()


def test_below_the_limit_all_is_kept(tmp_path: Path) -> None:
    """Output below the limit is kept byte for byte."""
    pieces = [b"one\n", b"", b"\xff\x00", b"two"]
    assert log_of(tmp_path / "log", pieces, 10_000) == b"".join(pieces)


def test_beyond_the_limit_whole_lines_are_kept(tmp_path: Path) -> None:
    """Of too many lines, whole lines from both ends are kept, and the marker counts what is missing."""
    lines = [b"%06d\n" % i for i in range(50_000)]
    kept = log_of(tmp_path / "log", lines, 20_000)
    assert len(kept) <= 20_000
    head, _, rest = kept.partition(b"[autoresearch: ")
    count, _, tail = rest.partition(b" bytes left out]\n")
    whole = b"".join(lines)
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head) > 9_900
    assert len(tail) >= 2_500
    assert head[-1:] == tail[-1:] == b"\n"
    assert len(head) + int(count) + len(tail) == len(whole)


def test_an_endless_line_is_cut_by_a_marker_in_its_middle(tmp_path: Path) -> None:
    """A cut within a line leaves no half that could be read as a line."""
    kept = log_of(tmp_path / "log", [b"0123456789"] * 50_000, 10_000)
    assert b"\n" not in kept
    assert kept.startswith(b"0123456789")
    assert kept.endswith(b"0123456789")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.integers(0, 900)), max_size=30))
def test_any_output_keeps_its_ends(tmp_path: Path, parts: list[tuple[bytes, int]]) -> None:
    """For any output, the log is all of it, or a beginning, a true count, and an end; and never too large."""
    pieces = [word * times for word, times in parts]
    whole = b"".join(pieces)
    kept = log_of(tmp_path / "log", pieces, 8192)
    if len(whole) < 8192:
        assert kept == whole
        return
    assert len(kept) <= 8192 * 1.25
    size = len(MARKER % 0) + 1
    at = next(i for i in range(len(kept)) if kept[i : i + 15] == MARKER[:15] and whole.startswith(kept[:i]))
    left_out = int(kept[at + 15 : at + 30])
    tail = kept[at + size :]
    assert whole.endswith(tail)
    assert at + left_out + len(tail) == len(whole)


def test_what_a_full_disk_refuses_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is missing where a disk was full for a while: not the metric that was printed meanwhile."""
    full = False

    def pwrite(handle: int, data: bytes, position: int) -> int:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, data, position)

    real = os.pwrite
    monkeypatch.setattr(output_log.os, "pwrite", pwrite)
    log = CappedLog(str(tmp_path / "log"), 10_000)
    log.write(b"before\nval_bpb: 0.9")
    full = True
    log.write(b"97\n")
    log.write(b"meanwhile\n")
    full = False
    log.write(b"after\n")
    log.close()
    assert (tmp_path / "log").read_bytes() == b"before\nval_bpb: 0.997\nmeanwhile\nafter\n"


def test_too_much_for_a_full_disk_loses_its_oldest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more than memory is taken for, whole lines of the newest are kept, and the rest is counted."""
    full = True

    def pwrite(handle: int, data: bytes, position: int) -> int:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, data, position)

    real = os.pwrite
    monkeypatch.setattr(output_log.os, "pwrite", pwrite)
    log = CappedLog(str(tmp_path / "log"), 2**24)
    lines = [b"%06d\n" % i for i in range(200_000)]
    for at in range(0, len(lines), 1000):
        log.write(b"".join(lines[at : at + 1000]))
    full = False
    log.close()
    kept = (tmp_path / "log").read_bytes()
    told, _, rest = kept.partition(b"\n")
    lost = int(told.removeprefix(b"[autoresearch: ").partition(b" ")[0])
    assert told.endswith(b"bytes lost: No space left on device]")
    assert rest == b"".join(lines)[lost:]
    assert rest[6:7] == b"\n"
    assert 200_000 < len(rest) < 600_000


def test_disk_full_in_the_middle_of_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write of which the disk takes a part leaves a log without gaps of zeros, and a true size."""
    room = 7

    def pwrite(handle: int, data: bytes, position: int) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "full")
        done = real(handle, data[:room], position)
        room -= done
        return done

    real = os.pwrite
    monkeypatch.setattr(output_log.os, "pwrite", pwrite)
    log = CappedLog(str(tmp_path / "log"), 10_000)
    log.write(b"0123456789\n")
    room = 2**20
    log.write(b"after\n")
    log.close()
    kept = (tmp_path / "log").read_bytes()
    assert kept == b"0123456789\nafter\n"


def test_disk_full_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that a full disk refused is closed when there is room, and whole."""
    refusals = 5

    def pwrite(handle: int, data: bytes, position: int) -> int:
        nonlocal refusals
        refusals -= 1
        if refusals > 0:
            raise OSError(errno.ENOSPC, "full")
        return real(handle, data, position)

    real = os.pwrite
    monkeypatch.setattr(output_log.os, "pwrite", pwrite)
    monkeypatch.setattr(output_log.time, "sleep", lambda _: None)
    assert log_of(tmp_path / "log", [b"x" * 1000], 10_000) == b"x" * 1000
    assert refusals == 0


def test_a_deleted_log_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log was deleted, its close waits for no room."""

    def refuse(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "full")

    log = CappedLog(str(tmp_path / "log"), 10_000)
    monkeypatch.setattr(output_log.os, "pwrite", refuse)
    log.write(b"x")
    (tmp_path / "log").unlink()
    log.close()


def test_exit_waits_for_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """exit.json is tried again until there is room, and until then there is none."""
    failures = [errno.ENOSPC, errno.EROFS, errno.EDQUOT]

    def fsync(handle: int) -> None:
        if failures:
            assert not (tmp_path / "exit.json").exists()
            raise OSError(failures.pop(), "no room")

    monkeypatch.setattr(exit_file.os, "fsync", fsync)
    monkeypatch.setattr(exit_file.time, "sleep", lambda _: None)
    heard: list[int | None] = []
    exit_file.write(str(tmp_path), {"reason": "exited"}, refused=lambda error: heard.append(error.errno))
    assert heard == [errno.EDQUOT, errno.EROFS, errno.ENOSPC]
    assert failures == []
    assert json.loads((tmp_path / "exit.json").read_bytes()) == {"reason": "exited"}
    assert [path.name for path in tmp_path.iterdir()] == ["exit.json"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EISDIR])
def test_exit_does_not_wait_for_what_will_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A folder that takes no file is told at once: it is no disk that may get room."""

    def refuse(*_: Any) -> int:
        raise OSError(number, "no")

    monkeypatch.setattr(exit_file.os, "open", refuse)
    monkeypatch.setattr(exit_file.time, "sleep", lambda _: pytest.fail("it waits"))
    with pytest.raises(OSError, match="no"):
        exit_file.write(str(tmp_path), {"reason": "exited"})


def test_exit_of_a_folder_that_became_a_file(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, nobody waits for it either."""
    (tmp_path / "job").write_text("")
    exit_file.write(str(tmp_path / "job"), {"reason": "exited"})
    assert (tmp_path / "job").read_text() == ""


def test_exit_of_a_deleted_folder(tmp_path: Path) -> None:
    """Where the folder is gone, nobody waits for it."""
    exit_file.write(str(tmp_path / "gone"), {"reason": "exited"})
    assert not (tmp_path / "gone").exists()
