import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.clock import from_epoch, now
from autoresearch.events.kinds.candidate_events import Without
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import OPEN_END, Edit, Proposal, Request
from tests.fakes.agents import FakeAgent, answered
from tests.fakes.curves import on_curves
from tests.fakes.jobs import FakeJobs
from tests.fakes.world import Crashed, World, anchored, audited, crash_at, log_end, result_of


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

    def after(self, *, minutes: float) -> str:
        return from_epoch(self.start.timestamp() + 60 * minutes)

    def now(self) -> str:
        return self.after(minutes=10 * sum(one.startswith("TrainingFinished") for one in self.trainings()))

    def trainings(self) -> list[str]:
        events = [one.event for one in read(self.world.paths.history)]
        told = ev.TrainingStarted | ev.TrainingFinished
        return [f"{type(one).__name__} {one.iteration}" for one in events if isinstance(one, told)]


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

    def now() -> str:
        waiting = [one.number for one in load(world.paths).run.open if one.approval.waits]
        with EventLog(world.paths.history) as log:
            log.append([words[number] for number in waiting if number in words], by="cli")
        return f"2026-03-09T{'09' if waiting == [3] else '00'}:00:00.000Z"

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


RUNS = {
    "a run": a_run,
    "under new settings": a_run_under_new_settings,
    "touched": a_run_that_is_touched,
    "evaluated": a_run_that_is_evaluated,
    "on seeds": a_run_on_seeds,
    "consolidated": a_run_that_consolidates,
    "confirmed": a_run_that_confirms,
    "taken out": a_run_without_its_keeps,
    "known code": a_run_of_known_code,
    "losers stopped": a_run_that_stops_losers,
    "looked at": a_run_with_a_holdout,
    "guarded": a_run_with_guards,
    "approved": a_run_that_asks_a_human,
    "reviewed before training": a_run_reviewed_before_training,
    "reviewed before keeps": a_run_reviewed_before_keeps,
    "for an hour": a_run_for_an_hour,
    "out of time": a_run_out_of_time,
}


def rows(world: World) -> list[tuple[object, ...]]:
    timeline = load(world.paths).timeline
    return [(row.iteration, row.description, row.outcome, row.metric, row.verdict) for row in timeline.rows]


def events_of(world: World) -> list[str]:
    return [type(one.event).__name__ for one in read(world.paths.history)]


def test_a_run_without_a_crash(tmp_path: Path):
    """The run that the crashed ones are compared with ends with one keep at least and every outcome."""
    world = a_run(tmp_path)
    assert 0 == world.runner().run()
    assert ["keep", "keep", "discard", "crash", "not_applied"] == [row[-1] for row in rows(world)][:5]
    assert 6 == len(rows(world))


def test_a_best_that_is_measured_again(tmp_path: Path):
    """Under a larger budget what is worse than the best is discarded, by what the best has there."""
    world = a_run_under_new_settings(tmp_path)
    assert 0 == world.runner().run()
    verdicts = [(row[0], row[-1]) for row in rows(world)]
    assert [
        (0, "keep"),
        (1, "keep"),
        (2, "discard"),
        (3, "remeasured"),
        (4, "keep"),
        (5, "crash"),
    ] == verdicts
    old, again = (row[3] for row in rows(world) if row[0] in (1, 3))
    assert again == pytest.approx(old - 0.5)
    assert (4, 1) == (load(world.paths).run.completed, load(world.paths).run.counts.crashed)
    assert audited(world) is None


def test_a_run_whose_files_are_touched(tmp_path: Path):
    """What was touched once is void and trains again; what touches its files itself is tampered with."""
    world = a_run_that_is_touched(tmp_path)
    assert 0 == world.runner().run()
    voided = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.TrainingVoided)]
    assert [(1, 1), (2, 1)] == [(one.iteration, one.training) for one in voided]
    ends = [(row[2], row[4]) for row in rows(world)]
    assert [("succeeded", "keep"), ("succeeded", "keep"), ("tampered", "crash")] == ends[:3]
    assert audited(world) is None


def test_a_run_that_is_scored_by_evaluations(tmp_path: Path):
    """An evaluation that crashes begins again, a lie is none, and a touched checkout trains again."""
    world = a_run_that_is_evaluated(tmp_path)
    assert 0 == world.runner().run()
    again = ["0001/evaluate.1", "0001/evaluate.2", "0003/train.1", "0003/train.2", "0003/evaluate.2"]
    assert set(again) <= set(world.trained)
    assert "0001/train.2" not in world.trained
    ends = [(row[2], row[4]) for row in rows(world)]
    assert ("tampered", "crash") == ends[2]
    assert ["keep", "keep", "crash", "keep", "discard"] == [verdict for _, verdict in ends]
    assert audited(world) is None


