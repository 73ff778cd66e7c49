"""A run one of whose supervisors is killed, and nobody else."""

import os
import signal
from pathlib import Path

import pytest

from autoresearch.engine.jobs.claim_file import read_claim
from autoresearch.engine.system.processes.process_table import opened_by
from tests.e2e.conftest import Program, at_rest, hold_trainings
from tests.waiting import until


SAYS_SO = """
with open(os.environ["AUTORESEARCH_JOB_DIR"] + "/result.json", "w") as file:
    json.dump({"val_bpb": score, "exit_reason": "budget_spent"}, file)
print("---")
"""


@pytest.mark.parametrize(("says_so", "trainings"), [(True, 1), (False, 2)])
def test_a_training_that_ended_well_is_read(program: Program, says_so: bool, trainings: int):  # noqa: FBT001
    """Killed with its training at work, a supervisor costs no second training where the end is certain."""
    script = program.repo / "train.py"
    if says_so:
        script.write_text(script.read_text().replace('print("---")\n', SAYS_SO.lstrip()))
        program.git("commit", "-qam", "Write result.json")
    turn = hold_trainings(program)
    program("start", "--only", "setup,baseline")
    program.wait(lambda status: bool(status["progress"]))
    folder = program.run_folder() / "iterations" / "0000" / "train.1"
    # A killed process holds its end until the kernel has taken it down: it is not the one waited for.
    os.kill(_claimed(folder, "supervisor"), signal.SIGKILL)
    until(lambda: _takes_in(folder))
    turn.is_for_all()
    program.wait(at_rest)
    events = program.events()
    types = [event["type"] for event in events]
    assert trainings == types.count("TrainingStarted")
    assert trainings - 1 == types.count("JobLost")
    ended = next(event["data"] for event in events if event["type"] == "TrainingFinished")
    assert "succeeded" == ended["outcome"]
    assert (says_so, says_so) == (ended["exit_code"] is None, ended["reason"] is not None)
    program("replay")


def _claimed(folder: Path, role: str) -> int:
    """Return the pid of the one that the claim names so."""
    return int(getattr(read_claim(folder), role).pid)


def _takes_in(folder: Path) -> bool:
    """Say whether somebody other than the training and its dead supervisor holds its pipe: the runner."""
    child = _claimed(folder, "child")
    theirs = {child, _claimed(folder, "supervisor")}
    pipe = Path(f"/proc/{child}/fd/1").readlink()
    return bool(opened_by(str(pipe)) - theirs)
