"""After which states a wait may end: an agent's rest, and that for an answer. Pure."""

from autoresearch.engine.core.rules.transitions import Misfit
from autoresearch.events import catalog as ev
from autoresearch.projections.agent_health import still_open
from autoresearch.projections.run_state import RunState


def wait_is_over(run: RunState, event: ev.WaitEnded) -> Misfit | None:
    """Expect an agent that rests until a time which the runner's clock has passed, or was set back."""
    rests = [one for one in run.agents if one.agent == event.agent and one.rests_for_a_while]
    if not rests:
        return "agent", "one that rests until a time", event.agent
    until_then = [one for one in rests if one.retry_at == event.until]
    if not until_then:
        return "until", min(one.retry_at for one in rests), event.until
    if not any(one.rest_is_over(event.now) for one in until_then):
        return "now", f"a time from {event.until} on", event.now
    return None


def question_open(run: RunState, event: ev.QuestionAnswered) -> Misfit | None:
    """Expect a question that nobody has answered."""
    numbers = [one.number for one in still_open(run.questions)]
    return None if event.question in numbers else ("question", f"one of {numbers}", event.question)


def answer_overdue(run: RunState, event: ev.QuestionTimedOut) -> Misfit | None:
    """Expect a question that the run waits for until a time which the runner's clock has passed."""
    one = next((one for one in run.questions if one.waits and one.number == event.question), None)
    if one is None:
        return "question", "one that the run waits for", event.question
    if not one.is_overdue(event.now):
        return "now", f"a time from {event.until} on", event.now
    return None if event.until == one.until else ("until", one.until, event.until)
