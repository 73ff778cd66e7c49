import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.compared import deciding_digest
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Spent, why
from autoresearch.projections.state_text import say_waiting
from autoresearch.projections.summary import standing, waiting_for_human
from autoresearch.projections.words.wording import say_verdict
from tests.given import (
    BASE,
    BASELINE,
    agent_answered,
    agent_asked,
    applied,
    asked,
    candidate,
    chosen,
    committed,
    discarded,
    given,
    kept,
    opened,
    proposal,
    received,
    row,
    runner_started,
    set_up,
    started,
    trained,
    training,
    voided,
)


COMMIT = "c" * 40
PROSE = {"set": {}}


def names(commands: tuple[do.Command, ...]) -> list[str]:
    return [type(command).__name__ for command in commands]


def test_nothing_starts_without_a_request():
    """A run that nobody asked anything of is done at once."""
    assert names(decide(given(started()))) == ["Stop"]


def changed(*names: str, **settings) -> ev.ConfigChanged:
    return ev.ConfigChanged(config=RunConfig(**settings), changed=names)


def test_a_changed_check_is_asked_again():
    """Setup that was complete is looked at again once what looks at it is another command."""
    story = [started(), asked(3), *BASELINE, changed("check", check=("./check",))]
    assert (do.CheckSetup(),) == decide(given(*story))
    assert ["StartIteration"] == names(decide(given(*story, set_up())))
    assert ["StartIteration"] == names(decide(given(*story[:-1], changed("seed", seed=1))))


def test_a_changed_prepare_prepares_again():
    """Data that is there was made by another command: it is prepared and looked at once more, then used."""
    story = [started(), asked(3), *BASELINE, changed("prepare", prepare=("./prepare",)), set_up()]
    assert (do.Prepare(preparation=1),) == decide(given(*story))
    story.append(ev.PrepareStarted(preparation=1, command=("./prepare",)))
    assert () == decide(given(*story))
    output = trained(0, 1).output
    finished = ev.PrepareFinished(preparation=1, ok=True, reason=None, seconds=1.0, output=output, made=())
    story.append(finished)
    assert (do.CheckSetup(),) == decide(given(*story))
    assert ["StartIteration"] == names(decide(given(*story, set_up())))


def test_a_changed_prepare_is_not_run_where_that_was_ruled_out():
    """With `--no-auto-prepare` what the check finds is enough."""
    story = [started(), asked(3, auto_prepare=False), *BASELINE, changed("prepare", prepare=("./p",))]
    assert (do.CheckSetup(),) == decide(given(*story))
    assert ["StartIteration"] == names(decide(given(*story, set_up())))


def test_only_setup_does_no_more():
    """At rest it leaves the loops that were asked for before to a `resume`; then they go on."""
    missing = ev.RunStopped(how="setup_incomplete", reason=why("setup_incomplete", missing=1))
    story = [started(), asked(3), set_up(ok=False), missing, asked(0, stages=("setup",)), set_up()]
    (stop,) = decide(given(*story))
    assert do.Stop(how="done", reason=why("done_without_best", completed=0)) == stop
    assert 3 == given(*story).loops_left
    story.append(ev.RunStopped(how="done", reason=stop.reason))
    assert ["StartIteration"] == names(decide(given(*story, ev.RunResumed())))
    assert 3 == given(*story, ev.RunResumed()).loops_left
    assert 5 == given(*story, asked(2)).loops_left


def test_setup_comes_first():
    """A new run begins by looking at files and data."""
    assert decide(given(started(), asked(3))) == (do.CheckSetup(),)


def test_missing_data_is_prepared_once():
    """Data that is missing is prepared, looked at again, and if it still is missing the run stops."""
    story = [started(), asked(), set_up(ok=False, preparable=True)]
    assert decide(given(*story)) == (do.Prepare(preparation=1),)
    story.append(ev.PrepareStarted(preparation=1, command=("python", "prepare.py")))
    assert decide(given(*story)) == ()
    story.append(
        ev.PrepareFinished(
            preparation=1,
            ok=False,
            reason=why("exit_code_said", "no network"),
            seconds=1.0,
            output=trained(0, 1).output,
            made=(),
        )
    )
    assert decide(given(*story)) == (do.CheckSetup(),)
    story.append(set_up(ok=False, preparable=True))
    assert decide(given(*story)) == (
        do.Stop(how="setup_incomplete", reason=why("setup_incomplete", missing=1)),
    )


