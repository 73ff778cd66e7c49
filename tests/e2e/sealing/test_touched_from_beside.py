"""A training that writes into the checkout of another slot: who is innocent is not blamed for it."""

from tests.e2e.belief.test_equal_beginnings import HERE, commit
from tests.e2e.belief.test_other_conditions import rows
from tests.e2e.conftest import Program
from tests.e2e.sealing.test_sealed_trainings import of_type


# What has the best number is touched, again and again, for as long as the other one is at work.
SCRIPT = """\
import os, pathlib, time
LR = 0.04
job, here = pathlib.Path(os.environ["AUTORESEARCH_JOB_DIR"]), pathlib.Path.cwd()
touched = job.parents[1] / "touched"
if LR == 0.05:
    (job.parents[1] / "begun").touch()
    while not touched.exists():
        time.sleep(0.01)
if LR == 0.06:
    while not (job.parents[1] / "begun").exists():
        time.sleep(0.01)
    until = time.monotonic() + 4
    while time.monotonic() < until:
        for other in job.parents[2].glob("*/program.md"):
            if other.parent != here:
                other.write_text("easier")
        touched.touch()
        time.sleep(0.01)
print(f"val_bpb: {abs(LR - 0.05) + 1:.6f}")
"""


def test_who_is_touched_from_another_slot_trains_alone_and_is_not_blamed(program: Program):
    """Voided beside the other one, it trains again when that has ended, and is kept."""
    (program.repo / "program.md").write_text("true")
    commit(program, SCRIPT, settings='slots = 2\nprotected = ["program.md"]\n')
    program("start", *HERE, "--loops", "0")
    program("propose", "--set", "LR=0.05")
    program("propose", "--set", "LR=0.06")
    program("resume", *HERE, "--loops", "2")
    voided = of_type(program, "TrainingVoided")
    assert [(1, ["program.md"])] == [(one["iteration"], one["files"]) for one in voided]
    assert ["keep", "keep", "discard"] == [row[1] for row in rows(program)]
    program("replay")
