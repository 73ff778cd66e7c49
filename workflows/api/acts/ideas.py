"""The object of `ideas`: what was left for later, and what results taught."""

from typing import Any

from autoresearch.projections.parts.backlog import Backlog, LaterIdea
from autoresearch.workflows.api.envelope import document


def ideas_object(
    backlog: Backlog, run_id: str, *, most_open: int, changed: int | None = None, known: bool = False
) -> dict[str, Any]:  # Any: it is JSON
    """Return the backlog, those that are open first; `changed` is the idea that was added, moved, dropped."""
    return document(
        "ideas",
        run_id=run_id,
        changed=changed,
        known=known,
        most_open=most_open,
        noted=backlog.noted,
        ideas=ideas_listed(backlog),
        lessons=[
            {"iteration": one.iteration, "agent": one.agent or None, "text": one.text}
            for one in backlog.lessons
        ],
    )


def ideas_listed(backlog: Backlog) -> list[dict[str, Any]]:
    """Return each idea that is remembered: those that are open in their order, then the others."""
    return [_idea(one) for one in sorted(backlog.ideas, key=lambda one: not one.is_open)]


def _idea(one: LaterIdea) -> dict[str, Any]:
    return {
        "number": one.number,
        "text": one.text,
        "state": one.state,
        "taken_by": one.taken_by,
        "agent": one.agent or None,
        "iteration": one.iteration,
        "noted_at": one.noted_at,
    }
