"""Find a number in a log by its name alone: in a line, a JSON object, a table. Pure; one line at a time.

Of what is printed, `METRIC accuracy=0.83` goes before a line that begins with the name, or a JSON object, and
those before a number among others in a line or a table: a bar that is drawn once more does not hide the
summary. What only looks like the number (`val_accuracy`, `eval/accuracy`, "the accuracy") is none.
"""

import json
import re
from collections.abc import Iterator

from attrs import frozen

from autoresearch.engine.metrics.log_lines import SPLIT, behind_prefix, plain
from autoresearch.engine.metrics.numbers_in_text import number_at
from autoresearch.engine.metrics.tables import Table


SAID, ALONE, AMONG = 3, 2, 1  # how sure a form is that it is the result

_TO_VALUE = re.compile(r"[\"'*`)]{0,3}(?P<sign>\s*(?::=|[:=]=?>?|[-=]>|[|│┃║])\s*|\s+)")
_ONLY_SPLITS = re.compile(rf"(?:(?:{SPLIT.pattern}|final|overall|result)[\s:/\]|-]*)+", re.IGNORECASE)
# What parts one number of a line from the next: a sign, a bracket, a gap, or the one before it.
_PARTED = re.compile(r"(?:[|│┃║,;&(){}\[\]>]\s*|\s[-\u2013\u2014]\s+|\s{2,}|\t)[\"'*`]{0,3}$")
_VALUE = re.compile(r"\W*\d|\S*[=:]\S*\d")
# Behind `accuracy 0.83`, without a sign between: not a sentence that goes on.
_ENDS = re.compile(r"\s*(?:$|[|│┃║,;%)\]}±(]|\+/-|[-\u2013]\s|[\w./]+\s*[:=]|[\w./]+\s+[-+]?\.?\d)")
_LONGEST = 300  # characters before a name that are looked at


@frozen
class Found:
    """A number that has the name, how sure its form is, and what it is said to be of."""

    text: str
    form: int
    of: tuple[str, ...] = ()  # train, test; a percentage: of the same name, other numbers


class ByName:
    """Looks at the lines of one log, in order, for the numbers of one name."""

    def __init__(self, name: str) -> None:
        """Compile what names it; a dotted name is a path in a JSON object, too."""
        self._name = name
        last = name.rpartition(".")[2] or name
        self._hint = re.compile(re.escape(last), re.IGNORECASE)
        before, behind = r"(?<![\w/.\-])" if name[0].isalnum() else "", r"(?![\w/.\-])"
        self._named = re.compile(before + re.escape(name) + behind, re.IGNORECASE)
        self._table = Table(name)

    def in_text(self, text: str) -> Iterator[tuple[Found, str]]:
        """Yield what whole lines give, each with its line."""
        if not self._table.is_open and not self._hint.search(text):
            return
        for raw in text.removesuffix("\n").split("\n"):
            if self._table.is_open or self._hint.search(raw):
                line = plain(raw)
                yield from ((found, line) for found in self.in_line(line))

    def in_line(self, line: str) -> list[Found]:
        """Return the numbers of one line."""
        row = self._table.row(line)
        if row is not None:
            return [Found(row.text, AMONG, _percent(percent=row.percent))]
        if not self._hint.search(line):
            return []
        told = self._in_object(line)
        if told is not None:
            return [told]
        return [found for match in self._named.finditer(line) if (found := self._at(line, match)) is not None]

    def _in_object(self, line: str) -> Found | None:
        begin = line.find("{")
        form = _form(line, begin) if begin >= 0 else None
        if form is None or form[0] == AMONG:
            return None
        try:
            told = json.loads(line[begin:])
        except (ValueError, RecursionError):
            return None
        value = value_at(told, self._name)
        if value is None:
            return None
        words = (word for word in told.values() if isinstance(word, str) and SPLIT.fullmatch(word))
        return Found(value, form[0], form[1] + _of(" ".join(words)))

    def _at(self, line: str, match: re.Match[str]) -> Found | None:
        form = _form(line, match.start())
        between = _TO_VALUE.match(line, match.end())
        if form is None or between is None:
            return None
        number = number_at(line, between.end())
        if number is None:  # `accuracy: n/a` is the last word on it, `accuracy of` is talk
            alone = form[0] >= ALONE and between["sign"].strip() in (":", "=")
            rest = line[between.end() : between.end() + _LONGEST].split() if alone else []
            return Found(rest[0], *form) if rest else None
        if not between["sign"].strip() and not _ENDS.match(line, number.end):
            return None
        return Found(number.text, form[0], form[1] + _percent(percent=number.percent))


def mark_of(name: str) -> str:
    """Return a regular expression for the plainest lines with a number of this name."""
    return rf"(?i)(?<![\w/.\-]){re.escape(name)}[\"'*`]{{0,3}}\s*[:= ]\s*[\"'(\[]*([-+]?\.?\d[\d.e+-]*)"


def value_at(told: object, key: str) -> str | None:
    """Return the number of an object's key, or of a path of keys with dots between, as a text."""
    if not isinstance(told, dict):
        return None
    if key in told:
        return _as_text(told[key])
    head, dot, rest = key.partition(".")
    return value_at(told.get(head), rest) if dot else None


def _as_text(value: object) -> str | None:
    if isinstance(value, str):
        number = number_at(value.strip())
        return number.text if number is not None and number.end == len(value.strip()) else value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return None
    return "null" if value is None else repr(value)


def _form(line: str, end: int) -> tuple[int, tuple[str, ...]] | None:
    """Return how sure it is that a number behind this part of a line is meant, and of what it is."""
    near = line[max(0, end - _LONGEST) : end]
    if len(near) == end:
        rest = behind_prefix(near).rstrip("\"'*`")
        if not rest.strip():
            return ALONE, ()
        if rest.strip().rstrip(":") == "METRIC":
            return SAID, ()
        if _ONLY_SPLITS.fullmatch(rest):
            return ALONE, _of(rest)
    parted = _PARTED.search(near[-40:]) or (near[-1:].isspace() and _VALUE.match(near.split()[-1]))
    return (AMONG, _of(near)) if parted else None


def _of(text: str) -> tuple[str, ...]:
    return tuple(sorted({word.lower()[:3] for word in SPLIT.findall(text)}))


def _percent(*, percent: bool) -> tuple[str, ...]:
    return ("%",) if percent else ()
