"""The command that watches a run, and the same view for `--follow`."""

import sys

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.events.errors import NotFound, RunFailed, WaitingForHuman, WayOut
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_stopped, say_waiting
from autoresearch.projections.summary import standing
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.live.follow import watch_lines
from autoresearch.workflows.pages.ways_out import typed


def watch(*, run_id: opt.RunId = None, repo: opt.Repo = None) -> int:
    """Watch a run live until it rests; Ctrl-C leaves it going. Not on a terminal: one line per event."""
    return show_live(opt.target(repo).run(run_id).paths, leave_waiting=False)


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

            ending = watch_live(paths, leave_waiting=leave_waiting)
        else:
            ending = watch_lines(paths, write=opt.say, after=after, leave_waiting=leave_waiting)
    except KeyboardInterrupt:
        opt.say(
            f"the run goes on by itself; {typed(f'watch --run-id {paths.run_id}')} looks again, "
            f"{typed(f'stop --run-id {paths.run_id}')} ends it"
        )
        return 130
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
