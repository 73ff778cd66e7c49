"""When something is trained and evaluated, and what follows from its end."""

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import why
from tests.core.commands import COMMIT, names
from tests.given import (
    BASELINE,
    agent_answered,
    agent_asked,
    applied,
    asked,
    candidate,
    committed,
    given,
    opened,
    runner_started,
    set_up,
    started,
    trained,
    training,
    voided,
)


def test_one_training_a_slot():
    """A second candidate waits while the only slot trains."""
    story = [started(), asked(5), *BASELINE, *candidate(1), training(1), *candidate(2, "d" * 40)]
    assert decide(given(*story)) == ()
    two = started(RunConfig(slots=2))
    assert decide(given(two, *story[1:])) == (
        do.StartTraining(iteration=2, training=1, slot=2, device="cpu", commit="d" * 40, deadline_s=900.0),
    )


def test_the_requests_own_deadline_goes_first():
    """A request that names a deadline gives it to its trainings; others have the settings' own."""
    story = [started(RunConfig(timeout_s=60.0)), asked(timeout_s=5.0), *BASELINE, *candidate(1)]
    (command,) = decide(given(*story))
    assert isinstance(command, do.StartTraining)
    assert 5.0 == command.deadline_s
    (command,) = decide(given(started(RunConfig(timeout_s=60.0)), asked(), *BASELINE, *candidate(1)))
    assert isinstance(command, do.StartTraining)
    assert 60.0 == command.deadline_s


def test_a_lost_training_is_tried_again():
    """A training lost to a reboot becomes a second attempt of the same iteration."""
    story = [started(), asked(), *BASELINE, *candidate(1), training(1)]
    story.append(
        ev.JobLost(
            iteration=1, step="train", number=1, reason=why("supervisor_killed", "the machine was restarted")
        )
    )
    assert decide(given(*story)) == (
        do.StartTraining(iteration=1, training=2, slot=1, device="cpu", commit=COMMIT, deadline_s=900.0),
    )


def test_a_training_lost_again_and_again_pauses():
    """Three losses in a row ask a human instead of burning the night."""
    story = [started(), asked(), *BASELINE, *candidate(1)]
    for attempt in (1, 2, 3):
        story += [
            training(1, attempt),
            ev.JobLost(iteration=1, step="train", number=attempt, reason=why("supervisor_killed", "killed")),
        ]
    assert names(decide(given(*story))) == ["PauseRun"]
    story += [ev.RunPaused(reason=why("human", "lost")), ev.RunUnpaused()]
    assert names(decide(given(*story))) == ["StartTraining"]


@pytest.mark.parametrize(
    ("codes", "unseen"),
    [
        (("supervisor_killed", "supervisor_killed"), 2),
        (("supervisor_killed", "machine_restarted"), 0),
        (("machine_restarted", "supervisor_killed"), 1),
        (("no_room", "supervisor_told"), 0),
        (("supervisor_killed_before", "supervisor_killed_ended"), 0),
        (("supervisor_killed", "touched"), 0),
    ],
)
def test_only_a_supervisor_lost_alone_is_counted_against_an_idea(codes: tuple[str, ...], unseen: int):
    """Whatever else ended a training breaks the row; all of them count for the human that is asked."""
    story = [started(), asked(), *BASELINE, *candidate(1)]
    for number, code in enumerate(codes, start=1):
        lost = ev.JobLost(iteration=1, step="train", number=number, reason=why(code))
        story += [training(1, number), voided(1, "conf.py", number=number) if code == "touched" else lost]
    (one,) = given(*story).open
    assert (2, unseen) == (one.lost, one.unseen)
    story += [ev.RunPaused(reason=why("human", "lost")), ev.RunUnpaused()]
    (one,) = given(*story).open
    assert (0, 0) == (one.lost, one.unseen)


def test_a_crash_is_shown_to_the_agent_twice_at_most():
    """An agent may mend a crash twice; the third crash is discarded."""
    story = [started(), asked(agent="opencode"), *BASELINE, *candidate(1)]
    for change in (1, 2):
        story += [training(1, change), trained(1, None, outcome="crashed", number=change)]
        assert names(decide(given(*story))) == ["AskToTriage"]
        story += [
            agent_asked(1, "triage", change),
            agent_answered(1, "triage", call=change),
            ev.CrashTriaged(
                iteration=1, change=change, action="fix_and_rerun", reason=why("agent_decided", "typo")
            ),
            applied(1, change + 1, sha=str(change) * 64),
        ]
        assert decide(given(*story)) == (do.CommitCandidate(iteration=1, change=change + 1),)
        story.append(committed(1, str(change) * 40, change=change + 1))
    story += [training(1, 3), trained(1, None, outcome="crashed", number=3)]
    assert names(decide(given(*story))) == ["TriageCrash"]


def test_a_timeout_is_not_mended():
    """A candidate that is too slow is discarded without asking an agent."""
    story = [started(), asked(agent="opencode"), *BASELINE, *candidate(1), training(1)]
    assert names(decide(given(*story, trained(1, None, outcome="timed_out")))) == ["TriageCrash"]


