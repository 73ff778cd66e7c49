"""Which number of an output is probably the one that counts, and which way is better. Pure."""

import json
import re
from collections.abc import Iterable, Iterator

from attrs import frozen


NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_KEYED = re.compile(
    rf"(?<![\w/.-])(?P<name>[A-Za-z_][\w./@]*(?: [A-Za-z_][\w./@]*)?)[\"']?(?:\s*[:=]\s*|\s+)[\"'\[(]?"
    rf"(?P<number>{NUMBER})(?![\w.]*[A-Za-z_/])"
)
_TIMED = re.compile(rf"({NUMBER})\s*(?:ms|us|ns|s)\b")
_WORD = re.compile(r"[A-Za-z]+")
_HELD_BACK = frozenset(("val", "valid", "validation", "eval", "test", "dev", "heldout", "holdout"))
_LOWER = {
    **dict.fromkeys(("bpb", "bpc"), 70),
    **dict.fromkeys(
        ("perplexity", "ppl", "rmse", "mse", "mae", "wer", "cer", "fid", "nll", "rmsle", "logloss"), 45
    ),
    **dict.fromkeys(("loss", "error", "err", "cost", "regret", "crossentropy"), 40),
}
_HIGHER = {
    **dict.fromkeys(
        ("accuracy", "acc", "auc", "auroc", "f1", "bleu", "rouge", "map", "iou", "miou", "dice"), 50
    ),
    **dict.fromkeys(("r2", "precision", "recall", "top1", "psnr", "ssim", "mcc", "ndcg", "kappa"), 45),
    **dict.fromkeys(("reward", "return", "score", "winrate", "elo"), 40),
}
# What a benchmark measures; beside any of the above it only says how long that took.
_FASTER = ("ms", "us", "ns", "seconds", "time", "sec", "latency", "elapsed", "runtime", "cycles")
_MORE = (
    "gflops",
    "flops",
    "tflops",
    "throughput",
    "ops",
    "mops",
    "qps",
    "bandwidth",
    "speedup",
    "gbps",
    "iops",
)
_NEVER = frozenset(
    [
        "step",
        "steps",
        "epoch",
        "epochs",
        "iter",
        "iters",
        "iteration",
        "iterations",
        "lr",
        "rate",
        "seed",
        "batch",
        "size",
        "samples",
        "params",
        "parameters",
        "depth",
        "layers",
        "width",
        "rank",
        "world",
        "port",
        "pid",
        "line",
        "version",
        "count",
        "num",
        "total",
        "eta",
        "remaining",
        "progress",
        "gpu",
        "vram",
        "mem",
        "memory",
        "mb",
        "gb",
        "tok",
        "tokens",
        "mfu",
        "warmup",
        "threads",
        "workers",
        "began",
    ]
)
_TAIL = 40  # lines at the end, where a summary stands


@frozen(kw_only=True)
class Candidate:
    """A name under which numbers were printed."""

    name: str
    line: str  # the last one that holds it
    worth: int
    lower: bool | None  # which way is better; None: the name does not tell


def candidates(lines: Iterable[str]) -> list[Candidate]:
    """Return the names in an output, the likeliest first; those that count nothing are left out."""
    last: dict[str, tuple[int, str]] = {}
    at = 0
    for at, line in enumerate(lines):
        for name in _names(line):
            last[name] = at, line.strip()
    found = [_candidate(name, line, late=at - place < _TAIL) for name, (place, line) in last.items()]
    return sorted((one for one in found if one.worth > 0), key=lambda one: -one.worth)


def is_lower_better(name: str) -> bool | None:
    """Return whether a lower number of this name is better; None where the name does not tell."""
    words = _words(name)
    if any(word in _HIGHER or word in _MORE for word in words) or _is_a_rate(name):
        return False
    return True if any(word in _LOWER or word in _FASTER for word in words) else None


def _names(line: str) -> Iterator[str]:
    begin = line.find("{")
    if begin >= 0:
        try:
            told = json.loads(line[begin:])
        except ValueError:
            told = None
        if isinstance(told, dict):
            yield from (key for key, value in told.items() if type(value) in (int, float))
            return
    for match in _KEYED.finditer(line[:2000]):
        name = match["name"]
        first, _, second = name.partition(" ")
        plain = second and not (_HELD_BACK | {"train"}) & {first.lower()} and _kind(second)
        yield second if plain else name


def _candidate(name: str, line: str, *, late: bool) -> Candidate:
    words = _words(name)
    worth = _kind(name)
    if worth and _HELD_BACK & set(words):
        worth += 40
    if "train" in words or "training" in words:
        worth -= 20 if worth >= 40 else 0  # noqa: PLR2004 - it is a metric, and of what was learnt from
    return Candidate(
        name=name, line=line, worth=worth + 5 * (late and worth > 0), lower=is_lower_better(name)
    )


def _kind(name: str) -> int:
    words = _words(name)
    known = max((max(_LOWER.get(word, 0), _HIGHER.get(word, 0)) for word in words), default=0)
    if known:
        return known
    if _NEVER & set(words):
        return 0
    if _is_a_rate(name) or any(word in _MORE for word in words):
        return 8
    if any(word in _FASTER for word in words):
        return 6 if not {"training", "total", "startup", "compile"} & set(words) else 2
    return 1 if _HELD_BACK & set(words) else 0


def _is_a_rate(name: str) -> bool:
    return bool(re.search(r"per_?s(?:ec)?\b|/s(?:ec)?\b", name.lower()))


def _words(name: str) -> list[str]:
    spread = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [*(word.lower() for word in _WORD.findall(spread)), *re.findall(r"[a-z]+\d+", name.lower())]
