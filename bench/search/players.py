"""Who proposes: the search as the runner has it, its form of before, and optimisers from outside.

Each is asked for places and told what a training said. The optimisers suggest all constants at once, within
the same ranges, and begin where the constants stand.
"""

from __future__ import annotations

import importlib
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from autoresearch.engine.search.learned import Trial
from autoresearch.engine.search.search import Seed, propose
from autoresearch.events.values import Proposal


if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.search.landscapes import Range


Places = list[float]
STEPS = (-1.0, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.0)
WORSE = 1.0  # by which a crash counts as worse than all that did not crash


class Player(Protocol):
    """What is asked and told."""

    def ask(self, base: Places) -> Places | None:
        """Return what to train; None: nothing is left."""
        ...

    def tell(self, base: Places, base_score: float, tried: Places, score: float | None) -> None:
        """Take note of what a training said, where lower is better; None: it crashed."""
        ...


class Search:
    """The search of the runner, asked with a file that has one constant a line."""

    def __init__(self, ranges: Sequence[Range], _score: float) -> None:
        self._ranges, self._trials, self._asked = ranges, list[Trial](), 0
        self._first = self._file([0.0] * len(ranges))

    def ask(self, base: Places) -> Places | None:
        """Return the places of what it proposes."""
        self._asked += 1
        found = propose(
            {"train.py": self._file(base)},
            at_first={"train.py": self._first},
            trials=self._trials,
            seed=Seed(seed=0, iteration=self._asked),
        )
        if not isinstance(found, Proposal):
            return None
        tried = list(base)
        for name, value in found.set.items():
            assert isinstance(value, float)
            tried[int(name[1:])] = value
        return tried

    def tell(self, base: Places, base_score: float, tried: Places, score: float | None) -> None:
        """Remember it as the history would."""
        before, after = ({f"C{i}": place for i, place in enumerate(places)} for places in (base, tried))
        gain = None if score is None else base_score - score
        self._trials.append(Trial(before=before, after=after, gain=gain, crashed=score is None))

    def _file(self, places: Places) -> str:
        lines = []
        for index, ((low, high), place) in enumerate(zip(self._ranges, places, strict=True)):
            steps = [low + (high - low) * step / 8 for step in range(9)] + [0.0]
            choices = " | ".join(repr(one) for one in sorted(set(steps)))
            lines.append(f"C{index} = {place!r}  # search: {choices}\n")
        return "".join(lines)


class Turns:
    """The search as it was: one constant after the other, each at a value that the dice choose."""

    def __init__(self, ranges: Sequence[Range], _score: float) -> None:
        self._random, self._asked = Random(1), 0
        self._left = [[step for step in STEPS if low <= step <= high] for low, high in ranges]

    def ask(self, base: Places) -> Places | None:
        """Return the next constant's next value."""
        for _ in self._left:
            self._asked += 1
            index = self._asked % len(base)
            untried = [one for one in self._left[index] if one != base[index]]
            if untried:
                tried = list(base)
                tried[index] = self._random.choice(untried)
                self._left[index].remove(tried[index])
                return tried
        return None

    def tell(self, base: Places, base_score: float, tried: Places, score: float | None) -> None:
        """Learn nothing."""


class Optuna:
    """Optuna's tree-structured Parzen estimator, over all constants together."""

    def __init__(self, ranges: Sequence[Range], score: float) -> None:
        optuna: Any = importlib.import_module("optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(seed=1, multivariate=True, n_startup_trials=5)
        self._study, self._ranges = optuna.create_study(sampler=sampler), ranges
        self._failed = optuna.trial.TrialState.FAIL
        self._study.enqueue_trial({f"C{index}": 0.0 for index in range(len(ranges))})
        self._trial: Any = None
        self.ask([])
        self._study.tell(self._trial, score)

    def ask(self, base: Places) -> Places | None:
        """Return what the sampler suggests."""
        self._trial = self._study.ask()
        return [self._trial.suggest_float(f"C{i}", low, high) for i, (low, high) in enumerate(self._ranges)]

    def tell(self, base: Places, base_score: float, tried: Places, score: float | None) -> None:
        """Hand it on."""
        self._study.tell(self._trial, score, state=self._failed if score is None else None)


class Cmaes:
    """Separable CMA-ES in populations of six, which was the best of four forms tried."""

    def __init__(self, ranges: Sequence[Range], score: float) -> None:
        cmaes, numpy = (importlib.import_module(name) for name in ("cmaes", "numpy"))
        self._array, self._worst, self._told = numpy.array, score, list[tuple[Any, float]]()
        mean, bounds = numpy.zeros(len(ranges)), numpy.array(ranges)
        self._form = cmaes.SepCMA(mean=mean, sigma=0.3, bounds=bounds, seed=1, population_size=6)

    def ask(self, base: Places) -> Places | None:
        """Return the next of its population."""
        return [float(one) for one in self._form.ask()]

    def tell(self, base: Places, base_score: float, tried: Places, score: float | None) -> None:
        """Hand on a whole population."""
        known = self._worst + WORSE if score is None else score
        self._worst = max(self._worst, known)
        self._told.append((self._array(tried), known))
        if len(self._told) == self._form.population_size:
            self._form.tell(self._told)
            self._told = []


PLAYERS: dict[str, type[Search | Turns | Optuna | Cmaes]] = {
    "turns": Turns,
    "search": Search,
    "TPE": Optuna,
    "SepCMA": Cmaes,
}
