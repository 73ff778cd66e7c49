"""What every player of the Jobs port does: the fake one and the real one."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.jobs.claim_file import Claim, read_claim
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.ports.jobs import Absent, Finished, Jobs, JobSpec, JobState, Lost, Running
from autoresearch.engine.system.processes.process import end_group
from tests.fakes.jobs import FakeJobs
from tests.waiting import PATIENCE_S, until


# Ends with the code that appears in the file `go`, having said hello.
WAITER = """
import os, sys, time
print("hello", flush=True)
open("begun", "a").write("x")
while not os.path.exists("go"):
    time.sleep(0.01)
sys.exit(int(open("go").read()))
"""


class Fake:
    """A fake player, and a job in it."""

    def __init__(self, home: Path) -> None:
        self.jobs = FakeJobs()

    def spec(self, home: Path, places: tuple[str, ...] = ()) -> JobSpec:
        return JobSpec(
            name="waiter", command=("waiter",), cwd=str(home), deadline_s=PATIENCE_S, places=places
        )

    def finish(self, folder: Path, code: int) -> None:
        self.jobs.finish(folder, exit_code=code, output=b"hello\n", files={"left.json": b"{}"})

    def vanish(self, folder: Path) -> None:
        self.jobs.lose(folder)


class Real:
    """The real player, and a job that waits for a file."""

    def __init__(self, home: Path) -> None:
        self.jobs = RealJobs()

    def spec(self, home: Path, places: tuple[str, ...] = ()) -> JobSpec:
        command = (sys.executable, "-S", "-c", WAITER)
        return JobSpec(
            name="waiter", command=command, cwd=str(home), deadline_s=PATIENCE_S, grace_s=2.0, places=places
        )

    def finish(self, folder: Path, code: int) -> None:
        (folder / "left.json").write_bytes(b"{}")
        (folder / "tmp").write_text(str(code))
        (folder / "tmp").rename(folder.parent / "go")
        ended(self.jobs, folder)

    def vanish(self, folder: Path) -> None:
        leader = until(lambda: (read_claim(folder) or Claim()).child)
        claim = read_claim(folder)
        assert claim is not None
        assert claim.supervisor is not None
        os.kill(claim.supervisor.pid, 9)
        os.killpg(leader.pid, 9)
        ended(self.jobs, folder)


Player = Fake | Real


def ended(jobs: Jobs, folder: Path) -> JobState:
    """Wait for a job's end and return how it then stands."""
    until(lambda: not isinstance(jobs.look(folder), Running))
    return jobs.look(folder)


@pytest.fixture(params=[Fake, Real])
def player(request: pytest.FixtureRequest, tmp_path: Path) -> Player:
    return request.param(tmp_path)


