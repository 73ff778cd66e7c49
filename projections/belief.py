"""What a run's candidates teach of each other: how far seeds lie apart, how many changes help, and which do.

A candidate that was trained on one seed says little by itself. All of a run together say how much of what is
seen is noise: most changes do nothing, and lie about 0 as far as chance lets them. So each difference is
weighed against a few hypotheses, and each of these learns from it as if it were true. A pure fold, with an
end: what is not believed any more is dropped. The arithmetic is that of docs/belief.md.
"""

import math
from collections.abc import Iterator

from attrs import evolve as replace
from attrs import frozen

from autoresearch.events.values import Conditions


# How far a pair lies from its true difference, and in how many of the changes; in standard deviations over
# seeds, of the 40 changes of bench/bank. Without a seed no pair is closer than two trainings are.
_PAIRED = ((0.2, 0.35), (0.42, 0.40), (1.15, 0.25))
_UNPAIRED = ((math.sqrt(2), 1.0),)
# What an effect is, where there is one: as likely anywhere up to the one, and seldom up to the other.
_GAIN, _GAIN_AT_MOST = 3.0, 15.0
_HARM, _HARM_AT_MOST = 5.0, 25.0
_USUAL = 0.85
_FARTHEST = 12.0  # a difference beyond is an effect, whatever the rest
# Runs that find something, find little, find nothing: as if so many did nothing, helped, and harmed.
_RUNS = ((10.0, 2.0, 7.0), (20.0, 0.5, 10.0), (60.0, 0.1, 0.3))
# How far seeds may lie apart, in times what the baseline showed: a few of them often show far too little.
_TIMES = (0.5, 0.65, 0.8, 1.0, 1.25, 1.6, 2.0, 2.6, 3.5, 5.0, 8.0)
_DROPPED = 12.0  # below the likeliest, in logarithms: no pair brings it back


@frozen(kw_only=True)
class Gain:
    """What a kept candidate gained on the baseline, on fresh seeds."""

    iteration: int
    pairs: int
    gain: float
    half_width: float | None  # of its 95 % interval; None: too few numbers for one

    @property
    def is_shown(self) -> bool:
        """Say whether there is an interval, and the whole of it lies above 0."""
        return self.half_width is not None and self.gain > self.half_width


@frozen(kw_only=True)
class Sealed:
    """What best or baseline had on the holdout; None: it could not be scored."""

    keep: int
    iteration: int  # that measured it
    metric: float | None


@frozen(kw_only=True)
class TakenOut:
    """A keep whose change is in the best no more, and the keep that took it out."""

    iteration: int
    by: int


@frozen(kw_only=True)
class KnownCode:
    """Code that was measured, and by which iteration."""

    code: str  # its digest
    iteration: int
    metric: float


@frozen(kw_only=True)
class Curve:
    """What a training of a kept commit had over each part of its budget."""

    commit: str
    conditions: Conditions
    losses: tuple[tuple[int, float], ...]  # part, mean


@frozen(kw_only=True)
class Hypothesis:
    """How far seeds lie apart, and as if how many changes had done nothing, helped and harmed."""

    of_seeds: float
    weight: float  # a logarithm
    idle: float
    gains: float
    harms: float


@frozen(kw_only=True)
class Guess:
    """What one difference says of a candidate."""

    probability: float  # that it is better than its base
    gain: float  # to be expected: less than what was seen, and never below 0


@frozen(kw_only=True)
class Belief:
    """The hypotheses, and the luck of the base: by how much the seed flatters what is to be beaten."""

    hypotheses: tuple[Hypothesis, ...]
    luck: float = 0.0
    paired: bool = True

    @property
    def of_seeds(self) -> float:
        """Return the standard deviation over seeds, as far as it is known by now."""
        return math.fsum(
            one.of_seeds * share
            for one, share in zip(self.hypotheses, _shares(list(self._weights())), strict=True)
        )

    def guess(self, difference: float, pairs: int = 1) -> Guess:
        """Return what is thought of a candidate that is better than its base by so much, in the mean."""
        return _guess(self._weighed(difference, pairs))

    def after(self, difference: float, pairs: int = 1, *, kept: bool) -> "Belief":
        """Return what is believed once a candidate was measured, and is the base now or is not."""
        weighed = self._weighed(difference, pairs)
        most = max(one.weight for one in weighed)
        learned = tuple(one.learned() for one in weighed if one.weight > most - _DROPPED)
        top = max(one.weight for one in learned)
        return Belief(
            hypotheses=tuple(replace(one, weight=one.weight - top) for one in learned),
            luck=self.luck + (difference - _guess(weighed).gain if kept else 0.0),
            paired=self.paired,
        )

    def _weights(self) -> Iterator[float]:
        return (one.weight for one in self.hypotheses)

    def _weighed(self, difference: float, pairs: int) -> list["_Weighed"]:
        noise = _PAIRED if self.paired else _UNPAIRED
        return [_weigh(one, difference, pairs, self.luck, noise) for one in self.hypotheses]


