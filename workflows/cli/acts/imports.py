"""The commands that make a run of another one, import and fork; and rebuild, of a run's own history."""

from pathlib import Path
from typing import Annotated

import typer

from autoresearch.engine.control.fork import fork
from autoresearch.engine.control.keys import key_of
from autoresearch.engine.imports.any_table import Wanted
from autoresearch.engine.imports.import_run import Imported, import_run
from autoresearch.engine.runs.settings import load_config
from autoresearch.engine.runs.views import Rebuilt, rebuild
from autoresearch.engine.system.version import program_version
from autoresearch.events.errors import UsageRefused
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.projections.words.times import counted
from autoresearch.workflows.api.acts.tidy import fork_object, import_object, rebuild_object
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages.acts.fork import forked_lines
from autoresearch.workflows.pages.ways_out import typed


def import_command(
    path: Annotated[
        Path,
        typer.Argument(help="A table of results, or a run folder of the single-file runner.", metavar="PATH"),
    ],
    *,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Which column is the metric, status, commit, description or memory; repeatable.",
            metavar="WHAT=COLUMN",
        ),
    ] = None,
    direction: Annotated[
        str | None,
        typer.Option("--direction", help="Which number is better: lower or higher.", metavar="WAY"),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Take the rest where a line cannot be read.")
    ] = False,
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch", help="The branch to file it under; none is made. Default: its own.", metavar="NAME"
        ),
    ] = None,
    as_json: opt.AsJson = False,
    repo: opt.Repo = None,
) -> None:
    """Make a run of another program's results: a history of its own, idle, marked as imported.

    Tables with tabs or commas and any columns, JSON and JSON lines (also pi's), exports of Weights & Biases
    and MLflow, databases of Optuna. It can be looked at like any run, and not resumed. What cannot be read is
    refused with its line and column. The same source again is the same run.
    """
    opt.refuse_inside_agent()
    here = opt.target(repo)
    known = load_config(here.home).metric
    wanted = _wanted(columns or [], direction, skip_bad=skip_bad, known=known)
    made = import_run(here.home, path, git=here.git, version=program_version(), branch=branch, wanted=wanted)
    rebuild(made.paths)
    if as_json:
        opt.print_object(import_object(made))
        return
    there = ", which was imported before" if made.again else ""
    results = counted(made.head.rows, "result")
    opt.say(f"{made.paths.run_id} on {made.branch}: {results} from {made.head.name}{there}")
    for line in _read_as(made):
        opt.say(line)
    if made.head.left_out:
        opt.say(f"left out, since they have no result: {made.head.left_out}")
    opt.say(f"look: {typed(f'experiments --run-id {made.paths.run_id}')}")


def _wanted(columns: list[str], direction: str | None, *, skip_bad: bool, known: MetricSpec) -> Wanted:
    parts = [one.partition("=") for one in columns]
    if not all(name and column for name, _, column in parts) or direction not in (None, "lower", "higher"):
        raise UsageRefused(
            "a column is named as WHAT=COLUMN, and a direction is lower or higher",
            remedy="for example: --map metric=score --direction higher",
        )
    return Wanted(
        columns={name.strip(): column for name, _, column in parts},
        lower_is_better=None if direction is None else direction == "lower",
        skip_bad=skip_bad,
        known=known,
    )


def _read_as(made: Imported) -> list[str]:
    """Say how a table of other columns was read, and what of it was not."""
    head, lines = made.head, []
    if head.columns:
        read = ", ".join(f"{what} from {column}" for what, column in head.columns.items())
        way = "lower" if made.metric.lower_is_better else "higher"
        lines.append(f"read: {read}; {way} {made.metric.name} is better (--map, --direction say otherwise)")
    lines += [f"skipped {head.name}:{line}: {why}" for line, why in head.skipped.items()]
    return lines


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
    key: opt.KeyText = None,
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
    asked = key_of(key, "fork", source=source.run_id, at=at, branch=branch)
    made = fork(here.home, source, here.git, at=at, branch=branch, version=program_version(), key=asked)
    rebuild(made.paths)
    if as_json:
        opt.print_object(fork_object(made))
        return
    for line in forked_lines(made):
        opt.say(line)


def rebuild_command(
    run: Annotated[str, typer.Argument(help="The run.", metavar="RUN", autocompletion=opt.complete_run)],
    *,
    as_json: opt.AsJson = False,
    repo: opt.Repo = None,
) -> None:
    """Write state.json, results.tsv and runner.log anew from the history, and say what differed."""
    opt.refuse_inside_agent()
    paths = opt.target(repo).run(run).paths
    found = rebuild(paths)
    if as_json:
        opt.print_object(rebuild_object(found, paths.run_id))
        return
    for one in found:
        opt.say(_words(one))


def _words(one: Rebuilt) -> str:
    return f"{one.name:<12} {f'{one.differed}; written anew' if one.differed else 'was right'}"
