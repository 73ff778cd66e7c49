"""What is left beside a proposal: a lesson, ideas for later, and which of these it takes up. Pure.

All of it is optional and none of it can spoil an answer: what does not fit is left out, what is long is cut.
"""

import json
from collections.abc import Mapping, Sequence

from autoresearch.engine.agents.prompts import IDEAS_AT_ONCE
from autoresearch.engine.memory.room import fitting
from autoresearch.events import catalog as ev
from autoresearch.projections.parts.backlog import IDEA_LIMIT, LESSON_LIMIT, Backlog
from autoresearch.projections.run_state import DeferredCandidate, RunState, WaitingProposal
from autoresearch.projections.words.times import one_line


IDEAS, LESSONS = 6_000, 3_000  # characters of their sections


def left_beside(
    run: RunState, other: Mapping[str, str], *, iteration: int, agent: str
) -> tuple[ev.IdeaTaken | ev.LessonNoted | ev.IdeaNoted, ...]:
    """Return what the keys of a proposal that mean nothing to its change say, as events.

    An idea that was left before, in the same words, is not left again; nor one more than may be open.
    """
    if not run.config.backlog:
        return ()
    taken = run.backlog.idea(_number(_value(other, "idea")))
    events: list[ev.IdeaTaken | ev.LessonNoted | ev.IdeaNoted] = []
    if taken is not None:
        events.append(ev.IdeaTaken(idea=taken.number, iteration=iteration))
    lesson = lesson_of(_value(other, "lesson"))
    if lesson:
        events.append(ev.LessonNoted(iteration=iteration, agent=agent, text=lesson))
    room = run.config.backlog - len(run.backlog.open) + (taken is not None)
    new = _new(run.backlog, _texts(_value(other, "ideas")))[: min(IDEAS_AT_ONCE, max(0, room))]
    return (
        *events,
        *(
            ev.IdeaNoted(idea=number, text=text, agent=agent, iteration=iteration)
            for number, text in enumerate(new, start=run.backlog.noted + 1)
        ),
    )


def left_by_chosen(
    run: RunState, waiting: WaitingProposal | DeferredCandidate, *, iteration: int
) -> tuple[ev.IdeaTaken | ev.LessonNoted | ev.IdeaNoted, ...]:
    """Return what a proposal that waited leaves; one that was deferred left it when it was made."""
    if isinstance(waiting, DeferredCandidate):
        return ()
    return left_beside(run, waiting.proposal.other, iteration=iteration, agent="")


def idea_text(said: str) -> str:
    """Return an idea as it is kept: one line, cut with a mark."""
    return one_line(said, IDEA_LIMIT)


def lesson_of(said: object) -> str:
    """Return a lesson as it is kept; "" where none was given."""
    return one_line(said, LESSON_LIMIT) if isinstance(said, str) else ""


def ideas_told(backlog: Backlog) -> str:
    """Return the ideas that are open as an agent is told of them, the first one first."""
    return fitting([f"{one.number}  ({one.agent or 'a human'})  {one.text}" for one in backlog.open], IDEAS)


def lessons_told(backlog: Backlog) -> str:
    """Return the lessons, the newest first."""
    return fitting([f"{one.iteration}  {one.text}" for one in reversed(backlog.lessons)], LESSONS)


def _new(backlog: Backlog, said: Sequence[str]) -> list[str]:
    known = {one.text for one in backlog.ideas}
    texts = dict.fromkeys(text for one in said if (text := idea_text(one)))
    return [text for text in texts if text not in known]


def _value(other: Mapping[str, str], name: str) -> object:
    try:
        return json.loads(other.get(name, "null"))
    except ValueError:  # of a history of another program
        return None


def _number(value: object) -> int:
    return value if type(value) is int else 0


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
