"""The protected half of an experiment: the text, the tokens, the budget, the score, the report.

`train.py` is what an experiment edits; this file is what makes two experiments comparable, so none may
edit it. It prepares data once, hands out batches until the budget is spent, scores a trained model on every
byte of the validation documents, and writes down how it went. It knows nothing of models or optimizers.

    python prepare.py                      the embedded State of the Union addresses; fetches nothing
    python prepare.py --text PATH          a file or a folder of your own UTF-8 text
    python prepare.py --dataset climbmix   the large public data set, for one big GPU
    python prepare.py --check              one JSON object: is it ready, what is missing; exit code 0 or 3

Environment: AUTORESEARCH_CACHE (where data is kept), AUTORESEARCH_DATASET (which set is used; default:
sotu), AUTORESEARCH_BUDGET and AUTORESEARCH_SEED (defaults of a training), AUTORESEARCH_CPU_CAP (seconds;
0 = none), AUTORESEARCH_JOB_DIR (where a training leaves progress.jsonl and result.json; unset: nowhere).
"""
# ruff: noqa: PLC0415 - torch and the net are imported where they are needed: --check takes 0.1 s, not 3
# ruff: noqa: T201 - what this file prints is its interface

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import heapq
import json
import lzma
import math
import os
import re
import resource
import shutil
import sys
import time
import traceback
from array import array
from bisect import bisect_right, insort
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from errno import ENOSPC
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import torch
    from torch import Tensor

    Pair = tuple[int, int]

METRIC_VERSION = 1  # part of data_id: raise it when evaluate() changes what it measures
HERE = Path(__file__).resolve().parent
SOTU = HERE / "corpus" / "sotu.tsv.xz"
SOTU_MERGES = HERE / "corpus" / "sotu.bpe4096.txt"
SOTU_SHA256 = "05a28442573a25cbd442335e374428917cf4a1d1739b74024701dee113196231"  # of the text, unpacked
CLIMBMIX_URL = "https://huggingface.co/datasets/karpathy/climbmix-400b-shuffle/resolve/main"
CLIMBMIX_TRAIN = range(10)  # ~70M tokens each, packing keeps two thirds or more; 300 s of an H100 take ~350M
CLIMBMIX_VAL = 6542  # the last shard, pinned, as upstream
CLIMBMIX_VAL_TOKENS = 40 * 524_288  # as many as upstream scores; whole documents

EXIT_NOT_READY, EXIT_DIVERGED, EXIT_CPU_CAP = 3, 4, 5
ROUNDING = 0.1  # logits; bfloat16 rounds one of 15 to within 0.06
PRINTED_EVERY_S, TOLD_EVERY_S = 0.5, 1.0
UNTIMED_BATCHES, UNTIMED_AT_MOST_S = 2, 180.0  # on CUDA, where the first batches compile
PEAK_FLOPS = {"H100 80GB HBM3": 989.5e12, "H200": 989.5e12, "A100": 312e12, "B200": 2250e12}  # bf16
HASHED_BELOW = 64 << 20  # bytes; larger files are checked by size alone, or --check would take seconds
KNOWN_PIECES = 1_000_000  # web text has no end of distinct words
LEAST_TEXT = 200_000  # characters: enough for a vocabulary, and for a few batches
LEAST_FILES = 32  # fewer are cut into pieces
EVERY = 16  # of so many documents one is for validation
SPLIT = f"index % {EVERY} == {EVERY // 2}"


class NotPossible(Exception):
    """What a user can cause and mend; the message says what, where, and the way out."""

    code = 1
    reason = "refused"


class NotReady(NotPossible):
    """The data set is missing or damaged."""

    code = EXIT_NOT_READY
    reason = "not_ready"


class Diverged(NotPossible):
    """The loss is not a number, infinite, or far above that of guessing."""

    code = EXIT_DIVERGED

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CpuCapReached(NotPossible):
    """The training took more CPU time than its budget of tokens may cost."""

    code = EXIT_CPU_CAP
    reason = "cpu_cap"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a data set asks of a training."""

    name: str
    vocab: int
    seq_len: int  # tokens in a row, in training and in evaluation
    budget: str


SMALL = Profile(name="small", vocab=4096, seq_len=128, budget="tokens:524288")
FULL = Profile(name="full", vocab=8192, seq_len=2048, budget="seconds:300")


# Budget -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Budget:
    """What one training may spend: `tokens:524288`, or `seconds:300` (compiling and scoring are free).

    Never steps: the batch size is the experiment's to choose.
    """

    unit: str
    amount: int

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read `tokens:N` or `seconds:N`; N may hold underscores."""
        unit, _, amount = text.strip().partition(":")
        if unit in {"tokens", "seconds"} and re.fullmatch(r"[1-9][\d_]*", amount):
            return cls(unit, int(amount))
        msg = f"{text!r} is neither tokens:N nor seconds:N; say for example tokens:524288"
        raise argparse.ArgumentTypeError(msg)

    def __str__(self) -> str:
        """Return the form that `parse` reads."""
        return f"{self.unit}:{self.amount}"

    def cpu_cap(self) -> float:
        """Return the CPU seconds that a training on the CPU may take; infinity where nothing is to guard.

        A budget of tokens alone would make every larger model better. The default recipe costs 60 to 80 us of
        CPU a token (two cores, 2026-11); four times that leaves room for ideas and for slower computers.
        """
        if own := os.environ.get("AUTORESEARCH_CPU_CAP"):
            return float(own) or math.inf
        return 30 + 330e-6 * self.amount if self.unit == "tokens" else math.inf


