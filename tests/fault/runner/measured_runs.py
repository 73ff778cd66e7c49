"""Runs whose trainings are touched, evaluated, repeated, known, or measured anew, before they begin."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from attrs import evolve

from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.kinds.candidate_events import Without
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import Edit, Proposal, Request
from tests.fakes.curves import on_curves
from tests.fakes.jobs import FakeJobs
from tests.fakes.world import World, result_of


def proposal(name: str, **settings) -> Proposal:
    return Proposal(status="ok", description=name, change_plan=name, commit_description=name, set=settings)


# All kinds of outcomes: a keep, a discard, a crash, a change that does not apply, and one of the search.
PROPOSALS = (
    proposal("wider", WIDTH=16),
    proposal("worse", LR=0.9),
    proposal("broken", FAIL="yes"),
    proposal("unknown", NOWHERE=1),
)


def a_run(folder: Path) -> World:
    world = World(folder)
    world.start(loops=5, proposals=PROPOSALS)
    return world


def a_run_under_new_settings(folder: Path) -> World:
    """Return a run that goes on under another budget: its best is measured again, better than before."""
    world = World(folder)
    world.start(loops=1, proposals=PROPOSALS[:1])
    world.runner().run()
    world.jobs.on_start = better_with_budget(world)
    config = evolve(load(world.paths).run.config, training_budget="3000")
    given = [
        ev.ProposalReceived(source="cli", name="", sha256="0" * 64, dropped_at="", proposal=one)
        for one in (PROPOSALS[1], proposal("better", LR=0.03), PROPOSALS[2])
    ]
    with EventLog(world.paths.history) as log:
        changed = ev.ConfigChanged(config=config, changed=("training_budget",))
        log.append([changed, *given, ev.LoopsRequested(request=Request(loops=3))], by="cli")
    return world


def better_with_budget(world: World) -> Callable[[FakeJobs, Path, JobSpec], None]:
    """Return a training that gains half a bit by the new budget, whatever its code is."""

    def train(jobs: FakeJobs, folder: Path, spec: JobSpec) -> None:
        world.trained.append(f"{folder.parent.name}/{folder.name}")
        result = result_of((Path(spec.cwd) / "train.py").read_text())
        found = re.match(rb"val_bpb: (\S+)", result["output"])
        if found and spec.env["AUTORESEARCH_BUDGET"] == "3000":
            result["output"] = f"val_bpb: {float(found[1]) - 0.5:.6f}\n".encode()
        jobs.finish(folder, **result)

    return train


def a_run_that_is_touched(folder: Path) -> World:
    """Return a run in whose checkout somebody touches a file once, and a candidate does so each time."""
    world = World(folder)
    world.start(loops=3, proposals=(PROPOSALS[0], proposal("cheats", LR=0.03), PROPOSALS[1]))
    world.jobs.on_start = touching(world, {"0001/train.1", "0002/train.1", "0002/train.2"})
    return world


def touching(world: World, touched: set[str]) -> Callable[[FakeJobs, Path, JobSpec], None]:
    """Return a training that ends in a checkout of which a protected file was rewritten meanwhile."""

    def train(jobs: FakeJobs, folder: Path, spec: JobSpec) -> None:
        job = f"{folder.parent.name}/{folder.name}"
        world.trained.append(job)
        result = result_of((Path(spec.cwd) / "train.py").read_text())
        if job in touched:
            (Path(spec.cwd) / "program.md").write_text("touched")
        jobs.finish(folder, **result)

    return train


def a_run_that_is_evaluated(folder: Path) -> World:
    """Return a run scored by evaluations: one crashes first, one finds a lie, one's checkout is touched."""
    world = World(folder)
    world.start(
        loops=4,
        proposals=(PROPOSALS[0], proposal("lies", LR=0.04), proposal("touched", LR=0.05), PROPOSALS[1]),
        evaluate=("{python}", "evaluate.py"),
    )
    world.jobs.on_start = evaluating(world)
    return world


def evaluating(world: World) -> Callable[[FakeJobs, Path, JobSpec], None]:
    """Return trainings and evaluations that end at once, each as its number says."""

    def begin(jobs: FakeJobs, folder: Path, spec: JobSpec) -> None:
        job = f"{folder.parent.name}/{folder.name}"
        world.trained.append(job)
        result = result_of((Path(spec.cwd) / "train.py").read_text())
        if job == "0001/evaluate.1":
            result = {"exit_code": 1, "output": b"it broke\n"}
        if job == "0002/train.1":
            result["output"] = b"val_bpb: 0.500000\n"
        if job == "0003/evaluate.1":
            (Path(spec.cwd) / "program.md").write_text("touched")
        jobs.finish(folder, **result)

    return begin


def a_run_on_seeds(folder: Path) -> World:
    """Return a run that keeps by one pair, and measures its gain on a fresh seed in the end."""
    world = World(folder)
    world.start(loops=2, proposals=PROPOSALS[:2], keep_rule="climb", final=1)
    world.jobs.on_start = noisy(world)
    return world


