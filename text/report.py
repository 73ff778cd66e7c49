"""What is said: lines on the screen, and in a job's folder progress.jsonl and result.json."""

import json
import math
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from text.errors import Unheard
from text.files import write_atomic


CHECKPOINT = "checkpoint.pt"  # in a training's job folder: the state dict of its model, for evaluate.py

# What result.json holds, whatever happened; null where it did not get so far.
RESULT = (
    "val_bpb", "exit_reason", "error", "eval_bytes", "tokens", "steps", "training_seconds", "total_seconds",
    "cpu_seconds", "peak_vram_mb", "mfu_percent", "data_id", "dataset", "budget", "seed", "train_sha256",
    "device", "threads", "torch_version", "num_params", "depth", "attention",
)  # fmt: skip


def show(text: str, end: str = "\n") -> None:
    """Print on stdout, at once.

    Raises: Unheard: stdout is a pipe that nobody reads.
    """
    try:
        print(text, end=end, flush=True)  # noqa: T201 - this is where it is printed
    except BrokenPipeError:
        _hush(sys.stdout)
        raise Unheard("the output goes into a pipe that nobody reads") from None


def say(text: str) -> None:
    """Print on stderr, at once; where nobody reads that, it goes unsaid."""
    try:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is where it is printed
    except BrokenPipeError:
        _hush(sys.stderr)


def _hush(stream: TextIO) -> None:
    """Send nowhere what a stream still holds, or Python would try again at its exit, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class Report:
    """What a training leaves in the job's folder: progress.jsonl as it goes on, result.json at its end."""

    def __init__(self, folder: str | None) -> None:
        self.folder = Path(folder) if folder else None
        self._file = -1
        if self.folder:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._file = os.open(self.folder / "progress.jsonl", flags, 0o644)

    def tell(self, kind: str, *, sync: bool = False, **facts: object) -> None:
        """Append one line, in one write; `sync` waits until it is on the disk."""
        if self._file < 0:
            return
        line = json.dumps({"kind": kind, "at": _now(), **{k: _finite(v) for k, v in facts.items()}})
        try:
            os.write(self._file, line.encode() + b"\n")
            if sync:
                os.fsync(self._file)
        except OSError as error:  # a full disk must not end a night's training
            say(f"progress.jsonl: {error}; no more of it")
            os.close(self._file)
            self._file = -1

    def result(self, facts: Mapping[str, object]) -> None:
        """Write result.json; that it is there means that the training came to its end."""
        if self.folder:
            clean = {key: _finite(value) for key, value in facts.items()}
            try:
                write_atomic(self.folder / "result.json", json.dumps(clean, indent=1).encode())
            except OSError as error:  # the log has the result, and counts
                say(f"result.json: {error}; there is none")


def summary(facts: Mapping[str, Any]) -> str:
    """Return the lines that readers of a log look for, after a line of three dashes."""
    lines = {
        "val_bpb": f"{facts['val_bpb']:.6f}",
        "training_seconds": f"{facts['training_seconds']:.1f}",
        "total_seconds": f"{facts['total_seconds']:.1f}",
        "peak_vram_mb": f"{facts['peak_vram_mb']:.1f}",
        "mfu_percent": f"{facts['mfu_percent'] or 0:.2f}",
        "total_tokens_M": f"{facts['tokens'] / 1e6:.1f}",
        "num_steps": f"{facts['steps']}",
        "num_params_M": f"{(facts['num_params'] or 0) / 1e6:.1f}",
        "depth": f"{facts['depth']}",
    }
    return "\n".join(["---", *(f"{name + ':':<18}{value}" for name, value in lines.items())])


def _now() -> str:
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
