"""The commands that make a run go: start, resume, and the runner itself."""

import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from engine.control import Asked, resume, start
from engine.finding import find_home
from engine.launch import launch, refuse_second_runner
from engine.loading import load
from engine.process import Terminated, holder, terminable
from engine.requests import Wish
from engine.workspace import RunPaths
from events.codec import Recorded
from events.errors import NotFound, RunFailed, WaitingForHuman
from projections.state import RunState
from workflows import cli_options as opt
from workflows.render import asked_for, line


DOOR = Path(__file__).with_name("run_experiment.py")


def start_command(
    *,
    loops: opt.Loops = None,
    run_id: opt.RunId = None,
    branch: Annotated[
        str | None,
        typer.Option("--branch", help="The run's branch; default: autoresearch/<mon><d>.", metavar="NAME"),
    ] = None,
    only: opt.Only = None,
    from_stage: opt.FromStage = None,
    to_stage: opt.ToStage = None,
    loop_only: opt.LoopOnly = None,
    no_stochastic: opt.NoStochastic = False,
    proposal_file: opt.ProposalFile = None,
    auto_prepare: opt.AutoPrepare = True,
    background_train: opt.Background = True,
    agent: opt.AgentName = None,
    follow: opt.Follow = False,
    repo: opt.Repo = None,
) -> int:
    """Begin a new run: set up, train the baseline, try changes and keep the better ones.

    Returns within about a second; the run goes on by itself. Without --loops, one.
    """
    opt.refuse_inside_agent()
    if run_id is not None:
        raise NotFound(
            "a new run gets its id by itself",
            remedy=f"`autoresearch resume --run-id {run_id}` goes on with a run",
        )
    wish = Wish(
        loops=loops,
        only=only,
        from_stage=from_stage,
        to_stage=to_stage,
        loop_only=loop_only,
        stochastic=not no_stochastic,
        auto_prepare=auto_prepare,
        agent=agent,
    )
    here = opt.place(repo)
    asked = start(here.home, wish, git=here.git, version=_version(), branch=branch, proposal=proposal_file)
    return _go(asked, background=background_train, follow=follow)


def resume_command(
    *,
    loops: opt.Loops = None,
    run_id: opt.RunId = None,
    only: opt.Only = None,
    from_stage: opt.FromStage = None,
    to_stage: opt.ToStage = None,
    loop_only: opt.LoopOnly = None,
    no_stochastic: opt.NoStochastic = False,
    proposal_file: opt.ProposalFile = None,
    auto_prepare: opt.AutoPrepare = True,
    background_train: opt.Background = True,
    agent: opt.AgentName = None,
    follow: opt.Follow = False,
    repo: opt.Repo = None,
) -> int:
    """Ask a run for more loops; without --loops, go on with what is left.

    A runner that is alive hears it at once. Ends a stop, a pause and a failed baseline.
    """
    opt.refuse_inside_agent()
    wish = Wish(
        loops=loops,
        only=only,
        from_stage=from_stage,
        to_stage=to_stage,
        loop_only=loop_only,
        stochastic=not no_stochastic,
        auto_prepare=auto_prepare,
        agent=agent,
    )
    here = opt.place(repo)
    if not background_train:
        refuse_second_runner(here.run(run_id).paths)
    asked = resume(
        here.home,
        run_id,
        wish,
        git=here.git,
        runner_alive=lambda paths: holder(paths.lock) is not None,
        proposal=proposal_file,
    )
    return _go(asked, background=background_train, follow=follow)


def runner_command(
    *,
    run_id: Annotated[str, typer.Option("--run-id", help="The run.")],
    repo: Annotated[Path, typer.Option("--repo", help="The repository's top folder.")],
) -> int:
    """Be the runner of a run, in the background. Started by `start` and `resume`."""
    from engine.assembly import assemble  # noqa: PLC0415 - only the runner needs the whole house

    return assemble(repo, run_id, mode="background", render=line).run()


def ensure_runner(paths: RunPaths) -> str:
    """Give the run a background runner, unless one is alive; return a sentence on it."""
    command = (
        *(sys.executable, str(DOOR), "_runner"),
        *("--run-id", paths.run_id, "--repo", str(paths.home)),
    )
    launched = launch(paths, command)
    if launched.already:
        return f"a runner is at work already, process {launched.runner.pid if launched.runner else '?'}: it hears this"
    who = f", process {launched.runner.pid}" if launched.runner and launched.runner.pid else ""
    return f"runner started in the background{who}; it goes on by itself"


