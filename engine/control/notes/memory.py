"""Other runs of the repository, named as memory when more is asked of one."""

from collections.abc import Sequence
from pathlib import Path

from autoresearch.engine.memory.named import memory_of
from autoresearch.engine.ports.repository import OwnCheckout
from autoresearch.engine.runs.load import load
from autoresearch.engine.runs.locate import find_run
from autoresearch.events import catalog as ev
from autoresearch.events.errors import UsageRefused, WayOut
from autoresearch.projections.parts.backlog import MEMORIES


def memories(
    home: Path, git: OwnCheckout, named: Sequence[str], *, own: str = ""
) -> tuple[ev.MemoryNamed, ...]:
    """Return what is told of the runs that are named, each as it stands now; they are only read.

    Raises:
        UsageRefused: too many are named, or the run itself.
        NotFound, CorruptHistory: there is no such run, or its history cannot be read.
    """
    wanted = tuple(dict.fromkeys(named))
    if len(wanted) > MEMORIES or own in wanted:
        why = (
            f"{own} cannot be its own memory" if own in wanted else f"{len(wanted)} runs are named as memory"
        )
        raise UsageRefused(why, remedy=WayOut("name_few_memories", most=str(MEMORIES)))
    found = []
    for run_id in wanted:
        paths = find_run(home, git, run_id).paths
        loaded = load(paths, deciding=True)
        found.append(memory_of(loaded.run, loaded.timeline, run_id=paths.run_id, head=loaded.position.hash))
    return tuple(found)
