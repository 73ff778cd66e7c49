"""The command that takes a result back."""

from typing import Annotated

import typer

from autoresearch.engine.control.retract import retract
from autoresearch.events.errors import UsageRefused
from autoresearch.workflows.api.retract import retract_object
from autoresearch.workflows.api.status import json_text
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages.retract import retracted_lines


def retract_command(
    number: Annotated[int, typer.Argument(help="The iteration.", metavar="N", min=0)],
    run: Annotated[
        str | None,
        typer.Argument(
            help="The run; default: as for --run-id.", metavar="[RUN]", autocompletion=opt.complete_run
        ),
    ] = None,
    *,
    why: Annotated[
        str, typer.Option("--why", help="Why it is not to be believed; agents read it.", metavar="TEXT")
    ] = "",
    with_descendants: Annotated[
        bool,
        typer.Option("--with-descendants", help="Take back, too, all that is made of its code."),
    ] = False,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Take a result back: it is no longer kept, no longer the best, and no agent believes it.

    What was made of its code stays, since it was measured by itself, and is named; --with-descendants takes
    that back as well. Commits stay under their refs, and a branch that you have a hand on stays where it is.
    """
    opt.refuse_inside_agent()
    if run is not None and run_id is not None:
        raise UsageRefused("the run is named twice", remedy="leave out --run-id")
    here = opt.target(repo)
    paths = here.run(run or run_id).paths
    outcome = retract(paths, here.git, number, why=why, with_descendants=with_descendants)
    if as_json:
        typer.echo(json_text(retract_object(outcome, paths.run_id)), nl=False)
        return
    for line in retracted_lines(outcome):
        opt.say(f"{paths.run_id}: {line}")
