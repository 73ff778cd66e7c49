"""A column of a table that a log prints: a header that names it, and the rows right below. Pure."""

import re
from collections.abc import Callable

from autoresearch.engine.metrics.numbers_in_text import Number, number_at


_RULE = re.compile(r"[\s|│┃║+┼├┤╞╡╪┌┐└┘┬┴─━═=:\-]*")  # a line that only draws
_BARS = re.compile(r"\s*[|│┃║]\s*")
_GAPS = re.compile(r"\s{2,}")
_WORD = re.compile(r"[A-Za-z_%#][\w./%#()\[\]-]*")
_LONGEST = 2000  # characters of a row
_VALUE = re.compile(r"[+-]?\.?\d|nan|inf", re.IGNORECASE)


class Table:
    """Knows the column of the table that is being read, if one is; the first line of another kind ends it."""

    def __init__(self, name: str) -> None:
        self._name = name.lower()
        self._column = 0
        self._count = 0  # of columns
        self._split: Callable[[str], list[str]] = str.split
        self.is_open = False

    def row(self, line: str) -> Number | None:
        """Return the number of a row; None where the line is no row, or begins or ends the table."""
        if len(line) > _LONGEST:
            self.is_open = False
            return None
        if self.is_open:
            if _RULE.fullmatch(line):  # or nothing: a \r\n ends two lines
                return None
            number = self._in_row(self._split, line.strip())
            if number is None and self._split is _between_gaps:
                number = self._in_row(str.split, line.strip())
            if number is not None:
                return number
            self.is_open = False
        self._begin(line.strip())
        return None

    def _in_row(self, split: Callable[[str], list[str]], line: str) -> Number | None:
        cells = split(line)
        if len(cells) != self._count:
            return None
        if split is str.split and not all(_VALUE.match(cell) for cell in cells):
            return None  # words with spaces between are a sentence
        cell = cells[self._column]
        number = number_at(cell)
        return number if number is not None and number.end == len(cell) else None

    def _begin(self, line: str) -> None:
        for split in (_between_bars, _between_tabs, _between_gaps, _between_commas, str.split):
            cells = [cell.lower() for cell in split(line)]
            if len(cells) > 1:
                words = split in (_between_bars, _between_tabs, _between_gaps) or all(
                    _WORD.fullmatch(cell) for cell in cells
                )
                if words and cells.count(self._name) == 1:
                    self.is_open, self._split = True, split
                    self._column, self._count = cells.index(self._name), len(cells)
                return


def _between_bars(line: str) -> list[str]:
    return _BARS.split(line.strip("|│┃║").strip()) if _BARS.search(line) else []


def _between_tabs(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("\t")]


def _between_gaps(line: str) -> list[str]:
    return _GAPS.split(line)


def _between_commas(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(",")]
