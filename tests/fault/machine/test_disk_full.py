"""A run on a real disk that fills up, or can only be read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.jobs.claim_file import read_claim
from autoresearch.engine.system.processes import process
from autoresearch.events.values import Process
from tests.e2e.conftest import Program, at_rest, hold_trainings
from tests.processes import end_everything
from tests.small_disk import fill, mount, small_disk
from tests.waiting import until


@pytest.fixture
def disk(program: Program) -> Iterator[Path]:
    """Put the runs of the program's repository on a small disk of their own."""
    runs = program.repo / ".autoresearch" / "runs"
    with small_disk(runs, megabytes=3):
        yield runs
        end_everything(program.repo.parent)


def child_of(job: Path) -> Process:
    """Return the training's own process."""
    claim = read_claim(job)
    assert claim is not None
    assert claim.child is not None
    return claim.child


def test_a_full_disk_is_waited_out(program: Program, disk: Path):
    """The training is not ended, status says what is wrong, and with room the run ends as if never full."""
    turn = hold_trainings(program)
    program("start", "--loops", "1", "--no-stochastic")
    program.wait(lambda status: bool(status["progress"]))
    filler = fill(disk)
    status = program.wait(lambda status: bool(status["trouble"]))
    assert "full" in status["trouble"]
    assert "waiting" == status["phase"]
    before = program.events()
    assert "full" in program("status").stdout
    refused = program("note", "no room for this " * 1000, code=4)
    assert "No space left" in refused.stderr
    program.wait(lambda status: status["seq"] == before[-1]["seq"])
    filler.unlink()
    turn.is_for_all()
    status = program.wait(at_rest)
    assert ("done", 1, None) == (status["phase"], status["iterations_completed"], status["trouble"])
    events = program.events()
    assert before == events[: len(before)]
    types = [event["type"] for event in events]
    assert (2, 2, 0) == tuple(
        types.count(name) for name in ("TrainingStarted", "TrainingFinished", "JobLost")
    )
    program("replay")


def test_what_is_printed_on_a_full_disk_counts(program: Program, disk: Path):
    """A training that ends while there is no room has its result when there is; none is made again."""
    turn = hold_trainings(program)
    program("start", "--only", "setup,baseline")
    program.wait(lambda status: bool(status["progress"]))
    filler = fill(disk)
    turn.is_for_all()
    program.wait(lambda status: bool(status["trouble"]))
    job = program.run_folder() / "iterations" / "0000" / "train.1"
    until(lambda: not process.group_alive(child_of(job)))
    assert not (job / "exit.json").exists()
    filler.unlink()
    status = program.wait(at_rest)
    assert "done" == status["phase"]
    assert status["best_metric"] is not None
    types = [event["type"] for event in program.events()]
    assert (1, 1, 0) == tuple(
        types.count(name) for name in ("TrainingStarted", "TrainingFinished", "JobLost")
    )
    program("replay")


def test_a_read_only_disk_is_told(program: Program, disk: Path):
    """Looking works, going on is refused with the reason, and works again when it can be written."""
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    before = program.events()
    mount("-o", "remount,ro", str(disk))
    try:
        assert "read-only" in program.status()["trouble"]
        program("experiments")
        refused = program("resume", "--loops", "1", "--no-stochastic", code=None)
        assert 4 == refused.returncode, refused.stderr
        assert "Read-only" in refused.stderr
        assert before == program.events()
    finally:
        mount("-o", "remount,rw", str(disk))
    program("resume", "--loops", "1", "--no-stochastic", "--no-background-train")
    assert 2 == program.status()["iterations_completed"]
