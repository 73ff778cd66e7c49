"""A new run's id, claimed by making its folder; the branch of a run that names none; what a dead claim left.

Whoever claims is alone in the repository, from the folder to the first event: so a folder that has none, seen
by somebody who is alone, was left by a claim that was killed.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.git.calls import ADDRESS
from autoresearch.engine.git.checkouts.ignoring import ensure_ignored
from autoresearch.engine.git.checkouts.shelter import ensure_sheltered
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Branches
from autoresearch.engine.runs.catalogue import branch_slug, claimed_runs, ids_in, is_of_slug, number_of
from autoresearch.engine.runs.places import places, runs_of
from autoresearch.engine.system.processes.process import hold_lock
from autoresearch.events.errors import AutoresearchError, CorruptHistory, NotFound, RunLocked
from autoresearch.events.files import write_atomic
from autoresearch.events.log.read import read


PATIENCE_S = 60.0  # while another one claims its run, on a busy machine
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Let one at a time choose its branch, claim its run and begin it, so that two at once get two of each.

    Raises:
        RunLocked: somebody else took too long.
    """
    runs = runs_of(home)
    runs.folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + PATIENCE_S
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(hold_lock(runs.start_lock))
                break
            except RunLocked:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)
        yield


def claim_run(home: Path, branch: str, *, taken: Callable[[str], bool] = lambda _: False) -> RunPaths:
    """Make the folder of a new run of this branch.

    Claimed by mkdir, so that two claims at once get two ids; `taken` says which ids are used up though
    their folder is gone, since their candidates still have refs. Git is told to ignore all runs, and to leave
    them where it cleans.
    """
    runs = runs_of(home)
    runs.folder.mkdir(parents=True, exist_ok=True)
    ensure_ignored(home, runs.folder)
    ensure_sheltered(home, runs.folder)
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


def make_branch(paths: RunPaths, git: Branches, branch: str, base: str) -> bool:
    """Make the branch of a claimed run; say whether it stands at `base`. A note tells who made it.

    Raises:
        AutoresearchError: git cannot make it.
    """
    if git.branch(branch).commit is None:
        write_atomic(paths.beginning, f"{branch} {base}\n".encode())
    return git.set_ref(f"refs/heads/{branch}", base, old=None)


def open_inbox(paths: RunPaths) -> None:
    """Make the folder that people drop proposals into: it is there once a command has said that a run is.

    Behind the first event, since a folder with more in it was not left by a claim; its runner makes it again.
    """
    with contextlib.suppress(OSError):  # a full disk, or a file in its place
        paths.proposals.mkdir(exist_ok=True)


def clear_dead(home: Path, git: Branches) -> None:
    """Take away what claims left that were killed before their first event.

    Raises:
        RunLocked: as `alone` does.
    """
    if not any(map(_has_not_begun, claimed_runs(home))):
        return
    with alone(home):  # who was about to begin has begun
        for paths in filter(_has_not_begun, claimed_runs(home)):
            if not git.refs_below(RunRefs(paths.run_id).prefix):
                give_up(paths, git)


def give_up(paths: RunPaths, git: Branches) -> None:
    """Take a claim back: its branch where nobody has a hand on it, then its folder. What resists stays."""
    with contextlib.suppress(AutoresearchError, OSError):
        branch, _, base = paths.beginning.read_text().strip().rpartition(" ")
        now = git.branch(branch)
        if now.commit == base and not now.checked_out and git.last_mover(branch) in (ADDRESS, ""):
            git.drop_ref(f"refs/heads/{branch}", old=base)
    with contextlib.suppress(OSError):
        # The note goes last, so that whoever is killed here is followed by one who knows as much.
        for file in sorted(
            paths.folder.rglob("*"), key=lambda one: (one == paths.beginning, -len(one.parts))
        ):
            file.rmdir() if file.is_dir() else file.unlink()
        paths.folder.rmdir()


def _has_not_begun(paths: RunPaths) -> bool:
    """Say whether nothing is in a run's folder but what is made before its first event."""
    ours = {paths.beginning.name, paths.history.name, paths.draft.name}
    try:
        if paths.folder.is_symlink() or not all(
            one.name in ours or one.suffix == ".tmp" for one in paths.folder.iterdir()
        ):
            return False
        return next(read(paths.history), None) is None
    except NotFound:
        return True
    except (CorruptHistory, OSError):
        return False
