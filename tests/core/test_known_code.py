"""Same code is not trained twice: when a candidate is answered from the log, and what that costs."""

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.agents import waits_ended
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from tests.given import (
    BASELINE,
    agent_answered,
    agent_asked,
    applied,
    asked,
    chosen,
    committed,
    discarded,
    given,
    opened,
    row,
    set_up,
    started,
    trained,
    training,
)


A, B, OF_BASE = "a" * 64, "b" * 64, "0" * 64
COMMIT = "c" * 40


def made(iteration: int, code: str, *, source: str = "search") -> tuple[ev.Event, ...]:
    """An iteration has its candidate, of this code, on the baseline."""
    commit = committed(iteration, COMMIT, code=code, base_code=OF_BASE)
    return (opened(iteration), chosen(iteration, source=source), applied(iteration), commit)


def measured(iteration: int, code: str, metric: float = 2.0) -> tuple[ev.Event, ...]:
    """A candidate of this code was trained, and is no improvement."""
    begun = evolve(training(iteration, commit=COMMIT), surroundings={"data": "d1"})
    told = (begun, trained(iteration, metric), row(iteration, metric))
    return (*made(iteration, code), *told, discarded(iteration))


def answer(iteration: int, same_as: int, metric: float, code: str) -> do.DiscardCandidate:
    inputs = {"same_as": same_as, "metric": metric, "code": code}
    return do.DiscardCandidate(iteration=iteration, rule="known_code", inputs=inputs)


def answered(command: do.DiscardCandidate) -> ev.CandidateDiscarded:
    return ev.CandidateDiscarded(iteration=command.iteration, rule=command.rule, inputs=command.inputs)


def names(commands: tuple[do.Command, ...]) -> list[str]:
    return [type(command).__name__ for command in commands]


STORY = (started(), asked(9), *BASELINE)


def test_code_that_was_measured_is_answered_from_the_log():
    """A candidate of the code of iteration 1 is not trained: its answer names that and what it measured."""
    assert (answer(2, 1, 2.0, A),) == decide(given(*STORY, *measured(1, A), *made(2, A)))
    assert ["StartTraining"] == names(decide(given(*STORY, *measured(1, A), *made(2, B))))


def test_a_change_of_nothing_is_the_base_once_more():
    """What differs from its base by nothing that counts is answered by the base's own number."""
    assert (answer(1, 0, 1.5, OF_BASE),) == decide(given(*STORY, *made(1, OF_BASE)))


def test_an_answer_is_no_loop():
    """The loops that are left stay; the iteration is closed, and counted as discarded."""
    story = (*STORY, *measured(1, A), *made(2, A), answered(answer(2, 1, 2.0, A)))
    run = given(*story)
    assert (8, 2, 2) == (run.loops_left, run.completed, run.counts.discarded)
    assert (do.StartIteration(iteration=3, base_commit="b" * 40, first_stage="propose"),) == decide(run)


def test_after_three_answers_the_search_has_its_turn():
    """An agent that proposes known code three times in a row leaves the next turn to the search."""
    story = [started(), asked(9, agent="opencode"), *BASELINE, *measured(1, A)]
    for number in (2, 3, 4):
        assert ["AskForProposal"] == names(decide(given(*story, opened(number))))
        story += [*made(number, A, source="agent"), answered(answer(number, 1, 2.0, A))]
    assert ["ProposeBySearch"] == names(decide(given(*story, opened(5))))
    again = (*made(5, A), answered(answer(5, 1, 2.0, A)), opened(6))
    assert ["ProposeBySearch"] == names(decide(given(*story, *again)))
    assert ["AskForProposal"] == names(decide(given(*story, *measured(5, B), opened(6))))


@pytest.mark.parametrize("times", [3, 10])
def test_however_many_are_answered_no_loop_is_lost(times: int):
    """Three answers in a row, and ten: an agent is asked three times, and the search for all the others.

    What trains then ends it: the nine loops that were asked for are eight, and the agent has its turn again.
    """
    story = [started(), asked(9, agent="opencode"), *BASELINE]
    asked_for = []
    for number in range(1, times + 1):
        (command,) = decide(given(*story, opened(number)))
        asked_for.append(type(command).__name__)
        source = "agent" if isinstance(command, do.AskForProposal) else "search"
        story += [*made(number, OF_BASE, source=source), answered(answer(number, 0, 1.5, OF_BASE))]
    assert ["AskForProposal"] * 3 + ["ProposeBySearch"] * (times - 3) == asked_for
    run = given(*story)
    assert (9, times, times) == (run.loops_left, run.completed, run.counts.discarded)
    after = (*measured(times + 1, A), opened(times + 2))
    assert 8 == given(*story, *after).loops_left
    assert ["AskForProposal"] == names(decide(given(*story, *after)))