def test_resume_looks_at_setup_again():
    """After a stop for incomplete setup, resume looks at everything again and may prepare again."""
    story = [
        started(),
        asked(),
        set_up(ok=False),
        ev.RunStopped(how="setup_incomplete", reason=why("human", "x")),
    ]
    assert decide(given(*story)) == ()
    assert decide(given(*story, ev.RunResumed())) == (do.CheckSetup(),)


def test_no_auto_prepare():
    """A request without auto-prepare does not start prepare.py."""
    state = given(started(), asked(auto_prepare=False), set_up(ok=False, preparable=True))
    assert names(decide(state)) == ["Stop"]


def test_the_baseline_is_iteration_zero():
    """The baseline is trained on the base commit, as iteration 0, before any loop."""
    state = given(started(), asked(3), set_up())
    assert decide(state) == (do.StartIteration(iteration=0, base_commit=BASE, first_stage="train"),)
    state = given(started(), asked(3), set_up(), opened(0, first="train"))
    assert decide(state) == (
        do.StartTraining(iteration=0, training=1, slot=1, device="cpu", commit=BASE, deadline_s=900.0),
    )


def test_a_failed_baseline_stops_the_run_and_resume_tries_again():
    """A crashed baseline ends the run; resume trains it as a second attempt."""
    story = [
        started(),
        asked(),
        set_up(),
        opened(0, first="train"),
        training(0),
        trained(0, None, outcome="crashed"),
    ]
    assert decide(given(*story)) == (
        do.Stop(how="baseline_failed", reason=why("baseline_failed", outcome="crashed")),
    )
    story += [ev.RunStopped(how="baseline_failed", reason=why("human", "x")), ev.RunResumed()]
    assert decide(given(*story)) == (
        do.StartTraining(iteration=0, training=2, slot=1, device="cpu", commit=BASE, deadline_s=900.0),
    )


def test_setup_and_baseline_alone():
    """A request for setup and baseline only is done when the baseline stands."""
    story = [started(), asked(0, stages=("setup", "baseline")), *BASELINE]
    assert names(decide(given(*story))) == ["Stop"]


def test_the_search_proposes_where_no_agent_is():
    """Without an agent and without a human, the seeded search proposes."""
    assert decide(given(started(), asked(), *BASELINE, opened(1))) == (do.ProposeBySearch(iteration=1),)


def test_a_proposal_file_goes_before_a_dropped_one():
    """The file given on the command line is used before one that was dropped earlier."""
    story = [started(), received(), received(source="file"), asked(2), *BASELINE, opened(1)]
    assert decide(given(*story)) == (do.ChooseProposal(iteration=1, received=3),)
    story += [
        chosen(1, source="file", received=3),
        *candidate(1)[2:],
        training(1),
        trained(1, 2.0),
        row(1, 2.0),
    ]
    story += [discarded(1), opened(2)]
    assert decide(given(*story)) == (do.ChooseProposal(iteration=2, received=2),)


def test_a_human_goes_before_a_thinking_agent():
    """A proposal that comes while an agent thinks ends the agent's job and is used at once."""
    story = [started(), asked(agent="opencode"), *BASELINE, opened(1), agent_asked(1, "propose")]
    assert decide(given(*story)) == ()
    story.append(received())
    assert decide(given(*story)) == (do.CancelJob(iteration=1, step="propose", number=1),)
    story.append(agent_answered(1, "propose", "cancelled"))
    assert decide(given(*story)) == (do.ChooseProposal(iteration=1, received=len(story) - 1),)


