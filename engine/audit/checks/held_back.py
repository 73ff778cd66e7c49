"""What had to be held back, whoever decided: a pause, a verdict that is near, a slot that is taken.

Said of the states alone, without the decider and what it asks, so that a slip of theirs which lets more
happen shows here too. A start stands where others appended meanwhile (engine/loop/runner.py): what a human
forbids between the look and the start comes too late for that one.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from attrs import frozen

from autoresearch.engine.audit.report import Tally
from autoresearch.engine.core import keeping
from autoresearch.engine.core.asks import pending
from autoresearch.engine.core.commands import STARTS
from autoresearch.engine.core.rules.event_rules import EVENT_RULES
from autoresearch.engine.verdicts import guards
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.values import LOOP_STAGES, Request
from autoresearch.projections.agent_health import health_of
from autoresearch.projections.parts.proposers import SEARCH, agents_of, taking_turns
from autoresearch.projections.run_state import Iteration, RunState, WaitingProposal
from autoresearch.projections.words.times import counted


Against: TypeAlias = Callable[
    [RunState, Any], str | None
]  # what holds an event back in a state; None: nothing

MOST_IN_A_ROW = 3  # jobs lost, before a human is asked
START_TAKES = timedelta(hours=6)  # at most, from the look to the record: data may be hashed in between

_TOLD = (  # of the world, or of the end
    ev.RunnerStarted
    | ev.TimeRanOut
    | ev.RunPaused
    | ev.RunStopped
    | ev.PrepareFinished
    | ev.TrainingFellBehind
    | ev.TrainingFinished
    | ev.TrainingVoided
    | ev.EvaluationFinished
    | ev.HoldoutScored
    | ev.AgentAnswered
    | ev.WaitEnded
    | ev.QuestionTimedOut
    | ev.ApprovalTimedOut
    | ev.JobLost
)
_STARTED = tuple(
    event for event, rule in EVENT_RULES.items() if any(issubclass(one, STARTS) for one in rule.of)
)


def _rest(run: RunState, event: ev.Event) -> str | None:
    """Hold everything back in a pause, from a request to stop on, and at rest."""
    if isinstance(event, _TOLD):
        return None
    if run.stopped is not None:
        return "a request to go on: the run is at rest"
    if run.stop is not None:
        return "the end: a stop was asked for"
    return "the end of the pause" if run.paused is not None else None


def _limit(run: RunState, event: Any) -> str | None:  # noqa: ANN401 - of anything that is begun
    """Begin nothing new once time is short; train nothing once it is over, or the trainings are used up."""
    limits = run.limits
    one = run.iteration(event.iteration)
    measures = isinstance(event, ev.TrainingStarted) and one is not None and one.measures is not None
    if isinstance(event, ev.TrainingStarted) and limits.trainings_left == 0:
        return f"a request for more than {counted(limits.trainings, 'training')}"
    if limits.time_up is None or (measures and limits.time_up == "too_little"):
        return None
    return f"a request for longer than until {limits.until}"


def _setup(run: RunState, _event: ev.TrainingStarted) -> str | None:
    """Train nothing before the setup is complete."""
    return "a complete setup" if run.best is None and not run.setup.ok else None


def _near_verdict(run: RunState, event: ev.TrainingStarted) -> str | None:
    """Train nothing new before a verdict that may change what it would stand on."""
    near = next((one for one in _due(run, event) if one.next_stage == "decide"), None)
    return None if near is None else f"the verdict on iteration {near.number}"


def _slot(run: RunState, event: ev.TrainingStarted) -> str | None:
    """Hold a slot until what was trained there is evaluated."""
    for one in run.open:
        if one.number != event.iteration and one.slot == event.slot and (_trains(one) or one.unscored):
            return f"the end of iteration {one.number} in slot {one.slot}"
    return None if 1 <= event.slot <= run.slots else f"a slot of the {run.slots} that there are"


def _remeasured(run: RunState, _event: ev.CandidateKept | ev.CandidateDiscarded) -> str | None:
    """Judge nobody while the best is being measured again."""
    measures = next((one.number for one in run.open if one.measures is not None), None)
    return None if measures is None else f"the best once more, in iteration {measures}"


def _one_remeasure(run: RunState, event: ev.RemeasureStarted) -> str | None:
    """Measure the best once at a time, and for somebody who waits for his verdict."""
    waits = [one.number for one in run.open if one.next_stage in ("record", "decide")]
    if event.because_of is not None and event.because_of not in waits:
        return f"iteration {event.because_of}, waiting for its verdict"
    return _remeasured(run, event)  # type: ignore[arg-type]  # it looks at the state alone


def _asked_for(run: RunState, event: ev.IterationStarted) -> str | None:
    """Open no more than was asked for, and prepare no more than was asked for beside what trains."""
    if event.iteration == 0:
        return None
    opened = sum(one.number > 0 and one.measures is None for one in run.open)
    requests = [_request(run, place) for place in range(opened + 1)]
    if requests[-1] is None:
        return "a request for one more iteration"
    if not run.open:
        return None
    if any(one is None or one.loop_stages != LOOP_STAGES for one in requests):
        return f"the end of iteration {run.open[0].number}, which may not do every stage"
    taken = sum(_trains(one) or one.unscored for one in run.open)
    waiting = sum(_waits_for_word(run, one) for one in run.open)
    if not taken and waiting < len(run.open):
        return f"a training beside which iteration {event.iteration} could be prepared"
    most = max(requests[-1].prefetch, run.slots - taken)
    return None if len(run.open) - taken - waiting < most else f"no more than {most} prepared at once"


def _question(run: RunState, event: ev.AgentAsked | ev.ProposalChosen) -> str | None:
    """Ask no agent, and let nobody propose, while a human is waited for, or a human's proposal waits."""
    if isinstance(event, ev.AgentAsked) and event.step not in ("propose", "edit"):
        return None
    if isinstance(event, ev.ProposalChosen) and event.source != "search":
        return None
    if any(not _needs_agent(run, one) for one in run.waiting):
        return "the human's proposal that waits"
    if any(one.waits for one in run.questions):
        return "the answer to a question, or the end of the wait for it"
    if run.need_input is None or (isinstance(event, ev.AgentAsked) and _search_is_through(run)):
        return None
    return "a human's proposal: one was asked for"


