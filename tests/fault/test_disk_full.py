"""A run on a real disk that fills up, or can only be read."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Program, at_rest, hold_trainings
from tests.processes import end_everything


def mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")


@pytest.fixture
def disk(program: Program) -> Iterator[Path]:
    """Put the runs of the program's repository on a small disk of their own."""
    runs = program.repo / ".autoresearch" / "runs"
    runs.mkdir(parents=True)
    mount("-t", "tmpfs", "-o", "size=3m", "autoresearch-test", str(runs))
    yield runs
    end_everything(program.repo.parent)
    subprocess.run(["umount", "--lazy", str(runs)], check=True)


def fill(disk: Path) -> Path:
    """Take all the room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**16, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler


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
