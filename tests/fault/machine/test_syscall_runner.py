"""Real runners and supervisors, killed at each of their instants: see tests/crash_shim.py."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from autoresearch.events.catalog import JobLost
from autoresearch.events.log.read import read
from tests.crash_helpers import SEALED, SEEDED, Scene, Seen
from tests.processes import end_everything
from tests.torture import sample


PARTS = 4
ENDS = [
    ("succeeded", "keep"),  # the baseline
    ("succeeded", "keep"),
    ("succeeded", "discard"),
    ("crashed", "crash"),
    ("diverged", "crash"),
    ("not_applied", "not_applied"),
    ("succeeded", "discard"),  # applied by the agent
    ("succeeded", "keep"),  # proposed by the agent
]
SEALED_ENDS = [
    ("succeeded", "keep"),  # the baseline
    ("succeeded", "keep"),  # void once
    ("succeeded", "keep"),  # its evaluation broke once
    ("tampered", "crash"),
    ("tampered", "crash"),  # it lied
]
SEEDED_ENDS = [
    ("succeeded", "keep"),  # the baseline
    ("succeeded", "keep"),
    (None, "discard"),  # known code
    ("succeeded", "keep"),
    ("succeeded", "discard"),  # of the search
    *[("succeeded", "remeasured")] * 5,  # three to consolidate, two for the final
]
SPARE = ("TailHealed", "JobLost", "TrainingStarted", "EvaluationStarted")  # what a kill may add
WHY = {"supervisor_killed", "supervisor_killed_before", "supervisor_killed_ended"}
SEALED_JOBS = ("0001/train.2", "0001/evaluate.1", "0002/evaluate.2", "0004/evaluate.1")
JOBS = ("0000/train.1", "0001/train.1", "0003/train.1")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    yield Scene(tmp_path / "with space")
    end_everything(tmp_path)


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Scene]:
    yield Scene(tmp_path / "with space", SEALED)
    end_everything(tmp_path)


@pytest.fixture
def seeded(tmp_path: Path) -> Iterator[Scene]:
    yield Scene(tmp_path / "with space", SEEDED)
    end_everything(tmp_path)


def whole(scene: Scene, *, job: str | None = None) -> tuple[Seen, int]:
    """Let the run be without a crash; return what it comes to, and how many instants it has."""
    assert scene.shimmed(-1, job=job) == 0
    scene.audit()
    ends = [(row[2], row[4]) for row in scene.seen().rows]
    expected = SEALED_ENDS if scene.form is SEALED else SEEDED_ENDS if scene.form is SEEDED else ENDS
    assert expected == ends
    return scene.seen(), len(scene.said().splitlines())


def why_lost(scene: Scene) -> list[str]:
    return [one.event.reason.code for one in read(scene.paths.history) if isinstance(one.event, JobLost)]


def kill_runners(scene: Scene, which: Callable[[range], Iterable[int]]) -> int:
    """Kill a runner at some of its instants; return how many were killed."""
    expected, count = whole(scene)
    assert count > 500

    def killed_at(instant: int) -> bool:
        scene.restore()
        killed = scene.shimmed(instant) == -9
        scene.resume()
        scene.audit()
        seen = scene.seen()
        assert expected.rows == seen.rows, scene.said()
        assert expected.trained == seen.trained, scene.said()
        del seen.events["TailHealed"]  # of half a write
        assert expected.events == seen.events, scene.said()
        return killed

    # No two runs have as many instants: one that ends before its last ones is killed a little sooner.
    return sum(killed_at(instant) or killed_at(instant - count // 10) for instant in which(range(count)))


def kill_supervisors(scene: Scene, job: str, which: Callable[[range], Iterable[int]]) -> int:
    """Kill the supervisor of one training at some of its instants; return how many were killed."""
    expected, count = whole(scene, job=job)
    assert count > 10
    step, _, number = job.partition(".")
    once_more = f"{step}.{int(number) + 1}"
    reasons = WHY | set(why_lost(scene))  # an evaluation that breaks is lost as well
    killed = 0
    for at in which(range(count)):
        scene.restore()
        assert scene.shimmed(at, job=job) == 0, scene.said()  # the runner goes on by itself
        killed += bool(scene.said())
        scene.audit()
        seen = scene.seen()
        assert expected.rows == seen.rows, scene.said()
        again = seen.trained - expected.trained
        assert set(again) <= {once_more}, scene.said()
        assert expected.trained - seen.trained in ({}, {job: 1}), scene.said()
        assert set(why_lost(scene)) <= reasons, scene.said()
        for name in SPARE:
            assert 0 <= seen.events.pop(name, 0) - expected.events.get(name, 0) <= 1, scene.said()
        assert {name: n for name, n in expected.events.items() if name not in SPARE} == seen.events
    return killed


def test_a_runner_killed_at_some_instants(scene: Scene) -> None:
    """Wherever a runner is killed, resume ends with the same rows, events and trainings, each once."""
    assert kill_runners(scene, lambda instants: instants[-40::-700]) >= 2


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_runner_killed_at_many_instants(scene: Scene, part: int) -> None:
    """The same before, within and after calls that change the world: any of them, others each day."""
    assert kill_runners(scene, lambda instants: sample(instants[part::PARTS], 60, "runner", part)) >= 1


def test_a_runner_that_voids_and_evaluates_killed_at_an_instant(sealed: Scene) -> None:
    """The same where trainings are void and evaluations break: each of them once, and the anchor behind."""
    assert kill_runners(sealed, lambda instants: instants[-400:-399]) >= 1


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_runner_that_voids_and_evaluates_killed_at_many_instants(sealed: Scene, part: int) -> None:
    """Nowhere is it otherwise."""
    assert kill_runners(sealed, lambda instants: sample(instants[part::PARTS], 60, "sealed", part)) >= 1


def test_a_runner_that_consolidates_and_states_a_gain_killed_at_an_instant(seeded: Scene) -> None:
    """The same where code is known, keeps are consolidated and the gain is stated: each of them once."""
    assert kill_runners(seeded, lambda instants: instants[-300:-299]) >= 1


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_runner_that_consolidates_and_states_a_gain_killed_at_many_instants(
    seeded: Scene, part: int
) -> None:
    """Nowhere is it otherwise."""
    assert kill_runners(seeded, lambda instants: sample(instants[part::PARTS], 60, "seeded", part)) >= 1


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("job", SEALED_JOBS)
def test_a_supervisor_of_the_sealed_killed_at_many_instants(sealed: Scene, job: str) -> None:
    """Killed with its supervisor, a training that is void or an evaluation is started once more at most."""
    chosen: list[int] = []

    def some(instants: range) -> list[int]:
        chosen.extend(sample(instants, 40, "sealed", job))
        return chosen

    assert kill_supervisors(sealed, job, some) >= (len(chosen) > 5)  # one alone may lie behind its end


def test_a_supervisor_killed_at_some_instants(scene: Scene) -> None:
    """Wherever a supervisor is killed, the run goes on by itself, with a second training at most."""
    assert kill_supervisors(scene, JOBS[1], lambda instants: instants[2::9]) >= 2


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("job", JOBS)
def test_a_supervisor_killed_at_many_instants(scene: Scene, job: str) -> None:
    """The same at many instants, for the baseline, for a training that succeeds and one that crashes."""
    assert kill_supervisors(scene, job, lambda instants: sample(instants, 40, "supervisor", job)) >= 1
