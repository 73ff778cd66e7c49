"""Losers are stopped early: which training, at which point, and what becomes of its iteration."""

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.engine.core.rules.transitions import behind, ended_early
from autoresearch.engine.training.progress_digest import GrowingCurve
from autoresearch.engine.verdicts.early_stop import base_losses, far_behind, of_schedule
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import CurvePoint, Edit, ProgressDigest, Proposal, why
from tests.given import (
    BASE,
    applied,
    asked,
    chosen,
    committed,
    given,
    kept,
    opened,
    row,
    set_up,
    started,
    trained,
    training,
)


CURVE = tuple((5.0 * place + 2.0, 4.0 - place / 10) for place in range(20))  # a point in each part
BEHIND = (
    CurvePoint(percent=35.0, loss=3.6, base_loss=3.4),
    CurvePoint(percent=40.0, loss=3.5, base_loss=3.3),
)
CONFIG = RunConfig(keep_rule="climb", seed_env="SEED", baseline_repeats=1, final=0, stop_losers=0.1)
COMMIT = "c" * 40


def measured(iteration: int, metric: float, *, points=CURVE) -> ev.TrainingFinished:
    """A training ended well and left a curve."""
    digest = ProgressDigest(sha256="0" * 64, lines=len(points), points=points)
    return evolve(trained(iteration, metric), progress=digest)


def story(*, config: RunConfig = CONFIG) -> tuple[ev.Event, ...]:
    """A baseline with a curve, and a candidate on it that trains."""
    baseline = (opened(0), training(0), measured(0, 1.5), row(0, 1.5), kept(0, BASE))
    candidate = (opened(1), chosen(1), applied(1), committed(1, COMMIT), training(1, commit=COMMIT))
    return (started(config), asked(9), set_up(), *baseline, *candidate)


def fell_behind(**other) -> ev.TrainingFellBehind:
    return evolve(ev.TrainingFellBehind(iteration=1, training=1, bound=0.1, points=BEHIND), **other)


def stopped(iteration: int = 1) -> ev.TrainingFinished:
    reason = why("fell_behind", percent=40.0, loss=3.5, base_loss=3.3, bound=0.1)
    return evolve(trained(iteration, 1.0), outcome="stopped_early", metric=None, reason=reason)


def losses_of(*story: ev.Event):
    run = given(*story)
    (one,) = run.open
    return base_losses(run, one)


def test_a_first_training_is_compared_with_its_base():
    """A candidate's first training has what its base had in each part of the budget."""
    assert {place: loss for place, (_, loss) in enumerate(CURVE)} == losses_of(*story())


def test_between_its_points_the_base_is_a_line():
    """Where the base wrote no point for a while, it is compared by the line between those around."""
    few = tuple(point for point in CURVE if int(point[0]) in (2, 32, 47, 97))
    config, _, _, opened_, _, _, *others = story()
    begun = (config, asked(9), set_up(), opened_, training(0), measured(0, 1.5, points=few), *others)
    losses = losses_of(*begun)
    assert losses is not None
    assert list(range(20)) == sorted(losses)
    assert {6: 3.4, 7: 3.3, 8: 3.2, 9: 3.1} == {part: round(losses[part], 9) for part in (6, 7, 8, 9)}


@pytest.mark.parametrize(
    "config",
    [evolve(CONFIG, stop_losers=0.0), evolve(CONFIG, keep_rule="confirm")],
    ids=["off", "confirm, which is the same for the first training"],
)
def test_nothing_is_stopped_where_the_setting_is_off(config):
    """Without a bound no training is compared with a curve, by whatever rule it will be judged."""
    assert (losses_of(*story(config=config)) is None) == (config.stop_losers == 0)


def test_what_is_trained_again_is_never_stopped():
    """Neither a second repeat nor the baseline nor the best once more has a curve to be compared with."""
    again = evolve(training(1, commit=COMMIT), training=2, repeat=2)
    assert losses_of(*story(), measured(1, 1.6), again) is None
    baseline = (started(CONFIG), asked(9), set_up(), opened(0), training(0))
    assert losses_of(*baseline, measured(0, 1.5), evolve(training(0), training=2)) is None


