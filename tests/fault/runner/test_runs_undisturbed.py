"""The runs that tests let crash, as they end when nothing happens to them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.clock import from_epoch, now
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import Request
from tests.fakes.world import audited
from tests.fault.runner.judged_runs import (
    a_run_for_an_hour,
    a_run_out_of_time,
    a_run_reviewed_before_keeps,
    a_run_reviewed_before_training,
    a_run_that_asks_a_human,
    a_run_with_guards,
)
from tests.fault.runner.measured_runs import (
    a_run,
    a_run_of_known_code,
    a_run_on_seeds,
    a_run_that_confirms,
    a_run_that_consolidates,
    a_run_that_is_evaluated,
    a_run_that_is_touched,
    a_run_that_stops_losers,
    a_run_under_new_settings,
    a_run_with_a_holdout,
    a_run_without_its_keeps,
    events_of,
    rows,
)


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