def test_a_job_that_a_human_ended_is_no_accident():
    """However often `stop --now` ends a training, the resumed run trains again and asks nobody."""
    story = [started(), asked(), set_up(), opened(0, first="train")]
    for number in (1, 2, 3, 4):
        story += [training(0, number), ev.StopRequested(now=True)]
        story += [ev.JobLost(iteration=0, step="train", number=number, reason=why("stop_now"))]
        story += [ev.RunStopped(how="stopped", reason=why("as_requested")), asked()]
    assert 5 == next(one.training for one in decide(given(*story)) if isinstance(one, do.StartTraining))


def test_a_void_training_begins_again_and_a_tampering_one_is_discarded():
    """What somebody touched is trained anew; what touches its own files once more is shown as a crash is."""
    story = [started(), asked(1), *BASELINE, *candidate(1), training(1, commit=COMMIT)]
    story.append(voided(1, "conf.py"))
    assert ["StartTraining"] == names(decide(given(*story)))
    story += [training(1, 2, COMMIT), trained(1, None, outcome="tampered", number=2)]
    assert ["TriageCrash"] == names(decide(given(*story)))


EVALUATED = RunConfig(keep_rule="lower", evaluate=("{python}", "evaluate.py"), evaluate_timeout_s=60.0)


def evaluating(iteration: int, number: int = 1) -> ev.EvaluationStarted:
    """An evaluation of what the first training left was started."""
    return ev.EvaluationStarted(
        iteration=iteration,
        evaluation=number,
        training=1,
        slot=1,
        device="cpu",
        command=("python", "evaluate.py"),
        deadline_s=60.0,
    )


def evaluated(iteration: int, metric: float) -> ev.EvaluationFinished:
    """An evaluation found a number."""
    return ev.EvaluationFinished(
        iteration=iteration,
        evaluation=1,
        outcome="succeeded",
        reason=None,
        metric=metric,
        exit_code=0,
        signal=None,
        started_at="2026-03-08T21:05:00.000Z",
        ended_at="2026-03-08T21:05:05.000Z",
        seconds=5.0,
        printed=None,
        output=trained(0, 1).output,
    )


def test_what_is_not_evaluated_yet_is_no_result():
    """A training that ended well is evaluated in its slot; its number, and no other, is recorded."""
    story = [
        started(config=EVALUATED),
        asked(1),
        set_up(),
        opened(0, first="train"),
        training(0),
        trained(0, 1.5),
    ]
    wanted = do.Evaluate(iteration=0, evaluation=1, training=1, slot=1, device="cpu", deadline_s=60.0)
    assert (wanted,) == decide(given(*story))
    story.append(evaluating(0))
    lost = ev.JobLost(iteration=0, step="evaluate", number=1, reason=why("machine_restarted"))
    (again,) = decide(given(*story, lost))
    assert isinstance(again, do.Evaluate)
    assert 2 == again.evaluation
    run = given(*story, evaluated(0, 1.25))
    assert (do.RecordResult(iteration=0),) == decide(run)
    assert (1.25, 1.5) == (run.open[0].metric, run.open[0].printed)


def test_each_repeat_is_evaluated():
    """What a second repeat left is evaluated as the first one's was, and before a third is trained."""
    config = evolve(EVALUATED, keep_rule="climb", seed_env="SEED", baseline_repeats=3)
    story = [started(config=config), asked(1), set_up(), opened(0, first="train")]
    story += [training(0), trained(0, 1.5), evaluating(0), evaluated(0, 1.25)]
    (second,) = decide(given(*story))
    assert isinstance(second, do.StartTraining)
    assert 2 == second.repeat
    story += [training(0, 2, repeat=2), trained(0, 1.5, number=2)]
    wanted = do.Evaluate(iteration=0, evaluation=2, training=2, slot=1, device="cpu", deadline_s=60.0)
    assert (wanted,) == decide(given(*story))


def test_a_slot_is_taken_until_what_was_trained_is_evaluated():
    """Nothing is trained where a checkout is still needed, neither before its evaluation nor during it."""
    before = (started(config=EVALUATED), asked(2), set_up(), opened(0, first="train"), training(0))
    ready = candidate(1)
    for more in ((trained(0, 1.5),), (trained(0, 1.5), evaluating(0))):
        commands = decide(given(*before, *ready, *more))
        assert not any(isinstance(one, do.StartTraining) for one in commands)


@pytest.mark.parametrize(("landlock", "pauses"), [(0, True), (7, False)])
def test_packages_that_were_changed_are_looked_at(*, landlock: int, pauses: bool):
    """Where nothing keeps a training from its packages, a change of them meanwhile pauses the run."""
    began = evolve(runner_started(), landlock=landlock)
    reason = why("packages_changed_while_training")
    touched = evolve(voided(0, "packages"), reason=reason)
    story = [started(EVALUATED), asked(1), began, set_up(), opened(0, first="train"), training(0), touched]
    commands = decide(given(*story))
    assert pauses == (commands == (do.PauseRun(reason=why("packages_to_look_at")),))
