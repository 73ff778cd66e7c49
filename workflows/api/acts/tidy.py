"""The objects of the commands that put runs in order, or make one: what was done, and what was left alone."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from autoresearch.engine.control.clean import Remains
from autoresearch.engine.control.fork import Forked
from autoresearch.engine.control.repair import Repaired
from autoresearch.engine.control.results.publish import Publication, Published
from autoresearch.engine.control.results.retract import RetractOutcome
from autoresearch.engine.imports.import_run import Imported
from autoresearch.engine.runs.views import Rebuilt
from autoresearch.projections.parts.compared import ShownBest
from autoresearch.workflows.api.acts.memory import memory_object
from autoresearch.workflows.api.envelope import document
from autoresearch.workflows.api.experiments import status_of


Object: TypeAlias = dict[str, Any]  # Any: it is JSON


def retract_object(outcome: RetractOutcome, run_id: str) -> Object:
    """Return what is believed no more, what is the best now, and what stands on it."""
    return document(
        "retract",
        run_id=run_id,
        iteration=outcome.iteration,
        retracted=list(outcome.retracted),
        best_before=_best(outcome.before),
        best=_best(outcome.best),
        standing_on_it=[{"iteration": row.iteration, "status": status_of(row)} for row in outcome.standing],
        branch=outcome.branch,
        branch_now=outcome.branch_now,
        held_by_a_branch_of_yours=outcome.held,
        known=outcome.again,
    )


def publish_object(made: Published, it: Publication, text: str, pull_request: str | None) -> Object:
    """Return the branch that was made, and which keeps are on it; `text` is a pull request's."""
    return document(
        "publish",
        run_id=it.run_id,
        branch=made.branch,
        commit=made.commit,
        onto=it.onto,
        published=list(made.commits),
        there_already=list(made.there),
        left_out=list(it.doubtful),
        text=text,
        text_path=str(made.text),
        pull_request=pull_request,
    )


def clean_object(looked_at: Iterable[tuple[str, Remains | str]], *, removed: bool) -> Object:
    """Return what went, or would go, of each run; a word in its place is why one was left alone."""
    return document("clean", removed=removed, runs=[_cleaned(run_id, gone) for run_id, gone in looked_at])


def repair_object(outcome: Repaired | None, run_id: str) -> Object:
    """Return what was set aside of a damaged history; nothing where it is whole."""
    event = outcome.event if outcome else None
    return document(
        "repair",
        run_id=run_id,
        repaired=outcome is not None,
        what=outcome.what if outcome else None,
        seq=outcome.seq if outcome else None,
        offset=event.offset if event else None,
        bytes=event.bytes if event else 0,
        lines=event.lines if event else 0,
        history_before=str(outcome.before) if outcome else None,
        refs=[{"name": name, "commit": commit} for name, commit in outcome.refs] if outcome else [],
        files=[str(path) for path in outcome.files] if outcome else [],
        branch=outcome.branch if outcome else None,
        branch_on=outcome.branch_on if outcome else None,
    )


def rebuild_object(views: Sequence[Rebuilt], run_id: str) -> Object:
    """Return how each view differed from what the history says, before it was written anew."""
    return document(
        "rebuild",
        run_id=run_id,
        views=[{"name": one.name, "differed": one.differed or None} for one in views],
    )


def fork_object(made: Forked) -> Object:
    """Return what a new run begins with."""
    return document(
        "fork",
        run_id=made.paths.run_id,
        branch=made.branch,
        source=made.source,
        seq=made.seq,
        best=_best(made.best),
        results=made.results,
        left_open=list(made.left_open),
        memory=memory_object(made.memory),
        known=made.again,
    )


def import_object(made: Imported) -> Object:
    """Return the run that was made, and how its source was read."""
    return document(
        "import",
        run_id=made.paths.run_id,
        branch=made.branch,
        source=made.head.name,
        results=made.head.rows,
        again=made.again,
        metric=made.metric.name,
        lower_is_better=made.metric.lower_is_better,
        columns=dict(made.head.columns),
        skipped={str(line): why for line, why in made.head.skipped.items()},
        left_out=made.head.left_out,
    )


def _best(best: ShownBest | None) -> Object | None:
    if best is None:
        return None
    return {"iteration": best.iteration, "metric": best.metric, "commit": best.commit}


def _cleaned(run_id: str, gone: Remains | str) -> Object:
    if isinstance(gone, str):
        nothing: Object = {"worktrees": [], "refs": [], "folder": None, "kept_ref": None, "branch": None}
        return {"run_id": run_id, "left_alone": gone} | nothing
    return {
        "run_id": run_id,
        "left_alone": None,
        "worktrees": [str(one) for one in gone.worktrees],
        "refs": [{"name": name, "commit": commit} for name, commit in gone.refs],
        "folder": str(gone.folder) if gone.folder else None,
        "kept_ref": gone.kept_ref or None,
        "branch": gone.branch,
    }
