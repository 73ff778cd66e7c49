"""What is remembered beside results: ideas for later, and what a result taught.

Read through events/catalog.py, which says what holds of every event.
"""

from typing import ClassVar

from attrs import frozen


__all__ = ["IdeaDropped", "IdeaNoted", "IdeaPutFirst", "IdeaTaken", "LessonNoted", "MemoryNamed"]


@frozen(kw_only=True)
class IdeaNoted:
    """Somebody left an idea for later, behind those that are open."""

    VERSION: ClassVar[int] = 1
    idea: int  # its number, from 1 in the order of noting
    text: str  # one line, cut where it was longer
    agent: str  # that left it; "": a human, or whoever brought a proposal
    iteration: int | None  # beside whose proposal; None: by itself


@frozen(kw_only=True)
class IdeaPutFirst:
    """A human put an idea before all others that are open."""

    VERSION: ClassVar[int] = 1
    idea: int


@frozen(kw_only=True)
class IdeaDropped:
    """A human took an idea off the list."""

    VERSION: ClassVar[int] = 1
    idea: int


@frozen(kw_only=True)
class IdeaTaken:
    """The proposal of an iteration takes up an idea."""

    VERSION: ClassVar[int] = 1
    idea: int
    iteration: int


@frozen(kw_only=True)
class LessonNoted:
    """Somebody said what the results so far, or a crash, taught."""

    VERSION: ClassVar[int] = 1
    iteration: int  # of the proposal, or the crash, beside which it was said
    agent: str  # as of an idea
    text: str  # one line, cut where it was longer


@frozen(kw_only=True)
class MemoryNamed:
    """A human named another run as memory: agents are told what it found, as it stood then.

    The text is kept here, so that a prompt can be made again though that run be gone.
    """

    VERSION: ClassVar[int] = 1
    run_id: str
    seq: int  # of that run's last record then
    head: str  # its hash: with it the whole history up to there is meant
    metric: str
    lower_is_better: bool
    sha256: str  # of the text
    text: str


IdeaEvent = IdeaNoted | IdeaPutFirst | IdeaDropped | IdeaTaken | LessonNoted | MemoryNamed
