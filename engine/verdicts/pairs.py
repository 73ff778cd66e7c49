"""Pairs: a candidate and what it has to beat under the same seeds; what they say, and how surely. Pure.

The arithmetic of docs/belief.md: how far the numbers of a pair lie apart by chance is learned from all pairs
of the run, beginning as if pairing did not help; a candidate's own pairs count the more the more there are.
"""

import math
from collections.abc import Sequence

from attrs import frozen

from autoresearch.events.values import Best, Score
from autoresearch.projections.belief import Pool


# As if four pairs had shown what two unpaired trainings differ by: the variance of a difference is 2 s².
_PRIOR_FREEDOM = 4
# A candidate's own pairs are weighed against three that lie as those of its kind do.
_OWN_FREEDOM = 3
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571)  # of 1 to 5 degrees of freedom, at 97.5 %
SURE = 1.96  # standard deviations to either side: 95 of 100


@frozen(kw_only=True)
class Pairs:
    """What a candidate gained on its base, pair by pair; above 0 is better."""

    differences: tuple[float, ...]
    base: float  # the mean of what the base has in them
    paired: bool = True  # under the same seeds; else each difference is one to the mean of the base
    of_base: int = 1  # trainings of the base, where they are not paired

    @property
    def count(self) -> int:
        """Return how many there are."""
        return len(self.differences)

    @property
    def mean(self) -> float:
        """Return the mean gain."""
        return _mean(self.differences)

    @property
    def squares(self) -> float:
        """Return the sum of (difference - mean)²."""
        return squares_of(self.differences)


def pairs_of(scores: tuple[Score, ...], base: Best, *, lower_is_better: bool, seeded: bool) -> Pairs | None:
    """Return the pairs of a candidate with its base under the same conditions; None where there are none."""
    if not scores:
        return None
    theirs = base.under(scores[-1].conditions)
    sign = 1.0 if lower_is_better else -1.0
    if not seeded:
        if not theirs:
            return None
        mean = _mean(tuple(theirs.values()))
        differences = tuple(sign * (mean - one.metric) for one in scores)
        return Pairs(differences=differences, base=mean, paired=False, of_base=len(theirs))
    both = [one for one in scores if one.repeat in theirs]
    if not both:
        return None
    return Pairs(
        differences=tuple(sign * (theirs[one.repeat] - one.metric) for one in both),
        base=_mean([theirs[one.repeat] for one in both]),
    )


def seed_spread(scores: tuple[Score, ...], noise: float = 0.0) -> float | None:
    """Return by how much one seed's number differs from another's, as a standard deviation.

    `scores` are those of the baseline; under other conditions they have another mean, and the same spread.
    `noise` is what the settings say of it; 0: what these show. None: they show nothing.
    """
    if noise > 0:
        return noise
    pool = seed_pool(scores)
    return math.sqrt(pool.squares / pool.freedom) if pool.freedom else None


def seed_pool(scores: tuple[Score, ...]) -> Pool:
    """Return how far the scores of one program lie from the mean of those under the same conditions."""
    pool, left = Pool(), scores
    while left:
        alike = [one.metric for one in left if one.conditions.agree(left[0].conditions)]
        left = tuple(one for one in left[1:] if not one.conditions.agree(left[0].conditions))
        pool = pool.plus(squares_of(alike), len(alike))
    return pool


def spread_of(learned: float | None, seen: Pool) -> tuple[float | None, float]:
    """Return how far seeds lie apart, and the quantile of a 95 % interval by it; None: nothing tells.

    That is what a run has learned of it; else what these few numbers show, with Student's quantile.
    """
    if learned is not None or not seen.freedom:
        return learned, SURE
    return math.sqrt(seen.squares / seen.freedom), student(seen.freedom)


def within(scores: tuple[Score, ...], repeats: tuple[int, ...]) -> tuple[Score, ...]:
    """Return those of some scores that are of these repeats."""
    return tuple(score for score in scores if score.repeat in repeats)


def squares_of(values: Sequence[float]) -> float:
    """Return the sum of (value - mean)²."""
    mean = _mean(values)
    return math.fsum((one - mean) ** 2 for one in values)


def _mean(values: Sequence[float]) -> float:
    """Return the mean; of equal numbers their own, where a sum divided again is off by its last bit."""
    return values[0] if len(set(values)) == 1 else math.fsum(values) / len(values)


def pair_spread(pool: Pool, of_seeds: float) -> float:
    """Return the standard deviation of a pair's difference, over the candidates of one kind."""
    prior = 2 * of_seeds**2
    return math.sqrt((_PRIOR_FREEDOM * prior + pool.squares) / (_PRIOR_FREEDOM + pool.freedom))


def error_of(pairs: Pairs, pool: Pool, of_seeds: float) -> float:
    """Return the standard error of the mean gain; half its 95 % interval is `SURE` times that."""
    if not pairs.paired:
        return of_seeds * math.sqrt(1 / pairs.count + 1 / pairs.of_base)
    of_kind = pair_spread(pool, of_seeds) ** 2
    variance = (_OWN_FREEDOM * of_kind + pairs.squares) / (pairs.count + _OWN_FREEDOM - 1)
    return math.sqrt(variance / pairs.count)


def half_width(pairs: Pairs, seen: Pool, noise: float = 0.0) -> float | None:
    """Return half the 95 % interval of a mean gain on fresh seeds; None: nothing was measured twice.

    `seen` is how far all numbers of the two programs lie from their means; so few that it takes Student's
    quantile. `noise` is the standard deviation over seeds where it is known beforehand.
    """
    if noise:
        times = 1 / pairs.count + 1 / (pairs.count if pairs.paired else pairs.of_base)
        return SURE * noise * math.sqrt(times)
    if not seen.freedom:
        return None
    of_seeds = seen.squares / seen.freedom
    if not pairs.paired:
        times = 1 / pairs.count + 1 / pairs.of_base
        return student(seen.freedom) * math.sqrt(of_seeds * times)
    # Along a chain of keeps most of what a pair shares is lost: two trainings, until pairs show better.
    freedom = pairs.count + _OWN_FREEDOM - 1
    variance = (_OWN_FREEDOM * 2 * of_seeds + pairs.squares) / freedom
    return student(min(freedom, seen.freedom)) * math.sqrt(variance / pairs.count)


def student(freedom: int) -> float:
    """Return the quantile of Student's t that 95 of 100 lie within, to either side."""
    if freedom <= len(_STUDENT):
        return _STUDENT[max(freedom, 1) - 1]
    return 1.95996 + 2.37227 / freedom + 2.82250 / freedom**2 + 2.5559 / freedom**3  # Cornish and Fisher's
