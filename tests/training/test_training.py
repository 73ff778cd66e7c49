import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import train
from bench import profiles
from text.errors import NotPossible
from text.report import RESULT, Report
from text.scores.evaluation import evaluate
from text.sets.datasets import Dataset
from text.sets.loader import load_tokens
from text.trials.budget import Budget
from text.trials.training import run_trial
from text.trials.trial import Trial


ROOT = Path(train.__file__).parent
BUDGET = ["--budget", "tokens:16384", "--threads", "1", "--device", "cpu"]


def a_trial(data: Dataset, budget: str, seed: int = 1) -> Trial:
    """A trial on one thread of the CPU that reports nothing."""
    report = Report(None)
    return Trial(data, Budget.parse(budget), device="cpu", seed=seed, threads=1, report=report)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a job, as the runner names it to a training."""
    monkeypatch.setenv("AUTORESEARCH_JOB_DIR", str(tmp_path))
    return tmp_path


def run(job: Path, *argv: str, **constants: object) -> tuple[int, dict[str, Any]]:
    """Train with some constants changed; return the exit code and the result."""
    changed = profiles.load("small", **constants)
    code = run_trial(changed.train, train.__file__, "small", [*BUDGET, *argv])
    return code, json.loads((job / "result.json").read_bytes())


def events(job: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (job / "progress.jsonl").read_text(encoding="utf-8").splitlines()]


def test_importing_does_nothing() -> None:
    """Importing train.py prints nothing, warns of nothing, and needs no NumPy."""
    code = "import sys; sys.modules['numpy'] = None; import train"
    command = [sys.executable, "-W", "error", "-W", "ignore::ImportWarning", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)


def test_a_training_is_repeatable(mini: Dataset, job: Path) -> None:
    """The same seed gives the same val_bpb to the last bit, another seed another."""
    first, again, other = (run(job, "--seed", seed)[1]["val_bpb"] for seed in "778")
    assert first == again
    assert first != other


def test_a_training_tells_how_it_went(mini: Dataset, job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A training leaves progress at every quarter, a whole result, and the block of nine lines at the end."""
    code, result = run(job)
    told = events(job)
    assert 0 == code
    assert ["started", *["progress"] * (len(told) - 3), "eval", "finished"] == [one["kind"] for one in told]
    percents = [one["percent"] for one in told if one["kind"] == "progress"]
    assert [12.5, 25.0, 50.0, 75.0, 100.0] == sorted({p for p in percents if p in {12.5, 25, 50, 75, 100}})
    assert percents == sorted(percents)
    progress = told[-3]
    assert {
        "kind", "at", "step", "percent", "tokens", "elapsed_s", "seconds_left", "loss", "lr_multiplier",
        "tok_per_s", "mfu", "vram_mb",
    } == set(progress)  # fmt: skip
    assert set(RESULT) == set(result)
    assert ("budget_spent", 16_384, 8, mini.data_id) == tuple(
        result[key] for key in ("exit_reason", "tokens", "steps", "data_id")
    )
    assert result["eval_bytes"] == mini.eval_bytes
    assert 64 == len(result["train_sha256"])
    lines = capsys.readouterr().out.splitlines()
    block = dict(line.split(":") for line in lines[lines.index("---") + 1 :])
    assert [
        "val_bpb", "training_seconds", "total_seconds", "peak_vram_mb", "mfu_percent", "total_tokens_M",
        "num_steps", "num_params_M", "depth",
    ] == list(block)  # fmt: skip
    assert f"{result['val_bpb']:.6f}" == block["val_bpb"].strip()
    assert any(line.startswith("step 00008 (100.0%) | loss: ") for line in lines)


