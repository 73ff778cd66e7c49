"""What a fork takes over from the run that it is made of, as events. Pure.

An audit makes them again from that run's history, where that is still there.
"""

from attrs import asdict

from autoresearch.events import catalog as ev
from autoresearch.projections.run_state import RunState
from autoresearch.projections.timeline import INHERITED, Timeline


MOST_KEEPS = 100  # that are handed on beside the first: a record has a limit


def inheritance(run: RunState, timeline: Timeline, *, head: str) -> tuple[ev.Event, ...]:
    """Return what a fork of a run begins with: where it comes from, its results, its notes.

    What was open there is left out: it has no result yet, and its jobs are that run's.
    """
    rows = sorted(timeline.closed, key=lambda row: row.iteration)
    forked = ev.RunForked(
        source=run.run_id,
        seq=run.seq,
        head=head,
        seeded_by=run.seeded_by,
        last_repeat=run.last_repeat,
        keeps=(*run.keeps[:1], *run.keeps[1:][-MOST_KEEPS:]),
        retracted=run.retracted,
        rows=len(rows),
    )
    results = [
        ev.ResultInherited(
            **{name: value for name, value in asdict(row, recurse=False).items() if name in INHERITED}
        )
        for row in rows
    ]
    notes = [ev.NoteAdded(text=text) for text in timeline.notes]
    return (forked, *results, *notes, *_left_for_later(run), *_memories(run))


def _memories(run: RunState) -> tuple[ev.Event, ...]:
    """Return the other runs that agents were told of, with what they are told."""
    return tuple(ev.MemoryNamed(**asdict(one)) for one in run.backlog.memories)


def _left_for_later(run: RunState) -> tuple[ev.Event, ...]:
    """Return the ideas that are open, numbered anew in their order, and the lessons."""
    lessons = [
        ev.LessonNoted(iteration=one.iteration, agent=one.agent, text=one.text) for one in run.backlog.lessons
    ]
    ideas = [
        ev.IdeaNoted(idea=number, text=one.text, agent=one.agent, iteration=one.iteration)
        for number, one in enumerate(run.backlog.open, start=1)
    ]
    return (*lessons, *ideas)