@pytest.fixture(params=["train.1", "with space", "quo'te\"$(x)", "ünïcode-日本", "-dash", "new\nline"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / request.param


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTORESEARCH_DEVICES", str(tmp_path / "devices"))


@pytest.fixture(autouse=True)
def _nothing_is_left(player: Player, folder: Path) -> Iterator[None]:
    yield
    state = player.jobs.look(folder)
    if isinstance(state, Running):
        player.jobs.stop(folder)
        if isinstance(player, Real) and state.supervisor:
            end_group(state.supervisor, 3.0)


def test_a_job_from_nothing_to_its_end(player: Player, folder: Path, tmp_path: Path) -> None:
    """A job is absent, then runs, then has ended with the code that it gave; its output is in its folder."""
    assert player.jobs.look(folder) == Absent()
    player.jobs.start(folder, player.spec(tmp_path))
    assert isinstance(player.jobs.look(folder), Running)
    player.finish(folder, 3)
    state = player.jobs.look(folder)
    assert isinstance(state, Finished)
    assert (state.exit.reason, state.exit.exit_code, state.exit.signal) == ("exited", 3, None)
    assert state.exit.output_bytes == 6
    output = player.jobs.output(folder)
    assert b"hello\n" == b"".join(output.log()) == b"".join(output.log())
    assert b"{}" == b"".join(output.file("left.json") or ())
    assert output.file("none.json") is None


class TestOneFolder:
    """What needs no hostile folder names."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "deep" / "train.1"

    @pytest.fixture(autouse=True)
    def _go_is_beside(self, folder: Path, tmp_path: Path) -> None:
        folder.parent.mkdir()

    def spec(self, player: Player, folder: Path) -> JobSpec:
        return player.spec(folder.parent)

    def test_started_twice_runs_once(self, player: Player, folder: Path) -> None:
        """Starting again what runs or has ended starts nothing."""
        player.jobs.start(folder, self.spec(player, folder))
        player.jobs.start(folder, self.spec(player, folder))
        player.finish(folder, 0)
        first = player.jobs.look(folder)
        player.jobs.start(folder, self.spec(player, folder))
        assert player.jobs.look(folder) == first
        if isinstance(player, Real):
            assert (folder.parent / "begun").read_text() == "x"

    def test_stopped_says_so(self, player: Player, folder: Path) -> None:
        """A stopped job ends as terminated."""
        player.jobs.start(folder, self.spec(player, folder))
        player.jobs.stop(folder)
        state = ended(player.jobs, folder)
        assert isinstance(state, Finished)
        assert state.exit.reason == "terminated"

    def test_stopping_what_does_not_run_does_nothing(self, player: Player, folder: Path) -> None:
        """Stopping an absent job prevents no later start, and stopping an ended one changes nothing."""
        player.jobs.stop(folder)
        assert player.jobs.look(folder) == Absent()
        player.jobs.start(folder, self.spec(player, folder))
        player.finish(folder, 0)
        state = player.jobs.look(folder)
        player.jobs.stop(folder)
        assert player.jobs.look(folder) == state
        assert isinstance(state, Finished)
        assert state.exit.reason == "exited"

    def test_a_vanished_job_is_lost(self, player: Player, folder: Path) -> None:
        """A job whose processes are gone without an exit.json is lost, and stays so when started again."""
        player.jobs.start(folder, self.spec(player, folder))
        player.vanish(folder)
        state = player.jobs.look(folder)
        assert isinstance(state, Lost)
        assert state.reason
        player.jobs.start(folder, self.spec(player, folder))
        assert player.jobs.look(folder) == state

    def test_a_job_that_was_never_started_left_nothing(self, player: Player, folder: Path) -> None:
        """Who asks for the output of a job that is not there, reads nothing."""
        output = player.jobs.output(folder)
        assert b"" == b"".join(output.log())
        assert output.file("left.json") is None

    def test_a_taken_place_blocks_another_job_and_not_its_own(self, player: Player, folder: Path) -> None:
        """A job holds its place until it is over; who waits for it is told its name, and starts nothing."""
        other, spec = folder.with_name("train.2"), player.spec(folder.parent, ("shared",))
        assert () == player.jobs.blocked_by(folder, ("shared",))
        assert player.jobs.start(folder, spec)
        assert ("waiter",) == player.jobs.blocked_by(other, ("shared",))
        assert () == player.jobs.blocked_by(folder, ("shared",))
        assert () == player.jobs.blocked_by(other, ("shared", "free"))
        assert () == player.jobs.blocked_by(other, ())
        assert not player.jobs.start(other, spec)
        assert isinstance(player.jobs.look(other), Absent)
        player.finish(folder, 0)
        assert () == player.jobs.blocked_by(other, ("shared",))

    def test_a_lost_job_holds_no_place(self, player: Player, folder: Path) -> None:
        """The place of a job that vanished is free."""
        player.jobs.start(folder, player.spec(folder.parent, ("shared",)))
        player.vanish(folder)
        assert () == player.jobs.blocked_by(folder.with_name("train.2"), ("shared",))

    def test_signs_are_folders_or_none(self, player: Player, folder: Path) -> None:
        """What is to be watched for a job's end lies on this machine, and is there once it was started."""
        player.jobs.start(folder, self.spec(player, folder))
        assert all(one.is_dir() for one in player.jobs.signs([folder], blocked=True))
