"""The interval of a gain on fresh seeds."""

import math
from random import Random

import pytest

from autoresearch.engine.verdicts.pairs import Pairs, half_width, squares_of, student
from autoresearch.events.values import Score, mean_of
from autoresearch.projections.belief import Pool


def test_students_quantile_is_that_of_the_tables():
    """To a hundredth, from one degree of freedom to many."""
    table = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 8: 2.306, 12: 2.179, 30: 2.042}
    assert {freedom: pytest.approx(one, abs=0.01) for freedom, one in table.items()} == {
        freedom: student(freedom) for freedom in table
    }


def test_known_noise_gives_the_textbook_interval():
    """Two means of three trainings each, with a known spread: 1.96 times its root of two thirds."""
    pairs = Pairs(differences=(1.0, 2.0, 9.0), base=0.0)
    assert half_width(pairs, Pool(), noise=0.5) == pytest.approx(1.96 * 0.5 * math.sqrt(2 / 3))


def test_of_what_was_measured_once_there_is_no_interval():
    """One number of each of two programs says nothing of how far numbers lie apart."""
    assert half_width(Pairs(differences=(1.0,), base=0.0), Pool().plus(0.0, 1).plus(0.0, 1)) is None


@pytest.mark.parametrize("kept", [0.0, 0.9])
def test_the_interval_holds_in_nineteen_nights_of_twenty(kept: float):
    """Whether pairs share their luck or not, the true gain lies within it in 92 nights of 100 or more."""
    random, inside = Random(3), 0  # noqa: S311 - a simulation
    for _night in range(1000):
        base = [random.gauss(0.0, 1.0) for _seed in range(8)]
        ours = [kept * one + math.sqrt(1 - kept**2) * random.gauss(0.0, 1.0) for one in base[5:]]
        pairs = Pairs(differences=tuple(a - b for a, b in zip(base[5:], ours, strict=True)), base=0.0)
        seen = Pool().plus(squares_of(base), len(base)).plus(squares_of(ours), len(ours))
        half = half_width(pairs, seen)
        assert half is not None
        inside += abs(pairs.mean) <= half
    assert inside >= 920


def test_equal_numbers_show_no_spread():
    """Where all repeats measured the same there is no spread, not one of the last bit."""
    numbers = (0.1982,) * 3
    assert 0.0 == squares_of(numbers)
    assert 0.1982 == mean_of(tuple(Score(metric=one, repeat=k) for k, one in enumerate(numbers, start=1)))
