"""Every write and every sync failing once, half or whole: what the caller hears, and what stays."""

import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autoresearch.events.errors import AutoresearchError, DiskTrouble
from autoresearch.events.files import write_atomic
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read, verify
from tests.log_helpers import build, events_of, note, open_log


class BrokenDisk:
    """Stands before `os.write`, `os.fdatasync` and `os.fsync`, and lets the n-th call fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.fail_at = -1
        self.partly = 0.0  # of a failing write, so much reaches the file
        self.error = errno.EIO
        self.for_ever = False
        self.short = False
        self._real = {name: getattr(os, name) for name in ("write", "fdatasync", "fsync")}
        monkeypatch.setattr(os, "write", self._write)
        monkeypatch.setattr(os, "fdatasync", self._sync("fdatasync"))
        monkeypatch.setattr(os, "fsync", self._sync("fsync"))

    def _fails(self, name: str) -> bool:
        self.calls.append(name)
        number = len(self.calls) - 1
        return number == self.fail_at or (self.for_ever and 0 <= self.fail_at <= number)

    def _write(self, fd: int, data: Any) -> int:
        data = bytes(data)
        if self._fails("write"):
            part = data[: int(len(data) * self.partly)]
            if part:
                self._real["write"](fd, part)
            raise OSError(self.error, os.strerror(self.error))
        done: int = self._real["write"](fd, data[: max(1, len(data) // 3)] if self.short else data)
        return done

    def _sync(self, name: str) -> Callable[[int], None]:
        def sync(fd: int) -> None:
            if self._fails(name):
                raise OSError(self.error, os.strerror(self.error))
            self._real[name](fd)

        return sync


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> BrokenDisk:
    """Return a disk that breaks on demand."""
    return BrokenDisk(monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a history's path."""
    return tmp_path / "history.jsonl"


SCRIPT = (["a"], ["b", "c"], ["d"], ["e", "f", "g"], ["h"])


CALLS = 1 + 2 * len(SCRIPT)  # a write and a sync each, and the folder once


def _try(log: EventLog, events: list[Any]) -> DiskTrouble | None:
    """Append, and return the trouble there was."""
    try:
        log.append(events, by="x")
    except DiskTrouble as trouble:
        return trouble
    return None


@pytest.mark.parametrize("way", [(errno.EIO, 0.0), (errno.ENOSPC, 0.4), (errno.ENOSPC, 0.999)])
@pytest.mark.parametrize("fail_at", range(CALLS))
def test_a_call_that_fails_once_leaves_nothing_of_its_append(
    path: Path, disk: BrokenDisk, way: tuple[int, float], fail_at: int
):
    """Whichever write or sync fails, the caller is told, nothing of it is seen, and the next append works."""
    error, partly = way
    disk.fail_at, disk.partly, disk.error = fail_at, partly, error
    acknowledged: list[Any] = []
    troubles = []
    with EventLog(path) as log:
        for texts in SCRIPT:
            events = [note(text) for text in texts]
            trouble = _try(log, events)
            if trouble is None:
                acknowledged += events
            else:
                troubles.append((trouble.withdrawn, trouble.errno, trouble.exit_code))
            assert events_of(path) == acknowledged
    assert troubles == [(True, error, 4)]
    assert verify(path).offset == path.stat().st_size


@pytest.mark.parametrize("partly", [0.0, 0.4, 0.999])
@pytest.mark.parametrize("fail_at", range(CALLS))
def test_a_disk_that_stays_broken_is_told_each_time(
    path: Path, disk: BrokenDisk, partly: float, fail_at: int
):
    """While nothing works, what was acknowledged stays; once it works again, the history goes on."""
    disk.fail_at, disk.partly, disk.error, disk.for_ever = fail_at, partly, errno.ENOSPC, True
    acknowledged: list[Any] = []
    with EventLog(path) as log:
        for texts in SCRIPT:
            events = [note(text) for text in texts]
            trouble = _try(log, events)
            if trouble is None:
                acknowledged += events
            assert _is_part(acknowledged, events_of(path))
            assert trouble is None or not trouble.withdrawn or not _is_part(events, events_of(path))
        disk.for_ever, disk.fail_at = False, -1
        log.append([note("again")], by="x")
    assert _is_part([*acknowledged, note("again")], events_of(path))
    assert verify(path).offset == path.stat().st_size


