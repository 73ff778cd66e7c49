"""Byte-level BPE: learned, stored, and applied both ways. Deterministic: equal texts give equal tokens."""

from __future__ import annotations

import heapq
import math
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from text.errors import NotReady


Pair = tuple[int, int]

# Every character falls into exactly one alternative: the pieces, joined, are the text.
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d{1,3}| ?(?:[^\w\s]|_)+|\s+(?!\S)|\s"
PIECES = re.compile(PATTERN)
KNOWN_PIECES = 1_000_000  # web text has no end of distinct words


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
        pieces = _Pieces(texts)
        heap = [(-n, pair) for pair, n in pieces.count.items()]
        heapq.heapify(heap)
        merges: list[Pair] = []
        while heap and len(merges) < vocab - 257:
            negative, pair = heapq.heappop(heap)
            count = pieces.count[pair]
            if count != -negative:  # counts that fell are corrected when they come up, not at once
                heapq.heappush(heap, (-count, pair))
                continue
            if count <= 1:
                break
            for grown in pieces.merge(pair, 256 + len(merges)):
                heapq.heappush(heap, (-pieces.count[grown], grown))
            merges.append(pair)
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

    def stream(self, documents: Iterable[str], enough: float = math.inf) -> array[int]:
        """Return documents one after the other, BOS before each, until there are enough tokens; uint16."""
        tokens = array("H")
        for document in documents:
            if len(tokens) >= enough:
                break
            tokens.append(self.bos)
            tokens.extend(self.encode(document))
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


class _Pieces:
    """The distinct pieces of texts as tokens; how often each pair of neighbours stands in them, and where."""

    def __init__(self, texts: Iterable[str]) -> None:
        pieces = Counter(piece for text in texts for piece in PIECES.findall(text))
        self.ids = [list(piece.encode()) for piece in pieces]
        self.times = list(pieces.values())
        self.count: Counter[Pair] = Counter()
        self.where: defaultdict[Pair, set[int]] = defaultdict(set)
        for i, ids in enumerate(self.ids):
            for pair in pairwise(ids):
                self.count[pair] += self.times[i]
                self.where[pair].add(i)

    def merge(self, pair: Pair, new: int) -> set[Pair]:
        """Put `new` in the place of a pair; return the pairs that came up by it."""
        grown: set[Pair] = set()
        for i in self.where.pop(pair):
            ids = _merge(self.ids[i], pair, new)
            for gone in pairwise(self.ids[i]):
                self.count[gone] -= self.times[i]
            for come in pairwise(ids):
                self.count[come] += self.times[i]
                self.where[come].add(i)
                grown.add(come)
            self.ids[i] = ids
        return grown


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
