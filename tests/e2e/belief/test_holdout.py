"""The holdout: best and baseline are scored on it once a run, at its end, and each look is counted."""

import json

from tests.e2e.conftest import Program


TRAIN = """\
import os
RATE = 0.5  # search: 0.1..0.9
seed = int(os.environ["SEED"]) % 1000 / 1e6
open(os.environ["AUTORESEARCH_JOB_DIR"] + "/model.txt", "w").write(f"{RATE} {os.environ['SEED']}")
print(f"val_bpb: {1 + RATE + seed:.6f}")
"""
SCORE = """\
import os
import re
RATE = float(re.search(r"RATE = (\\S+)", open("train.py").read())[1])
left = open(os.environ["AUTORESEARCH_TRAIN_DIR"] + "/model.txt").read().split()
assert float(left[0]) == RATE, left
print(f"val_bpb: {2 + RATE:.6f}")
"""
SETTINGS = """\
[tool.autoresearch]
keep_rule = "climb"
seed_env = "SEED"
final = 1
timeout_s = 600
prepare = []
protected = ["score.py"]
check = ["{python}", "check.py"]
holdout = ["{python}", "score.py"]
artifacts = ["*.txt"]
"""
CHECK = """\
print('{"ready": true, "data_id": "d1", "missing": []}')
"""
SMALL = ("--no-background-train", "--no-stochastic")
LOOKED = "iteration 1 2.100000, baseline 2.500000; looked at 2 times in this repository"


def begin(program: Program, *words: str) -> None:
    """Begin a run of one loop, whose proposal helps."""
    program("start", *SMALL, "--loops", "0", *words)
    program("propose", "--set", "RATE=0.1")
    program("resume", *SMALL, "--loops", "1")


def test_it_is_looked_at_once_a_run_and_counted_over_runs(program: Program):
    """Each run scores best and baseline once, whatever is asked later; the second knows of the first."""
    for name, text in {"train.py": TRAIN, "score.py": SCORE, "check.py": CHECK}.items():
        (program.repo / name).write_text(text)
    (program.repo / "pyproject.toml").write_text(SETTINGS)
    program.git("add", "-A")
    program.git("commit", "-qm", "a script of mine, and what scores it")
    begin(program)
    told = json.loads(program("status", "--json").stdout)["holdout"]
    assert {"iteration": 1, "best": 2.1, "baseline": 2.5, "looks": 2} == told
    assert LOOKED in program("status").stdout
    program("final", "--seeds", "1")
    assert told == json.loads(program("status", "--json").stdout)["holdout"]
    looks = [one for one in program.events() if one["type"] == "HoldoutStarted"]
    assert [(1, 0), (0, 1)] == [(one["data"]["keep"], one["data"]["looks_before"]) for one in looks]
    assert ["d1", "d1"] == [one["data"]["data"] for one in looks]
    program("replay")
    begin(program, "--branch", "autoresearch/second")
    assert 4 == json.loads(program("status", "--json").stdout)["holdout"]["looks"]
    program("replay")
