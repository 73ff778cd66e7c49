"""The night of record.py: 200 loops of a scripted agent, which does all that agents do, beside the search."""

import subprocess

from tests.e2e.conftest import Program


TRAIN = '''\
"""A landscape of eight constants, on which trainings differ by their seed."""
import hashlib, math, os

LR = 0.1  # step size   search: 0.001..1.0
WIDTH = 8  # units   search: 4 | 8 | 16 | 32
DEPTH = 4  # layers   search: 2..12
DECAY = 0.1  # search: 0.0..0.5
WARMUP = 0.0  # search: 0.0..0.5
BATCH = 32  # search: 8 | 16 | 32 | 64
MOMENTUM = 0.9  # search: 0.5..0.99
DROPOUT = 0.0  # search: 0.0..0.5
MORE = 0.0

seed = hashlib.sha256(os.environ.get("SEED", "").encode()).digest()
score = 1.0 + (math.log10(LR) + 1.5) ** 2 / 10 + abs(math.log2(WIDTH) - 4) / 50 + (DEPTH - 8) ** 2 / 500
score += (DECAY - 0.2) ** 2 + (WARMUP - 0.1) ** 2 / 2 + abs(math.log2(BATCH) - 4) / 200
score += (MOMENTUM - 0.95) ** 2 / 4 + (DROPOUT - 0.05) ** 2 + (MORE - 1) ** 2 / 100
print("---")
print(f"val_bpb:          {score + (seed[0] - 128) / 2e5:.6f}")
print("training_seconds: 0.2\\npeak_vram_mb:     512.0\\nnum_steps:        4")
'''
AGENT = """\
import json, os, pathlib, sys

PROMPT, STEP, N = sys.stdin.read(), os.environ["AUTORESEARCH_STEP"], int(os.environ["AUTORESEARCH_ITERATION"])
TRAIN = pathlib.Path("train.py")
WORDS = ("status", "description", "change_plan", "commit_description")
AGAIN = "could not be used" in PROMPT


def say(description, status="ok", **more):
    print(json.dumps(dict(zip(WORDS, (status, description, f"Do it: {description}.", description))) | more))


def edit(old, new):
    return {"file": "train.py", "search": old, "replace": new}


def propose():
    if N % 40 == 9 and "has answered" not in PROMPT and not AGAIN:
        return say(f"is idea {N} worth a try?", "need_input")
    match N % 10:
        case 1 if not AGAIN:
            print("I have no idea that fits into an object.")
        case 2:  # it fits once
            say(f"a wider one, {N}", edits=[edit("WIDTH = 8 ", "WIDTH = 16 ")])
        case 3:
            say(f"more of it, {N}", hypothesis="more is better")
        case 5 if N in (105, 155):
            sys.exit("the service is overloaded")
        case 7:
            say(f"a daring one, {N}", edits=[edit("seed = ", "seed == ")])
        case _:
            name, value = [("DEPTH", 3 + N % 9), ("DECAY", N % 45 / 100), ("WARMUP", N % 37 / 100)][N % 3]
            say(f"{name} {value}", set={name: value}, expected="a little")


def apply():
    text = TRAIN.read_text()
    TRAIN.write_text(text.replace("MORE = ", f"MORE = {N % 30 / 100} + "))
    pathlib.Path("NOTES.md").write_text("mine")
    print("Made it more.")


def triage():
    if N % 20 == 7:
        return print(json.dumps({"action": "discard", "reason": "it cannot work"}))
    text = TRAIN.read_text().replace("DROPOUT = 0.0 ", "DROPOUT = 0.04 ")
    TRAIN.write_text(text.replace("seed == ", "seed = "))
    print(json.dumps({"action": "fix_and_rerun", "reason": "a slip of the pen"}))


{"propose": propose, "apply": apply, "triage": triage}[STEP]()
"""
SETTINGS = """\
[tool.autoresearch]
python = ["/usr/bin/python3", "-S"]
check = []
prepare = []
seed_env = "SEED"
final = 1
protected = ["program.md"]
agent = "custom"
agent_command = ["/usr/bin/python3", "-S", "agent.py"]
"""


def night(runs: Program) -> None:
    """Make 200 loops in three parts, with a human's words and newer guidance between them."""
    (runs.repo / "agent.py").write_text(AGENT)
    runs.git("add", "-A")
    runs.git("commit", "-qm", "an agent")
    _loops(runs, "start", 60)
    runs("note", "the depth was never tried on its own")
    asked = next(one["seq"] for one in runs.events() if one["type"] == "QuestionAsked")
    runs("answer", "--question", str(asked), "yes, it is")
    _loops(runs, "resume", 70)
    (runs.repo / "program.md").write_text("Lower is better. Small changes, one at a time.\n")
    runs.git("commit", "-qam", "newer guidance")
    _loops(runs, "resume", 70)


def _loops(runs: Program, command: str, count: int) -> None:
    words = (*runs.door, command, "--loops", str(count), "--no-background-train")
    subprocess.run(words, cwd=runs.repo, env=runs.env, stdout=subprocess.DEVNULL, check=True)
