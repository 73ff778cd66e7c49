"""One row per iteration, the baseline included: what people and agents look at."""

from collections.abc import Sequence
from typing import Any, Literal

from attrs import define, field, fields
from attrs import evolve as replace

from autoresearch.events import catalog as ev
from autoresearch.events.values import (
    IMPORTED,
    UNTRAINED,
    Consolidated,
    Ended,
    Proposal,
    ProposalSource,
    Reason,
    RowVerdict,
    Scalar,
    why,
)
from autoresearch.projections.fold import Projection, Reducer, Rows
from autoresearch.projections.parts.worded import MOST_NAMES, Worded, names_in, with_words
from autoresearch.projections.reducers.keep import beside_the_others, comparisons_in
from autoresearch.projections.reducers.retraction import standing_on


# Why there is no result that neither the code nor the change is to blame for.
ACCIDENTS = frozenset(
    {"not_started", "terminated", "not_installed", "agent_not_run", "agent_terminated", "agent_killed"}
)

# As they stand in results.tsv, which other programs read.
BASELINE = "baseline"
ONCE_MORE = "iteration {} measured again"
STOOD_THERE = "what stood in the worktree"


@define(kw_only=True)
class Row:
    """An iteration from its first event to its verdict; reducers change it while it is open."""

    iteration: int
    started_at: str | None  # None: imported, and the source does not say
    base_commit: str  # "": imported, and not known
    closed_at: str | None = None
    source: ProposalSource | None = None
    agent: str = ""  # that proposed it; "": no agent did
    model: str = ""  # of that, as it reported it, else as it was asked for
    description: str = ""
    settings: dict[str, Scalar] = field(factory=dict)  # what the proposal set, by name
    touched: tuple[str, ...] = ()  # names in its words where it set nothing, else its files
    commit: str | None = None
    ref: str | None = None
    insertions: int = 0
    deletions: int = 0
    trainings: int = 0
    outcome: Ended | Literal["not_applied"] | None = None
    metric: float | None = None
    memory_gb: float = 0.0
    training_s: float | None = None  # wall seconds of the last training
    also: dict[str, float] = field(factory=dict)  # what its last training printed beside the metric
    cpu_s: float | None = None  # its CPU seconds, with its children's
    cost_usd: float | None = None  # of all agent calls, where they said
    unpriced: int = 0  # agent calls whose cost is not known
    recorded: bool = False
    verdict: RowVerdict | None = None
    rule: str = ""  # of the verdict
    inputs: dict[str, Scalar] = field(factory=dict)  # of the rule
    reason: Reason | None = None  # of the outcome: why there is no result, or what is odd about it
    chosen: int = 0  # seq of the event that gave it its proposal
    sureness: Consolidated | None = None  # of a keep, on fresh seeds
    taken_out: int | None = None  # by which keep: its change is in the best no more
    unreviewed: Reason | None = None  # why it goes on without the review that was to be had
    retracted: str | None = None  # why its result is believed no more; None: it is
    as_given: str = ""  # of an imported row, where the fields do not give it back as it stood

    @property
    def accident(self) -> bool:
        """Say whether there is no result by the world's fault: a program could not run to its own end."""
        failed = self.outcome in ("crashed", "not_applied")
        return failed and self.reason is not None and self.reason.code in ACCIDENTS

    @property
    def comparisons(self) -> int:
        """Return how many comparisons its verdict was taken from; of an imported one, one is assumed."""
        by_metric = self.rule == IMPORTED and self.iteration > 0 and self.metric is not None
        return 1 if by_metric else comparisons_in(self.inputs)


@define(kw_only=True)
class Timeline:
    """Closed rows in the order of closing, and the open ones."""

    closed: Rows[Row] = field(factory=Rows)
    open: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()  # the last ten
    proposals: dict[int, Proposal] = field(factory=dict)  # by seq: received and not used, or of open rows
    authors: dict[int, tuple[str, str]] = field(factory=dict)  # by seq: agent and model of what was deferred
    worded: tuple[Worded, ...] = ()  # of the rows closed last

    @property
    def rows(self) -> list[Row]:
        """Return all rows, by iteration."""
        return sorted([*self.closed, *self.open], key=lambda row: row.iteration)

    def row(self, iteration: int) -> Row | None:
        """Return the row of one iteration."""
        newest_first = (row for rows in (self.open, reversed(self.closed)) for row in rows)
        return next((row for row in newest_first if row.iteration == iteration), None)


# Of a row, what a fork of its run takes over; its proposal and its ref stay with that run.
_ITS_OWN = ("ref", "chosen", "as_given", "sureness", "taken_out", "touched", "unreviewed")
INHERITED = tuple(one.name for one in fields(Row) if one.name not in _ITS_OWN)


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
        rule=IMPORTED,
        reason=why("imported", event.reason) if event.reason else None,
        as_given=event.as_given,
    )


def _note_added(timeline: Timeline, event: ev.NoteAdded, _seq: int, _at: str) -> None:
    timeline.notes = (*timeline.notes, event.text)[-10:]