def test_other_conditions_are_not_compared():
    """Where the base was trained on other input files, its curve says nothing of the candidate's."""
    elsewhere = evolve(training(1, commit=COMMIT), surroundings={"inputs": "other"})
    assert losses_of(*story()[:-1], elsewhere) is None


def test_what_stands_on_another_base_is_not_compared():
    """A candidate that was made on another commit than the last keep has no curve to be compared with."""
    run = given(*story())
    (one,) = run.open
    assert base_losses(run, evolve(one, base_commit="d" * 40)) is None


@pytest.mark.parametrize(
    ("points", "found"),
    [
        (CURVE, ()),
        ([(at, loss + 0.2) for at, loss in CURVE if at < 43], BEHIND),
        ([(at, loss + 0.2) for at, loss in CURVE if at < 42], ()),  # the last part is not over yet
        ([(at, loss + 0.2 * (at < 30)) for at, loss in CURVE], ()),
        ([(at, loss + 0.2 * (int(at) % 10 == 2)) for at, loss in CURVE], ()),
        ([(at, loss + 0.1) for at, loss in CURVE], ()),
        ([], ()),
    ],
    ids=[
        "alike",
        "behind",
        "one part too few",
        "only at first",
        "every other part",
        "the bound itself",
        "none",
    ],
)
def test_two_parts_in_a_row_beyond_the_bound_end_a_training(points, found):
    """Only parts from 30 % on that are over count; the two are named with what both curves had there."""
    base = {place: round(loss, 6) for place, (_, loss) in enumerate(CURVE)}
    rounded = [(at, round(loss, 6)) for at, loss in points]
    assert found == far_behind(rounded, base, 0.1000001)


def test_more_of_a_curve_changes_no_answer_that_was_given():
    """What a training writes after the point at which it is ended leaves the evidence as it was."""
    base = dict(enumerate(loss for _, loss in CURVE))
    points = [(at / 2, 5.0 - at / 100) for at in range(200)]
    first = next(n for n in range(len(points)) if far_behind(points[:n], base, 0.1))
    assert {far_behind(points[:n], base, 0.1) for n in range(first, len(points) + 1)} == {
        far_behind(points[:first], base, 0.1)
    }
    back = [*points[:first], (1.0, 0.0), (37.0, 0.0)]
    assert far_behind(points[:first], base, 0.1) == far_behind(back, base, 0.1)


def proposal(**fields) -> Proposal:
    plain = {"status": "ok", "description": "wider", "change_plan": "wider", "commit_description": "wider"}
    return Proposal(**(plain | fields))


@pytest.mark.parametrize(
    "change",
    [
        proposal(set={"WARMDOWN": 0.3}),
        proposal(set={"FINAL_LR": 0.1}),
        proposal(set={"TOTAL_BATCH_SIZE": 8}),
        proposal(set={"NUM_STEPS": 8}),
        proposal(description="a cosine schedule"),
        proposal(change_plan="train for two epochs"),
        proposal(edits=(Edit(file="train.py", search="WARMUP_STEPS = 0", replace="WARMUP_STEPS = 9"),)),
        proposal(edits=(Edit(file="train.py", search="def lr_multiplier(", replace="def rate("),)),
        proposal(patch="-ROWS = 16\n+ROWS = 8\n"),
    ],
    ids=repr,
)
def test_a_change_of_schedule_or_length_is_told_by_its_words(change):
    """What it sets, edits or says names a schedule, a length or a batch: its training is let alone."""
    assert of_schedule(change)


