"""Prepared data sets: where they lie, what their manifests say, and whether they are whole.

Knows tokens, not where texts come from. Scores are comparable if, and only if, their `data_id` is equal.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from text.errors import NotReady
from text.files import alone, describe, write_atomic
from text.sets.tokenizer import Tokenizer


METRIC_VERSION = 1  # part of data_id: raise it when evaluate() changes what it measures
HASHED_BELOW = 64 << 20  # bytes; larger files are checked by size alone, or --check would take seconds
WAYS_OUT = {
    "sotu": "python prepare.py",
    "sotu-full": "python prepare.py --dataset sotu-full",
    "climbmix": "python prepare.py --dataset climbmix",
}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a data set asks of a training."""

    name: str
    vocab: int
    seq_len: int  # tokens in a row, in training and in evaluation
    budget: str


SMALL = Profile(name="small", vocab=4096, seq_len=128, budget="tokens:524288")
FULL = Profile(name="full", vocab=8192, seq_len=2048, budget="seconds:300")


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A prepared data set, as its manifest.json describes it."""

    name: str
    profile: str
    data_id: str  # equal if and only if scores may be compared
    vocab: int
    bos: int
    seq_len: int
    stride: int  # tokens from row to row: seq_len in a running text, seq_len + 1 where rows are packed
    train_tokens: int
    val_tokens: int
    eval_bytes: int
    budget: str
    source: str
    identity: dict[str, Any]  # what data_id is the digest of
    files: dict[str, tuple[int, str]]  # bytes, sha256

    @property
    def folder(self) -> Path:
        """Return the folder that holds the files."""
        return cache_folder() / self.name


def cache_folder() -> Path:
    """Return the folder of all data sets; it need not exist."""
    if own := os.environ.get("AUTORESEARCH_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autoresearch"


def active_dataset() -> str:
    """Return the name of the data set that is used where none is named."""
    return os.environ.get("AUTORESEARCH_DATASET") or "sotu"


def find(name: str) -> Dataset:
    """Return a data set that is there and undamaged.

    Raises: NotReady: it is missing or a file of it is not what the manifest says.
    """
    folder = cache_folder() / name
    hint = WAYS_OUT.get(name, f"python prepare.py --text PATH --name {name}")
    try:
        data = Dataset(**json.loads((folder / "manifest.json").read_bytes()))
        files = [(folder / file, int(size), str(digest)) for file, (size, digest) in data.files.items()]
    except FileNotFoundError:
        msg = f"data set {name!r} is not prepared - {folder}; run: {hint}"
        raise NotReady(msg) from None
    except (ValueError, TypeError, OSError) as error:
        msg = f"data set {name!r} is damaged - {folder / 'manifest.json'} ({error}); run: {hint}"
        raise NotReady(msg) from None
    for file, size, digest in files:
        hashed = size < HASHED_BELOW
        if describe(file, hashed=hashed) != (size, digest if hashed else None):
            msg = f"data set {name!r} is damaged - {file}; run: {hint}"
            raise NotReady(msg)
    return data


def ensure(
    name: str, build: Callable[[Path], None], *, fits: Callable[[Dataset], bool] | None = None
) -> Dataset:
    """Return the data set `name`, built first if it is missing or damaged, or does not fit."""
    folder = cache_folder() / name
    with alone(folder):
        with contextlib.suppress(NotReady):
            found = find(name)
            if fits is None or fits(found):
                return found
        (folder / "manifest.json").unlink(missing_ok=True)
        for left_over in folder.glob("*.tmp.*"):
            left_over.unlink()
        build(folder)
        return find(name)  # before another one may build it anew


def write(
    folder: Path,
    profile: Profile,
    tokenizer: Tokenizer,
    train: array[int],
    val: array[int],
    *,
    stride: int,
    source: str,
    **origin: str,
) -> None:
    """Write the files of a data set, the manifest last: it makes the rest count."""
    contents = {"tokenizer.txt": tokenizer.dumps(), "train.bin": train.tobytes(), "val.bin": val.tobytes()}
    for file, data in contents.items():
        write_atomic(folder / file, data)
    files = {file: (len(data), hashlib.sha256(data).hexdigest()) for file, data in contents.items()}
    identity = {**origin, "tokenizer_sha256": files["tokenizer.txt"][1], **_measure(profile, tokenizer, val)}
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":")).encode()
    manifest = Dataset(
        name=folder.name,
        profile=profile.name,
        data_id=hashlib.sha256(canonical).hexdigest()[:16],
        vocab=tokenizer.vocab,
        bos=tokenizer.bos,
        seq_len=profile.seq_len,
        stride=stride,
        train_tokens=len(train),
        val_tokens=len(val),
        eval_bytes=identity["eval_bytes"],
        budget=profile.budget,
        source=source,
        identity=identity,
        files=files,
    )
    write_atomic(folder / "manifest.json", json.dumps(asdict(manifest), indent=1).encode())


def _measure(profile: Profile, tokenizer: Tokenizer, val: array[int]) -> dict[str, Any]:
    """Say how a score of these validation tokens is measured."""
    length = [len(token) for token in tokenizer.token_bytes()]
    return {
        "vocab": tokenizer.vocab,
        "seq_len": profile.seq_len,
        "eval_windows": math.ceil((len(val) - 1) / profile.seq_len),
        "eval_bytes": sum(length[token] for token in val),
        "metric_version": METRIC_VERSION,
    }
