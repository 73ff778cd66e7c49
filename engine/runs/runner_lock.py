"""Who holds a run: its runner, or a command that lets none begin meanwhile, as `clean` and `rebuild` do.

Only a runner hears what is asked of the run.
"""

from contextlib import AbstractContextManager

from autoresearch.engine.paths import RUNNER, RunPaths
from autoresearch.engine.system.processes.process import hold_lock, holder
from autoresearch.events.values import Process


def hold_as_runner(paths: RunPaths) -> AbstractContextManager[Process]:
    """Hold the run as its runner while the block lasts.

    Raises:
        RunLocked: somebody else holds it.
    """
    return hold_lock(paths.lock, role=RUNNER)


def living_runner(paths: RunPaths) -> Process | None:
    """Return the runner that holds the run; None where nobody does, or a command that is no runner."""
    return holder(paths.lock, role=RUNNER)
