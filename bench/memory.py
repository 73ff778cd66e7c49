"""What an agent's memory is worth: `python -m bench.memory [NIGHTS]` prints the table of docs/memory.md.

A scripted model proposes 60 changes on a landscape whose true gains are known (bench/search/landscapes.py).
It is told the truth, with an error of its own, before it begins: what each value of each constant gains. Then
it reads its prompt as it is, takes for tried what stands there, mends its guesses by the gains that stand
there, and proposes what promises most. Two prompts are compared: the last twenty rows, which was all, and the
whole memory. A real model reads better and guesses worse; this shows what a prompt lets anybody know.
"""

import re
import sys
from collections.abc import Callable
from random import Random
from statistics import fmean, stdev

from attrs import define, field

from autoresearch.engine.memory.ideas import ideas_of, line_of
from autoresearch.engine.memory.recall import Code, recall
from autoresearch.engine.search.knobs import knobs
from autoresearch.events.values import Best, Score
from autoresearch.projections.fold import Rows
from autoresearch.projections.run_state import RunState
from autoresearch.projections.timeline import Row, Timeline
from bench.search.landscapes import Landscape, Parabolas


LOOPS = 60
NIGHTS = 40
STEPS = tuple(step / 4 for step in range(-4, 5) if step)
LEAST = 0.6  # in standard deviations of a seed: by less nothing is kept
ERRORS = (1.0, 3.0, 9.0)  # of the model's guess of a gain, in the same: it knows much, some, or nothing
NEAR = 0.5  # of the range: so far a seen gain tells of a value

Change = tuple[int, float]  # of which constant, to which value
TRIED = re.compile(r"^ *\d+  (\S+)  (.+?)  C(\d+) to (-?[0-9.]+)", re.MULTILINE)
LISTED = re.compile(r"^C(\d+) = .*?; tried (.*)$", re.MULTILINE)
VALUE = re.compile(r"(-?[0-9.]+) \(([-+0-9.]+), \d+\)")


@define
class Night:
    """One run: its landscape, its rows, and what is kept."""

    land: Landscape
    base: list[float]
    score: float
    rows: list[Row] = field(factory=list)
    keeps: list[Best] = field(factory=list)

    def prompt_of_old(self) -> str:
        """Return the last twenty rows."""
        ideas = ideas_of(self.rows, lower_is_better=True)
        return "\n".join(line_of(one, 160) for one in ideas[-20:])

    def prompt_of_now(self) -> str:
        """Return the memory, all sections of it."""
        text = "".join(f"C{index} = {place!r}\n" for index, place in enumerate(self.base))
        found = knobs({"train.py": text}, at_first={"train.py": text})
        run, timeline = RunState(keeps=tuple(self.keeps)), Timeline(closed=Rows(self.rows))
        return "\n".join(one.text for one in recall(run, timeline, Code(knobs=found)))

    def tell(self, change: Change) -> None:
        """Train a change, and keep it where it gained enough."""
        number, (index, value) = len(self.rows) + 1, change
        tried = [value if other == index else place for other, place in enumerate(self.base)]
        said = self.land.train(tried)
        kept = said is not None and said < self.score - LEAST
        row = Row(
            iteration=number,
            started_at="",
            base_commit=self.keeps[-1].commit,
            commit=f"{number:040x}",
            description=f"C{index} to {value}",
            settings={f"C{index}": value},
            outcome="crashed" if said is None else "succeeded",
            metric=said,
            verdict="keep" if kept else "crash" if said is None else "discard",
            inputs={} if said is None else {"gain": self.score - said},
        )
        self.rows.append(row)
        if kept and said is not None:
            self.base, self.score = tried, said
            self.keeps.append(_kept(number, row.commit or "", said))


def main() -> None:
    """Play the nights with each prompt and print the table."""
    nights = int(sys.argv[1]) if len(sys.argv) > 1 else NIGHTS
    say = sys.stdout.write
    say(f"{nights} nights of {LOOPS} ideas\n\n")
    say("| error of its guesses | prompt | ideas that repeat an earlier one | true gain | night by night |\n")
    say("| ---: | --- | ---: | ---: | ---: |\n")
    prompts = {"the last twenty rows": Night.prompt_of_old, "the memory": Night.prompt_of_now}
    for wrong in ERRORS:
        before: list[float] = []
        for name, prompt in prompts.items():
            played = [play(seed, prompt, wrong=wrong) for seed in range(nights)]
            repeats, gains = [one[0] for one in played], [one[1] for one in played]
            more = [one - other for one, other in zip(gains, before, strict=True)] if before else []
            say(f"| {wrong:g} | {name} | {fmean(repeats):.0%} | {_mean(gains)} | {_mean(more)} |\n")
            before = gains


def play(seed: int, prompt: Callable[[Night], str], *, wrong: float) -> tuple[float, float]:
    """Return the share of ideas that repeat an earlier one, and the true gain of what is kept at the end."""
    land = Parabolas(seed)
    base = [0.0 for _ in land.ranges]
    score = land.train(base)
    assert score is not None  # where it begins, nothing crashes
    night = Night(land, base, score)
    night.keeps.append(_kept(0, "0" * 40, score))
    guesses = guesses_of(land, Random(f"model {seed}"), wrong)  # noqa: S311 - a night is played again by its seed
    done, repeated = set[Change](), 0
    for _ in range(LOOPS):
        change = choose(guesses, read(prompt(night)))
        repeated += change in done
        done.add(change)
        night.tell(change)
    return repeated / LOOPS, land.gain(night.base)


def read(prompt: str) -> dict[Change, float | None]:
    """Return the changes that a prompt says were tried, and their gains; None of a crash."""
    found: dict[Change, float | None] = {}
    for gain, _, index, value in TRIED.findall(prompt):
        found[int(index), float(value)] = None if gain == "-" else float(gain)
    for index, tried in LISTED.findall(prompt):
        for value, gain in VALUE.findall(tried):
            found[int(index), float(value)] = None if gain == "-" else float(gain)
    return found


def choose(guesses: dict[Change, float], tried: dict[Change, float | None]) -> Change:
    """Return what promises most of what was not tried, and, where all was, the best of all."""
    fresh = [change for change in guesses if change not in tried] or list(guesses)
    return max(fresh, key=lambda change: guesses[change] + _surprise(change, guesses, tried))


def _surprise(change: Change, guesses: dict[Change, float], tried: dict[Change, float | None]) -> float:
    """Return by how much values near this one did better than they were guessed; a crash did far worse."""
    index, value = change
    near = [
        (-5.0 if gain is None else gain) - guesses[other, there]
        for (other, there), gain in tried.items()
        if other == index and abs(there - value) <= NEAR and (other, there) in guesses
    ]
    return fmean(near) if near else 0.0


def guesses_of(land: Landscape, random: Random, wrong: float) -> dict[Change, float]:
    """Return what the model guesses of each change: the truth, with its error."""
    found = {}
    for index in range(len(land.ranges)):
        for value in STEPS:
            places = [value if other == index else 0.0 for other in range(len(land.ranges))]
            found[index, value] = land.gain(places) + random.gauss(0.0, wrong)
    return found


def _mean(numbers: list[float]) -> str:
    """Return a mean and its standard error; "" of none."""
    error = stdev(numbers) / len(numbers) ** 0.5 if len(numbers) > 1 else 0.0
    return f"{fmean(numbers):.2f} ± {error:.2f}" if numbers else ""


def _kept(number: int, commit: str, metric: float) -> Best:
    return Best(iteration=number, commit=commit, tree="", scores=(Score(metric=metric),))


if __name__ == "__main__":
    main()
