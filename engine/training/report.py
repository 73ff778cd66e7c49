"""What a training says of itself beside the metric: result.json, or the summary lines of its log."""

import re

from autoresearch.engine.metrics.metric import NUMBER
from autoresearch.engine.system.foreign_files import number
from autoresearch.events.values import Measured


_MOST_CHARACTERS = 200
_LINE = re.compile(rb"^(peak_vram_mb|training_seconds|total_seconds|num_steps):[ \t]*(\S+)", re.MULTILINE)


def measured(told: dict[str, object] | None, log_end: bytes) -> Measured:
    """Return the facts of result.json, and of the log's last lines where that does not say them."""
    facts = {**_summary(log_end), **{key: value for key, value in (told or {}).items() if value is not None}}
    return Measured(
        peak_vram_mb=number(facts.get("peak_vram_mb")),
        training_seconds=number(facts.get("training_seconds")),
        total_seconds=number(facts.get("total_seconds")),
        num_steps=_whole(facts.get("steps", facts.get("num_steps"))),
        data_id=_word(facts.get("data_id")),
        seed=_whole(facts.get("seed")),
        device=_word(facts.get("device")),
        threads=_whole(facts.get("threads")),
        torch_version=_word(facts.get("torch_version")),
    )


def _summary(log_end: bytes) -> dict[str, object]:
    facts: dict[str, object] = {}
    for match in _LINE.finditer(log_end.replace(b"\r", b"\n")):
        text = match[2].decode("ascii", errors="replace")
        if NUMBER.fullmatch(text):
            facts[match[1].decode()] = float(text)
    return facts


def _whole(value: object) -> int | None:
    found = number(value)
    # Beyond 2^53 a JSON number is not the same in every language, and no count of ours comes near.
    return int(found) if found is not None and found.is_integer() and abs(found) <= 2**53 else None


def _word(value: object) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    return value.encode(errors="replace").decode()[:_MOST_CHARACTERS]
