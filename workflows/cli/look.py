"""The commands that look at a run, and never write: status, runs, experiments, show."""

from typing import Annotated

import typer
from attrs import evolve as replace

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.as_of import moment
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.load import load, load_run
from autoresearch.engine.runs.locate import emptied_runs
from autoresearch.engine.runs.one_iteration import OneIteration, one_iteration
from autoresearch.events.errors import NotFound, UsageRefused, WayOut
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import standing
from autoresearch.projections.words.times import minute_of, one_line
from autoresearch.workflows.api.experiments import (
    candidate_diff,
    experiment_of,
    experiment_whole,
    experiments_csv,
    story_of,
)
from autoresearch.workflows.api.run_now import run_now, run_then
from autoresearch.workflows.api.runs import run_object
from autoresearch.workflows.api.status import json_text, status_object
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages import tables
from autoresearch.workflows.pages.status import status_page
from autoresearch.workflows.pages.ways_out import typed


TAIL_LINES = 20
ROWS = 200  # of experiments, where nobody says how many


def status(
    *, at: opt.At = None, as_json: opt.AsJson = False, run_id: opt.RunId = None, repo: opt.Repo = None
) -> None:
    """Say how a run stands: what is done, what is being done, what is best, what it waits for."""
    paths = opt.target(repo).run(run_id).paths
    seen = run_now(paths, load_run(paths).state) if at is None else run_then(paths, at)
    if as_json:
        typer.echo(json_text(status_object(paths, standing(seen.run), seen.facts)), nl=False)
    else:
        typer.echo(status_page(seen.glance), nl=False)


def runs(*, as_json: opt.AsJson = False, repo: opt.Repo = None) -> None:
    """List the runs of the repository, the newest last."""
    home = opt.target(repo).home
    objects = [run_object(paths) for paths in (*started_runs(home), *emptied_runs(home))]
    if as_json:
        typer.echo(json_text(objects), nl=False)
        return
    if not objects:
        opt.say(f"there is no run yet: {typed('start --loops 5')} begins one")
        return
    head = ("run", "phase", "done", "left", "best", "began", "branch")
    rows = [
        (
            one["run_id"],
            one["phase"],
            str(one.get("iterations_completed", "-")),
            str(one.get("loops_left", "-")),
            "-" if one.get("best_metric") is None else f"{one['best_metric']:.6f}",
            minute_of(one["started_at"]) if "started_at" in one else "-",
            one_line(one.get("branch") or one.get("error", ""), 120),
        )
        for one in objects
    ]
    typer.echo(tables.table(head, rows, right=frozenset({2, 3, 4})), nl=False)


def experiments(
    *,
    as_json: opt.AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV and nothing else.")] = False,
    at: opt.At = None,
    last: opt.Last = None,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Show one line for each iteration: what was tried, what came of it, what is best."""
    if as_json and as_csv:
        raise UsageRefused("--json and --csv cannot go together", remedy="give one of them")
    paths = opt.target(repo).run(run_id).paths
    loaded = load(paths) if at is None else moment(paths, at).loaded
    every = loaded.timeline.rows
    most = (0 if as_json or as_csv else ROWS) if last is None else last
    rows = every[-most:]
    if as_json:
        typer.echo(json_text([experiment_of(row, loaded.run.config.metric) for row in rows]), nl=False)
    elif as_csv:
        typer.echo(experiments_csv(rows, loaded.run.config.metric), nl=False)
    else:
        best = loaded.run.best.iteration if loaded.run.best else None
        name = loaded.run.config.metric.name
        if last is None and len(every) > len(rows):
            opt.say(f"{len(every) - len(rows)} earlier ones: {typed('experiments --last 0')} shows all")
        typer.echo(tables.experiments_table(rows, metric=name, best=best), nl=False)


def show(
    number: Annotated[int, typer.Argument(help="The iteration; 0 is the baseline.", metavar="N", min=0)],
    *,
    only_diff: Annotated[
        bool, typer.Option("--diff", help="Print the candidate's diff and nothing else.")
    ] = False,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Show one iteration: its proposal, its diff, its metrics, its events, the end of its log."""
    here = opt.target(repo)
    paths = here.run(run_id).paths
    run = load_run(paths).state
    one = one_iteration(paths, number) if number <= run.last_iteration else None
    if one is None:
        raise _no_iteration(run, number, paths)
    story = story_of(one if not (run.retracted or run.consolidated) else _marked(one, paths))
    diff = candidate_diff(here.git, paths, story)
    left = paths.artifacts(number)
    artifacts = str(left) if left.is_dir() else ""
    if only_diff:
        typer.echo(diff, nl=False)
    elif as_json:
        typer.echo(json_text(experiment_whole(story, diff=diff, artifacts=artifacts)), nl=False)
    else:
        name = run.config.metric.name
        said = artifacts and tables.artifacts_words(left)
        page = tables.story_page(story, metric=name, diff=diff, tail_lines=TAIL_LINES, artifacts=said)
        typer.echo(page, nl=False)


def _marked(one: OneIteration, paths: RunPaths) -> OneIteration:
    """Return it with its row as what stands behind its own records left that: retraction, consolidation."""
    row = load(paths).timeline.row(one.row.iteration)
    return one if row is None else replace(one, row=row)


def _no_iteration(run: RunState, number: int, paths: RunPaths) -> NotFound:
    last = run.last_iteration
    known = "none yet" if last < 0 else f"0 to {last}"
    return NotFound(
        f"{paths.run_id} has no iteration {number}; there is {known}",
        remedy=WayOut("experiments"),
    )
