"""The rules that a night is played by: ours, as the engine has them, and those of others as published.

What a peer has to be told of the noise (a margin, an error) it is told exactly: no estimate of it is worse.
"""

from collections.abc import Callable, Sequence
from statistics import fmean, median, stdev

from attrs import frozen

from autoresearch.engine.verdicts.keep_rules import RULES, Answer, Case
from autoresearch.engine.verdicts.pairs import Pairs, error_of, half_width, pair_spread, squares_of
from autoresearch.projections.belief import Pool, believed
from bench.belief.nights import SCREEN, Night, Program, Spent


BASE_SEEDS = 5  # of the baseline, in a run of 60 loops or more
FRESH = 1000  # the first of the seeds that nothing was chosen on
FINAL = 3


@frozen(kw_only=True)
class Keep:
    """A kept change: its true effect, and what was said of it."""

    effect: float
    probability: float | None = None


@frozen(kw_only=True)
class Played:
    """What came of a night."""

    keeps: tuple[Keep, ...]
    gain: float  # true, of what was kept in the end
    stated: float
    half_width: float | None = None  # of the interval that was stated


Rule = Callable[[Night], Played]


def climb(night: Night, *, known: bool = False) -> Played:
    """Play by `climb`: one seed for all, and the gain from fresh ones."""
    best, keeps, firsts, _ = climbed(night, known=known)
    return _with_final(night, best, keeps, firsts, known=known)


def climbed(night: Night, *, known: bool = False) -> tuple[Program, list[Keep], list[float], float]:
    """Return the best of a night, its keeps, the baseline's numbers, and what is learned of seeds by then."""
    firsts = _firsts(night, 1 if known else BASE_SEEDS)
    spread = 1.0 if known else stdev(firsts)
    belief = believed(spread, None if known else BASE_SEEDS - 1, luck=fmean(firsts) - firsts[0])
    best, keeps = night.baseline, []
    while night.left > 2 * FINAL and (one := night.propose(best)):
        pairs = Pairs(differences=(night.pair(best, one, SCREEN),), base=0.0)
        case = _case(pairs, Pool(), belief.of_seeds, known=known)
        kept = RULES["climb"].judge(case, RULES["climb"].asks(case)) == "keep"
        guess = belief.guess(pairs.mean)
        belief = belief.after(pairs.mean, kept=kept)
        if kept:
            keeps.append(Keep(effect=one.effect, probability=guess.probability))
            best = one
    return best, keeps, firsts, belief.of_seeds


def confirm(night: Night, *, known: bool = False) -> Played:
    """Play by `confirm`: seed after seed, until it is sure."""
    firsts = _firsts(night, 1 if known else BASE_SEEDS)
    spread, pool = 1.0 if known else stdev(firsts), Pool()
    best, keeps = night.baseline, []
    while night.left > 2 * FINAL and (one := night.propose(best)):
        answer: Answer = "more"
        differences: tuple[float, ...] = ()
        while answer == "more" and night.left > 2 * FINAL + 1:  # the base may lack the seed too
            differences = (*differences, night.pair(best, one, len(differences) + 1))
            pairs = Pairs(differences=differences, base=0.0)
            case = _case(pairs, pool, spread, known=known)
            answer = RULES["confirm"].judge(case, RULES["confirm"].asks(case))
        if answer == "more":
            break  # the night is over before it is sure
        pool = pool.plus(pairs.squares, pairs.count)
        if answer == "keep":
            keeps.append(Keep(effect=one.effect))
            best = one
    return _with_final(night, best, keeps, firsts, known=known)


def strict(night: Night, *, margin: float = 0.0) -> Played:
    """Keep what is lower by more than a margin, all on one seed; state what that seed says."""
    return _by_one_number(night, lambda one: night.train(one, SCREEN), margin)


def best_of_three(night: Night) -> Played:
    """Keep what has the lower of the best of three."""
    return _by_one_number(night, lambda one: min(_three(night, one)))


