"""The large public data set of the full profile: downloaded, encoded on all cores, packed into rows.

Packed here, so that a training never waits for its batches. Tested in miniature only: where this was written
there was no network.
"""

from __future__ import annotations

import hashlib
import math
import os
from array import array
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from text.errors import NotPossible
from text.machine import available_cores
from text.report import say
from text.sets import datasets
from text.sets.datasets import FULL
from text.sets.download import download
from text.sets.tokenizer import Pair, Tokenizer


URL = "https://huggingface.co/datasets/karpathy/climbmix-400b-shuffle/resolve/main"
TRAIN = range(10)  # ~70M tokens each, packing keeps two thirds or more; 300 s of an H100 take ~350M
VAL = 6542  # the last shard, pinned, as upstream
VAL_TOKENS = 40 * 524_288  # as many as upstream scores; whole documents


def build_climbmix(folder: Path) -> None:
    """Download the shards, learn a tokenizer from the first, encode and pack each in its own process."""
    if find_spec("pyarrow") is None:
        msg = "reading parquet needs pyarrow; run: python -m pip install 'autoresearch[climbmix]'"
        raise NotPossible(msg)
    base = os.environ.get("AUTORESEARCH_CLIMBMIX_URL", URL)
    files = [f"shard_{i:05d}.parquet" for i in (*TRAIN, VAL)]
    digests = [download(f"{base}/{file}", folder / file) for file in files]
    *train, val = [folder / file for file in files]
    say("learning the tokenizer (a minute or two)")
    tokenizer = Tokenizer.train(_documents(train[0], limit=32_000_000), FULL.vocab)
    say(f"encoding {len(train)} shards (about 10 CPU minutes in all)")
    rows = array("H")
    with ProcessPoolExecutor(max_workers=min(len(train), available_cores())) as pool:
        for packed in pool.map(partial(_pack_shard, tokenizer.merges), train):
            rows.frombytes(packed)
    stream = tokenizer.stream(_documents(val), VAL_TOKENS)
    origin = {"corpus_sha256": hashlib.sha256("".join(digests).encode()).hexdigest(), "split": "last shard"}
    datasets.write(folder, FULL, tokenizer, rows, stream, stride=FULL.seq_len + 1, source=base, **origin)


def pack(documents: Iterable[list[int]], width: int, waiting: int = 1000) -> array[int]:
    """Lay documents into rows of `width` tokens, each row beginning with a document's beginning.

    Best fit: of about `waiting` documents the longest that still fits goes next; if none fits, the shortest
    is cut to fill the row and its rest dropped. The documents wait sorted by length, so that a place is found
    by bisection: 30 million tokens a CPU second, where a linear scan makes 1.4 (2026-11).
    """
    rows, stock, more = array("H"), list[list[int]](), iter(documents)
    space = width
    while True:
        while len(stock) < waiting and (document := next(more, None)) is not None:
            insort(stock, document[:width], key=len)
        if not stock:
            return rows[: len(rows) - (width - space) % width]  # a last row that is not full is dropped
        at = bisect_right(stock, space, key=len) - 1
        document = stock.pop(max(at, 0))[:space]
        rows.extend(document)
        space = space - len(document) or width


def _documents(path: Path, limit: float = math.inf) -> Iterator[str]:
    """Yield the documents of a shard, up to `limit` characters."""
    from pyarrow.parquet import ParquetFile  # type: ignore[import-not-found] # noqa: PLC0415 - an extra

    seen = 0
    for batch in ParquetFile(path).iter_batches(columns=["text"]):
        for text in batch.column("text").to_pylist():
            if seen >= limit:
                return
            seen += len(text)
            yield text


def _pack_shard(merges: Sequence[Pair], path: Path) -> bytes:
    tokenizer = Tokenizer(merges)
    documents = ([tokenizer.bos, *tokenizer.encode(text)] for text in _documents(path))
    return pack(documents, FULL.seq_len + 1).tobytes()
