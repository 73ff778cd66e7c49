"""What an earlier run kept, and a new one does not stand on: whoever begins anew has to be told."""

from contextlib import suppress
from itertools import takewhile
from typing import Protocol

from attrs import evolve

from autoresearch.engine.control.outcome import LeftOut, StartOutcome
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.merges import Merges
from autoresearch.engine.ports.repository import Branches, Commits
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.load import load_run
from autoresearch.events.errors import AutoresearchError


LOOKED_AT = 5  # runs, the newest ones: each is a fold, and a start returns within about a second


class LeftOutGit(Commits, Branches, Merges, Protocol):
    """What looking for left-out keeps needs of git."""


def with_left_out(outcome: StartOutcome, git: LeftOutGit) -> StartOutcome:
    """Return the outcome of a start with the newest run before it whose keeps its base lacks.

    A run that cannot be read, or whose commits are gone, is passed over: it can be looked at by itself.
    """
    before = list(takewhile(lambda one: one != outcome.paths, started_runs(outcome.paths.home)))
    for earlier in before[::-1][:LOOKED_AT]:
        with suppress(AutoresearchError, OSError):
            if (found := _of(earlier, outcome.base, git)) is not None:
                return evolve(outcome, left_out=found)
    return outcome


def _of(paths: RunPaths, base: str, git: LeftOutGit) -> LeftOut | None:
    run = load_run(paths).state
    best = run.best
    if best is None or run.imported or len(run.keeps) == 1 or _has(base, best.commit, run.base_commit, git):
        return None
    stands = git.branch(run.branch).commit
    leads = stands is not None and git.descends(stands, best.commit)
    return LeftOut(
        run_id=paths.run_id,
        branch=run.branch if leads else "",
        commit=best.commit,
        keeps=len(run.keeps) - 1,
    )


def _has(base: str, best: str, made_on: str, git: LeftOutGit) -> bool:
    """Say whether a commit has what was kept: it stands on it, or has the same changes in other commits."""
    if git.descends(base, best):
        return True
    (there,) = git.read_commits([base])
    return there is not None and git.brought(best, made_on=made_on, to=base) == there.tree
