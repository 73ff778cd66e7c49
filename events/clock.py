"""The time of day, in the one form that histories hold: RFC 3339, UTC, milliseconds."""

from datetime import UTC, datetime, timedelta


def now() -> str:
    """Return this instant, as in `2026-03-08T21:04:05.123Z`."""
    return _text(datetime.now(UTC))


def here() -> datetime:
    """Return this instant in the zone of this machine, as people tell days and hours."""
    return datetime.now(UTC).astimezone()


def from_epoch(seconds: float) -> str:
    """Return the instant that lies so many seconds after 1970, as file systems count them."""
    return _text(datetime.fromtimestamp(seconds, UTC))


def seconds_since(at: str) -> float:
    """Return how long ago an instant of the form of `now` was, by this machine's clock."""
    return (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()


def seconds_between(earlier: str, later: str) -> float:
    """Return the seconds from one instant to another, both as histories write them."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def passed(earlier: str, later: str) -> float:
    """Return the seconds from one to another; 0 where either is no time, or the second is earlier."""
    try:
        return round(max(0.0, seconds_between(earlier, later)), 3)
    except ValueError:  # an imported run may not say when it was
        return 0.0


def later(at: str, seconds: float) -> str:
    """Return the instant so many seconds after one, as histories write them."""
    return _text(datetime.fromisoformat(at) + timedelta(seconds=seconds))


def wall(at: str, *, beside: str) -> str:
    """Return an instant as the clock on the wall shows it here, with the day where that is another one."""
    there, then = datetime.fromisoformat(at).astimezone(), datetime.fromisoformat(beside).astimezone()
    return there.strftime("%H:%M" if there.date() == then.date() else "%Y-%m-%d %H:%M")


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"
