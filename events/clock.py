"""The time of day, in the one form that histories hold: RFC 3339, UTC, milliseconds."""

from datetime import UTC, datetime


def now() -> str:
    """Return this instant, as in `2026-03-08T21:04:05.123Z`."""
    return _text(datetime.now(UTC))


def from_epoch(seconds: float) -> str:
    """Return the instant that lies so many seconds after 1970, as file systems count them."""
    return _text(datetime.fromtimestamp(seconds, UTC))


def seconds_since(at: str) -> float:
    """Return how long ago an instant of the form of `now` was, by this machine's clock."""
    return (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"
