"""Runs of which guards, humans and reviewers judge, or which are out of time, before they begin."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.clock import from_epoch
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import OPEN_END
from tests.fakes.agents import FakeAgent, answered
from tests.fakes.jobs import FakeJobs
from tests.fakes.world import World
from tests.fault.runner.measured_runs import PROPOSALS, noisy, proposal


def a_run_with_guards(folder: Path) -> World:
    """Return a run of which two commands guard the keeps: one check is lost, and one fails."""
    world = World(folder)
    asked = (PROPOSALS[0], proposal("a little", LR=0.05))
    world.start(loops=2, proposals=asked, guards=("tests: pytest -q", "lint: {python} lint.py"))
    train = world.jobs.on_start

    def begin(jobs: FakeJobs, job: Path, spec: JobSpec) -> None:
        name = f"{job.parent.name}/{job.name}"
        if not job.name.startswith("guard"):
            return train(jobs, job, spec)
        world.trained.append(name)
        if name == "0001/guard.1":
            return jobs.lose(job)
        failing = job.parent.name == "0001" and spec.command[0] != "pytest"
        return jobs.finish(job, exit_code=int(failing), output=b"E999 it fails\n" if failing else b"ok\n")

    world.jobs.on_start = begin
    return world


def a_run_for_an_hour(folder: Path) -> World:
    """Return a run of ten minutes a training that measures its gain before the time is up."""
    world = World(folder)
    clock = Clock(world)
    world.start(
        loops=OPEN_END, proposals=PROPOSALS[:2], keep_rule="climb", final=1, until=clock.after(minutes=65)
    )
    train = noisy(world)
    world.jobs.on_start = lambda jobs, folder, spec: train(SlowJobs(jobs), folder, spec)
    world.now = clock.now
    return world


def a_run_out_of_time(folder: Path) -> World:
    """Return a run whose second candidate is still being trained when the time is over."""
    world = World(folder)
    clock = Clock(world)
    world.start(loops=3, proposals=PROPOSALS[:2], until=clock.after(minutes=30))
    train = world.jobs.on_start
    world.jobs.on_start = lambda jobs, folder, spec: (
        train(jobs, folder, spec) if "0002" not in str(folder) else world.trained.append("0002/train.1")
    )
    world.now = lambda: clock.after(minutes=30 * ("TrainingStarted 2" in clock.trainings()))
    return world


class Clock:
    """Shows what the history says: ten minutes after the start for each training that has ended."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.start = datetime.now(UTC)
        self.seen = 0
        self.told: list[str] = []

    def after(self, *, minutes: float) -> str:
        return from_epoch(self.start.timestamp() + 60 * minutes)

    def now(self) -> str:
        return self.after(minutes=10 * sum(one.startswith("TrainingFinished") for one in self.trainings()))

    def trainings(self) -> list[str]:
        told = ev.TrainingStarted | ev.TrainingFinished
        for one in read(self.world.paths.history, self.seen):
            self.seen = one.seq
            if isinstance(one.event, told):
                self.told.append(f"{type(one.event).__name__} {one.event.iteration}")
        return self.told


class SlowJobs:
    """Ends each job after ten minutes."""

    def __init__(self, jobs: FakeJobs) -> None:
        self.jobs = jobs

    def finish(self, folder: Path, **result) -> None:
        self.jobs.finish(folder, seconds=600.0, **result)


def a_run_that_asks_a_human(folder: Path) -> World:
    """Return a run of which a human approves the first keep, vetoes the second, and sleeps over the third."""
    world = World(folder)
    asked = (PROPOSALS[0], proposal("a little", LR=0.05), proposal("a lot", LR=0.03))
    world.start(loops=3, proposals=asked, approve="human")
    words = {1: ev.CandidateApproved(iteration=1), 2: ev.CandidateVetoed(iteration=2, why="it looks")}

    asleep, awake = "2026-03-09T00:00:00.000Z", "2026-03-09T09:00:00.000Z"
    looked = (0, asleep)  # at a history of so many bytes

    def now() -> str:
        nonlocal looked
        size = world.paths.history.stat().st_size
        if size == looked[0]:
            return looked[1]
        waiting = [one.number for one in load(world.paths).run.open if one.approval.waits]
        with EventLog(world.paths.history) as log:
            log.append([words[number] for number in waiting if number in words], by="cli")
        looked = (size, awake if waiting == [3] else asleep)
        return looked[1]

    world.now = now
    return world


PASS, VETO = '{"verdict": "pass", "reasons": []}', '{"verdict": "veto", "reasons": ["it reads the test"]}'


def a_run_that_is_reviewed(folder: Path, *answers: str, prefetch: int = 0, **settings: Any) -> World:
    """Return a run whose candidates an agent reviews; the first review of the second is lost."""
    world = World(folder)
    asked = (PROPOSALS[0], proposal("a little", LR=0.05), proposal("a lot", LR=0.03))
    world.start(loops=3, proposals=asked, prefetch=prefetch, review_agent="fake", **settings)
    world.agent = FakeAgent(*(answered(text=one) for one in answers))
    train = world.jobs.on_start

    def begin(jobs: FakeJobs, job: Path, spec: JobSpec) -> None:
        if not job.name.startswith("review"):
            return train(jobs, job, spec)
        return jobs.lose(job) if f"{job.parent.name}/{job.name}" == "0002/review.1" else jobs.finish(job)

    world.jobs.on_start = begin
    return world


def a_run_reviewed_before_training(folder: Path) -> World:
    """Return a run of which a review passes the first, vetoes the second, and says nothing of the third."""
    answers = (PASS, VETO, "I cannot say", "no")
    return a_run_that_is_reviewed(folder, *answers, review="before-training", prefetch=1)


def a_run_reviewed_before_keeps(folder: Path) -> World:
    """Return a run of which a review vetoes the first keep and passes the others, one at the second try."""
    return a_run_that_is_reviewed(folder, VETO, PASS, "no", PASS, review="before-keep")
