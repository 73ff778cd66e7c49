"""Which iteration begins, who proposes for it, and when a request is done."""

import pytest

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import why
from autoresearch.projections.state_text import say_waiting
from autoresearch.projections.summary import standing, waiting_for_human
from tests.core.commands import COMMIT, lost, names
from tests.given import (
    BASE,
    BASELINE,
    agent_answered,
    agent_asked,
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
    started,
    trained,
    training,
)


PROSE = {"set": {}}


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
