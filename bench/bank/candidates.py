"""The changes to train.py that the bank holds: each on its parent, down to the file as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


SCRIPT = Path(__file__).resolve().parents[2] / "train.py"
BASELINE = "baseline"

Kind = Literal["constants", "structure"]
Edit = tuple[str, str]  # a piece of text that stands once in the parent's train.py, and what takes its place


@dataclass(frozen=True)
class Candidate:
    """One change.

    `planted` is what was known before any training: "same" gives the parent's number to the last digit,
    "dice" draws other random numbers and is as good, and None says nothing.
    """

    name: str
    kind: Kind
    edits: tuple[Edit, ...]
    parent: str = BASELINE
    planted: Literal["same", "dice"] | None = None


def constant(name: str, *edits: Edit, parent: str = BASELINE) -> Candidate:
    """Return a change of constants alone, as the runner sees it: those of a shape are among them."""
    return Candidate(name, "constants", edits, parent)


def structure(name: str, *edits: Edit, parent: str = BASELINE) -> Candidate:
    """Return a change of what is computed."""
    return Candidate(name, "structure", edits, parent)


SQUARED_RELU = "h = relu(project(norm(x), self.up)).square()"
EVERY_SECOND = "[(DEPTH - 1 - layer) % 2 == 0 for layer in range(DEPTH)]"
PLACE = "            x = x + embedding(place, self.bigrams)\n"
TRIGRAMS = (
    "            before = previous(tokens)\n"
    "            place = (tokens * 40_503 ^ before * 30_011 ^ previous(before) * 21_943) % BIGRAMS\n"
    "            x = x + embedding(place, self.bigrams)\n"
)
HEAD = "        self.head = nn.Parameter(0.001 * torch.randn(vocab, DIM))\n"
EMBED = "        self.embed = nn.Parameter(torch.randn(vocab, DIM))\n"

NOTHING = [
    Candidate(
        "comment",
        "structure",
        (("    B, T = q.shape[:2]\n", "    B, T = q.shape[:2]  # rows, tokens\n"),),
        planted="same",
    ),
    Candidate(
        "renamed",
        "structure",
        (("weights = sum(p.numel() for p in", "weights = sum(one.numel() for one in"),),
        planted="same",
    ),
    Candidate(
        "reordered",
        "structure",
        (
            (
                "h = norm(x)\n        qkv = project(h, self.qkv.flatten(0, 1))",
                "weight = self.qkv.flatten(0, 1)\n        h = norm(x)\n        qkv = project(h, weight)",
            ),
        ),
        planted="same",
    ),
    Candidate("rewritten", "constants", (("BIGRAMS = 65_536", "BIGRAMS = 2**16"),), planted="same"),
    Candidate("one-more-draw", "structure", ((EMBED, f"        torch.rand(1)\n{EMBED}"),), planted="dice"),
    Candidate("head-first", "structure", ((HEAD, ""), (EMBED, HEAD + EMBED)), planted="dice"),
    Candidate(
        "mirrored",
        "structure",
        (("uniform_(-bound, bound))", "uniform_(-bound, bound).neg())"),),
        planted="dice",
    ),
    Candidate(
        "other-primes", "structure", (("36_313 ^", "39_119 ^"), ("27_191)", "25_453)")), planted="dice"
    ),
]

CONSTANTS = [
    constant("matrix-lr-0.045", ("MATRIX_LR = 0.03", "MATRIX_LR = 0.045")),
    constant("matrix-lr-0.06", ("MATRIX_LR = 0.03", "MATRIX_LR = 0.06")),
    constant("matrix-lr-0.015", ("MATRIX_LR = 0.03", "MATRIX_LR = 0.015")),
    constant("head-lr-0.016", ("HEAD_LR = 0.008", "HEAD_LR = 0.016")),
    constant("head-lr-0.006", ("HEAD_LR = 0.008", "HEAD_LR = 0.006")),
    constant("value-lr-0.6", ("VALUE_LR = 0.3", "VALUE_LR = 0.6")),
    constant("query-1.3", ("QUERY_SCALE = 1.2", "QUERY_SCALE = 1.3")),
    constant("query-1.6", ("QUERY_SCALE = 1.2", "QUERY_SCALE = 1.6")),
    constant("x0-0.2", ("X0_LAMBDA = 0.1", "X0_LAMBDA = 0.2")),
    constant("decay-0.12", ("MATRIX_DECAY = 0.1 ", "MATRIX_DECAY = 0.12 ")),
    constant("momentum-0.9", ("MOMENTUM = 0.95  # of Muon", "MOMENTUM = 0.9  # of Muon")),
    constant("warmdown-0.3", ("WARMDOWN = 0.6", "WARMDOWN = 0.3")),
    constant("warmdown-0.8", ("WARMDOWN = 0.6", "WARMDOWN = 0.8")),
    constant("final-lr-0", ("FINAL_LR = 0.05  # what", "FINAL_LR = 0.0  # what")),
    constant("embed-lr-0.45", ("EMBED_LR = 0.3", "EMBED_LR = 0.45")),
    constant("rope-1000", ("ROPE_BASE = 10_000.0", "ROPE_BASE = 1_000.0")),
]

SHAPES = [
    structure("gelu", (SQUARED_RELU, "h = nn.functional.gelu(project(norm(x), self.up))")),
    structure(
        "leaky",
        (" relu(project(norm(x), self.up))", " nn.functional.leaky_relu(project(norm(x), self.up), 0.3)"),
    ),
    constant("mlp-5", ("MLP_RATIO = 4  # hidden", "MLP_RATIO = 5  # hidden")),
    constant("depth-3", ("DEPTH = 2  # layers", "DEPTH = 3  # layers")),
    constant("no-smear", ("SMEAR_LR = 0.02", "SMEAR_LR = 0.0")),
    constant("softcap-15", ("SOFTCAP = 0.0", "SOFTCAP = 15.0")),
    constant("bigrams-32768", ("BIGRAMS = 65_536", "BIGRAMS = 32_768")),
    structure("values-everywhere", (EVERY_SECOND, "[True] * DEPTH")),
]

CHAINS = [
    # Smaller batches, then the rates that suit them.
    constant("rows-12", ("ROWS = 16  # rows", "ROWS = 12  # rows")),
    constant("rows-8", ("ROWS = 12  # rows", "ROWS = 8  # rows"), parent="rows-12"),
    constant(
        "rows-8-momentum", ("MOMENTUM = 0.95  # of Muon", "MOMENTUM = 0.97  # of Muon"), parent="rows-8"
    ),
    # More of what came before.
    constant("bigrams-131072", ("BIGRAMS = 65_536", "BIGRAMS = 131_072")),
    structure("trigrams", (PLACE, PLACE + TRIGRAMS), parent="bigrams-131072"),
    structure(
        "trigrams-rate",
        ("Adam(model.bigrams, EMBED_LR * width", "Adam(model.bigrams, 2 * EMBED_LR * width"),
        parent="trigrams",
    ),
    structure(
        "trigrams-norm",
        ("x = norm(x.to(self.dtype))", "x = norm(norm(x).to(self.dtype))"),
        parent="trigrams-rate",
    ),
    # Constants alone, each a little.
    constant("embed-lr-0.6", ("EMBED_LR = 0.3", "EMBED_LR = 0.6")),
    constant("embed-x0", ("X0_LAMBDA = 0.1", "X0_LAMBDA = 0.3"), parent="embed-lr-0.6"),
    constant(
        "embed-x0-beta",
        ("ADAM_BETA2 = 0.95  # Adam: memory", "ADAM_BETA2 = 0.98  # Adam: memory"),
        parent="embed-x0",
    ),
    # A harm that the changes upon it cannot mend.
    structure("gate-3", ("gate = 2 * torch", "gate = 3 * torch"), parent="values-everywhere"),
    constant("gate-3-value-lr", ("VALUE_LR = 0.3", "VALUE_LR = 0.6"), parent="gate-3"),
]

CANDIDATES = [Candidate(BASELINE, "constants", (), parent=""), *NOTHING, *CONSTANTS, *SHAPES, *CHAINS]
BY_NAME = {one.name: one for one in CANDIDATES}


def source(candidate: Candidate) -> str:
    """Return train.py with the candidate's change, upon those of its parents.

    Raises: ValueError: a piece of text does not stand exactly once in the parent's file.
    """
    if candidate.name == BASELINE:
        return SCRIPT.read_text(encoding="utf-8")
    text = source(BY_NAME[candidate.parent])
    for old, new in candidate.edits:
        if text.count(old) != 1:
            msg = f"{candidate.name}: {old!r} stands {text.count(old)} times, not once"
            raise ValueError(msg)
        text = text.replace(old, new)
    return text
