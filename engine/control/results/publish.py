"""Put what a run kept on a new branch for others to review: a commit a keep, on the user's present branch.

Made in git's store alone, and named last: whoever is killed on the way has made nothing that has a name.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from attrs import frozen

from autoresearch.engine.control.start_point import refuse_below_a_branch
from autoresearch.engine.git.names import check_branch
from autoresearch.engine.imports.import_run import refuse_imported
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.merges import Conflicted, Merges
from autoresearch.engine.ports.repository import Branches, Commits, OwnCheckout
from autoresearch.engine.runs.anchor import refuse_lost
from autoresearch.engine.runs.load import load, require_own
from autoresearch.events import catalog as ev
from autoresearch.events.errors import NotFound, WayOut
from autoresearch.events.files import write_atomic
from autoresearch.events.log.read import read
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Consolidated
from autoresearch.projections.belief import Gain
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.wording import name_of


@frozen(kw_only=True)
class Kept:
    """One kept change, and who made it."""

    row: Row
    commit: str
    made_on: str
    metric: float  # the mean of all its seeds
    before: float  # that of the keep before it
    seeds: int  # that `metric` is the mean of
    lower_is_better: bool
    sureness: Consolidated | None
    agent: str = ""  # "": no agent was asked
    model: str = ""

    @property
    def chosen_by(self) -> tuple[float, float]:
        """Return the numbers before and after on the seeds of its verdict, whose gain is their difference."""
        before, gain = self.row.inputs.get("best"), self.row.inputs.get("gain")
        if not isinstance(before, float) or not isinstance(gain, float):
            return self.before, self.metric
        return before, before - gain if self.lower_is_better else before + gain


@frozen(kw_only=True)
class Publication:
    """What would stand on the new branch."""

    run_id: str
    head: str  # of the log: its last record, and its hash
    config: RunConfig
    gain: Gain | None
    began_on: str
    onto: str
    beside: str  # the branch that the user has checked out; "" for none
    kept: tuple[Kept, ...]
    doubtful: tuple[int, ...]  # keeps that are left out


@frozen(kw_only=True)
class Published:
    """A branch that was made, and the text beside it."""

    branch: str
    commit: str
    commits: tuple[int, ...]  # iterations, the oldest first
    there: tuple[int, ...]  # whose change the present branch has already
    text: Path


class PublishGit(Commits, Branches, OwnCheckout, Merges, Protocol):
    """What publishing needs of git."""


def publication(paths: RunPaths, git: PublishGit) -> Publication:
    """Look at what a run kept; changes nothing.

    Raises:
        NotFound: nothing is left of what it kept, or git has lost some of it.
    """
    loaded = load(paths)
    run = loaded.run
    require_own(paths, run)
    refuse_imported(run, git)
    refuse_lost(paths, run, git)
    stated = {one.iteration: one for one in run.consolidated}
    doubtful = tuple(number for number, one in stated.items() if one.verdict == "doubtful")
    agents = _agents(paths)
    kept: list[Kept] = []
    for before, keep in zip(run.keeps, run.keeps[1:], strict=False):
        (commit,) = git.read_commits([keep.commit])
        if commit is None:
            raise NotFound(f"the repository has lost {keep.commit[:7]}, kept by iteration {keep.iteration}")
        row = loaded.timeline.row(keep.iteration)
        if keep.iteration in doubtful or row is None or not commit.parents:
            continue
        agent, model = agents.get(keep.iteration, ("", ""))
        kept.append(
            Kept(
                row=row,
                commit=keep.commit,
                made_on=commit.parents[0],
                metric=keep.metric,
                before=before.metric,
                seeds=len(keep.under(keep.conditions)),
                lower_is_better=run.config.metric.lower_is_better,
                sureness=stated.get(keep.iteration),
                agent=agent,
                model=model,
            )
        )
    unsure = [name_of(keep.iteration) for keep in run.keeps[1:] if keep.iteration in doubtful]
    names = ", ".join(unsure)
    if not kept and unsure:
        raise NotFound(
            f"all that {paths.run_id} has kept is doubtful on fresh seeds and stays out: {names}",
            remedy=WayOut("doubtful_along", commit=run.keeps[-1].commit[:7]),
        )
    if not kept:
        raise NotFound(
            f"{paths.run_id} has kept nothing beside the baseline that could be published",
            remedy=WayOut("experiments"),
        )
    present = git.current_branch()
    head = git.resolve("HEAD")
    onto = run.base_commit if present == run.branch or head is None else head
    return Publication(
        run_id=paths.run_id,
        head=f"{loaded.position.seq} {loaded.position.hash}",
        config=run.config,
        gain=run.gain if run.gain and run.best and run.gain.iteration == run.best.iteration else None,
        began_on=run.base_commit,
        onto=onto,
        beside="" if present is None or present == run.branch else present,
        kept=tuple(kept),
        doubtful=doubtful,
    )


def publish(
    paths: RunPaths,
    git: PublishGit,
    it: Publication,
    *,
    branch: str,
    messages: Sequence[str],
    text: str,
) -> Published:
    """Make the branch, and write the text beside it; `messages` are those of the keeps' commits.

    Raises:
        NotFound: a change does not fit, all are there already, or there is such a branch: nothing was made.
    """
    check_branch(branch)
    refuse_below_a_branch(git, branch)
    _refuse_there(git, branch)
    tip, made, there = it.onto, [], []
    for one, message in zip(it.kept, messages, strict=True):
        tree = git.brought(one.commit, made_on=one.made_on, to=tip)
        if isinstance(tree, Conflicted):
            raise NotFound(
                f"iteration {one.row.iteration} does not fit on {it.beside or it.onto[:7]}: "
                f"both changed {', '.join(tree.files)}",
                remedy=WayOut("publish_elsewhere", commit=one.commit[:7], base=it.began_on[:7]),
            )
        (before,) = git.read_commits([tip])
        if before is not None and before.tree == tree:
            there.append(one.row.iteration)
            continue
        tip = git.commit_tree(tree, tip, message)
        made.append(one.row.iteration)
    if not made:
        raise NotFound(
            f"{it.beside or it.onto[:7]} has all that {it.run_id} kept already", remedy=WayOut("experiments")
        )
    write_atomic(paths.pull_request, text.encode())
    if not git.set_ref(f"refs/heads/{branch}", tip, old=None):
        _refuse_there(git, branch)
    return Published(
        branch=branch, commit=tip, commits=tuple(made), there=tuple(there), text=paths.pull_request
    )


def _refuse_there(git: Branches, branch: str) -> None:
    stands = git.branch(branch).commit
    if stands is not None:
        raise NotFound(
            f"the branch {branch} is there already, and stands on {stands[:7]}",
            remedy=WayOut("publish_other_name", branch=branch),
        )


def _agents(paths: RunPaths) -> dict[int, tuple[str, str]]:
    """Return who was asked last for each iteration, and by which model it answered."""
    answers = (one.event for one in read(paths.history))
    return {
        one.iteration: (one.agent, one.model or "")
        for one in answers
        if isinstance(one, ev.AgentAnswered) and one.outcome == "ok"
    }
