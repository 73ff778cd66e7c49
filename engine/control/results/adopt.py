"""Bring a kept commit into the run's branch where a keep had left the branch alone.

Only forward, and only because a human asks: a keep never moves a branch that somebody has checked out.
"""

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from autoresearch.engine.control.append import append_judged
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Branches, Commits, NotMoved
from autoresearch.engine.runs.anchor import refuse_lost
from autoresearch.engine.runs.claim import alone
from autoresearch.engine.runs.load import load_run, require_own
from autoresearch.events import catalog as ev
from autoresearch.events.errors import NotFound, WayOut
from autoresearch.projections.run_state import RunState


@frozen(kw_only=True)
class Adopted:
    """A branch that contains the run's best commit."""

    branch: str
    commit: str
    before: str | None  # where the branch stood; None: nowhere
    moved: bool


class AdoptGit(Commits, Branches, Protocol):
    """What adopting needs of git."""


def adopt(paths: RunPaths, git: AdoptGit) -> Adopted:
    """Move the run's branch forward to the best commit; return what was done.

    Raises:
        NotFound: there is nothing to bring in, or something of the user's would be lost.
    """
    run = load_run(paths).state
    require_own(paths, run)
    refuse_lost(paths, run, git)
    commit = _commit(run, paths, git)
    with alone(paths.home):  # of two at once one moves it, and says so
        before = git.branch(run.branch).commit
        trouble = git.fast_forward(run.branch, commit)
        if trouble is not None:
            raise NotFound(trouble.what, remedy=_way_out(trouble, run.branch, commit))
        after = git.branch(run.branch).commit

    def judge(now: RunState) -> Sequence[ev.Event]:
        # Not where the branch stood there: then a keep moved it, or this was asked before.
        return [ev.KeepAdopted(commit=commit)] if after == commit != now.branch_commit else []

    append_judged(paths, git, judge)
    return Adopted(branch=run.branch, commit=commit, before=before, moved=before != after)


def _commit(run: RunState, paths: RunPaths, git: AdoptGit) -> str:
    if run.imported or run.best is None:
        raise NotFound(
            f"{paths.run_id} has kept nothing that could be adopted",
            remedy=WayOut("experiments"),
        )
    if git.resolve(run.best.commit) is None:
        raise NotFound(f"the repository has lost the best commit {run.best.commit[:7]}")
    return run.best.commit


def _way_out(trouble: NotMoved, branch: str, commit: str) -> str:
    match trouble.why:
        case "diverged":
            return f"bring both together: git switch {branch} && git merge {commit[:7]}"
        case "rebasing":
            return "end the rebase, then adopt again"
        case "refused":
            return "commit or stash your edits, or end what git is in the middle of, then adopt again"
        case "raced":
            return "adopt again"
