"""Whether an agent of a run is calling: by its environment, by who started it, and by where it stands.

An agent that takes the variable out of its environment still descends from a program that has it; one that
leaves its ancestors behind, too, stands in the checkout that it edits.
"""

import os
from pathlib import Path

from autoresearch.engine.paths import EDIT_CHECKOUT, REVIEW_CHECKOUT, RunPaths
from autoresearch.engine.system.processes import process_table


VARIABLE = "AUTORESEARCH_AGENT"
GENERATIONS = 64  # that are looked at, at most


def agent_is_calling(folder: Path) -> bool:
    """Say whether this process works for an agent of a run, in this folder."""
    return bool(os.environ.get(VARIABLE)) or _has_such_ancestor() or _is_edited(folder)


def _has_such_ancestor() -> bool:
    """Say whether a program that this one descends from was started as an agent; on Linux."""
    pid = os.getpid()
    for _ in range(GENERATIONS):
        pid = process_table.parent(pid)
        if pid <= 1:
            return False
        if process_table.was_given(pid, VARIABLE):
            return True
    return False


def _is_edited(folder: Path) -> bool:
    """Say whether a folder lies in a checkout in which a run's agents edit or read."""
    here = folder.resolve()
    checkouts = (one for one in (here, *here.parents) if one.name in (EDIT_CHECKOUT, REVIEW_CHECKOUT))
    return any(RunPaths(home=one, folder=one.parent).history.is_file() for one in checkouts)
