"""evaluate.py: what a checkpoint is worth, whatever the model's own code does in its process."""

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import evaluate
from text.scores import confined
from text.sets.datasets import Dataset
from text.sets.loader import load_tokens


ROOT = Path(evaluate.__file__).parent
GUESSES = """\
import os, socket, sys, time
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(vocab))
        self.calls = 0

    def forward(self, tokens):
        self.calls += 1
        logits = self.bias.expand(*tokens.shape, -1).clone()
        # here it lies
        return logits

def build(vocab, seq_len, device):
    return Model(vocab).to(device)
"""
LOOKS_AHEAD = "logits[:, :-1].scatter_(2, tokens[:, 1:, None], 9.0)"
needs_landlock = pytest.mark.skipif(not confined.version(), reason="this kernel has no Landlock")


@pytest.fixture
def score(
    mini: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Evaluate a model that guesses, with lines of its own; return the exit code and what was printed."""
    checkout, job = tmp_path / "checkout", tmp_path / "job"
    shutil.copytree(ROOT / "text", checkout / "text", ignore=shutil.ignore_patterns("__pycache__"))
    job.mkdir()
    torch.save({"bias": torch.zeros(mini.vocab)}, job / "checkpoint.pt")
    monkeypatch.setattr(evaluate, "HERE", checkout)
    monkeypatch.setenv("AUTORESEARCH_JOB_DIR", str(job))
    monkeypatch.setenv("AUTORESEARCH_TRAIN_DIR", str(job))

    def run(
        lies: str = "", *, first: str = "", patience: float = 120, more: tuple[str, ...] = ()
    ) -> tuple[int, str, str]:
        indented = lies.replace("\n", "\n        ")
        source = GUESSES.replace("# here it lies", indented).replace(
            "class Model", f"{first}\n\nclass Model", 1
        )
        (checkout / "train.py").write_text(source, encoding="utf-8")
        capfd.readouterr()
        code = evaluate.main(["--device", "cpu", "--threads", "1", "--patience", str(patience), *more])
        return code, *capfd.readouterr()

    return run


def guessing(mini: Dataset) -> float:
    """What a model scores to which all tokens are alike."""
    stream = load_tokens(mini, "val.bin", mini.val_tokens)
    return int((stream != mini.bos).sum()) * math.log2(mini.vocab) / mini.eval_bytes


def test_an_honest_model_is_scored(mini: Dataset, score: Callable[..., tuple[int, str, str]]) -> None:
    """A model that guesses scores what it must, printed last and in result.json with all digits."""
    code, out, err = score()
    assert (0, "") == (code, err)
    assert f"val_bpb:          {guessing(mini):.6f}" == out.splitlines()[-1]
    left = json.loads(Path(os.environ["AUTORESEARCH_JOB_DIR"], "result.json").read_bytes())
    assert math.isclose(guessing(mini), left["val_bpb"], rel_tol=1e-6)
    assert (mini.data_id, mini.eval_bytes) == (left["data_id"], left["eval_bytes"])


AHEAD = {
    "always": LOOKS_AHEAD,
    "after the first calls": f"if self.calls > 1: {LOOKS_AHEAD}",
    "where a window is whole": f"if tokens.shape[1] == 128: {LOOKS_AHEAD}",
    "once it has seen the window": (
        "seen = self.__dict__.setdefault('seen', {})\n"
        "for row, one in enumerate(tokens.tolist()):\n"
        "    key = tuple(one[:20])\n"
        "    whole = seen.setdefault(key, one) if len(one) == 128 else seen.get(key, one)\n"
        "    for at, token in enumerate(whole[1 : len(one) + 1]): logits[row, at, token] = 9.0"
    ),
    "a little, everywhere": LOOKS_AHEAD.replace("9.0", "0.05"),
    "in one window of ten": f"few = tokens[:, 0] % 10 == 3\nwas = logits.clone()\n{LOOKS_AHEAD}\n"
    "logits = torch.where(few[:, None, None], logits, was)",
    "over the end of a row": "logits.flatten(0, 1)[:-1].scatter_(1, tokens.flatten()[1:, None], 9.0)",
}


@pytest.mark.parametrize("way", AHEAD)
def test_a_model_that_looks_ahead_gets_no_score(way: str, score: Callable[..., tuple[int, str, str]]) -> None:
    """However it hides it, a model that has seen the token it predicts is told from one that has not."""
    code, out, err = score(AHEAD[way])
    assert 1 == code
    assert "val_bpb" not in out
    assert err.startswith("evaluate.py: the model looks ahead: tokens that come later change what it says")


BROKEN = {
    "wrong shape": ("return logits[:, 1:]", "the model gave logits of shape"),
    "too many classes": ("return torch.cat([logits, logits], 2)", "the model gave logits of shape"),
    "no tensor": ("return 0", "AttributeError: 'int' object has no attribute 'shape'"),
    "not a number": ("logits[-1, -1, 0] = float('nan')", "no finite loss"),
    "infinite": ("logits[0, 0, 0] = float('inf')", "no finite loss"),
    "it exits": ("os._exit(0)", "ended with code 0 and gave no answer"),
    "it is killed": ("os.kill(os.getpid(), 9)", "ended by signal 9 and gave no answer"),
    "it raises": ("raise RuntimeError('out of ideas')", "RuntimeError: out of ideas"),
    "it hangs": ("time.sleep(600)", "did not answer within 10 s"),
    "it answers for itself": ("os.write(int(sys.argv[1]), b'[1.0]\\n')", "talks nonsense"),
}


@pytest.mark.parametrize("way", BROKEN)
def test_a_model_that_breaks_gets_no_score(way: str, score: Callable[..., tuple[int, str, str]]) -> None:
    """A model that crashes, hangs or gives something else ends it with one sentence and no score."""
    lies, said = BROKEN[way]
    code, out, err = score(lies, patience=10 if way == "it hangs" else 120)
    assert code != 0
    assert "val_bpb" not in out
    assert said in err.splitlines()[-1]
    assert all(line.startswith(("model: ", "evaluate.py: ")) for line in err.splitlines())


@pytest.mark.parametrize("size", ["1e9", "3e38"])
def test_logits_without_measure_gain_nothing(
    size: str, mini: Dataset, score: Callable[..., tuple[int, str, str]]
) -> None:
    """Logits so large that rounding would make each of them a sure one score as a guess."""
    code, out, _ = score(f"logits += {size}")
    assert (0, f"val_bpb:          {guessing(mini):.6f}") == (code, out.splitlines()[-1])


def test_what_a_model_prints_is_no_result(mini: Dataset, score: Callable[..., tuple[int, str, str]]) -> None:
    """Lines of the model's process reach the log only where it fails, and none as it was printed."""
    prints = "print('val_bpb: 0.5', flush=True)\nos.write(2, b'val_bpb: 0.5\\n')"
    _, out, err = score(prints)
    assert [f"val_bpb:          {guessing(mini):.6f}"] == [line for line in out.splitlines() if "bpb" in line]
    assert "" == err
    code, out, err = score(f"{prints}\nraise SystemExit(3)")
    assert (1, False) == (code, "val_bpb" in out)
    assert all(line.startswith("model: ") for line in err.splitlines() if "0.5" in line)


FORBIDDEN = """
def reached():
    found = []
    for way in {ways!r}:
        try:
            eval(way)
            found.append(way)
        except PermissionError:
            pass
    return found
"""


@needs_landlock
def test_a_model_reaches_nothing_else(
    mini: Dataset, tmp_path: Path, score: Callable[..., tuple[int, str, str]]
) -> None:
    """The model's process can neither look its targets up, nor reach the scorer, nor leave others a word."""
    data, checkout = str(mini.folder), str(tmp_path / "checkout")
    ways = [
        f"open({data!r} + '/val.bin', 'rb').read()",
        f"os.listdir({data!r})",
        f"open({str(tmp_path / 'job')!r} + '/result.json', 'w')",
        f"open({checkout!r} + '/text/scores/scoring.py', 'a')",
        "open(f'/proc/{os.getppid()}/mem', 'rb')",
        "open(f'/proc/{os.getppid()}/environ', 'rb')",
        "open(f'/proc/{os.getppid()}/fd/1', 'wb')",
        "open('/tmp/said', 'w')",
        "open('/dev/shm/said', 'w')",
        "open(f'/proc/{os.getppid()}/comm', 'w')",
        "os.kill(os.getppid(), 15)",
    ]
    reached = FORBIDDEN.format(ways=ways)
    code, _, err = score("if reached(): raise RuntimeError(reached())", first=reached)
    assert (0, "") == (code, err)


@needs_landlock
def test_a_model_may_name_its_threads(score: Callable[..., tuple[int, str, str]]) -> None:
    """What CUDA does as it starts is allowed: a thread's name is written over in /proc."""
    naming = "open(f'/proc/self/task/{os.getpid()}/comm', 'w').write('named')"
    code, _, err = score(naming, first="import os")
    assert (0, "") == (code, err)


def test_a_model_may_have_temporary_files(score: Callable[..., tuple[int, str, str]]) -> None:
    """Libraries of a card ask for a place for them; it is gone with the process."""
    first = "import tempfile\nPLACE = tempfile.mkdtemp()\nos.mkdir(PLACE + '/kernel')\nprint(PLACE)"
    code, _out, err = score("assert os.path.exists(PLACE + '/kernel')\nraise SystemExit(3)", first=first)
    place = Path(next(line for line in err.splitlines() if "model-" in line).removeprefix("model: "))
    assert (1, False) == (code, place.parent.exists())


def test_a_missing_checkpoint_is_said(score: Callable[..., tuple[int, str, str]]) -> None:
    """Without a checkpoint the evaluation says which file it wants, and what leaves one."""
    Path(os.environ["AUTORESEARCH_TRAIN_DIR"], "checkpoint.pt").unlink()
    code, _, err = score()
    assert 1 == code
    assert err.startswith("evaluate.py: there is no checkpoint - ")
    assert "a training leaves checkpoint.pt in its AUTORESEARCH_JOB_DIR" in err


def test_a_checkpoint_of_another_model_is_said(score: Callable[..., tuple[int, str, str]]) -> None:
    """Weights that do not fit what build() makes are named."""
    torch.save({"other": torch.zeros(1)}, Path(os.environ["AUTORESEARCH_TRAIN_DIR"], "checkpoint.pt"))
    code, _, err = score()
    assert 1 == code
    assert 'Unexpected key(s) in state_dict: "other"' in err.splitlines()[-1]
