"""The commands that make a run of another one, import and fork; and rebuild, of a run's own history."""

from pathlib import Path
from typing import Annotated

import typer

from autoresearch.engine.control.fork import fork
from autoresearch.engine.imports.import_run import import_run
from autoresearch.engine.runs.views import Rebuilt, rebuild
from autoresearch.engine.system.version import program_version
from autoresearch.workflows.api.fork import fork_object
from autoresearch.workflows.api.status import json_text
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages.fork import forked_lines
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


def fork_command(
    run: Annotated[
        str, typer.Argument(help="The run to begin from.", metavar="RUN", autocompletion=opt.complete_run)
    ],
    *,
    at: opt.At = None,
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch", help="The branch of the new run; default: a new one of today.", metavar="NAME"
        ),
    ] = None,
    as_json: opt.AsJson = False,
    repo: opt.Repo = None,
) -> None:
    """Begin a run where another one stood: with its best code, its results and its settings of then.

    As of --at, or as it stands now. The other run is only read, and may be at work; the new one is idle, on a
    branch of its own: `resume` goes on.
    """
    opt.refuse_inside_agent()
    here = opt.target(repo)
    source = here.run(run).paths
    made = fork(here.home, source, here.git, at=at, branch=branch, version=program_version())
    rebuild(made.paths)
    if as_json:
        typer.echo(json_text(fork_object(made)), nl=False)
        return
    for line in forked_lines(made):
        opt.say(line)


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
