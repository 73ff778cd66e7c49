"""Thinking while training, decided: what is prepared, what waits, who goes first."""

import pytest

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import why
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
    received,
    row,
    set_up,
    started,
    trained,
    training,
)


FIRST, SECOND = "c" * 40, "d" * 40
PROSE = {"set": {}}
TRAINS = [*candidate(1, FIRST), training(1)]
PREPARED = [*TRAINS, *candidate(2, SECOND)]


def story(*events: ev.Event, loops: int = 9, **request) -> list[ev.Event]:
    return [started(), asked(loops, **({"prefetch": 1} | request)), *BASELINE, *events]


def names(events: list[ev.Event]) -> list[str]:
    return [type(command).__name__ for command in decide(given(*events))]


def overtaken(iteration: int, commit: str | None) -> ev.BaseMoved:
    return ev.BaseMoved(
        iteration=iteration, base_commit=FIRST, best_iteration=1, old_base=BASE, commit=commit
    )


def carried(iteration: int, how: str, attempt: int = 2) -> ev.CandidateRebased:
    return ev.CandidateRebased(
        iteration=iteration,
        change=attempt,
        base_commit=FIRST,
        commit=SECOND,
        made_on=BASE,
        how=how,
        reason="both change it" if how == "conflict" else "",
    )


def deferred(iteration: int = 2) -> ev.CandidateDeferred:
    return ev.CandidateDeferred(
        iteration=iteration,
        change=1,
        commit=SECOND,
        base_commit=BASE,
        source="search",
        description="raise the rate",
        chosen=1,
    )


def test_the_next_iteration_opens_while_one_trains():
    """While a training runs, the next iteration stands on the base that holds if it is discarded."""
    assert decide(given(*story(*TRAINS))) == (
        do.StartIteration(iteration=2, base_commit=BASE, first_stage="propose"),
    )


@pytest.mark.parametrize(
    ("request_", "commands"),
    [
        ({"prefetch": 0}, []),
        ({"loops": 1}, []),
        ({"loops": 2}, ["StartIteration"]),
        ({"loop_stages": ("propose", "apply", "commit", "train", "record", "decide")}, []),
    ],
    ids=["0 is off", "no loop is left", "one loop is left", "a stage is left out"],
)
def test_no_more_is_opened_than_was_asked_for(request_, commands):
    """Nothing is prepared without a loop for it, by a restricted request, or with --prefetch 0."""
    assert commands == names(story(*TRAINS, **request_))


def test_as_many_are_prepared_as_the_request_says():
    """With --prefetch 2 a third iteration opens beside the prepared one, and a fourth does not."""
    assert [] == names(story(*PREPARED))
    assert ["StartIteration"] == names(story(*PREPARED, prefetch=2))
    assert [] == names(story(*PREPARED, *candidate(3, "e" * 40), prefetch=2))


def test_a_loop_of_the_next_request_is_prepared_as_that_one_says():
    """Behind the last loop of a request, the first of the next one is prepared, by its own agent."""
    two = story(*TRAINS, asked(1, agent="opencode", prefetch=1), loops=1)
    assert ["StartIteration"] == names(two)
    assert ["AskForProposal"] == names([*two, opened(2)])
    assert [] == names(story(*TRAINS, asked(1, loop_stages=("propose",), prefetch=1), loops=1))


def test_the_first_change_is_made_while_the_baseline_trains():
    """The baseline is a training too: iteration 1 opens beside it, and is not trained before its verdict."""
    begun = [started(), asked(2, prefetch=1), set_up(), opened(0, first="train"), training(0)]
    assert ["StartIteration"] == names(begun)
    made = [*begun, *candidate(1, FIRST)]
    assert [] == names(made)
    assert ["RecordResult"] == names([*made, trained(0, 1.5)])
    assert ["StartTraining"] == names([*made, trained(0, 1.5), row(0, 1.5), kept(0)])


def test_a_failed_baseline_calls_the_thinking_agent_back():
    """A run whose baseline failed comes to rest, and leaves no agent at work."""
    begun = [started(), asked(2, prefetch=1, agent="opencode"), set_up(), opened(0, first="train")]
    begun += [training(0), opened(1), agent_asked(1, "propose"), trained(0, None, outcome="crashed")]
    assert decide(given(*begun)) == (do.CancelJob(iteration=1, step="propose", number=1),)
    assert ["Stop"] == names([*begun, agent_answered(1, "propose", "cancelled")])


def test_a_discard_lets_the_prepared_one_train():
    """The verdict comes first, then the prepared candidate trains, and the next one is opened."""
    ended = story(*PREPARED, trained(1, 2.0))
    assert ["RecordResult"] == names(ended)
    ended.append(row(1, 2.0))
    assert ["DiscardCandidate"] == names(ended)
    ended.append(discarded(1))
    assert decide(given(*ended)) == (
        do.StartTraining(iteration=2, training=1, slot=1, device="cpu", commit=SECOND, deadline_s=900.0),
    )
    assert ["StartIteration"] == names([*ended, training(2)])


