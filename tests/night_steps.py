"""Instants of a night: in which step something happens, and the human who proposes until then.

An instant is so long after the n-th event of a type: by the clock, it would lie elsewhere on a busy machine.
"""

import random
import time
from datetime import datetime
from itertools import pairwise

from attrs import frozen

from autoresearch.events.log.read import read
from tests.night import BY_COMMAND, DROPPED, DROPPED_LATE, HUMAN, LOOPS, Called, Night
from tests.waiting import until


STARTING, STOPPING = "starting", "stopping"  # while a command is at work
STEPS = {  # by which event each step is known; all of them are met in turn
    "setup": "RunStarted",
    "prepare": "PrepareStarted",
    "ask": "AgentAsked",
    "answer": "AgentAnswered",
    "apply": "ProposalChosen",
    "commit": "ChangeApplied",
    "prefetch": "CandidateCommitted",
    "train": "TrainingStarted",
    "record": "TrainingFinished",
    "decide": "ResultRecorded",
    "keep": "CandidateKept",
    "discard": "CandidateDiscarded",
    "triage": "CrashTriaged",
    "drop": "ProposalReceived",
    STOPPING: "TrainingStarted",
    STARTING: "",
}


@frozen(kw_only=True)
class Pace:
    """How a night goes that nothing disturbs: how often each event comes, and how long the next one takes."""

    count: dict[str, int]
    gap_s: dict[str, float]


@frozen(kw_only=True)
class Instant:
    """So long after the n-th event that a step is known by, counted from now."""

    step: str
    number: int
    more_s: float

    def __str__(self) -> str:
        return f"{self.step}: {self.more_s:.3f} s after {STEPS[self.step] or 'the command'} {self.number}"


class Human:
    """Who proposes while the run goes, and again where it was not acknowledged."""

    def __init__(self, night: Night) -> None:
        self._night = night
        self._dropped = self._dropped_late = self._acknowledged = False
        self._asks: Called | None = None

    def look(self) -> None:
        """Do what is due: drop the ideas once the run has begun, and propose by a command later."""
        if not self._dropped and self._night.paths is not None:
            for name, (form, _) in DROPPED.items():
                self._night.drop(name, form)
            self._dropped = True
        if self._asks is None and self._night.recorded()["ResultRecorded"] >= 2:
            self._propose()

    def drop_late(self) -> None:
        """Drop one more idea, once, in a run that has begun."""
        if not self._dropped_late and self._night.paths is not None:
            self._night.drop(DROPPED_LATE, {"set": {"LR": 0.05}})
            self._dropped_late = True

    def propose_again(self) -> None:
        """Propose again what was neither acknowledged nor recorded."""
        if self._asks is not None and not self._acknowledged:
            done = self._asks.wait() == 0
            self._acknowledged = done or BY_COMMAND in self._night.proposed()
            self._asks = self._asks if self._acknowledged else None

    def at_last(self) -> None:
        """Have everything said."""
        self.look()
        self.drop_late()
        if self._asks is None:
            self._propose()
        assert self._asks is not None
        assert self._acknowledged or self._asks.wait() == 0, self._asks.said()

    def _propose(self) -> None:
        self._asks = self._night.begin("propose", "--set", "LR=0.03", "--description", BY_COMMAND)


def undisturbed(night: Night) -> Pace:
    """Spend a night in which nothing happens; return its pace."""
    human = Human(night)
    whole = night.begin("start", "--loops", str(LOOPS), "--no-background-train")
    until(lambda: human.look() or night.recorded()["ResultRecorded"] >= 3)
    human.drop_late()
    assert whole.wait() == 0, whole.said()
    night.audit({**HUMAN, BY_COMMAND: "succeeded"}, "undisturbed")
    recorded = list(read(night.run.history))
    gap_s: dict[str, float] = {}
    for one, after in pairwise(recorded):
        kind = type(one.event).__name__
        gap = datetime.fromisoformat(after.at) - datetime.fromisoformat(one.at)
        gap_s[kind] = max(gap_s.get(kind, 0.0), gap.total_seconds())
    return Pace(count=dict(night.recorded()), gap_s=gap_s)


def instant(step: str, pace: Pace, chance: random.Random) -> Instant:
    """Draw an instant within a step: of any iteration, and as far into it as it lasts."""
    kind = STEPS[step]
    longest = {STARTING: 1.0, STOPPING: 0.5}.get(step) or pace.gap_s.get(kind, 0.1)
    number = chance.randint(1, pace.count.get(kind, 1))
    return Instant(step=step, number=number, more_s=chance.uniform(0.0, 1.2 * longest))


def come_to(night: Night, at: Instant, work: Called, human: Human, chance: random.Random) -> None:
    """Let the run go on until the instant, or its end; `work` is what it was called by."""
    kind = STEPS[at.step]
    before = night.recorded()[kind]

    def is_there() -> bool:
        human.look()
        ended = work.code is not None and (work.code != 0 or night.paths is None or night.rests())
        return not kind or ended or night.recorded()[kind] - before >= at.number

    until(is_there, every_s=0.002)
    if at.step == STOPPING and night.paths is not None:
        night.begin("stop", *chance.choice([(), ("--now",)]))
    time.sleep(at.more_s)


def see_out(night: Night, work: Called, human: Human, where: str) -> None:
    """Let the run come to its end, also what came too late for its loops; then look at everything."""
    until(lambda: human.look() or work.code is not None)
    assert work.wait() == 0, f"{where}: {work.said()}"
    night.wait()
    human.at_last()
    left = len(night.run.dropped()) + len(night.loaded().run.waiting)
    if left:
        night.call("resume", "--loops", str(left), "--no-background-train")
    night.audit({**HUMAN, BY_COMMAND: "succeeded"}, where)
