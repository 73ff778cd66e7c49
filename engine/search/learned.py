"""What the results of a run say about its knobs: how much each value would gain, and how sure that is. Pure.

Of each knob a parabola over the logarithm of its value, and of what has no order each value for itself; what
knobs give adds up. All of it is one linear regression with a prior that says: small steps, and mostly harm.
Gains are in units of the mean difference that was measured, a training's noise is a part of that.
"""

import math
from collections.abc import Mapping, Sequence

from attrs import frozen

from autoresearch.engine.search.knobs import Knob
from autoresearch.events.values import Scalar


SLOPE = 1.0  # standard deviation of a parabola's slope, by the width of a range
CURVE, CURVE_SPREAD = -2.0, 1.0  # of its second coefficient
WORD, WORD_SPREAD = -0.3, 1.0  # of a value that has no order
NOISE = 0.06  # variance of a measured gain
OF_CRASH = 2.0  # what a crash counts as losing, with a variance of 1
REMEMBERED = 400  # trials that are looked at, the newest

Feature = tuple[str, str]
Vector = dict[Feature, float]


@frozen(kw_only=True)
class Trial:
    """What was set before and after, by name, and what that gained; None: nothing was measured."""

    before: Mapping[str, Scalar]
    after: Mapping[str, Scalar]
    gain: float | None
    crashed: bool = False

    @property
    def changed(self) -> tuple[str, ...]:
        """Return the names of what was set to another value."""
        return tuple(name for name in self.after if self.before.get(name) != self.after[name])


class Learned:
    """The regression over all trials."""

    def __init__(self, knobs: Sequence[Knob], trials: Sequence[Trial]) -> None:
        """Solve it; what no trial touched stays as it was believed."""
        self._knobs = {one.name: one for one in knobs}
        told = [one for one in trials if one.gain is not None or one.crashed][-REMEMBERED:]
        vectors = [self._between(one.before, one.after) for one in told]
        gains = [abs(one.gain) for one in told if one.gain]
        unit = sum(gains) / len(gains) if gains else 1.0
        names = sorted({name for vector in vectors for name in vector})
        at = {name: index for index, name in enumerate(names)}
        precision = [[0.0] * len(names) for _ in names]
        wanted = [0.0] * len(names)
        for name, index in at.items():
            mean, spread = _prior(name)
            precision[index][index], wanted[index] = spread**-2, mean * spread**-2
        for one, vector in zip(told, vectors, strict=True):
            gain, weight = (-OF_CRASH, 1.0) if one.gain is None else (one.gain / unit, 1 / NOISE)
            for name, value in vector.items():
                wanted[at[name]] += weight * value * gain
                for other, second in vector.items():
                    precision[at[name]][at[other]] += weight * value * second
        self._at = at
        self._covariance = inverse(precision)
        self._mean = [sum(a * b for a, b in zip(row, wanted, strict=True)) for row in self._covariance]

    def gain(self, knob: Knob, value: Scalar) -> tuple[float, float]:
        """Return what a knob's new value is believed to gain, and the standard deviation of that."""
        vector = self._between({knob.name: knob.value}, {knob.name: value})
        mean = variance = 0.0
        for name, part in vector.items():
            index = self._at.get(name)
            expected, spread = _prior(name)
            mean += part * (expected if index is None else self._mean[index])
            for other, second in vector.items():
                beside = self._at.get(other)
                if index is not None and beside is not None:
                    variance += part * second * self._covariance[index][beside]
                elif name == other:
                    variance += part * part * spread**2
        return mean, math.sqrt(max(variance, 1e-12))

    def _between(self, before: Mapping[str, Scalar], after: Mapping[str, Scalar]) -> Vector:
        """Return the features of what changed."""
        vector: Vector = {}
        for name, knob in self._knobs.items():
            was, now = before.get(name, knob.origin), after.get(name, knob.origin)
            if was != now:
                for sign, value in ((-1, was), (1, now)):
                    for feature, part in _features(knob, value):
                        vector[feature] = vector.get(feature, 0.0) + sign * part
        return {feature: part for feature, part in vector.items() if part}


def improvement(mean: float, spread: float) -> float:
    """Return by how much a gain of this mean and spread is expected to exceed nothing."""
    z = mean / spread
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return mean * math.erfc(-z / math.sqrt(2)) / 2 + spread * density


def inverse(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the inverse of a symmetric matrix that is positive definite."""
    size = len(matrix)
    rows = [[*row, *(float(index == other) for other in range(size))] for index, row in enumerate(matrix)]
    for index in range(size):
        pivot = rows[index][index]
        rows[index] = [one / pivot for one in rows[index]]
        for other in range(size):
            factor = rows[other][index]
            if other != index and factor:
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[index], strict=True)]
    return [row[size:] for row in rows]


def _features(knob: Knob, value: Scalar) -> list[tuple[Feature, float]]:
    place = knob.place(value)
    if place is not None:
        return [((knob.name, "slope"), place), ((knob.name, "curve"), place * place)]
    if value == knob.origin:
        return []
    return [((knob.name, repr(value)), 1.0)]


def _prior(feature: Feature) -> tuple[float, float]:
    match feature[1]:
        case "slope":
            return 0.0, SLOPE
        case "curve":
            return CURVE, CURVE_SPREAD
        case _:
            return WORD, WORD_SPREAD