def test_without_a_job_nothing_is_written(
    mini: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training outside of a job only prints."""
    monkeypatch.chdir(tmp_path)
    assert 0 == run_trial(train.train, train.__file__, train.PROFILE, BUDGET)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("head_lr", "reason"), [(math.nan, "nan"), (100.0, "exploding")])
def test_a_diverging_training_ends_at_once(
    mini: Dataset, job: Path, capsys: pytest.CaptureFixture[str], head_lr: float, reason: str
) -> None:
    """NaN or an exploding loss ends a training before its budget, with code 4, a reason and no val_bpb."""
    code, result = run(job, HEAD_LR=head_lr)
    assert (4, None, reason) == (code, result["val_bpb"], result["exit_reason"])
    assert result["steps"] < 8
    assert "failed" == events(job)[-1]["kind"]
    shown = capsys.readouterr()
    assert "val_bpb" not in shown.out
    assert "Traceback" not in shown.err


def test_a_crash_shows_its_traceback(mini: Dataset, job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bug in train.py ends with code 1, its traceback on stderr, and a result that says so."""
    code, result = run(job, HEADS=3)
    assert (1, None, "exception") == (code, result["val_bpb"], result["exit_reason"])
    assert "Traceback" in capsys.readouterr().err
    assert "RuntimeError" in result["error"][-1]


def test_a_model_that_costs_too_much_is_stopped(
    mini: Dataset, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More CPU seconds than the tokens may cost end a training with code 5."""
    monkeypatch.setenv("AUTORESEARCH_CPU_CAP", "0.01")
    code, result = run(job)
    assert (5, "cpu_cap") == (code, result["exit_reason"])


def test_missing_data_is_not_a_crash(cache: Path, job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Training without prepared data ends with code 3 and one line that says what to run."""
    code, result = run(job)
    assert (3, "not_ready") == (code, result["exit_reason"])
    assert "run: python prepare.py" in capsys.readouterr().err.splitlines()[-1]


def test_data_of_another_profile_is_refused(mini: Dataset, job: Path) -> None:
    """Constants of one profile are not trained on the data set of another; the way out is one line."""
    code = run_trial(train.train, train.__file__, "full", BUDGET)
    result = json.loads((job / "result.json").read_bytes())
    assert (1, "refused", 0) == (code, result["exit_reason"], result["steps"] or 0)
    assert 'set PROFILE = "small" at its top' in result["error"][-1]


def test_the_runner_sets_budget_and_seed(mini: Dataset, job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTORESEARCH_BUDGET and AUTORESEARCH_SEED are what a training takes where its command says nothing."""
    monkeypatch.setenv("AUTORESEARCH_BUDGET", "tokens:4096")
    monkeypatch.setenv("AUTORESEARCH_SEED", "9")
    assert 0 == run_trial(train.train, train.__file__, train.PROFILE, ["--threads", "1"])
    result = json.loads((job / "result.json").read_bytes())
    assert ("tokens:4096", 9, 2) == (result["budget"], result["seed"], result["steps"])


def test_the_loader_hands_out_no_token_more(mini: Dataset) -> None:
    """Batches end before the first that would go over the budget of tokens."""
    trial = a_trial(mini, "tokens:5000")
    shapes = [(x.shape, y.shape) for x, y in trial.batches(8)]
    assert [((8, 128), (8, 128))] * 4 == shapes
    assert 4096 == trial.tokens


def test_the_loader_stops_after_its_seconds(mini: Dataset) -> None:
    """A budget of one second hands out batches for one second."""
    trial = a_trial(mini, "seconds:1")
    for _ in trial.batches(2):
        pass
    assert 1.0 <= trial.elapsed
    assert 1.0 == trial.progress


def test_an_epoch_holds_every_row_once(mini: Dataset) -> None:
    """An epoch is the training text, each target once, in an order that the seed decides."""
    trial = a_trial(mini, f"tokens:{mini.train_tokens}")
    first = [(x, y) for x, y in trial.batches(1) if trial.epoch == 1]
    rows = sorted(torch.cat([x, y[:, -1:]], dim=1).flatten().tolist() for x, y in first)
    stream = load_tokens(mini, "train.bin", mini.train_tokens).tolist()
    expected = sorted(stream[i : i + 129] for i in range(0, len(stream) - 128, 128))
    assert expected == rows
    again = [x for x, _ in a_trial(mini, "tokens:1280").batches(1)]
    other = [x for x, _ in a_trial(mini, "tokens:1280", seed=2).batches(1)]
    assert all(torch.equal(a, b) for (a, _), b in zip(first, again, strict=False))
    assert not all(torch.equal(a, b) for a, b in zip(again, other, strict=True))


def test_every_byte_is_scored_once(mini: Dataset) -> None:
    """For a model that guesses, bits a byte are the tokens times log2 of the vocabulary, over all bytes."""
    seen: list[Tensor] = []

    def guess(tokens: Tensor) -> Tensor:
        seen.append(tokens)
        return torch.zeros(*tokens.shape, mini.vocab)

    score = evaluate(guess, mini, torch.device("cpu"))
    stream = load_tokens(mini, "val.bin", mini.val_tokens).long()
    texts = int((stream != mini.bos).sum())
    assert math.isclose(texts * math.log2(mini.vocab) / mini.eval_bytes, score, rel_tol=1e-6)
    windows = torch.cat(seen[2:]).flatten()  # the first two look for a model that looks ahead
    assert torch.equal(stream, windows[: len(stream)])


def test_a_model_that_looks_ahead_is_refused(mini: Dataset) -> None:
    """A model whose logits tell of the next token gets no score."""

    def ahead(tokens: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(tokens.roll(-1, dims=1), mini.vocab) * 9.0

    with pytest.raises(NotPossible, match="looks ahead"):
        evaluate(ahead, mini, torch.device("cpu"))


def test_the_cpu_cap_leaves_room_for_the_default() -> None:
    """The default budget may cost 203 CPU seconds, a budget of seconds any number."""
    assert 203 == round(Budget.parse("tokens:524288").cpu_cap())
    assert math.inf == Budget.parse("seconds:300").cpu_cap()


def test_lines_are_told_while_they_happen(mini: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal progress stays on one line; elsewhere each report is a line."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, breaks in ((Terminal(), 1), (io.StringIO(), 2)):
        monkeypatch.setattr(sys, "stdout", stream)
        trial = a_trial(mini, "tokens:2048")
        for _ in trial.batches(8):
            trial.log_step(torch.tensor(1.0), 1.0)
        trial.end()
        assert breaks == stream.getvalue().count("\n")


def test_a_full_disk_does_not_end_a_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When progress.jsonl can no longer be written, that is said once and the training goes on."""
    report = Report(str(tmp_path))
    monkeypatch.setattr("os.write", _raise)
    report.tell("progress")
    report.tell("progress")
    assert 1 == capsys.readouterr().err.count("progress.jsonl")
    monkeypatch.setattr("text.report.write_atomic", _raise)
    report.result({"val_bpb": 1.5})
    assert 1 == capsys.readouterr().err.count("result.json")


@pytest.mark.parametrize("script", ["prepare.py --check", "train.py --budget tokens:2048 --threads 1"])
@pytest.mark.parametrize("both", [0, 1])
def test_a_pipe_that_nobody_reads_is_no_crash(mini: Dataset, job: Path, script: str, both: int) -> None:
    """Piped into a program that has gone, as head does, both end with code 1 and at most one line."""
    there, write = os.pipe()
    os.close(there)
    error = write if both else subprocess.PIPE
    command = [sys.executable, *script.split()]
    done = subprocess.run(command, cwd=ROOT, stdout=write, stderr=error, check=False)
    os.close(write)
    assert 1 == done.returncode
    if not both:
        name = script.partition(" ")[0]
        assert f"{name}: the output goes into a pipe that nobody reads\n" == done.stderr.decode()


def _raise(*_: object) -> None:
    raise OSError(28, "No space left on device")