def rest_code(run: RunState) -> int:
    """Return the exit code of a run that came to rest.

    Raises:
        RunFailed: setup is incomplete, or the baseline failed.
    """
    if run.stopped in ("setup_incomplete", "baseline_failed"):
        what = "setup is incomplete" if run.stopped == "setup_incomplete" else "the baseline failed"
        raise RunFailed(
            f"{what}: {run.stopped_detail}",
            remedy=f"mend it, then `autoresearch resume --run-id {run.run_id}`; `autoresearch logs 0` shows its output",
        )
    return NotFound.exit_code if run.stopped == "blocked" else 0


def show_live(paths: RunPaths, *, after: int = 0, leave_waiting: bool) -> int:
    """Show a run until it rests, or as long as somebody looks; return the exit code."""
    from workflows.watch import watch_lines, watch_live  # noqa: PLC0415 - rich takes 60 ms to import

    try:
        if sys.stdout.isatty():
            from rich.console import Console  # noqa: PLC0415

            ending = watch_live(paths, Console(), leave_waiting=leave_waiting)
        else:
            ending = watch_lines(paths, write=_say, after=after, leave_waiting=leave_waiting)
    except KeyboardInterrupt:
        _say(f"the run goes on by itself; `autoresearch watch --run-id {paths.run_id}` looks again")
        return 130
    run = load(paths).run
    if ending == "gone":
        raise NotFound(
            f"no runner of {paths.run_id} is alive",
            remedy=f"`autoresearch resume --run-id {paths.run_id}` goes on",
        )
    if ending == "waiting":
        from engine.decider import waiting_for_human  # noqa: PLC0415

        raise WaitingForHuman(
            f"{paths.run_id} waits: {waiting_for_human(run)}",
            remedy="`autoresearch propose`, or `autoresearch unpause`, then it goes on",
        )
    return rest_code(run)


def _go(asked: Asked, *, background: bool, follow: bool) -> int:
    """Say what was asked, see to it that a runner does it, and show it where that was asked for too."""
    _announce(asked)
    if asked.idle:
        _say(asked.idle)
        _rebuild_views(asked.paths)
        return 0
    if not background:
        return _work_here(asked.paths)
    _say(ensure_runner(asked.paths))
    if follow:
        return show_live(asked.paths, after=asked.seq, leave_waiting=True)
    _say("look: `autoresearch status`, `watch`, `experiments`; end it: `autoresearch stop`")
    return 0


def _announce(asked: Asked) -> None:
    how = f" ({asked.how})" if asked.how else ""
    _say(f"{asked.paths.run_id} on {asked.branch}{how}")
    if asked.request is not None:
        _say(f"asked for {asked_for(asked.request)}")
    for note in asked.notes:
        _say(note)


def _work_here(paths: RunPaths) -> int:
    """Be the runner until the run rests; every event is a line."""
    from engine.assembly import assemble  # noqa: PLC0415 - only the runner needs the whole house

    def show(recorded: Recorded, _run: RunState) -> None:
        _say(line(recorded))

    runner = assemble(paths.home, paths.run_id, mode="foreground", render=line, observers=[show])
    try:
        with terminable():
            return runner.run()
    except (KeyboardInterrupt, Terminated) as interrupt:
        jobs = load(paths).run.jobs
        for number, job in jobs:
            _say(
                f"{job.step} of iteration {number} goes on by itself: `autoresearch stop --now` ends it",
                err=True,
            )
        _say(f"interrupted; `autoresearch resume --run-id {paths.run_id}` goes on from here", err=True)
        return 143 if isinstance(interrupt, Terminated) else 130


def _rebuild_views(paths: RunPaths) -> None:
    """Write the caches and views of a run at rest anew; a living runner sees to its own."""
    from engine.git import RealGit  # noqa: PLC0415
    from engine.process import hold_lock  # noqa: PLC0415
    from engine.views import Views  # noqa: PLC0415
    from events.errors import RunLocked  # noqa: PLC0415

    try:
        with hold_lock(paths.lock):
            Views(paths, RealGit(paths.home), render=line).rebuild(load(paths))
    except RunLocked:
        return


def _version() -> str:
    try:
        return metadata.version("autoresearch")
    except metadata.PackageNotFoundError:
        return "source"


def _say(text: str, *, err: bool = False) -> None:
    print(spoken(text), file=sys.stderr if err else sys.stdout, flush=True)


def spoken(text: str) -> str:
    """Name the program as it was called, so that what is printed can be typed."""
    called = Path(sys.argv[0])
    if called.name != DOOR.name:
        return text
    return text.replace("`autoresearch ", f"`python {os.path.relpath(called)} ")
