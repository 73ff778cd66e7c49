"""What was left for later, in lines: the object of `ideas`."""

from typing import Any

from autoresearch.projections.words.times import minute_of
from autoresearch.workflows.pages.ways_out import typed


def idea_lines(found: dict[str, Any]) -> list[str]:  # Any: it is JSON
    """Return a line for each idea, and below them one for each lesson."""
    lines = [_idea(one) for one in found["ideas"]]
    if not lines:
        lines = [f"no idea was left for later; {typed('ideas add TEXT')} leaves one"]
    lessons = [f"lesson of iteration {one['iteration']}: {one['text']}" for one in found["lessons"]]
    return [*lines, *lessons]


def idea_state(one: dict[str, Any]) -> str:
    """Say what became of an idea."""
    return f"taken by iteration {one['taken_by']}" if one["state"] == "taken" else str(one["state"])


def _idea(one: dict[str, Any]) -> str:
    who = one["agent"] or ("a human" if one["iteration"] is None else "a proposal")
    beside = "" if one["iteration"] is None else f" at iteration {one['iteration']}"
    return (
        f"{one['number']:>4}  {idea_state(one)}  {minute_of(one['noted_at'])}  {who}{beside}: {one['text']}"
    )
