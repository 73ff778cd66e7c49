"""The commands that ask an agent, or do without one; engine/core/commands.py has them all."""

from typing import Literal

from attrs import frozen

from autoresearch.events.values import Reason


@frozen(kw_only=True)
class AskForProposal:
    """Ask an agent what to try next."""

    iteration: int
    call: int
    agent: str


@frozen(kw_only=True)
class AskToEdit:
    """Have an agent make the next change, in the edit checkout, and say what it is."""

    iteration: int
    call: int
    agent: str


@frozen(kw_only=True)
class AskToApply:
    """Give a prose plan to an agent, in the edit checkout."""

    iteration: int
    call: int
    agent: str
    change: int


@frozen(kw_only=True)
class AskToTriage:
    """Show an agent the crash; it may mend the candidate."""

    iteration: int
    call: int
    agent: str


@frozen(kw_only=True)
class AskToReview:
    """Have a second agent read what a candidate changes and claims."""

    iteration: int
    call: int
    agent: str


@frozen(kw_only=True)
class MissReview:
    """Note that a review cannot be had, and whether the candidate goes on without it."""

    iteration: int
    agent: str
    reason: Reason
    then: Literal["go-on", "wait"]


Asks = AskForProposal | AskToEdit | AskToApply | AskToTriage | AskToReview
