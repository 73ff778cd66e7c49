"""What the decider does with a question of an agent: a note to the human, who may never read it."""

from autoresearch.engine.core.agents import waits_ended
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.values import why
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import waiting_for_answer, waiting_for_human
from tests.given import (
    BASELINE,
    agent_answered,
    agent_asked,
    asked,
    chosen,
    discarded,
    given,
    opened,
    received,
    row,
    started,
)


UNTIL = "2026-03-08T22:00:00.000Z"
BEGUN = (started(), asked(3, agent="opencode"), *BASELINE, opened(1))
THROUGH = ev.InputNeeded(iteration=1, question=why("search_is_through"))
AT = len(BEGUN) + 3  # the seq of a question that is asked first


ENDED = (
    chosen(1),
    ev.ChangeFailed(iteration=1, change=1, reason=why("no_change")),
    row(1, None),
    discarded(1),
)


def asks(
    text: str = "the rate?", call: int = 1, *, iteration: int = 1, until: str = ""
) -> tuple[ev.Event, ...]:
    """An agent was asked for a proposal, and asked back."""
    question = ev.QuestionAsked(iteration=iteration, agent="opencode", question=text, until=until)
    return agent_asked(iteration, "propose", call), agent_answered(iteration, "propose", call=call), question


def names(state: RunState) -> list[str]:
    return [type(command).__name__ for command in decide(state)]


def test_who_asks_is_asked_to_propose_without_an_answer():
    """A question holds nobody up: the agent has another turn at once, and the run waits for no human."""
    state = given(*BEGUN, *asks())
    assert ["AskForProposal"] == names(state)
    assert waiting_for_human(state) is None


def test_who_asks_twice_leaves_the_iteration_to_the_search():
    """A second question in an iteration, or the same one in a later, costs no more than its call."""
    assert ["ProposeBySearch"] == names(given(*BEGUN, *asks(), *asks("the depth?", 2)))
    later = (*BEGUN, *asks(), *ENDED, opened(2))
    assert ["ProposeBySearch"] == names(given(*later, *asks(iteration=2)))
    assert ["AskForProposal"] == names(given(*later, *asks("the depth?", iteration=2)))


def test_the_same_words_are_one_question():
    """Asked again, a question keeps its number; what is answered may be asked anew."""
    twice = given(*BEGUN, *asks(), *asks(call=2))
    assert [AT] == [one.number for one in twice.questions]
    answer = ev.QuestionAnswered(question=AT, answer="yes")
    anew = given(*BEGUN, *asks(), answer, *asks(call=2))
    assert ["yes", ""] == [one.answer for one in anew.questions]


def test_the_run_waits_for_an_answer_where_it_is_told_to():
    """Until then nothing is proposed but by a human; the answer, or the time, ends the wait."""
    waits = given(*BEGUN, *asks(until=UNTIL))
    assert () == decide(waits)
    assert UNTIL == waiting_for_answer(waits)
    assert ["ChooseProposal"] == names(given(*BEGUN, *asks(until=UNTIL), received()))
    assert () == waits_ended(waits, "2026-03-08T21:59:59.999Z")
    over = ev.QuestionTimedOut(question=AT, until=UNTIL, now=UNTIL)
    assert (over,) == waits_ended(waits, UNTIL)
    for end in (over, ev.QuestionAnswered(question=AT, answer="yes")):
        state = given(*BEGUN, *asks(until=UNTIL), end)
        assert ["AskForProposal"] == names(state)
        assert "" == waiting_for_answer(state)


def test_only_where_the_search_has_nothing_either_a_human_is_waited_for():
    """An agent that only asks is not asked for ever; an answer in words lets it propose again."""
    story = (*BEGUN, *asks(), *asks(call=2), THROUGH)
    stuck = given(*story)
    assert () == decide(stuck)
    assert why("search_is_through") == waiting_for_human(stuck)
    on = given(*story, ev.QuestionAnswered(question=AT, answer="yes"))
    assert ["AskForProposal"] == names(on)
    assert waiting_for_human(on) is None
