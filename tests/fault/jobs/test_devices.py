"""A device that several runs share: one training at a time, for as long as it really lasts."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.jobs import devices
from autoresearch.engine.jobs.claim_file import Claim, read_claim
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.paths import SPEC
from autoresearch.engine.ports.jobs import Absent, Finished, JobSpec, Lost, Running
from autoresearch.engine.proposals.drop_folder import Bell
from autoresearch.engine.system.locks import try_lock
from autoresearch.engine.system.processes import process
from autoresearch.events.settings import RunConfig
from tests.e2e.conftest import Program, at_rest, hold_trainings
from tests.fault.jobs.supervised import child, supervisor
from tests.processes import started
from tests.waiting import PATIENCE_S, until


JOBS = RealJobs()
CONFIG = RunConfig()


@pytest.fixture(autouse=True)
def _own_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTORESEARCH_DEVICES", str(tmp_path / "devices"))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Give a run's folder of jobs, and end what still runs in it."""
    folder = tmp_path / "repo" / "workflows" / "runs" / "main-r001" / "iterations" / "0001"
    folder.mkdir(parents=True)
    yield folder
    for claim in folder.rglob("claim"):
        told = read_claim(claim.parent) or Claim()
        for one in (told.supervisor, told.child):
            if one is not None:
                process.end_group(one, 0.0)


def start(home: Path, name: str, *command: str, config: RunConfig = CONFIG) -> bool:
    spec: dict[str, Any] = {"deadline_s": PATIENCE_S, "grace_s": 0.3, "cwd": str(home)}
    places = devices.places(config.device_lock, "cpu", config.slots or 1)
    return JOBS.start(home / name, JobSpec(name=name, command=command, places=places, **spec))


def holders() -> tuple[str, ...]:
    return devices.holders(devices.places(CONFIG.device_lock, "cpu", 1))


def test_a_second_training_is_not_started(home: Path):
    """While one trains, another is refused and leaves no trace; the holder is named, not to its own run."""
    assert start(home, "train.1", "sleep", "999")
    assert not start(home, "train.2", "sleep", "999")
    assert isinstance(JOBS.look(home / "train.2"), Absent)
    assert not (home / "train.2" / SPEC).exists()
    assert ("train.1",) == holders()
    assert () == devices.holders(devices.places(CONFIG.device_lock, "cpu", 1), job=home.parents[1])


def test_the_same_training_is_not_in_its_own_way(home: Path):
    """Started twice, as after a crash of the runner, a training that holds the device is found running."""
    assert start(home, "train.1", "sleep", "999")
    assert start(home, "train.1", "sleep", "999")


def test_the_device_is_free_when_the_end_is_told(home: Path):
    """Whoever hears of a training's end finds the device free, whatever the training left behind."""
    assert start(home, "train.1", "sh", "-c", "setsid sleep 3 & sleep 0.2")
    until(lambda: isinstance(JOBS.look(home / "train.1"), Finished))
    assert () == holders()
    assert start(home, "train.2", "true")


def test_a_training_without_supervisor_keeps_the_device(home: Path):
    """The lock lives as long as the training does, whoever is killed."""
    assert start(home, "train.1", "sleep", "999")
    leader = child(home / "train.1")
    process.send(supervisor(home / "train.1"), signal.SIGKILL)
    until(lambda: JOBS.look(home / "train.1") == Running(supervisor=None))
    assert not start(home, "train.2", "true")
    process.send(leader, signal.SIGKILL)
    until(lambda: isinstance(JOBS.look(home / "train.1"), Lost))
    assert until(lambda: start(home, "train.2", "true"))


def test_letting_go_rings_the_bell(home: Path):
    """A runner that waits for the device is woken when it becomes free, not by looking again."""
    assert start(home, "train.1", "sleep", "0.5")
    bell = Bell(home)
    try:
        bell.watch([devices.folder()])
        assert bell._rung.wait(PATIENCE_S)
        until(lambda: not holders())
    finally:
        bell.close()


