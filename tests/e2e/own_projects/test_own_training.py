"""This repository's own train.py and evaluate.py under its own settings, on a text of a moment."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Program, at_rest
from tests.e2e.sealing.test_sealed_trainings import of_type


WORDS = "the of and to in a that it is was for on as with be by at this not are from or have an they which"
MAIN = 'if __name__ == "__main__":\n'


@pytest.fixture
def own(program: Program, tmp_path: Path) -> Program:
    """The repository itself, as far as a run needs it, with a text of its own and a budget of a second."""
    texts = tmp_path / "texts"
    texts.mkdir()
    words = WORDS.split()
    for number in range(64):
        some = (words[(number * at * at + at) % len(words)] for at in range(1200))
        (texts / f"{number:02d}.txt").write_text(" ".join(some))
    for name in ("train.py", "evaluate.py", "prepare.py", "program.md"):
        shutil.copy(ROOT / name, program.repo)
    shutil.copytree(ROOT / "text", program.repo / "text", ignore=shutil.ignore_patterns("__pycache__"))
    settings = (ROOT / "pyproject.toml").read_text()
    table = settings[settings.index("[tool.autoresearch]") :].partition("\n\n")[0]
    assert "evaluate" in tomllib.loads(table)["tool"]["autoresearch"]
    (program.repo / "pyproject.toml").write_text(
        f'{table}\nkeep_rule = "lower"\nfinal = 0\ntraining_budget = "tokens:8192"\n'
    )
    program.env |= {"AUTORESEARCH_CACHE": str(tmp_path / "cache"), "AUTORESEARCH_DATASET": "words"}
    program.door = (*program.door[:1], str(program.repo / "prepare.py"))
    program("--text", str(texts), "--name", "words")
    program.door = (*program.door[:1], str(ROOT / "workflows" / "run_experiment.py"))
    program.git("add", "-A")
    program.git("commit", "-qm", "our own")
    return program


def run(program: Program, word: str, *, loops: int) -> None:
    """Start or go on, and wait until it rests: each training and each evaluation starts torch anew."""
    program(word, "--no-stochastic", "--loops", str(loops))
    program.wait(at_rest, timeout_s=400)


def propose(program: Program, lines: str) -> None:
    """Propose lines that train.py runs before it trains."""
    edit = {"file": "train.py", "search": MAIN, "replace": f"{lines}{MAIN}"}
    said = {
        "status": "ok",
        "description": "d",
        "change_plan": "p",
        "commit_description": "c",
        "edits": [edit],
    }
    program("propose", "-", stdin=json.dumps(said))


def test_what_an_honest_training_prints_is_what_its_evaluation_finds(own: Program):
    """The baseline is kept by the number of evaluate.py, which is the one printed; its checkpoint stays."""
    run(own, "start", loops=0)
    (claimed,) = (one["metric"] for one in of_type(own, "TrainingFinished"))
    (found,) = (one["metric"] for one in of_type(own, "EvaluationFinished"))
    assert claimed == pytest.approx(found, rel=1e-4)
    assert [0] == [one["iteration"] for one in of_type(own, "CandidateKept")]
    assert ["checkpoint.pt"] == [path.name for path in own.run_folder().glob("artifacts/0000/*")]
    assert not list(own.run_folder().glob("iterations/*/*/checkpoint.pt"))


LIES = {
    "a line at exit": "import atexit\natexit.register(print, '\\nval_bpb: 0.500000')\n",
    "another evaluate": "import text.trials.training\ntext.trials.training.evaluate = lambda *_: 0.5\n",
    "looking ahead": (
        "import text.scores.evaluation\ntext.scores.evaluation.check_causality = lambda *_: None\n"
        "forward = Model.forward\n"
        "Model.forward = lambda self, x: forward(self, x) + 5 * nn.functional.one_hot(\n"
        "    x.roll(-1, 1), len(self.embed))\n"
    ),
}


def test_no_lie_of_our_own_training_is_kept(own: Program):
    """A printed line, a patched evaluation and a model that looks ahead are told from the truth."""
    run(own, "start", loops=0)
    for lines in LIES.values():
        propose(own, lines)
    run(own, "resume", loops=3)
    assert [0] == [one["iteration"] for one in of_type(own, "CandidateKept")]
    ended = of_type(own, "EvaluationFinished")[1:]
    assert ["tampered", "tampered", "crashed"] == [one["outcome"] for one in ended]
    assert [0.5, 0.5] == [one["reason"]["inputs"]["printed"] for one in ended[:2]]
    assert "evaluate.py: the model looks ahead" in ended[2]["reason"]["said"]
    assert 4 == len(of_type(own, "TrainingFinished"))
