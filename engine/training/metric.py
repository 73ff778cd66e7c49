"""Find the metric in a training's output. Pure: bytes in, a number out, and flat memory for any output."""

import codecs
import re
from decimal import Decimal

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.system.foreign_files import number
from autoresearch.engine.training.printed import NEAR, PrintedNumbers
from autoresearch.events.settings import MetricSpec
from autoresearch.events.values import Printed, Reason, why


NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)", re.ASCII | re.IGNORECASE)

_LONG = 64 * 2**10  # characters of one line that are looked at together


@frozen(kw_only=True)
class Metric:
    """The match of a metric's pattern that counts: as it was printed, and as a number, if it is one."""

    text: str
    value: float | None  # may be nan or infinite
    several: Printed | None = None  # different ones that were printed
    ranks_disagree: bool = False  # it is the last one of one rank, and that of another differs


class MetricReader:
    """Look for the matches of a pattern in output that comes in pieces, line by line.

    A carriage return ends a line too: progress bars rewrite theirs. Of a line that is longer than 64 Ki
    characters, any such stretch is looked at, and only its real beginning is the beginning of a line.
    """

    def __init__(self, spec: MetricSpec) -> None:
        """Compile the pattern; its first group is the number, or all of it where there is none."""
        self._pattern = re.compile(spec.pattern, re.MULTILINE)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        # The character before what is looked at: so that ^ holds after a line's end and nowhere else.
        self._before = "\n"
        self._rest = ""
        self._numbers = PrintedNumbers(spec)

    def feed(self, data: bytes) -> None:
        """Look at the next piece."""
        text = self._rest + self._decoder.decode(data).replace("\r", "\n")
        whole = text.rfind("\n") + 1
        if whole:
            self._look(text[:whole])
            text, self._before = text[whole:], "\n"
        if len(text) > _LONG:
            self._look(text)
            self._before, text = text[-_LONG - 1], text[-_LONG:]
        self._rest = text

    def finish(self) -> Metric | None:
        """Return the match that counts, None where there was none."""
        self._look(self._rest + self._decoder.decode(b"", final=True))
        numbers = self._numbers
        if numbers.counts is None:
            return None
        disagree = numbers.ranks_disagree()
        return replace(parse(numbers.counts), several=numbers.several(), ranks_disagree=disagree)

    def _look(self, text: str) -> None:
        whole = self._before + text
        for match in self._pattern.finditer(whole, pos=1):
            found = parse(match[1] if match.re.groups else match[0])
            self._numbers.note(found.text, found.value, _around(whole, match))


def _around(text: str, match: re.Match[str]) -> str:
    """Return the line of a match, as far as it is near."""
    begin = max(text.rfind("\n", 0, match.start()) + 1, match.start() - NEAR)
    end = text.find("\n", match.end(), match.end() + NEAR)
    return text[begin : end if end >= 0 else match.end() + NEAR]


def parse(text: str | None) -> Metric:
    """Read a number in any float notation; underscores and other alphabets are none."""
    text = (text or "").strip()[:100]
    return Metric(text=text, value=float(text) if NUMBER.fullmatch(text) else None)


def refine(printed: Metric, exact: object, name: str) -> tuple[float, Reason | None]:
    """Return the number to use, and what a reader should know of it.

    `exact` is what result.json says, used where it agrees with the printed number at the printed precision.
    Else the printed one counts: any script prints its metric, and a file may be left over or written early.
    """
    assert printed.value is not None  # the caller asked only for a finite number
    value = number(exact)
    if value is not None:
        shown = Decimal(printed.text)
        exponent = shown.as_tuple().exponent
        assert isinstance(exponent, int)  # a finite number has one
        if abs(Decimal(repr(value)) - shown) <= Decimal(1).scaleb(exponent) / 2:
            return value, None
    elif exact is None:
        return printed.value, None
    said = f"{exact!r:.100}"
    return printed.value, why("log_counts", metric=name, exact=said, printed=printed.text)
