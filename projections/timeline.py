"""One row per iteration, the baseline included: what people and agents look at."""

from typing import Literal

from attrs import evolve as replace
from attrs import field, frozen

from events import catalog as ev
from events.codec import RawEvent, Recorded
from events.values import Outcome, ProposalSource, Scalar
from projections.fold import Projection
from projections.rows import Rows


Verdict = Literal["keep", "discard", "crash", "not_applied"]


@frozen(kw_only=True)
class Row:
    """An iteration from its first event to its verdict."""

    iteration: int
    started_at: str | None  # None: imported, and the source does not say
    base_commit: str  # "": imported, and not known
    closed_at: str | None = None
    source: ProposalSource | None = None
    description: str = ""
    settings: dict[str, Scalar] = field(factory=dict)  # what the proposal set, by name
    commit: str | None = None
    ref: str | None = None
    insertions: int = 0
    deletions: int = 0
    trainings: int = 0
    outcome: Outcome | Literal["not_applied"] | None = None
    metric: float | None = None
    memory_gb: float = 0.0
    training_s: float | None = None  # wall seconds of the last training
    cost_usd: float | None = None  # of all agent calls, where they said
    recorded: bool = False
    verdict: Verdict | None = None
    rule: str = ""
    reason: str = ""
    as_given: str = ""  # of an imported row, where the fields do not give it back as it stood


@frozen(kw_only=True)
class Timeline:
    """Closed rows in the order of closing, and the open ones."""

    closed: Rows[Row] = field(factory=Rows)
    open: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()  # the last ten

    @property
    def rows(self) -> list[Row]:
        """Return all rows, by iteration."""
        return sorted([*self.closed, *self.open], key=lambda row: row.iteration)

    def row(self, iteration: int) -> Row | None:
        """Return the row of one iteration."""
        newest_first = (*self.open, *reversed(self.closed))
        return next((row for row in newest_first if row.iteration == iteration), None)


def evolve(timeline: Timeline, recorded: Recorded) -> Timeline:
    """Return the timeline after one more recorded event."""
    event = recorded.event
    match event:
        case RawEvent():
            return timeline
        case ev.NoteAdded():
            return replace(timeline, notes=(*timeline.notes, event.text)[-10:])
        case ev.IterationStarted():
            row = Row(iteration=event.iteration, started_at=recorded.at, base_commit=event.base_commit)
            if event.iteration == 0:
                row = replace(row, source="baseline", description="baseline", commit=event.base_commit)
            return replace(timeline, open=(*timeline.open, row))
        case ev.CandidateKept() | ev.CandidateDiscarded():
            return _closed(timeline, event, recorded.at)
        case ev.ResultImported():
            return replace(timeline, closed=timeline.closed.plus(imported_row(event)))
        case _:
            number = getattr(event, "iteration", None)
            rows = tuple(_row(row, event) if row.iteration == number else row for row in timeline.open)
            return replace(timeline, open=rows)


TIMELINE = Projection(name="timeline", version=1, initial=Timeline, evolve=evolve)


def imported_row(event: ev.ResultImported) -> Row:
    """Return the row of an iteration that another program made; how it crashed is not known."""
    return Row(
        iteration=event.iteration,
        started_at=event.started_at,
        base_commit="",
        closed_at=event.ended_at,
        source="baseline" if event.iteration == 0 else event.proposed_by,
        description=event.description,
        commit=event.commit,
        outcome=None if event.metric is None else "succeeded",
        metric=event.metric,
        memory_gb=event.memory_gb or 0.0,
        training_s=event.training_s,
        recorded=True,
        verdict=event.status,
        rule="imported",
        reason=event.reason,
        as_given=event.as_given,
    )


def _row(row: Row, event: ev.Event) -> Row:
    match event:
        case ev.ProposalChosen():
            said = event.proposal
            return replace(row, source=event.source, description=said.description, settings=dict(said.set))
        case ev.AgentAnswered() if event.usage.cost_usd is not None:
            return replace(row, cost_usd=(row.cost_usd or 0.0) + event.usage.cost_usd)
        case ev.ChangeApplied():
            return replace(row, insertions=event.insertions, deletions=event.deletions)
        case ev.CandidateCommitted():
            described = row.description or event.subject
            return replace(row, commit=event.commit, ref=event.ref, description=described)
        case ev.TrainingStarted():
            return replace(row, trainings=event.attempt)
        case ev.TrainingFinished():
            return replace(row, outcome=event.outcome, metric=event.metric, training_s=event.seconds)
        case ev.ResultRecorded():
            return replace(
                row,
                recorded=True,
                outcome=event.outcome,
                metric=event.metric,
                memory_gb=event.memory_gb,
                description=event.description,
            )
        case _:
            return row


def _closed(timeline: Timeline, event: ev.CandidateKept | ev.CandidateDiscarded, at: str) -> Timeline:
    row = next((row for row in timeline.open if row.iteration == event.iteration), None)
    if row is None:
        return timeline
    row = replace(row, closed_at=at, rule=event.rule, reason=event.reason, verdict=_verdict(row, event))
    still_open = tuple(other for other in timeline.open if other.iteration != event.iteration)
    return replace(timeline, closed=timeline.closed.plus(row), open=still_open)


def _verdict(row: Row, event: ev.CandidateKept | ev.CandidateDiscarded) -> Verdict:
    if isinstance(event, ev.CandidateKept):
        return "keep"
    if row.outcome == "not_applied":
        return "not_applied"
    return "discard" if row.outcome == "succeeded" else "crash"
