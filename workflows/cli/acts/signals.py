"""The commands that say something to a run: stop, pause, propose, note, answer, approve and so on."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

import typer
from attrs import evolve as replace

from autoresearch.engine.control import signals
from autoresearch.engine.control.keys import key_of
from autoresearch.engine.control.notes import proposals as proposing
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.proposals.from_command import from_bytes, from_file, received
from autoresearch.engine.proposals.parse import MAX_BYTES, from_fields
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.shapes import unstructure
from autoresearch.events.errors import UsageRefused, WayOut
from autoresearch.projections.words.wording import short
from autoresearch.workflows.api.acts import signals as objects
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages.acts.signals import (
    KNOWN,
    answered_line,
    decided_line,
    pause_line,
    proposed_line,
    stop_line,
    unpause_line,
)


def stop(
    *,
    now: Annotated[bool, typer.Option("--now", help="End the running job too.")] = False,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Stop the run after the current stage; `resume` goes on."""
    opt.refuse_inside_agent()
    here = opt.target(repo)
    asked = key_of(key, "stop", now=now)
    paths = here.run(run_id, asked).paths
    outcome = signals.stop(paths, here.git, now=now, key=asked)
    if outcome.needs_runner:
        opt.ensure_runner(paths)
    _tell(paths, outcome, stop_line, objects.stop_object, as_json=as_json)


def pause(
    *,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, for those who look later.", metavar="TEXT")
    ] = "",
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Start nothing new until `unpause`; what runs goes on."""
    opt.refuse_inside_agent()
    here = opt.target(repo)
    asked = key_of(key, "pause", reason=reason)
    paths = here.run(run_id, asked).paths
    said = reason or "as asked"
    outcome = signals.pause(paths, here.git, reason=said, key=asked)
    done = objects.pause_object(outcome, paths.run_id, said)
    _print(paths, pause_line(outcome), done, as_json=as_json, again=outcome.again)


def unpause(
    *,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Lift a pause."""
    opt.refuse_inside_agent()
    here = opt.target(repo)
    asked = key_of(key, "unpause")
    paths = here.run(run_id, asked).paths
    outcome = signals.unpause(paths, here.git, key=asked)
    _tell(paths, outcome, unpause_line, objects.unpause_object, as_json=as_json)


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
    hypothesis: Annotated[
        str, typer.Option("--hypothesis", help="Why it may help; kept with the result.", metavar="TEXT")
    ] = "",
    expected: Annotated[
        str, typer.Option("--expected", help="What the result may be; kept with it.", metavar="TEXT")
    ] = "",
    first: Annotated[bool, typer.Option("--first", help="Before those that wait already.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether it fits the best code; nothing is recorded.")
    ] = False,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
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
    if file is not None:
        event = _read(file)
    else:
        event = _from_options(
            description, plan, commit, settings or [], hypothesis=hypothesis, expected=expected
        )
    here = opt.target(repo)
    asked = key_of(key, "propose", sha256=event.sha256, first=first)
    paths = here.run(run_id, asked).paths
    if check:
        base = proposing.check_proposal(load(paths).run, here.git, event.proposal)
        fits = f"it fits {short(base)}, the best code; nothing was recorded"
        _print(paths, fits, objects.checked_object(paths.run_id, base), as_json=as_json)
        return
    queued = proposing.propose(paths, here.git, replace(event, first=first), key=asked)
    _tell(paths, queued, proposed_line, objects.propose_object, as_json=as_json)


def proposals(*, as_json: opt.AsJson = False, run_id: opt.RunId = None, repo: opt.Repo = None) -> None:
    """List the proposals that wait, in the order in which they are tried."""
    paths = opt.target(repo).run(run_id).paths
    waiting = load(paths).run.waiting
    if as_json:
        opt.print_object(objects.proposals_object(waiting, paths.run_id))
        return
    for one in waiting:
        opt.say(f"{one.seq:>6}  {one.source}  {one.proposal.description}")
    if not waiting:
        opt.say(f"{paths.run_id}: no proposal waits")


