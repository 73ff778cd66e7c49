"""Jobs that broke off since the disk was full: no idea is blamed for it, and none goes on for ever."""

import errno
import os
from pathlib import Path

import pytest

from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.ports.jobs import Finished, JobSpec
from autoresearch.engine.runs.load import load
from autoresearch.engine.system import room
from autoresearch.engine.system.disk import any_is_full
from autoresearch.events import catalog as ev
from autoresearch.events.errors import WaitingForHuman
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import why
from tests.fakes.world import World, audited
from tests.waiting import until


def breaking_off(world: World, times: int, **how: object) -> None:
    """Let so many trainings of iteration 1 end badly, in this way."""
    train, left = world.jobs.on_start, [times]

    def start(jobs, folder: Path, spec: JobSpec) -> None:
        if folder.parent.name == "0001" and left[0]:
            left[0] -= 1
            jobs.finish(folder, exit_code=1, **how)
        else:
            train(jobs, folder, spec)

    world.jobs.on_start = start


def lost(world: World) -> list[ev.JobLost]:
    return [one.event for one in read(world.paths.history) if isinstance(one.event, ev.JobLost)]


@pytest.mark.parametrize(
    "how",
    [{"no_room": True}, {"output": b"OSError: [Errno 28] No space left on device\n"}],
    ids=["at its end", "it said so"],
)
def test_a_training_without_room_begins_again(tmp_path: Path, how: dict[str, object]):
    """A training that found no room is no crash: it begins again, and its idea is judged by its number."""
    world = World(tmp_path)
    world.start(loops=1)
    breaking_off(world, 2, **how)
    assert 0 == world.runner().run()
    assert [why("no_room")] * 2 == [one.reason for one in lost(world)]
    assert "crash" not in [row.verdict for row in load(world.paths).timeline.rows]
    assert audited(world) is None


def test_a_change_that_fills_the_disk_is_a_crash_in_the_end(tmp_path: Path):
    """One that never finds room is a crash at its third training, and the run goes on."""
    world = World(tmp_path)
    world.start(loops=2)
    breaking_off(world, 99, no_room=True)
    assert 0 == world.runner().run()
    assert 2 == len(lost(world))
    assert ["keep", "crash"] == [row.verdict for row in load(world.paths).timeline.rows][:2]
    assert 2 == load(world.paths).run.completed


def test_two_ideas_in_a_row_without_room_ask_a_human(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the idea before crashed for want of room too, and a disk is full, the run waits for a human."""
    monkeypatch.setattr("autoresearch.engine.system.disk.any_is_full", lambda: True)
    world = World(tmp_path)
    world.start(loops=3)
    train, full = world.jobs.on_start, [True]

    def start(jobs, folder: Path, spec: JobSpec) -> None:
        if folder.parent.name != "0000" and full[0]:
            jobs.finish(folder, exit_code=1, output=b"OSError: [Errno 28] No space left on device\n")
        else:
            train(jobs, folder, spec)

    world.jobs.on_start = start
    with pytest.raises(WaitingForHuman, match="the train job of iteration 2 was lost 3 times in a row"):
        world.runner().run()
    assert ["keep", "crash"] == [row.verdict for row in load(world.paths).timeline.rows][:2]
    full[0] = False
    with EventLog(world.paths.history) as log:
        log.append([ev.RunUnpaused()], by="cli")
    assert 0 == world.runner().run()
    rows = load(world.paths).timeline.rows
    assert [1] == [row.iteration for row in rows if row.verdict == "crash"]
    assert 3 == load(world.paths).run.completed
    assert audited(world) is None


def test_two_ideas_in_a_row_that_fill_a_disk_by_themselves_are_crashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Where each disk has room again once they have ended, both are at fault, and the run goes on."""
    monkeypatch.setattr("autoresearch.engine.system.disk.any_is_full", lambda: False)
    world = World(tmp_path)
    world.start(loops=2)
    train = world.jobs.on_start

    def start(jobs, folder: Path, spec: JobSpec) -> None:
        if folder.parent.name != "0000":
            jobs.finish(folder, exit_code=1, output=b"OSError: [Errno 28] No space left on device\n")
        else:
            train(jobs, folder, spec)

    world.jobs.on_start = start
    assert 0 == world.runner().run()
    assert ["keep", "crash", "crash"] == [row.verdict for row in load(world.paths).timeline.rows][:3]


@pytest.mark.parametrize(
    ("mounts", "found"),
    [
        (b"x /full\\040one ext4 rw 0 0\n", True),
        (b"x /roomy ext4 rw 0 0\n", False),
        (b"x /full\\040one autofs rw 0 0\n", False),
        (None, True),
    ],
)
def test_any_disk_may_be_the_full_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounts: bytes | None, *, found: bool
):
    """Each disk that is mounted is looked at, by its name without escapes; without a list one may be full."""
    monkeypatch.setattr("autoresearch.engine.system.disk.is_full", lambda folder: folder == "/full one")
    monkeypatch.setattr("autoresearch.engine.system.disk.os.access", lambda *_: True)
    if mounts is not None:
        (tmp_path / "mounts").write_bytes(mounts)
    assert found == any_is_full(mounts=tmp_path / "mounts")


def test_a_training_that_ended_well_counts_on_a_full_disk(tmp_path: Path):
    """A result is a result, whether there was room at its end or not."""
    world = World(tmp_path)
    world.start(loops=0)
    world.jobs.on_start = lambda jobs, folder, _: jobs.finish(
        folder, no_room=True, output=b"val_bpb: 1.000000\n"
    )
    assert 0 == world.runner().run()
    assert ([], 1.0) == (lost(world), load(world.paths).run.best.metric)


def test_nothing_begins_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """While there is no room no job is started, and it is when there is."""
    world, looks = World(tmp_path), []
    world.start(loops=1)

    def full(folder: str) -> bool:
        looks.append(list(world.trained))
        return len(looks) < 3

    monkeypatch.setattr("autoresearch.engine.system.disk.is_full", full)
    monkeypatch.setattr("autoresearch.engine.loop.patience.time.sleep", lambda _: None)
    assert 0 == world.runner().run()
    assert [[], [], []] == looks[:3]
    assert ["0000/train.1", "0001/train.1"] == world.trained


def test_a_supervisor_says_whether_there_was_room(tmp_path: Path):
    """What a supervisor writes of a job's end says whether its disks had room then."""
    spec = JobSpec(name="job", command=("true",), cwd=str(tmp_path), deadline_s=60.0)
    RealJobs().start(tmp_path / "job", spec)
    ended = until(lambda: isinstance(it := RealJobs().look(tmp_path / "job"), Finished) and it)
    assert not ended.exit.no_room


def test_a_disk_that_tells_nothing_is_not_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file system without numbers, and one that cannot be asked, hold up nothing."""

    def asked(_folder: str) -> os.statvfs_result:
        raise OSError(errno.ENOSYS, "no such thing")

    monkeypatch.setattr(
        room.os, "statvfs", lambda _: os.statvfs_result([4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255])
    )
    assert not room.is_full(str(tmp_path))
    monkeypatch.setattr(room.os, "statvfs", asked)
    assert not room.is_full(str(tmp_path))
