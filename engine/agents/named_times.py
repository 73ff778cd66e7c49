"""When a program says that it may be asked again: the time that its own words name.

Read in the words of the programs, of the services behind them, and of HTTP (as of 2026-11). A clock time
without a zone is meant in the zone of the machine that it was printed on.
"""

import contextlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo


FARTHEST = timedelta(days=35)  # a quota of a month; what is named beyond it is no time to wait for
UNIT_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NOON = 12

_AGAIN = r"(?:again|retry(?:ing)?|resets?|available|renews?|until|wait)"
_AMOUNT = r"(\d+(?:\.\d+)?)\s*(ms|d(?:ays?)?|h(?:(?:ou)?rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)(?![a-z])"
_EPOCH = re.compile(r"(?:\||reset(?:s_?at|_?at)?[\"']?\s*[:=]\s*)(\d{10})(?:\d{3})?(?!\d)", re.IGNORECASE)
_SECONDS = re.compile(
    r"(?:retry[-_ ]after(?:_seconds)?|resets?_in_seconds)[\"']?\s*[:=]?\s*[\"']?(\d+(?:\.\d+)?)(?![\d:-])",
    re.IGNORECASE,
)
_HTTP_DATE = re.compile(
    r"retry-after[\"']?\s*[:=]\s*[\"']?(\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT)", re.IGNORECASE
)
_ISO = re.compile(
    rf"{_AGAIN}[^\n]{{0,60}}?"
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
_IN = re.compile(
    rf"(?:{_AGAIN}[^.\n]{{0,30}}?\b(?:in|for)|\bwait)\s+(?:about\s+)?((?:{_AMOUNT}(?:,|\s|and)*)+)",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    rf"{_AGAIN}\b[^.\n]{{0,40}}?"
    rf"(?:\b({'|'.join(MONTHS)})[a-z]*\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}}))?,?\s+(?:at\s+)?)?"
    r"\b(\d{1,2})(?::(\d\d))?(?:\s*([ap])\.?m\b\.?|(?<=:\d\d)(?!\d))(?:\s*\(?([A-Z][A-Za-z_]+(?:/[A-Za-z_]+)*)\)?)?",
    re.IGNORECASE,
)


def named_time(text: str, at: datetime) -> datetime | None:
    """Return the time that a text printed `at` a time names for asking again; None where it names none."""
    for pattern, moment in READERS:
        for match in pattern.finditer(text):
            with contextlib.suppress(ValueError, OverflowError):  # a 31st of February, or beyond all years
                if at < (found := moment(match, at)) <= at + FARTHEST:
                    return found
    return None


def _epoch(match: re.Match[str], _at: datetime) -> datetime:
    return datetime.fromtimestamp(int(match[1]), UTC)


def _seconds(match: re.Match[str], at: datetime) -> datetime:
    return at + timedelta(seconds=float(match[1]))


def _http_date(match: re.Match[str], _at: datetime) -> datetime:
    return parsedate_to_datetime(match[1])


def _iso(match: re.Match[str], at: datetime) -> datetime:
    zone = re.sub("UTC|GMT|Z", "+00:00", (match[3] or "").upper())
    found = datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}")
    return found if found.tzinfo else found.replace(tzinfo=at.tzinfo)


def _duration(match: re.Match[str], at: datetime) -> datetime:
    parts = re.findall(_AMOUNT, match[1], re.IGNORECASE)
    return at + timedelta(seconds=sum(float(number) * _unit_s(unit.lower()) for number, unit in parts))


def _clock(match: re.Match[str], at: datetime) -> datetime:
    """Return the next time after `at` that a clock, with a date or without one, shows what was named."""
    month, day, year, hour, minute, half, zone = match.groups()
    here = at.astimezone(_zone(zone) or at.tzinfo)
    named_hour = int(hour) % NOON + (NOON if half.lower() == "p" else 0) if half else int(hour)
    found = here.replace(hour=named_hour, minute=int(minute or 0), second=0, microsecond=0)
    if month is not None:
        found = found.replace(month=MONTHS.index(month.lower()[:3]) + 1, day=int(day))
        if year is not None:
            return found.replace(year=int(year))
        return found if found > here else found.replace(year=found.year + 1)
    return found if found > here else found + timedelta(days=1)


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    try:
        return UTC if name.upper() in ("UTC", "GMT") else ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # any other word that stands there
        return None


def _unit_s(unit: str) -> float:
    return UNIT_S["ms" if unit == "ms" else unit[0]]


# The plainest first.
READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], datetime]], ...] = (
    (_EPOCH, _epoch),
    (_SECONDS, _seconds),
    (_HTTP_DATE, _http_date),
    (_ISO, _iso),
    (_IN, _duration),
    (_CLOCK, _clock),
)