def test_a_keep_is_followed():
    """After a keep the prepared candidate follows to the new best, is carried over, and trains."""
    ended = story(*PREPARED, trained(1, 1.0), row(1, 1.0), kept(1, FIRST))
    assert decide(given(*ended)) == (do.MoveBase(iteration=2, base_commit=FIRST, best_iteration=1),)
    ended.append(overtaken(2, SECOND))
    assert decide(given(*ended)) == (
        do.RebaseCandidate(iteration=2, change=2, commit=SECOND, made_on=BASE, mendable=False),
    )
    ended += [carried(2, "form"), applied(2, 2)]
    assert decide(given(*ended)) == (do.CommitCandidate(iteration=2, change=2),)
    ended.append(committed(2, "e" * 40, change=2))
    assert ["StartTraining"] == names(ended)


def test_one_that_has_no_change_yet_only_gets_the_new_base():
    """An iteration without a change follows the best, and goes on where it stood."""
    ended = story(*TRAINS, opened(2), trained(1, 1.0), row(1, 1.0), kept(1, FIRST))
    assert ["MoveBase"] == names(ended)
    state = given(*ended, overtaken(2, None))
    assert ["ProposeBySearch"] == [type(one).__name__ for one in decide(state)]
    assert (FIRST, 1) == (state.iteration(2).base_commit, state.iteration(2).change)


def test_an_agent_at_work_is_not_disturbed_by_a_keep():
    """A base is not moved under an agent: what it makes is carried over when it has ended."""
    ended = story(*TRAINS, opened(2), chosen(2, **PROSE), agent_asked(2, "apply"), agent="opencode")
    ended += [trained(1, 1.0), row(1, 1.0), kept(1, FIRST)]
    assert [] == names(ended)
    ended += [agent_answered(2, "apply"), applied(2), committed(2, SECOND)]
    assert ["MoveBase"] == names(ended)


@pytest.mark.parametrize(("agent", "command"), [("opencode", "AskToApply"), ("none", "ApplyProposal")])
def test_a_conflict_goes_back_to_the_agent(agent, command):
    """What does not fit the new best is made anew by an agent, where there is one."""
    ended = story(*PREPARED, trained(1, 1.0), row(1, 1.0), kept(1, FIRST), agent=agent)
    assert [command] == names([*ended, overtaken(2, SECOND), carried(2, "conflict")])


def test_a_human_goes_before_what_was_prepared():
    """A prepared candidate gives way to a human's proposal at once, and is taken up by the next iteration."""
    waits = story(*PREPARED, received())
    assert decide(given(*waits)) == (do.DeferCandidate(iteration=2),)
    waits.append(deferred())
    human = next(number for number, one in enumerate(waits, start=1) if isinstance(one, ev.ProposalReceived))
    assert decide(given(*waits)) == (do.ChooseProposal(iteration=2, received=human),)
    waits += [chosen(2, source="drop", received=human), applied(2, 2), committed(2, "e" * 40, change=2)]
    waits += [trained(1, 2.0), row(1, 2.0), discarded(1), training(2), opened(3)]
    assert decide(given(*waits)) == (do.ChooseProposal(iteration=3, received=human + 1),)
    waits.append(chosen(3, received=human + 1))
    state = given(*waits)
    assert () == state.deferred
    assert decide(state) == (
        do.RebaseCandidate(iteration=3, change=1, commit=SECOND, made_on=BASE, mendable=False),
    )


def test_a_humans_own_candidate_gives_way_to_nobody():
    """Proposals of humans are tried in the order in which they came."""
    mine = [opened(2), chosen(2, source="drop"), applied(2), committed(2, SECOND)]
    assert [] == names(story(*TRAINS, *mine, received()))


def test_a_candidate_whose_turn_has_come_is_not_held_back():
    """Once nothing else trains, the prepared candidate does, whoever spoke meanwhile."""
    assert ["StartTraining"] == names(
        story(*PREPARED, trained(1, 2.0), row(1, 2.0), discarded(1), received())
    )


def test_a_thinking_agent_is_called_back_for_a_human():
    """A human's proposal ends the thinking of an agent that prepares, as it does without a training."""
    thinks = story(*TRAINS, opened(2), agent_asked(2, "propose"), received(), agent="opencode")
    assert decide(given(*thinks)) == (do.CancelJob(iteration=2, step="propose", number=1),)


def test_one_change_is_made_at_a_time():
    """While an agent works on one change, no other is begun; a crash waits for the workbench too."""
    crashed = story(*TRAINS, opened(2), agent_asked(2, "propose"), agent="opencode")
    crashed.append(trained(1, None, outcome="crashed"))
    assert [] == names(crashed)
    crashed += [agent_answered(2, "propose"), chosen(2)]
    assert ["AskToTriage"] == names(crashed)


