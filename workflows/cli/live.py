"""The commands that stay with a run, watch and wait, and the same view for `--follow`."""

import sys
from typing import Annotated, Any

import typer

from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.system.processes.process import Terminated
from autoresearch.events.errors import NotFound, RunFailed, UsageRefused, WaitingForHuman, WayOut
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_stopped, say_waiting
from autoresearch.projections.summary import standing
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.live.follow import watch_lines
from autoresearch.workflows.live.wait import WANTED, wait_for, wait_object
from autoresearch.workflows.pages.wait import wait_line
from autoresearch.workflows.pages.ways_out import typed


NOTHING_YET = 124  # as timeout(1) has it
INTERRUPTED = 130
TERMINATED = 143


def watch(*, run_id: opt.RunId = None, repo: opt.Repo = None) -> int:
    """Watch a run live, until q; what runs goes on. Not on a terminal: one line per event, until it rests.

    Keys move through it: Enter opens an experiment, l its log, left goes back in time; ? lists them all. At
    rest it stays, says how to go on, and shows what a `resume` does.
    """
    return show_live(opt.target(repo).run(run_id).paths, leave_waiting=False)


def wait(
    run: opt.Run = None,
    *,
    wanted: Annotated[
        str,
        typer.Option(
            "--for",
            help="end; keep; question, or a keep that waits for a human's word; or any: the first of these.",
            metavar="WHAT",
        ),
    ] = "any",
    timeout: Annotated[
        float, typer.Option("--timeout", help="No longer than this.", metavar="SECONDS", min=0)
    ] = 60,
    since: Annotated[
        int | None,
        typer.Option(
            "--since",
            help="Count what came after this event: the `seq` of the last wait.",
            metavar="SEQ",
            min=0,
        ),
    ] = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Wait until something happens: code 0. It did not in time: 124; it cannot any more: 3, 4 or 8.

    Without options it ends at the next keep, question or end, and after a minute at the latest; a night is
    waited for by --for end --timeout 36000.
    """
    if wanted not in WANTED:
        raise UsageRefused(f"--for: there is no {wanted!r}", remedy=f"one of {', '.join(WANTED)}")
    paths = opt.target(repo).run(opt.named(run, run_id)).paths
    try:
        happened = wait_for(paths, wanted, timeout_s=timeout, since=since)
    except KeyboardInterrupt:
        return INTERRUPTED
    told = wait_object(paths, happened, wanted)
    if as_json:
        opt.print_object(told)
    else:
        opt.say(f"{paths.run_id}: {wait_line(told)}")
    return _wait_code(told)


def _wait_code(told: dict[str, Any]) -> int:  # Any: it is the object that was printed
    """Return the exit code of a wait: 0 is what was waited for."""
    match told["what"]:
        case "timeout":
            return NOTHING_YET
        case "pause" | "proposal_needed":
            return WaitingForHuman.exit_code
        case "interrupted":
            return NotFound.exit_code
        case "end" if told["stopped"] in ("setup_incomplete", "baseline_failed"):
            return RunFailed.exit_code
        case "end" if told["stopped"] == "blocked" or told["for"] not in ("end", "any"):
            return NotFound.exit_code
        case _:
            return 0


def rest_code(run: RunState) -> int:
    """Return the exit code of an idle run.

    Raises:
        RunFailed: setup is incomplete, or the baseline failed.
    """
    if run.stopped in ("setup_incomplete", "baseline_failed"):
        what = "setup is incomplete" if run.stopped == "setup_incomplete" else "the baseline failed"
        raise RunFailed(
            f"{what}: {say_stopped(standing(run))}",
            remedy=WayOut("see_output_and_resume", run_id=run.run_id),
        )
    return NotFound.exit_code if run.stopped == "blocked" else 0


def show_live(paths: RunPaths, *, after: int = 0, leave_waiting: bool) -> int:
    """Show a run until it rests, or as long as somebody looks; return the exit code."""
    try:
        if sys.stdout.isatty():
            from autoresearch.workflows.live.watch import watch_live  # noqa: PLC0415 - rich is for those who look

            ending = watch_live(paths, RealGit(paths.home), leave_waiting=leave_waiting)
        else:
            ending = watch_lines(paths, write=opt.say, after=after, leave_waiting=leave_waiting)
    except KeyboardInterrupt:
        if load_run(paths).state.stopped is not None:
            return INTERRUPTED
        opt.say(
            f"the run goes on by itself; {typed(f'watch --run-id {paths.run_id}')} looks again, "
            f"{typed(f'stop --run-id {paths.run_id}')} ends it"
        )
        return INTERRUPTED
    except Terminated:
        return TERMINATED
    run = load_run(paths).state
    if ending == "gone":
        raise NotFound(
            f"no runner of {paths.run_id} is alive",
            remedy=WayOut("resume", run_id=paths.run_id),
        )
    if ending == "waiting":
        raise WaitingForHuman(
            f"{paths.run_id} waits: {say_waiting(standing(run))}",
            remedy=WayOut("propose_or_unpause"),
        )
    return rest_code(run)