def test_a_run_that_measures_its_gain(tmp_path: Path):
    """One pair keeps or discards; then best and baseline are trained on a seed that nothing was on."""
    world = a_run_on_seeds(tmp_path)
    assert 0 == world.runner().run()
    assert ["keep", "keep", "discard", "remeasured", "remeasured"] == [row[-1] for row in rows(world)]
    (stated,) = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.GainStated)]
    assert (1, (3,)) == (stated.keep, stated.repeats)
    assert audited(world) is None


def test_a_run_that_consolidates(tmp_path: Path):
    """Keep and baseline are trained on one fresh seed, and what that says of the keep is stated once."""
    world = a_run_that_consolidates(tmp_path)
    assert 0 == world.runner().run()
    assert ["keep", "keep", "remeasured", "remeasured"] == [row[-1] for row in rows(world)]
    stated = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.ChainConsolidated)]
    assert [((3,), [1])] == [(one.repeats, [keep.iteration for keep in one.keeps]) for one in stated]
    assert audited(world) is None


def test_a_run_without_its_keeps(tmp_path: Path):
    """Each is trained on two fresh seeds, and the best with it once; what each gives is said."""
    world = a_run_without_its_keeps(tmp_path)
    assert 0 == world.runner().run()
    stated = load(world.paths).run.consolidated
    assert [(1, 5), (2, 3)] == [(one.iteration, one.base) for one in stated]
    assert ["keep", "keep", "keep", "discard", "remeasured", "discard"] == [row[-1] for row in rows(world)]
    assert audited(world) is None


def test_a_run_of_known_code(tmp_path: Path):
    """Four answers cost no training and no loop: both loops are done by what is new."""
    world = a_run_of_known_code(tmp_path)
    assert 0 == world.runner().run()
    assert ["0000/train.1", "0005/train.1", "0006/train.1"] == world.trained
    assert ["keep", *["discard"] * 4, "keep", "discard"] == [row[-1] for row in rows(world)]
    assert audited(world) is None


def test_a_run_that_confirms_a_keep(tmp_path: Path):
    """A small gain is kept after several pairs, for which the base is trained on more seeds, too."""
    world = a_run_that_confirms(tmp_path)
    assert 0 == world.runner().run()
    assert {"0001/train.2", "0001/train.3", "0002/train.1"} <= set(world.trained)
    assert audited(world) is None


def test_a_run_that_stops_a_loser(tmp_path: Path):
    """What lies far behind its base is ended and discarded; a schedule that lies there, too, is measured."""
    world = a_run_that_stops_losers(tmp_path)
    assert 0 == world.runner().run()
    ends = [(row[2], row[4]) for row in rows(world)]
    whole = ("succeeded", "discard")
    assert [("succeeded", "keep"), ("succeeded", "keep"), ("stopped_early", "discard"), whole] == ends[:4]
    names = events_of(world)
    at = names.index("TrainingFellBehind")
    assert ["TrainingFinished", "ResultRecorded", "CandidateDiscarded"] == names[at + 1 : at + 4]
    assert (1, 0) == (load(world.paths).run.counts.stopped_early, load(world.paths).run.counts.crashed)
    assert audited(world) is None


def test_a_run_that_looks_at_its_holdout(tmp_path: Path):
    """What the final trained of best and baseline is scored once each; a look that is lost begins again."""
    world = a_run_with_a_holdout(tmp_path)
    assert 0 == world.runner().run()
    looks = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.HoldoutScored)]
    assert [(2, 1, 2), (3, 0, 1)] == [(one.iteration, one.keep, one.look) for one in looks]
    begun = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.HoldoutStarted)]
    assert [0, 0, 1] == [one.looks_before for one in begun]
    assert 2 == load(world.paths).run.looks
    assert "GainStated" == events_of(world)[-2]


def test_a_run_that_asks_a_human(tmp_path: Path):
    """What was approved is kept; what was vetoed, or passed over in silence, is not, with the reason."""
    world = a_run_that_asks_a_human(tmp_path)
    assert 0 == world.runner().run()
    assert ["keep", "keep", "discard", "discard"] == [row[-1] for row in rows(world)]
    told = [row.rule for row in load(world.paths).timeline.rows][1:]
    assert ["lower", "vetoed", "not_approved"] == told
    assert 3 == events_of(world).count("ApprovalAsked")


def test_a_run_whose_trainings_are_reviewed(tmp_path: Path):
    """What is vetoed is not trained; what two answers say nothing of is trained without, and that is told."""
    world = a_run_reviewed_before_training(tmp_path)
    assert 0 == world.runner().run()
    assert ["0000/train.1", "0001/train.1", "0003/train.1"] == world.trained
    ends = [(row.verdict, row.rule, row.outcome) for row in load(world.paths).timeline.rows][1:]
    assert [("keep", "lower", "succeeded"), ("discard", "vetoed", None)] == ends[:2]
    (missed,) = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.ReviewMissed)]
    assert (3, "review_no_object", "go-on") == (missed.iteration, missed.reason.code, missed.then)
    told = world.agent.asked[-1].prompt
    assert "the reviewer's answer holds no JSON object" in told, "the second time it hears why"
    assert world.agent.asked[-1].worktree == world.paths.review_checkout


