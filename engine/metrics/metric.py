"""Find the metric in a training's output. Pure: bytes in, a number out, and flat memory for any output.

Where the settings give a pattern, its last match counts; else lines are found by the metric's name.
"""

import codecs
import re
from collections.abc import Iterator
from decimal import Decimal

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.metrics.by_name import ByName, Found
from autoresearch.engine.metrics.printed import NEAR, PrintedNumbers
from autoresearch.engine.system.foreign_files import number
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.values import Printed, Reason, why


NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)", re.ASCII | re.IGNORECASE)

_LONG = 64 * 2**10  # characters of one line that are looked at together


@frozen(kw_only=True)
class Metric:
    """The match of a metric that counts: as it was printed, and as a number, if it is one."""

    text: str
    value: float | None  # may be nan or infinite
    several: Printed | None = None  # different ones that were printed
    ranks_disagree: bool = False  # it is the last one of one rank, and that of another differs
    unlike: tuple[str, str] | None = None  # two last lines that give different ones, of different things


class MetricReader:
    """Look for a metric in output that comes in pieces, line by line.

    A carriage return ends a line too: progress bars rewrite theirs. Of a line that is longer than 64 Ki
    characters, any such stretch is looked at, and only its real beginning is the beginning of a line.
    """

    def __init__(self, spec: MetricSpec) -> None:
        """Take the pattern, whose first group (or all of it) is the number; where there is none, the name."""
        self._pattern = re.compile(spec.pattern, re.MULTILINE) if spec.pattern else None
        self._by_name = ByName(spec.name)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        # The character before what is looked at: so that ^ holds after a line's end and nowhere else.
        self._before = "\n"
        self._rest = ""
        self._spec = spec
        self._numbers: dict[int, PrintedNumbers] = {}  # by how sure their form is

    def feed(self, data: bytes) -> None:
        """Look at the next piece."""
        text = self._rest + self._decoder.decode(data).replace("\r", "\n")
        whole = text.rfind("\n") + 1
        if whole:
            self._look(text[:whole])
            text, self._before = text[whole:], "\n"
        if len(text) > 2 * _LONG:
            self._look(text)
            self._before, text = text[-_LONG - 1], text[-_LONG:]
        self._rest = text

    def finish(self) -> Metric | None:
        """Return the match that counts, None where there was none."""
        self._look(self._rest + self._decoder.decode(b"", final=True))
        if not self._numbers:
            return None
        numbers = self._numbers[max(self._numbers)]
        assert numbers.counts is not None  # it took note of one
        return replace(
            parse(numbers.counts),
            several=numbers.several(),
            ranks_disagree=numbers.ranks_disagree(),
            unlike=numbers.unlike(),
        )

    def _look(self, text: str) -> None:
        if self._pattern is None:
            begun = "" if self._before == "\n" else "…"  # the middle of a line is not its beginning
            for found, line in self._by_name.in_text(begun + text):
                self._note(found, line)
            return
        for printed, line in _matches(self._pattern, self._before + text):
            self._note(Found(printed, 0), line)

    def _note(self, found: Found, line: str) -> None:
        if found.form not in self._numbers:
            self._numbers[found.form] = PrintedNumbers(self._spec)
        number = parse(found.text)
        self._numbers[found.form].note(number.text, number.value, line, of=found.of)


def _matches(pattern: re.Pattern[str], whole: str) -> Iterator[tuple[str, str]]:
    """Yield what a pattern finds behind the first character, and the line of each, as far as it is near."""
    for match in pattern.finditer(whole, pos=1):
        begin = max(whole.rfind("\n", 0, match.start()) + 1, match.start() - NEAR)
        end = whole.find("\n", match.end(), match.end() + NEAR)
        line = whole[begin : end if end >= 0 else match.end() + NEAR]
        yield (match[1] if pattern.groups else match[0]) or "", line


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