def _needs_agent(run: RunState, one: WaitingProposal) -> bool:
    """Say whether a proposal is prose, and all agents that could carry it out rest."""
    rest = [health_of(run, name, "apply").rests for name in agents_of(run.request)]
    return one.proposal.is_prose and bool(rest) and all(rest)


def _search_is_through(run: RunState) -> bool:
    """Say whether it is the search that asked, beside or in the place of an agent which may propose."""
    asked = run.need_input is not None and run.need_input.code == "search_is_through"
    listed = any(SEARCH in taking_turns(one.request) for one in run.requests)
    return asked and (listed or run.config.when_agent_fails == "search")


def _wait(run: RunState, event: ev.AgentAsked) -> str | None:
    """Ask no agent before the time that its failure named, or before a human has looked."""
    one = health_of(run, event.agent, event.step)
    if not one.rests:
        return None
    return f"{one.retry_at}, until when {one.agent} rests" if one.retry_at else "a human, who resumes"


def _edit_checkout(run: RunState, event: ev.AgentAsked) -> str | None:
    """Let one change at a time be made, and one be reviewed: there is one checkout for each."""
    if event.step == "review":
        steps = [one.number for one in run.open if one.job is not None and one.job.step == "review"]
        return f"the review of iteration {steps[0]}" if steps else None
    for one in run.open:
        at_work = one.job is not None and one.job.step in ("propose", "apply", "edit", "triage")
        if one.number != event.iteration and (at_work or one.next_stage == "commit"):
            return f"the change of iteration {one.number}, which is being made"
    return None


