"""A result that was printed is not lost with the end of its process."""

from tests.e2e.conftest import CONFIG, Program
from tests.e2e.own_projects.test_metric_found import BASELINE


PRINTS = (
    'LR = 0.04  # search: 0.01..0.1\nprint("---")\nprint(f"val_bpb: {1 + abs(LR - 0.05):.6f}", flush=True)\n'
)
HANGS = "import time\n" + PRINTS + "time.sleep(600)  # a tracker that waits for its server\n"
FAULTS = "import os, signal\n" + PRINTS + "os.kill(os.getpid(), signal.SIGSEGV)\n"


def finished(program: Program, train: str, settings: str) -> dict[str, object]:
    """Train the baseline and return how its training ended."""
    (program.repo / "train.py").write_text(train)
    (program.repo / "pyproject.toml").write_text(CONFIG.replace("timeout_s = 600\n", "") + settings)
    program.git("commit", "-qam", "mine")
    program(*BASELINE, code=None)
    (event,) = program.events("--type", "TrainingFinished")
    return event["data"]


def test_a_process_that_hangs_behind_its_result_is_ended_and_counted(program: Program):
    """After its grace without output and CPU use it is ended, and the number and a note are recorded."""
    ended = finished(program, HANGS, "exit_grace_s = 1\ntimeout_s = 300\n")
    assert ("succeeded", 1.01) == (ended["outcome"], ended["metric"])
    assert "lingered" == ended["reason"]["code"]
    assert 1.01 == program.status()["best_metric"]


def test_one_that_is_ended_at_its_deadline_names_its_number(program: Program):
    """Without the grace the training times out, and its reason says what it had printed."""
    ended = finished(program, HANGS, "exit_grace_s = 0\ntimeout_s = 3\n")
    assert ("timed_out", None) == (ended["outcome"], ended["metric"])
    assert "it had printed val_bpb 1.010000" in program("status", code=None).stdout


def test_a_fault_behind_the_result_counts_where_the_settings_say_so(program: Program):
    """A segmentation fault at exit is a crash, and with the setting a result with a note."""
    ended = finished(program, FAULTS, "count_killed_at_exit = true\n")
    assert ("succeeded", 1.01) == (ended["outcome"], ended["metric"])
    assert {"signal": "SIGSEGV"} == ended["reason"]["inputs"]
