"""The claim of a job as it is read: who supervises it, and which process it is.

Its supervisor adds a line whenever it knows more, and never writes over one: what is read while it writes is
the line before, and never half of each.
"""

import json
from pathlib import Path

from attrs import fields, frozen

from autoresearch.engine.paths import JobPaths
from autoresearch.events.values import Process


@frozen(kw_only=True)
class Claim:
    """Who is at work on a job; None: not known (yet)."""

    supervisor: Process | None = None
    child: Process | None = None
    refused: str = ""  # what the system had against exit.json


def read_claim(folder: Path) -> Claim | None:
    """Return what the claim says last; None where nobody has written into it. Garbage names nobody."""
    try:
        data = JobPaths(folder).claim.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not data:
        return None
    for line in reversed(data.splitlines()):
        try:
            told = json.loads(line)
            supervisor, child = (_process(told[name]) for name in ("supervisor", "child"))
            return Claim(supervisor=supervisor, child=child, refused=str(told.get("refused", "")))
        except (ValueError, TypeError, KeyError):
            continue
    return Claim()


def _process(told: dict[str, object] | None) -> Process | None:
    return None if told is None else Process(**{one.name: told[one.name] for one in fields(Process)})  # type: ignore[arg-type]
