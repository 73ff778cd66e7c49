"""Every training begins as its commit says, with what git does not know where the user said so."""

import json

import pytest

from tests.e2e.conftest import Program


HERE = ("--no-background-train", "--no-stochastic")


def commit(program: Program, train: str, *, settings: str = "", ignored: str = "", prepare: str = "") -> None:
    """Commit a script, more settings, and what git is to ignore."""
    (program.repo / "train.py").write_text(train)
    (program.repo / "prepare.py").write_text(prepare)
    (program.repo / ".gitignore").write_text(ignored)
    table = '[tool.autoresearch]\ntimeout_s = 600\nkeep_rule = "lower"\nfinal = 0\n'
    for key in ("check", "prepare", "protected"):
        table += f"{key} = []\n" if key not in settings else ""
    (program.repo / "pyproject.toml").write_text(f"{table}{settings}")
    program.git("add", "-A")
    program.git("commit", "-qm", "a script of mine")


def printed(program: Program, iteration: int) -> str:
    """Return what a training printed."""
    return program("logs", str(iteration)).stdout


def metrics(program: Program) -> list[float | None]:
    """Return the number of each training, in order."""
    return [one["data"]["metric"] for one in program.events() if one["type"] == "TrainingFinished"]


LEAKS = """\
import json, os
LR = 0.04  # search: 0.01..0.1
done = json.load(open("out/state.json"))["steps"] if os.path.exists("out/state.json") else 0
os.makedirs("out", exist_ok=True)
json.dump({"steps": done + 100}, open("out/state.json", "w"))
print(f"began at step {done}")
print(f"val_bpb: {1.0 - done / 10000:.6f}")
"""
NEEDS_DATA = """\
import time
LR = 0.04  # search: 0.01..0.1
print(open("data/train.bin").read())
time.sleep(0.3)
print(f"val_bpb: {1 + abs(LR - 0.05):.6f}")
"""


def test_an_ignored_checkpoint_is_not_found_by_the_next(program: Program):
    """A script that goes on from an ignored file begins at step 0 every time, and nothing is kept by it."""
    commit(program, LEAKS, ignored="out/\n")
    program("start", *HERE, "--loops", "3")
    assert ["began at step 0"] * 4 == [printed(program, number).splitlines()[0] for number in range(4)]
    kept = [one for one in program.events() if one["type"] == "CandidateKept"]
    assert [0] == [one["data"]["iteration"] for one in kept]


def test_what_is_kept_may_stay(program: Program):
    """A path that the settings name as a cache is there for the next training."""
    commit(program, LEAKS, ignored="out/\n", settings='kept = ["out"]\n')
    program("start", *HERE, "--loops", "1")
    assert "began at step 100" in printed(program, 1)


@pytest.mark.parametrize("ignored", ["data/\n", ""])
def test_what_prepare_made_is_in_every_slot(program: Program, ignored: str):
    """Data that prepare made in its checkout, ignored or not, is there for each training of each slot."""
    prepare = "import os\nos.makedirs('data', exist_ok=True)\nopen('data/train.bin', 'w').write('prepared')\n"
    settings = 'slots = 2\nprepare = ["{python}", "prepare.py"]\ncheck = ["test", "-f", "data/train.bin"]\n'
    (program.repo.parent / "bin" / "test").symlink_to("/usr/bin/test")
    commit(program, NEEDS_DATA, ignored=ignored, settings=settings, prepare=prepare)
    program("start", *HERE, "--loops", "3")
    assert all(number is not None for number in metrics(program))
    assert {1, 2} == {one["data"]["slot"] for one in program.events() if one["type"] == "TrainingStarted"}
    assert ["prepared"] * 4 == [printed(program, number).splitlines()[0] for number in range(4)]
    assert () == tuple(program.git("status", "--porcelain").splitlines())


@pytest.mark.parametrize("way", ["setting", "file"])
def test_ignored_data_of_the_user_is_linked(program: Program, way: str):
    """Ignored data in the user's checkout is found by a training where a setting or a file names it."""
    settings = 'shared = ["data"]\n' if way == "setting" else ""
    if way == "file":
        (program.repo / ".worktreeinclude").write_text("data/\n")
    (program.repo / "data").mkdir()
    (program.repo / "data" / "train.bin").write_text("the user's")
    commit(program, NEEDS_DATA, ignored="data/\n", settings=settings)
    program("start", *HERE, "--loops", "1")
    assert ["the user's"] * 2 == [printed(program, number).splitlines()[0] for number in range(2)]
    assert "the user's" == (program.repo / "data" / "train.bin").read_text()


def test_data_that_is_not_linked_is_hinted_at(program: Program):
    """A crash for want of a file that only the user's checkout has says so, and the way out works."""
    (program.repo / "data").mkdir()
    (program.repo / "data" / "train.bin").write_text("the user's")
    commit(program, NEEDS_DATA, ignored="data/\n")
    said = program("start", *HERE, "--loops", "1", code=None).stderr
    assert "data/train.bin" in said
    assert "shared" in said
    commit(program, NEEDS_DATA, ignored="data/\n", settings='shared = ["data"]\n')
    program("resume", "--no-background-train")
    assert all(number is not None for number in metrics(program)[1:])


def test_what_cannot_be_linked_is_said_before_anything_is_trained(program: Program):
    """A shared path that is not there, or that the commit has, leaves setup incomplete, named."""
    commit(program, NEEDS_DATA, settings='shared = ["data"]\n')
    assert "data, which is shared, is not in" in program("start", *HERE, code=None).stderr
    (program.repo / "data").mkdir()
    (program.repo / "data" / "train.bin").write_text("committed")
    program.git("add", "-Af")
    program.git("commit", "-qm", "data")
    assert "data cannot be linked" in program("start", *HERE, "--another", code=None).stderr


@pytest.mark.parametrize("place", ["data/easy.txt", "easy.txt"])
def test_a_shared_file_that_is_rewritten_voids_the_training(program: Program, place: str):
    """Whoever makes shared data easier while it trains has no result from it, and the file is named."""
    read = f"print('val_bpb:', LR * int(open({place!r}).read()))\n"
    (program.repo / place).parent.mkdir(exist_ok=True)
    (program.repo / place).write_text("10")
    shared = place.partition("/")[0]
    commit(program, f"LR = 0.5\n{read}", ignored=f"{shared}\n", settings=f'shared = ["{shared}"]\n')
    program("start", *HERE, "--loops", "0")
    edits = [{"search": "LR = 0.5\n", "replace": f"LR = 0.5\nopen({place!r}, 'w').write('1')\n"}]
    fields = {"status": "ok", "description": "d", "change_plan": "p", "commit_description": "c"}
    (program.repo.parent / "easier.json").write_text(json.dumps({**fields, "edits": edits}))
    program("propose", str(program.repo.parent / "easier.json"))
    program("resume", *HERE, "--loops", "1")
    events = program.events()
    (void,) = [one["data"] for one in events if one["type"] == "TrainingVoided"]
    assert void["files"][0].endswith(place)
    assert [0] == [one["data"]["iteration"] for one in events if one["type"] == "CandidateKept"]