def test_a_proposal_dropped_while_training_is_the_next_iterations():
    """A proposal dropped while a training runs waits for the next iteration."""
    story = [started(), asked(2), *BASELINE, *candidate(1), training(1), received()]
    assert decide(given(*story)) == ()
    assert decide(given(*story, trained(1, 2.0))) == (do.RecordResult(iteration=1),)


def test_a_failed_agent_gives_way_to_the_search():
    """When the agent fails to propose, the seeded search does, in the same iteration."""
    story = [started(), asked(agent="opencode"), *BASELINE, opened(1)]
    assert decide(given(*story)) == (do.AskForProposal(iteration=1, call=1, agent="opencode"),)
    story += [agent_asked(1, "propose"), agent_answered(1, "propose", "failed")]
    assert decide(given(*story)) == (do.ProposeBySearch(iteration=1),)


def test_three_failures_of_the_agent_pause_the_run():
    """Where the settings ask for it, three agent failures pause the run; an unpause counts anew."""
    pauses = RunConfig(keep_rule="lower", final=0, when_agent_fails="pause")
    story = [started(pauses), asked(9, agent="opencode"), *BASELINE]
    for number in (1, 2, 3):
        story += [opened(number), agent_asked(number, "propose"), agent_answered(number, "propose", "failed")]
        if number < 3:
            story += [*candidate(number)[1:], training(number), trained(number, 2.0), row(number, 2.0)]
            story += [discarded(number)]
    assert names(decide(given(*story))) == ["PauseRun"]
    story.append(ev.RunPaused(reason=why("agent_failed_in_a_row", times=3)))
    assert decide(given(*story)) == ()
    assert "paused: the agent failed 3 times in a row" == say_waiting(standing(given(*story)))
    assert names(decide(given(*story, ev.RunUnpaused()))) == ["ProposeBySearch"]


def test_no_stochastic_asks_no_agent():
    """A request without stochastic proposals asks no agent, though one is named."""
    story = [started(), asked(agent="opencode", stochastic=False), *BASELINE, opened(1)]
    assert names(decide(given(*story))) == ["ProposeBySearch"]


def test_needed_input_trains_nothing_until_a_human_proposes():
    """While input is needed nothing starts; a dropped proposal ends the wait."""
    story = [
        started(),
        asked(agent="opencode"),
        *BASELINE,
        opened(1),
        ev.InputNeeded(iteration=1, question=why("agent_asks", "which?")),
    ]
    assert decide(given(*story)) == ()
    assert "a proposal is needed: which?" == say_waiting(standing(given(*story)))
    story.append(received())
    assert waiting_for_human(given(*story)) is None
    assert names(decide(given(*story))) == ["ChooseProposal"]


def test_prose_goes_to_the_agent_and_machine_forms_do_not():
    """Only a prose plan needs an agent to apply it."""
    story = [started(), asked(agent="opencode"), *BASELINE, opened(1)]
    assert names(decide(given(*story, chosen(1)))) == ["ApplyProposal"]
    assert names(decide(given(*story, chosen(1, **PROSE)))) == ["AskToApply"]


def test_a_failed_change_is_recorded_and_never_trained():
    """A change that does not apply goes straight to its record and is discarded."""
    story = [started(), asked(2), *BASELINE, opened(1), chosen(1)]
    story.append(ev.ChangeFailed(iteration=1, change=1, reason=why("edit_of_nothing", file="other.py")))
    assert decide(given(*story)) == (do.RecordResult(iteration=1),)
    story.append(row(1, None, outcome="not_applied"))
    assert decide(given(*story)) == (
        do.DiscardCandidate(
            iteration=1,
            rule="no_result",
            inputs={"outcome": "not_applied"},
        ),
    )
    story.append(discarded(1))
    assert (1, 1) == (given(*story).counts.not_applied, given(*story).loops_left)


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


def lost(iteration: int, step: str, number: int) -> ev.JobLost:
    return ev.JobLost(iteration=iteration, step=step, number=number, reason=why("machine_restarted"))


