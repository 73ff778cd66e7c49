"""Events -> text: one line for each, the same for the same event. Pure.

The words are in event_sentences.py; here is which sentence an event gets, and the wording's name: a view
written in other words is not compared with today's. Text that came from outside is made one line of
printable characters and cut, so that a hostile name or log cannot forge a line.
"""

from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

from attrs import fields

from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import RawEvent, Recorded
from autoresearch.projections.words.event_sentences import EVENTS
from autoresearch.projections.words.sentences import CONDITIONS, KINDS, REASONS, SOURCES, STEPS
from autoresearch.projections.words.times import one_line
from autoresearch.projections.words.verdicts import VERDICTS
from autoresearch.projections.words.wording import WORDS, say_verdict


LINE_CHARACTERS = 240
NAME_CHARACTERS = 60  # of an agent and its model
FORMS = 7  # grows with any change of how a value is said (wording's FORMATS, VARIANTS): no table shows it

# Where an event has more than one sentence: which, by what the event says. "" is the plain one.
VARIANTS: Mapping[type[Any], Callable[[Any], str]] = {
    ev.RunStarted: lambda e: "" if e.base_commit else "imported",  # the code of an imported run is not known
    ev.StopRequested: lambda e: "now" if e.now else "",
    ev.TimeRanOut: lambda e: "none" if e.left == "none" else "",
    ev.SetupChecked: lambda e: "missing" if not e.ok else "data" if e.data_id else "",
    ev.IdeaNoted: lambda e: "agent" if e.agent else "",
    ev.PrepareFinished: lambda e: "" if e.ok else "failed",
    ev.RunImported: lambda e: "rest" if e.left_out else "skipped" if e.skipped else "",
    ev.ProposalReceived: lambda e: "first" if e.first else "file" if e.name else "",
    ev.AgentAsked: lambda e: "free" if e.sandbox == "none" else "",
    ev.AgentAnswered: lambda e: "" if e.outcome == "ok" else e.outcome,
    ev.ChangeApplied: lambda e: "put_back" if e.put_back else "",
    ev.QuestionAsked: lambda e: "waits" if e.until else "",
    ev.BaseMoved: lambda e: "commit" if e.commit else "",
    ev.CandidateRebased: lambda e: e.how if e.how in ("empty", "conflict") else "",
    ev.TrainingStarted: lambda e: ("device_" * (e.device != "cpu") + "again" * (e.training > 1)).strip("_"),
    ev.TrainingFinished: lambda e: (
        "stopped"
        if e.outcome == "stopped_early"
        else "failed"
        if e.outcome != "succeeded"
        else "claims"
        if e.metric is None
        else "several"
        if e.printed
        else ""
    ),
    ev.TrainingReread: lambda e: "" if e.outcome == "succeeded" else "failed",
    ev.EvaluationFinished: lambda e: "failed" if e.outcome != "succeeded" else "several" if e.printed else "",
    ev.GuardFinished: lambda e: "" if e.holds else "failed",
    ev.ReviewGiven: lambda e: "veto" if e.verdict == "veto" else "reasons" if e.reasons else "",
    ev.ReviewMissed: lambda e: "wait" if e.then == "wait" else "",
    ev.ApprovalAsked: lambda e: "until" if e.until else "",
    ev.HoldoutScored: lambda e: "" if e.outcome == "succeeded" else "failed",
    ev.JobLost: lambda e: "prepare" if e.step == "prepare" else "",
    ev.CrashTriaged: lambda e: "" if e.action == "discard" else "mended",
    ev.GainStated: lambda e: "alone" if e.half_width is None else "",
    ev.ResultRecorded: lambda e: "" if e.metric is None else "metric",
    ev.ResultInherited: lambda e: "" if e.metric is None else "metric",
    ev.ResultImported: lambda e: "" if e.metric is None else "metric",
    ev.ResultRetracted: lambda e: "all" if e.with_descendants else "",
    ev.RemeasureStarted: lambda e: "" if e.differ_in else "repeats",
    ev.KeepRemeasured: lambda e: "" if e.met else "unmet",
    ev.CandidateKept: lambda e: "note" if e.branch_note else "",
}


@cache
def wording() -> str:
    """Return the name of the wording: another one for any other word."""
    tables = (REASONS, VERDICTS, EVENTS, CONDITIONS, STEPS, KINDS, SOURCES)
    entries = sorted(entry for table in tables for entry in table.items())
    return sha256(repr((FORMS, entries)).encode()).hexdigest()[:12]


def line(recorded: Recorded) -> str:
    """Return the event's line, without a line end: time, number, what happened."""
    return f"{recorded.at} #{recorded.seq} {describe(recorded.event)}"


class Told:
    """Lines of events that were heard one after another: an agent's proposal is told by the agent's name."""

    def __init__(self) -> None:
        self._answered: dict[int, str] = {}  # by iteration: who answered last
        self._authors: dict[int, str] = {}  # by seq of a proposal that was chosen

    def hear(self, recorded: Recorded) -> Recorded:
        """Take the next event, told of or not."""
        match recorded.event:
            case ev.AgentAnswered(step="propose" | "edit", iteration=number, agent=agent, model=model):
                self._answered[number] = f"{agent}:{model}" if model else agent
            case ev.ProposalChosen(source="agent", iteration=number) if number in self._answered:
                self._authors[recorded.seq] = one_line(self._answered[number], NAME_CHARACTERS)
            case _:
                pass
        return recorded

    def line(self, recorded: Recorded) -> str:
        """Return the line of an event that was heard, as `line` does."""
        author = self._authors.get(recorded.seq)
        said = line(recorded)
        return said if author is None else said.replace("(agent)", f"({author})", 1)


def describe(event: ev.Event | RawEvent) -> str:
    """Return what happened, in one line."""
    variant = VARIANTS.get(type(event))
    name = type(event).__name__
    chosen = variant(event) if variant is not None else ""
    values = {one.name: getattr(event, one.name) for one in fields(type(event))}
    if isinstance(event, ev.CandidateKept | ev.CandidateDiscarded):
        values["verdict"] = say_verdict(event.rule, event.inputs)
    return one_line(WORDS.format(EVENTS[f"{name}.{chosen}" if chosen else name], **values), LINE_CHARACTERS)
