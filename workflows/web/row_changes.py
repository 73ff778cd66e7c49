"""How the rows of a run's iterations became what they are: after which event each of them looked how.

With it a page shows the table and the chart as of any event without asking again. Folded over lazy events.
"""

from typing import Any

from attrs import define, evolve, field, frozen

from autoresearch.events import catalog as ev
from autoresearch.projections.fold import Projection, Reducer, Rows
from autoresearch.projections.timeline import TIMELINE, Row, Timeline
from autoresearch.workflows.api.experiments import experiment


# What changes a row as it is shown; what only its verdict makes visible waits for that.
SHOWN = (
    *(ev.IterationStarted, ev.RemeasureStarted, ev.ProposalChosen, ev.CandidateDeferred, ev.ChangeFailed),
    *(ev.TrainingFinished, ev.EvaluationFinished, ev.TrainingReread, ev.CandidateKept, ev.CandidateDiscarded),
    *(ev.ResultRecorded, ev.KeepRemeasured, ev.RemeasureDropped, ev.ResultInherited, ev.ResultImported),
)
HUMAN = (
    *(ev.LoopsRequested, ev.ProposalReceived, ev.ProposalWithdrawn, ev.NoteAdded, ev.StopRequested),
    *(ev.RunPaused, ev.RunUnpaused, ev.ResultRetracted, ev.KeepAdopted, ev.RunResumed),
)


@frozen(kw_only=True)
class Changed:
    """A row as it stood after an event."""

    seq: int
    row: Row


@define(kw_only=True)
class RowChanges:
    """All changes in the order of events, and what humans caused; whoever folds it has it alone."""

    timeline: Timeline = field(factory=Timeline)
    changes: list[Changed] = field(factory=list)
    human: list[tuple[int, str, str]] = field(factory=list)  # seq, time, type
    _told: list[list[Any]] = field(factory=list)
    _known: dict[int, dict[str, Any]] = field(factory=dict)  # the newest of each row

    def told(self) -> list[list[Any]]:  # Any: it is JSON
        """Return [seq, iteration, fields that changed] for each change; a row's first has all its fields."""
        for one in self.changes[len(self._told) :]:
            number, said = one.row.iteration, experiment(one.row)
            known = self._known.get(number, {})
            self._known[number] = said
            differ = {key: value for key, value in said.items() if key not in known or known[key] != value}
            self._told.append([one.seq, number, differ])
        return self._told

    def row_at(self, iteration: int, seq: int) -> Row | None:
        """Return a row as of an event."""
        of_it = (one for one in reversed(self.changes) if one.row.iteration == iteration)
        return next((one.row for one in of_it if one.seq <= seq), None)


def _noting(event_class: type[Any], reduce: Reducer[Timeline]) -> Reducer[RowChanges]:
    """Return a reducer that folds the timeline, and notes what changed."""
    by_human = event_class in HUMAN

    def reducer(state: RowChanges, event: Any, seq: int, at: str) -> None:  # noqa: ANN401 - lazy or whole
        before = state.timeline.closed
        reduce(state.timeline, event, seq, at)
        if by_human:
            state.human.append((seq, at, event_class.__name__))
        if event_class in SHOWN:
            _note(state, state.timeline.row(event.iteration), seq)
        if not state.timeline.closed.grew_from(before):
            _note_others(state, before, seq)

    return reducer


def _note(state: RowChanges, row: Row | None, seq: int) -> None:
    if row is not None:
        state.changes.append(Changed(seq=seq, row=evolve(row)))


def _note_others(state: RowChanges, before: Rows[Row], seq: int) -> None:
    """Note the closed rows that were replaced by others."""
    for old, new in zip(before, state.timeline.closed, strict=False):
        if old is not new:
            _note(state, new, seq)


def _human(event_class: type[Any]) -> Reducer[RowChanges]:
    return lambda state, _event, seq, at: state.human.append((seq, at, event_class.__name__))


ROW_CHANGES = Projection(
    name="row_changes",
    version=1,
    initial=RowChanges,
    own=lambda state: state,
    reducers={cls: _human(cls) for cls in HUMAN}
    | {cls: _noting(cls, reduce) for cls, reduce in TIMELINE.reducers.items()},
)
