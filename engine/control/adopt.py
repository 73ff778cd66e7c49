"""Bring a kept commit into the run's branch where a keep had left the branch alone.

Only forward, and only because a human asks: a keep never moves a branch that somebody has checked out.
"""

from collections.abc import Sequence

from autoresearch.engine.control.append import append_judged
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports import Git
from autoresearch.engine.runs.load import load_run
from autoresearch.events import catalog as ev
from autoresearch.events.errors import NotFound
from autoresearch.projections.run_state import RunState


def adopt(paths: RunPaths, git: Git) -> str:
    """Move the run's branch forward to the best commit; return what was done.

    Raises:
        NotFound: there is nothing to bring in, or something of the user's would be lost.
    """
    run = load_run(paths).state
    commit = _commit(run, paths, git)
    ref = f"refs/heads/{run.branch}"
    before = git.resolve(ref)
    trouble = git.fast_forward(run.branch, commit)
    if trouble:
        raise NotFound(trouble, remedy=_way_out(trouble, run.branch, commit))
    after = git.resolve(ref)

    def judge(now: RunState) -> Sequence[ev.Event]:
        # Not where the branch stood there: then a keep moved it, or this was asked before.
        return [ev.KeepAdopted(commit=commit)] if after == commit != now.branch_commit else []

    append_judged(paths, judge)
    if before == after:
        return f"{run.branch} contains the best commit {commit[:7]} already"
    return f"{run.branch} moved from {(before or 'nowhere')[:7]} to the best commit {commit[:7]}"


def _commit(run: RunState, paths: RunPaths, git: Git) -> str:
    if run.imported or run.best is None:
        raise NotFound(
            f"{paths.run_id} has kept nothing that could be adopted",
            remedy="`autoresearch experiments` shows what there is",
        )
    if git.resolve(run.best.commit) is None:
        raise NotFound(f"the repository has lost the best commit {run.best.commit[:7]}")
    return run.best.commit


def _way_out(trouble: str, branch: str, commit: str) -> str:
    if "has commits that" in trouble:
        return f"bring both together: git switch {branch} && git merge {commit[:7]}"
    if "rebased" in trouble:
        return "end the rebase, then adopt again"
    return "commit or stash your edits, or end what git is in the middle of, then adopt again"
