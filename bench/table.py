"""One measured figure and the table of them. Knows nothing of what is measured."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

from attrs import frozen


BEGIN, END = "<!-- measured by `python -m bench --write` -->", "<!-- end of what was measured -->"


@frozen(kw_only=True)
class Figure:
    """What was measured, against what was asked for; a figure without a target is there to be read.

    `better` says on which side of the target a figure is good. A ratio has the unit `x`.
    """

    what: str
    measured: float
    unit: str = "x"
    target: float | None = None
    better: Literal["more", "less"] = "more"
    note: str = ""  # spread, peers, what the number stands on

    @property
    def falls_short(self) -> bool:
        """Say whether the target was missed."""
        if self.target is None:
            return False
        return self.measured < self.target if self.better == "more" else self.measured > self.target


def text(figures: Sequence[Figure]) -> str:
    """Return the table for people, in Markdown, and where it falls short."""
    lines = ["| figure | measured | target | |", "| --- | ---: | ---: | --- |"]
    for one in figures:
        sign = "at least" if one.better == "more" else "at most"
        target = "" if one.target is None else f"{sign} {_number(one.target)} {one.unit}"
        verdict = "**falls short**" if one.falls_short else "" if one.target is None else "ok"
        note = "; ".join(part for part in (verdict, one.note) if part)
        lines.append(f"| {one.what} | {_number(one.measured)} {one.unit} | {target} | {note} |")
    short = [one.what for one in figures if one.falls_short]
    said = f"falls short in {len(short)}: {'; '.join(short)}" if short else "no target is missed"
    return "\n".join([*lines, "", said, ""])


def with_table(page: str, table: str, *, begin: str = BEGIN) -> str:
    """Return a page with the table between its two marks replaced; each table has a first mark of its own."""
    before, _, rest = page.partition(f"{begin}\n")
    _, _, after = rest.partition(END)
    return f"{before}{begin}\n{table}{END}{after}"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of `ours / theirs`, where both halves of each pair were measured together."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def _number(value: float) -> str:
    large = 100
    return f"{value:,.0f}" if abs(value) >= large else f"{value:.3g}"
