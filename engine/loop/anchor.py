"""Let git see the head of the log after each verdict and at each stop, when nothing else is to be done.

No event tells of it and nothing is decided by it: what a crash leaves out, the next runner makes up for.
"""

import contextlib
from typing import Protocol

from autoresearch.engine.loop.trouble import tell_people
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits, NotSigned, Refs, Signing
from autoresearch.engine.runs import anchor
from autoresearch.engine.runs.load import Loaded
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Position
from autoresearch.events.errors import AutoresearchError
from autoresearch.projections.run_state import RunState


SEEN = (
    ev.CandidateKept,
    ev.CandidateDiscarded,
    ev.KeepRemeasured,
    ev.GainStated,
    ev.ChainConsolidated,
    ev.RemeasureDropped,
    ev.ResultRetracted,
    ev.RunStopped,
)


class AnchorGit(Commits, Refs, Protocol):
    """What anchoring needs of git."""


class Anchor:
    """The anchor of one run, as its runner keeps it."""

    def __init__(self, paths: RunPaths, git: AnchorGit) -> None:
        self._paths = paths
        self._git = git
        self._last: anchor.Head | None = None
        self._lags = False
        self._sign: Signing | None = None  # as it stood before anything was trained

    def compare(self, run: RunState) -> None:
        """Refuse a history that is older than what git has seen.

        Raises:
            CorruptHistory: as `refuse_lost` does.
        """
        self._last = anchor.refuse_lost(self._paths, run, self._git)
        self._sign = self._git.signing() if run.base_commit else None
        self._lags = True  # whoever had the run before may have died right after a verdict

    def note(self, event: object) -> None:
        """Take note of an event that git shall see."""
        self._lags |= isinstance(event, SEEN)

    def write(self, loaded: Loaded) -> None:
        """Name the head in git where it lags; where git or the disk refuses, try again the next time."""
        head, run = loaded.position, loaded.run
        if not self._lags or (self._last is not None and self._last.seq >= head.seq):
            return
        with contextlib.suppress(OSError, AutoresearchError):
            after = self._last.commit if self._last is not None else None
            made = self._signed(run, head, after) or anchor.write(run, head, self._git, after=after)
            self._last = made or anchor.last(run, self._git)
            self._lags = self._last is None or self._last.seq < head.seq

    def _signed(self, run: RunState, head: Position, after: str | None) -> anchor.Head | None:
        """Name the head in a commit that the user's git signs; one that refuses is asked no more."""
        if self._sign is None:
            return None
        try:
            return anchor.write(run, head, self._git, after=after, sign=self._sign)
        except NotSigned as error:
            self._sign = None
            tell_people(f"what git sees of the log is not signed: {error}")
            return None


def make_up(paths: RunPaths, git: AnchorGit, loaded: Loaded) -> None:
    """Let git see the head of a run that rests, which a runner that was killed at its end has left out.

    Raises:
        CorruptHistory: as `refuse_lost` does.
    """
    one = Anchor(paths, git)
    one.compare(loaded.run)
    one.write(loaded)
