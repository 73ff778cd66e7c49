"""The commands that put a run in order: adopt, clean, retract, and repair of its history."""

from typing import Annotated

import typer

from autoresearch.engine.control.clean import Remains, clean, never_trained, remains
from autoresearch.engine.control.keys import key_of
from autoresearch.engine.control.repair import repair
from autoresearch.engine.control.results import pull_request
from autoresearch.engine.control.results.adopt import adopt
from autoresearch.engine.control.results.publish import publication, publish
from autoresearch.engine.control.results.retract import retract
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.events.errors import RunLocked, UsageRefused
from autoresearch.projections.words.wording import short
from autoresearch.workflows.api.acts.signals import adopt_object
from autoresearch.workflows.api.acts.tidy import clean_object, publish_object, repair_object, retract_object
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages.acts import publish as publish_page
from autoresearch.workflows.pages.acts.retract import retracted_lines
from autoresearch.workflows.pages.acts.signals import adopted_line, repaired_lines
from autoresearch.workflows.pages.ways_out import typed


REFS_SHOWN = 5


def adopt_command(
    run: opt.Run = None, *, as_json: opt.AsJson = False, run_id: opt.RunId = None, repo: opt.Repo = None
) -> None:
    """Bring the best commit into the run's branch, where a keep left a checked-out branch alone.

    Only a fast-forward. Files that are checked out move along; edits that are in the way refuse it.
    """
    opt.refuse_inside_agent()
    here = opt.target(repo)
    paths = here.run(opt.named(run, run_id)).paths
    outcome = adopt(paths, here.git)
    if as_json:
        opt.print_object(adopt_object(outcome, paths.run_id))
    else:
        opt.say(f"{paths.run_id}: {adopted_line(outcome)}")


def publish_command(
    run: opt.Run = None,
    *,
    name: Annotated[
        str, typer.Option("--name", help="The new branch; default: publish/RUN.", metavar="BRANCH")
    ] = "",
    pr: Annotated[
        bool, typer.Option("--pr", help="Push it to the remote, and open a pull request through gh.")
    ] = False,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Put the kept changes on a new branch to be reviewed: a commit each, on your present branch.

    Nothing of yours moves. What was retracted, or doubtful on fresh seeds, stays out.
    """
    opt.refuse_inside_agent()
    here = opt.target(repo)
    paths = here.run(opt.named(run, run_id)).paths
    it = publication(paths, here.git)
    if pr:
        pull_request.require_gh(here.home, here.git)
    text = publish_page.pull_request(it)
    branch = name or f"publish/{paths.run_id}"
    made = publish(paths, here.git, it, branch=branch, messages=publish_page.messages(it), text=text)
    if not as_json:
        opt.say(text)
        for line in publish_page.published_lines(made, it):
            opt.say(f"{paths.run_id}: {line}")
    opened = None
    if pr:
        opened = pull_request.open_it(here.home, here.git, made, base=it.beside, title=publish_page.title(it))
    if as_json:
        opt.print_object(publish_object(made, it, text, opened))
    elif opened:
        opt.say(opened)


def clean_command(
    run: Annotated[
        str | None, typer.Argument(help="The run.", metavar="[RUN]", autocompletion=opt.complete_run)
    ] = None,
    *,
    with_folder: Annotated[
        bool, typer.Option("--folder", help="Remove the run's folder too, with its history and logs.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Every run that is idle; of one that never trained, the folder too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go.")] = False,
    as_json: opt.AsJson = False,
    repo: opt.Repo = None,
) -> None:
    """Remove a run's worktrees and refs from the repository; its branch stays."""
    opt.refuse_inside_agent()
    if every == (run is not None):
        raise UsageRefused("say what to clean", remedy="name a run, or --all of them")
    here = opt.target(repo)
    named = started_runs(here.home) if every else (here.run(run).paths,)
    looked_at: list[tuple[str, Remains | str]] = []
    for paths in named:
        whole = with_folder or (every and never_trained(paths))
        gone: Remains | str
        try:
            gone = (
                clean(paths, here.git, RealJobs(), with_folder=whole)
                if yes
                else remains(paths, here.git, with_folder=whole)
            )
        except RunLocked as error:
            if not every:
                raise
            gone = str(error)
        looked_at.append((paths.run_id, gone))
        if not as_json:
            _tell(gone, "removed" if yes else "would remove", title=f"{paths.run_id}:" if every else "")
    if as_json:
        opt.print_object(clean_object(looked_at, removed=yes))
    elif not yes:
        what = "--all" if every else named[0].run_id
        again = typed(f"clean {what}{' --folder' if with_folder else ''} --yes")
        opt.say(f"nothing was removed; {again} does it")


def repair_command(
    run: opt.Run = None, *, as_json: opt.AsJson = False, run_id: opt.RunId = None, repo: opt.Repo = None
) -> None:
    """Let a run with a damaged history go on: what is whole goes on, the rest is set aside.

    Nothing is deleted. An event says what was set aside, and where it lies; a whole history stays as it is.
    """
    opt.refuse_inside_agent()
    here = opt.target(repo)
    paths = here.run(opt.named(run, run_id)).paths
    outcome = repair(paths, here.git, RealJobs())
    if as_json:
        opt.print_object(repair_object(outcome, paths.run_id))
        return
    for line in repaired_lines(outcome, paths.run_id):
        opt.say(line)


def retract_command(
    number: Annotated[int, typer.Argument(help="The iteration.", metavar="N", min=0)],
    run: opt.Run = None,
    *,
    why: Annotated[
        str, typer.Option("--why", help="Why it is not to be believed; agents read it.", metavar="TEXT")
    ] = "",
    with_descendants: Annotated[
        bool,
        typer.Option("--with-descendants", help="Take back, too, all that is made of its code."),
    ] = False,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Take a result back: it is no longer kept, no longer the best, and no agent believes it.

    What was made of its code stays, since it was measured by itself, and is named; --with-descendants takes
    that back as well. Commits stay under their refs, and a branch that you have a hand on stays where it is.
    """
    opt.refuse_inside_agent()
    here = opt.target(repo)
    asked = key_of(key, "retract", number=number, why=why, with_descendants=with_descendants)
    paths = here.run(opt.named(run, run_id), asked).paths
    outcome = retract(paths, here.git, number, why=why, with_descendants=with_descendants, key=asked)
    if as_json:
        opt.print_object(retract_object(outcome, paths.run_id))
        return
    for line in retracted_lines(outcome):
        opt.say(f"{paths.run_id}: {line}")


def _tell(gone: Remains | str, verb: str, *, title: str) -> None:
    if title:
        opt.say(title)
    if isinstance(gone, str):
        opt.say(f"left alone: {gone}")
        return
    for worktree in gone.worktrees:
        opt.say(f"{verb} the worktree {worktree}")
    for ref, commit in gone.refs[:REFS_SHOWN]:
        opt.say(f"{verb} {ref} ({short(commit)})")
    if len(gone.refs) > REFS_SHOWN:
        opt.say(f"{verb} {len(gone.refs) - REFS_SHOWN} more refs of the run")
    if gone.folder is not None:
        opt.say(f"{verb} {gone.folder}, with its history")
    if not (gone.worktrees or gone.refs or gone.folder):
        opt.say("there is nothing to remove")
    if gone.kept_ref:
        opt.say(f"{gone.kept_ref} stays: nothing else names the best commit; {typed('adopt')} first")
    opt.say(f"the branch {gone.branch} stays")
