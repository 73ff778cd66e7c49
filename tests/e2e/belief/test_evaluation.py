"""Where the settings name an evaluation, its number is the result, and what a training prints is a claim."""

import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from autoresearch.engine.system import landlock
from tests.e2e.belief.test_equal_beginnings import commit
from tests.e2e.conftest import Program, at_rest
from tests.e2e.sealing.test_sealed_trainings import HERE, of_type, propose


TRAIN = """\
import os
LR = 0.04
score = abs(LR - 0.05) + 1
open(os.environ["AUTORESEARCH_JOB_DIR"] + "/model.txt", "w").write(str(score))
print(f"val_bpb: {score:.6f}")
"""
EVALUATE = """\
import os
left = open(os.environ["AUTORESEARCH_TRAIN_DIR"] + "/model.txt").read()
print(f"val_bpb: {float(left):.6f}")
"""
FAKES = "import atexit\natexit.register(print, 'val_bpb: 0.500000')\n"
SETTINGS = 'evaluate = ["{python}", "evaluate.py"]\nprotected = ["evaluate.py"]\n'


def begin(program: Program, *, train: str = TRAIN, evaluate: str = EVALUATE) -> None:
    """Commit both scripts, and let the baseline be trained and evaluated."""
    (program.repo / "evaluate.py").write_text(evaluate)
    commit(program, train, settings=SETTINGS)
    program("start", *HERE, "--loops", "0")


def test_the_evaluation_decides(program: Program):
    """A better candidate is kept by the number that its evaluation found; both jobs are in the history."""
    begin(program)
    program("propose", "--set", "LR=0.05")
    program("resume", *HERE, "--loops", "1")
    assert [1.01, 1.0] == [one["metric"] for one in of_type(program, "EvaluationFinished")]
    assert [0, 1] == [one["iteration"] for one in of_type(program, "CandidateKept")]
    assert 1.0 == program.status()["best_metric"]
    assert "val_bpb: 1.000000" in program("logs", "1", "--step", "evaluate").stdout


def test_a_fake_line_is_not_believed(program: Program):
    """A number that was printed and that the evaluation does not find is tampering; both are named."""
    begin(program)
    propose(program, FAKES)
    program("resume", *HERE, "--loops", "1")
    ended = of_type(program, "EvaluationFinished")[-1]
    assert ("tampered", None) == (ended["outcome"], ended["metric"])
    assert {"metric": "val_bpb", "printed": 0.5, "found": 1.009} == ended["reason"]["inputs"]
    assert [0] == [one["iteration"] for one in of_type(program, "CandidateKept")]
    assert "it printed val_bpb 0.500000, and its evaluation found 1.009000" in program("show", "1").stdout


PLANTS = """\
import os
os.makedirs("lib", exist_ok=True)
for name in ("colorsys.py", "lib/left.py"):
    open(name, "w").write("print('val_bpb: 0.500000', flush=True)\\nimport os\\nos._exit(0)\\n")
"""


def test_a_module_left_in_the_checkout_is_not_imported(program: Program):
    """What a training adds to its checkout is gone before its evaluation runs there; artifacts are not."""
    settings = f'{SETTINGS}artifacts = ["*.txt"]\n'
    looks = "import colorsys, glob\nassert ['a.txt'] == glob.glob('*.txt') and not glob.glob('lib/*')\n"
    (program.repo / "evaluate.py").write_text(looks + EVALUATE)
    commit(program, f"{PLANTS}open('a.txt', 'w').close()\n{TRAIN}", settings=settings, ignored="*.txt\n")
    program("start", *HERE, "--loops", "0")
    assert [1.01] == [one["metric"] for one in of_type(program, "EvaluationFinished")]
    assert (program.run_folder() / "artifacts" / "0000" / "a.txt").exists()


def test_a_package_that_is_patched_for_the_evaluation_voids_it(program: Program, tmp_path):
    """A training that changes what its evaluation imports has no result: a human looks at the packages first.

    The second time it is to blame.
    """
    (tmp_path / "packages").mkdir()
    scorer = tmp_path / "packages" / "scorer.py"
    scorer.write_text("BASE = 0.0\n")
    patches = f"open({str(scorer)!r}, 'a').write('BASE = -0.5\\n')\n"
    uses = EVALUATE.replace("(left)", "(left) + scorer.BASE")
    (program.repo / "evaluate.py").write_text(f"import scorer\n{uses}")
    settings = f'{SETTINGS}training_writes = ["/"]\nenv = {{PYTHONPATH = "{tmp_path / "packages"}"}}\n'
    commit(program, TRAIN.replace("print(f", f"{patches}print(f"), settings=settings)
    assert 8 == program("start", *HERE, "--loops", "0", code=None).returncode
    (void,) = of_type(program, "TrainingVoided")
    assert "packages_changed_while_training" == void["reason"]["code"]
    assert "packages that trainings import, or programs" in program("status").stdout
    assert 8 == program("resume", "--no-background-train", code=None).returncode
    assert ["tampered"] == [one["outcome"] for one in of_type(program, "EvaluationFinished")]


