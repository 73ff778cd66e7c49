"""Play the nights by every rule, and say what came of them: `python -m bench belief [--nights N] [--write]`.

With --write the tables of docs/belief.md and its picture become what was played. Exit 1 where a target is
missed.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import fmean

from attrs import frozen

from bench.belief.bank_nights import BankNight
from bench.belief.nights import DRY, NOTHING, TYPICAL, Night
from bench.belief.picture import picture
from bench.belief.rules import RULES_PLAYED, Keep, Played, Rule
from bench.table import Figure, text, with_table


DOCS = Path(__file__).parents[2] / "docs"
NIGHTS: dict[str, Callable[[Random], Night]] = {
    "typical": lambda random: Night(random, TYPICAL),
    "dry": lambda random: Night(random, DRY),
    "no-ops": lambda random: Night(random, NOTHING),
    "bank": BankNight,
}
FIFTHS = 5


@frozen(kw_only=True)
class Tally:
    """What came of many nights of one sort, by one rule; gains are in standard deviations over seeds."""

    nights: tuple[Played, ...]

    @property
    def keeps(self) -> list[Keep]:
        """Return all keeps."""
        return [keep for night in self.nights for keep in night.keeps]

    @property
    def quality(self) -> float:
        """Return the true gain of a night."""
        return fmean(night.gain for night in self.nights)

    @property
    def lucky(self) -> float:
        """Return the keeps of a night that are no better than their base."""
        return sum(keep.effect <= 0 for keep in self.keeps) / len(self.nights)

    @property
    def luck(self) -> float:
        """Return the share of such keeps."""
        return self.lucky * len(self.nights) / max(1, len(self.keeps))

    @property
    def bias(self) -> float:
        """Return by how much the stated gain is too high."""
        return fmean(night.stated - night.gain for night in self.nights)

    @property
    def covered(self) -> float | None:
        """Return in which share of the nights that state an interval the true gain lies in it."""
        inside = [
            abs(night.stated - night.gain) <= night.half_width
            for night in self.nights
            if night.half_width is not None
        ]
        return fmean(inside) if inside else None

    @property
    def shown(self) -> float:
        """Return the share of the nights that state a gain whose whole interval lies above 0."""
        return fmean(
            night.half_width is not None and night.stated > night.half_width for night in self.nights
        )

    @property
    def half_width(self) -> float:
        """Return the mean half width of the intervals."""
        return fmean(night.half_width for night in self.nights if night.half_width is not None)


Tallies = dict[str, dict[str, Tally]]  # by rule, by sort of night


def play(nights: int) -> Tallies:
    """Return what came of so many nights of each sort, the same ones for every rule."""
    return {
        name: {sort: _tally(rule, sort, nights) for sort in NIGHTS} for name, rule in RULES_PLAYED.items()
    }


def _tally(rule: Rule, sort: str, nights: int) -> Tally:
    made = (NIGHTS[sort](Random(number)) for number in range(nights))  # noqa: S311 - a simulation
    return Tally(nights=tuple(rule(night) for night in made))


def table(found: Tallies) -> str:
    """Return the table of all rules, in Markdown."""
    heads = (
        "rule",
        "quality: typical, dry, bank",
        "luck of the keeps, %",
        "lucky keeps in a night of no-ops",
        "stated too high by: typical, bank",
        "in the interval, %: typical, dry, no-ops, bank",
    )
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for name, by in found.items():
        real = [by["typical"], by["dry"], by["bank"]]
        quality = " / ".join(f"{one.quality:.1f}" for one in real)
        luck = " / ".join(f"{100 * one.luck:.0f}" for one in real)
        bias = f"{by['typical'].bias:+.2f} / {by['bank'].bias:+.2f}"
        covered = [one.covered for one in by.values()]
        inside = " / ".join("-" if one is None else f"{100 * one:.0f}" for one in covered)
        if set(covered) == {None}:
            inside = "none stated"
        lines.append(f"| {name} | {quality} | {luck} | {by['no-ops'].lucky:.2f} | {bias} | {inside} |")
    return "\n".join([*lines, ""])


def fifths(keeps: Sequence[Keep]) -> list[tuple[int, float, float]]:
    """Return of each fifth of the probabilities how many keeps, and what was said and true in the mean."""
    rows = []
    for fifth in range(FIFTHS):
        inside = [
            (keep.probability, keep.effect > 0)
            for keep in keeps
            if keep.probability is not None and min(int(keep.probability * FIFTHS), FIFTHS - 1) == fifth
        ]
        if inside:
            rows.append((len(inside), fmean(said for said, _ in inside), fmean(true for _, true in inside)))
    return rows


def figures(found: Tallies) -> list[Figure]:
    """Return what was asked for, and what was reached."""
    climb, strict = found["climb"], found["strictly better"]
    certain, known = found["confirm"], found["confirm, noise known"]
    simulated = [climb[sort] for sort in ("typical", "dry", "no-ops")]
    covered = [one.covered for one in simulated if one.covered is not None]
    rows = fifths([keep for one in simulated for keep in one.keeps])
    apart = max(abs(said - true) for _, said, true in rows)
    listed = ", ".join(f"{100 * said:.0f} said and {100 * true:.0f} true" for _, said, true in rows)
    strictly = strict["typical"]
    return [
        Figure(
            what="`climb`: quality against strictly better",
            measured=climb["typical"].quality / strictly.quality,
            target=0.9,
            note=f"noise known: {found['climb, noise known']['typical'].quality / strictly.quality:.2f}",
        ),
        Figure(
            what="`climb`: luck against strictly better",
            measured=climb["typical"].luck / strictly.luck,
            target=0.4,
            better="less",
        ),
        Figure(
            what="`climb`: stated gain too high by",
            measured=max((one.bias for one in simulated), key=abs),
            unit="s",
            target=0.1,
            better="less",
            note=", ".join(f"{one.bias:+.2f}" for one in simulated),
        ),
        Figure(
            what="`climb`: true gain in its interval",
            measured=100 * min(covered),
            unit="%",
            target=92,
            note=", ".join(f"{100 * one:.0f}" for one in covered)
            + f"; half {climb['typical'].half_width:.1f} s wide",
        ),
        Figure(
            what="`climb`: nights of no-ops that end with a gain shown",
            measured=100 * climb["no-ops"].shown,
            unit="%",
            target=5,
            better="less",
        ),
        Figure(
            what="`climb`: said and true probability apart",
            measured=100 * apart,
            unit="points",
            target=7,
            better="less",
            note=listed,
        ),
        Figure(
            what="`confirm`, noise known: luck of the keeps",
            measured=100 * known["typical"].luck,
            unit="%",
            target=5,
            better="less",
        ),
        Figure(
            what="`confirm`, noise known: keeps in a night of no-ops",
            measured=known["no-ops"].lucky,
            unit="keeps",
            target=0.1,
            better="less",
        ),
        Figure(
            what="`confirm`, noise known: quality against strictly better",
            measured=known["typical"].quality / strictly.quality,
            target=0.7,
            note=f"not known: {certain['typical'].quality / strictly.quality:.2f}",
        ),
    ]


def main(words: Sequence[str]) -> int:
    """Play, print both tables, and write them where that is asked."""
    parser = argparse.ArgumentParser(prog="python -m bench belief")
    parser.add_argument("--nights", type=int, default=100, help="of each sort, for each rule")
    parser.add_argument("--write", action="store_true", help="into docs/belief.md and docs/belief.svg")
    options = parser.parse_args(words)
    found = play(options.nights)
    asked = figures(found)
    tables = f"{options.nights} nights of each sort.\n\n{table(found)}\n{text(asked)}"
    sys.stdout.write(tables)
    if options.write:
        page = DOCS / "belief.md"
        page.write_text(with_table(page.read_text(), tables))
        (DOCS / "belief.svg").write_text(picture(_points(found)))
    return 1 if any(one.falls_short for one in asked) else 0


def _points(found: Tallies) -> dict[str, tuple[float, float]]:
    """Return of each rule the luck of its keeps and its share of the best quality, in typical nights."""
    best = max(by["typical"].quality for by in found.values())
    return {name: (by["typical"].luck, by["typical"].quality / best) for name, by in found.items()}