def test_the_prepared_one_trains_while_a_crash_is_mended():
    """The device goes first: the prepared candidate trains, and the agent looks at the crash beside it."""
    crashed = story(*PREPARED, trained(1, None, outcome="crashed"), agent="opencode")
    assert ["StartTraining", "AskToTriage"] == names(crashed)
    crashed.append(training(2))
    assert ["AskToTriage"] == names(crashed)
    crashed += [agent_asked(1, "triage"), agent_answered(1, "triage")]
    crashed += [
        ev.CrashTriaged(iteration=1, change=1, action="fix_and_rerun", reason=why("agent_decided", "typo")),
        applied(1, 2),
    ]
    crashed.append(committed(1, "e" * 40, change=2))
    assert [] == names(crashed), "the slot is taken, and one iteration is ahead"
    crashed += [trained(2, 1.0), row(2, 1.0), kept(2, SECOND)]
    assert decide(given(*crashed)) == (do.MoveBase(iteration=1, base_commit=SECOND, best_iteration=2),)


def test_a_stop_leaves_the_prepared_one_for_resume():
    """After a stop the prepared candidate is still there, and resume goes on with it."""
    ended = story(*PREPARED, ev.StopRequested(now=False), trained(1, 2.0))
    assert ["Stop"] == names(ended)
    ended += [
        ev.RunStopped(how="stopped", reason=why("human", "")),
        ev.RunResumed(),
        row(1, 2.0),
        discarded(1),
    ]
    assert decide(given(*ended)) == (
        do.StartTraining(iteration=2, training=1, slot=1, device="cpu", commit=SECOND, deadline_s=900.0),
    )


def test_a_question_does_not_disturb_the_training():
    """What an agent asks while one trains waits for a human; the training is judged all the same."""
    asks = story(
        *TRAINS,
        opened(2),
        ev.InputNeeded(iteration=2, question=why("agent_asks", "which?")),
        agent="opencode",
    )
    assert [] == names(asks)
    asks += [trained(1, 2.0), row(1, 2.0), discarded(1)]
    assert [] == names(asks)
    assert why("agent_asks", "which?") == given(*asks).need_input


def test_a_lost_training_is_tried_again_before_the_prepared_one():
    """The earlier iteration has the slot, also for its second attempt."""
    lost = story(
        *PREPARED, ev.JobLost(iteration=1, step="train", number=1, reason=why("supervisor_killed", "reboot"))
    )
    again = do.StartTraining(iteration=1, training=2, slot=1, device="cpu", commit=FIRST, deadline_s=900.0)
    assert (again,) == decide(given(*lost))


def test_two_slots_are_told_apart():
    """A second training gets the slot that is free, whichever ended first."""
    two = [started(RunConfig(keep_rule="lower", slots=2)), asked(9, prefetch=1), *BASELINE, *PREPARED]
    (command, *_) = decide(given(*two))
    assert 2 == command.slot


def test_a_candidate_is_not_judged_before_the_baseline():
    """A candidate that ends before the baseline waits: without it there is nothing to judge by."""
    begun = [
        started(RunConfig(keep_rule="lower", slots=2)),
        asked(1, prefetch=1),
        set_up(),
        opened(0, first="train"),
        training(0),
    ]
    ended = [*begun, *candidate(1, FIRST), training(1, slot=2), trained(1, 1.4)]
    assert [] == names(ended)
    assert [] == names([*ended, row(1, 1.4)])
    assert ["RecordResult"] == names([*ended, trained(0, 1.5)])
    judged = [*ended, trained(0, 1.5), row(0, 1.5), kept(0), row(1, 1.4)]
    (command,) = decide(given(*judged))
    assert ("KeepCandidate", "lower") == (type(command).__name__, command.rule)


def test_a_failed_baseline_leaves_the_candidate_unjudged():
    """A run whose baseline failed comes to rest without a verdict on the candidate beside it."""
    begun = [
        started(RunConfig(keep_rule="lower", slots=2)),
        asked(1, prefetch=1),
        set_up(),
        opened(0, first="train"),
        training(0),
    ]
    ended = [*begun, *candidate(1, FIRST), training(1, slot=2), trained(1, 1.4)]
    (command,) = decide(given(*ended, trained(0, None, outcome="crashed")))
    assert ("Stop", "baseline_failed") == (type(command).__name__, command.how)


def test_a_change_that_failed_does_not_hold_the_baseline_back():
    """A baseline that was lost, or failed and is resumed, trains again beside one that waits for it."""
    begun = [started(), asked(1, prefetch=1), set_up(), opened(0, first="train"), training(0)]
    failed = [*begun, opened(1), chosen(1), ev.ChangeFailed(iteration=1, change=1, reason=why("human", "no"))]
    assert [] == names(failed)
    lost = ev.JobLost(iteration=0, step="train", number=1, reason=why("stop_now"))
    assert ["StartTraining"] == names([*failed, lost])
    ended = [*failed, trained(0, None, outcome="crashed"), ev.RunStopped(how="baseline_failed", reason=None)]
    assert ["StartTraining"] == names([*ended, asked(1, prefetch=1)])
