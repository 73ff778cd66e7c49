"""Which column of a foreign table is what, by its name and its cells, and what its words mean. Pure."""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Literal

from autoresearch.engine.imports.formats import Table
from autoresearch.events.errors import UsageRefused, WayOut


ROLES = ("metric", "status", "commit", "description", "memory")
NOTHING = {"", "-", "--", "\u2013", "\u2014", "n/a", "na", "nan", "none", "null", "?"}
NUMBER = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*%?")
# By role: names of columns, in lower case, the likeliest first.
KNOWN: Mapping[str, tuple[str, ...]] = {
    "metric": (
        *(
            "val_bpb",
            "metric",
            "metric_after",
            "objective",
            "value",
            "score",
            "val_loss",
            "test_loss",
            "loss",
        ),
        *(
            "accuracy",
            "val_accuracy",
            "acc",
            "f1",
            "auc",
            "r2",
            "best_r2",
            "rmse",
            "mae",
            "mse",
            "perplexity",
        ),
    ),
    "status": ("status", "verdict", "decision", "outcome", "result", "state", "kept"),
    "commit": (
        "commit",
        "commit_hash",
        "hash",
        "sha",
        "git_commit",
        "run_id",
        "run id",
        "id",
        "number",
        "run",
    ),
    "description": (
        *("description", "change", "idea", "hypothesis", "notes", "note", "message", "summary", "params"),
        *("experiment", "name"),
    ),
    "memory": ("memory_gb", "peak_vram_gb", "memory_mb", "peak_vram_mb", "metrics.memory_mb"),
}
BETTER_HIGH = (
    "acc|accuracy|f1|r2|auc|auroc|score|sharpe|reward|return|precision|recall|bleu|rouge|iou|map|throughput"
    "|speed|mfu|tokens_per_s|win_rate|elo"
)
BETTER_LOW = "bpb|loss|err|error|ppl|perplexity|rmse|mae|mse|wer|cer|fid|seconds|time|latency|ms|s|bytes"
HIGHER, LOWER = (
    re.compile(rf"(?:^|[_. /])(?:{words})(?:$|[_. /@0-9])") for words in (BETTER_HIGH, BETTER_LOW)
)
Said = Literal["keep", "discard", "crash", "measured"]
WORDS: tuple[tuple[Said, tuple[str, ...]], ...] = (
    ("keep", ("keep", "kept", "baseline", "best", "accept", "improve", "adopt", "true", "yes", "merge")),
    ("crash", ("crash", "fail", "error", "oom", "timeout", "timed", "killed", "broken", "checks_failed")),
    (
        "discard",
        (
            "discard",
            "revert",
            "reject",
            "worse",
            "drop",
            "skip",
            "prune",
            "false",
            "no",
            "running",
            "waiting",
        ),
    ),
    ("measured", ("complete", "finish", "done", "ok", "success", "measured")),
)


def mapping(table: Table, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return which column is read as what; `wanted` goes before what is guessed.

    Raises:
        UsageRefused: a role or a column that there is not, or no column holds the number.
    """
    for role, column in wanted.items():
        if role not in ROLES:
            raise UsageRefused(f"nothing is read as {role}", remedy=f"say one of {', '.join(ROLES)}")
        if column not in table.columns:
            raise UsageRefused(f"there is no column {column}", remedy=f"there are {', '.join(table.columns)}")
    found = dict(wanted)
    lower = {re.sub(r"^(?:metrics|summary)[./]", "", name.lower()): name for name in reversed(table.columns)}
    lower |= {name.lower(): name for name in reversed(table.columns)}
    for role in ROLES:
        named = [lower[one] for one in KNOWN[role] if one in lower and lower[one] not in found.values()]
        if role not in found and named and (role != "metric" or _numeric(table, named[0])):
            found[role] = named[0]
    if "metric" not in found:
        left = [one for one in table.columns if one not in found.values() and _numeric(table, one)]
        # Of Weights & Biases and MLflow, what was measured stands apart from what was set.
        measured = [one for one in left if one.startswith(("metrics.", "metrics/", "summary"))] or left
        if not measured:
            raise UsageRefused("no column holds the number that counts", remedy=WayOut("map_metric"))
        found["metric"] = measured[0]
    return {role: found[role] for role in ROLES if role in found}


def metric_name(column: str) -> str:
    """Return the name of the number, as its column has it."""
    return re.sub(r"^(?:metrics|summary)[./]", "", column)


def lower_is_better(name: str, kept: Sequence[float]) -> bool:
    """Return which way is better: by the name, else by how the kept numbers went."""
    if HIGHER.search(name.lower()):
        return False
    if LOWER.search(name.lower()) or len(kept) < 2:  # noqa: PLR2004 - a way takes two
        return True
    return kept[-1] <= kept[0]


def number(text: str) -> float | None:
    """Return a number, None where a cell says that there is none.

    Raises:
        ValueError: it is neither.
    """
    if text.strip().lower() in NOTHING:
        return None
    match = NUMBER.fullmatch(text.strip())
    if match is None or not isfinite(float(match[1])):
        raise ValueError(text)
    return float(match[1])


def status(text: str) -> Said | None:
    """Return what a status means; None: nobody knows."""
    word = text.strip().lower()
    if word in NOTHING:
        return "measured"
    return next((said for said, words in WORDS if word.startswith(words)), None)


def _numeric(table: Table, column: str) -> bool:
    """Say whether most cells of a column are numbers, or say that there is none, and one at least is."""
    cells = [row.get(column, "") for _, row in table.rows]
    known = 0
    for cell in cells:
        try:
            known += number(cell) is not None
        except ValueError:
            known -= 1
    return known > 0
