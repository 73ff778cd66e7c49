"""Every decision taken again: what the runner recorded must be what `decide` asks for in that state.

An event of the runner is either how a job ended (read from the world, not decided), or what came of a
command. The command is looked for among those that the pure decider gives for the state right before.
Commands that start something stand even where others appended meanwhile (engine/loop/runner.py), so for these
the states since the runner's own last event count too.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from attrs import asdict

from autoresearch.engine.audit.report import Tally, first_difference
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.engine.core.rules.outcomes import (
    ExpectedEvent,
    Search,
    after_answer,
    after_editing,
    after_mending,
    after_rebasing,
    outcomes,
)
from autoresearch.engine.memory.backlog import left_beside
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.projections.run_state import RunState


Offer: TypeAlias = tuple[RunState, tuple[do.Command, ...]]

TROUBLE = "trouble"  # the reason of a pause that the world asked for, not the decider
LEFT_BESIDE = (ev.IdeaTaken, ev.LessonNoted, ev.IdeaNoted)
_ITS_OWN = ("runner", "inbox")  # recorded by the process that decides


class Decisions:
    """Re-decides a history, event by event."""

    def __init__(self) -> None:
        self.tally = Tally("decisions", "decisions taken again")
        self._earlier: list[Offer] = []  # what was on offer since the runner's own last event
        self._due: tuple[tuple[ExpectedEvent, ...], ...] = ()  # what must follow in this batch
        self._beside: tuple[ExpectedEvent, ...] = ()  # what its proposal leaves for later, too
        self._edited = False  # whether it is of an agent that proposed and edited at once

    def see(self, before: RunState, event: ev.Event, recorded: Recorded, *, search: Search) -> None:
        """Compare one event with what was to be decided in the state before it."""
        if recorded.tx is None or recorded.tx[0] == 0:
            self._nothing_due(recorded)
            self._edited = False
        if recorded.by not in _ITS_OWN:
            self._remember(before)
            return
        if recorded.by == "runner":
            self._judge(before, event, recorded, search)
        self._earlier = []

    def finish(self) -> None:
        """Look whether the last batch was whole."""
        self._nothing_due(None)

    def _judge(self, before: RunState, event: ev.Event, recorded: Recorded, search: Search) -> None:
        if isinstance(event, LEFT_BESIDE):  # a proposal determines it; of a question or a crash nothing does
            if self._beside:
                self.tally.count += 1
                left, *more = self._beside
                self._beside = tuple(more)
                self._compare((left,), event, recorded)
            return
        if self._due:
            self.tally.count += 1
            expected, self._due = self._due[0], self._due[1:]
            self._compare(expected, event, recorded)
        elif isinstance(event, ev.AgentAnswered):
            one = before.iteration(event.iteration)
            self._due = after_answer(event, one, before) if one is not None else ()
            self._edited = event.step == "edit"
        elif not _is_undecided(before, event):
            self.tally.count += 1
            self._compare(tuple(self._possible(before, event, search)), event, recorded)
        if isinstance(event, ev.ProposalChosen):
            self._beside = _left_for_later(before, event)
        if isinstance(event, ev.ProposalChosen) and self._edited:
            one = before.iteration(event.iteration)
            self._due = after_editing(event, one.change if one is not None else 1)
        if isinstance(event, ev.CrashTriaged):
            self._due = after_mending(event)
        if isinstance(event, ev.CandidateRebased):
            self._due = after_rebasing(event, decide(before))

    def _possible(self, before: RunState, event: ev.Event, search: Search) -> Iterator[ExpectedEvent]:
        for command in decide(before):
            yield from outcomes(command, before, event, search=search)
        for run, commands in self._earlier:
            for command in commands:
                if isinstance(command, do.STARTS):
                    yield from outcomes(command, run, event, search=search)

    def _compare(self, possible: Sequence[ExpectedEvent], event: ev.Event, recorded: Recorded) -> None:
        """Note a difference unless the event is one of the possible outcomes; name the nearest one's."""
        of_type = [one for one in possible if one.type is type(event)]
        found = [first_difference(one.fields, event) for one in of_type]
        if None in found:
            return
        if not of_type:
            names = dict.fromkeys(one.type.__name__ for one in possible)
            expected = " or ".join(names) or "nothing: nothing was to be done"
            self.tally.differ(record=recorded, field="type", expected=expected, found=type(event).__name__)
            return
        field, expected, value = min(
            (one for one in found if one is not None), key=lambda one: one[0] == "iteration"
        )
        self.tally.differ(record=recorded, field=field, expected=expected, found=value)

    def _remember(self, before: RunState) -> None:
        commands = decide(before)
        if not self._earlier or self._earlier[-1][1] != commands:
            self._earlier.append((before, commands))

    def _nothing_due(self, recorded: Recorded | None) -> None:
        if self._due or self._beside:
            due = self._due[0] if self._due else self._beside[:1]
            names = " or ".join(one.type.__name__ for one in due)
            found = "the next batch" if recorded else "the end of the history"
            self.tally.differ(record=recorded, field="type", expected=names, found=found)
            self._due = self._beside = ()


def _left_for_later(before: RunState, event: ev.ProposalChosen) -> tuple[ExpectedEvent, ...]:
    """Return what is to be noted beside a proposal that was chosen."""
    one = before.iteration(event.iteration)
    if event.source == "search" or one is None:
        return ()
    waited = {each.seq: each.proposal for each in before.waiting}
    said = event.proposal or waited.get(event.received or 0)
    agent = one.agent if event.proposal is not None else ""
    left = left_beside(before, said.other, iteration=one.number, agent=agent) if said is not None else ()
    return tuple(ExpectedEvent(type=type(each), fields=asdict(each, recurse=False)) for each in left)


def _is_undecided(before: RunState, event: ev.Event) -> bool:
    """Say whether an event of the runner tells of the world: a job's end, a start, trouble with the disk."""
    match event:
        case (
            ev.RunnerStarted()
            | ev.TimeRanOut()
            | ev.PrepareFinished()
            | ev.TrainingFellBehind()
            | ev.TrainingFinished()
            | ev.EvaluationFinished()
            | ev.GuardFinished()
            | ev.HoldoutScored()
            | ev.TrainingVoided()
            | ev.JobLost()
            | ev.AgentAnswered()
            | ev.WaitEnded()
            | ev.QuestionTimedOut()
            | ev.ApprovalTimedOut()
        ):
            return True
        case ev.RunPaused():  # by the decider, or since an effect failed again and again
            decided = any(isinstance(one, do.PauseRun) for one in decide(before))
            return event.reason.code == TROUBLE and not decided
        case _:
            return False
