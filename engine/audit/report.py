"""What an audit says: checks, how much each looked at, and the first difference of each."""

from typing import Any

from attrs import define, frozen

from autoresearch.engine.paths import HISTORY
from autoresearch.events.codec import Recorded, event_type


SHOWN = 300  # characters of a value


@frozen(kw_only=True)
class Difference:
    """One thing that is not as the history, the rules or git say it must be."""

    check: str
    place: str  # "history.jsonl", a cache, a ref, a job's file
    line: int | None  # of that file; None where it has no lines
    seq: int | None  # of the record it is about
    field: str
    expected: str
    found: str


@frozen(kw_only=True)
class Check:
    """One kind of look: how many things were compared, what was left out, what differed first."""

    name: str
    count: int
    unit: str
    note: str  # what was not compared, and why; "" when everything was
    absent: bool  # there is no such view
    differences: int
    first: Difference | None


@frozen(kw_only=True)
class Audit:
    """All checks of one run; it is clean when none differs."""

    checks: tuple[Check, ...]

    @property
    def first(self) -> Difference | None:
        """Return the difference that stands first in the history; those of no record come last."""
        found = [one.first for one in self.checks if one.first is not None]
        return min(found, key=lambda one: (one.seq is None, one.seq or 0), default=None)


@define
class Tally:
    """A check while it is made."""

    name: str
    unit: str
    count: int = 0
    note: str = ""
    absent: bool = False
    differences: int = 0
    first: Difference | None = None

    def differ(
        self,
        *,
        field: str,
        expected: object,
        found: object,
        record: Recorded | None = None,
        seq: int | None = None,
        place: str = HISTORY,
        line: int | None = None,
    ) -> None:
        """Note a difference; only the first is kept, the others are counted."""
        self.differences += 1
        if self.first is None:
            named = (
                f"{event_type(record.event)}.{field}"
                if record and field != "type" and field.isidentifier()
                else field
            )
            self.first = Difference(
                check=self.name,
                place=place,
                line=line,
                seq=record.seq if record else seq,
                field=named,
                expected=shown(expected),
                found=shown(found),
            )

    def check(self) -> Check:
        """Return the check as it came out."""
        return Check(
            name=self.name,
            count=self.count,
            unit=self.unit,
            note=self.note,
            absent=self.absent,
            differences=self.differences,
            first=self.first,
        )


def shown(value: object) -> str:
    """Return a value for people: text as it is, everything else as Python writes it, cut."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def first_difference(pairs: dict[str, Any], event: object) -> tuple[str, Any, Any] | None:
    """Return the first field of an event that is not as expected: its name, expected, found."""
    for name, expected in pairs.items():
        found = getattr(event, name)
        if not same(expected, found):
            return name, expected, found
    return None


def same(expected: object, found: object) -> bool:
    """Say whether two values are equal, but that False is not 0."""
    return expected == found and isinstance(expected, bool) == isinstance(found, bool)
