"""All that the rules determine of a history, asked again event by event; nothing of it needs the run's files.

One loop over the records is enough for the audit, for `rerun` and for the golden runs: each shows every
record, with the state before it, to `Rules`.
"""

import re

from autoresearch.engine.audit.checks.decisions import Decisions
from autoresearch.engine.audit.checks.held_back import HeldBack
from autoresearch.engine.audit.checks.records import Data, Times
from autoresearch.engine.audit.report import Tally
from autoresearch.engine.core.rules.event_rules import misfit
from autoresearch.engine.core.rules.outcomes import Search, Unknown
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.load import Loaded
from autoresearch.engine.search.search import VERSION, searched
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.errors import NotFound
from autoresearch.events.values import Proposal, Reason
from autoresearch.projections.run_state import Iteration, RunState


# What the decider and the readers of job files may raise in a state that no run can be in: a history that
# was forged may lead there, and what it breaks is a difference, not a bug.
IMPOSSIBLE = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, re.error)


class Rules:
    """Who may record what and when, on which data, and every decision."""

    def __init__(self) -> None:
        self.transitions = Tally("transitions", "events that may follow the state before them")
        self._times = Times()
        self._data = Data(self.transitions)
        self._held_back = HeldBack()
        self._decisions = Decisions()
        self.times, self.held_back = self._times.tally, self._held_back.tally
        self.decisions = self._decisions.tally

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """Return each check as it stands, in the order in which they are told."""
        return (self.times, self.transitions, self.decisions, self.held_back)

    def see(self, before: RunState, event: ev.Event, recorded: Recorded, *, search: Search) -> None:
        """Compare one event with what may, and what was to, follow the state before it.

        Raises:
            one of IMPOSSIBLE: no run can be in that state; `impossible` notes it.
        """
        self.transitions.count += 1
        self._times.see(recorded)
        self._data.see(event, recorded)
        wrong = misfit(before, event, recorded.by)
        if wrong is not None:
            field, expected, found = wrong
            self.transitions.differ(record=recorded, field=field, expected=expected, found=found)
        self._decisions.see(before, event, recorded, search=search)
        self._held_back.see(before, event, recorded)

    def impossible(self, recorded: Recorded, error: Exception) -> None:
        """Note that a record stands where nothing can be decided."""
        self.transitions.differ(
            record=recorded, field="state", expected="a state that a run can be in", found=repr(error)
        )

    def finish(self) -> None:
        """Look whether the last write was whole."""
        self._decisions.finish()


class SearchAgain:
    """The seeded search, asked again; the code it looks at comes from git."""

    def __init__(self, git: Commits, tally: Tally) -> None:
        self._git = git
        self._tally = tally

    def of(self, before: Loaded) -> Search:
        """Return what proposes for an iteration in these states."""

        def search(one: Iteration, version: int) -> Proposal | Reason | Unknown:
            if version != VERSION:
                seq = one.chosen or before.position.seq + 1
                self._tally.miss("other_search", f"version {version}", seq=seq)
                return Unknown()
            try:
                found = searched(one, before.run, before.timeline, git=self._git)
            except NotFound:
                self._tally.miss("code_gone", one.base_commit, seq=one.chosen or before.position.seq + 1)
                return Unknown()
            return found

        return search