def _iteration_started(timeline: Timeline, event: ev.IterationStarted, _seq: int, at: str) -> None:
    number, base = event.iteration, event.base_commit
    row = Row(iteration=number, started_at=at, base_commit=base)
    if number == 0:
        row.source, row.description, row.commit = "baseline", BASELINE, base
    timeline.open = (*timeline.open, row)


def _proposal_received(timeline: Timeline, event: ev.ProposalReceived, seq: int, _at: str) -> None:
    timeline.proposals[seq] = event.proposal


def _proposal_withdrawn(timeline: Timeline, event: ev.ProposalWithdrawn, _seq: int, _at: str) -> None:
    timeline.proposals.pop(event.received, None)


def _proposal_chosen(timeline: Timeline, event: ev.ProposalChosen, seq: int, _at: str) -> None:
    received = event.received
    proposal = event.proposal if received is None else timeline.proposals.pop(received, None)
    if (row := _open(timeline, event.iteration)) is not None:
        row.source, row.description, row.chosen = event.source, event.description, seq
        if event.source != "agent" or received is not None:
            row.agent, row.model = timeline.authors.pop(received or 0, ("", ""))
        if proposal is not None:
            row.settings, row.touched = dict(proposal.set), names_in(proposal)
            timeline.proposals[seq] = proposal


def _agent_answered(timeline: Timeline, event: ev.AgentAnswered, _seq: int, _at: str) -> None:
    cost, row = event.usage.cost_usd, _open(timeline, event.iteration)
    if row is not None:
        row.cost_usd = row.cost_usd if cost is None else (row.cost_usd or 0.0) + cost
        row.unpriced += cost is None
        if event.step in ("propose", "edit") and event.outcome == "ok":
            row.agent, row.model = event.agent, event.model or event.model_asked


