"""The command that shows and edits what was left for later: ideas."""

from typing import Annotated

import typer

from autoresearch.engine.control.keys import key_of
from autoresearch.engine.control.notes.ideas import BacklogChanged, add_idea, drop_idea, put_first
from autoresearch.engine.runs.load import load_run
from autoresearch.events.errors import UsageRefused, WayOut
from autoresearch.workflows.api.acts.ideas import ideas_object
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages.acts.ideas import idea_lines
from autoresearch.workflows.pages.acts.signals import KNOWN


SAID = {"add": "for later", "drop": "dropped", "first": "the first of those for later"}


def ideas_command(
    what: Annotated[
        str | None, typer.Argument(help="add, drop or first; none: list them.", metavar="[add|drop|first]")
    ] = None,
    which: Annotated[
        str | None, typer.Argument(help="The idea as text, or its number.", metavar="[TEXT|N]")
    ] = None,
    *,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """List the ideas that agents and you left for later, and what results taught; or edit the list.

    `add TEXT` leaves one, `drop N` takes one off, `first N` puts one before all others. Agents read those
    that are open when they propose, and may take one up.
    """
    here = opt.target(repo)
    if what is None:
        found = here.run(run_id).paths
        run = load_run(found).state
        shown = ideas_object(run.backlog, found.run_id, most_open=run.config.backlog)
        if as_json:
            opt.print_object(shown)
            return
        for line in idea_lines(shown):
            opt.say(line)
        return
    opt.refuse_inside_agent()
    if what not in SAID or which is None or (what != "add" and not which.isdecimal()):
        raise UsageRefused("ideas: say what to do with which one", remedy=WayOut("idea_example"))
    asked = key_of(key, "ideas", what=what, which=which)
    paths = here.run(run_id, asked).paths
    done: BacklogChanged
    match what:
        case "add":
            done = add_idea(paths, here.git, which, key=asked)
        case "drop":
            done = drop_idea(paths, here.git, int(which), key=asked)
        case _:
            done = put_first(paths, here.git, int(which), key=asked)
    if as_json:
        most = done.most_open
        told = ideas_object(done.backlog, paths.run_id, most_open=most, changed=done.number, known=done.again)
        opt.print_object(told)
        return
    opt.say(f"{paths.run_id}: {KNOWN if done.again else ''}idea {done.number} is {SAID[what]}")
