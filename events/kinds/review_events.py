"""Who looks at a candidate before it is trained or kept: a second agent that reviews it, and a human."""

from typing import ClassVar, Literal

from attrs import frozen

from autoresearch.events.values import Reason


@frozen(kw_only=True)
class ReviewGiven:
    """An agent read what a candidate changes and claims, and lets it pass or vetoes it."""

    VERSION: ClassVar[int] = 1
    iteration: int
    agent: str
    model: str  # as its program reported it, else as the settings asked for it; "": not known
    verdict: Literal["pass", "veto"]
    reasons: tuple[str, ...]  # in the agent's words; of a veto at least one


@frozen(kw_only=True)
class ReviewMissed:
    """A review could not be had; whether the candidate goes on without it or waits, the settings say."""

    VERSION: ClassVar[int] = 1
    iteration: int
    agent: str  # that was to review it; "none": there is none
    reason: Reason
    then: Literal["go-on", "wait"]


@frozen(kw_only=True)
class ApprovalAsked:
    """What would be kept waits for a human, who approves or vetoes it."""

    VERSION: ClassVar[int] = 2
    iteration: int
    until: str  # RFC 3339: from then on it counts that nobody spoke; "": it waits as long as that takes
    stands_still: bool | None = True  # the wait, while the run is at rest; None: programs of then differed


@frozen(kw_only=True)
class CandidateApproved:
    """A human lets a candidate be kept."""

    VERSION: ClassVar[int] = 1
    iteration: int


@frozen(kw_only=True)
class CandidateVetoed:
    """A human does not let a candidate be kept, whatever its number."""

    VERSION: ClassVar[int] = 1
    iteration: int
    why: str  # as it was given


@frozen(kw_only=True)
class ApprovalTimedOut:
    """Nobody approved or vetoed a candidate in time; what follows, the settings say."""

    VERSION: ClassVar[int] = 1
    iteration: int
    until: str  # as it was asked, and later by as long as the run was at rest since, where waits stand still
    now: str  # by the runner's clock


ReviewEvent = (
    ReviewGiven | ReviewMissed | ApprovalAsked | CandidateApproved | CandidateVetoed | ApprovalTimedOut
)
