"""Where a run's files lie: run ids, and the only place that knows a run folder's names.

Knows nothing of what the files say. Imports only what starts fast.
"""

import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from autoresearch.events.errors import InvalidInput
from autoresearch.events.files import write_atomic


RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]*-r[0-9]{3,9}")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SLUG_CHARACTERS = 60


class RunPaths:
    """The folder of one run, by its names. `home` is the top of the user's repository.

    Raises:
        InvalidInput: the run id is none; so no id leads out of the runs' folder.
    """

    __slots__ = ("home", "run_id")

    def __init__(self, *, home: Path, run_id: str) -> None:
        if not RUN_ID.fullmatch(run_id):
            raise InvalidInput(
                f"{run_id!r} is no run id",
                remedy="`autoresearch runs` lists them; they look like mar10-r001",
            )
        self.home = home
        self.run_id = run_id

    @property
    def folder(self) -> Path:
        """Return the run's folder."""
        return runs_folder(self.home) / self.run_id

    @property
    def history(self) -> Path:
        """Return the truth."""
        return self.folder / "history.jsonl"

    @property
    def state(self) -> Path:
        """Return the snapshot of the run projection, a cache."""
        return self.folder / "state.json"

    @property
    def results(self) -> Path:
        """Return the table of results, a view."""
        return self.folder / "results.tsv"

    @property
    def runner_log(self) -> Path:
        """Return the readable log, a view: one line per event."""
        return self.folder / "runner.log"

    @property
    def runner_out(self) -> Path:
        """Return what a detached runner printed: nothing, unless it has a bug."""
        return self.folder / "runner.out"

    @property
    def lock(self) -> Path:
        """Return the file whose kernel lock the run's one runner holds."""
        return self.folder / "runner.lock"

    @property
    def next_proposal(self) -> Path:
        """Return where a human drops the next proposal."""
        return self.folder / "next_proposal.json"

    @property
    def proposals(self) -> Path:
        """Return the folder that takes any number of proposals, used in name order."""
        return self.folder / "proposals"

    @property
    def consumed(self) -> Path:
        """Return the folder of dropped proposals that were used."""
        return self.folder / "consumed_proposals"

    @property
    def refused(self) -> Path:
        """Return the folder of dropped files that are no proposals, with the reasons beside them."""
        return self.folder / "refused_proposals"

    @property
    def worktree(self) -> Path:
        """Return the run's own checkout, in which it trains."""
        return self.folder / "worktree"

    @property
    def workbench(self) -> Path:
        """Return the checkout in which changes are made, while another one trains."""
        return self.folder / "workbench"

    def slot(self, number: int) -> Path:
        """Return the checkout in which a slot's trainings run; that of the first is the run's own."""
        return self.worktree if number == 1 else self.folder / f"worktree-{number}"

    def received_proposal(self, seq: int) -> Path:
        """Return where a dropped proposal waits once event `seq` has recorded it."""
        return self.consumed / f"received_{seq:06d}.json"

    def consumed_proposal(self, iteration: int) -> Path:
        """Return where the proposal goes that an iteration used up."""
        return self.consumed / f"iter_{iteration:04d}.json"

    def iteration(self, number: int) -> Path:
        """Return an iteration's folder; 0 is the baseline, and preparing belongs to it."""
        return self.folder / "iterations" / f"{number:04d}"

    def job(self, iteration: int, step: str, attempt: int) -> Path:
        """Return the folder of one job: `step` is prepare, propose, apply, triage or train."""
        return self.iteration(iteration) / f"{step}.{attempt}"

    def dropped(self) -> list[Path]:
        """Return the files that lie in the inbox, in the order in which they are used."""
        first = [self.next_proposal] if os.path.lexists(self.next_proposal) else []
        try:
            others = sorted(self.proposals.iterdir(), key=lambda path: os.fsencode(path.name))
        except (FileNotFoundError, NotADirectoryError):
            others = []
        # A leading dot or a .tmp ending is how writers hide a file that is not whole yet.
        return first + [path for path in others if not path.name.startswith(".") and path.suffix != ".tmp"]


def runs_folder(home: Path) -> Path:
    """Return where the runs of a repository lie."""
    return home / "workflows" / "runs"


def branch_slug(branch: str) -> str:
    """Return a branch's name as a run id can hold it: lower case, letters, digits and single dashes."""
    slug = re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")[:SLUG_CHARACTERS].strip("-")
    return slug or "run"


def claim_run(home: Path, branch: str, *, taken: Callable[[str], bool] = lambda _: False) -> str:
    """Make the folder of a new run of this branch and return the run's id.

    Claimed by mkdir, so that two claims at once get two ids; `taken` says which ids are used up though
    their folder is gone, since their candidates still have refs. Git is told to ignore all runs.
    """
    folder = runs_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".gitignore").exists():
        write_atomic(folder / ".gitignore", b"*\n")
    slug = branch_slug(branch)
    number = max(
        (number_of(path.name) for path in folder.glob(f"{slug}-r*") if is_of_slug(path.name, slug)), default=0
    )
    while True:
        number += 1
        run_id = f"{slug}-r{number:03d}"
        if taken(run_id):
            continue
        try:
            (folder / run_id).mkdir()
        except FileExistsError:
            continue
        return run_id


def default_branch(today: date, taken: Callable[[str], bool]) -> str:
    """Return today's branch, `autoresearch/nov3`, or the first of -2, -3 that is not taken."""
    name = f"autoresearch/{MONTHS[today.month - 1]}{today.day}"
    if not taken(name):
        return name
    number = 2
    while taken(f"{name}-{number}"):
        number += 1
    return f"{name}-{number}"


def is_of_slug(run_id: str, slug: str) -> bool:
    """Say whether a run id was made from this slug."""
    return RUN_ID.fullmatch(run_id) is not None and run_id.rpartition("-r")[0] == slug


def number_of(run_id: str) -> int:
    """Return the number at the end of a run id."""
    return int(run_id.rpartition("-r")[2])
