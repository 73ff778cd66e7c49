"""A new run's id, claimed by making its folder; and the branch of a run that names none."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from autoresearch.engine.git.ignoring import ensure_ignored
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import branch_slug, ids_in, is_of_slug, number_of
from autoresearch.engine.runs.places import places, runs_of


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def claim_run(home: Path, branch: str, *, taken: Callable[[str], bool] = lambda _: False) -> RunPaths:
    """Make the folder of a new run of this branch.

    Claimed by mkdir, so that two claims at once get two ids; `taken` says which ids are used up though
    their folder is gone, since their candidates still have refs. Git is told to ignore all runs.
    """
    runs = runs_of(home)
    runs.folder.mkdir(parents=True, exist_ok=True)
    ensure_ignored(home, runs.folder)
    slug = branch_slug(branch)
    names = [name for place in places(home) for name in ids_in(place)]
    number = max((number_of(name) for name in names if is_of_slug(name, slug)), default=0)
    while True:
        number += 1
        claimed = runs.run(f"{slug}-r{number:03d}")
        if taken(claimed.run_id):
            continue
        try:
            claimed.folder.mkdir()
        except FileExistsError:
            continue
        return claimed


def default_branch(today: date, taken: Callable[[str], bool]) -> str:
    """Return today's branch, `autoresearch/nov3`, or the first of -2, -3 that is not taken."""
    name = f"autoresearch/{MONTHS[today.month - 1]}{today.day}"
    if not taken(name):
        return name
    number = 2
    while taken(f"{name}-{number}"):
        number += 1
    return f"{name}-{number}"