def test_a_run_whose_keeps_are_reviewed(tmp_path: Path):
    """A veto takes the place of a keep, and the reviewer saw the diff, the claim and the numbers."""
    world = a_run_reviewed_before_keeps(tmp_path)
    assert 0 == world.runner().run()
    rules = [(row.verdict, row.rule) for row in load(world.paths).timeline.rows][1:]
    assert [("discard", "vetoed"), ("keep", "lower"), ("keep", "lower")] == rules
    first = world.agent.asked[0].prompt
    assert "+WIDTH = 16" in first
    assert "wider" in first
    assert "the verdict would be: keep, improved" in first


def test_a_run_with_guards(tmp_path: Path):
    """A check that is lost is repeated, and one that fails keeps its candidate out, with what it said."""
    world = a_run_with_guards(tmp_path)
    assert 0 == world.runner().run()
    ended = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.GuardFinished)]
    found = [(one.iteration, one.check, one.holds) for one in ended]
    of_baseline = [(0, 1, True), (0, 2, True)]
    assert [*of_baseline, (1, 2, True), (1, 3, False), (2, 1, True), (2, 2, True)] == found
    assert "E999 it fails" == ended[3].output.tail.strip()
    assert ["keep", "discard", "keep"] == [row[-1] for row in rows(world)]
    assert audited(world) is None


def test_a_run_that_ends_in_time(tmp_path: Path):
    """Nothing is begun that would not end in time, and the gain is measured in what was held back for it."""
    world = a_run_for_an_hour(tmp_path)
    assert 0 == world.runner().run()
    assert ["keep", "keep", "discard", "remeasured", "remeasured"] == [row[-1] for row in rows(world)]
    names = events_of(world)
    assert names.index("TimeRanOut") < names.index("RemeasureStarted") < names.index("GainStated")
    run = load(world.paths).run
    assert ("stopped", "time_is_up") == (run.stopped, run.stopped_reason.code)
    assert run.limits.until > world.now()
    assert audited(world) is None


def test_a_run_that_is_out_of_time(tmp_path: Path):
    """What still runs when the time is over is ended, unblamed, and the next request goes on with it."""
    world = a_run_out_of_time(tmp_path)
    assert 0 == world.runner().run()
    assert ["TimeRanOut", "JobLost", "RunStopped"] == events_of(world)[-3:]
    assert [None] == [row[-1] for row in rows(world)[2:]]
    assert 0 == load(world.paths).run.iteration(2).lost
    later = Request(loops=0, until=from_epoch(datetime.now(UTC).timestamp() + 86400))
    with EventLog(world.paths.history) as log:
        log.append([ev.LoopsRequested(request=later)], by="cli")
    world.jobs.on_start, world.now = world._train, now
    assert 0 == world.runner().run()
    assert ("done", 3) == (load(world.paths).run.stopped, load(world.paths).run.completed)
    assert audited(world) is None


def instants(run: Callable[[Path], World]) -> int:
    """Count the instants of a run above, so that no crash is left out when the runner changes."""
    import tempfile  # noqa: PLC0415

    count = 0

    def around(_name, act):
        nonlocal count
        count += 2
        return act()

    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder)).runner(around).run()
    return count


def once_a_run(world: World) -> list[str]:
    """Return the names of a history's events, without those that each start of a runner brings."""
    return [name for name in events_of(world) if name not in ("RunnerStarted", "SetupChecked")]


PARTS, FEW = 8, 24  # a part is every eighth instant; in `make test` some runs have every 24th alone
ALL = [("a run", part, PARTS) for part in range(PARTS)]
SOME = [(run, 0, FEW) for run in list(RUNS)[1:]]
REST = [
    pytest.param(run, part, PARTS, marks=pytest.mark.long) for run in list(RUNS)[1:] for part in range(PARTS)
]


@pytest.mark.parametrize(("run", "part", "of"), [*ALL, *SOME, *REST])
def test_a_crash_before_and_after_every_effect_and_append(tmp_path: Path, run: str, part: int, of: int):
    """Wherever the runner dies, the next one ends with the same rows, trains nothing twice, audits clean."""
    whole = RUNS[run](tmp_path / "whole")
    whole.runner().run()
    for instant in range(part, instants(RUNS[run]), of):
        world = RUNS[run](tmp_path / str(instant))
        with pytest.raises(Crashed):
            world.runner(crash_at(instant)).run()
        assert 0 == world.runner().run()
        assert rows(whole) == rows(world), f"instant {instant}"
        assert sorted(set(world.trained)) == sorted(world.trained), f"trained twice at instant {instant}"
        assert whole.trained == world.trained
        assert once_a_run(whole) == once_a_run(world), f"instant {instant}"
        assert audited(world) is None, f"instant {instant}"
        assert log_end(world) == anchored(world), f"instant {instant}"
