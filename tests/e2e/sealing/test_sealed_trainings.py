"""A result counts only where the files of its checkout were what its commit says, from beginning to end."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.belief.test_equal_beginnings import HERE, commit
from tests.e2e.conftest import Program


READS_LATE = """\
import time
LR = 0.04  # search: 0.01..0.1
open("begun", "w").close()
time.sleep(0.6)
from conf import SCALE
print("trained with", SCALE)
print(f"val_bpb: {1 + abs(LR - 0.05) + abs(SCALE - 0.3):.6f}")
"""
EVALUATES = """\
LR = 0.04
from prepare import evaluate
print(f"val_bpb: {evaluate(abs(LR - 0.05)):.6f}")
"""
CHEATS = "open('prepare.py', 'w').write('def evaluate(x):\\n    return 0.5\\n')\n"
RESTORES = """\
import prepare
prepare.evaluate = lambda x: 0.5
old = open('prepare.py').read()
open('prepare.py', 'w').write('x')
open('prepare.py', 'w').write(old)
"""


def of_type(program: Program, name: str) -> list[dict[str, Any]]:
    """Return the data of all events of a type."""
    return [one["data"] for one in program.events() if one["type"] == name]


@contextmanager
def meddling(program: Program, meddle: Callable[[Path], object]) -> Iterator[None]:
    """Do something to the checkout of each training, as soon as that has begun."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            for begun in program.repo.glob(".autoresearch/runs/*/worktree/begun"):
                begun.unlink(missing_ok=True)
                meddle(begun.parent)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def propose(program: Program, code: str) -> None:
    """Propose lines at the beginning of the training."""
    edit = {"file": "train.py", "search": "LR = 0.04\n", "replace": f"LR = 0.041\n{code}"}
    said = {
        "status": "ok",
        "description": "d",
        "change_plan": "p",
        "commit_description": "c",
        "edits": [edit],
    }
    program("propose", "-", stdin=json.dumps(said))


def test_a_file_that_somebody_changes_once_voids_the_attempt(program: Program):
    """Changed by a stranger between checkout and reading: named, void, trained again, blamed on nobody."""
    (program.repo / "conf.py").write_text("SCALE = 0.5\n")
    commit(program, READS_LATE)
    times = []

    def once(checkout: Path) -> None:
        if not times:
            times.append(checkout)
            (checkout / "conf.py").write_text("SCALE = 0.3\n")

    with meddling(program, once):
        program("start", *HERE, "--loops", "1")
    (void,) = of_type(program, "TrainingVoided")
    assert (0, 1, ["conf.py"]) == (void["iteration"], void["training"], void["files"])
    assert "file_changed_while_training" == void["reason"]["code"]
    finished = of_type(program, "TrainingFinished")
    assert ["succeeded"] * 2 == [one["outcome"] for one in finished]
    assert "trained with 0.5" in program("logs", "0").stdout
    assert "conf.py was changed while it trained" in program("history").stdout


def test_a_file_that_is_changed_every_time_ends_the_run_with_its_name(program: Program):
    """A baseline whose file somebody changes whenever it trains fails, and the file is named."""
    (program.repo / "conf.py").write_text("SCALE = 0.5\n")
    commit(program, READS_LATE)
    with meddling(program, lambda checkout: (checkout / "conf.py").write_text("SCALE = 0.3\n")):
        done = program("start", *HERE, "--loops", "1", code=None)
    assert 0 != done.returncode
    assert "conf.py was changed while it trained" in done.stderr
    assert [] == of_type(program, "CandidateKept")


def cheated(program: Program, code: str) -> dict[str, Any]:
    """Let a proposal run code that halves its own score; return how its last training ended."""
    commit(
        program,
        EVALUATES,
        settings='protected = ["prepare.py"]\n',
        prepare="def evaluate(x):\n    return 1 + x\n",
    )
    program("start", *HERE, "--loops", "0")
    propose(program, code)
    program("resume", *HERE, "--loops", "1")
    assert [0] == [one["iteration"] for one in of_type(program, "CandidateKept")]
    assert ["prepare.py"] == of_type(program, "TrainingVoided")[0]["files"]
    return of_type(program, "TrainingFinished")[-1]


def test_a_training_that_rewrites_a_protected_file_is_not_kept(program: Program):
    """It is void, and when it does so again it is told to have tampered, the file named."""
    ended = cheated(program, CHEATS)
    assert ("tampered", None) == (ended["outcome"], ended["metric"])
    assert {
        "code": "file_changed_while_training",
        "inputs": {"file": "prepare.py", "more": 0},
        "said": "",
    } == ended["reason"]


def test_a_training_that_puts_the_file_back_is_not_kept(program: Program):
    """A protected file that was rewritten and restored while it trained counts as touched."""
    ended = cheated(program, RESTORES)
    assert "tampered" == ended["outcome"]
    assert "file_restored_while_training" == ended["reason"]["code"]


def test_a_file_that_the_settings_keep_may_change(program: Program):
    """A script that writes into a tracked file is trained and kept where the settings name that file."""
    (program.repo / "log.txt").write_text("")
    commit(
        program,
        "open('log.txt', 'a').write('x')\nLR = 0.04\nprint('val_bpb: 1.0')\n",
        settings='kept = ["log.txt"]\n',
    )
    program("start", *HERE, "--loops", "0")
    assert ["succeeded"] == [one["outcome"] for one in of_type(program, "TrainingFinished")]


def test_an_editable_install_trains_the_candidates_code(program: Program):
    """With the user's checkout installed as editable, the candidate's commit is what is trained."""
    venv = program.repo.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/*/site-packages")
    (site / "pkg.pth").write_text(f"{program.repo / 'src'}\n")
    (program.repo / "src" / "pkg").mkdir(parents=True)
    (program.repo / "src" / "pkg" / "__init__.py").write_text("LR = 0.5\n")
    settings = f'editable = ["src/pkg/__init__.py"]\ntrain = ["{venv}/bin/python", "train.py"]\n'
    commit(program, "import pkg\nprint(f'val_bpb: {pkg.LR:.6f}')\n", settings=settings)
    program("start", *HERE, "--loops", "0")
    program("propose", "--set", "LR=0.25")
    program("resume", *HERE, "--loops", "1")
    assert [0.5, 0.25] == [one["metric"] for one in of_type(program, "TrainingFinished")]