@pytest.mark.parametrize(
    ("before", "step", "command"),
    [
        ((), "propose", do.AskForProposal(iteration=1, call=2, agent="opencode")),
        (
            (agent_answered(1, "propose"), chosen(1, source="agent", set={})),
            "apply",
            do.AskToApply(iteration=1, call=3, agent="opencode", change=1),
        ),
    ],
)
def test_a_lost_question_is_asked_again(before, step, command):
    """An agent that vanished with its machine is asked again: no idea is lost, and no failure counted."""
    story = [started(), asked(agent="opencode"), *BASELINE, opened(1), agent_asked(1, "propose"), *before]
    if step == "apply":
        story.append(agent_asked(1, "apply", call=2))
    story.append(lost(1, step, 2 if step == "apply" else 1))
    state = given(*story)
    assert 0 == state.agent_failures
    assert decide(state) == (command,)


def test_a_lost_preparation_begins_again():
    """Preparing that vanished is started anew, and asks a human after three losses in a row."""
    story = [started(), asked(), set_up(ok=False, preparable=True)]
    for number in (1, 2, 3):
        assert decide(given(*story)) == (do.Prepare(preparation=number),)
        story += [ev.PrepareStarted(preparation=number, command=("p",)), lost(0, "prepare", number)]
    (pause,) = decide(given(*story))
    assert pause == do.PauseRun(reason=why("job_lost_in_a_row", step="prepare", iteration=0, times=3))
    story += [ev.RunPaused(reason=pause.reason), ev.RunUnpaused()]
    assert decide(given(*story)) == (do.Prepare(preparation=4),)


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
    ("metric", "command"), [(1.4, "KeepCandidate"), (1.5, "DiscardCandidate"), (1.6, "DiscardCandidate")]
)
def test_only_a_lower_score_is_kept(metric, command):
    """A score that is equal to the best or higher is discarded."""
    story = [started(), asked(), *BASELINE, *candidate(1), training(1), trained(1, metric), row(1, metric)]
    assert names(decide(given(*story))) == [command]


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


def test_loops_add_up_and_end():
    """A second request adds its loops, and the run stops when all are done."""
    story = [started(), asked(1), *BASELINE, *candidate(1), asked(1)]
    assert given(*story).loops_left == 2
    story += [training(1), trained(1, 2.0), row(1, 2.0), discarded(1)]
    assert names(decide(given(*story))) == ["StartIteration"]
    story += [*candidate(2), training(2), trained(2, 1.0), row(2, 1.0), kept(2, COMMIT)]
    assert decide(given(*story)) == (
        do.Stop(how="done", reason=why("done", completed=2, metric="val_bpb", best=1.0)),
    )


def test_the_next_iteration_stands_on_the_kept_one():
    """After a keep, the next iteration begins on the kept commit."""
    story = [
        started(),
        asked(2),
        *BASELINE,
        *candidate(1),
        training(1),
        trained(1, 1.0),
        row(1, 1.0),
        kept(1, COMMIT),
    ]
    assert decide(given(*story)) == (
        do.StartIteration(iteration=2, base_commit=COMMIT, first_stage="propose"),
    )


def test_propose_only_leaves_the_iteration_open():
    """A request for proposing alone proposes once and leaves the iteration open for a later request."""
    story = [started(), asked(0), *BASELINE, asked(3, loop_stages=("propose",)), opened(1), chosen(1)]
    assert decide(given(*story)) == (do.LeaveOpen(iteration=1, next_stage="apply"),)
    story.append(ev.IterationLeftOpen(iteration=1, next_stage="apply"))
    assert names(decide(given(*story))) == ["Stop"]
    story += [
        ev.RunStopped(how="done", reason=why("human", "")),
        asked(1, loop_stages=("apply", "commit", "train")),
    ]
    assert decide(given(*story)) == (do.ApplyProposal(iteration=1, change=1),)