@pytest.mark.parametrize("partly", [0.0, 0.002, 0.5, 0.999])
@pytest.mark.parametrize("torn", [1, 2, 30])
def test_a_heal_that_fails_is_done_by_the_next_append(path: Path, disk: BrokenDisk, partly: float, torn: int):
    """Where the disk refuses the closing off of a torn end, the same log and a new one go on later."""
    content = build(path)
    path.write_bytes(content[:-torn])
    disk.partly = partly
    with EventLog(path) as log:
        disk.calls, disk.fail_at = [], 0
        trouble = _try(log, [note("a")])
        assert trouble is not None
        log.append([note("b")], by="x")
        before = events_of(path)
    assert before[-1] == note("b")
    assert note("a") not in before
    assert (note("eight") in before) == (torn == 1)
    with EventLog(path) as log:
        log.append([note("c")], by="x")
    assert events_of(path) == [*before, note("c")]
    assert verify(path).offset == path.stat().st_size


def _is_part(events: list[Any], whole: list[Any]) -> bool:
    """Say whether events occur in this order in a longer list."""
    rest = iter(whole)
    return all(event in rest for event in events)


def test_a_repeated_append_is_not_withdrawn(path: Path, disk: BrokenDisk):
    """Where the sync fails of a repetition, the first append, acknowledged long ago, stays."""
    with EventLog(path) as log:
        first = log.append([note("a")], by="x", key="k")
        disk.calls, disk.fail_at = [], 0
        with pytest.raises(DiskTrouble) as caught:
            log.append([note("a")], by="x", key="k")
        assert not caught.value.withdrawn
        assert tuple(read(path)) == first == log.append([note("a")], by="x", key="k")


def test_short_writes_are_continued(path: Path, disk: BrokenDisk):
    """A system that takes a third of the bytes at a time gets them all in the end."""
    disk.short = True
    with EventLog(path) as log:
        log.append([note("a" * 1000), note("b")], by="x")
    assert events_of(path) == [note("a" * 1000), note("b")]
    assert verify(path).offset == path.stat().st_size


def test_a_failing_sync_is_not_tried_again(path: Path, disk: BrokenDisk):
    """A second sync could succeed without having written anything: the file is opened anew instead."""
    with EventLog(path) as log:
        log.append([note("a")], by="x")
        disk.calls, disk.fail_at = [], 1
        with pytest.raises(DiskTrouble, match="syncing failed"):
            log.append([note("b")], by="x")
        assert disk.calls == ["write", "fdatasync", "write"]


