"""Which runs a repository has, how old they are, and on which branches.

The first line of a history says it. Imports only what starts fast.
"""

import json
import re
from pathlib import Path

from autoresearch.engine.paths import RUN_ID, RunPaths, RunsFolder


FIRST_LINE_BYTES = 2**20
SLUG_CHARACTERS = 60


def started_runs(home: Path) -> tuple[str, ...]:
    """Return the runs that have begun, the newest last; a folder without a whole first event is a claim.

    A run is as old as the first event in its history, whatever later touched its files. Where two are
    equally old, the number decides.
    """
    return tuple(run_id for _, _, run_id, _ in _started(home))


def latest_run(home: Path, branch: str | None) -> tuple[str, bool] | None:
    """Return the newest run that has begun, and whether it is of this branch: of any, where that has none."""
    known = _started(home)
    for _, _, run_id, recorded in reversed(known if branch else ()):
        if recorded == branch or (not recorded and is_of_slug(run_id, branch_slug(branch or ""))):
            return run_id, True
    return (known[-1][2], False) if known else None


def has_begun(paths: RunPaths) -> bool:
    """Say whether the first event is there whole; without one, a `start` was killed in the middle."""
    return _first_line(paths).endswith(b"\n")


def branch_slug(branch: str) -> str:
    """Return a branch's name as a run id can hold it: lower case, letters, digits and single dashes."""
    slug = re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")[:SLUG_CHARACTERS].strip("-")
    return slug or "run"


def is_of_slug(run_id: str, slug: str) -> bool:
    """Say whether a run id was made from this slug."""
    return RUN_ID.fullmatch(run_id) is not None and run_id.rpartition("-r")[0] == slug


def number_of(run_id: str) -> int:
    """Return the number at the end of a run id."""
    return int(run_id.rpartition("-r")[2])


def _started(home: Path) -> list[tuple[str, int, str, str]]:
    """Return when each run began, its number, id and branch, as far as its history says so; sorted."""
    folder = RunsFolder(home).folder
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        if RUN_ID.fullmatch(path.name):
            line = _first_line(RunPaths(home=home, run_id=path.name))
            if line.endswith(b"\n"):
                at, branch = _began(line)
                found.append((at or "~", number_of(path.name), path.name, branch))
    return sorted(found)


def _first_line(paths: RunPaths) -> bytes:
    try:
        with paths.history.open("rb") as history:
            return history.readline(FIRST_LINE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return b""


def _began(line: bytes) -> tuple[str, str]:
    """Return when a first event was appended, and its branch; empty where it does not say so."""
    try:
        first = json.loads(line)
        return str(first["at"]), str(first["data"].get("branch", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", ""
