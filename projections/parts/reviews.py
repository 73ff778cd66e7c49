"""What those said of a candidate who look at it before it is kept. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import evolve as replace
from attrs import frozen

from autoresearch.events import catalog as ev


@frozen(kw_only=True)
class Approval:
    """The word of a human on a candidate that would be kept."""

    asked: int = 0  # seq of its ApprovalAsked; 0: nobody is asked yet
    asked_at: str = ""
    until: str = ""  # it waits; "": as long as it takes
    said: Literal["", "approved", "vetoed", "nothing"] = ""  # nothing: the time is over
    why: str = ""  # of a veto

    @property
    def waits(self) -> bool:
        """Say whether the human is asked, and has not spoken."""
        return bool(self.asked) and not self.said


# By the event: what a human's word is after it. Of events that are read lazily: they are no instances.
SPOKEN: Mapping[type[Any], Callable[[Approval, Any, int, str], Approval]] = {
    ev.ApprovalAsked: lambda _, event, seq, at: Approval(asked=seq, asked_at=at, until=event.until),
    ev.CandidateApproved: lambda was, *_: replace(was, said="approved"),
    ev.CandidateVetoed: lambda was, event, *_: replace(was, said="vetoed", why=event.why),
    ev.ApprovalTimedOut: lambda was, *_: replace(was, said="nothing"),
}
