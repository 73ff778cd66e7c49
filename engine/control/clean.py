"""Remove what a run left in the user's repository: its worktrees, its refs, and on request its folder.

Never its branch, and never the only name of its best commit.
"""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from attrs import frozen

from autoresearch.engine.control.append import append_judged
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import Jobs, Running
from autoresearch.engine.ports.repository import Branches, Commits
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.runs.anchor import refuse_lost
from autoresearch.engine.runs.load import load_run, require_own
from autoresearch.engine.runs.runner_lock import living_runner
from autoresearch.engine.system.processes.process import hold_lock
from autoresearch.events import catalog as ev
from autoresearch.events.errors import RunLocked, WayOut
from autoresearch.projections.run_state import RunState


@frozen(kw_only=True)
class Remains:
    """What goes, and what stays though it could be thought to go."""

    worktrees: tuple[Path, ...]
    refs: tuple[tuple[str, str], ...]  # name, commit
    folder: Path | None  # the run's own, with its history
    kept_ref: str  # the only name of the best commit; "" where a branch or a tag contains it
    branch: str


class CleanGit(Commits, Branches, Worktrees, Protocol):
    """What cleaning needs of git."""


def remains(paths: RunPaths, git: CleanGit, *, with_folder: bool) -> Remains:
    """Look at what a run left; changes nothing."""
    run = load_run(paths).state
    best = run.best.commit if run.best and git.resolve(run.best.commit) else None
    refs = git.refs_below(RunRefs(paths.run_id).prefix)
    only = (
        next((ref for ref, commit in refs.items() if commit == best), "")
        if best and not git.is_held(best)
        else ""
    )
    own = (paths.train_checkout, paths.edit_checkout)
    beside = sorted(found for one in own for found in paths.folder.glob(f"{one.name}*"))
    return Remains(
        worktrees=tuple(one for one in beside if one.is_dir() and not one.is_symlink()),
        refs=tuple(one for one in refs.items() if one[0] != only),
        folder=paths.folder if with_folder else None,
        kept_ref=only,
        branch=run.branch,
    )


def never_trained(paths: RunPaths) -> bool:
    """Say whether a run came to no training at all: nobody misses what it has."""
    run = load_run(paths).state
    return (
        run.device_s == 0
        and not run.keeps
        and not run.completed
        and not any(one.trainings for one in run.open)
    )


def clean(paths: RunPaths, git: CleanGit, jobs: Jobs, *, with_folder: bool) -> Remains:
    """Remove what `remains` names and record it; done twice, finds nothing the second time.

    Raises:
        RunLocked: a runner or a job of the run is alive, or another command holds it.
    """
    with _at_rest(paths, jobs):
        run = load_run(paths).state
        require_own(paths, run)
        refuse_lost(paths, run, git)
        gone = remains(paths, git, with_folder=with_folder)
        for worktree in gone.worktrees:
            git.remove_worktree(worktree)
        for ref, commit in gone.refs:
            git.drop_ref(ref, old=commit)
        if gone.worktrees or gone.refs:
            removed = ev.RunCleaned(worktrees=len(gone.worktrees), refs=len(gone.refs))

            def judge(_run: RunState) -> Sequence[ev.Event]:
                return [removed]

            append_judged(paths, git, judge)
        if gone.folder is not None:
            shutil.rmtree(gone.folder)
    return gone


@contextlib.contextmanager
def _at_rest(paths: RunPaths, jobs: Jobs) -> Iterator[None]:
    """Hold the runner's lock meanwhile, so that none begins."""
    try:
        lock = contextlib.ExitStack()
        lock.enter_context(hold_lock(paths.lock))
    except RunLocked as error:
        if living_runner(paths) is None:
            raise
        raise RunLocked(
            f"a runner of {paths.run_id} is alive",
            remedy=WayOut("stop_first", run_id=paths.run_id),
        ) from error
    with lock:
        for number, job in load_run(paths).state.jobs:
            if isinstance(jobs.look(paths.job(number, job.step, job.number).folder), Running):
                raise RunLocked(
                    f"{job.step} of iteration {number} of {paths.run_id} is still running",
                    remedy=WayOut("stop_now", run_id=paths.run_id),
                )
        yield
