"""Look once more at the keeps of simulated nights: `python -m bench keeps [--nights N] [--write]`.

The arithmetic is the engine's and the truth is known: which of the real keeps are confirmed, how much luck is
confirmed with them, how often an interval holds, and what a night is worth once the doubtful are taken out.
With --write the table of docs/belief.md becomes what was found.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import fmean

from attrs import frozen

from autoresearch.engine.verdicts.pairs import SURE, Pairs, error_of
from autoresearch.projections.belief import Pool
from bench.belief.nights import DRY, TYPICAL, Night, Program, Weather
from bench.belief.rules import FRESH, climbed
from bench.table import with_table


PAGE = Path(__file__).parents[2] / "docs" / "belief.md"
BEGIN = "<!-- measured by `python -m bench keeps --write` -->"
SEEDS = (1, 2, 3, 5)
AGAIN = FRESH + 100  # the first of the seeds on which the doubtful are taken out
MAY_LOSE = 0.5  # standard deviations over seeds: what `climb` asks of a gain
ENOUGH = 10**6  # trainings: what is looked at once more is paid for beside the night


@frozen(kw_only=True)
class Looked:
    """A keep: its true effect, and what was measured of it on fresh seeds."""

    effect: float
    gain: float
    half: float

    @property
    def confirmed(self) -> bool:
        """Say whether the whole interval lies above 0."""
        return self.gain > self.half

    @property
    def holds(self) -> bool:
        """Say whether the truth lies in the interval."""
        return abs(self.gain - self.effect) <= self.half


@frozen(kw_only=True)
class Morning:
    """A night whose keeps were looked at in both ways, and its true gain before and after."""

    chain: tuple[Looked, ...]  # each beside the one before it
    others: tuple[Looked, ...]  # each beside the others: the best without it
    gain: float
    gain_after: float  # the doubtful are tried without
    left: tuple[bool, ...]  # of each keep that is left then, whether it is better than its base


def morning_of(weather: Weather, seeds: int, number: int) -> Morning:
    """Play a night by `climb`, look at its keeps on so many seeds, and take out what is doubtful."""
    night = Night(Random(number), weather)  # noqa: S311 - a simulation
    best, _, _, spread = climbed(night)
    night.left = ENOUGH
    keeps, fresh = list(_chain(best)), range(FRESH, FRESH + seeds)
    before = [_pairs(night, one.parent or one, one, fresh) for one in keeps]
    without = [_pairs(night, _without(best, one), best, fresh) for one in keeps]
    chain = _intervals(keeps, before, spread)
    after, left = best, []
    for one, looked in zip(keeps, chain, strict=True):
        tried = _without(after, one)
        again = range(AGAIN, AGAIN + seeds)
        if looked.confirmed or _pairs(night, after, tried, again).mean < -MAY_LOSE * spread:
            left.append(one.effect > 0)
        else:
            after = tried
    return Morning(
        chain=chain,
        others=_intervals(keeps, without, spread),
        gain=best.gain,
        gain_after=after.gain,
        left=tuple(left),
    )


def _chain(best: Program) -> Iterator[Program]:
    if best.parent is not None:
        yield from _chain(best.parent)
        yield best


def _without(best: Program, one: Program) -> Program:
    """Return the best without a change: it loses its effect, and as much of the noise as the change made."""
    return Program(best.gain - one.effect, best, one.sort)


def _pairs(night: Night, base: Program, one: Program, seeds: range) -> Pairs:
    return Pairs(differences=tuple(night.pair(base, one, seed) for seed in seeds), base=0.0)


def _intervals(keeps: Sequence[Program], found: Sequence[Pairs], spread: float) -> tuple[Looked, ...]:
    pool = Pool()
    for pairs in found:
        pool = pool.plus(pairs.squares, pairs.count)
    return tuple(
        Looked(effect=one.effect, gain=pairs.mean, half=SURE * error_of(pairs, pool, spread))
        for one, pairs in zip(keeps, found, strict=True)
    )


def line(weather: Weather, seeds: int, mornings: Sequence[Morning]) -> str:
    """Return what came of some nights, as a row of the table."""
    chain = [looked for one in mornings for looked in one.chain]
    ways = (chain, [looked for one in mornings for looked in one.others])
    real = " / ".join(_percent(one.confirmed for one in way if one.effect > 0) for way in ways)
    luck = " / ".join(_percent(one.effect <= 0 for one in way if one.confirmed) for way in ways)
    holds = " / ".join(_percent(one.holds for one in way) for way in ways)
    gain = f"{fmean(one.gain for one in mornings):.1f} → {fmean(one.gain_after for one in mornings):.1f}"
    lucky = _percent(one.effect <= 0 for one in chain)
    after = _percent(not real for one in mornings for real in one.left)
    return f"| {weather.name} | {seeds} | {real} | {luck} | {holds} | {gain} | {lucky} → {after} |"


def _percent(found: Iterator[bool]) -> str:
    listed = list(found)
    return f"{100 * fmean(listed):.0f}" if listed else "-"


def table(nights: int) -> str:
    """Return the table of all sorts of nights and numbers of seeds, in Markdown."""
    heads = (
        "nights",
        "seeds",
        "real keeps confirmed, %: on the one before, beside the others",
        "luck of the confirmed, %",
        "in the interval, %",
        "true gain of a night, s: before `--drop`, after",
        "luck of the keeps, %",
    )
    rows = [
        line(weather, seeds, [morning_of(weather, seeds, number) for number in range(nights)])
        for weather in (TYPICAL, DRY)
        for seeds in SEEDS
    ]
    return "\n".join([f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *rows, ""])


def main(words: Sequence[str]) -> int:
    """Play the nights, print the table, and write it where that is asked."""
    parser = argparse.ArgumentParser(prog="python -m bench keeps")
    parser.add_argument("--nights", type=int, default=100, help="of each sort, for each number of seeds")
    parser.add_argument("--write", action="store_true", help="into docs/belief.md")
    options = parser.parse_args(words)
    found = f"{options.nights} nights of each sort.\n\n{table(options.nights)}"
    sys.stdout.write(found)
    if options.write:
        PAGE.write_text(with_table(PAGE.read_text(), found, begin=BEGIN))
    return 0
