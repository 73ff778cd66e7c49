"""Score what a training left: val_bpb, by a process that the trained model's code does not run in.

    python evaluate.py [--checkpoint PATH] [--split val|holdout] [--device auto|cpu|cuda|mps] [--threads N]

The runner calls it once a training has ended well, and its number is the result. No experiment edits it. The
model is built by `build` of the train.py that lies beside it, in processes of its own that are given tokens
and give logits (text/scores/model_process.py); targets and arithmetic stay here (text/scores/scoring.py).

Environment: AUTORESEARCH_TRAIN_DIR (where the training left its checkpoint), AUTORESEARCH_JOB_DIR (where
result.json goes; unset: nowhere), AUTORESEARCH_CACHE and AUTORESEARCH_DATASET as for prepare.py.
"""

import argparse
import os
import time
import warnings
from collections.abc import Sequence
from pathlib import Path


with warnings.catch_warnings():  # torch warns if there is no NumPy; nothing here needs it
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
    import torch

from text.errors import NotPossible
from text.machine import default_threads
from text.report import CHECKPOINT, Report, say, show
from text.scores.asking import AskedModel, readable
from text.scores.confined import version
from text.scores.scoring import Scorer
from text.sets import holdout
from text.sets.datasets import active_dataset, find
from text.trials.training import choose_device


HERE = Path(__file__).resolve().parent


def main(argv: Sequence[str] | None = None) -> int:
    """Score a checkpoint, print val_bpb last, and return the exit code."""
    options = _options(argv)
    try:
        facts = score(options)
    except NotPossible as error:
        say(f"evaluate.py: {error}")
        return error.code
    except KeyboardInterrupt:
        say("evaluate.py: interrupted")
        return 130
    Report(os.environ.get("AUTORESEARCH_JOB_DIR")).result(facts)
    show(f"---\nval_bpb:          {facts['val_bpb']:.6f}")
    return 0


def score(options: argparse.Namespace) -> dict[str, object]:
    """Return val_bpb and how it came about.

    Raises: NotPossible: there is no checkpoint, or its model can be given no score.
    """
    begun = time.perf_counter()
    if not options.checkpoint.is_file():
        msg = (
            f"there is no checkpoint - {options.checkpoint}; a training leaves {CHECKPOINT} in its "
            "AUTORESEARCH_JOB_DIR: train once with that set, and name the file by --checkpoint"
        )
        raise NotPossible(msg)
    data, confined = find(options.dataset), version() > 0 and not options.unconfined
    data = holdout.find(data) if options.split == "holdout" else data
    torch.set_num_threads(options.threads)
    device = torch.device(choose_device(options.device))
    scorer = Scorer(data, device)
    files = [HERE / "train.py", HERE / "text", options.checkpoint]
    task = {
        "script": str(HERE / "train.py"), "checkpoint": str(options.checkpoint), "vocab": data.vocab,
        "seq_len": data.seq_len, "device": str(device), "threads": options.threads,
        "readable": readable(HERE, files, data.folder) if confined else [],
    }  # fmt: skip
    held = "kept from all other files" if confined else "kept from no file, as where there is no Landlock"
    show(
        f"{data.name} {data.data_id} | {device}, {options.threads} threads | the model's processes are {held}"
    )
    place = {"checkout": HERE, "patience_s": options.patience}
    with AskedModel(task, room=scorer.rows * data.seq_len * data.vocab, **place) as whole:
        with AskedModel(task, room=scorer.beginnings_at_once * data.vocab, **place) as cut_off:
            beginnings = scorer.ask_beginnings(cut_off)
        first = time.perf_counter() - begun
        found = scorer.bits_per_byte(whole, beginnings)
    seconds = time.perf_counter() - begun
    show(
        f"{len(beginnings.cut)} beginnings were asked again and agree | {seconds:.1f} s, "
        f"{first:.1f} of them until the beginnings were answered"
    )
    return {
        "val_bpb": found, "eval_bytes": data.eval_bytes, "data_id": data.data_id, "seconds": seconds,
        "confined": confined,
    }  # fmt: skip


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Score what a training left, and print val_bpb.")
    left = Path(os.environ.get("AUTORESEARCH_TRAIN_DIR", ".")) / CHECKPOINT
    parser.add_argument(
        "--checkpoint", type=Path, default=left, metavar="PATH",
        help=f"default: {CHECKPOINT} in $AUTORESEARCH_TRAIN_DIR",
    )  # fmt: skip
    parser.add_argument(
        "--split",
        choices=["val", "holdout"],
        default="val",
        help="what is scored; a look at the holdout counts",
    )
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--threads", type=int, default=default_threads(), help="default: as for train.py")
    parser.add_argument("--dataset", default=active_dataset(), help="default: $AUTORESEARCH_DATASET, or sotu")
    parser.add_argument(
        "--patience", type=float, default=180.0, metavar="SECONDS",
        help="how long the model may take for one answer; default: 180",
    )  # fmt: skip
    parser.add_argument(
        "--unconfined", action="store_true", help="keep the model's processes from no file, where that fails"
    )
    options = parser.parse_args(argv)
    options.checkpoint = options.checkpoint.resolve()
    if options.threads < 1:
        parser.error("--threads: at least 1")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
