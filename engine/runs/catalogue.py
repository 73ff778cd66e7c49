"""Which runs a repository has, how old they are, and on which branches.

The first line of a history says it. Imports only what starts fast.
"""

import contextlib
import json
import os
import re
from pathlib import Path

from autoresearch.engine.paths import RunPaths, RunsFolder, is_run_id
from autoresearch.engine.runs.places import places


FIRST_LINE_BYTES = 2**20
SLUG_CHARACTERS = 60
_LOOK = b'"type":"HoldoutScored"'


def started_runs(home: Path) -> tuple[RunPaths, ...]:
    """Return the runs that have begun, the newest last; a folder without a whole first event is a claim.

    A run is as old as the first event in its history, whatever later touched its files. Where two are
    equally old, the number decides.
    """
    return tuple(one.paths for one in _started(home))


def holdout_looks(home: Path, data: str, *, but: str) -> int:
    """Count the numbers on the holdout of this data that the histories of all runs but one tell of."""
    looks = 0
    for paths in started_runs(home):
        if paths.run_id == but:
            continue
        with contextlib.suppress(OSError), paths.history.open("rb") as history:
            looks += sum(_is_look(line, data) for line in history if _LOOK in line)
    return looks


def claimed_runs(home: Path) -> tuple[RunPaths, ...]:
    """Return every run that has a folder, begun or not."""
    found = [RunsFolder(home=home, folder=place) for place in places(home)]
    return tuple(runs.run(run_id) for runs in found for run_id in sorted(ids_in(runs.folder)))


def latest_run(home: Path, branch: str | None) -> tuple[RunPaths, bool] | None:
    """Return the newest run that has begun, and whether it is of this branch: of any, where that has none."""
    known = _started(home)
    for one in reversed(known if branch else ()):
        by_its_id = not one.branch and is_of_slug(one.paths.run_id, branch_slug(branch or ""))
        if one.branch == branch or by_its_id:
            return one.paths, True
    return (known[-1].paths, False) if known else None


def run_named(home: Path, run_id: str) -> RunPaths:
    """Return the run of this id wherever it lies; where it lies nowhere, where a new one would.

    Raises:
        InvalidInput: it is no run id.
    """
    found = [RunsFolder(home=home, folder=place).run(run_id) for place in places(home)]
    return min(found, key=lambda one: (not has_begun(one), not one.folder.exists()))


def has_begun(paths: RunPaths) -> bool:
    """Say whether the first event is there whole; without one, a `start` was killed in the middle."""
    return _first_line(paths).endswith(b"\n")


def branch_slug(branch: str) -> str:
    """Return a branch's name as a run id can hold it: lower case, letters, digits and single dashes."""
    slug = re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")[:SLUG_CHARACTERS].strip("-")
    return slug or "run"


def is_of_slug(run_id: str, slug: str) -> bool:
    """Say whether a run id was made from this slug."""
    return is_run_id(run_id) and run_id.rpartition("-r")[0] == slug


def number_of(run_id: str) -> int:
    """Return the number at the end of a run id."""
    return int(run_id.rpartition("-r")[2])


def ids_in(place: Path) -> list[str]:
    """Return the run ids for which there is something in this folder."""
    try:
        return [name for name in os.listdir(place) if is_run_id(name)]  # noqa: PTH208 - names are wanted
    except (FileNotFoundError, NotADirectoryError):
        return []


class _Begun:
    """A run that has begun: when, and on which branch, as far as its history says so."""

    def __init__(self, paths: RunPaths, line: bytes) -> None:
        self.paths = paths
        at, self.branch = _began(line)
        self.age = (at or "~", number_of(paths.run_id), paths.run_id)


def _started(home: Path) -> list[_Begun]:
    """Return the runs that have begun, the newest last; of two with one id, the first."""
    found: dict[str, _Begun] = {}
    for place in places(home):
        runs = RunsFolder(home=home, folder=place)
        for run_id in ids_in(place):
            paths = runs.run(run_id)
            line = _first_line(paths)
            if line.endswith(b"\n"):
                found.setdefault(run_id, _Begun(paths, line))
    return sorted(found.values(), key=lambda one: one.age)


def _first_line(paths: RunPaths) -> bytes:
    """Return the first line of a history; of what is no file, one that says nothing: reading it tells."""
    try:
        if not paths.history.is_file() and paths.history.exists():  # a pipe, which would be waited for
            return b"\n"
        with paths.history.open("rb") as history:
            return history.readline(FIRST_LINE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return b""


def _is_look(line: bytes, data: str) -> bool:
    try:
        told = json.loads(line)["data"]
        return told["data"] == data and told["metric"] is not None
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _began(line: bytes) -> tuple[str, str]:
    """Return when a first event was appended, and its branch; empty where it does not say so."""
    try:
        first = json.loads(line)
        return str(first["at"]), str(first["data"].get("branch", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", ""
