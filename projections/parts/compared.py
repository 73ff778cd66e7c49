"""Best and baseline beside each other: the numbers that every page puts in its first lines. Pure."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from autoresearch.events.values import Best


@frozen(kw_only=True)
class Compared:
    """Best and baseline on the seeds that both were trained under, and what else is said of each.

    Under no seed in common (`seeds` is None) each has the mean of its own trainings, and no change is told.
    """

    best: float | None = None
    baseline: float | None = None
    seeds: int | None = None
    best_mean: float | None = None  # over all of its trainings
    baseline_mean: float | None = None
    baseline_first: float | None = None  # as it was measured before anything else


def compared(keeps: tuple[Best, ...], first: float | None) -> Compared:
    """Compare the last keep with the baseline, which measured `first` at first."""
    if not keeps:
        return Compared(baseline=first, baseline_mean=first, baseline_first=first)
    best, baseline = keeps[-1], keeps[0]
    of_first = baseline.metric if baseline.iteration == 0 else first  # of another program it may be no keep
    alike = on_the_same_seeds(best, baseline) if baseline.iteration == 0 else None
    ours, theirs, seeds = alike or (best.metric, of_first, None)
    return Compared(
        best=ours,
        baseline=theirs,
        seeds=seeds,
        best_mean=best.metric,
        baseline_mean=of_first,
        baseline_first=first,
    )


@frozen(kw_only=True)
class ShownBest:
    """The best as it is told of: by the number that stands beside the baseline's."""

    iteration: int
    commit: str
    metric: float


def shown_best(keeps: tuple[Best, ...], first: float | None) -> ShownBest | None:
    """Return the last keep with its number of `compared`; None: nothing was kept."""
    number = compared(keeps, first).best
    return (
        None
        if number is None
        else ShownBest(iteration=keeps[-1].iteration, commit=keeps[-1].commit, metric=number)
    )


def on_the_same_seeds(best: Best, baseline: Best) -> tuple[float, float, int] | None:
    """Return the means of both over what both were trained in alike, and of how many; None: nothing is."""
    ours, theirs = best.under(best.conditions), baseline.under(best.conditions)
    both = [repeat for repeat in ours if repeat in theirs]
    return (_mean(ours, both), _mean(theirs, both), len(both)) if both else None


def _mean(numbers: Mapping[int, float], repeats: Sequence[int]) -> float:
    return sum(numbers[one] for one in repeats) / len(repeats)
