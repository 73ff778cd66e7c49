"""Which repository and which run a command means, when it does not say, and when it does."""

import contextlib
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from attrs import frozen

from autoresearch.engine.git.repository import find_top
from autoresearch.engine.paths import RunPaths, is_run_id
from autoresearch.engine.ports.repository import OwnCheckout
from autoresearch.engine.runs.catalogue import claimed_runs, has_begun, latest_run, run_named, started_runs
from autoresearch.engine.runs.places import places
from autoresearch.events.errors import CorruptHistory, NotFound, WayOut


Chosen = Literal["named", "latest_of_branch", "latest"]  # why a command means this run


@frozen(kw_only=True)
class Found:
    """A run that has a history, and why it was taken."""

    paths: RunPaths
    chosen: Chosen


def find_home(cwd: Path) -> Path:
    """Return the top of the user's repository around `cwd`, also from inside one of a run's own checkouts.

    Raises:
        NotFound: there is no repository, or it has no commit.
    """
    if not cwd.is_dir():
        raise NotFound(f"{cwd} is no folder", remedy=WayOut("name_repository"))
    top = find_top(cwd)
    if is_run_id(top.parent.name):
        with contextlib.suppress(NotFound):  # a folder that is only named so
            around = find_top(top.parent)
            return around if top.parent.parent in places(around) else top
    return top


def find_run(home: Path, git: OwnCheckout, run_id: str | None) -> Found:
    """Return the run of this id, else the latest of the current branch, else the latest.

    Raises:
        NotFound: there is no such run, or none at all.
    """
    if run_id is not None:
        if not is_run_id(run_id):
            raise _unknown(home, run_id)
        if not has_begun(run_named(home, run_id)):
            refuse_emptied(run_named(home, run_id))
            raise _unknown(home, run_id)
        return Found(paths=run_named(home, run_id), chosen="named")
    branch = git.current_branch()
    latest = latest_run(home, branch)
    if latest is None:
        for one in claimed_runs(home):
            refuse_emptied(one)
        raise NotFound(f"there is no run in {home} yet", remedy=WayOut("begin"))
    chosen: Chosen = "latest_of_branch" if latest[1] else "latest"
    return Found(paths=latest[0], chosen=chosen)


def emptied_runs(home: Path) -> tuple[RunPaths, ...]:
    """Return the runs whose history is gone though state.json was written from it."""
    return tuple(one for one in claimed_runs(home) if _is_emptied(one))


def refuse_emptied(paths: RunPaths) -> None:
    """Refuse one of the `emptied_runs`.

    Raises:
        CorruptHistory: it is one.
    """
    if not _is_emptied(paths):
        return
    raise CorruptHistory(
        f"its history is gone or empty, though the run has begun: {paths.state} was written from it",
        remedy=f"restore the history from a copy; or give the run up: delete {paths.folder}",
    )


def _is_emptied(paths: RunPaths) -> bool:
    return paths.state.exists() and not has_begun(paths)


def _unknown(home: Path, run_id: str) -> NotFound:
    near = get_close_matches(run_id, [one.run_id for one in started_runs(home)], n=1)
    way_out = WayOut("runs_near", near=near[0]) if near else WayOut("runs")
    return NotFound(f"there is no run {run_id!r} in {home}", remedy=way_out)