def _failures(run: RunState, event: Any) -> str | None:  # noqa: ANN401 - of anything that is started
    """Start nothing that failed or was lost again and again before a human has looked."""
    if run.config.when_agent_fails == "pause" and run.agent_failures >= run.config.agent_failures:
        return f"a human: agents failed {run.agent_failures} times in a row"
    lost = run.setup.lost
    if not isinstance(event, ev.PrepareStarted):
        one = run.iteration(event.iteration)
        lost = one.lost if one is not None else 0
    return f"a human: it was lost {lost} times in a row" if lost >= MOST_IN_A_ROW else None


def _guard(run: RunState, event: ev.CandidateKept) -> str | None:
    """Keep nothing that broke a guard, but for the baseline."""
    one = run.iteration(event.iteration)
    if one is None or not one.number:
        return None
    found = guards.broken(one, run.config)
    if found is not None:
        return f"a discard: it breaks {found['guard']}"
    left = [guard for guard in run.config.guard_commands if guard not in one.guards_held]
    return f"the guard {left[0]}, which did not hold" if left else None


def _approval(run: RunState, event: ev.CandidateKept) -> str | None:
    """Keep nothing without a human's word, where the settings ask for one."""
    one = run.iteration(event.iteration)
    return keeping.not_approved(run, one) if one is not None else None


def _review(run: RunState, event: ev.CandidateKept | ev.TrainingStarted) -> str | None:
    """Train, or keep, nothing that was not reviewed, where the settings ask for that."""
    one = run.iteration(event.iteration)
    if one is None or (isinstance(event, ev.TrainingStarted) and one.next_stage != "train"):
        return None
    keeps = isinstance(event, ev.CandidateKept)
    return pending.lacks(run, one, "before-keep" if keeps else "before-training")


def _claim(run: RunState, event: ev.EvaluationFinished) -> str | None:
    """Believe no evaluation and its training where their numbers are not the same."""
    one = run.iteration(event.iteration)
    if one is None or one.printed is None or event.metric is None:
        return None
    apart = abs(one.printed - event.metric) > run.config.evaluate_tolerance * abs(event.metric)
    return f"tampered: the training printed {one.printed}" if apart else None


@frozen
class HoldsBack:
    """One thing that holds events back."""

    name: str
    events: tuple[type[Any], ...]  # none: every event of the runner
    against: Against


# In the order in which a reader would ask.
HOLDS_BACK = (
    HoldsBack("rest", (), _rest),
    HoldsBack("limit", (ev.TrainingStarted, ev.IterationStarted, ev.AgentAsked), _limit),
    HoldsBack("setup", (ev.TrainingStarted,), _setup),
    HoldsBack("near_verdict", (ev.TrainingStarted,), _near_verdict),
    HoldsBack("slot", (ev.TrainingStarted,), _slot),
    HoldsBack("remeasure", (ev.CandidateKept, ev.CandidateDiscarded), _remeasured),
    HoldsBack("one_remeasure", (ev.RemeasureStarted,), _one_remeasure),
    HoldsBack("asked_for", (ev.IterationStarted,), _asked_for),
    HoldsBack("question", (ev.AgentAsked, ev.ProposalChosen), _question),
    HoldsBack("wait", (ev.AgentAsked,), _wait),
    HoldsBack("edit_checkout", (ev.AgentAsked,), _edit_checkout),
    HoldsBack("failures", _STARTED, _failures),
    HoldsBack("guard", (ev.CandidateKept,), _guard),
    HoldsBack("review", (ev.CandidateKept, ev.TrainingStarted), _review),
    HoldsBack("approval", (ev.CandidateKept,), _approval),
    HoldsBack("claim", (ev.EvaluationFinished,), _claim),
)


