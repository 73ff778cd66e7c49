"""What a report says of what was left for later."""

from typing import Any

from autoresearch.projections.words.times import one_line
from autoresearch.workflows.pages.acts.ideas import idea_state
from autoresearch.workflows.report.document import Block, Heading, Listing, Table


SHOWN = 20
TEXT = 160  # characters


def later(found: dict[str, Any]) -> tuple[Block, ...]:  # Any: it is JSON
    """Return the ideas, those that are open first, and the newest lessons; nothing where none were left."""
    ideas, lessons = found["ideas"], found["lessons"]
    blocks: list[Block] = []
    if ideas:
        rows = tuple(
            (
                str(one["number"]),
                idea_state(one),
                one["agent"] or "a human",
                one_line(one["text"], TEXT),
            )
            for one in ideas[:SHOWN]
        )
        more = f" (the first {SHOWN} of {len(ideas)})" if len(ideas) > SHOWN else ""
        table = Table(head=("#", "state", "of", "idea"), rows=rows, right=frozenset({0}))
        blocks += [Heading(text=f"Ideas for later{more}"), table]
    if lessons:
        lines = tuple((f"iteration {one['iteration']}: {one_line(one['text'], TEXT)}",) for one in lessons)
        blocks += [Heading(text="What results taught, as agents say"), Listing(lines=lines)]
    return tuple(blocks)
