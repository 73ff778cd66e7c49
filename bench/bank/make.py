"""Train the bank's candidates on its seeds, and write down each result at once; what is there stays.

    python -m bench.bank.make --out bench.csv [--device cpu|cuda] [--jobs N] [--threads N] [--tokens N]
                              [--seeds N] [--limit-s S]

All candidates on the first seed, then all on the second: wherever it is stopped, each has been trained as
often as the others, give or take one. A worker imports torch once and runs one train.py after the other.
On CUDA the arithmetic is the CPU's: float32, nothing compiled, and deterministic.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import multiprocessing
import os
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest.mock import patch


if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.sharedctypes import Synchronized

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # on a bare machine nothing is installed

from bench.bank.candidates import BY_NAME, CANDIDATES, source  # noqa: E402 - after the path


SEEDS = 8
FIRST_SEED = 101
POINTS = 20  # of a curve: the mean loss of training in each twentieth of the budget
COLUMNS = ("candidate", "seed", "val_bpb", "tokens", "device", "threads", "torch", "seconds", "curve")
MALLOC = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "8000000000"}  # fresh pages cost a CPU a third

Pair = tuple[str, int]


def main(argv: Sequence[str] | None = None) -> int:
    """Train what is missing until all is there or the time is up; say how much there is."""
    options = _options(argv)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    if not options.out.exists():
        _append(options.out, dict(zip(COLUMNS, COLUMNS, strict=True)))
    pairs = missing(options)
    os.environ.update(
        MALLOC,
        OMP_NUM_THREADS=str(options.threads),
        AUTORESEARCH_CPU_CAP="0",
        CUBLAS_WORKSPACE_CONFIG=":4096:8",
    )
    context = multiprocessing.get_context("spawn")
    following = context.Value("i", 0)
    deadline = time.time() + options.limit_s
    workers = [
        context.Process(target=work, args=(options, pairs, following, deadline)) for _ in range(options.jobs)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(0.0, deadline - time.time()))
    for worker in workers:
        if worker.is_alive():
            worker.kill()
    left = len(missing(options))
    sys.stderr.write(f"{len(pairs) - left} trained, {left} left; in {options.out}\n")
    return 1 if left else 0


def missing(options: argparse.Namespace) -> list[Pair]:
    """Return the trainings that the table lacks, in their order."""
    with options.out.open(encoding="utf-8", newline="") as file:
        there = {(row["candidate"], row["seed"]) for row in csv.DictReader(file)}
    seeds = range(FIRST_SEED, FIRST_SEED + options.seeds)
    wanted = [(one.name, seed) for seed in seeds for one in CANDIDATES]
    return [(name, seed) for name, seed in wanted if (name, str(seed)) not in there]


def work(
    options: argparse.Namespace, pairs: list[Pair], following: Synchronized[int], deadline: float
) -> None:
    """Train one pair after the other, until none is left or the next would end too late."""
    import torch  # noqa: PLC0415 - the parent needs none of it

    if options.device == "cuda":
        _as_on_a_cpu(torch)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the progress of so many trainings is for nobody
    took = 0.0
    while time.time() + took < deadline:
        with following.get_lock():
            place = following.value
            following.value += 1
        if place >= len(pairs):
            return
        name, seed = pairs[place]
        begun = time.time()
        found = train_once(source(BY_NAME[name]), seed, options)
        took = time.time() - begun
        known = {
            "candidate": name, "seed": seed, "tokens": options.tokens, "threads": options.threads,
            "torch": torch.__version__, "seconds": f"{took:.1f}",
        }  # fmt: skip
        _append(options.out, known | found)


def train_once(text: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Run one train.py in this process; a score of "" says that it had none."""
    import gc  # noqa: PLC0415 - as above

    from text.trials.training import run_trial  # noqa: PLC0415
    from text.trials.trial import Trial  # noqa: PLC0415

    losses: list[float] = []

    as_it_is = Trial._note  # noqa: SLF001 - the losses of every step are told nowhere else

    def note(trial: Trial, loss: float, multiplier: float) -> None:
        losses.append(loss)
        as_it_is(trial, loss, multiplier)

    with tempfile.TemporaryDirectory() as folder, patch.object(Trial, "_note", note):
        os.environ["AUTORESEARCH_JOB_DIR"] = folder
        script = Path(folder) / "train.py"
        script.write_text(text, encoding="utf-8")
        module = ModuleType("train_of_the_bank")
        exec(compile(text, script, "exec"), vars(module))  # noqa: S102 - our own file
        words = f"--dataset sotu --budget tokens:{options.tokens} --seed {seed}"
        words += f" --device {options.device} --threads {options.threads}"
        run_trial(module.train, str(script), "small", words.split())
        facts = json.loads((Path(folder) / "result.json").read_bytes())
    gc.unfreeze()  # train.py froze what lived then
    gc.collect()
    score = facts["val_bpb"]
    return {
        "val_bpb": "" if score is None else f"{score:.6f}",
        "device": facts["device"] or options.device,
        "curve": " ".join(f"{loss:.4f}" for loss in curve(losses)),
    }


def curve(losses: list[float]) -> list[float]:
    """Return the mean loss in each of the equal parts of a training."""
    parts = min(POINTS, len(losses))
    edges = [len(losses) * part // parts for part in range(parts + 1)] if parts else []
    return [sum(losses[a:b]) / (b - a) for a, b in pairwise(edges)]


def _as_on_a_cpu(torch: Any) -> None:  # noqa: ANN401 - patched all over
    torch.compile = lambda loss, **_: loss  # it would take longer than such a training
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cuda.enable_flash_sdp(enabled=False)
    torch.backends.cuda.enable_mem_efficient_sdp(enabled=False)  # its backward is not deterministic
    torch.cuda.get_device_capability = lambda *_: (7, 0)  # train.py then takes float32


def _append(table: Path, row: dict[str, Any]) -> None:
    line = io.StringIO()
    csv.DictWriter(line, COLUMNS, lineterminator="\n").writerow(row)
    with contextlib.closing(
        os.fdopen(os.open(table, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "wb", 0)
    ) as file:
        file.write(line.getvalue().encode())


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the bank's candidates on its seeds.")
    parser.add_argument(
        "--out", type=Path, required=True, help="the table, a CSV file; what it holds is not repeated"
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once")
    parser.add_argument("--threads", type=int, default=1, help="of each training")
    parser.add_argument("--tokens", type=int, default=131_072, help="the budget of a training")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--limit-s", type=float, default=604_800, help="stop after so many seconds")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