@pytest.mark.parametrize(
    "change",
    [
        proposal(set={"MATRIX_LR": 0.03, "DEPTH": 3}),
        proposal(
            description="rotate less", edits=(Edit(file="", search="BASE = 1e4", replace="BASE = 1e3"),)
        ),
        proposal(change_plan="give every token a hash of the bigram it ends"),
    ],
    ids=repr,
)
def test_other_changes_are_none_of_schedule(change):
    """A rate, a depth, a constant of the model are compared at each point."""
    assert not of_schedule(change)


def test_the_decision_ends_the_training_and_nothing_is_mended():
    """Once it is decided, the job is cancelled; its end is recorded as it is, and the candidate discarded."""
    decided = (*story(), fell_behind())
    cancel = do.CancelJob(iteration=1, step="train", number=1)
    assert cancel in decide(given(*decided))
    ended = (*decided, stopped())
    assert (do.RecordResult(iteration=1),) == decide(given(*ended))
    told = ev.ResultRecorded(iteration=1, commit=COMMIT, outcome="stopped_early", metric=None, memory_gb=0.0)
    evidence = {"percent": 40.0, "loss": 3.5, "base_loss": 3.3, "bound": 0.1}
    discard = do.DiscardCandidate(iteration=1, rule="stopped_early", inputs=evidence)
    assert (discard,) == decide(given(*ended, told))
    closed = ev.CandidateDiscarded(iteration=1, rule="stopped_early", inputs=evidence)
    run = given(*ended, told, closed)
    assert (1, 0, 0, 8) == (
        run.counts.stopped_early,
        run.counts.crashed,
        run.counts.discarded,
        run.loops_left,
    )
    assert () == tuple(one for one in run.known if one.iteration == 1)


@pytest.mark.parametrize("halt", [ev.StopRequested(now=False), ev.RunPaused(reason=why("human", "wait"))])
def test_a_stop_or_a_pause_does_not_let_it_go_on(halt):
    """Whatever else waits, a training of which it was decided is ended."""
    assert (do.CancelJob(iteration=1, step="train", number=1),) == decide(
        given(*story(), fell_behind(), halt)
    )


def test_a_lost_one_is_trained_and_looked_at_again():
    """Where the job is lost before it could be ended, the decision goes with it."""
    lost = ev.JobLost(iteration=1, step="train", number=1, reason=why("machine_restarted"))
    run = given(*story(), fell_behind(), lost)
    assert ["StartTraining"] == [type(command).__name__ for command in decide(run)]
    assert () == run.open[0].behind


@pytest.mark.parametrize(
    "event",
    [
        fell_behind(bound=0.05),
        fell_behind(points=BEHIND[:1]),
        fell_behind(points=(BEHIND[1], BEHIND[0])),
        fell_behind(points=(BEHIND[0], evolve(BEHIND[1], base_loss=3.2))),
        fell_behind(points=(BEHIND[0], evolve(BEHIND[1], loss=3.35))),
    ],
    ids=["another bound", "one point", "backwards", "another base", "not beyond it"],
)
def test_an_audit_sees_a_decision_that_the_rule_does_not_ask_for(event):
    """The points must lie beyond the setting's bound, in order, and above what the base really had."""
    run = given(*story())
    assert behind(run, event) is not None
    assert behind(run, fell_behind()) is None


def test_an_audit_sees_an_end_that_was_not_decided():
    """Stopped early is what was decided to be, and what was decided to be is nothing else."""
    assert ended_early(given(*story()), stopped()) is not None
    assert ended_early(given(*story(), fell_behind()), trained(1, 1.0)) is not None
    assert ended_early(given(*story(), fell_behind()), stopped()) is None


def test_a_growing_curve_is_read_on():
    """Each look takes the whole lines that came since, however the file comes in pieces."""
    lines = [b'{"kind": "progress", "percent": %d, "loss": 2}\n' % at for at in range(9)]
    whole = b"".join(lines)
    curve = GrowingCurve()
    for end in (0, 10, 60, 61, 200, len(whole)):
        curve.read(whole[:end][at : at + 7] for at in range(0, end, 7))
        assert [(float(at), 2.0) for at in range(whole[:end].count(b"\n"))] == curve.points
