"""From the words of a limit in time to a moment, as requests hold it. The clock is the caller's."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import TypeAlias

from autoresearch.engine.control.requests import LONGEST_S
from autoresearch.events.errors import UsageRefused, WayOut, Wrong


Zone: TypeAlias = Callable[[datetime], datetime]  # a time on the user's wall -> that instant

_LENGTH = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m(?:in)?)?(?:(\d{1,6})s)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")  # a day alone is the midnight that nobody means


def until_of(
    until: str | None, length: str | None, *, now: datetime, zone: Zone = datetime.astimezone
) -> str | None:
    """Return the moment in UTC, RFC 3339; None where neither is given.

    Raises:
        UsageRefused: both are given, one is misspelt, or the moment is not ahead, or too far.
    """
    if until is None and length is None:
        return None
    if until is not None and length is not None:
        raise UsageRefused(Wrong("until_and_for"), remedy="give one of them")
    moment = now + _length(length or "") if until is None else _instant(until, now, zone)
    option, given = ("for", str(length)) if until is None else ("until", until)
    if moment <= now:
        raise UsageRefused(
            Wrong("until_is_past", option=option, given=given), remedy=WayOut("say_time_ahead")
        )
    if (moment - now).total_seconds() > LONGEST_S:
        raise UsageRefused(
            Wrong("until_too_far", option=option, given=given, most=f"{LONGEST_S / 86400:g}"),
            remedy=WayOut("raise_later"),
        )
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _instant(text: str, now: datetime, zone: Zone) -> datetime:
    """Return the next time that the user's clock shows this, or the instant that is named in full."""
    found = _CLOCK.fullmatch(text.strip())
    try:
        if found is None:
            if not _INSTANT.fullmatch(text.strip()):
                raise _misspelt(text)
            named = datetime.fromisoformat(text.strip())
            return named if named.tzinfo is not None else zone(named)
        wall = time(int(found[1]), int(found[2]))
    except ValueError as error:
        raise _misspelt(text) from error
    today = zone(datetime.combine(now.date(), wall))
    return today if today > now else zone(datetime.combine(now.date() + timedelta(days=1), wall))


def _misspelt(text: str) -> UsageRefused:
    return UsageRefused(
        Wrong("until_misspelt", option="until", given=repr(text)), remedy=WayOut("say_time_ahead")
    )


def _length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text.replace(" ", ""))
    if found is None or not any(found.groups()):
        raise UsageRefused(Wrong("for_misspelt", option="for", given=repr(text)), remedy=WayOut("say_length"))
    days, hours, minutes, seconds = (int(one or 0) for one in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