def withdraw(
    number: Annotated[
        int | None,
        typer.Argument(
            help="As `proposals` lists it; without one, what waits is named.",
            metavar="[N]",
            show_default=False,
        ),
    ] = None,
    *,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Take a proposal back that no iteration has used yet."""
    opt.refuse_inside_agent()
    here = opt.target(repo)
    asked = key_of(key, "withdraw", number=number)
    paths = here.run(run_id, asked).paths
    taken = proposing.withdraw(paths, here.git, number, key=asked)
    done = objects.withdraw_object(taken, paths.run_id)
    _print(paths, f"withdrawn: {taken.description}", done, as_json=as_json, again=taken.again)


def note(
    text: Annotated[str, typer.Argument(help="What to remember.", metavar="TEXT")],
    *,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Write something into the run's history; agents that propose read the last notes."""
    here = opt.target(repo)
    asked = key_of(key, "note", text=text)
    paths = here.run(run_id, asked).paths
    again = signals.note(paths, here.git, text, key=asked)
    _print(paths, "noted", objects.note_object(paths.run_id, text, known=again), as_json=as_json, again=again)


def answer(
    text: Annotated[str, typer.Argument(help="What the agent is told.", metavar="TEXT")],
    *,
    question: Annotated[
        int | None,
        typer.Option("--question", help="Which, as `status` numbers it; default: the only one.", metavar="N"),
    ] = None,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Answer a question of an agent in words; whoever proposes next reads both."""
    opt.refuse_inside_agent()
    here = opt.target(repo)
    asked = key_of(key, "answer", text=text, question=question)
    paths = here.run(run_id, asked).paths
    given = signals.answer(paths, here.git, text, number=question, key=asked)
    _tell(paths, given, answered_line, objects.answer_object, as_json=as_json)


def approve(
    number: Annotated[int, typer.Argument(help="The iteration, as `status` names it.", metavar="N")],
    *,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Let be kept what waits for a human's word (the setting `approve`)."""
    opt.refuse_inside_agent()
    here = opt.target(repo)
    asked = key_of(key, "approve", number=number)
    paths = here.run(run_id, asked).paths
    decided = signals.decide_keep(paths, here.git, number, key=asked)
    _tell(paths, decided, decided_line, objects.approve_object, as_json=as_json)


def veto(
    number: Annotated[int, typer.Argument(help="The iteration, as `status` names it.", metavar="N")],
    *,
    why: Annotated[str, typer.Option("--why", help="Why; agents read it.", metavar="TEXT")],
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Do not let be kept what waits for a human's word; its commit stays under its ref."""
    opt.refuse_inside_agent()
    here = opt.target(repo)
    asked = key_of(key, "veto", number=number, why=why)
    paths = here.run(run_id, asked).paths
    decided = signals.decide_keep(paths, here.git, number, veto=why, key=asked)
    _tell(paths, decided, decided_line, objects.veto_object, as_json=as_json)


class _Outcome(Protocol):
    """What came of a command; `again` where its key was known, and nothing was done."""

    @property
    def again(self) -> bool: ...


_OutcomeT = TypeVar("_OutcomeT", bound=_Outcome)


def _tell(
    paths: RunPaths,
    outcome: _OutcomeT,
    line: Callable[[_OutcomeT], str],
    done: Callable[[_OutcomeT, str], objects.Done],
    *,
    as_json: bool,
) -> None:
    _print(paths, line(outcome), done(outcome, paths.run_id), as_json=as_json, again=outcome.again)


def _print(paths: RunPaths, line: str, done: objects.Done, *, as_json: bool, again: bool = False) -> None:
    """Print what was done: as an object where one was asked for, else in a line."""
    if as_json:
        opt.print_object(done)
    else:
        opt.say(f"{paths.run_id}: {KNOWN if again else ''}{line}")


def _read(file: str) -> ev.ProposalReceived:
    if file != "-":
        return from_file(Path(file), source="cli")
    return from_bytes(sys.stdin.buffer.read(MAX_BYTES + 1), where="standard input", name="", source="cli")


def _from_options(
    description: str, plan: str, commit: str, settings: list[str], *, hypothesis: str, expected: str
) -> ev.ProposalReceived:
    said = description or plan or commit or f"set {', '.join(settings)}"
    proposal = from_fields(said, plan, commit, settings, hypothesis=hypothesis, expected=expected)
    raw = json.dumps(unstructure(proposal), sort_keys=True).encode()
    return received(proposal, name="", source="cli", raw=raw)