def test_a_scorer_outside_the_checkout_that_a_training_rewrites_voids_it(program: Program, tmp_path):
    """A program that `evaluate` names by its path is watched: a human looks at it before anything counts."""
    scorer = tmp_path / "score"
    scorer.write_text(f"#!{sys.executable}\n{EVALUATE}")
    scorer.chmod(0o755)
    rewrites = f"open({str(scorer)!r}, 'a').write('print(\"val_bpb: 0.500000\")\\n')\nprint('val_bpb: 0.5')\n"
    commit(program, TRAIN, settings=f'evaluate = ["{scorer}"]\ntraining_writes = ["/"]\n')
    program("start", *HERE, "--loops", "0")
    propose(program, rewrites)
    assert 8 == program("resume", *HERE, "--loops", "1", code=None).returncode
    (void,) = of_type(program, "TrainingVoided")
    assert "packages_changed_while_training" == void["reason"]["code"]
    assert [0] == [one["iteration"] for one in of_type(program, "CandidateKept")]
    assert 8 == program("resume", "--no-background-train", code=None).returncode
    assert [0] == [one["iteration"] for one in of_type(program, "CandidateKept")]


def test_a_training_need_not_print_a_number(program: Program):
    """Where an evaluation scores it, a training that prints nothing succeeds."""
    begin(program, train=TRAIN.replace('print(f"val_bpb', 'str(f"val_bpb'))
    assert [None] == [one["metric"] for one in of_type(program, "TrainingFinished")]
    assert [1.01] == [one["metric"] for one in of_type(program, "EvaluationFinished")]


def test_an_evaluation_that_crashes_is_repeated_without_training_again(program: Program):
    """The first crash is a lost job; one that crashes twice is the iteration's, in its own words."""
    once = 'import os\nmark = os.environ["AUTORESEARCH_TRAIN_DIR"] + "/tried"\n'
    fail = 'if not os.path.exists(mark):\n    open(mark, "w").close()\n    raise SystemExit("no memory")\n'
    begin(program, evaluate=once + fail + EVALUATE)
    assert 1 == len(of_type(program, "TrainingFinished"))
    (lost,) = of_type(program, "JobLost")
    assert ("evaluate", "no memory") == (lost["step"], lost["reason"]["said"])
    assert [1.01] == [one["metric"] for one in of_type(program, "EvaluationFinished")]


def test_a_broken_evaluation_fails_the_baseline(program: Program):
    """An evaluation that crashes every time ends the run with its own last words."""
    (program.repo / "evaluate.py").write_text("raise SystemExit('no such checkpoint')\n")
    commit(program, TRAIN, settings=SETTINGS)
    done = program("start", *HERE, "--loops", "1", code=None)
    assert 0 != done.returncode
    assert "no such checkpoint" in done.stderr
    assert 1 == len(of_type(program, "TrainingFinished"))


def test_a_runner_killed_while_it_evaluates_repeats_no_training(program: Program):
    """The evaluation goes on without its runner, and the next one reads it."""
    word = program.repo.parent / "go on"
    waits = f"import os, time\nwhile not os.path.exists({str(word)!r}):\n    time.sleep(0.02)\n"
    (program.repo / "evaluate.py").write_text(waits + EVALUATE)
    commit(program, TRAIN, settings=SETTINGS)
    program("start", "--no-stochastic", "--loops", "0")
    program.wait(lambda _: of_type(program, "EvaluationStarted"))
    (runner,) = of_type(program, "RunnerStarted")
    os.kill(runner["process"]["pid"], signal.SIGKILL)
    word.touch()
    program("resume", "--loops", "0", "--no-background-train")
    assert at_rest(program.status())
    kinds = [one["type"] for one in program.events()]
    assert (1, 1, 1) == tuple(
        map(kinds.count, ("TrainingStarted", "EvaluationStarted", "EvaluationFinished"))
    )


FORGES = """\
import pathlib
job = pathlib.Path(os.environ["AUTORESEARCH_JOB_DIR"])
others = (job.parent / "evaluate.1", job.parent.parent / "0002" / "train.1")
for other in others if job.parent.name == "0001" else ():
    other.mkdir(parents=True)
    (other / "output.log").write_text("val_bpb: 0.001000\\n")
    end = '"started_at": "2026-11-26T00:00:00.000Z", "ended_at": "2026-11-26T00:00:01.000Z", "seconds": 1'
    (other / "exit.json").write_text('{"reason": "exited", "exit_code": 0, ' + end + "}")
"""


