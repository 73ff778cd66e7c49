"""Real runs, of which somebody is killed at a random instant."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from autoresearch.engine.jobs.claim_file import read_claim
from autoresearch.engine.system.processes.process import alive
from tests.crash_helpers import Scene
from tests.processes import end_everything
from tests.torture import dice, times
from tests.waiting import until


VICTIMS = ("runner", "runner and git", "git", "supervisor", "job", "supervisor and job", "everything")
SPARING = ("runner", "runner and git", "git")  # these deaths leave no trace in the results


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    yield Scene(tmp_path)
    end_everything(tmp_path)


def children(pid: int) -> list[int]:
    """Return the processes that this one started and has not waited for."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def git_of(runner: int) -> list[int]:
    """Return the git calls of a runner; its supervisors lead sessions of their own and are Python."""

    def name(pid: int) -> str:
        try:
            return Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            return ""

    return [pid for pid in children(runner) if name(pid) == "git"]


def at_work(scene: Scene, role: str) -> list[int]:
    """Return the living supervisors, or their children, as the claims name them."""
    found = []
    for claim in scene.paths.folder.glob("iterations/*/*/claim"):
        who = getattr(read_claim(claim.parent), role, None)
        if who is not None and alive(who):
            found.append(who.pid)
    return found


def kill(scene: Scene, runner: int, victim: str) -> bool:
    """Kill who is named, as soon as there is one; say whether there was, before the run ended."""
    while not (found := named(scene, runner, victim)):
        if has_ended(runner):
            return False
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return True


def has_ended(runner: int) -> bool:
    """Say whether a runner that nobody has waited for is a zombie: it has no program any more."""
    return not Path(f"/proc/{runner}/exe").exists()


def recorded(scene: Scene) -> int:
    """Return how far the run has come: instants by the clock would lie elsewhere on a busy machine."""
    return scene.paths.history.read_bytes().count(b"\n")


def named(scene: Scene, runner: int, victim: str) -> list[int]:
    """Return the living processes that a kind of death takes."""
    found: list[int] = []
    if "runner" in victim or victim == "everything":
        found.append(runner)
    if "git" in victim or victim == "everything":
        found += git_of(runner)
    if "supervisor" in victim or victim == "everything":
        found += at_work(scene, "supervisor")
    if "job" in victim or victim == "everything":
        found += at_work(scene, "child")
    return found


def rounds(scene: Scene, victims: Sequence[str], chance: random.Random) -> int:
    """Play a round of each death; return how many died."""
    assert scene.finish(scene.runner()) == 0
    scene.audit()
    last = recorded(scene)
    expected = scene.seen()
    killed = 0
    for number, victim in enumerate(victims):
        scene.restore()
        runner = scene.runner()
        after, more_s = chance.randrange(last), chance.uniform(0.0, 0.05)
        until(lambda after=after, runner=runner: recorded(scene) >= after or has_ended(runner.pid))
        time.sleep(more_s)
        killed += kill(scene, runner.pid, victim)
        scene.note.write_text(f"{victim}, round {number}, {more_s:.3f} s after event {after}")
        scene.finish(runner)
        scene.resume()
        scene.audit()
        if victim in SPARING:
            seen = scene.seen()
            assert (expected.rows, expected.trained) == (seen.rows, seen.trained), scene.said()
    return killed


def test_somebody_killed_at_random(scene: Scene) -> None:
    """Whoever is killed whenever, resume ends with every iteration once, and nothing lost or used twice."""
    assert rounds(scene, ("runner and git", "supervisor and job"), random.Random(1)) >= 1  # noqa: S311


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("victim", VICTIMS)
def test_somebody_killed_at_random_many_times(scene: Scene, victim: str) -> None:
    """The same, many times for each kind of death, at other instants each day."""
    assert rounds(scene, [victim] * times(50), dice(victim)) >= times(50) // 2
