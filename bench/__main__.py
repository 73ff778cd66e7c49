"""Measure, and print the table: `python -m bench [--quick] [--write] [NAME...]`; without names, everything.

A name is a module of this folder with a function `figures(quick)`. With --write, the table of
docs/benchmarks.md becomes the one that was measured. Exit 1 where a target is missed.
`python -m bench belief` plays nights by each rule instead of taking times, `python -m bench keeps` looks at
their keeps once more: bench/belief.
"""

import os
import platform
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.belief import report, sureness
from bench.table import Figure, text, with_table


HOME = Path(__file__).resolve().parents[1]
PAGE = HOME / "docs" / "benchmarks.md"
NOT_MEASUREMENTS = ("__init__", "__main__", "folding", "histories", "memory", "profiles", "seal", "table")


def main(words: Sequence[str]) -> int:
    """Measure what was named and print the table."""
    if words[:1] == ["belief"]:
        return report.main(words[1:])
    if words[:1] == ["keeps"]:
        return sureness.main(words[1:])
    modules = {
        path.stem: f"{room}.{path.stem}"
        for room in ("bench", "bench.logs")
        for path in (HOME / room.replace(".", "/")).glob("*.py")
        if path.stem not in NOT_MEASUREMENTS
    }
    known = sorted(modules)
    options = {word for word in words if word in ("--quick", "--write")}
    names = [word for word in words if word not in options] or known
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.stderr.write(f"there is no measurement {unknown[0]!r}; there is {', '.join(known)}\n")
        return 2
    found: list[Figure] = []
    with TemporaryDirectory(prefix="bench-devices-") as devices:
        os.environ["AUTORESEARCH_DEVICES"] = devices  # no turns are taken with a real run
        for name in names:
            sys.stderr.write(f"measuring {name} ...\n")
            found += import_module(modules[name]).figures(quick="--quick" in options)
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    table = f"{system}, Python {platform.python_version()}\n\n{text(found)}"
    sys.stdout.write(table)
    if "--write" in options:
        PAGE.write_text(with_table(PAGE.read_text(), table))
    return 1 if any(one.falls_short for one in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
