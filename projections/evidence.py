"""Where in a history each figure of a report stands, who was asked for what, and what ran when. Pure.

Folded for a report alone, over the whole history: a run's state does not carry it.
"""

from collections.abc import Iterable
from typing import Any

from attrs import define, field, frozen
from attrs import evolve as replace

from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.kinds.result_events import ENDED_AS_ASKED
from autoresearch.events.values import Request
from autoresearch.projections.fold import Projection, Reducer


@frozen(kw_only=True)
class Span:
    """A stretch of time in which something ran; times are RFC 3339."""

    kind: str  # runner, train, evaluate, or what an agent was asked for: propose, apply, triage
    begin: str
    end: str
    iteration: int | None = None
    number: int = 0
    device: str = ""  # or the agent


@frozen(kw_only=True)
class Asked:
    """What somebody asked of the run, and where that stands."""

    seq: int
    at: str
    request: Request


@define(kw_only=True)
class Calls:
    """The calls of one agent and model, summed up; what a call did not say is counted, and is not nothing."""

    agent: str
    model: str
    calls: int = 0
    failed: int = 0
    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    without_tokens: int = 0
    without_cost: int = 0
    last: int = 0  # seq of the newest


@define(kw_only=True)
class Evidence:
    """Seqs of what a report cites, by iteration; reducers change it while they fold."""

    began_at: str = ""
    began: int = 0
    last_at: str = ""
    last: int = 0
    results: dict[int, int] = field(factory=dict)
    measured: dict[int, float | None] = field(factory=dict)  # what stands there
    verdicts: dict[int, int] = field(factory=dict)
    gain: int = 0  # of the newest GainStated
    sureness: int = 0  # of the newest ChainConsolidated
    looks: dict[int, int] = field(factory=dict)  # of the newest HoldoutScored of each keep
    asked: tuple[Asked, ...] = ()
    spans: list[Span] = field(factory=list)  # that have ended
    open: dict[tuple[str, int, int], Span] = field(factory=dict)
    agents: dict[tuple[str, str], Calls] = field(factory=dict)
    rests: list[tuple[str, str | None]] = field(factory=list)  # from a stop to what was asked for next
    voided: int = 0
    lost: int = 0  # trainings that ended without a result by the world's fault

    def ended(self) -> list[Span]:
        """Return all spans, those that still run up to the last event."""
        going_on = [_cut(span, self.last_at) for span in self.open.values()]
        return [*self.spans, *going_on]


def _cut(span: Span, end: str) -> Span:
    return replace(span, end=max(span.begin, end))


def _run_started(evidence: Evidence, _event: object, seq: int, at: str) -> None:
    evidence.began_at, evidence.began = evidence.began_at or at, evidence.began or seq


def _loops_requested(evidence: Evidence, event: ev.LoopsRequested, seq: int, at: str) -> None:
    evidence.asked = (*evidence.asked, Asked(seq=seq, at=at, request=event.request))
    _goes_on(evidence, event, seq, at)


def _goes_on(evidence: Evidence, _event: object, _seq: int, at: str) -> None:
    if evidence.rests and evidence.rests[-1][1] is None:
        evidence.rests[-1] = (evidence.rests[-1][0], at)


def _runner_started(evidence: Evidence, _event: ev.RunnerStarted, _seq: int, at: str) -> None:
    _close(evidence, ("runner", 0, 0), evidence.last_at)  # one that was killed lived to its last word
    evidence.open["runner", 0, 0] = Span(kind="runner", begin=at, end=at)


def _run_stopped(evidence: Evidence, event: ev.RunStopped, seq: int, at: str) -> None:
    _close(evidence, ("runner", 0, 0), at)
    _goes_on(evidence, event, seq, at)  # one rest ends where another begins
    evidence.rests.append((at, None))


def _training_started(evidence: Evidence, event: ev.TrainingStarted, _seq: int, at: str) -> None:
    evidence.open["train", event.iteration, event.training] = Span(
        kind="train",
        begin=at,
        end=at,
        iteration=event.iteration,
        number=event.training,
        device=event.device,
    )


def _training_finished(evidence: Evidence, event: ev.TrainingFinished, seq: int, at: str) -> None:
    _close(evidence, ("train", event.iteration, event.training), event.ended_at)
    _result(evidence, event, seq, at)


def _training_voided(evidence: Evidence, event: ev.TrainingVoided, _seq: int, at: str) -> None:
    evidence.voided += 1
    _close(evidence, ("train", event.iteration, event.training), at)


def _evaluation_started(evidence: Evidence, event: ev.EvaluationStarted, _seq: int, at: str) -> None:
    evidence.open["evaluate", event.iteration, event.evaluation] = Span(
        kind="evaluate",
        begin=at,
        end=at,
        iteration=event.iteration,
        number=event.evaluation,
        device=event.device,
    )


def _evaluation_finished(evidence: Evidence, event: ev.EvaluationFinished, seq: int, at: str) -> None:
    _close(evidence, ("evaluate", event.iteration, event.evaluation), event.ended_at)
    _result(evidence, event, seq, at)


def _guard_started(evidence: Evidence, event: ev.GuardStarted, _seq: int, at: str) -> None:
    evidence.open["guard", event.iteration, event.check] = Span(
        kind="evaluate",
        begin=at,
        end=at,
        iteration=event.iteration,
        number=event.check,
        device=event.device,
    )