def test_slots_names_and_none_share_as_they_say(home: Path):
    """Two slots take two, another name is another device, and none waits for nobody."""
    two = RunConfig(slots=2)
    assert [True, True, False] == [start(home, f"train.{n}", "sleep", "999", config=two) for n in (1, 2, 3)]
    assert start(home, "train.4", "true", config=RunConfig(device_lock="gpu1"))
    assert start(home, "train.5", "true", config=RunConfig(device_lock="none"))
    assert () == devices.places("none", "cpu", 1)


def test_who_trains_alone_waits_for_every_place(home: Path):
    """A run with one slot starts beside none of another run's two, whichever is left, and names it."""
    two = RunConfig(slots=2)
    first = [start(home, f"train.{n}", "sleep", "999", config=two) for n in (1, 2)]
    assert [True, True] == first
    assert ("train.1", "train.2") == holders()
    assert not start(home, "train.3", "true")
    JOBS.stop(home / "train.1")
    until(lambda: isinstance(JOBS.look(home / "train.1"), Finished))
    assert ("train.2",) == holders()
    assert not start(home, "train.3", "true")
    JOBS.stop(home / "train.2")
    until(lambda: isinstance(JOBS.look(home / "train.2"), Finished))
    assert () == holders()
    assert start(home, "train.3", "sleep", "999")


def test_none_starts_beside_who_trains_alone(home: Path):
    """A run with two slots waits, for both of them, until a training of a run with one is over."""
    assert start(home, "train.1", "sleep", "999")
    two = devices.places(CONFIG.device_lock, "cpu", 2)
    assert not start(home, "train.2", "true", config=RunConfig(slots=2))
    assert ("train.1",) == devices.holders(two)
    assert () == devices.holders(two, job=home / "train.1")
    assert () == devices.holders(devices.places(CONFIG.device_lock, "0", 2))
    JOBS.stop(home / "train.1")
    assert until(lambda: start(home, "train.2", "true", config=RunConfig(slots=2)))


def test_of_two_at_once_at_most_one_stays(tmp_path: Path):
    """Where both kinds of place are taken at the same moment, the device is never shared."""
    alone, shared = (devices.places("auto", "cpu", count) for count in (1, 2))
    gate = threading.Barrier(2)

    def both(wanted: tuple[str, ...]) -> int | None:
        gate.wait(PATIENCE_S)
        return devices.take(wanted, job=tmp_path, name="me")

    with ThreadPoolExecutor(2) as pool:
        for _ in range(100):
            held = [one for one in pool.map(both, (alone, shared)) if one is not None]
            for handle in held:
                os.close(handle)
            assert len(held) < 2


