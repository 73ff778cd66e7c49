"""Print the true gain after 12, 40 and 100 trainings, a mean: `python -m bench.search [NIGHTS]`."""

import sys
from collections.abc import Callable
from statistics import fmean, stdev

from bench.search.landscapes import Bank, Landscape, Parabolas
from bench.search.players import PLAYERS, Player


TRAININGS = 100
SHOWN = (12, 40, 100)
LEAST = 0.6  # in standard deviations of a seed: by less nothing is kept

FAMILIES: dict[str, Callable[[int], Landscape]] = {
    "the bank": Bank,
    "parabolas": Parabolas,
    "noisy": lambda seed: Parabolas(seed, noise=1.0),
    "together": lambda seed: Parabolas(seed, together=0.3),
    "many, dull": lambda seed: Parabolas(seed, constants=24, that_matter=4, crashing=0.25),
    "seven": lambda seed: Parabolas(seed, constants=7, that_matter=4),
    "nothing": lambda seed: Parabolas(seed, that_matter=0),
}


def main() -> None:
    """Play every family with every player."""
    nights = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    say = sys.stdout.write
    say(f"{nights} nights; after {', '.join(map(str, SHOWN))} trainings, and the error of the last\n")
    say(f"{'':12}" + "".join(f"{name:>28}" for name in PLAYERS) + "\n")
    for family, make in FAMILIES.items():
        say(f"{family:12}")
        for player in PLAYERS.values():
            played = [night(make(seed), player) for seed in range(nights)]
            for count in SHOWN:
                say(f"{fmean(one[count - 1] for one in played):7.2f}")
            say(f" ±{stdev(one[-1] for one in played) / nights**0.5:5.2f}")
        say("\n")
        sys.stdout.flush()


def night(land: Landscape, player: Callable[..., Player]) -> list[float]:
    """Return the true gain of what is kept, after each training."""
    base = [0.0 for _ in land.ranges]
    score = land.train(base)
    assert score is not None  # where it begins, nothing crashes
    playing, gains = player(land.ranges, score), list[float]()
    while len(gains) < TRAININGS:
        tried = playing.ask(base)
        if tried is None:
            break
        said = land.train(tried)
        playing.tell(base, score, tried, said)
        if said is not None and said < score - LEAST:
            base, score = tried, said
        gains.append(land.gain(base))
    return gains + [land.gain(base)] * (TRAININGS - len(gains))


if __name__ == "__main__":
    main()
