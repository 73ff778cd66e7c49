"""The lines of a log that look like a metric's, for people whose training printed none that counts. Pure."""

import difflib
import re
from collections.abc import Iterable

from autoresearch.engine.metrics.log_lines import plain
from autoresearch.engine.system.foreign_files import lines_of


_SHOWN = 3
_CHARACTERS = 120  # of a line
_BYTES = 64 * 2**10
_MOST_KEYS = 1000
_KEYED = re.compile(r"[\"']?([A-Za-z_][\w./ -]{0,40}?)[\"']?\s*[:=]\s*[\[(\"']?[-+]?\.?\d")
_ALIKE = 0.6


def nearest(pieces: Iterable[bytes], name: str) -> str:
    """Return up to three lines that hold the name, else such as hold a number under one like it."""
    parts = [re.escape(part) for part in re.split(r"[\W_]+", name) if part] or [re.escape(name)]
    named = re.compile(r"[\W_]*".join(parts), re.IGNORECASE)
    holding: dict[str, str] = {}  # by its form: the last line of it
    keyed: dict[str, str] = {}
    for raw in lines_of(pieces, _BYTES):
        for part in raw.decode(errors="replace").replace("\r", "\n").split("\n"):
            line = plain(part).strip()
            if named.search(line):
                form = re.sub(r"\d+", "#", line[:_CHARACTERS])
                holding.pop(form, None)
                holding[form] = line
                if len(holding) > _MOST_KEYS:
                    del holding[next(iter(holding))]
            elif len(keyed) < _MOST_KEYS:
                keyed |= dict.fromkeys(_KEYED.findall(line), line)
    with_digits = [line for line in holding.values() if re.search(r"\d", line)] or list(holding.values())
    alike = difflib.get_close_matches(name, keyed, _SHOWN, _ALIKE)
    found = with_digits[-_SHOWN:] or list(dict.fromkeys(keyed[key] for key in alike))
    return " | ".join(line[:_CHARACTERS] for line in found)