@pytest.mark.parametrize("source", ["drop", "file", "cli"])
def test_a_human_is_answered_too(source: str):
    """A human's own proposal of known code is answered, and does not count against the agent."""
    story = (*STORY, *measured(1, A), *made(2, A, source=source))
    (command,) = decide(given(*story))
    assert command == answer(2, 1, 2.0, A)
    assert 0 == given(*story, answered(command)).answered


def test_what_was_retracted_is_trained_again():
    """A retraction frees the code of its iteration, and no other."""
    story = (*STORY, *measured(1, A), *measured(2, B))
    gone = ev.ResultRetracted(iteration=1, why="x", with_descendants=False)
    assert ["StartTraining"] == names(decide(given(*story, gone, *made(3, A))))
    assert (answer(3, 2, 2.0, B),) == decide(given(*story, gone, *made(3, B)))


def test_other_conditions_are_trained():
    """Under another command that trains, nothing that was measured before answers."""
    other = ev.ConfigChanged(
        config=RunConfig(keep_rule="lower", final=0, train=("./other",)), changed=("train",)
    )
    story = (*STORY, *measured(1, A), other, set_up())
    assert ["StartTraining"] == names(decide(given(*story, *made(2, A))))
    assert ["StartTraining"] == names(decide(given(*story, *made(2, OF_BASE))))


def test_other_data_is_trained():
    """Where setup finds other data than was trained with, known code is trained again."""
    story = (*STORY, *measured(1, A), evolve(set_up(), data_id="d2"))
    assert ["StartTraining"] == names(decide(given(*story, *made(2, A))))


def test_what_crashed_is_not_known():
    """Code that measured nothing is trained again."""
    crash = (
        *made(1, A),
        training(1, commit=COMMIT),
        trained(1, None, outcome="crashed"),
        row(1, None, outcome="crashed"),
        discarded(1),
    )
    assert ["StartTraining"] == names(decide(given(*STORY, *crash, *made(2, A))))


def test_what_a_human_left_in_the_worktree_is_trained():
    """`--loop-only train` on the best itself is a wish to measure it once more."""
    story = (*STORY[:1], asked(1, loop_stages=("train", "record", "decide")), *BASELINE)
    stands = (opened(1, first="train"), committed(1, COMMIT, code=OF_BASE, base_code=OF_BASE))
    assert ["StartTraining"] == names(decide(given(*story, *stands)))


def test_of_an_earlier_program_nothing_is_known():
    """A candidate without a digest is trained, whatever stands beside it."""
    assert ["StartTraining"] == names(decide(given(*STORY, *measured(1, ""), *made(2, ""))))


def told(number: int, code: str, same_as: int | None) -> tuple[ev.Event, ...]:
    """An agent was asked and proposed this code: it was measured by `same_as`, or (None) is trained."""
    asks = agent_asked(number, "propose"), agent_answered(number, "propose")
    begun, *rest = made(number, code, source="agent") if same_as is not None else measured(number, code)
    said = (answered(answer(number, same_as, 2.0, code)),) if same_as is not None else ()
    rest = [chosen(number, source="agent") if isinstance(one, ev.ProposalChosen) else one for one in rest]
    return begun, *asks, *rest, *said


def test_an_agent_that_proposes_known_code_rests_ever_longer():
    """From its third answer in a row on, a loop of the search between them or not; something new ends it."""
    story = [started(), asked(30, agent="opencode"), *BASELINE, *measured(1, A)]
    story += [*told(2, A, 1), *told(3, A, 1)]
    assert not any(one.rests for one in given(*story).agents)
    story += [*measured(4, B), *told(5, A, 1)]
    rests = []
    for number in (6, 8, 10):
        (agent,) = given(*story).agents
        assert ("unusable", "known_in_a_row", True) == (agent.kind, agent.reason.code, agent.rests)
        assert ["ProposeBySearch"] == names(decide(given(*story, opened(number))))
        rests.append(agent.retry_at)
        story += measured(number, f"{number:064}")
        assert ["ProposeBySearch"] == names(decide(given(*story, opened(number + 1))))
        (over,) = waits_ended(given(*story), "2099-01-01T00:00:00.000Z")
        assert ["AskForProposal"] == names(decide(given(*story, over, opened(number + 1))))
        story += [over, *told(number + 1, A, 1)]
    (agent,) = given(*story).agents
    assert (6, 6) == (agent.known, agent.reason.inputs["times"])
    assert sorted(set(rests)) == rests
    (over,) = waits_ended(given(*story), "2099-01-01T00:00:00.000Z")
    (agent,) = given(*story, over, *told(12, "e" * 64, None)).agents
    assert (0, False, "") == (agent.known, agent.rests, agent.failing_since)
