"""What an audit says: how much each check looked at, what differed first, and what it could not look at."""

from typing import Any, Literal, TypeAlias

from attrs import define, evolve, field, frozen

from autoresearch.engine.paths import HISTORY
from autoresearch.events.encoding.codec import Recorded, event_type


SHOWN = 300  # characters of a value
KEPT = 200  # differences of one check that are kept; the others are counted

Outcome: TypeAlias = Literal[
    "true", "false", "unknown"
]  # unknown: nothing differs in what could be looked at
Unseen: TypeAlias = Literal[
    "anchor_gone",
    "base_gone",
    "answer_gone",
    "branch_elsewhere",
    "branch_gone",
    "code_gone",
    "commit_gone",
    "curve_gone",
    "diff_gone",
    "exit_gone",
    "fork_gone",
    "imported",
    "job_gone",
    "log_gone",
    "nothing_in_git",
    "other_search",
    "prompt_gone",
    "proposal_gone",
    "ref_gone",
    "signature_unknown",
    "source_gone",
    "spec_gone",
]


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
class NotSeen:
    """Things of one kind that a check needed and that could not be looked at."""

    what: Unseen
    times: int
    first: str  # the first of them: a folder, a ref, a commit
    seq: int | None  # of the record that it is about


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
    not_seen: tuple[NotSeen, ...]


@frozen(kw_only=True)
class Audit:
    """All checks of one run; what is false goes before what is not known."""

    checks: tuple[Check, ...]

    @property
    def first(self) -> Difference | None:
        """Return the difference that stands first in the history; those of no record come last."""
        found = [one.first for one in self.checks if one.first is not None]
        return min(found, key=lambda one: (one.seq is None, one.seq or 0), default=None)

    @property
    def outcome(self) -> Outcome:
        """Return in which of three ways it came out."""
        if self.first is not None:
            return "false"
        return "unknown" if any(one.not_seen for one in self.checks) else "true"


@define
class Tally:
    """A check while it is made."""

    name: str
    unit: str
    count: int = 0
    note: str = ""
    absent: bool = False
    differences: int = 0
    kept: list[Difference] = field(factory=list)
    _not_seen: dict[Unseen, NotSeen] = field(factory=dict)

    @property
    def first(self) -> Difference | None:
        """Return what differed first."""
        return self.kept[0] if self.kept else None

    def miss(self, what: Unseen, which: object, *, seq: int | None = None) -> None:
        """Note that something could not be looked at; the first of its kind is named, the others counted."""
        known = self._not_seen.get(what) or NotSeen(what=what, times=0, first=str(which), seq=seq)
        self._not_seen[what] = evolve(known, times=known.times + 1)

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
        """Note a difference; after KEPT of them they are counted only."""
        self.differences += 1
        if len(self.kept) < KEPT:
            named = (
                f"{event_type(record.event)}.{field}"
                if record and field != "type" and field.isidentifier()
                else field
            )
            self.kept.append(
                Difference(
                    check=self.name,
                    place=place,
                    line=line,
                    seq=record.seq if record else seq,
                    field=named,
                    expected=shown(expected),
                    found=shown(found),
                )
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
            not_seen=tuple(self._not_seen.values()),
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