def _guard_finished(evidence: Evidence, event: ev.GuardFinished, _seq: int, _at: str) -> None:
    _close(evidence, ("guard", event.iteration, event.check), event.ended_at)


def _holdout_started(evidence: Evidence, event: ev.HoldoutStarted, _seq: int, at: str) -> None:
    evidence.open["holdout", event.iteration, event.look] = Span(
        kind="evaluate",
        begin=at,
        end=at,
        iteration=event.iteration,
        number=event.look,
        device=event.device,
    )


def _holdout_scored(evidence: Evidence, event: ev.HoldoutScored, seq: int, _at: str) -> None:
    _close(evidence, ("holdout", event.iteration, event.look), event.ended_at)
    evidence.looks[event.keep] = seq


def _job_lost(evidence: Evidence, event: ev.JobLost, _seq: int, at: str) -> None:
    evidence.lost += event.step == "train" and event.reason.code not in ENDED_AS_ASKED
    _close(evidence, (event.step, event.iteration, event.number), at)


def _close(evidence: Evidence, key: tuple[str, int, int], end: str) -> None:
    span = evidence.open.pop(key, None)
    if span is not None:
        evidence.spans.append(_cut(span, end))


def _agent_asked(evidence: Evidence, event: ev.AgentAsked, _seq: int, at: str) -> None:
    evidence.open[event.step, event.iteration, event.call] = Span(
        kind=event.step,
        begin=at,
        end=at,
        iteration=event.iteration,
        number=event.call,
        device=event.agent,
    )


def _agent_answered(evidence: Evidence, event: ev.AgentAnswered, seq: int, at: str) -> None:
    _close(evidence, (event.step, event.iteration, event.call), at)
    key, usage = (event.agent, event.model or ""), event.usage
    calls = evidence.agents.setdefault(key, Calls(agent=event.agent, model=event.model or ""))
    calls.calls += 1
    calls.failed += event.outcome == "failed"
    calls.seconds += event.seconds
    given = [one for one in (usage.input_uncached, usage.input_cached, usage.cache_write) if one is not None]
    calls.tokens_in += sum(given)
    calls.tokens_out += usage.output or 0
    calls.without_tokens += usage.output is None
    calls.cost_usd += usage.cost_usd or 0.0
    calls.without_cost += usage.cost_usd is None
    calls.last = seq


def _result(evidence: Evidence, event: Any, seq: int, _at: str) -> None:  # noqa: ANN401 - several events
    evidence.results[event.iteration], evidence.measured[event.iteration] = seq, event.metric


def _verdict(evidence: Evidence, event: Any, seq: int, _at: str) -> None:  # noqa: ANN401 - several events
    evidence.verdicts[event.iteration] = seq


def _whole(evidence: Evidence, event: Any, seq: int, at: str) -> None:  # noqa: ANN401 - several events
    _result(evidence, event, seq, at)
    _verdict(evidence, event, seq, at)


def _gain_stated(evidence: Evidence, _event: ev.GainStated, seq: int, _at: str) -> None:
    evidence.gain = seq


def _chain_consolidated(evidence: Evidence, _event: ev.ChainConsolidated, seq: int, _at: str) -> None:
    evidence.sureness = seq


REDUCERS: dict[type[Any], Reducer[Evidence]] = {
    ev.RunStarted: _run_started,
    ev.RunForked: _run_started,
    ev.RunImported: _run_started,
    ev.LoopsRequested: _loops_requested,
    ev.RunnerStarted: _runner_started,
    ev.RunStopped: _run_stopped,
    ev.RunResumed: _goes_on,
    ev.TrainingStarted: _training_started,
    ev.TrainingFinished: _training_finished,
    ev.TrainingVoided: _training_voided,
    ev.EvaluationStarted: _evaluation_started,
    ev.EvaluationFinished: _evaluation_finished,
    ev.GuardStarted: _guard_started,
    ev.GuardFinished: _guard_finished,
    ev.HoldoutStarted: _holdout_started,
    ev.HoldoutScored: _holdout_scored,
    ev.JobLost: _job_lost,
    ev.AgentAsked: _agent_asked,
    ev.AgentAnswered: _agent_answered,
    ev.ResultRecorded: _result,
    ev.KeepRemeasured: _whole,
    ev.CandidateKept: _verdict,
    ev.CandidateDiscarded: _verdict,
    ev.ResultInherited: _whole,
    ev.ResultImported: _whole,
    ev.GainStated: _gain_stated,
    ev.ChainConsolidated: _chain_consolidated,
}


def _mark(evidence: Evidence, seq: int, at: str) -> None:
    evidence.last, evidence.last_at = seq, at


# Its state is changed in place: whoever folds it has it alone.
EVIDENCE = Projection(
    name="evidence", version=1, initial=Evidence, own=lambda evidence: evidence, reducers=REDUCERS, mark=_mark
)


def evidence_of(recorded: Iterable[Recorded]) -> Evidence:
    """Fold a history. Where nobody says when something ended, it did so at the last event before."""
    evidence = Evidence()
    for one in recorded:
        reduce = REDUCERS.get(type(one.event))
        if reduce is not None:
            reduce(evidence, one.event, one.seq, one.at)
        evidence.last, evidence.last_at = one.seq, one.at
    return evidence