READS = """\
import time
LR = 0.04  # search: 0.01..0.1
open("begun", "w").close()
time.sleep(0.6)
print(f"val_bpb: {float(open(DATA).read()) + abs(LR - 0.05):.6f}")
"""


def test_data_that_is_changed_while_it_trains_voids_the_attempt(program: Program):
    """A file outside the checkout that the settings name as an input is watched as the checkout is."""
    data = program.repo.parent / "data.txt"
    data.write_text("1.0")
    commit(program, READS.replace("DATA", repr(str(data))), settings=f'inputs = ["{data}"]\n')
    times = []

    def once(_checkout: Path) -> None:
        if not times:
            times.append(1)
            data.write_text("0.5")
            data.write_text("1.0")

    with meddling(program, once):
        program("start", *HERE, "--loops", "1")
    (void,) = of_type(program, "TrainingVoided")
    assert [str(data)] == void["files"]
    assert ["succeeded"] * 2 == [one["outcome"] for one in of_type(program, "TrainingFinished")]
    told = [one["surroundings"] for one in of_type(program, "TrainingStarted")]
    assert 1 == len({one["inputs"] for one in told}), "the same content is the same input"
    assert all("packages" in one for one in told)


BY_ITSELF = """\
import sys
sys.path.insert(0, HOME)
from beside import LR
print(f"val_bpb: {LR:.6f}")
"""


def beside(program: Program, train: str, *, settings: str = "") -> None:
    """Commit a script, and lay a module beside it that the repository ignores."""
    (program.repo / "lib").mkdir()
    (program.repo / "lib" / "beside.py").write_text("LR = 0.5\n")
    commit(program, train, settings=settings, ignored="lib\n")


def test_a_script_that_imports_from_the_users_checkout_is_no_baseline(program: Program):
    """What it puts on its path itself is seen by what the baseline imported: void, then the run ends."""
    beside(program, BY_ITSELF.replace("HOME", repr(str(program.repo / "lib"))))
    done = program("start", *HERE, "--loops", "1", code=None)
    assert 0 != done.returncode
    assert "lib/beside.py of your checkout was imported" in done.stderr
    assert ["lib/beside.py"] == of_type(program, "TrainingVoided")[0]["files"]
    assert [] == of_type(program, "CandidateKept")


def test_what_is_declared_may_be_imported_from_there(program: Program):
    """A folder that `inputs` names is hashed with each training, and may hold modules."""
    script = BY_ITSELF.replace("HOME", repr(str(program.repo / "lib")))
    beside(program, script, settings='inputs = ["lib"]\n')
    program("start", *HERE, "--loops", "0")
    assert [0.5] == [one["metric"] for one in of_type(program, "TrainingFinished")]


def test_a_path_that_appears_in_the_environment_later_is_seen(program: Program):
    """A .pth whose line looks whether a training asks shows the look at the setup nothing, and is found."""
    venv = program.repo.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/*/site-packages")
    where = str(program.repo / "lib")
    (site / "late.pth").write_text(
        f"import os, sys; 'AUTORESEARCH_JOB_DIR' in os.environ and sys.path.insert(0, {where!r})\n"
    )
    script = "import importlib\nprint('val_bpb:', importlib.import_module('beside').LR)\n"
    beside(program, script, settings=f'train = ["{venv}/bin/python", "train.py"]\n')
    done = program("start", *HERE, "--loops", "1", code=None)
    assert 0 != done.returncode
    assert "lib/beside.py of your checkout was imported" in done.stderr


def test_an_evaluation_takes_no_bytecode_that_a_baseline_wrote(program: Program):
    """The cache of a baseline is its own: what it plants there for a module is not run by its evaluation."""
    script = """\
import os, sys
print(sys.pycache_prefix is not None)
"""
    evaluate = "import sys\nprint('val_bpb:', 0.5 if sys.pycache_prefix is None else 9.0)\n"
    (program.repo / "score.py").write_text(evaluate)
    settings = f'evaluate = ["{sys.executable}", "score.py"]\n'
    commit(program, script, settings=settings)
    program("start", *HERE, "--loops", "0")
    assert [0.5] == [one["metric"] for one in of_type(program, "EvaluationFinished")]
