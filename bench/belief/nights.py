"""Nights that are simulated: programs whose true gain is known, and what a training says of them.

All numbers are in standard deviations of a seed. A program inherits the noise of what it was made from, as
far as its kind of change lets it: so the same seed helps to compare, and a lucky base stays lucky.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from random import Random

TRAININGS = 100
SCREEN = 1  # the seed that every candidate is trained on first


@dataclass(frozen=True)
class Sort:
    """A kind of change, how much of the noise it keeps, and how often it is proposed."""

    kept_noise: float
    share: float


# Paired differences of 0.28, 0.53 and 1.13 standard deviations, as seven variants on a CPU showed them.
# (bench/bank, on a GPU and later, has 0.2, 0.42 and 1.15: the rules know those, and are judged on these.)
SORTS = (Sort(0.96, 0.50), Sort(0.86, 0.25), Sort(0.37, 0.25))


@dataclass(frozen=True)
class Weather:
    """What the proposals of a night are worth: gains and harms between two bounds, and the rest nothing."""

    name: str
    gains: float
    harms: float
    gain: tuple[float, float] = (0.5, 3.0)
    harm: tuple[float, float] = (0.5, 5.0)


TYPICAL = Weather("typical", 0.12, 0.45)
DRY = Weather("dry", 0.03, 0.45)
NOTHING = Weather("no-ops", 0.0, 0.0)


@dataclass(eq=False)
class Program:
    """A state of train.py: its true gain over the baseline, and its noise on each seed."""

    gain: float
    parent: Program | None = None
    sort: Sort = SORTS[0]
    noise: dict[int, float] = field(default_factory=dict)

    @property
    def effect(self) -> float:
        """Return the true gain over the parent."""
        return self.gain - (self.parent.gain if self.parent else 0.0)


class Spent(Exception):
    """The trainings of the night are used up."""


class Night:
    """A hundred trainings and the proposals for them; the same numbers for every rule until they part."""

    def __init__(self, random: Random, weather: Weather = TYPICAL) -> None:
        self.weather, self.random = weather, random
        self.left = TRAININGS
        self.baseline = Program(0.0)
        self._measured: dict[tuple[Program, int], float] = {}

    def propose(self, base: Program) -> Program | None:
        """Return a change on the base; None: nobody has another idea."""
        sort = self.random.choices(SORTS, [one.share for one in SORTS])[0]
        return Program(base.gain + self._effect(), base, sort)

    def train(self, program: Program, seed: int) -> float:
        """Return what a training says, where lower is better; the first time, it costs one."""
        key = program, seed
        if key not in self._measured:
            if not self.left:
                raise Spent
            self.left -= 1
            self._measured[key] = self.noise(program, seed) - program.gain
        return self._measured[key]

    def pair(self, base: Program, program: Program, seed: int) -> float:
        """Return by how much the program is better than its base on one seed."""
        return self.train(base, seed) - self.train(program, seed)

    def noise(self, program: Program, seed: int) -> float:
        """Return what a seed adds to the number of a program."""
        if seed not in program.noise:
            fresh = self.random.gauss(0.0, 1.0)
            if program.parent is not None:
                kept = program.sort.kept_noise
                fresh = kept * self.noise(program.parent, seed) + math.sqrt(1 - kept * kept) * fresh
            program.noise[seed] = fresh
        return program.noise[seed]

    def _effect(self) -> float:
        place, weather = self.random.random(), self.weather
        if place < weather.gains:
            return self.random.uniform(*weather.gain)
        return -self.random.uniform(*weather.harm) if place < weather.gains + weather.harms else 0.0
