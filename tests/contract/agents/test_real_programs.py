"""What the docs say of the real programs is what their tests are for."""

import re

from tests.agents.coverage import NONE, table
from tests.agents.programs import ROOT


def test_the_table_of_real_programs_is_that_of_their_tests():
    """docs/agents.md names every test and version, and has a hole where a test leaves a program out."""
    lines = (ROOT / "docs" / "agents.md").read_text().splitlines()
    expected = [_shape(line) for line in table({})]
    first = next(n for n, line in enumerate(lines) if _shape(line) == expected[0])
    assert expected == [_shape(line) for line in lines[first : first + len(expected)]]
    assert not lines[first + len(expected)].startswith("|")


def _shape(line: str) -> list[str]:
    """Return the cells of a line of a table: of figures only that they are there."""
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    return [
        cells[0],
        *(re.sub(r"(?:✓|[\d, ])+", "is tested", cell) if cell != NONE else cell for cell in cells[1:]),
    ]
