"""Landscapes whose true gain is known: constants, what a training of some values says, and when it crashes.

A value is given as its place: how many doublings from where the constant began, within the constant's range.
All gains are in standard deviations of a seed, above 0 is better.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from bench.bank.candidates import BASELINE
from bench.bank.facts import facts


if TYPE_CHECKING:
    from collections.abc import Sequence


Range = tuple[float, float]
Curve = tuple[tuple[float, float], ...]  # of one constant: places and gains, by place


class Landscape:
    """Constants that add up, but for what two do together; some make a training crash."""

    def __init__(self, random: Random, ranges: Sequence[Range], noise: float) -> None:
        self.ranges = ranges
        self._random, self._noise = random, noise

    def gain(self, places: Sequence[float]) -> float:
        """Return the true gain over where all constants began."""
        raise NotImplementedError

    def crashes(self, _places: Sequence[float]) -> bool:
        """Say whether a training of these values crashes."""
        return False

    def train(self, places: Sequence[float]) -> float | None:
        """Return what a training says, where lower is better; None: it crashed."""
        return None if self.crashes(places) else self._random.gauss(0.0, self._noise) - self.gain(places)


class Parabolas(Landscape):
    """A parabola for each constant, most of them flat."""

    def __init__(
        self,
        seed: int,
        *,
        constants: int = 14,
        that_matter: int = 5,
        noise: float = 0.3,
        crashing: float = 0.15,
        together: float = 0.0,
    ) -> None:
        super().__init__(Random(f"noise {seed}"), [(-1.0, 1.0)] * constants, noise)
        random = Random(seed)
        heights = [0.0] * constants
        for one in random.sample(range(constants), that_matter):
            heights[one] = random.uniform(1, 8)
        self._heights, self._best = heights, [random.gauss(0, 0.5) for _ in heights]
        pairs = [(a, b) for a in range(constants) for b in range(a)]
        self._pairs = {pair: random.gauss(0, 1) for pair in pairs if random.random() < together}
        self._walls = [
            random.uniform(0.5, 1) * random.choice((-1, 1)) if random.random() < crashing else 0
            for _ in heights
        ]

    def gain(self, places: Sequence[float]) -> float:
        """Return how much lower the sum of parabolas is here."""
        alone = (
            h * (b * b - (p - b) ** 2) for h, p, b in zip(self._heights, places, self._best, strict=True)
        )
        return sum(alone) - sum(weight * places[a] * places[b] for (a, b), weight in self._pairs.items())

    def crashes(self, places: Sequence[float]) -> bool:
        """Say whether a constant lies behind its wall."""
        return any(wall and place / wall > 1 for place, wall in zip(places, self._walls, strict=True))


class Bank(Landscape):
    """The constants of train.py between the values that the bank trained, straight from one to the next.

    Nothing is known beyond them, so the range of each ends there. They add up, which the bank does not know.
    """

    def __init__(self, seed: int, noise: float = 0.36) -> None:
        self._curves = measured()
        super().__init__(Random(seed), [(one[0][0], one[-1][0]) for one in self._curves], noise)

    def gain(self, places: Sequence[float]) -> float:
        """Return the sum of what was measured, between two values in proportion."""
        return sum(_between(curve, place) for curve, place in zip(self._curves, places, strict=True))


def measured() -> list[Curve]:
    """Return the gains of each constant that the bank trained alone, its own value among them."""
    found: dict[str, dict[float, float]] = defaultdict(lambda: {0.0: 0.0})
    for fact in facts():
        one = fact.candidate
        if one.kind == "constants" and one.parent == BASELINE and not one.planted:
            (((before, after),),) = (one.edits,)
            (name, was), (_, now) = (_set(text) for text in (before, after))
            # A constant that was, or becomes, nothing: half of the range, as far as any other.
            place = _doublings(was, now) if now * was > 0 else 1.0
            found[name][place] = fact.gain
    return [tuple(sorted(curve.items())) for curve in found.values()]


def _set(text: str) -> tuple[str, float]:
    name, _, value = text.partition("#")[0].partition("=")
    return name.strip(), float(value)


def _doublings(was: float, now: float) -> float:
    """Return how many doublings lie between two values; near 1, of how far they are below it."""
    return (
        math.log2((1 - was) / (1 - now)) if 0.75 < min(was, now) < max(was, now) < 1 else math.log2(now / was)
    )


def _between(curve: Curve, place: float) -> float:
    for (left, first), (right, second) in pairwise(curve):
        if place <= right:
            return first + (second - first) * (max(place, left) - left) / (right - left)
    return curve[-1][1]