def test_an_end_that_a_training_wrote_for_another_job_is_none(program: Program):
    """Its own evaluation, and the next training, run although folders with their ends lie there already."""
    begin(program)
    propose(program, FORGES)
    program("propose", "--set", "LR=0.042")
    program("resume", *HERE, "--loops", "2")
    ends = of_type(program, "EvaluationFinished") + of_type(program, "TrainingFinished")
    assert [1.01, 1.009] == [one["metric"] for one in ends][:2]
    assert 0.001 not in [one["metric"] for one in ends]
    program("replay")


def test_a_training_that_may_not_write_elsewhere_does_not(program: Program):
    """With `training_writes` a training writes below its checkout, its job and what that names, on Linux."""
    if not landlock.version():
        pytest.skip("this kernel has no Landlock")
    with TemporaryDirectory(dir="/var/tmp") as disk:
        elsewhere, allowed = Path(disk, "elsewhere"), Path(disk, "allowed")
        writes = "".join(
            f"try:\n    open({str(place)!r} + '/x', 'w')\nexcept OSError:\n    pass\n"
            for place in (elsewhere, allowed)
        )
        elsewhere.mkdir()
        allowed.mkdir()
        (program.repo / "evaluate.py").write_text(EVALUATE)
        train = f"{writes}import tempfile\ntempfile.TemporaryFile()\n{TRAIN}"
        commit(program, train, settings=f'{SETTINGS}training_writes = ["{allowed}"]\n')
        program("start", *HERE, "--loops", "0")
        assert [1.01] == [one["metric"] for one in of_type(program, "EvaluationFinished")]
        assert (False, True) == ((elsewhere / "x").exists(), (allowed / "x").exists())


def test_an_artifact_that_an_import_would_find_is_none(program: Program):
    """Code that a training leaves under a name of `artifacts` is gone before it is scored; the rest stays."""
    (program.repo / "evaluate.py").write_text(f"import colorsys\n{EVALUATE}")
    planted = "open('colorsys.py', 'w').write(\"print('val_bpb: 0.001')\\nraise SystemExit\")\n"
    left = "open('weights.pth', 'w').write('w')\n"
    commit(program, TRAIN + planted + left, settings=f'{SETTINGS}artifacts = ["*"]\n')
    program("start", *HERE, "--loops", "0")
    assert [1.01] == [one["metric"] for one in of_type(program, "EvaluationFinished")]
    kept = program.run_folder() / "artifacts" / "0000"
    assert ["weights.pth"] == [path.name for path in kept.rglob("*.p*")]


def test_a_shared_file_that_a_training_rewrites_for_its_evaluation_voids_it(program: Program):
    """Where no kernel keeps a training from writing what `shared` names, that is looked at like an input."""
    (program.repo / "target.txt").write_text("0")
    reads = f"{EVALUATE}print('val_bpb:', float(left) + float(open('target.txt').read()))\n"
    (program.repo / "evaluate.py").write_text(reads)
    settings = f'{SETTINGS}shared = ["target.txt"]\ntraining_writes = ["/"]\n'
    commit(program, TRAIN, settings=settings, ignored="target.txt\n")
    program("start", *HERE, "--loops", "0")
    propose(program, "open('target.txt', 'w').write('-0.5')\n")
    program("resume", *HERE, "--loops", "1")
    assert [0] == [one["iteration"] for one in of_type(program, "CandidateKept")]
    assert [["target.txt"]] == [one["files"] for one in of_type(program, "TrainingVoided")]


def test_what_was_protected_stays_so_in_a_run(program: Program):
    """Whoever takes a file out of `protected`, be it a training, is told to begin a new run."""
    begin(program)
    settings = program.repo / "pyproject.toml"
    bare = settings.read_text().replace('protected = ["evaluate.py"]', "protected = []")
    settings.write_text(bare)
    refused = program("resume", *HERE, "--loops", "1", code=None)
    assert 0 != refused.returncode
    assert "do not protect evaluate.py any more" in refused.stderr
    assert "name evaluate.py in `protected` again" in refused.stderr
    assert [] == of_type(program, "ConfigChanged")


def test_an_evaluation_is_not_given_up_in_the_middle_of_a_run(program: Program):
    """Whoever takes `evaluate` out of the settings, be it a training, is told to begin a new run."""
    begin(program)
    settings = program.repo / "pyproject.toml"
    settings.write_text(settings.read_text().replace('evaluate = ["{python}", "evaluate.py"]\n', ""))
    refused = program("resume", *HERE, "--loops", "1", code=None)
    assert 0 != refused.returncode
    assert "have no evaluate any more" in refused.stderr
    assert [] == of_type(program, "ConfigChanged")
