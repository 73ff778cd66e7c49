"""What a training is ended for, held against what it wrote: by the runner, and by an audit."""

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.audit.report import Audit
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from autoresearch.events.values import Proposal
from autoresearch.projections.results import results_tsv
from autoresearch.workflows.api.experiments import experiment
from tests.fakes.curves import on_curves
from tests.fakes.jobs import FakeJobs
from tests.fakes.world import World
from tests.tampering import first, records_of, rewrite


LOSER = Proposal(
    status="ok", description="a loser", change_plan="a loser", commit_description="a loser", set={"LR": 0.9}
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A run whose only candidate was stopped early."""
    world = World(tmp_path)
    world.start(loops=1, proposals=(LOSER,), keep_rule="climb", stop_losers=0.1)
    world.jobs.on_start = on_curves(world)
    assert 0 == world.runner().run()
    return world


def audited(world: World) -> Audit:
    return audit(world.paths, git=world.git, jobs=world.jobs)[0]


def differing(made: Audit) -> dict[str, str]:
    return {one.name: one.first.field for one in made.checks if one.first is not None}


def test_what_it_was_ended_for_is_what_it_wrote(world: World):
    """The decision names the first two parts beyond the bound, and stands before the end of the job."""
    (event,) = [
        one.event for one in read(world.paths.history) if isinstance(one.event, ev.TrainingFellBehind)
    ]
    assert (35.0, 40.0) == tuple(point.percent for point in event.points)
    assert all(point.loss - point.base_loss > event.bound for point in event.points)
    assert [world.paths.job(1, "train", 1).folder] == world.jobs.stopped
    assert audited(world).first is None


def test_it_is_named_for_people_and_programs(world: World):
    """Its row is stopped early and discarded: no crash, no number, and its evidence beside it."""
    (_, row) = load(world.paths).timeline.rows
    said = experiment(row)
    assert ("stopped_early", None) == (said["status"], said["metric"])
    assert said["reason"].startswith("stopped early at 40 % of its budget: its loss, ")
    line = results_tsv(load(world.paths).timeline).splitlines()[-1]
    assert line.endswith("\t0.000000\t0.0\tcrash\tstopped early: a loser")


def test_a_curve_that_says_otherwise_is_noticed(world: World):
    """A progress.jsonl by which it was not behind differs; one that is gone is not known."""
    job = world.paths.job(1, "train", 1).folder
    left = world.jobs.jobs[job]
    better = left.files["progress.jsonl"].replace(b'"loss": ', b'"loss": 0')
    world.jobs.jobs[job] = evolve(left, files={"progress.jsonl": better.replace(b"0", b"1")})
    assert "job files" in differing(audited(world))
    world.jobs.jobs[job] = evolve(left, files={})
    unseen = [told.what for one in audited(world).checks for told in one.not_seen]
    assert ["curve_gone"] == unseen


@pytest.mark.parametrize(
    ("change", "field"),
    [({"bound": 0.05}, "bound"), ({"points": []}, "points"), ({"training": 2}, "training")],
    ids=repr,
)
def test_a_forged_decision_is_noticed(world: World, change: dict, field: str):
    """Another bound, no points, another training: none can stand there."""
    records = records_of(world.paths.history)
    first(records, "TrainingFellBehind")["data"].update(change)
    rewrite(world.paths.history, records)
    assert f"TrainingFellBehind.{field}" == differing(audited(world))["transitions"]


def test_a_decision_that_is_left_out_is_noticed(world: World):
    """A training that was stopped early without a decision is none that may stand there."""
    records = [one for one in records_of(world.paths.history) if one["type"] != "TrainingFellBehind"]
    rewrite(world.paths.history, records)
    assert "TrainingFinished.outcome" == differing(audited(world))["transitions"]


def ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: Callable[[FakeJobs, Path], None]
) -> tuple[World, list[str]]:
    """Run the loser, whose first job ends in its own way when it is stopped; return what was recorded."""
    stop, stopped = FakeJobs.stop, []

    def first_otherwise(jobs: FakeJobs, job: Path) -> None:
        stopped.append(job)
        (end if len(stopped) == 1 else stop)(jobs, job)

    monkeypatch.setattr(FakeJobs, "stop", first_otherwise)
    world = World(tmp_path)
    world.start(loops=1, proposals=(LOSER,), keep_rule="climb", stop_losers=0.1)
    world.jobs.on_start = on_curves(world)
    assert 0 == world.runner().run()
    names = [type(one.event).__name__ for one in read(world.paths.history)]
    assert audited(world).first is None
    return world, names[names.index("TrainingFellBehind") :]


def test_one_that_came_to_its_own_end_meanwhile_is_stopped_all_the_same(tmp_path: Path, monkeypatch):
    """What was decided stands: the number that it printed after that is no result."""
    world, names = ends(tmp_path, monkeypatch, lambda jobs, job: jobs.finish(job, output=b"val_bpb: 1\n"))
    assert ["TrainingFellBehind", "TrainingFinished", "ResultRecorded", "CandidateDiscarded"] == names[:4]
    (_, row) = load(world.paths).timeline.rows
    assert ("stopped_early", None, 1) == (row.outcome, row.metric, row.trainings)


def test_one_that_was_lost_before_its_end_trains_again(tmp_path: Path, monkeypatch):
    """A machine that restarts takes the decision with it: the next training is looked at anew."""
    world, names = ends(tmp_path, monkeypatch, lambda jobs, job: jobs.lose(job))
    told = ["TrainingFellBehind", "JobLost", "TrainingStarted", "TrainingFellBehind", "TrainingFinished"]
    assert told == names[:5]
    assert ("stopped_early", 2) == (
        load(world.paths).timeline.rows[1].outcome,
        load(world.paths).timeline.rows[1].trainings,
    )
