"""What the bank shows of seeds and pairs: `python -m bench.bank.facts`. All but the scores is in units of s.

s is the standard deviation over seeds, pooled over the programs.
"""

import csv
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import correlation, fmean, median, stdev, variance

from attrs import frozen

from bench.bank.candidates import BASELINE, CANDIDATES, Candidate


SEEDS = 8
TABLE = Path(__file__).with_name("bank.csv")
RESHAPED = ("mlp-5", "depth-3", "values-everywhere", "bigrams-131072", "bigrams-32768")  # other parameters
REBATCHED = ("rows-12", "rows-8")  # other rows in a batch

Scores = dict[str, tuple[float, ...]]


@frozen(kw_only=True)
class Fact:
    """What a change makes of its parent, over the seeds of the bank; above 0 is better."""

    candidate: Candidate
    differences: tuple[float, ...]
    correlation: float
    spread: float  # of the candidate itself

    @property
    def gain(self) -> float:
        """Return the mean gain; of what was planted to be as good, 0."""
        return 0.0 if self.candidate.planted else fmean(self.differences)

    @property
    def of_pair(self) -> float:
        """Return the standard deviation of a pair's difference."""
        return stdev(self.differences)

    @property
    def error(self) -> float:
        """Return the standard error of the mean gain."""
        return self.of_pair / math.sqrt(len(self.differences))


def scores() -> Scores:
    """Return what each candidate measured, in the order of the seeds."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["seed"]))
    found: dict[str, tuple[float, ...]] = {}
    for row in rows:
        found[row["candidate"]] = (*found.get(row["candidate"], ()), float(row["val_bpb"]))
    return found


def of_seeds(found: Scores) -> float:
    """Return the standard deviation over seeds, pooled over programs that differ in what they compute."""
    return math.sqrt(fmean(variance(found[one.name]) for one in CANDIDATES if one.planted != "same"))


def facts() -> list[Fact]:
    """Return what every change makes of its parent, in units of s."""
    found = scores()
    unit = of_seeds(found)
    return [_fact(one, found, unit) for one in CANDIDATES if one.name != BASELINE]


def _fact(one: Candidate, found: Scores, unit: float) -> Fact:
    base, own = found[one.parent], found[one.name]
    return Fact(
        candidate=one,
        differences=tuple((theirs - ours) / unit for theirs, ours in zip(base, own, strict=True)),
        correlation=correlation(base, own),
        spread=stdev(own) / unit,
    )


def main() -> None:
    """Print a row for each change, and the spread of pairs by kind."""
    found = scores()
    say = sys.stdout.write
    say(f"s = {of_seeds(found):.5f}; of the baseline alone {stdev(found[BASELINE]):.5f}\n\n")
    say(f"{'change':19}{'kind':11}{'on':18}{'s':>6}{'corr.':>7}{'pair':>6}{'gain':>8}  its error\n")
    known = facts()
    for fact in known:
        one = fact.candidate
        say(f"{one.name:19}{one.kind:11}{one.parent:18}{fact.spread:6.2f}{fact.correlation:7.2f}")
        say(f"{fact.of_pair:6.2f}{fmean(fact.differences):+8.2f}  {fact.error:.2f}\n")
    known = [fact for fact in known if fact.candidate.planted != "same"]
    other = (*RESHAPED, *REBATCHED)
    say("\nspread of a pair by kind of change: how many, root of the mean square, median\n")
    _row("constants set", (fact for fact in known if fact.candidate.kind == "constants"))
    _row("code edited", (fact for fact in known if fact.candidate.kind == "structure"))
    _row("parameters or batch another", (fact for fact in known if fact.candidate.name in other))
    _row("neither of both", (fact for fact in known if fact.candidate.name not in other))
    _row("all", known)


def _row(kind: str, some: Iterable[Fact]) -> None:
    spreads = [fact.of_pair for fact in some]
    root = math.sqrt(fmean(one * one for one in spreads))
    sys.stdout.write(f"{kind:29}{len(spreads):3}{root:6.2f}{median(spreads):6.2f}\n")


if __name__ == "__main__":
    main()
