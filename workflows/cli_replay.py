"""The command that goes through a history again: as an audit, as of a moment, or under another rule."""

from typing import Annotated

import typer

from engine.audit import audit
from engine.moments import moment, seq_at
from engine.process import holder
from engine.whatif import what_if
from engine.workspace import RunPaths
from events.errors import CorruptHistory, UsageRefused
from events.log import read
from workflows import cli_options as opt
from workflows import replay_pages
from workflows.live_status import json_text
from workflows.render import line


def replay(
    run: Annotated[
        str | None,
        typer.Argument(
            help="The run; default: as for --run-id.", metavar="[RUN]", autocompletion=opt.complete_run
        ),
    ] = None,
    *,
    at: opt.At = None,
    step: Annotated[
        bool, typer.Option("--step", help="Walk through the events, forward and back, in a terminal.")
    ] = False,
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            help="Judge the run by another rule, and show which verdicts change: lower, min-delta:NUMBER.",
            metavar="NAME[:ARG]",
        ),
    ] = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Check everything that a history says, and end with code 6 on any difference.

    With --at, print the state as of then and what came next; with --policy, what another rule had decided.
    """
    if run is not None and run_id is not None:
        raise UsageRefused("the run is named twice", remedy="leave out --run-id")
    _refuse_together({"--policy": policy is not None, "--at": at is not None})
    _refuse_together({"--policy": policy is not None, "--step": step})
    _refuse_together({"--json": as_json, "--step": step})
    here = opt.place(repo)
    paths = here.run(run or run_id).paths
    if step:
        from workflows.stepping import step as walk  # noqa: PLC0415 - a terminal's modules, for this alone

        walk(paths, begin=seq_at(paths, at) if at else 1)
        return 0
    if policy is not None:
        found = what_if(read(paths.history), policy)
        document = replay_pages.what_if_object(found, paths.run_id)
        typer.echo(json_text(document) if as_json else replay_pages.what_if_page(found), nl=False)
        return 0
    if at is not None:
        then = moment(paths, at)
        document = replay_pages.moment_object(then)
        typer.echo(json_text(document) if as_json else replay_pages.moment_page(then), nl=False)
        return 0
    return _audit(here, paths, as_json=as_json)


def _audit(here: opt.Place, paths: RunPaths, *, as_json: bool) -> int:
    alive = holder(paths.lock) is not None
    made, loaded = audit(paths, git=here.git, render=line, runner_alive=alive)
    document = replay_pages.audit_object(made, loaded)
    page = opt.spoken(replay_pages.audit_page(made, loaded.run))
    typer.echo(json_text(document) if as_json else page, nl=False)
    return 0 if made.first is None else CorruptHistory.exit_code


def _refuse_together(given: dict[str, bool]) -> None:
    if all(given.values()):
        raise UsageRefused(f"{' and '.join(given)} cannot go together", remedy="give one of them")