class HeldBack:
    """Looks at everything that the runner began, and at what stood against it."""

    def __init__(self) -> None:
        self.tally = Tally("held back", "events that nothing held back")
        self._earlier: list[tuple[RunState, str]] = []  # since the runner's own last event; until when
        self._answered = False  # within the batch of an answer: what comes of it is no new beginning
        # Trainings begun while another had its number: too early, if that is its result and no more is asked.
        self._early: dict[int, tuple[Recorded, ev.TrainingStarted]] = {}

    def see(self, before: RunState, event: ev.Event, recorded: Recorded) -> None:
        """Look at one event and the state before it."""
        if recorded.by != "runner":
            self._earlier.append((before, recorded.at))
            return
        if recorded.tx is None or recorded.tx[0] == 0:
            self._answered = isinstance(event, ev.AgentAnswered)
        for one in HOLDS_BACK:
            if (not one.events and not self._answered) or isinstance(event, one.events):
                self.tally.count += 1
                against = self._against(one, before, event, recorded)
                if against is not None:
                    self.tally.differ(record=recorded, field=one.name, expected=against, found=_named(event))
        self._see_results(before, event, recorded)
        self._earlier = []

    def _see_results(self, before: RunState, event: ev.Event, recorded: Recorded) -> None:
        """Find trainings that were begun before a result was recorded which was all there."""
        match event:
            case ev.TrainingStarted():
                self._early.pop(event.iteration, None)  # another number was asked of it
                for one in _due(before, event):
                    if one.next_stage == "record":
                        self._early.setdefault(one.number, (recorded, event))
            case ev.ResultRecorded() if event.iteration in self._early:
                record, early = self._early.pop(event.iteration)
                expected = f"the verdict on iteration {event.iteration}"
                self.tally.differ(record=record, field="near_verdict", expected=expected, found=_named(early))
            case _:
                pass

    def _against(self, one: HoldsBack, before: RunState, event: ev.Event, recorded: Recorded) -> str | None:
        against = one.against(before, event)
        if against is None or not isinstance(event, _STARTED):
            return against
        late = (
            one.against(run, event) is None and _in_time(until, recorded.at) for run, until in self._earlier
        )
        return None if any(late) else against


def _due(run: RunState, event: ev.TrainingStarted) -> Iterator[Iteration]:
    """Yield those whose verdict may be near and may change what another training stands on."""
    if any(one.number == event.iteration and one.measures is not None for one in run.open):
        return
    for one in run.open:
        waits = (one.job is None or one.job.step == "guard") and not _waits_for_word(run, one)
        if one.number != event.iteration and waits and (run.best is not None or one.number == 0):
            yield one


def _waits_for_word(run: RunState, one: Iteration) -> bool:
    """Say whether a candidate may wait for somebody else's word, so that nothing has to wait for it."""
    if one.next_stage != "decide":
        return False
    reviewed = any(other.job is not None and other.job.step == "review" for other in run.open)
    rests = any(each.rests and (each.reviews or run.health_by_program) for each in run.agents)
    later = pending.lacks(run, one, "before-keep") == "a review" and (reviewed or rests)
    return one.approval.waits or one.review.waits or later


def _request(run: RunState, place: int) -> Request | None:
    """Return what was asked for of the iteration at this place of the open ones, from 0."""
    before = 0
    for one in run.requests:
        if "loop" in one.request.stages:
            before += one.loops_left
            if place < before:
                return one.request
    return None


def _trains(one: Iteration) -> bool:
    """Say whether it is trained, or held to a guard, in its slot."""
    return one.job is not None and one.job.step in ("train", "guard")


def _in_time(until: str, at: str) -> bool:
    try:
        return datetime.fromisoformat(at) - datetime.fromisoformat(until) <= START_TAKES
    except (ValueError, TypeError):  # no time at all: another check says so
        return True


def _named(event: ev.Event) -> str:
    number = getattr(event, "iteration", None)
    return type(event).__name__ + ("" if number is None else f" of iteration {number}")
