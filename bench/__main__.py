"""Measure, and print the table: `python -m bench [--quick] [NAME...]`; without names, everything.

A name is a module of this folder with a function `figures(quick)`. Exit 1 where a target is missed.
"""

import os
import platform
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bench.table import Figure, text


NOT_MEASUREMENTS = ("__init__", "__main__", "table")


def main(words: Sequence[str]) -> int:
    """Measure what was named and print the table."""
    known = sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_MEASUREMENTS
    )
    quick = "--quick" in words
    names = [word for word in words if word != "--quick"] or known
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.stderr.write(f"there is no measurement {unknown[0]!r}; there is {', '.join(known)}\n")
        return 2
    found: list[Figure] = []
    for name in names:
        sys.stderr.write(f"measuring {name} ...\n")
        found += import_module(f"bench.{name}").figures(quick=quick)
    sys.stdout.write(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores\n\n")
    sys.stdout.write(text(found))
    return 1 if any(one.falls_short for one in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
