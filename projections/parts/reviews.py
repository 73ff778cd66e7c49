"""What those said of a candidate who look at it before it is trained or kept. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import evolve as replace
from attrs import frozen

from autoresearch.events import catalog as ev
from autoresearch.events.clock import later
from autoresearch.events.values import Reason


@frozen(kw_only=True)
class Review:
    """What a second agent said of a candidate's commit."""

    agent: str = ""  # that was asked last; "": none yet
    tries: int = 0  # that failed
    trouble: Reason | None = None  # why the last of them did
    missed: Reason | None = None  # why it waits, or goes on without
    said: Literal["", "pass", "veto", "nothing"] = ""  # nothing: it goes on without
    model: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Say whether the candidate waits for it."""
        return bool(self.agent or self.missed) and not self.said


@frozen(kw_only=True)
class Approval:
    """The word of a human on a candidate that would be kept."""

    asked: int = 0  # seq of its ApprovalAsked; 0: nobody is asked yet
    asked_at: str = ""
    until: str = ""  # it waits; "": as long as it takes
    named: str = ""  # until when, as it was asked: the run may have been at rest since
    stands_still: bool | None = True  # while the run is at rest; None: nobody knows
    said: Literal["", "approved", "vetoed", "nothing"] = ""  # nothing: the time is over
    why: str = ""  # of a veto

    @property
    def waits(self) -> bool:
        """Say whether the human is asked, and has not spoken."""
        return bool(self.asked) and not self.said

    def after_rest(self, seconds: float) -> "Approval":
        """Return it after the run was at rest for a time, in which no wait goes on that stands still then."""
        if not (self.waits and self.until) or self.stands_still is False:
            return self
        try:
            return replace(self, until=later(self.until, seconds))
        except ValueError:  # no time at all: another check says so
            return self


# By the event: what is said after it. Of events that are read lazily: they are no instances.
REVIEWED: Mapping[type[Any], Callable[[Review, Any], Review]] = {
    ev.ReviewGiven: lambda was, event: replace(
        was, said=event.verdict, model=event.model, reasons=event.reasons, trouble=None
    ),
    ev.ReviewMissed: lambda was, event: replace(
        was, missed=event.reason, said="nothing" if event.then == "go-on" else was.said
    ),
}
SPOKEN: Mapping[type[Any], Callable[[Approval, Any, int, str], Approval]] = {
    ev.ApprovalAsked: lambda _, event, seq, at: Approval(
        asked=seq, asked_at=at, until=event.until, named=event.until, stands_still=event.stands_still
    ),
    ev.CandidateApproved: lambda was, *_: replace(was, said="approved"),
    ev.CandidateVetoed: lambda was, event, *_: replace(was, said="vetoed", why=event.why),
    ev.ApprovalTimedOut: lambda was, event, *_: replace(was, said="nothing", until=event.until),
}