# Tokenizer ----------------------------------------------------------------------------------------

# Every character falls into exactly one alternative: the pieces, joined, are the text.
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d{1,3}| ?(?:[^\w\s]|_)+|\s+(?!\S)|\s"
PIECES = re.compile(PATTERN)


class Tokenizer:
    """Byte-level BPE: ids 0-255 are bytes, then one id a merge, then BOS, which opens every document."""

    def __init__(self, merges: Sequence[Pair]) -> None:
        self.merges = list(merges)
        self.bos = 256 + len(self.merges)
        self.vocab = self.bos + 1
        self._rank = {pair: rank for rank, pair in enumerate(self.merges)}
        self._known: dict[str, list[int]] = {}

    @classmethod
    def train(cls, texts: Iterable[str], vocab: int) -> Tokenizer:
        """Learn merges from texts; the same texts give the same merges on every machine.

        Of equal counts the smaller pair goes first. Pairs seen once are not merged, so the vocabulary of a
        short text may be smaller than asked for.
        """
        pieces = Counter(piece for text in texts for piece in PIECES.findall(text))
        words = [list(piece.encode()) for piece in pieces]
        times = list(pieces.values())
        count: Counter[Pair] = Counter()
        where: defaultdict[Pair, set[int]] = defaultdict(set)
        for i, word in enumerate(words):
            for pair in pairwise(word):
                count[pair] += times[i]
                where[pair].add(i)
        heap = [(-n, pair) for pair, n in count.items()]
        heapq.heapify(heap)
        merges: list[Pair] = []
        while heap and len(merges) < vocab - 257:
            negative, pair = heapq.heappop(heap)
            if count[pair] != -negative:  # counts that fell are corrected when they come up, not at once
                heapq.heappush(heap, (-count[pair], pair))
                continue
            if count[pair] <= 1:
                break
            merges.append(pair)
            grown: set[Pair] = set()
            for i in where.pop(pair):
                old, new = words[i], _merge(words[i], pair, 255 + len(merges))
                for gone in pairwise(old):
                    count[gone] -= times[i]
                for come in pairwise(new):
                    count[come] += times[i]
                    where[come].add(i)
                    grown.add(come)
                words[i] = new
            for come in grown:
                heapq.heappush(heap, (-count[come], come))
        return cls(merges)

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read what `dumps` wrote."""
        pattern, *lines = path.read_text(encoding="utf-8").splitlines()
        if pattern != PATTERN:
            msg = f"{path} was made for another pattern; prepare the data again"
            raise NotReady(msg)
        return cls([(int(left), int(right)) for left, right in (line.split() for line in lines)])

    def dumps(self) -> bytes:
        """Return the pattern and the merges, one a line: all there is to this tokenizer."""
        return "\n".join([PATTERN, *(f"{left} {right}" for left, right in self.merges), ""]).encode()

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, without BOS."""
        known, tokens = self._known, list[int]()
        if len(known) > KNOWN_PIECES:
            known.clear()
        for piece in PIECES.findall(text):
            if (ids := known.get(piece)) is None:
                ids = known[piece] = self._encode_piece(piece)
            tokens += ids
        return tokens

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of tokens; BOS is no text, and what is not UTF-8 becomes U+FFFD."""
        table = self.token_bytes()
        return b"".join(table[token] for token in tokens).decode(errors="replace")

    def token_bytes(self) -> list[bytes]:
        """Return the bytes that each token stands for, by id; BOS stands for none."""
        table = [bytes([i]) for i in range(256)]
        for left, right in self.merges:
            table.append(table[left] + table[right])
        return [*table, b""]

    def _encode_piece(self, piece: str) -> list[int]:
        ids, never = list(piece.encode()), len(self.merges)
        while len(ids) > 1:
            rank = min(self._rank.get(pair, never) for pair in pairwise(ids))
            if rank == never:
                break
            ids = _merge(ids, self.merges[rank], 256 + rank)
        return ids


def _merge(ids: list[int], pair: Pair, new: int) -> list[int]:
    merged, i, last = [], 0, len(ids) - 1
    while i <= last:
        if i < last and ids[i] == pair[0] and ids[i + 1] == pair[1]:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


# Where data lies ----------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Return the folder of all data sets; it need not exist."""
    if own := os.environ.get("AUTORESEARCH_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autoresearch"


def active_dataset() -> str:
    """Return the name of the data set that is used where none is named."""
    return os.environ.get("AUTORESEARCH_DATASET") or "sotu"


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
    identity: dict[str, Any]
    files: dict[str, tuple[int, str]]  # bytes, sha256

    @property
    def folder(self) -> Path:
        """Return the folder that holds the files."""
        return cache_folder() / self.name


def find(name: str) -> Dataset:
    """Return a data set that is there and undamaged.

    Raises: NotReady: it is missing or a file of it is not what the manifest says.
    """
    folder = cache_folder() / name
    way_out = {"sotu": "python prepare.py", "climbmix": "python prepare.py --dataset climbmix"}
    hint = way_out.get(name, f"python prepare.py --text PATH --name {name}")
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
        if _describe(file, hashed=hashed) != (size, digest if hashed else None):
            msg = f"data set {name!r} is damaged - {file}; run: {hint}"
            raise NotReady(msg)
    return data


def _describe(path: Path, *, hashed: bool) -> tuple[int, str | None] | None:
    try:
        if not hashed:
            return path.stat().st_size, None
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return file.tell(), digest
    except OSError:
        return None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time prepare a folder; the kernel frees the lock of a process that dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file; whatever happens, it holds all of the old or all of the new."""
    tmp = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        with tmp.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        tmp.replace(path)
    finally:
        tmp.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# Preparing ----------------------------------------------------------------------------------------


def prepare(name: str, build: Callable[[Path], None], *, anew: bool = False) -> Dataset:
    """Return the data set `name`, built first if it is missing, damaged, or wanted anew."""
    folder = cache_folder() / name
    with _alone(folder):
        if not anew:
            with contextlib.suppress(NotReady):
                return find(name)
        (folder / "manifest.json").unlink(missing_ok=True)
        for left_over in folder.glob("*.tmp.*"):
            left_over.unlink()
        build(folder)
    return find(name)


def is_validation(index: int) -> bool:
    """Tell if the document at this place belongs to validation: whole documents, evenly over all years."""
    return index % EVERY == EVERY // 2


def build_sotu(folder: Path) -> None:
    """Prepare the embedded text: documents in the order of the years, whole documents to either side."""
    try:
        raw = lzma.decompress(SOTU.read_bytes())
        tokenizer = Tokenizer.load(SOTU_MERGES)
    except (OSError, lzma.LZMAError, ValueError) as error:
        msg = f"the embedded text cannot be read - {SOTU.parent} ({error}); run: git checkout -- corpus"
        raise NotPossible(msg) from None
    digest = hashlib.sha256(raw).hexdigest()
    if digest != SOTU_SHA256:
        msg = f"the embedded text is damaged - {SOTU}; run: git checkout -- corpus"
        raise NotPossible(msg)
    texts = [line.partition("\t")[2] for line in raw.decode().split("\n")[:-1]]
    _write_text(folder, texts, tokenizer, "embedded", corpus_sha256=digest, split=SPLIT)


def build_text(folder: Path, source: Path) -> None:
    """Prepare a user's own text.

    The files of a folder, in the order of their paths, are the documents. If there are fewer than 32, each is
    cut into pieces of 8,192 characters or a little more, and the pieces are the documents.
    """
    files = sorted(p for p in source.rglob("[!.]*") if p.is_file()) if source.is_dir() else [source]
    documents = [(str(p.relative_to(source.parent)), text) for p in files if (text := _read_text(p))]
    if skipped := len(files) - len(documents):
        _say(f"skipped {skipped:,} of {len(files):,} files: empty, or not UTF-8")
    whole = len(documents) >= LEAST_FILES
    if not whole:
        documents = [(f"{name}#{i}", part) for name, text in documents for i, part in enumerate(cut(text))]
    if sum(len(text) for _, text in documents) < LEAST_TEXT:
        msg = f"too little text to learn from - {source}; it takes {LEAST_TEXT:,} characters of UTF-8 text"
        raise NotPossible(msg)
    digest = hashlib.sha256()
    for name, text in documents:
        digest.update(f"{name}\0{text}\0".encode())
    texts = [text for _, text in documents]
    train = [text for i, text in enumerate(texts) if not is_validation(i)]
    every = 1 + sum(map(len, train)) // 16_000_000  # learning takes a CPU second a megabyte: 16 are enough
    _say(f"learning {SMALL.vocab:,} tokens from {len(train[::every]):,} documents")
    tokenizer = Tokenizer.train(train[::every], SMALL.vocab)
    split = f"{SPLIT}, files" if whole else f"{SPLIT}, pieces"
    _write_text(folder, texts, tokenizer, str(source), corpus_sha256=digest.hexdigest(), split=split)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
    except OSError as error:
        msg = f"cannot read the text - {path} ({error.strerror}); --text takes a file or a folder"
        raise NotPossible(msg) from None


def cut(text: str, size: int = 8192) -> Iterator[str]:
    """Cut a text after an empty line, else a line, else a word, that ends between `size` and twice `size`."""
    begin = 0
    while len(text) - begin > 2 * size:
        for border in ("\n\n", "\n", " ", ""):
            if (at := text.find(border, begin + size, begin + 2 * size)) >= 0:
                break
        yield text[begin : at + len(border)]
        begin = at + len(border)
    yield text[begin:]


def _write_text(
    folder: Path, texts: Sequence[str], tokenizer: Tokenizer, source: str, **identity: str
) -> None:
    _say(f"encoding {len(texts):,} documents")
    train = _stream(tokenizer, (text for i, text in enumerate(texts) if not is_validation(i)))
    val = _stream(tokenizer, (text for i, text in enumerate(texts) if is_validation(i)))
    _write_set(folder, SMALL, tokenizer, train, val, stride=SMALL.seq_len, source=source, **identity)


def _stream(tokenizer: Tokenizer, texts: Iterable[str], enough: float = math.inf) -> array[int]:
    """Return the documents one after the other, until there are enough tokens."""
    tokens = array("H")
    for text in texts:
        if len(tokens) >= enough:
            break
        tokens.append(tokenizer.bos)
        tokens.extend(tokenizer.encode(text))
    return tokens


def _write_set(
    folder: Path,
    profile: Profile,
    tokenizer: Tokenizer,
    train: array[int],
    val: array[int],
    *,
    stride: int,
    source: str,
    **identity: str,
) -> None:
    """Write the files of a data set, the manifest last: it makes the rest count."""
    length = [len(token) for token in tokenizer.token_bytes()]
    contents = {"tokenizer.txt": tokenizer.dumps(), "train.bin": train.tobytes(), "val.bin": val.tobytes()}
    for file, data in contents.items():
        write_atomic(folder / file, data)
    facts: dict[str, Any] = {
        **identity,
        "tokenizer_sha256": hashlib.sha256(contents["tokenizer.txt"]).hexdigest(),
        "vocab": tokenizer.vocab,
        "seq_len": profile.seq_len,
        "eval_windows": math.ceil((len(val) - 1) / profile.seq_len),
        "eval_bytes": sum(length[token] for token in val),
        "metric_version": METRIC_VERSION,
    }
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
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
        eval_bytes=facts["eval_bytes"],
        budget=profile.budget,
        source=source,
        identity=facts,
        files={f: (len(data), hashlib.sha256(data).hexdigest()) for f, data in contents.items()},
    )
    write_atomic(folder / "manifest.json", json.dumps(asdict(manifest), indent=1).encode())


# The large public data set ------------------------------------------------------------------------


def build_climbmix(folder: Path) -> None:
    """Download the shards, learn a tokenizer from the first, encode and pack each in its own process.

    Tested in miniature only: where this was written there was no network.
    """
    from concurrent.futures import ProcessPoolExecutor
    from functools import partial
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        msg = "reading parquet needs pyarrow; run: python -m pip install 'autoresearch[climbmix]'"
        raise NotPossible(msg)
    base = os.environ.get("AUTORESEARCH_CLIMBMIX_URL", CLIMBMIX_URL)
    files = [f"shard_{i:05d}.parquet" for i in (*CLIMBMIX_TRAIN, CLIMBMIX_VAL)]
    digests = [download(f"{base}/{file}", folder / file) for file in files]
    *train, val = [folder / file for file in files]
    _say("learning the tokenizer (a minute or two)")
    tokenizer = Tokenizer.train(_parquet_texts(train[0], limit=32_000_000), FULL.vocab)
    _say(f"encoding {len(train)} shards (about 10 CPU minutes in all)")
    rows = array("H")
    with ProcessPoolExecutor(max_workers=min(len(train), available_cores())) as pool:
        for packed in pool.map(partial(_pack_shard, tokenizer.merges), train):
            rows.frombytes(packed)
    stream = _stream(tokenizer, _parquet_texts(val), CLIMBMIX_VAL_TOKENS)
    corpus = {"corpus_sha256": hashlib.sha256("".join(digests).encode()).hexdigest(), "split": "last shard"}
    _write_set(folder, FULL, tokenizer, rows, stream, stride=FULL.seq_len + 1, source=base, **corpus)


def _parquet_texts(path: Path, limit: float = math.inf) -> Iterator[str]:
    """Yield the documents of a shard, up to `limit` characters."""
    from pyarrow.parquet import ParquetFile  # type: ignore[import-not-found]

    seen = 0
    for batch in ParquetFile(path).iter_batches(columns=["text"]):
        for text in batch.column("text").to_pylist():
            if seen >= limit:
                return
            seen += len(text)
            yield text


def _pack_shard(merges: Sequence[Pair], path: Path) -> bytes:
    tokenizer = Tokenizer(merges)
    documents = ([tokenizer.bos, *tokenizer.encode(text)] for text in _parquet_texts(path))
    return pack(documents, FULL.seq_len + 1).tobytes()


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


def download(url: str, path: Path, attempts: int = 5) -> str:
    """Fetch a file, going on where an earlier attempt stopped, and return its sha256.

    The hub names the digest of a large file in a header; a file that does not match is fetched again.
    """
    from http import HTTPStatus
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    part = path.with_name(path.name + ".part")
    error: Exception | None = None
    for attempt in range(attempts):
        time.sleep(float(os.environ.get("AUTORESEARCH_RETRY_PAUSE", "2")) * attempt)
        try:
            size, wanted = _remote_facts(url)
            if (there := _describe(path, hashed=True)) and there == (size, wanted or there[1]):
                return str(there[1])
            begin = part.stat().st_size if part.exists() else 0
            if begin < size:
                _say(f"fetching {url} from byte {begin:,} of {size:,}")
                headers = {"Range": f"bytes={begin}-"} if begin else {}
                with urlopen(Request(url, headers=headers), timeout=60) as answer:  # noqa: S310 - our URLs
                    goes_on = answer.status == HTTPStatus.PARTIAL_CONTENT
                    with part.open("ab" if goes_on else "wb") as file:
                        shutil.copyfileobj(answer, file, 1 << 20)
            came = _describe(part, hashed=True)
            if came and came == (size, wanted or came[1]):
                part.replace(path)
                return str(came[1])
            if came and came[0] >= size:
                part.unlink()
            error = ValueError(f"{came} came instead of {(size, wanted)}: bytes, sha256")
        except HTTPError as refused:
            error = refused
            refused.close()
            if refused.code in {401, 403, 404, 410}:
                break
        except (OSError, HTTPException) as failed:
            if isinstance(failed, PermissionError) or getattr(failed, "errno", None) == ENOSPC:
                raise
            error = failed
    msg = f"cannot fetch {url} ({error}); the same command goes on from here, or use the embedded text"
    raise NotPossible(msg)


def _remote_facts(url: str) -> tuple[int, str | None]:
    """Return the size and, where the server names it, the sha256 of a remote file.

    The hub answers with a redirect, and only that first answer carries the digest: it is not followed.
    """
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        answer = build_opener(Stay).open(Request(url, method="HEAD"), timeout=30)  # noqa: S310
    except HTTPError as redirect:
        if redirect.code not in {301, 302, 303, 307, 308}:
            raise
        answer = redirect
    with answer:
        headers = answer.headers
    digest = (headers.get("X-Linked-ETag") or headers.get("ETag") or "").strip('"')
    size = int(headers.get("X-Linked-Size") or headers.get("Content-Length") or -1)
    return size, digest if re.fullmatch("[0-9a-f]{64}", digest) else None


# A training: batches, budget, report ----------------------------------------------------------------


def available_cores() -> int:
    """Return how many cores this process may use; a container's quota counts, if it is less."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        cores = min(cores, max(1, int(quota) // int(period)))  # "max" is no number: no quota
    return cores


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children it has waited for."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


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
            _say(f"progress.jsonl: {error}; no more of it")
            os.close(self._file)
            self._file = -1

    def result(self, facts: Mapping[str, object]) -> None:
        """Write result.json; that it is there means that the training came to its end."""
        if self.folder:
            clean = {key: _finite(value) for key, value in facts.items()}
            write_atomic(self.folder / "result.json", json.dumps(clean, indent=1).encode())


def _now() -> str:
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Trial:
    """One training under the rules: batches until the budget is spent, and a watch on the loss."""

    def __init__(
        self, data: Dataset, budget: Budget, *, device: str, seed: int, threads: int, report: Report
    ) -> None:
        import torch

        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.data, self.budget, self.seed, self.threads, self.report = data, budget, seed, threads, report
        self.device = torch.device(device)
        self.device_name = torch.cuda.get_device_name() if device == "cuda" else device
        self.tokens = self.steps = self.epoch = 0
        self.training_seconds = 0.0
        self.facts: dict[str, Any] = {
            "data_id": data.data_id, "dataset": data.name, "budget": str(budget), "seed": seed,
            "device": self.device_name, "threads": threads, "torch_version": str(torch.__version__),
        }  # fmt: skip
        self._clock = math.inf  # when the seconds that count began
        self._uncounted = 0  # tokens before that
        self._loss = self._flops = self._multiplier = self._took = 0.0
        self._stepped = self._printed = self._told = -math.inf
        self._quarter = 0
        self._late: tuple[Tensor, Any, float] | None = None

    def begin(
        self, *, num_params: int, depth: int, attention: str, flops_per_token: float, **config: object
    ) -> None:
        """Say what is about to be trained; `flops_per_token` counts forward and backward."""
        self.facts |= {"num_params": num_params, "depth": depth, "attention": attention}
        self._flops = flops_per_token
        facts = {**self.facts, "flops_per_token": flops_per_token, "config": config}
        self.report.tell("started", sync=True, pid=os.getpid(), **facts)
        print(
            f"{self.data.name} {self.data.data_id} | {self.budget} | seed {self.seed} | {self.device_name}, "
            f"{self.threads} threads | {num_params / 1e6:.3f}M parameters | attention: {attention}",
            flush=True,
        )

    def batches(self, rows: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs and targets, int64 of shape (rows, seq_len) on the device, until the budget is spent.

        Every epoch goes through all rows once, in an order that only the seed decides.

        Raises: CpuCapReached: the tokens cost more CPU time than the budget allows.
        """
        import torch

        size = rows * self.data.seq_len
        tokens = _tokens(self.data, "train.bin", self.data.train_tokens).to(self.device)
        windows = tokens.unfold(0, self.data.seq_len + 1, self.data.stride)
        if len(windows) < rows:
            msg = f"a batch of {rows} rows is more than data set {self.data.name!r} has; take fewer"
            raise NotPossible(msg)
        order = torch.Generator().manual_seed(self.seed)
        begun = self._stepped = time.perf_counter()
        cpu_begun = cpu_seconds()
        while True:
            self.epoch += 1
            chosen = torch.randperm(len(windows), generator=order).to(self.device)
            for first in range(0, len(windows) - rows + 1, rows):
                self._start_clock(begun, self.tokens // size)
                over = self.tokens + size > self.budget.amount
                if over if self.budget.unit == "tokens" else self.elapsed >= self.budget.amount:
                    return
                self._guard_cpu(cpu_seconds() - cpu_begun)
                self.tokens += size
                picked = windows[chosen[first : first + rows]].long()
                yield picked[:, :-1].contiguous(), picked[:, 1:].contiguous()

    @property
    def elapsed(self) -> float:
        """Return the seconds of training that count."""
        return max(0.0, time.perf_counter() - self._clock)

    @property
    def progress(self) -> float:
        """Return the part of the budget that is spent, from 0 to 1: what a schedule follows."""
        spent = self.tokens if self.budget.unit == "tokens" else self.elapsed
        return min(1.0, spent / self.budget.amount)

    def observe(self, loss: Tensor, lr_multiplier: float) -> None:
        """Take note of one optimizer step; on CUDA its loss is read a step late, so that nothing waits.

        Raises: Diverged: the loss is not finite, or three times that of guessing.
        """
        import torch

        if self.device.type != "cuda":
            self._note(loss.item(), lr_multiplier)
            return
        late = self._late
        copy = torch.empty((), pin_memory=True).copy_(loss.detach(), non_blocking=True)
        arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        arrived.record()
        self._late = (copy, arrived, lr_multiplier)
        if late:
            late[1].synchronize()
            self._note(late[0].item(), late[2])

    def end(self) -> None:
        """Wait for the device, stop the clock, and take note of what is still on its way."""
        self._synchronize()
        self.training_seconds = self.elapsed
        if self._late:
            self._note(self._late[0].item(), self._late[2])
        if self.steps:
            self._tell(1.0, last=True)
        print(end="\n" if sys.stdout.isatty() else "")

    def peak_memory_mb(self) -> float:
        """Return the most memory held at once, in MiB: the GPU's, or where there is none the process's."""
        import torch

        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated() / 2**20
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

    def tokens_per_second(self) -> float:
        """Return the mean speed over the seconds that count."""
        return (self.tokens - self._uncounted) / (self.training_seconds or self.elapsed or math.inf)

    def mfu(self) -> float | None:
        """Return how much of the GPU's bf16 peak is used, in percent; None where the peak is not known."""
        peak = next((flops for key, flops in PEAK_FLOPS.items() if key in self.device_name), None)
        return peak and 100 * self._flops * self.tokens_per_second() / peak

    def _start_clock(self, begun: float, batches: int) -> None:
        """Start the seconds that count: at once, except on CUDA, where the first two batches compile."""
        untimed = UNTIMED_BATCHES if self.device.type == "cuda" else 0
        late = time.perf_counter() - begun > UNTIMED_AT_MOST_S
        if self._clock == math.inf and (batches >= untimed or late):
            self._synchronize()
            self._clock, self._uncounted = time.perf_counter(), self.tokens
            if batches:
                self.report.tell("compiled", seconds=self._clock - begun)

    def _synchronize(self) -> None:
        import torch

        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def _guard_cpu(self, spent: float) -> None:
        cap = self.budget.cpu_cap() if self.device.type == "cpu" else math.inf
        if spent > cap:
            msg = (
                f"{spent:.0f} CPU seconds are more than the {cap:.0f} that {self.budget} may cost; "
                "make the model cheaper, or raise AUTORESEARCH_CPU_CAP for all experiments alike"
            )
            raise CpuCapReached(msg)

    def _note(self, loss: float, lr_multiplier: float) -> None:
        self.steps += 1
        if not math.isfinite(loss):
            raise Diverged("nan", f"the loss is {loss} at step {self.steps}")
        if loss > 3 * math.log(self.data.vocab):
            raise Diverged("exploding", f"the loss is {loss:.1f} at step {self.steps}, far above guessing")
        self._loss = 0.9 * self._loss + 0.1 * loss
        self._multiplier = lr_multiplier
        self._tell(self.progress)

    def _tell(self, progress: float, *, last: bool = False) -> None:
        """Show how far it is: twice a second on stdout, once a second and at the quarters in the report."""
        now = time.perf_counter()
        if not last:
            self._took, self._stepped = now - self._stepped, now
        loss = self._loss / (1 - 0.9**self.steps)  # of the last ten steps or so, unbiased from the first on
        speed, mfu = self.tokens_per_second(), self.mfu()
        left = self.elapsed * (1 - progress) / progress if progress else float(self.budget.amount)
        if last or now - self._printed >= PRINTED_EVERY_S:
            self._printed = now
            line = (
                f"step {self.steps:05d} ({progress:.1%}) | loss: {loss:.6f} | lrm: {self._multiplier:.2f} | "
                f"dt: {1000 * self._took:.0f}ms | tok/sec: {speed:,.0f} | mfu: {mfu or 0:.1f}% | "
                f"epoch: {self.epoch} | remaining: {left:.0f}s"
            )
            print(f"\r{line}   " if sys.stdout.isatty() else f"{line}\n", end="", flush=True)
        if last or now - self._told >= TOLD_EVERY_S or 4 * progress >= self._quarter:
            self._told, self._quarter = now, int(4 * progress) + 1
            self.report.tell(
                "progress",
                step=self.steps, percent=100 * progress, tokens=self.tokens, elapsed_s=self.elapsed,
                seconds_left=left, loss=loss, lr_multiplier=self._multiplier, tok_per_s=speed, mfu=mfu,
                vram_mb=self.peak_memory_mb(),
            )  # fmt: skip


def _tokens(data: Dataset, file: str, count: int) -> Tensor:
    """Map a file of tokens into memory, as int16: ids are below 32768, and few GPU operations take uint16."""
    import torch

    return torch.from_file(str(data.folder / file), size=count, dtype=torch.int16)


# Scoring ------------------------------------------------------------------------------------------


def evaluate(logits: Callable[[Tensor], Tensor], data: Dataset, device: torch.device) -> float:
    """Return val_bpb: the bits that the model needs for a byte of the validation documents.

    The documents stand one after the other, in windows of seq_len tokens. Every byte is scored exactly once,
    given what stands before it in its window; BOS costs no bits and counts no bytes.

    Raises: NotPossible: the model sees tokens that it has to predict.
    """
    import torch
    from torch.nn import functional

    tokenizer = Tokenizer.load(data.folder / "tokenizer.txt")
    length = torch.tensor([len(token) for token in tokenizer.token_bytes()], device=device)
    stream = _tokens(data, "val.bin", data.val_tokens).long()
    logits_at_once = 2**28 if device.type == "cuda" else 2**24  # 1 GiB, 64 MiB
    rows = max(1, logits_at_once // (data.vocab * data.seq_len))
    missing = -(len(stream) - 1) % (rows * data.seq_len)
    stream = torch.cat([stream, stream.new_full((missing,), data.bos)])
    inputs = stream[:-1].view(-1, rows, data.seq_len)
    targets = stream[1:].view(-1, rows, data.seq_len)
    nats, scored = 0.0, 0
    with torch.no_grad():
        _refuse_clairvoyance(logits, inputs[0].to(device), data.vocab)
        for some_inputs, some_targets in zip(inputs, targets, strict=True):
            wanted = some_targets.to(device).flatten()
            size = length[wanted]
            predicted = logits(some_inputs.to(device)).float().view(-1, data.vocab)
            loss = functional.cross_entropy(predicted, wanted, reduction="none")
            nats += (loss * (size > 0)).sum().item()
            scored += int(size.sum().item())
    assert scored == data.eval_bytes  # else this function is wrong
    if not math.isfinite(nats):
        raise Diverged("nan", "the trained model gives no finite loss on the validation documents")
    return nats / math.log(2) / scored


def _refuse_clairvoyance(logits: Callable[[Tensor], Tensor], inputs: Tensor, vocab: int) -> None:
    """Change the second half of every row: what the model says about the first must not change with it."""
    half = inputs.shape[1] // 2
    other = inputs.clone()
    other[:, half:] = (other[:, half:] + 1) % vocab
    change = (logits(inputs)[:, :half].float() - logits(other)[:, :half].float()).abs().max().item()
    if change > ROUNDING:
        msg = f"the model looks ahead: later tokens change its logits by {change:.2g}; mend its attention"
        raise NotPossible(msg)


# What result.json holds, whatever happened; null where it did not get so far.
RESULT = (
    "val_bpb", "exit_reason", "error", "eval_bytes", "tokens", "steps", "training_seconds", "total_seconds",
    "cpu_seconds", "peak_vram_mb", "mfu_percent", "data_id", "dataset", "budget", "seed", "train_sha256",
    "device", "threads", "torch_version", "num_params", "depth", "attention",
)  # fmt: skip


# Running a training -------------------------------------------------------------------------------


def conduct(
    train: Callable[[Trial], Callable[[Tensor], Tensor]], script: str, argv: Sequence[str] | None = None
) -> int:
    """Run one training from the command line to its score, and return the exit code.

    `train` is given the trial and returns the trained model: a function from tokens of shape (B, T) to logits
    of shape (B, T, vocab). Whatever goes wrong is reported; only what is not foreseen shows a traceback.
    """
    begun = time.perf_counter()
    options = _training_options(argv)
    report = Report(os.environ.get("AUTORESEARCH_JOB_DIR"))
    facts: dict[str, Any] = dict.fromkeys(RESULT)
    facts |= {"seed": options.seed, "threads": options.threads, "dataset": options.dataset}
    facts["train_sha256"] = hashlib.sha256(Path(script).read_bytes()).hexdigest()
    trial = None
    try:
        data = find(options.dataset)
        trial = Trial(
            data, options.budget or Budget.parse(data.budget), device=_choose_device(options.device),
            seed=options.seed, threads=options.threads, report=report,
        )  # fmt: skip
        model = train(trial)
        trial.end()
        scoring = time.perf_counter()
        facts["val_bpb"] = evaluate(model, data, trial.device)
        report.tell(
            "eval", sync=True, val_bpb=facts["val_bpb"], eval_bytes=data.eval_bytes,
            seconds=time.perf_counter() - scoring,
        )  # fmt: skip
        facts |= {"exit_reason": "budget_spent", "eval_bytes": data.eval_bytes}
        code = 0
    except BaseException as error:  # noqa: BLE001 - every end is told: Ctrl-C and sys.exit() too
        facts["exit_reason"], code = _reason(error)
        facts["error"] = traceback.format_exc().splitlines()[-20:]
        foreseen = isinstance(error, NotPossible | KeyboardInterrupt)
        _say(f"{Path(script).name}: {str(error) or 'interrupted'}" if foreseen else traceback.format_exc())
    if trial:
        facts |= trial.facts | {
            "tokens": trial.tokens, "steps": trial.steps,
            "training_seconds": trial.training_seconds or trial.elapsed,
            "mfu_percent": trial.mfu(), "peak_vram_mb": trial.peak_memory_mb(),
        }  # fmt: skip
    facts |= {"total_seconds": time.perf_counter() - begun, "cpu_seconds": cpu_seconds()}
    report.tell("failed" if code else "finished", sync=True, **facts)
    report.result(facts)
    if not code:
        _print_summary(facts)
    return code


def _reason(error: BaseException) -> tuple[str, int]:
    """Name what ended a training, and the exit code that says so."""
    if isinstance(error, NotPossible):
        return error.reason, error.code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", 130
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "out_of_memory", 1
    return "exception", 1


def _print_summary(facts: Mapping[str, Any]) -> None:
    """Print the lines that readers of a log look for, after a line of three dashes."""
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
    print("---", *(f"{name + ':':<18}{value}" for name, value in lines.items()), sep="\n", flush=True)


def _training_options(argv: Sequence[str] | None) -> argparse.Namespace:
    env = os.environ.get
    parser = argparse.ArgumentParser(description="Train once, for a fixed budget, and print val_bpb.")
    parser.add_argument(
        "--budget", type=Budget.parse, default=env("AUTORESEARCH_BUDGET") or None, metavar="UNIT:N",
        help="tokens:N or seconds:N; default: $AUTORESEARCH_BUDGET, or what the data set says",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=env("AUTORESEARCH_SEED") or 42, help="default: 42")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    threads = min(8, available_cores())  # more would mostly wait for each other, and burn time doing so
    parser.add_argument("--threads", type=int, default=threads, help="default: the cores there are, up to 8")
    parser.add_argument("--dataset", default=active_dataset(), help="default: $AUTORESEARCH_DATASET, or sotu")
    options = parser.parse_args(argv)
    if options.threads < 1:
        parser.error("--threads: at least 1")
    return options


def _choose_device(wanted: str) -> str:
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(device for device, available in there.items() if available)
    if not there[wanted]:
        msg = f"there is no {wanted} device here; take --device cpu"
        raise NotPossible(msg)
    return wanted


# Command line -------------------------------------------------------------------------------------


def check(name: str) -> dict[str, Any]:
    """Return what `--check` prints."""
    try:
        data = find(name)
    except NotReady as error:
        return {"ready": False, "missing": [str(error)], "dataset": name, "data_id": None, "profile": None}
    return {"ready": True, "missing": [], "dataset": name, "data_id": data.data_id, "profile": data.profile}


def main(argv: Sequence[str] | None = None) -> int:
    """Prepare a data set, or say if it is ready."""
    parser = argparse.ArgumentParser(description="Prepare the data of a training.")
    parser.add_argument("--dataset", help="sotu, climbmix, or your own; default: $AUTORESEARCH_DATASET")
    parser.add_argument("--text", type=Path, metavar="PATH", help="your own UTF-8 text: a file or a folder")
    parser.add_argument("--name", help="what to call that data set; default: from PATH")
    parser.add_argument("--check", action="store_true", help="print one JSON object; exit 0 if ready, else 3")
    options = parser.parse_args(argv)
    name = options.dataset or active_dataset()
    if options.text:
        stem = re.sub(r"[^a-z0-9]+", "-", options.text.resolve().stem.lower())
        name = options.name or stem.strip("-") or "text"
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name) or (options.text and name in BUILDERS):
        parser.error(f"{name!r} cannot name a data set; say --name, with letters, digits and dashes")
    if options.check:
        answer = check(name)
        print(json.dumps(answer))
        return 0 if answer["ready"] else EXIT_NOT_READY
    try:
        data = prepare(name, _builder(name, options.text), anew=options.text is not None)
    except NotPossible as error:
        _say(f"prepare.py: {error}")
        return error.code
    except OSError as error:
        _say(f"prepare.py: {error}; the data goes to {cache_folder()}, or where AUTORESEARCH_CACHE says")
        return 1
    except KeyboardInterrupt:
        _say("prepare.py: interrupted; the same command goes on")
        return 130
    print(f"{name} is ready: {data.train_tokens:,} tokens to train on, {data.eval_bytes:,} bytes to score")
    print(f"data_id {data.data_id} in {data.folder}")
    if data.name != active_dataset():
        print(f"to train on it: export AUTORESEARCH_DATASET={data.name}")
    return 0


def _builder(name: str, text: Path | None) -> Callable[[Path], None]:
    if text is None and name in BUILDERS:
        return BUILDERS[name]
    if text is None:  # a set made from a user's text can be mended while the text is still there
        try:
            text = Path(json.loads((cache_folder() / name / "manifest.json").read_bytes())["source"])
        except (OSError, ValueError, KeyError):
            msg = f"data set {name!r} is not known; run: python prepare.py --text PATH --name {name}"
            raise NotReady(msg) from None
    source = text.resolve()
    return lambda folder: build_text(folder, source)


BUILDERS: dict[str, Callable[[Path], None]] = {"sotu": build_sotu, "climbmix": build_climbmix}

if __name__ == "__main__":
    raise SystemExit(main())