def test_a_home_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the state folder cannot be made, the locks lie in the temporary folder."""
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("AUTORESEARCH_DEVICES")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert tmp_path / f"autoresearch-{os.getuid()}" == devices.folder()


def test_nobody_needs_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As in a container: without HOME and without a name the locks lie where it is said, or in temporary."""

    def nobody(_uid: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert tmp_path / "devices" == devices.folder()
    monkeypatch.delenv("AUTORESEARCH_DEVICES")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert tmp_path / f"autoresearch-{os.getuid()}" == devices.folder()


@contextlib.contextmanager
def nobody_special() -> Iterator[None]:
    """Be a user whom permissions bind, for a while, where the tests run as root."""
    if os.getuid():
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_a_folder_that_others_made_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the folder is there and may not be written, a place is taken in the temporary folder."""
    monkeypatch.chdir(tmp_path)  # from here on by relative names: what is above is closed to others
    monkeypatch.setenv("AUTORESEARCH_DEVICES", "devices")
    monkeypatch.setattr("tempfile.tempdir", ".")
    Path("devices").mkdir(mode=0o555)
    tmp_path.chmod(0o777)
    with nobody_special():
        held = devices.take(("auto-cpu-1",), job=tmp_path, name="me")
        assert held is not None
        assert Path(f"autoresearch-{os.getuid()}") == devices.folder()
    os.close(held)


def test_two_runs_take_turns(program: Program):
    """Of two runs at once, one trains at a time; the other says whom it waits for, and starts by itself."""
    turn = hold_trainings(program)
    start = ("start", "--loops", "1", "--no-stochastic")
    first = program(*start).stdout.split()[0]
    program.wait(lambda status: bool(status["progress"]), "--run-id", first)
    second = program(*start, "--another").stdout.split()[0]
    status = program.wait(lambda status: bool(status["waits_for"]), "--run-id", second)
    assert f"training 0.1 of {first} in {program.repo}" == status["waits_for"]
    assert "waits for the device" in program("status", "--run-id", second).stdout
    turn.is_for_all()
    times = []
    for run_id in (first, second):
        program.wait(at_rest, "--run-id", run_id)
        ended = [
            one["data"] for one in program.events("--run-id", run_id) if one["type"] == "TrainingFinished"
        ]
        assert 2 == len(ended)
        times += [(one["started_at"], one["ended_at"]) for one in ended]
    times.sort()
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(times))


def two_cards(program: Program) -> Path:
    """Let the program find two cards, and trainings say which they see; return where the locks lie."""
    smi = Path(program.env["PATH"]) / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 0\necho 1\n")
    smi.chmod(0o755)
    train = program.repo / "train.py"
    names = ("CUDA_VISIBLE_DEVICES", "AUTORESEARCH_ITERATION", "AUTORESEARCH_SLOT", "AUTORESEARCH_COMMIT")
    train.write_text(train.read_text() + f"print('told', *(os.environ[name] for name in {names}))\n")
    program.git("commit", "-qam", "say what it was told")
    return Path(program.env["AUTORESEARCH_DEVICES"])


def where(status: dict[str, Any]) -> set[tuple[int, str]]:
    """Return the iterations that train now, and on which card."""
    return {(one["iteration"], one["device"]) for one in status["trainings"]}


def told(program: Program, iteration: int) -> list[str]:
    """Return what a training was told in its environment."""
    log = program("logs", str(iteration), "--step", "train").stdout
    return next(line.split()[1:] for line in log.splitlines() if line.startswith("told "))


def test_each_card_gets_a_training(program: Program):
    """With two cards two trainings run at once, each sees its own card alone, and the history says which."""
    two_cards(program)
    turn = hold_trainings(program)
    program("start", "--loops", "2", "--no-stochastic")
    program.wait(lambda status: {(0, "0"), (1, "1")} == where(status))
    page = program("status").stdout
    assert "baseline: train on device 0" in page
    assert "iteration 1: train on device 1" in page
    turn.is_for(0)
    program.wait(lambda status: {(1, "1"), (2, "0")} == where(status))
    turn.is_for_all()
    program.wait(at_rest)
    started = [one["data"] for one in program.events() if one["type"] == "TrainingStarted"]
    assert [(0, "0"), (1, "1"), (2, "0")] == [(one["iteration"], one["device"]) for one in started]
    for one in started:
        expected = [one["device"], str(one["iteration"]), str(one["slot"]), one["commit"]]
        assert expected == told(program, one["iteration"])


def test_a_card_that_another_run_holds_is_left_to_it(program: Program):
    """A training takes the other card where there is one, and none of the runs is told to wait."""
    locks = two_cards(program)
    locks.mkdir(exist_ok=True)
    machine = devices.lock_of(*devices.places("auto", "0", 1)).name
    held = try_lock(locks / machine)
    assert held is not None
    program("start", "--only", "setup,baseline")
    program.wait(at_rest)
    os.close(held)
    (started,) = (one["data"] for one in program.events() if one["type"] == "TrainingStarted")
    assert (2, "1") == (started["slot"], started["device"])
    assert "1" == told(program, 0)[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"job": 1}'])
def test_a_lock_that_says_nothing_still_holds(tmp_path: Path, content: bytes):
    """A holder that has not said who it is, or nonsense, is named by its file."""
    (file,) = map(devices.lock_of, devices.places(CONFIG.device_lock, "cpu", 1))
    hold = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2); print(flush=True); sys.stdin.read()"
    file.touch()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with started(sys.executable, "-c", hold, file, **pipes) as other:
        other.stdout.readline()
        file.write_bytes(content)
        assert str(file) in holders()[0]
