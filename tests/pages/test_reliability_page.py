"""docs/reliability.md and docs/seal.md against the tests that they name."""

import ast
import re
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
SEAL = (ROOT / "docs" / "seal.md").read_text()
NAMED = sorted(set(re.findall(r"`(\S+\.py)::(test_\w+)`", PAGE + SEAL)))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_every_test_that_is_named_exists(file: str, test: str):
    """A promise's test is there under its name."""
    tree = ast.parse((ROOT / "tests" / file).read_text())
    assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_a_test():
    """No row of a table stands without a test."""
    rows = [line for line in (PAGE + SEAL).splitlines() if line.startswith("| ") and "---" not in line]
    promises = [row for row in rows if not row.endswith("| test |")]
    assert len(promises) > 30
    assert [] == [row for row in promises if "::test_" not in row]
