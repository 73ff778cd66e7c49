"""A machine that stops at random instants of whole runs: everybody dies at once, and the run is resumed."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.machine import lose_power, reboot, shut_down, stop_machine
from tests.night import LOOPS, Night
from tests.night_steps import STEPS, Human, Instant, Pace, come_to, instant, see_out, undisturbed
from tests.torture import dice, times


BACKGROUND = ((),)
FOREGROUND = (("--no-background-train",), ("--follow",))


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    made = Night(tmp_path)
    yield made
    made.end()


Stop = Callable[[Path, random.Random], object]


def at_once(below: Path, _chance: random.Random) -> None:
    stop_machine(below)


def spend(
    night: Night, step: str, mode: tuple[str, ...], pace: Pace, chance: random.Random, *, stop: Stop
) -> None:
    """Spend a night in which the machine stops once or twice, and look at it in the morning."""
    night.restore()
    human, stops = Human(night), [instant(step, pace, chance)]
    if chance.random() < 0.5:
        stops.append(Instant(step=chance.choice(["train", "apply"]), number=1, more_s=chance.uniform(0, 0.3)))
    start = ("start", "--loops", str(LOOPS), *mode)
    work = night.begin(*start)
    for at in stops:
        come_to(night, at, work, human, chance)
        stop(night.folder, chance)
        work.wait()
        human.propose_again()
        human.drop_late()
        if night.paths is not None and chance.random() < 0.5:
            lose_power(night.repo, night.run.folder, chance)
            reboot(night.run.folder)
        work = night.begin(*(("resume", *mode) if night.paths is not None else start))
    see_out(night, work, human, f"{mode}, {' and '.join(map(str, stops))}")


def nights(
    night: Night,
    count: int,
    modes: tuple[tuple[str, ...], ...],
    chance: random.Random,
    stop: Stop = at_once,
) -> None:
    """Spend so many nights, the machine stopping in one step after the other."""
    pace = undisturbed(night)
    steps = sorted(STEPS)
    chance.shuffle(steps)
    for number in range(count):
        spend(night, steps[number % len(steps)], modes[number % len(modes)], pace, chance, stop=stop)


@pytest.mark.parametrize("modes", [FOREGROUND, BACKGROUND], ids=["foreground", "background"])
def test_a_machine_that_stops(night: Night, modes: tuple[tuple[str, ...], ...]) -> None:
    """Whatever was at work: each idea is tried once, none is lost or blamed, and the audit is clean."""
    nights(night, 1, modes, dice("machine", modes))


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("modes", [FOREGROUND, BACKGROUND], ids=["foreground", "background"])
def test_a_machine_that_stops_in_every_step(night: Night, modes: tuple[tuple[str, ...], ...]) -> None:
    """The same 60 times, in every step of a run."""
    nights(night, times(60), modes, dice("machine stops", modes))


def test_a_machine_that_is_shut_down(night: Night) -> None:
    """Where everybody is asked to end, in any order, the same holds."""
    nights(night, 1, BACKGROUND, dice("shutdown"), shut_down)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("modes", [FOREGROUND, BACKGROUND], ids=["foreground", "background"])
def test_a_machine_that_is_shut_down_in_every_step(night: Night, modes: tuple[tuple[str, ...], ...]) -> None:
    """The same 30 times, in every step of a run."""
    nights(night, times(30), modes, dice("shutdowns", modes), shut_down)
