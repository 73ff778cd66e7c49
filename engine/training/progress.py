"""Where a running training stands, by its progress.jsonl, else by the step lines of its log.

Nothing here raises: progress is a courtesy. The last line may be cut, so what follows the last newline is not
read. Imports only what starts fast; engine/training/progress_digest.py has what is wanted once it has ended.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from autoresearch.engine.paths import JobPaths
from autoresearch.engine.system.foreign_files import number, object_in, tail_of


TAIL_BYTES = 64 * 2**10

# Compiled by its first use: most who import this ask of no training.
_STEP = (
    r"(?a)step\s+\d+\s*\((?P<percent>[\d.]+)%\)\s*\|\s*loss:\s*(?P<loss>[-+.\deE]+)"
    r"(?:.*?tok/sec:\s*(?P<tok_per_s>[\d.,]+))?(?:.*?remaining:\s*(?P<seconds_left>[\d.,]+)s)?"
)


class Progress:
    """Where a running training stands; None where it does not say."""

    def __init__(
        self,
        *,
        percent: float | None,
        seconds_left: float | None,
        loss: float | None,
        tok_per_s: float | None,
    ) -> None:
        self.percent = percent
        self.seconds_left = seconds_left
        self.loss = loss
        self.tok_per_s = tok_per_s


def progress_now(folder: Path) -> Progress | None:
    """Say where a training stands, from the ends of its files; None where it has said nothing yet."""
    for line in reversed(tail_of(JobPaths(folder).progress, TAIL_BYTES).split(b"\n")[:-1]):
        told = object_in(line)
        if told is not None and kind_of(told) == "progress":
            return _progress(told)
    text = tail_of(JobPaths(folder).output, TAIL_BYTES).decode(errors="replace").replace("\r", "\n")
    for said in reversed(text.split("\n")):
        step = step_in(said)
        if step is not None:
            return step
    return None


def step_in(line: str) -> Progress | None:
    """Return what a step line of a log says; None where it is none."""
    match = re.search(_STEP, line[:1000])
    return _progress({key: _parsed(word) for key, word in match.groupdict().items()}) if match else None


def kind_of(told: Mapping[str, object]) -> object:
    """Return what a line of progress.jsonl is about."""
    return told.get("kind", told.get("event"))


def _progress(told: Mapping[str, object]) -> Progress:
    return Progress(
        percent=number(told.get("percent")),
        seconds_left=number(told.get("seconds_left")),
        loss=number(told.get("loss")),
        tok_per_s=number(told.get("tok_per_s")),
    )


def _parsed(word: str | None) -> float | None:
    try:
        return number(float((word or "").replace(",", "")))
    except ValueError:
        return None
