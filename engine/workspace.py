"""Where a run's files lie: run ids, and the only place that knows a run folder's names.

Knows nothing of what the files say, but for the first line of a history: when the run began, and on
which branch.
"""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from attrs import field, frozen

from events.errors import InvalidInput
from events.files import write_atomic


RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]*-r[0-9]{3,9}")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SLUG_CHARACTERS = 60
FIRST_LINE_BYTES = 2**20


def _valid_run_id(_run: object, _field: object, value: str) -> None:
    if not RUN_ID.fullmatch(value):
        raise InvalidInput(
            f"{value!r} is no run id", remedy="`autoresearch runs` lists them; they look like mar10-r001"
        )


@frozen(kw_only=True)
class RunPaths:
    """The folder of one run, by its names. `home` is the top of the user's repository.

    Raises:
        InvalidInput: the run id is none; so no id leads out of the runs' folder.
    """

    home: Path
    run_id: str = field(validator=_valid_run_id)

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
        """Return the run's own checkout."""
        return self.folder / "worktree"

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
        (_number(path.name) for path in folder.glob(f"{slug}-r*") if _is_of(path.name, slug)), default=0
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


def list_runs(home: Path) -> tuple[str, ...]:
    """Return all run ids, the newest last.

    A run is as old as the first event in its history, whatever later touched its files; one that has no
    history yet was claimed just now. Where two are equally old, the number decides.
    """
    folder = runs_folder(home)
    if not folder.is_dir():
        return ()
    found = [path.name for path in folder.iterdir() if RUN_ID.fullmatch(path.name) and path.is_dir()]
    return tuple(sorted(found, key=lambda run_id: (_began(home, run_id)[0] or "~", _number(run_id), run_id)))


def latest_run(home: Path, branch: str | None) -> str | None:
    """Return the newest run of a branch (None: of any branch), or None where there is none."""
    for run_id in reversed(list_runs(home)):
        if branch is None or _is_on(home, run_id, branch):
            return run_id
    return None


def default_branch(today: date, taken: Callable[[str], bool]) -> str:
    """Return today's branch, `autoresearch/nov3`, or the first of -2, -3 that is not taken."""
    name = f"autoresearch/{MONTHS[today.month - 1]}{today.day}"
    if not taken(name):
        return name
    number = 2
    while taken(f"{name}-{number}"):
        number += 1
    return f"{name}-{number}"


def _is_on(home: Path, run_id: str, branch: str) -> bool:
    recorded = _began(home, run_id)[1]
    return recorded == branch if recorded else _is_of(run_id, branch_slug(branch))


def _is_of(run_id: str, slug: str) -> bool:
    return RUN_ID.fullmatch(run_id) is not None and run_id.rpartition("-r")[0] == slug


def _number(run_id: str) -> int:
    return int(run_id.rpartition("-r")[2])


def _began(home: Path, run_id: str) -> tuple[str, str]:
    """Return when a run's first event was appended, and its branch; empty where no history says so."""
    try:
        with RunPaths(home=home, run_id=run_id).history.open("rb") as history:
            first = json.loads(history.readline(FIRST_LINE_BYTES))
        return str(first["at"]), str(first["data"].get("branch", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "", ""
