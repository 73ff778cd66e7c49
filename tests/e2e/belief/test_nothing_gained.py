"""Nights of edits that do nothing, on the real program: what the morning says of them."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.e2e.conftest import CONFIG, Program, at_rest


# A change keeps the noise of its seed as far as those of bench/bank do: pairs lie 0.2, 0.42 or 1.15 apart.
TRAIN = '''\
"""A training of no time: noise of the seed and of what was changed, and nothing else."""
import math, os
from random import Random

KNOB = 0  # worth nothing

seed = os.environ["SEED"]
apart = 0.0 if KNOB == 0 else Random(KNOB).choices((0.2, 0.42, 1.15), (35, 40, 25))[0]
common = 1 - apart**2 / 2
own = math.sqrt(1 - common**2)
noise = common * Random(seed).gauss(0, 1) + own * Random(f"{seed} {KNOB}").gauss(0, 1)
print(f"val_bpb: {1.5 + 0.002 * noise:.6f}")
'''
SETTINGS = CONFIG.replace(
    'keep_rule = "lower"\nfinal = 0\n', 'train = ["{python}", "-S", "train.py"]\nseed_env = "SEED"\n'
)
LEAVES = 'open(os.environ["AUTORESEARCH_JOB_DIR"] + "/model", "w").write(f"{1.5 + 0.002 * noise:.6f}")\n'
EVALUATE = """\
import os
print("val_bpb:", open(os.environ["AUTORESEARCH_TRAIN_DIR"] + "/model").read())
"""
NIGHTS, LOOPS = 20, 60


def lay_out(program: Program) -> None:
    """Commit the training and settings that are the default ones, but for what they are asked to do."""
    (program.repo / "train.py").write_text(TRAIN)
    (program.repo / "pyproject.toml").write_text(SETTINGS)
    program.git("commit", "-qam", "nothing but noise")


def night(program: Program, number: int, *, loops: int) -> dict[str, Any]:
    """Play a night to its end, and return its status; its number decides its seeds."""
    run = f"night-r{number:03}"
    program(
        *("start", "--run-id", run, "--branch", f"nights/{number}", "--only", "setup,baseline"),
        "--no-background-train",
    )
    dropped = program.repo / ".autoresearch" / "runs" / run / "proposals"
    dropped.mkdir(exist_ok=True)
    for knob in range(1, loops + 1):
        said = dict.fromkeys(("description", "change_plan", "commit_description"), f"knob {knob}")
        (dropped / f"{knob:03}.json").write_text(json.dumps(said | {"status": "ok", "set": {"KNOB": knob}}))
    program("resume", "--run-id", run, "--loops", str(loops), "--no-stochastic")
    told = program.wait(at_rest, "--run-id", run, timeout_s=60 + 20 * loops)
    assert ("done", loops) == (told["phase"], told["iterations_completed"]), told
    return told


def test_a_short_night_of_nothing_shows_no_gain(program: Program):
    """Eight edits that do nothing are trained, some are kept by luck, and no gain is stated as shown."""
    lay_out(program)
    told = night(program, 0, loops=8)
    assert told["counts"]["kept"] > 0
    assert not told["gain"]["shown"]
    program("replay")


def test_a_night_that_is_evaluated_comes_to_its_end(program: Program):
    """Every training is evaluated: the repeats of the baseline, the candidates, and the final's."""
    lay_out(program)
    (program.repo / "train.py").write_text(TRAIN + LEAVES)
    (program.repo / "evaluate.py").write_text(EVALUATE)
    protected = SETTINGS.replace('["program.md"]', '["program.md", "evaluate.py"]')
    (program.repo / "pyproject.toml").write_text(protected + 'evaluate = ["{python}", "-S", "evaluate.py"]\n')
    program.git("add", "-A")
    program.git("commit", "-qm", "evaluated")
    told = night(program, 0, loops=8)
    types = Counter(one["type"] for one in program.events("--run-id", "night-r000"))
    assert told["counts"]["kept"] > 0
    assert types["TrainingStarted"] == types["EvaluationFinished"] >= 3 + 8 + 2 * 3
    program("replay")


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_twenty_nights_of_nothing_show_a_gain_once_at_most(program: Program):
    """Of twenty nights of sixty such edits all but one at most end without a gain that is shown."""
    lay_out(program)
    found = [night(program, number, loops=LOOPS) for number in range(NIGHTS)]
    kept = [told["counts"]["kept"] for told in found]
    shown = [told["run_id"] for told in found if told["gain"] and told["gain"]["shown"]]
    assert sum(kept) > len(found), kept
    assert len(shown) <= 1, [told["gain"] for told in found]
