"""Events -> spans: each job of a run, and each iteration around its jobs. Knows nothing of how they are sent.

A span is named by the event that began it, so whoever makes it again makes the same one.
"""

from collections.abc import Iterator
from typing import Any

from attrs import define, field, frozen

from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.projections.words.event_text import describe
from autoresearch.projections.words.times import one_line
from autoresearch.workflows.exports.feed import key_of


BEGINS = {  # a job: its step, "" where the event says it, and which of its fields counts it
    ev.PrepareStarted: ("prepare", "preparation"),
    ev.AgentAsked: ("", "call"),
    ev.TrainingStarted: ("train", "training"),
    ev.EvaluationStarted: ("evaluate", "evaluation"),
    ev.GuardStarted: ("guard", "check"),
    ev.HoldoutStarted: ("holdout", "look"),
}
ENDS = {
    ev.PrepareFinished: ("prepare", "preparation"),
    ev.AgentAnswered: ("", "call"),
    ev.TrainingFinished: ("train", "training"),
    ev.TrainingVoided: ("train", "training"),
    ev.EvaluationFinished: ("evaluate", "evaluation"),
    ev.GuardFinished: ("guard", "check"),
    ev.HoldoutScored: ("holdout", "look"),
    ev.JobLost: ("", "number"),
}
OPENS = (ev.IterationStarted, ev.RemeasureStarted)
TELLS = (ev.ProposalChosen, ev.CandidateCommitted, ev.ResultRecorded)  # something of an iteration
CLOSES = {
    ev.CandidateKept: "kept",
    ev.CandidateDiscarded: "discarded",
    ev.KeepRemeasured: "remeasured",
    ev.RemeasureDropped: "dropped",
}
FIELDS = (  # of the events, that a span carries where they are known
    *("iteration", "keep", "repeat", "seed", "device", "commit", "agent", "model", "agent_version"),
    *("source", "description", "outcome", "metric", "memory_gb", "exit_code", "signal", "guard", "holds"),
    *("ok", "cpu_seconds", "rule"),
)
IN_ORDER = {"ok", "succeeded", "stopped_early", "cancelled"}  # outcomes
WORDS = 200  # characters of what somebody wrote

Value = str | bool | int | float


@frozen(kw_only=True)
class Span:
    """A stretch of time that has ended; its times are RFC 3339."""

    name: str
    key: str  # of the event that began it
    trace: str  # key of the event that began its iteration; its own, of one outside of iterations
    begin: str
    end: str
    failed: bool
    words: str  # the sentence of the event that ended it
    attributes: dict[str, Value]

    @property
    def parent(self) -> str:
        """Return the key of the span around it, or ""."""
        return "" if self.trace == self.key else self.trace


@define
class _Begun:
    key: str
    at: str
    attributes: dict[str, Value]


@define
class Spans:
    """What has begun, by what it is. It is kept: an event that ends it may be withdrawn and come again."""

    run_id: str
    jobs: dict[tuple[str, int, int], _Begun] = field(factory=dict)
    iterations: dict[int, _Begun] = field(factory=dict)

    def take(self, recorded: Recorded) -> Iterator[Span]:
        """Take the next event in; yield the span that it ends."""
        event: Any = recorded.event  # Any: fields that several kinds of events share
        kind = type(event)
        if kind in BEGINS:
            step, count = BEGINS[kind]
            self.jobs[_name(event, step, count)] = self._begun(recorded)
        elif kind in OPENS:
            self.iterations[event.iteration] = self._begun(recorded)
        elif kind in TELLS and event.iteration in self.iterations:
            self.iterations[event.iteration].attributes |= _attributes(event)
        elif kind in ENDS:
            step, count = ENDS[kind]
            yield from self._ended_job(recorded, _name(event, step, count))
        elif kind in CLOSES and event.iteration in self.iterations:
            begun = self.iterations[event.iteration]
            told = _attributes(event) | {"verdict": CLOSES[kind]}
            yield _span("iteration", begun, recorded, told, trace=begun.key)

    def _begun(self, recorded: Recorded) -> _Begun:
        return _Begun(key_of(self.run_id, recorded), recorded.at, _attributes(recorded.event))

    def _ended_job(self, recorded: Recorded, name: tuple[str, int, int]) -> Iterator[Span]:
        begun = self.jobs.get(name)
        if begun is None:
            return
        step, iteration, number = name
        around = None if step == "prepare" else self.iterations.get(iteration)
        told = _attributes(recorded.event) | {"number": number}
        yield _span(step, begun, recorded, told, trace=around.key if around else begun.key)


def _name(event: Any, step: str, count: str) -> tuple[str, int, int]:  # noqa: ANN401 - several kinds
    return step or event.step, getattr(event, "iteration", 0), getattr(event, count)


def _span(name: str, begun: _Begun, recorded: Recorded, told: dict[str, Value], *, trace: str) -> Span:
    event: Any = recorded.event
    failed = isinstance(event, ev.JobLost | ev.TrainingVoided) or (
        name != "iteration"
        and (getattr(event, "outcome", "ok") not in IN_ORDER or getattr(event, "ok", True) is False)
    )
    return Span(
        name=name,
        key=begun.key,
        trace=trace,
        begin=begun.at,
        end=max(begun.at, getattr(event, "ended_at", recorded.at)),
        failed=failed,
        words=describe(event),
        attributes=begun.attributes | told,
    )


def _attributes(event: Any) -> dict[str, Value]:  # noqa: ANN401 - several kinds
    """Return what an event says that is known, and of what an agent took, what it said."""
    found = {name: getattr(event, name, None) for name in FIELDS}
    reason, usage = getattr(event, "reason", None), getattr(event, "usage", None)
    found["reason"] = reason.code if reason is not None else None
    if usage is not None:
        found |= {"cost_usd": usage.cost_usd, "tokens_out": usage.output}
    return {
        name: one_line(value, WORDS) if isinstance(value, str) else value
        for name, value in found.items()
        if value is not None
    }