def mean_of_three(night: Night) -> Played:
    """Keep what has the lower mean of three."""
    return _by_one_number(night, lambda one: fmean(_three(night, one)))


def median_with_mad(night: Night) -> Played:
    """Keep a lower median of three where it is lower by twice the absolute deviation of all medians."""
    seen: list[float] = []

    def enough(gain: float) -> bool:
        middle = median(seen)
        return gain > 2 * median(abs(one - middle) for one in seen)

    def measure(one: Program) -> float:
        seen.append(median(_three(night, one)))
        return seen[-1]

    return _by_one_number(night, measure, enough=enough)


def same_fresh_seed(night: Night, *, margin: float = 0.5) -> Played:
    """Keep what is better by a margin on a seed that is drawn for both; add up the gains."""
    best, keeps, stated, seed = night.baseline, [], 0.0, 1
    while night.left > 1 and (one := night.propose(best)):
        seed += 1
        gain = night.pair(best, one, seed)
        if gain > margin:
            keeps.append(Keep(effect=one.effect))
            best, stated = one, stated + gain
    return Played(keeps=tuple(keeps), gain=best.gain, stated=stated)


def _firsts(night: Night, seeds: int) -> list[float]:
    return [night.train(night.baseline, SCREEN + place) for place in range(seeds)]


def _three(night: Night, one: Program) -> list[float]:
    return [night.train(one, SCREEN + place) for place in range(3)]


def _case(pairs: Pairs, pool: Pool, spread: float, *, known: bool) -> Case:
    return Case(
        pairs=pairs,
        number=0.0,
        of_seeds=spread,
        of_pairs=pair_spread(pool, spread),
        error=error_of(pairs, pool, spread),
        noise_known=known,
    )


def _by_one_number(
    night: Night,
    measure: Callable[[Program], float],
    margin: float = 0.0,
    enough: Callable[[float], bool] | None = None,
) -> Played:
    """Compare one number of each program, and state what it says of the first and the last."""
    best, keeps = night.baseline, []
    first = lowest = measure(best)
    try:
        while one := night.propose(best):
            number = measure(one)
            gain = lowest - number
            if gain > margin and (enough is None or enough(gain)):
                keeps.append(Keep(effect=one.effect))
                best, lowest = one, number
    except Spent:
        pass
    return Played(keeps=tuple(keeps), gain=best.gain, stated=first - lowest)


def _with_final(
    night: Night, best: Program, keeps: Sequence[Keep], firsts: Sequence[float], *, known: bool
) -> Played:
    """State what baseline and best differ by on fresh seeds."""
    if best is night.baseline:
        return Played(keeps=(), gain=0.0, stated=0.0)
    fresh = range(FRESH, FRESH + FINAL)
    theirs = [night.train(night.baseline, seed) for seed in fresh]
    ours = [night.train(best, seed) for seed in fresh]
    pairs = Pairs(differences=tuple(a - b for a, b in zip(theirs, ours, strict=True)), base=0.0)
    of_base = (*firsts, *theirs)
    seen = Pool().plus(squares_of(of_base), len(of_base)).plus(squares_of(ours), len(ours))
    half = half_width(pairs, seen, noise=1.0 if known else 0.0)
    return Played(keeps=tuple(keeps), gain=best.gain, stated=pairs.mean, half_width=half)


def _known(rule: Callable[..., Played]) -> Rule:
    return lambda night: rule(night, known=True)


RULES_PLAYED: dict[str, Rule] = {
    "climb": climb,
    "climb, noise known": _known(climb),
    "confirm": confirm,
    "confirm, noise known": _known(confirm),
    "strictly better": strict,
    "min-delta of 1 s": lambda night: strict(night, margin=1.0),
    "best of three": best_of_three,
    "mean of three": mean_of_three,
    "median of three, MAD": median_with_mad,
    "fresh seed for both, 0.5 s": same_fresh_seed,
}
