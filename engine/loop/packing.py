"""Closed iterations are packed, one by one, where the runner has nothing else to do.

No event tells of it: what the history is folded to is the same, and so is what can be read of a job. What a
killed runner left unpacked, the next one finds.
"""

import contextlib

from attrs import field, mutable

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import Jobs
from autoresearch.events.errors import InvalidInput
from autoresearch.projections.run_state import RunState


AT_ONCE = 20  # iterations, before the runner listens again: some 3 ms each


@mutable(kw_only=True)
class Packing:
    """Knows which iterations of a run were not packed yet by this runner."""

    paths: RunPaths
    jobs: Jobs
    _left: set[int] = field(factory=set)
    _seen: int = -1  # the newest iteration that was taken note of

    def some(self, run: RunState) -> bool:
        """Pack closed iterations, the oldest first; say whether some are left.

        Raises: OSError: the disk refuses it now.
        """
        self._left.update(range(self._seen + 1, run.last_iteration + 1))
        self._seen = run.last_iteration
        at_work = {one.number for one in run.open}
        if run.setup.job is not None:  # preparing belongs to the baseline, and is done again now and then
            at_work.add(0)
            self._left.add(0)
        closed = sorted(self._left - at_work)
        for number in closed[:AT_ONCE]:
            with contextlib.suppress(InvalidInput):  # a damaged pack stays as it is, for the audit
                self.jobs.pack(self.paths.iteration(number))
            self._left.discard(number)
        return len(closed) > AT_ONCE
