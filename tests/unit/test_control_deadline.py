"""Words of a limit in time, and the moment that they mean."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from autoresearch.engine.control.deadline import until_of
from autoresearch.events.errors import UsageRefused


BERLIN = ZoneInfo("Europe/Berlin")


def meant(until: str | None = None, length: str | None = None, *, at: str) -> str | None:
    now = datetime.fromisoformat(at).replace(tzinfo=BERLIN)
    return until_of(until, length, now=now, zone=lambda wall: wall.replace(tzinfo=BERLIN))


@pytest.mark.parametrize(
    ("until", "at", "utc"),
    [
        ("07:00", "2026-03-08T23:10", "2026-03-09T06:00:00.000Z"),
        ("7:00", "2026-03-09T06:59", "2026-03-09T06:00:00.000Z"),
        ("07:00", "2026-03-09T07:00", "2026-03-10T06:00:00.000Z"),
        ("07:00", "2026-03-28T23:00", "2026-03-29T05:00:00.000Z"),  # the night that is an hour shorter
        ("2026-03-09T07:00", "2026-03-08T23:10", "2026-03-09T06:00:00.000Z"),
        ("2026-03-09 07:00", "2026-03-08T23:10", "2026-03-09T06:00:00.000Z"),
        ("2026-03-09T07:00Z", "2026-03-08T23:10", "2026-03-09T07:00:00.000Z"),
        ("2026-03-09T07:00:30.5+02:00", "2026-03-08T23:10", "2026-03-09T05:00:30.500Z"),
    ],
)
def test_a_time_is_the_next_one_on_the_wall(until: str, at: str, utc: str):
    """A time of day is the next such time where the user is, also over a change of the clocks."""
    assert utc == meant(until, at=at)


@pytest.mark.parametrize(
    ("length", "utc"),
    [
        ("8h", "2026-03-09T06:10:00.000Z"),
        ("90m", "2026-03-08T23:40:00.000Z"),
        ("90min", "2026-03-08T23:40:00.000Z"),
        ("1h30m", "2026-03-08T23:40:00.000Z"),
        ("1h 30m", "2026-03-08T23:40:00.000Z"),
        ("45s", "2026-03-08T22:10:45.000Z"),
        ("2d", "2026-03-10T22:10:00.000Z"),
    ],
)
def test_a_length_counts_from_now(length: str, utc: str):
    """A length of time is added to the present moment."""
    assert utc == meant(length=length, at="2026-03-08T23:10")


@pytest.mark.parametrize(
    ("until", "length", "wrong"),
    [
        ("07:00", "8h", "until_and_for"),
        ("25:00", None, "until_misspelt"),
        ("seven", None, "until_misspelt"),
        ("2026-03-09", None, "until_misspelt"),
        ("2026-13-09T07:00", None, "until_misspelt"),
        ("", None, "until_misspelt"),
        ("2026-03-08T07:00", None, "until_is_past"),
        (None, "0h", "until_is_past"),
        (None, "8", "for_misspelt"),
        (None, "8 hours", "for_misspelt"),
        (None, "", "for_misspelt"),
        (None, "-1h", "for_misspelt"),
        (None, "31d", "until_too_far"),
        ("2027-03-09T07:00", None, "until_too_far"),
    ],
)
def test_what_is_no_moment_ahead_is_refused(until: str | None, length: str | None, wrong: str):
    """Each slip is refused with what is wrong, before anything is created."""
    with pytest.raises(UsageRefused) as refused:
        meant(until, length, at="2026-03-08T23:10")
    assert refused.value.wrong is not None
    assert wrong == refused.value.wrong.name


def test_nothing_said_is_no_limit():
    """Without either word there is no moment."""
    assert meant(at="2026-03-08T23:10") is None
