"""The commands that go through a history again: as an audit, of a moment, under another rule or program."""

from typing import Annotated, Any

import typer

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.audit.report import Outcome
from autoresearch.engine.audit.rerun import rerun
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.as_of import moment, seq_at
from autoresearch.engine.verdicts.keep_rules import KEEP_RULES
from autoresearch.engine.verdicts.what_if import what_if
from autoresearch.events.errors import CorruptHistory, UsageRefused
from autoresearch.events.log.read import read
from autoresearch.workflows.api.replay import audit_object, moment_object, what_if_object
from autoresearch.workflows.api.rerun import rerun_object
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages import replay as pages
from autoresearch.workflows.pages.rerun import rerun_page


# What the command ends with, by how the audit came out.
CODES: dict[Outcome, int] = {"true": 0, "false": CorruptHistory.exit_code, "unknown": 9}
DIFFERS = 1  # of rerun


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
    keep_rule: Annotated[
        str | None,
        typer.Option(
            "--keep-rule",
            "--policy",
            help=f"Judge the run by another rule, and show which verdicts change: {KEEP_RULES}.",
            metavar="NAME[:ARG]",
        ),
    ] = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Check everything that a history says: code 0 where all is true, 6 where something is false.

    Code 9 where nothing is false and something could not be looked at: a job's folder, a ref or a commit that
    is gone. With --at, print the state as of then and what came next; with --keep-rule, what another rule had
    decided.
    """
    if run is not None and run_id is not None:
        raise UsageRefused("the run is named twice", remedy="leave out --run-id")
    _refuse_together({"--keep-rule": keep_rule is not None, "--at": at is not None})
    _refuse_together({"--keep-rule": keep_rule is not None, "--step": step})
    _refuse_together({"--json": as_json, "--step": step})
    here = opt.target(repo)
    paths = here.run(run or run_id).paths
    if step:
        from autoresearch.workflows.live.step import walk_through  # noqa: PLC0415 - a terminal's modules, for this alone

        walk_through(paths, begin=seq_at(paths, at) if at else 1)
        return 0
    if keep_rule is not None:
        found = what_if(read(paths.history), keep_rule)
        _print(pages.what_if_page(found), what_if_object(found, paths.run_id), as_json=as_json)
        return 0
    if at is not None:
        then = moment(paths, at)
        _print(pages.moment_page(then), moment_object(then), as_json=as_json)
        return 0
    return _audit(here, paths, as_json=as_json)


def rerun_command(
    run: Annotated[
        str | None,
        typer.Argument(
            help="The run; default: as for --run-id.", metavar="[RUN]", autocompletion=opt.complete_run
        ),
    ] = None,
    *,
    recorded: Annotated[
        bool,
        typer.Option("--recorded", help="By the answers and results that its history has: nothing is run."),
    ] = False,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Drive the code of today through an old run: code 0 where it does the same, 1 where something differs.

    Every decision is taken and every prompt made again, by the recorded answers and results; no agent is
    asked, nothing trains, nothing is written. After a difference it goes on as the run did. Code 9 where
    nothing differs and the history is damaged, or of a later program, before its end.
    """
    if not recorded:
        raise UsageRefused("a run can be driven again only by what it recorded", remedy="add --recorded")
    if run is not None and run_id is not None:
        raise UsageRefused("the run is named twice", remedy="leave out --run-id")
    here = opt.target(repo)
    found = rerun(here.run(run or run_id).paths, git=here.git, jobs=RealJobs())
    _print(rerun_page(found), rerun_object(found), as_json=as_json)
    if found.departures:
        return DIFFERS
    return CODES["unknown" if found.unknown or found.damage else "true"]


def _audit(here: opt.Target, paths: RunPaths, *, as_json: bool) -> int:
    made, loaded = audit(paths, git=here.git, jobs=RealJobs())
    _print(pages.audit_page(made, loaded.run), audit_object(made, loaded), as_json=as_json)
    return CODES[made.outcome]


def _print(page: str, document: dict[str, Any], *, as_json: bool) -> None:  # Any: it is JSON
    if as_json:
        opt.print_object(document)
    else:
        typer.echo(page, nl=False)


def _refuse_together(given: dict[str, bool]) -> None:
    if all(given.values()):
        raise UsageRefused(f"{' and '.join(given)} cannot go together", remedy="give one of them")
