"""A disk that fills at random instants of whole runs, with everything on it: it is waited out."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.night import LOOPS, Night
from tests.night_steps import STEPS, STOPPING, Human, Pace, come_to, instant, see_out, undisturbed
from tests.small_disk import fill, small_disk
from tests.torture import dice, times


LEAVES = (0, 0, 4096, 2**14, 2**16)  # bytes: some writes find room, and others do not


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    with small_disk(tmp_path / "disk", megabytes=16) as disk:
        made = Night(tmp_path, disk=disk)
        yield made
        made.end()


def spend(night: Night, step: str, pace: Pace, chance: random.Random) -> None:
    """Spend a night in which the disk is full for a while, and look at it in the morning."""
    night.restore()
    human, at = Human(night), instant(step, pace, chance)
    leave, seconds = chance.choice(LEAVES), chance.uniform(0.1, 3.0)
    work = night.begin("start", "--loops", str(LOOPS))
    come_to(night, at, work, human, chance)
    filler = fill(night.repo.parent, leave=leave)
    time.sleep(seconds)
    filler.unlink()
    human.propose_again()  # who was refused
    where = f"{at}, for {seconds:.3f} s, but for {leave} bytes"
    if work.wait() != 0:  # it is refused where there is no room to begin
        assert "No space left" in work.said(), f"{where}: {work.said()}"
        work = night.begin(*(("resume",) if night.paths else ("start", "--loops", str(LOOPS))))
    see_out(night, work, human, where)


def nights(night: Night, count: int, chance: random.Random) -> None:
    """Spend so many nights, the disk being filled in one step after the other."""
    pace = undisturbed(night)
    steps = sorted(STEPS.keys() - {STOPPING})
    chance.shuffle(steps)
    for number in range(count):
        spend(night, steps[number % len(steps)], pace, chance)


def test_a_disk_that_fills(night: Night) -> None:
    """Whatever was at work: with room again the run ends as if the disk had never been full."""
    nights(night, 1, dice("disk"))


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_disk_that_fills_in_every_step(night: Night) -> None:
    """The same 60 times, in every step of a run."""
    nights(night, times(60), dice("disk fills"))
