"""A training from its command line to its score: what train.py hands itself over to."""

import argparse
import contextlib
import hashlib
import io
import os
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from text.errors import NotPossible, Unheard
from text.files import write_atomic
from text.machine import cpu_seconds, default_threads
from text.report import CHECKPOINT, RESULT, Report, say, show, summary
from text.scores.evaluation import Logits, evaluate
from text.sets.datasets import active_dataset, find
from text.trials.budget import Budget
from text.trials.trial import Trial


def run_trial(
    train: Callable[[Trial], Logits], script: str, profile: str, argv: Sequence[str] | None = None
) -> int:
    """Run one training from the command line to its score, and return the exit code.

    `train` is given the trial and returns the trained model: from tokens of shape (B, T) to logits of shape
    (B, T, vocab). `profile` is the one that the script's constants are for. Whatever goes wrong is
    reported; only what is not foreseen shows a traceback.
    """
    begun = time.perf_counter()
    options = _options(argv)
    report = Report(os.environ.get("AUTORESEARCH_JOB_DIR"))
    facts: dict[str, Any] = dict.fromkeys(RESULT)
    facts |= {"seed": options.seed, "threads": options.threads, "dataset": options.dataset}
    facts["train_sha256"] = hashlib.sha256(Path(script).read_bytes()).hexdigest()
    trial, code = None, 0
    try:
        trial = _open(options, report, profile)
        model = train(trial)
        trial.end()
        _leave_checkpoint(model, report)
        facts |= _score(model, trial) | {"exit_reason": "budget_spent"}
    except BaseException as error:  # noqa: BLE001 - every end is told: Ctrl-C and sys.exit() too
        facts["exit_reason"], code = _reason(error)
        facts["error"] = traceback.format_exc().splitlines()[-20:]
        foreseen = isinstance(error, NotPossible | KeyboardInterrupt)
        say(f"{Path(script).name}: {str(error) or 'interrupted'}" if foreseen else traceback.format_exc())
    if trial:
        facts |= trial.outcome()
    facts |= {"total_seconds": time.perf_counter() - begun, "cpu_seconds": cpu_seconds()}
    report.tell("failed" if code else "finished", sync=True, **facts)
    report.result(facts)
    if not code:
        with contextlib.suppress(Unheard):  # the training has succeeded, and result.json says so
            show(summary(facts))
    return code


def _open(options: argparse.Namespace, report: Report, profile: str) -> Trial:
    data = find(options.dataset)
    if data.profile != profile:
        msg = (
            f"data set {data.name!r} is for the {data.profile} profile, train.py for the {profile} one; "
            f'set PROFILE = "{data.profile}" at its top, and commit it'
        )
        raise NotPossible(msg)
    return Trial(
        data,
        options.budget or Budget.parse(data.budget),
        device=choose_device(options.device),
        seed=options.seed,
        threads=options.threads,
        report=report,
    )


def _leave_checkpoint(model: Logits, report: Report) -> None:
    """Leave the weights for evaluate.py, whole or not at all; without a job nobody asks for them."""
    if not report.folder:
        return
    if not isinstance(model, nn.Module):
        say(f"train() returned no torch module but {type(model).__name__}: it leaves no {CHECKPOINT}")
        return
    held = io.BytesIO()
    torch.save(model.state_dict(), held)
    try:
        write_atomic(report.folder / CHECKPOINT, held.getvalue())
    except OSError as error:  # a full disk; the evaluation will say that there is none
        say(f"{CHECKPOINT}: {error}; there is none")


def _score(model: Logits, trial: Trial) -> dict[str, Any]:
    begun = time.perf_counter()
    score = {"val_bpb": evaluate(model, trial.data, trial.device), "eval_bytes": trial.data.eval_bytes}
    trial.report.tell("eval", sync=True, **score, seconds=time.perf_counter() - begun)
    return score


def _reason(error: BaseException) -> tuple[str, int]:
    """Name what ended a training, and the exit code that says so."""
    if isinstance(error, NotPossible):
        return error.reason, error.code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", 130
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "out_of_memory", 1
    return "exception", 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    env = os.environ.get
    parser = argparse.ArgumentParser(description="Train once, for a fixed budget, and print val_bpb.")
    parser.add_argument(
        "--budget", type=Budget.parse, default=env("AUTORESEARCH_BUDGET") or None, metavar="UNIT:N",
        help="tokens:N or seconds:N; default: $AUTORESEARCH_BUDGET, or what the data set says",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=env("AUTORESEARCH_SEED") or 42, help="default: 42")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    threads = default_threads()
    parser.add_argument("--threads", type=int, default=threads, help="default: the cores there are, up to 8")
    parser.add_argument("--dataset", default=active_dataset(), help="default: $AUTORESEARCH_DATASET, or sotu")
    options = parser.parse_args(argv)
    if options.threads < 1:
        parser.error("--threads: at least 1")
    return options


def choose_device(wanted: str) -> str:
    """Return the device to compute on: the one that is wanted, or the fastest there is.

    Raises: NotPossible: it is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(device for device, available in there.items() if available)
    if not there[wanted]:
        msg = f"there is no {wanted} device here; take --device cpu"
        raise NotPossible(msg)
    return wanted
