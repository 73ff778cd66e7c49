"""Take a result back because a human says that it is not to be believed.

One event says so; what is the best then, what agents are told, and every view follow from it. Only the run's
own branch is moved back, and only where nobody has a hand on it: commits stay under their refs.
"""

import contextlib
from collections.abc import Sequence
from typing import Literal, Protocol

from attrs import frozen

from autoresearch.engine.control.append import append_judged
from autoresearch.engine.control.keys import Key
from autoresearch.engine.git.calls import ADDRESS
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Branches, Commits, NotSigned
from autoresearch.engine.runs import anchor
from autoresearch.engine.runs.claim import alone
from autoresearch.engine.runs.load import Loaded, load
from autoresearch.engine.runs.views import rebuild
from autoresearch.events import catalog as ev
from autoresearch.events.errors import AutoresearchError, InvalidInput, NotFound, RunLocked, WayOut
from autoresearch.projections.parts.compared import ShownBest, shown_best
from autoresearch.projections.reducers.retraction import standing_on, taken
from autoresearch.projections.run_state import RunState
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.wording import name_of


# Where the run's branch stood on retracted code: moved, or left since somebody has a hand on it.
BranchNow = Literal["moved_back", "checked_out", "yours", "not_concerned"]


@frozen(kw_only=True)
class RetractOutcome:
    """What a retraction changed, and what it left."""

    iteration: int
    before: ShownBest | None  # the best, as it was
    best: ShownBest | None  # as it is now
    retracted: tuple[int, ...]  # iterations whose result is believed no more, by this word
    standing: tuple[Row, ...]  # later iterations that are made of its code and were not retracted
    branch: str
    branch_now: BranchNow
    held: bool  # a branch or a tag of the user contains the code that was the best
    again: bool = False  # it was said before, under the same key


class RetractGit(Commits, Branches, Protocol):
    """What retracting needs of git."""


def retract(
    paths: RunPaths,
    git: RetractGit,
    number: int,
    *,
    why: str,
    with_descendants: bool,
    key: Key | None = None,
) -> RetractOutcome:
    """Take back the result of an iteration, and on request of all that is made of its code.

    Raises:
        InvalidInput: no reason is given.
        NotFound: there is no such result, or it is one that cannot be taken back.
    """
    if not why.strip():
        raise InvalidInput(
            "a retraction needs a reason", remedy=WayOut("retract_example", number=str(number))
        )

    def judge(run: RunState) -> Sequence[ev.Event]:
        _move_back(paths, git, run)  # for one that was killed before it could
        _refuse(paths, run, number, with_descendants=with_descendants)
        _refuse_lost_best(run, git, number, with_descendants=with_descendants)
        return [ev.ResultRetracted(iteration=number, why=why, with_descendants=with_descendants)]

    done = append_judged(paths, git, judge, key=key)
    known = _retracted(load(paths, upto=done.seq).timeline.rows)
    loaded = load(paths)
    now = _move_back(paths, git, loaded.run)
    _show(paths, git, loaded)
    before, after, rows = done.before, done.run, load(paths, upto=done.run.seq).timeline.rows
    fell = before.best if before.best != after.best else None
    return RetractOutcome(
        iteration=number,
        before=shown_best(before.keeps, before.baseline),
        best=shown_best(after.keeps, after.baseline),
        retracted=tuple(number for number in _retracted(rows) if number not in known),
        standing=tuple(row for row in standing_on(rows, number) if row.retracted is None),
        branch=after.branch,
        branch_now=now,
        held=fell is not None and git.is_held(fell.commit),
        again=done.again,
    )


def _retracted(rows: Sequence[Row]) -> tuple[int, ...]:
    return tuple(row.iteration for row in rows if row.retracted is not None)


def _refuse(paths: RunPaths, run: RunState, number: int, *, with_descendants: bool) -> None:
    """Refuse what cannot be taken back, and what was already."""
    if run.imported:
        raise NotFound(
            f"{paths.run_id} was imported: its results are the word of the program that made it",
            remedy=WayOut("note_instead", run_id=paths.run_id),
        )
    if number > run.last_iteration:
        known = "none yet" if run.last_iteration < 0 else f"0 to {run.last_iteration}"
        raise NotFound(
            f"{paths.run_id} has no iteration {number}; there is {known}", remedy=WayOut("experiments")
        )
    one = run.iteration(number)
    if one is not None:
        raise NotFound(
            f"{name_of(number)} of {paths.run_id} has no verdict yet: {one.next_stage} is next",
            remedy="retract it once it has one",
        )
    if number == 0:
        raise NotFound(
            f"every result of {paths.run_id} rests on its baseline: without it nothing is left to go on from",
            remedy=WayOut("start_anew"),
        )
    rows = load(paths).timeline.rows
    row = next(row for row in rows if row.iteration == number)
    if row.source == "baseline":
        raise NotFound(
            f"{name_of(number)} of {paths.run_id} tried nothing of its own: it is {row.description}",
            remedy="retract the iteration that it measured",
        )
    left = [other for other in standing_on(rows, number) if other.retracted is None]
    if row.retracted is not None and not (with_descendants and left):
        raise NotFound(
            f"{name_of(number)} of {paths.run_id} was retracted already: {row.retracted}",
            remedy=WayOut("experiments"),
        )


def _refuse_lost_best(run: RunState, git: Commits, number: int, *, with_descendants: bool) -> None:
    """Refuse where the code is gone that would be the best then."""
    gone = taken(run.keeps, run.retracted, number, with_descendants=with_descendants)
    best = [one for one in run.keeps if one not in gone][-1]  # the baseline at least
    if best != run.best and git.resolve(best.commit) is None:
        raise NotFound(
            f"{name_of(best.iteration)} would be the best then, and the repository has lost its commit"
            f" {best.commit[:7]}",
            remedy="bring that commit back: git fetch from a clone that has it",
        )


def _move_back(paths: RunPaths, git: Branches, run: RunState) -> BranchNow:
    """Move the run's branch to the best there is, from retracted code that the run has put it on.

    Who is killed before leaves a branch that the next keep moves on from there all the same.
    """
    gone = {one.commit for one in run.retracted if one.commit}
    with alone(paths.home):
        branch = git.branch(run.branch)
        if run.best is None or branch.commit is None or branch.commit not in gone:
            return "not_concerned"
        if run.adopted == branch.commit or git.last_mover(run.branch) not in (ADDRESS, ""):
            return "yours"
        if branch.checked_out:
            return "checked_out"
        moved = git.set_ref(f"refs/heads/{run.branch}", run.best.commit, old=branch.commit)
        return "moved_back" if moved else "not_concerned"


def _show(paths: RunPaths, git: RetractGit, loaded: Loaded) -> None:
    """Let git and the views see it; where a runner is alive it sees to them itself."""
    with contextlib.suppress(RunLocked, OSError):
        rebuild(paths)
    with contextlib.suppress(AutoresearchError, OSError):
        last = anchor.last(loaded.run, git)
        after = last.commit if last else None
        with contextlib.suppress(NotSigned):
            anchor.write(loaded.run, loaded.position, git, after=after, sign=git.signing())
            return
        anchor.write(loaded.run, loaded.position, git, after=after)
