"""The commands that make files anew: import, from another program's; rebuild, from a run's own history."""

from pathlib import Path
from typing import Annotated

import typer

from autoresearch.engine.imports.import_run import import_run
from autoresearch.engine.runs.views import Rebuilt, rebuild
from autoresearch.engine.system.version import program_version
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages.ways_out import typed


def import_command(
    path: Annotated[
        Path,
        typer.Argument(help="A results.tsv, or a run folder of the single-file runner.", metavar="PATH"),
    ],
    *,
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch", help="The branch to file it under; none is made. Default: its own.", metavar="NAME"
        ),
    ] = None,
    repo: opt.Repo = None,
) -> None:
    """Make a run of another program's results: a history of its own, idle, marked as imported.

    It can be looked at like any run, and not resumed. What cannot be read is refused with its line.
    """
    opt.refuse_inside_agent()
    here = opt.target(repo)
    made = import_run(here.home, path, git=here.git, version=program_version(), branch=branch)
    rebuild(made.paths)
    opt.say(f"{made.paths.run_id} on {made.branch}: {made.head.rows} results from {made.head.name}")
    if made.head.left_out:
        opt.say(f"left out, since they have no result: {made.head.left_out}")
    opt.say(f"look: {typed(f'experiments --run-id {made.paths.run_id}')}")


def rebuild_command(
    run: Annotated[str, typer.Argument(help="The run.", metavar="RUN", autocompletion=opt.complete_run)],
    *,
    repo: opt.Repo = None,
) -> None:
    """Write state.json, results.tsv and runner.log anew from the history, and say what differed."""
    opt.refuse_inside_agent()
    for one in rebuild(opt.target(repo).run(run).paths):
        opt.say(_words(one))


def _words(one: Rebuilt) -> str:
    return f"{one.name:<12} {f'{one.differed}; written anew' if one.differed else 'was right'}"
