"""What taking turns is worth: `python -m bench.turns [NIGHTS]` prints the table of docs/agents.md.

Scripted agents propose on a landscape whose true gains are known (bench/search/landscapes.py). Each guesses
what every value of every constant gains, with an error of its own, mends its guesses by what was tried,
whoever tried it, and costs so much an idea. A night is over when its money is spent, on agents and on the
device for each training. Every agent plays each night alone; then all take turns, by both rules of
engine/core/asks/turns.py.
"""

import sys
from collections.abc import Mapping
from random import Random
from statistics import fmean, stdev

from autoresearch.engine.core.asks.turns import next_of
from autoresearch.events.values import Usage
from autoresearch.projections.parts import proposers
from autoresearch.projections.parts.proposers import Kept, Proposers
from bench.memory import LEAST, choose, guesses_of
from bench.search.landscapes import Parabolas


NIGHTS = 100
MONEY = 10.0  # USD a night
DEVICE_HOUR_USD, TRAINING_S = 2.0, 300.0

Agents = Mapping[str, tuple[float, float]]  # by name: the error of its guesses, and what an idea of it costs
RULES = ("round-robin", "by-gain")

TEAMS: Mapping[str, Agents] = {
    "the dear one knows more": {"dear": (1.0, 0.60), "cheap": (9.0, 0.05)},
    "the dear one knows no more": {"dear": (3.0, 0.60), "cheap": (3.0, 0.05)},
    "one guesses, at the same price": {"knows": (1.0, 0.20), "guesses": (9.0, 0.20)},
    "three": {"dear": (1.0, 0.60), "middle": (3.0, 0.20), "cheap": (9.0, 0.02)},
}


def main() -> None:
    """Play every team's nights, alone and in turns, and print the table."""
    nights = int(sys.argv[1]) if len(sys.argv) > 1 else NIGHTS
    say = sys.stdout.write
    say(f"{nights} nights of ${MONEY:g}, of which ${DEVICE_HOUR_USD * TRAINING_S / 3600:.2f} a training\n\n")
    say("| team | who proposes | ideas | true gain | against the best alone, night by night |\n")
    say("| --- | --- | ---: | ---: | ---: |\n")
    for team, agents in TEAMS.items():
        played = {
            f"{name} alone": [night(seed, {name: of}, RULES[0]) for seed in range(nights)]
            for name, of in agents.items()
        }
        alone = max(played.values(), key=lambda each: fmean(gain for gain, _ in each))
        for rule in RULES:
            played[rule] = [night(seed, agents, rule) for seed in range(nights)]
        for name, each in played.items():
            gains = [gain for gain, _ in each]
            more = [gain - best for gain, (best, _) in zip(gains, alone, strict=True)]
            against = "" if each is alone else _mean(more)
            ideas = fmean(count for _, count in each)
            say(f"| {team} | {name} | {ideas:.0f} | {_mean(gains)} | {against} |\n")
        sys.stdout.flush()


def night(seed: int, agents: Agents, rule: str) -> tuple[float, int]:
    """Return the true gain of what is kept when the money is spent, and after how many ideas."""
    land = Parabolas(seed)
    base = [0.0 for _ in land.ranges]
    score = land.train(base)
    assert score is not None  # where it begins, nothing crashes
    guesses = {
        name: guesses_of(land, Random(f"{name} {seed}"), wrong)  # noqa: S311 - played again by its seed
        for name, (wrong, _) in agents.items()
    }
    tried: dict[tuple[int, float], float | None] = {}
    known: Proposers = ()
    money, ideas = MONEY, 0
    while True:
        name = next_of(tuple(agents), known, rule=rule, device_hour_usd=DEVICE_HOUR_USD)
        usd = agents[name][1]
        money -= usd + DEVICE_HOUR_USD * TRAINING_S / 3600
        if money < 0:
            return land.gain(base), ideas
        ideas += 1
        change = choose(guesses[name], tried)
        index, value = change
        places = [value if other == index else place for other, place in enumerate(base)]
        said = land.train(places)
        gain = None if said is None else score - said
        tried[change] = gain
        kept = gain is not None and gain > LEAST
        known = _noted(known, name, ideas, usd, Kept(iteration=ideas, gain=gain) if kept and gain else None)
        if kept and said is not None:
            base, score = places, said


def _noted(known: Proposers, name: str, seq: int, usd: float, kept: Kept | None) -> Proposers:
    """Note an idea, as reducers do of a run."""
    known = proposers.proposed(known, name, seq)
    known = proposers.answered(known, name, Usage(cost_usd=usd, cost_basis="reported"), proposals=1)
    known = proposers.on_device(known, name, TRAINING_S)
    return proposers.closed(known, name, kept)


def _mean(numbers: list[float]) -> str:
    """Return a mean and its standard error."""
    error = stdev(numbers) / len(numbers) ** 0.5 if len(numbers) > 1 else 0.0
    return f"{fmean(numbers):.2f} ± {error:.2f}"


if __name__ == "__main__":
    main()
