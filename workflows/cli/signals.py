"""The commands that say something to a run: stop, pause, unpause, propose, note."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from autoresearch.engine.control import signals
from autoresearch.engine.proposals.from_command import from_bytes, from_file, received
from autoresearch.engine.proposals.parse import MAX_BYTES, from_fields
from autoresearch.events import catalog as ev
from autoresearch.events.errors import UsageRefused, WayOut
from autoresearch.events.shapes import unstructure
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.cli.launch import ensure_runner
from autoresearch.workflows.pages.signals import pause_line, proposed_line, stop_line, unpause_line


def stop(
    *,
    now: Annotated[bool, typer.Option("--now", help="End the running job too.")] = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Stop the run after the current stage; `resume` goes on."""
    opt.refuse_inside_agent()
    here = opt.target(repo)
    paths = here.run(run_id).paths
    outcome = signals.stop(paths, here.git, now=now)
    if outcome.needs_runner:
        ensure_runner(paths)
    opt.say(f"{paths.run_id}: {stop_line(outcome)}")


def pause(
    *,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, for those who look later.", metavar="TEXT")
    ] = "",
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Start nothing new until `unpause`; what runs goes on."""
    opt.refuse_inside_agent()
    here = opt.target(repo)
    paths = here.run(run_id).paths
    opt.say(f"{paths.run_id}: {pause_line(signals.pause(paths, here.git, reason=reason or 'as asked'))}")


def unpause(*, run_id: opt.RunId = None, repo: opt.Repo = None) -> None:
    """Lift a pause."""
    opt.refuse_inside_agent()
    here = opt.target(repo)
    paths = here.run(run_id).paths
    opt.say(f"{paths.run_id}: {unpause_line(signals.unpause(paths, here.git))}")


def propose(
    file: Annotated[
        str | None, typer.Argument(help="A proposal as JSON; `-` reads standard input.", metavar="[FILE|-]")
    ] = None,
    *,
    description: Annotated[
        str, typer.Option("--description", help="The idea, in one line.", metavar="TEXT")
    ] = "",
    plan: Annotated[str, typer.Option("--plan", help="What to change, and where.", metavar="TEXT")] = "",
    commit: Annotated[str, typer.Option("--commit", help="The commit's subject.", metavar="TEXT")] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A constant and its new value; repeatable.", metavar="NAME=VALUE"),
    ] = None,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Propose the next change yourself; it goes before the agent and the search."""
    opt.refuse_inside_agent()
    fields = bool(description or plan or commit or settings)
    if (file is not None) == fields:
        raise UsageRefused(
            "give a proposal either as a file or by options" if fields else "there is nothing to propose",
            remedy=WayOut("propose_example"),
        )
    event = _from_options(description, plan, commit, settings or []) if file is None else _read(file)
    here = opt.target(repo)
    paths = here.run(run_id).paths
    opt.say(f"{paths.run_id}: {proposed_line(signals.propose(paths, here.git, event))}")


def note(
    text: Annotated[str, typer.Argument(help="What to remember.", metavar="TEXT")],
    *,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Write something into the run's history; agents that propose read the last notes."""
    here = opt.target(repo)
    paths = here.run(run_id).paths
    signals.note(paths, here.git, text)
    opt.say(f"{paths.run_id}: noted")


def _read(file: str) -> ev.ProposalReceived:
    if file != "-":
        return from_file(Path(file), source="cli")
    return from_bytes(sys.stdin.buffer.read(MAX_BYTES + 1), where="standard input", name="", source="cli")


def _from_options(description: str, plan: str, commit: str, settings: list[str]) -> ev.ProposalReceived:
    said = description or plan or commit or f"set {', '.join(settings)}"
    proposal = from_fields(said, plan, commit, settings)
    raw = json.dumps(unstructure(proposal), sort_keys=True).encode()
    return received(proposal, name="", source="cli", raw=raw)
