"""Change a history as somebody would who knows the record format: the chain is made right again."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autoresearch.events.encoding.codec import NO_HASH


Record = dict[str, Any]


def records_of(history: Path) -> list[Record]:
    """Return the records as JSON has them, in order."""
    return [json.loads(line) for line in history.read_text().splitlines()]


def rewrite(history: Path, records: list[Record]) -> None:
    """Write these records as a history, numbered and chained anew."""
    lines, prev = [], NO_HASH
    for seq, record in enumerate(records, start=1):
        fields = {"seq": seq, **{name: record[name] for name in record if name not in ("seq", "h")}}
        signed = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)[:-1]
        prev = hashlib.sha256(f"{prev}{signed}".encode()).hexdigest()
        lines.append(f'{signed},"h":"{prev}"}}\n')
    history.write_text("".join(lines))


def tamper(history: Path, change: Callable[[list[Record]], object]) -> None:
    """Let `change` spoil the list of records, and write it."""
    records = records_of(history)
    change(records)
    rewrite(history, records)


def first(records: list[Record], type_: str, **data: object) -> Record:
    """Return the first record of a type whose data hold these values."""
    return next(
        one
        for one in records
        if one["type"] == type_ and all(one["data"][name] == value for name, value in data.items())
    )
