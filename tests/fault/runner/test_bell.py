"""What is dropped and what ends is heard: told, found by looking, or found later; each exactly once."""

import errno
import json
import os
import signal
import time
from pathlib import Path

import pytest
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.proposals.drop_folder import Bell
from autoresearch.engine.system.disk import silent
from autoresearch.engine.system.processes.process import holder
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from tests.e2e.conftest import Program, at_rest, hold_trainings
from tests.fakes.world import World
from tests.torture import times
from tests.waiting import PATIENCE_S, until


MOUNTS = rb"""/dev/vda / ext4 rw 0 0
tmpfs /tmp tmpfs rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/local/disk ext4 rw 0 0
host /mnt/with\040space 9p rw 0 0
me@host: /far fuse.sshfs rw 0 0
//nas/share /nas cifs rw 0 0
/dev/vdc /over ext4 rw 0 0
over /over overlay rw 0 0
"""
GOOD = {"status": "ok", "change_plan": "p", "commit_description": "c", "set": {"WIDTH": 16}}


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/repo", ""),
        ("/tmp/repo", ""),  # noqa: S108 - only a name
        ("/home/me/repo", "nfs4"),
        ("/home", "nfs4"),
        ("/homes/me", ""),
        ("/home/local/disk/repo", ""),
        ("/mnt/with space/repo", "9p"),
        ("/far/repo", "fuse.sshfs"),
        ("/nas/repo", "cifs"),
        ("/over/repo", ""),
    ],
)
def test_a_silent_file_system_is_known(tmp_path: Path, folder: str, kind: str):
    """The kind of a folder's file system is told where another machine may change it unheard."""
    (tmp_path / "mounts").write_bytes(MOUNTS)
    assert kind == silent(Path(folder), mounts=tmp_path / "mounts")
    assert "" == silent(Path(folder), mounts=tmp_path / "none")


def rings(bell: Bell, folder: Path) -> bool:
    """Drop a file into a watched folder and say whether the bell rang."""
    bell.watch([folder])
    time.sleep(0.25)  # a look at the empty folder
    (folder / "next_proposal.json").write_text("{}")
    return bell._rung.wait(PATIENCE_S)


def test_a_local_disk_tells(tmp_path: Path):
    """Where the system sends notifications, nobody looks."""
    bell = Bell(tmp_path)
    try:
        assert ("", type(Observer())) == (bell.polls, type(bell._observer))
        assert rings(bell, tmp_path)
    finally:
        bell.close()


def test_a_network_mount_is_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where notifications are not complete, a polling observer rings, and says that it polls."""
    monkeypatch.setattr("autoresearch.engine.proposals.drop_folder.silent", lambda _: "nfs4")
    bell = Bell(tmp_path)
    try:
        assert isinstance(bell._observer, PollingObserver)
        assert "nfs4 tells of no changes" == bell.polls
        assert rings(bell, tmp_path)
    finally:
        bell.close()


@pytest.mark.parametrize("call", ["start", "schedule"])
def test_without_notifications_left_it_is_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str):
    """Where the system refuses one more watch, a polling observer takes over, visibly."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr(type(Observer()), call, refuse)
    bell = Bell(tmp_path)
    try:
        assert rings(bell, tmp_path)
        assert "inotify watch limit reached" in bell.polls
    finally:
        bell.close()


@pytest.fixture
def sleepy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a run whose trainings end only while the runner sleeps, and whose bell never rings."""
    world = World(tmp_path)
    train, unfinished = world.jobs.on_start, []

    def leave(jobs, job: Path, spec: JobSpec) -> None:
        unfinished.append((job, spec))

    def sleep(bell: Bell, timeout_s: float) -> None:
        train(world.jobs, *unfinished.pop())

    world.jobs.on_start = leave
    monkeypatch.setattr(Bell, "wait", sleep)
    world.start(loops=1)
    return world


def test_a_bell_that_never_rings_is_harmless(sleepy: World):
    """Ended trainings are found by looking, where nothing told of them."""
    assert 0 == sleepy.runner().run()
    assert ["0000/train.1", "0001/train.1"] == sleepy.trained


def test_polling_is_told_to_people(sleepy: World, monkeypatch: pytest.MonkeyPatch, capfd):
    """The runner says once that it has to look by itself, and why."""
    monkeypatch.setattr("autoresearch.engine.proposals.drop_folder.silent", lambda _: "nfs4")
    assert 0 == sleepy.runner().run()
    assert 1 == capfd.readouterr().err.count("changes are heard by looking: nfs4")


def heard(paths: RunPaths) -> list[ev.ProposalReceived]:
    return [one.event for one in read(paths.history) if isinstance(one.event, ev.ProposalReceived)]


def test_a_flood_of_drops_does_not_keep_the_runner_from_its_trainings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """While many drops are heard, the next training is started in between."""
    monkeypatch.setattr("autoresearch.engine.proposals.drop_folder.AT_ONCE", 5)
    world = World(tmp_path)
    world.start(loops=1)
    world.paths.proposals.mkdir()
    for number in range(60):
        (world.paths.proposals / f"{number}.json").write_text(
            json.dumps({**GOOD, "description": str(number)})
        )
    assert 0 == world.runner().run()
    names = [type(one.event).__name__ for one in read(world.paths.history)]
    assert 60 == names.count("ProposalReceived")
    assert names.index("TrainingStarted") < len(names) - 1 - names[::-1].index("ProposalReceived")


@pytest.mark.timeout(900)  # of 20,000, each is appended and synced
@pytest.mark.parametrize("count", [600, pytest.param(times(20_000), marks=pytest.mark.long)])
def test_what_is_dropped_while_the_runner_is_stopped_is_heard_once(program: Program, count: int):
    """Files dropped while the runner is held by SIGSTOP each become exactly one event."""
    turn = hold_trainings(program)
    program("start", "--loops", "1", "--no-stochastic")
    program.wait(lambda status: bool(status["progress"]))
    paths = RunPaths(home=program.repo, folder=program.run_folder())
    runner = holder(paths.lock)
    assert runner is not None
    os.kill(runner.pid, signal.SIGSTOP)
    paths.proposals.mkdir(exist_ok=True)  # it may have been held before it made the folder
    for number in range(count):
        hidden = paths.proposals / f".{number}"
        hidden.write_text(json.dumps({**GOOD, "description": f"drop {number}"}))
        hidden.rename(paths.proposals / f"{number:06d}.json")
    os.kill(runner.pid, signal.SIGCONT)
    turn.is_for_all()
    until(lambda: not any(paths.proposals.iterdir()), within_s=15 * PATIENCE_S)
    program.wait(at_rest)
    assert [f"drop {number}" for number in range(count)] == sorted(
        (one.proposal.description for one in heard(paths)), key=lambda said: int(said.split()[1])
    )
    assert count == len(list(paths.consumed.iterdir()))
