"""The backlog of a run: ideas for later, what became of them, and what results taught. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import evolve as replace
from attrs import frozen

from autoresearch.events import catalog as ev


IDEA_LIMIT = 300  # characters of an idea
LESSON_LIMIT = 500  # of a lesson
CLOSED = 100  # ideas that are open no more and are remembered, the newest: a state stays small
LESSONS = 20  # the newest
MEMORIES = 4  # runs that agents are told of, those that were named last
NEXT_IDEAS = 3  # that `status` tells of
MEMORY_LIMIT = 4_200  # characters of what is told of one


@frozen(kw_only=True)
class LaterIdea:
    """An idea that somebody left for later."""

    number: int
    text: str
    agent: str
    iteration: int | None
    noted_at: str
    taken_by: int | None = None  # an iteration
    dropped: bool = False

    @property
    def is_open(self) -> bool:
        """Say whether nobody has taken it up or dropped it."""
        return self.taken_by is None and not self.dropped

    @property
    def state(self) -> Literal["open", "taken", "dropped"]:
        """Return the word for that."""
        return "open" if self.is_open else "dropped" if self.dropped else "taken"


@frozen(kw_only=True)
class Lesson:
    """What somebody said that results taught."""

    iteration: int
    agent: str
    text: str


@frozen(kw_only=True)
class NamedMemory:
    """What another run found, as it was folded when somebody named it."""

    run_id: str
    seq: int  # of that run's last record then
    head: str
    metric: str
    lower_is_better: bool
    sha256: str
    text: str


@frozen(kw_only=True)
class Backlog:
    """All that was left for later."""

    noted: int = 0  # ideas so far
    ideas: tuple[LaterIdea, ...] = ()  # those that are open in the order in which they are to be tried
    lessons: tuple[Lesson, ...] = ()
    memories: tuple[NamedMemory, ...] = ()  # of other runs, those that were named last

    @property
    def open(self) -> tuple[LaterIdea, ...]:
        """Return the ideas that nobody has taken up or dropped, the first one first."""
        return tuple(one for one in self.ideas if one.is_open)

    def idea(self, number: int) -> LaterIdea | None:
        """Return the open idea of this number."""
        return next((one for one in self.open if one.number == number), None)


def told(backlog: Backlog) -> dict[str, Any]:
    """Return how many ideas are open, with those to be tried next, and how many lessons there are."""
    first = [
        {"number": one.number, "agent": one.agent or None, "text": one.text}
        for one in backlog.open[:NEXT_IDEAS]
    ]
    return {"open": len(backlog.open), "next": first, "lessons": len(backlog.lessons)}


def _noted(was: Backlog, event: Any, at: str) -> Backlog:  # noqa: ANN401 - events are read lazily
    new = LaterIdea(
        number=event.idea, text=event.text, agent=event.agent, iteration=event.iteration, noted_at=at
    )
    return replace(was, noted=event.idea, ideas=(*was.ideas, new))


def _put_first(was: Backlog, event: Any, _at: str) -> Backlog:  # noqa: ANN401
    first = tuple(one for one in was.ideas if one.number == event.idea)
    return replace(was, ideas=(*first, *(one for one in was.ideas if one.number != event.idea)))


def _closed(was: Backlog, number: int, **how: Any) -> Backlog:  # noqa: ANN401
    """Close an idea; of those that are closed, the newest stay, behind the open ones."""
    done = [replace(one, **how) for one in was.ideas if one.number == number]
    left = [one for one in was.ideas if one.is_open and one.number != number]
    closed = [*(one for one in was.ideas if not one.is_open and one.number != number), *done]
    return replace(was, ideas=(*left, *closed[-CLOSED:]))


def _lesson(was: Backlog, event: Any, _at: str) -> Backlog:  # noqa: ANN401
    new = Lesson(iteration=event.iteration, agent=event.agent, text=event.text)
    return replace(was, lessons=(*was.lessons, new)[-LESSONS:])


def _memory(was: Backlog, event: Any, _at: str) -> Backlog:  # noqa: ANN401
    new = NamedMemory(
        run_id=event.run_id,
        seq=event.seq,
        head=event.head,
        metric=event.metric,
        lower_is_better=event.lower_is_better,
        sha256=event.sha256,
        text=event.text,
    )
    others = tuple(one for one in was.memories if one.run_id != event.run_id)
    return replace(was, memories=(*others, new)[-MEMORIES:])


# By the event: the backlog after it.
CHANGES: Mapping[type[Any], Callable[[Backlog, Any, str], Backlog]] = {
    ev.IdeaNoted: _noted,
    ev.IdeaPutFirst: _put_first,
    ev.IdeaDropped: lambda was, event, _at: _closed(was, event.idea, dropped=True),
    ev.IdeaTaken: lambda was, event, _at: _closed(was, event.idea, taken_by=event.iteration),
    ev.LessonNoted: _lesson,
    ev.MemoryNamed: _memory,
}
