"""The numbers that one output gave for the metric: which there were, which counts, and whose they are. Pure.

A training that prints it at each evaluation prints many different ones, and the last counts. But where lines
say of which process they are, and their last ones differ, nobody knows which one that is.
"""

import math
import re

from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.values import Printed


NEAR = 200  # characters around a number in which its line may name a rank

_MOST = 1000  # different numbers, and ranks, that are told apart
# How launchers and scripts name a process: [rank1]:, rank=1, torchrun's [default1]:, mpirun's [1,2]<stdout>.
# A bare [1] or 1: is a step of many a script.
_RANK = re.compile(
    r"\b(?:local_|global_)?rank\W{0,2}(\d+)|\[default(\d+)\]|\[\d+,(\d+)\]<std", re.ASCII | re.IGNORECASE
)


class PrintedNumbers:
    """Takes note of each match of a metric's pattern, in order."""

    def __init__(self, spec: MetricSpec) -> None:
        """Let the settings say whether the best counts, or the last."""
        self.counts: str | None = None  # as it was printed
        self._takes_best = spec.several == "best"
        self._sign = 1 if spec.lower_is_better else -1
        self._best = math.inf  # times the sign
        self._finite: set[float] = set()
        self._others: set[str] = set()  # nan, inf, and what is no number
        self._ends = math.inf, -math.inf
        self._by_rank: dict[str, float] = {}  # the last one of each
        self._is_ranked = False  # the last match says whose it is
        self._last_of: dict[tuple[str, ...], tuple[float, str]] = {}  # by what it is of: number and line

    def note(self, text: str, value: float | None, line: str, of: tuple[str, ...] = ()) -> None:
        """Take note of a match, what number it is, its line, and what it is said to be of."""
        finite = value is not None and math.isfinite(value)
        if not self._takes_best or self.counts is None:
            self.counts = text
        rank = _RANK.search(line)
        self._is_ranked = rank is not None
        if value is None or not finite:
            if len(self._others) < _MOST:
                self._others.add(text[:NEAR].lower())
            return
        self._last_of[of] = value, line.strip()[:NEAR]
        if self._takes_best and value * self._sign < self._best:
            self.counts, self._best = text, value * self._sign
        if len(self._finite) < _MOST:
            self._finite.add(value)
        self._ends = min(self._ends[0], value), max(self._ends[1], value)
        if rank is not None and len(self._by_rank) < _MOST:
            self._by_rank["".join(filter(None, rank.groups()))] = value

    def several(self) -> Printed | None:
        """Return which there were; None where all were the same."""
        count = len(self._finite) + len(self._others)
        if count <= 1 or not self._finite:
            return None
        least, most = self._ends
        return Printed(count=min(count, _MOST), least=least, most=most, ranks=len(self._by_rank))

    def unlike(self) -> tuple[str, str] | None:
        """Return two last lines of different numbers, of which one is said to be of another thing."""
        for value, line in self._last_of.values():
            for other, others_line in self._last_of.values():
                if value != other:
                    return line, others_line
        return None

    def ranks_disagree(self) -> bool:
        """Say whether the last one is one rank's, and another rank's last one is another number."""
        return self._is_ranked and len(set(self._by_rank.values())) > 1