def test_the_worktree_is_the_candidate_of_train_record_decide():
    """A request that begins with train, and no open iteration, takes what stands in the worktree."""
    stages = ("train", "record", "decide")
    story = [started(), asked(0), *BASELINE, asked(1, loop_stages=stages)]
    assert decide(given(*story)) == (do.StartIteration(iteration=1, base_commit=BASE, first_stage="train"),)
    story.append(opened(1, first="train"))
    assert decide(given(*story)) == (do.TakeWorktree(iteration=1),)
    story.append(committed(1))
    assert names(decide(given(*story))) == ["StartTraining"]
    story += [training(1), trained(1, None, outcome="crashed")]
    assert decide(given(*story)) == (do.RecordResult(iteration=1),)


def test_nothing_to_apply():
    """A request to apply without an open iteration stops and says why."""
    story = [started(), asked(0), *BASELINE, asked(1, loop_stages=("apply",))]
    assert decide(given(*story)) == (
        do.Stop(how="blocked", reason=why("nothing_to_do_it_on", stage="apply")),
    )


def test_a_stop_waits_for_the_stage():
    """A stop waits for the running job; a stop now ends it."""
    story = [started(), asked(), *BASELINE, *candidate(1), training(1)]
    assert decide(given(*story, ev.StopRequested(now=False))) == ()
    assert decide(given(*story, ev.StopRequested(now=True))) == (
        do.CancelJob(iteration=1, step="train", number=1),
    )
    story += [ev.StopRequested(now=False), trained(1, 1.0)]
    assert names(decide(given(*story))) == ["Stop"]
    story += [ev.RunStopped(how="stopped", reason=why("human", "")), ev.RunResumed()]
    assert names(decide(given(*story))) == ["RecordResult"]


def test_a_pause_starts_nothing():
    """While paused nothing starts, and what was decided before goes on afterwards."""
    story = [started(), asked(), *BASELINE, ev.RunPaused(reason=why("human", "lunch"))]
    assert decide(given(*story)) == ()
    assert names(decide(given(*story, ev.RunUnpaused()))) == ["StartIteration"]


def test_the_same_code_is_never_an_improvement():
    """Measuring the best once more cannot replace it, however low the noise fell."""
    story = [started(), asked(0), *BASELINE, asked(1, loop_stages=("train", "record", "decide"))]
    story += [
        opened(1, first="train"),
        committed(1, BASE, tree="t" * 40),
        training(1),
        trained(1, 1.0),
        row(1, 1.0),
    ]
    (command,) = decide(given(*story))
    assert "same_code" == command.rule


def test_settings_that_decide_nothing_are_compared():
    """A change of settings that say nothing of the result leaves it comparable."""
    changed = ev.ConfigChanged(config=RunConfig(timeout_s=9, prefetch=0), changed=("timeout_s", "prefetch"))
    story = [started(), asked(), *BASELINE, changed, *candidate(1), training(1), trained(1, 0.5), row(1, 0.5)]
    (command,) = decide(given(*story))
    assert isinstance(command, do.KeepCandidate)


def test_a_result_belongs_to_the_settings_its_training_began_under():
    """Settings changed while a training runs are not its own, and the best keeps those of its training."""
    config = RunConfig(training_budget="60m")
    changed = ev.ConfigChanged(config=config, changed=("training_budget",))
    story = [started(), asked(), *BASELINE, *candidate(1), training(1), changed, trained(1, 0.5), row(1, 0.5)]
    run = given(*story)
    (command,) = decide(run)
    assert isinstance(command, do.KeepCandidate)
    after = given(*story, kept(1, COMMIT))
    assert deciding_digest(RunConfig()) == after.best.conditions.deciding
    assert deciding_digest(config) == after.deciding


def test_settings_that_are_changed_back_are_compared_again():
    """A training under the best's settings is compared with it, whatever held in between."""
    there = ev.ConfigChanged(config=RunConfig(training_budget="60m"), changed=("training_budget",))
    back = ev.ConfigChanged(config=RunConfig(), changed=("training_budget",))
    last = [*candidate(1), training(1), trained(1, 0.5), row(1, 0.5)]
    (command,) = decide(given(started(), asked(), *BASELINE, there, back, *last))
    assert isinstance(command, do.KeepCandidate)


