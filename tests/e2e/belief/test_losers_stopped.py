"""A real training that lies far behind its base is ended, and everybody is told so."""

import json
import time

from tests.e2e.belief.test_equal_beginnings import HERE, commit
from tests.e2e.conftest import Program


ON_A_CURVE = """\
import json, os, time
RATE = 0.5  # search: 0.1..0.9
FINAL_LR = 0.0
progress = open(os.environ["AUTORESEARCH_JOB_DIR"] + "/progress.jsonl", "a")
for percent in range(1, 101, 2):
    loss = 3 - percent / 50 + RATE + FINAL_LR
    progress.write(json.dumps({"kind": "progress", "percent": percent, "loss": loss}) + "\\n")
    progress.flush()
    if percent == 51 and RATE == 0.9:
        time.sleep(300)
print(f"val_bpb: {1 + RATE + FINAL_LR:.6f}")
"""
LIMIT_S = 120.0  # of a run that waits for nothing; with the whole sleep it would take 300 s


def test_a_loser_is_ended_and_named(program: Program):
    """It is stopped at half of its budget; a change of schedule that is as far behind is measured."""
    commit(program, ON_A_CURVE, settings="stop_losers = 0.2\n")
    began = time.monotonic()
    program("start", *HERE, "--loops", "0")
    program("propose", "--set", "RATE=0.9")
    program("propose", "--set", "FINAL_LR=0.4")
    program("resume", *HERE, "--loops", "2")
    assert LIMIT_S > time.monotonic() - began
    rows = json.loads(program("experiments", "--json").stdout)["experiments"]
    assert ["keep", "stopped_early", "discard"] == [row["status"] for row in rows]
    assert rows[1]["reason"].startswith("stopped early at 40 % of its budget")
    assert 1 == json.loads(program("status", "--json").stdout)["counts"]["stopped_early"]
    assert "1 discarded, 1 stopped early" in program("status").stdout
    assert "iteration 1: stopped_early" in program("show", "1").stdout
    table = [line.split("\t") for line in (program.run_folder() / "results.tsv").read_text().splitlines()]
    assert ["crash", "stopped early: set RATE=0.9"] == table[2][3:]
    log = (program.run_folder() / "runner.log").read_text()
    assert "iteration 1 is to be stopped early: its loss lies more than 0.2 above" in log
    program("replay")
