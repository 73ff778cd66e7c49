"""docs/log.md, held against the tests and the table that it speaks of."""

import ast
import re
from pathlib import Path

from autoresearch.events.encoding.redact import PATTERNS


ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "log.md").read_text(encoding="utf-8")


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the one table under a heading, without its head."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_each_promise_names_tests_that_exist():
    """Every promise has a proof, and each test it names is in the file it names."""
    for promise, proofs in _rows("Promises"):
        named = re.findall(r"`(?:(tests/\S+\.py)::)?(\w+)`", proofs)
        assert named, promise
        path = ""
        for file, name in named:
            path = file or path
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            known = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
            assert name in known, f"{path}::{name}"


def test_the_shapes_on_the_page_are_those_of_the_table():
    """What is taken out is listed whole, in the order of the table."""
    assert [what for what, _, _ in PATTERNS] == [shape for shape, _ in _rows("What is taken out")]
