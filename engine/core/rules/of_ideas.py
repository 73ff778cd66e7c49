"""After which states what is left for later may be noted, moved, dropped and taken up. Pure."""

from hashlib import sha256

from autoresearch.engine.core.rules.transitions import Misfit
from autoresearch.events import catalog as ev
from autoresearch.projections.parts.backlog import IDEA_LIMIT, LESSON_LIMIT, MEMORY_LIMIT
from autoresearch.projections.run_state import RunState


def next_idea(run: RunState, event: ev.IdeaNoted) -> Misfit | None:
    """Expect the next number, a text of one line that is not too long, and room for one more."""
    if event.idea != run.backlog.noted + 1:
        return "idea", run.backlog.noted + 1, event.idea
    return _one_line(event.text, IDEA_LIMIT)


def open_idea(run: RunState, event: ev.IdeaPutFirst | ev.IdeaDropped) -> Misfit | None:
    """Expect an idea that nobody has taken up or dropped."""
    known = [one.number for one in run.backlog.open]
    return None if event.idea in known else ("idea", f"one of {known}", event.idea)


def taken_idea(run: RunState, event: ev.IdeaTaken) -> Misfit | None:
    """Expect an open idea, and an iteration whose proposal names it."""
    one = run.iteration(event.iteration)
    named = one.proposal.other.get("idea") if one is not None and one.proposal is not None else None
    if named != str(event.idea):
        return "idea", named, event.idea
    known = [each.number for each in run.backlog.open]
    return None if event.idea in known else ("idea", f"one of {known}", event.idea)


def lesson(_run: RunState, event: ev.LessonNoted) -> Misfit | None:
    """Expect a text of one line that is not too long."""
    return _one_line(event.text, LESSON_LIMIT)


def memory(_run: RunState, event: ev.MemoryNamed) -> Misfit | None:
    """Expect a text that is not too long, and its digest."""
    if len(event.text) > MEMORY_LIMIT:
        return "text", f"at most {MEMORY_LIMIT} characters", f"{len(event.text)} characters"
    digest = sha256(event.text.encode()).hexdigest()
    return None if event.sha256 == digest else ("sha256", digest, event.sha256)


def _one_line(text: str, limit: int) -> Misfit | None:
    fits = bool(text) and len(text) <= limit and text.isprintable()
    return None if fits else ("text", f"one line of at most {limit} characters", text)
