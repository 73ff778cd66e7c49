"""A number as people and programs print one: what it is, and what is none though it looks like one. Pure.

A wrong number is worse than none: `1,234` is a thousand to one and little more than one to another,
`3.2k`, `8312/10000` and `1.2.3` are no numbers here.
"""

import re

from attrs import frozen


_DIGITS = (
    r"\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?|\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:_\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+"
)
# tensor(0.99, device='cuda:0'), np.float64(0.99), **0.99**, "0.99"
_NUMBER = re.compile(
    r"(?:[\w.]{0,20}(?:tensor|array|float\d*|scalar)\(\s*)?[\[\"'*`]{0,3}"
    rf"(?P<text>[+-]?(?:(?:{_DIGITS})(?:e[+-]?\d+)?|nan\b|inf(?:inity)?\b))"
    r"(?P<percent> ?%)?",
    re.ASCII | re.IGNORECASE,
)
_GOES_ON = re.compile(r"[\w.]|[,/:-]\d|\s*/\s*\d", re.ASCII)
_FULL_STOP = re.compile(r"\.(?:\s|$)")


@frozen
class Number:
    """A number that a text begins with: its digits alone, its sign, and where it ends."""

    text: str  # as float() reads it
    percent: bool
    end: int


def number_at(text: str, position: int = 0) -> Number | None:
    """Return the number that stands here, in brackets or quotes or not; None where none does for certain."""
    found = _NUMBER.match(text, position)
    if found is None:
        return None
    end = found.end()
    if _GOES_ON.match(text, end) and not _FULL_STOP.match(text, end):
        return None
    digits = found["text"].replace(",", "").replace("_", "")
    return Number(digits, found["percent"] is not None, end)