def test_a_failed_sync_does_not_void_what_stands_behind(path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where others have appended behind it, the record stays, and the error says so."""
    real = os.fdatasync
    with EventLog(path) as log, open_log(path) as other:
        log.append([note("a")], by="x")

        def fail(_: int) -> None:
            other.append([note("c")], by="y")
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "fdatasync", fail)
        with pytest.raises(DiskTrouble) as caught:
            log.append([note("b")], by="x", key="k")
        monkeypatch.setattr(os, "fdatasync", real)
        assert not caught.value.withdrawn
        log.append([note("b")], by="x", key="k")
    assert events_of(path) == [note("a"), note("b"), note("c")]


def test_files_that_cannot_be_opened_are_named(path: Path, monkeypatch: pytest.MonkeyPatch):
    """A read-only disk is an error with the path and the system's own words, not a traceback."""
    real = os.open

    def read_only(name: Any, flags: int, *rest: Any) -> int:
        if flags & os.O_RDWR:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(name, flags, *rest)

    build(path)
    monkeypatch.setattr(os, "open", read_only)
    with EventLog(path) as log, pytest.raises(DiskTrouble, match=r"opening failed: Read-only file system"):
        log.append([note("a")], by="x")
    assert len(list(read(path))) == 8


def test_a_real_limit_on_the_file_size_leaves_a_history_that_goes_on(path: Path):
    """The kernel itself cuts a write short at every distance: nothing half is seen, and it goes on after."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_log(path) as log:
        log.append([note("a")], by="x")
        for room in range(1, 700, 13):
            before = events_of(path)
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, hard))
            trouble = _try(log, [note("b"), note("c")])
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            assert trouble is None or trouble.errno == errno.EFBIG
            done = [note("b"), note("c")] if trouble is None else []
            assert events_of(path) == before + done, room
            log.append([note(room)], by="x")
            assert events_of(path) == [*before, *done, note(room)], room
    verify(path)


def test_a_new_file_s_name_reaches_the_disk_before_the_first_acknowledgement(path: Path, disk: BrokenDisk):
    """The first append syncs the folder after the data, later ones do not."""
    with EventLog(path) as log:
        log.append([note("a")], by="x")
        assert disk.calls == ["write", "fdatasync", "fsync"]
        log.append([note("b")], by="x")
        assert disk.calls == ["write", "fdatasync", "fsync", "write", "fdatasync"]


def test_replacing_a_file_is_whole_or_not_at_all(tmp_path: Path, disk: BrokenDisk):
    """Whichever call fails, the old bytes stand and nothing else is in the folder."""
    target = tmp_path / "state.json"
    write_atomic(target, b"old")
    for fail_at in range(2):
        disk.calls, disk.fail_at, disk.partly = [], fail_at, 0.5
        with pytest.raises(OSError, match="Input/output"):
            write_atomic(target, b"new contents")
        assert target.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [target]
    disk.fail_at, disk.short = -1, True
    write_atomic(target, b"new contents")
    assert target.read_bytes() == b"new contents"
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_replacing_without_sync_asks_the_disk_for_nothing(tmp_path: Path, disk: BrokenDisk):
    """A view that can be rebuilt costs no wait."""
    write_atomic(tmp_path / "results.tsv", b"x", sync=False)
    assert disk.calls == ["write"]


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def test_a_disk_error_is_a_user_s_error(path: Path, disk: BrokenDisk):
    """It is of the family that the command line shows without a traceback, and names a way out."""
    disk.fail_at = 0
    with EventLog(path) as log, pytest.raises(AutoresearchError) as caught:
        log.append([note("a")], by="x")
    assert "make room" in caught.value.remedy


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 64 KiB, where this machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount program")
    if done.returncode:
        pytest.skip(f"mounting is not allowed: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # an error may still hold a file open


def test_a_full_disk_takes_nothing_half_and_goes_on_once_there_is_room(small_disk: Path):
    """Until the disk is full all is acknowledged; then each append is refused whole; with room it goes on."""
    path, ballast = small_disk / "history.jsonl", small_disk / "ballast"
    ballast.write_bytes(b"x" * 16_000)
    acknowledged: list[Any] = []
    refused = 0
    with EventLog(path) as log:
        for number in range(400):
            events = [note(f"{number}.{part} {'x' * 100}") for part in range(1 + number % 3)]
            trouble = _try(log, events)
            if trouble is None:
                acknowledged += events
            else:
                refused += 1
                assert (trouble.errno, trouble.withdrawn) == (errno.ENOSPC, True)
            assert events_of(path) == acknowledged, number
            if refused == 5:
                break
        ballast.unlink()
        log.append([note("room")], by="x")
    assert events_of(path) == [*acknowledged, note("room")]
    assert verify(path).offset == path.stat().st_size