def test_a_proposal_is_used_once():
    """A chosen proposal no longer waits."""
    state = given(started(), received(), asked(), *BASELINE, opened(1), chosen(1, source="drop", received=2))
    assert () == state.waiting
    assert proposal() == state.iteration(1).proposal


def test_a_blocked_request_blocks_no_other():
    """A request that could do nothing is gone when the next one is made."""
    story = [started(), asked(0), *BASELINE, asked(1, loop_stages=("apply",))]
    story += [ev.RunStopped(how="blocked", reason=why("human", "nothing to apply")), asked(1)]
    assert names(decide(given(*story))) == ["StartIteration"]


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


@pytest.mark.parametrize(
    ("seconds", "cpu", "said"),
    [
        (110.0, 160.0, "improved (1.000000 < 1.500000); it took 2.0 times the CPU time of its base"),
        (300.0, 160.0, "improved (1.000000 < 1.500000); it took 3.0 times the wall time of its base"),
        (140.0, 115.0, "improved (1.000000 < 1.500000)"),
        (300.0, None, "improved (1.000000 < 1.500000); it took 3.0 times the wall time of its base"),
    ],
)
def test_what_took_far_more_is_flagged(*, seconds: float, cpu: float | None, said: str):
    """A verdict says of a training what it took of the wall or the CPU, where that is far from its base's."""
    base = evolve(trained(0, 1.5), seconds=100.0, cpu_seconds=80.0)
    long = evolve(trained(1, 1.0), seconds=seconds, cpu_seconds=cpu)
    begun = (set_up(), opened(0, first="train"), training(0), base, row(0, 1.5), kept(0, BASE))
    after = (*candidate(1), training(1, commit=COMMIT), long, row(1, 1.0))
    (command,) = decide(given(started(), asked(1), *begun, *after))
    assert isinstance(command, do.KeepCandidate)
    assert said == say_verdict(command.rule, command.inputs)


def test_a_few_seconds_more_are_no_matter():
    """Three times as long is flagged of minutes, not of seconds: these are at the mercy of the machine."""
    assert Spent(seconds=9.0).far_beyond(Spent(seconds=3.0)) is None
    assert ("wall", 3.0) == Spent(seconds=90.0).far_beyond(Spent(seconds=30.0))


@pytest.mark.parametrize(("most", "kept_"), [(0.0, True), (1.5, False), (2.5, True)])
def test_what_took_too_much_is_not_kept(*, most: float, kept_: bool):
    """A better number that took more of the wall or the CPU than the settings allow is discarded, and why."""
    config = RunConfig(most_spent=most)
    base = evolve(trained(0, 1.5), seconds=100.0, cpu_seconds=80.0)
    long = evolve(trained(1, 1.0), seconds=110.0, cpu_seconds=160.0)
    begun = (opened(0, first="train"), training(0), base, row(0, 1.5), kept(0, BASE))
    story = (
        started(config),
        asked(1),
        set_up(),
        *begun,
        *candidate(1),
        training(1, commit=COMMIT),
        long,
        row(1, 1.0),
    )
    (command,) = decide(given(*story))
    assert isinstance(command, do.KeepCandidate if kept_ else do.DiscardCandidate)
    if not kept_:
        assert ("overspent", 2.0) == (command.rule, command.inputs["times"])
        assert "it took 2.00 times what the best took" in say_verdict(command.rule, command.inputs)


@pytest.mark.parametrize(("landlock", "pauses"), [(0, True), (7, False)])
def test_packages_that_were_changed_are_looked_at(*, landlock: int, pauses: bool):
    """Where nothing keeps a training from its packages, a change of them meanwhile pauses the run."""
    began = evolve(runner_started(), landlock=landlock)
    reason = why("packages_changed_while_training")
    touched = evolve(voided(0, "packages"), reason=reason)
    story = [started(EVALUATED), asked(1), began, set_up(), opened(0, first="train"), training(0), touched]
    commands = decide(given(*story))
    assert pauses == (commands == (do.PauseRun(reason=why("packages_to_look_at")),))