def _change_applied(timeline: Timeline, event: ev.ChangeApplied, _seq: int, _at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        row.insertions, row.deletions = event.insertions, event.deletions
        row.touched = row.touched or event.files[:MOST_NAMES]


def _candidate_committed(timeline: Timeline, event: ev.CandidateCommitted, _seq: int, _at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        row.commit, row.ref = event.commit, event.ref
        row.description = row.description or STOOD_THERE  # nobody proposed it


def _reviewed(timeline: Timeline, event: ev.ReviewGiven | ev.ReviewMissed, _seq: int, _at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:  # of one that is read lazily: it has no class
        row.unreviewed = getattr(event, "reason", None) if getattr(event, "then", "") == "go-on" else None


def _base_moved(timeline: Timeline, event: ev.BaseMoved, _seq: int, _at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        row.base_commit, row.commit, row.ref = event.base_commit, None, None


def _candidate_deferred(timeline: Timeline, event: ev.CandidateDeferred, seq: int, _at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        proposal = timeline.proposals.pop(row.chosen, None)
        if proposal is not None:
            timeline.proposals[seq], timeline.authors[seq] = proposal, (row.agent, row.model)
        row.commit = row.ref = row.source = None
        row.description, row.settings, row.touched, row.agent, row.model = "", {}, (), "", ""


def _training_started(timeline: Timeline, event: ev.TrainingStarted, _seq: int, _at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        row.trainings = event.training


def _training_finished(timeline: Timeline, event: ev.TrainingFinished, _seq: int, _at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        row.outcome, row.metric, row.training_s = event.outcome, event.metric, event.seconds
        row.reason, row.cpu_s, row.also = event.reason, event.cpu_seconds, dict(event.also)


def _scored_again(
    timeline: Timeline, event: ev.EvaluationFinished | ev.TrainingReread, _seq: int, _at: str
) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        row.outcome, row.metric, row.reason = event.outcome, event.metric, event.reason


def _change_failed(timeline: Timeline, event: ev.ChangeFailed, _seq: int, _at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        row.outcome, row.reason = "not_applied", event.reason


def _result_recorded(timeline: Timeline, event: ev.ResultRecorded, _seq: int, _at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        row.recorded = True
        row.outcome, row.metric, row.memory_gb = event.outcome, event.metric, event.memory_gb
        row.description = row.description or STOOD_THERE


def _close(into: Timeline, event: ev.CandidateKept | ev.CandidateDiscarded, at: str, *, kept: bool) -> None:
    row = _open(into, event.iteration)
    if row is None:
        return
    row.rule, row.inputs = event.rule, dict(event.inputs)
    into.worded = with_words(into.worded, row.iteration, into.proposals.pop(row.chosen, None))
    row.verdict = "keep" if kept else _why_not(row)
    row.recorded = row.recorded or event.rule in UNTRAINED
    _put_away(into, row, at)
    _state_beside_others(into, row)


def _remeasure_started(timeline: Timeline, event: ev.RemeasureStarted, _seq: int, at: str) -> None:
    row = Row(iteration=event.iteration, started_at=at, base_commit=event.commit)
    row.source, row.commit, row.description = "baseline", event.commit, ONCE_MORE.format(event.keep)
    row.inputs = {"purpose": event.purpose}
    timeline.open = (*timeline.open, row)


def _keep_remeasured(timeline: Timeline, event: ev.KeepRemeasured, _seq: int, at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        row.rule, row.verdict = "remeasured", "remeasured"
        row.inputs |= {"metric": event.metric, "before": event.before, "keep": event.keep}
        _put_away(timeline, row, at)


def _remeasure_dropped(timeline: Timeline, event: ev.RemeasureDropped, _seq: int, at: str) -> None:
    if (row := _open(timeline, event.iteration)) is not None:
        row.verdict = "dropped"
        _put_away(timeline, row, at)


def _state_sureness(timeline: Timeline, keeps: Sequence[Consolidated], *, out_by: int | None = None) -> None:
    of_keep = {one.iteration: one for one in keeps}
    of = [(row, of_keep.get(row.iteration)) for row in timeline.closed]
    timeline.closed = Rows(
        [replace(row, sureness=one, taken_out=out_by or row.taken_out) if one else row for row, one in of]
    )


def _result_retracted(timeline: Timeline, event: ev.ResultRetracted, _seq: int, _at: str) -> None:
    rows, gone = list(timeline.closed), {event.iteration}
    if event.with_descendants:
        gone |= {row.iteration for row in standing_on(rows, event.iteration)}
    gone &= {row.iteration for row in rows if row.retracted is None}
    rows = [
        replace(
            row,
            retracted=event.why if row.iteration in gone else row.retracted,
            taken_out=None if row.taken_out in gone else row.taken_out,
            sureness=row.sureness if row.sureness and row.sureness.base not in gone else None,
        )
        for row in rows
    ]
    timeline.closed = Rows(rows)


def _result_inherited(timeline: Timeline, event: ev.ResultInherited, _seq: int, _at: str) -> None:
    timeline.closed = timeline.closed.plus(row := Row(**{name: getattr(event, name) for name in INHERITED}))
    _state_beside_others(timeline, row)


def _result_imported(timeline: Timeline, event: ev.ResultImported, _seq: int, _at: str) -> None:
    timeline.closed = timeline.closed.plus(imported_row(event))


def _open(timeline: Timeline, number: int) -> Row | None:
    return next((row for row in timeline.open if row.iteration == number), None)


def _state_beside_others(timeline: Timeline, row: Row) -> None:
    stated = beside_the_others(row.iteration, row.inputs)  # what the keep gives that it does without
    if stated is not None and row.retracted is None:
        _state_sureness(timeline, [stated], out_by=row.iteration if row.verdict == "keep" else None)


def _put_away(timeline: Timeline, row: Row, at: str) -> None:
    row.closed_at = at
    timeline.open = tuple(other for other in timeline.open if other is not row)
    timeline.closed = timeline.closed.plus(row)


def _why_not(row: Row) -> RowVerdict:
    if row.outcome == "not_applied":
        return "not_applied"
    measured = row.outcome in ("succeeded", "stopped_early")
    return "discard" if measured or row.rule in UNTRAINED else "crash"


def _own(timeline: Timeline) -> Timeline:
    return replace(
        timeline,
        open=tuple(map(replace, timeline.open)),
        proposals=dict(timeline.proposals),
        authors=dict(timeline.authors),
    )


REDUCERS: dict[type[Any], Reducer[Timeline]] = {
    ev.NoteAdded: _note_added,
    ev.IterationStarted: _iteration_started,
    ev.ProposalReceived: _proposal_received,
    ev.ProposalWithdrawn: _proposal_withdrawn,
    ev.ProposalChosen: _proposal_chosen,
    ev.AgentAnswered: _agent_answered,
    ev.ChangeApplied: _change_applied,
    ev.ChangeFailed: _change_failed,
    ev.CandidateCommitted: _candidate_committed,
    ev.ReviewGiven: _reviewed,
    ev.ReviewMissed: _reviewed,
    ev.BaseMoved: _base_moved,
    ev.CandidateDeferred: _candidate_deferred,
    ev.TrainingStarted: _training_started,
    ev.TrainingFinished: _training_finished,
    ev.EvaluationFinished: _scored_again,
    ev.TrainingReread: _scored_again,
    ev.ResultRecorded: _result_recorded,
    ev.CandidateKept: lambda timeline, event, _seq, at: _close(timeline, event, at, kept=True),
    ev.CandidateDiscarded: lambda timeline, event, _seq, at: _close(timeline, event, at, kept=False),
    ev.RemeasureStarted: _remeasure_started,
    ev.RemeasureDropped: _remeasure_dropped,
    ev.ChainConsolidated: lambda timeline, event, _seq, _at: _state_sureness(timeline, event.keeps),
    ev.ResultRetracted: _result_retracted,
    ev.KeepRemeasured: _keep_remeasured,
    ev.ResultInherited: _result_inherited,
    ev.ResultImported: _result_imported,
}

TIMELINE = Projection(name="timeline", version=12, initial=Timeline, own=_own, reducers=REDUCERS)
