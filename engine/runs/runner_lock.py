"""Who holds a run: its runner, or a command that lets none begin meanwhile, as `clean` and `rebuild` do.

Only a runner hears what is asked of the run.
"""

from contextlib import AbstractContextManager

from autoresearch.engine.paths import RUNNER, TROUBLE, TROUBLE_OF_JOB, RunPaths
from autoresearch.engine.system.disk import at_limit
from autoresearch.engine.system.locks import holding, say
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


def runner_at_limit(paths: RunPaths) -> str:
    """Return that the living runner can record nothing more, by a limit of its own, or ""."""
    held = holding(paths.lock, role=RUNNER)
    return at_limit(paths.history, held[0]) if held is not None else ""


def tell_trouble(paths: RunPaths, words: str, *, of_job: bool = False) -> None:
    """Have `status` say what the runner, this process, or a job of it waits for; "": nothing any more."""
    say(paths.lock, TROUBLE_OF_JOB if of_job else TROUBLE, words)
