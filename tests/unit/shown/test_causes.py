"""What an event follows from."""

from autoresearch.events import catalog as ev
from autoresearch.workflows.web.causes import causes
from tests import given as g


def test_a_question_follows_from_the_answer_that_asks_it():
    """The words of a question are no event's number: it follows from what its agent answered."""
    records = g.recorded(
        g.opened(1),
        g.agent_asked(1, "propose"),
        g.agent_answered(1, "propose"),
        ev.QuestionAsked(iteration=1, agent="codex", question="the rate, or the depth?", until=""),
        ev.QuestionAnswered(question=4, answer="the rate"),
    )
    assert {2: 1, 3: 2, 4: 3, 5: 4} == causes(records)