def a_run_that_consolidates(folder: Path) -> World:
    """Return a run whose only keep is measured once more beside the baseline in the end."""
    world = World(folder)
    world.start(loops=1, proposals=PROPOSALS[:1], keep_rule="climb", consolidate=1)
    world.jobs.on_start = noisy(world)
    return world


def a_run_without_its_keeps(folder: Path) -> World:
    """Return a run of two keeps: one is tried without for good, and the other one is only measured."""
    world = World(folder)
    world.start(loops=2, proposals=(PROPOSALS[0], proposal("slower", LR=0.05)), keep_rule="climb")
    world.jobs.on_start = noisy(world)
    world.runner().run()
    fresh = load(world.paths).run.last_repeat + 1
    repeats = (fresh, fresh + 1)
    given = [
        ev.ProposalReceived(
            source="cli", name="", sha256="0" * 64, dropped_at="", proposal=one, without=asked
        )
        for one, asked in (
            (proposal("without 2", LR=0.1), Without(keep=2, purpose="drop", repeats=repeats)),
            (proposal("without 1", WIDTH=8), Without(keep=1, purpose="ablate", repeats=repeats)),
        )
    ]
    with EventLog(world.paths.history) as log:
        log.append([*given, ev.LoopsRequested(request=Request(loops=2))], by="cli")
    return world


def a_run_of_known_code(folder: Path) -> World:
    """Return a run that is proposed the same code four times, with another comment, before something new."""
    edits = [Edit(file="train.py", search="# rate", replace=f"# {number}") for number in range(4)]
    known = [evolve(proposal(f"known {edit.replace}"), edits=(edit,)) for edit in edits]
    world = World(folder)
    world.start(loops=2, proposals=(*known, *PROPOSALS[:2]))
    return world


def a_run_that_confirms(folder: Path) -> World:
    """Return a run that needs several repeats of a candidate, and one more of its base than there is."""
    world = World(folder)
    world.start(loops=1, proposals=(proposal("a little", LR=0.05),), keep_rule="confirm")
    world.jobs.on_start = noisy(world)
    return world


def noisy(world: World) -> Callable[[FakeJobs, Path, JobSpec], None]:
    """Return a training whose number hangs on its seed, and a little on seed and code together."""

    def train(jobs: FakeJobs, folder: Path, spec: JobSpec) -> None:
        world.trained.append(f"{folder.parent.name}/{folder.name}")
        script = (Path(spec.cwd) / "train.py").read_text()
        result = result_of(script)
        found = re.match(rb"val_bpb: (\S+)", result["output"])
        if found:
            luck = 0.03 * part_of(spec.env["SEED"]) + 0.005 * part_of(spec.env["SEED"] + script)
            result["output"] = f"val_bpb: {float(found[1]) + luck:.6f}\n".encode()
        jobs.finish(folder, **result)

    return train


def part_of(text: str) -> float:
    """Return a number from 0 to 1 that hangs on a text, as a die would fall."""
    return int.from_bytes(sha256(text.encode()).digest()[:4]) / 2**32


def a_run_that_stops_losers(folder: Path) -> World:
    """Return a run of which one candidate lies far behind its base, and one that does is of a schedule."""
    world = World(folder)
    proposals = (PROPOSALS[0], PROPOSALS[1], proposal("slower, but a schedule", LR=0.8))
    world.start(loops=3, proposals=proposals, keep_rule="climb", stop_losers=0.1)
    world.jobs.on_start = on_curves(world)
    return world


HOLDOUT = ("{python}", "holdout.py")


def a_run_with_a_holdout(folder: Path) -> World:
    """Return a run whose best and baseline are scored on the holdout; the first look is lost."""
    world = World(folder)
    world.start(loops=1, proposals=PROPOSALS[:1], keep_rule="climb", final=1, holdout=HOLDOUT)
    world.jobs.on_start = looking(world)
    return world


def looking(world: World) -> Callable[[FakeJobs, Path, JobSpec], None]:
    """Return trainings as in `noisy`, and looks at the holdout of which the first is lost."""
    train = noisy(world)

    def begin(jobs: FakeJobs, folder: Path, spec: JobSpec) -> None:
        if not folder.name.startswith("holdout"):
            return train(jobs, folder, spec)
        world.trained.append(f"{folder.parent.name}/{folder.name}")
        if f"{folder.parent.name}/{folder.name}" == "0002/holdout.1":
            return jobs.lose(folder)
        return jobs.finish(folder, **result_of((Path(spec.cwd) / "train.py").read_text()))

    return begin


def rows(world: World) -> list[tuple[object, ...]]:
    timeline = load(world.paths).timeline
    return [(row.iteration, row.description, row.outcome, row.metric, row.verdict) for row in timeline.rows]


def events_of(world: World) -> list[str]:
    return [type(one.event).__name__ for one in read(world.paths.history)]