@frozen(kw_only=True)
class Pool:
    """How far the pairs of several candidates lay from the mean of their own, summed up."""

    squares: float = 0.0  # over candidates, of (difference - its mean)²
    freedom: int = 0  # over candidates, of (pairs - 1)

    def plus(self, squares: float, pairs: int) -> "Pool":
        """Return it with the pairs of one more candidate."""
        return Pool(squares=self.squares + squares, freedom=self.freedom + max(0, pairs - 1))

    def joined(self, other: "Pool") -> "Pool":
        """Return both as one."""
        return Pool(squares=self.squares + other.squares, freedom=self.freedom + other.freedom)


@frozen(kw_only=True)
class Learned:
    """What was seen so far of how pairs differ, and what is believed of seeds and changes.

    On the bank pairs of constants set lie as far apart as those of code edited: one pool is for both.
    """

    pool: Pool = Pool()
    belief: Belief | None = None  # None: nothing is known of how seeds differ, or they do not

    def after(self, squares: float, pairs: int, gain: float, *, kept: bool) -> "Learned":
        """Return it with one more candidate, that gained so much in the mean of its pairs."""
        return Learned(
            pool=self.pool.plus(squares, pairs),
            belief=self.belief and self.belief.after(gain, pairs, kept=kept),
        )


def believed(of_seeds: float, freedom: int | None, *, luck: float = 0.0, paired: bool = True) -> Belief:
    """Return what is believed before the first candidate.

    `of_seeds` is what the baseline showed, from `freedom` + 1 seeds; of None it is known beforehand.
    """
    return Belief(
        hypotheses=tuple(
            Hypothesis(
                of_seeds=of_seeds * times,
                weight=-(freedom or 0) * (math.log(times) + 0.5 / times**2),  # of chi squared
                idle=idle,
                gains=gains,
                harms=harms,
            )
            for idle, gains, harms in _RUNS
            for times in ((1.0,) if freedom is None else _TIMES)
        ),
        luck=luck,
        paired=paired,
    )


@frozen(kw_only=True)
class _Weighed:
    """A hypothesis, and what it makes of a difference."""

    by: Hypothesis
    weight: float
    gained: float  # probabilities
    harmed: float
    gain: float

    def learned(self) -> Hypothesis:
        return replace(
            self.by,
            weight=self.weight,
            idle=self.by.idle + 1 - self.gained - self.harmed,
            gains=self.by.gains + self.gained,
            harms=self.by.harms + self.harmed,
        )


def _weigh(
    one: Hypothesis, difference: float, pairs: int, luck: float, noise: tuple[tuple[float, float], ...]
) -> _Weighed:
    unit, lucky = one.of_seeds, luck / one.of_seeds / pairs  # of the first pair alone
    idle = gained = harmed = gain = 0.0
    for spread, share in noise:
        # With the correlation r = 1 - spread²/2, a child keeps r of the luck of its base.
        sigma = spread * math.sqrt((1 - spread**2 / 4) / pairs)
        seen = difference / unit + lucky * spread**2 / 2
        near = min(max(seen, -_FARTHEST), _FARTHEST)
        idle += share * _density(near / sigma) / sigma
        for most, part in ((_GAIN, _USUAL), (_GAIN_AT_MOST, 1 - _USUAL)):
            mass = share * part * _between(near, most, sigma)
            gained += mass
            moved = sigma * (_density(near / sigma) - _density((most - near) / sigma)) / most
            gain += (seen * mass) + share * part * moved
        for most, part in ((_HARM, _USUAL), (_HARM_AT_MOST, 1 - _USUAL)):
            harmed += share * part * _between(-near, most, sigma)
    all_of_it = one.idle + one.gains + one.harms
    idle, gained, harmed = idle * one.idle, gained * one.gains, harmed * one.harms
    total = idle + gained + harmed
    return _Weighed(
        by=one,
        weight=one.weight + math.log(total / all_of_it / unit),
        gained=gained / total,
        harmed=harmed / total,
        gain=max(0.0, unit * gain * one.gains / total),
    )


def _guess(weighed: list[_Weighed]) -> Guess:
    shares = _shares([one.weight for one in weighed])
    return Guess(
        probability=math.fsum(one.gained * share for one, share in zip(weighed, shares, strict=True)),
        gain=math.fsum(one.gain * share for one, share in zip(weighed, shares, strict=True)),
    )


def _shares(logarithms: list[float]) -> list[float]:
    most = max(logarithms)
    parts = [math.exp(one - most) for one in logarithms]
    whole = math.fsum(parts)
    return [part / whole for part in parts]


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _between(seen: float, most: float, sigma: float) -> float:
    """Return the density of what is seen of an effect that is as likely anywhere from 0 to `most`."""
    root = sigma * math.sqrt(2)
    return (math.erfc(-seen / root) - math.erfc((most - seen) / root)) / (2 * most)
