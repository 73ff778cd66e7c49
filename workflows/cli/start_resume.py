"""The commands that make a run go: start and resume."""

from typing import Annotated

import typer

from autoresearch.engine.control.launch import refuse_second_runner
from autoresearch.engine.control.requests import Wish
from autoresearch.engine.control.start import Asked, resume, start
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load, load_run
from autoresearch.engine.system.process import Terminated, holder, terminable
from autoresearch.engine.system.version import program_version
from autoresearch.events.codec import Recorded
from autoresearch.projections.event_text import asked_for, line
from autoresearch.projections.run_state import RunState
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.cli.launch import ensure_runner


def start_command(
    *,
    loops: opt.Loops = None,
    run_id: Annotated[
        str | None,
        typer.Option("--run-id", help="The new run's id; default: the next of its branch.", metavar="ID"),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch", help="The run's branch; default: one of today, as autoresearch/nov23.", metavar="NAME"
        ),
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
    timeout: opt.Timeout = None,
    prefetch: opt.Prefetch = None,
    follow: opt.Follow = False,
    repo: opt.Repo = None,
) -> int:
    """Begin a new run: set up, train the baseline, try changes and keep the better ones.

    Returns within about a second; the run goes on by itself. Without --loops, one.
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
        timeout_s=timeout,
        prefetch=prefetch,
    )
    here = opt.place(repo)
    asked = start(
        here.home,
        wish,
        git=here.git,
        version=program_version(),
        branch=branch,
        run_id=run_id,
        proposal=proposal_file,
    )
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
    timeout: opt.Timeout = None,
    prefetch: opt.Prefetch = None,
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
        timeout_s=timeout,
        prefetch=prefetch,
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


def _go(asked: Asked, *, background: bool, follow: bool) -> int:
    """Say what was asked, see to it that a runner does it, and show it where that was asked for too."""
    _announce(asked)
    if asked.idle:
        opt.say(asked.idle)
        _rebuild_views(asked.paths)
        return 0
    if not background:
        return _work_here(asked.paths)
    opt.say(ensure_runner(asked.paths))
    if follow:
        from autoresearch.workflows.cli.live import show_live  # noqa: PLC0415 - rich and what it shows are for those who look

        return show_live(asked.paths, after=asked.seq, leave_waiting=True)
    opt.say("look: `autoresearch status`, `watch`, `experiments`; end it: `autoresearch stop`")
    return 0


def _announce(asked: Asked) -> None:
    how = f" ({asked.how})" if asked.how else ""
    opt.say(f"{asked.paths.run_id} on {asked.branch}{how}")
    if asked.request is not None:
        opt.say(f"asked for {asked_for(asked.request)}")
    for note in asked.notes:
        opt.say(note)


def _work_here(paths: RunPaths) -> int:
    """Be the runner until the run rests; every event is a line."""
    from autoresearch.engine.loop.assembly import assemble  # noqa: PLC0415 - only the runner needs the whole house

    def show(recorded: Recorded, _run: RunState) -> None:
        opt.say(line(recorded))

    runner = assemble(paths.home, paths.run_id, mode="foreground", render=line, observers=[show])
    try:
        with terminable():
            return runner.run()
    except (KeyboardInterrupt, Terminated) as interrupt:
        jobs = load_run(paths).state.jobs
        for number, job in jobs:
            opt.say(
                f"{job.step} of iteration {number} goes on by itself: `autoresearch stop --now` ends it",
                err=True,
            )
        opt.say(f"interrupted; `autoresearch resume --run-id {paths.run_id}` goes on from here", err=True)
        return 143 if isinstance(interrupt, Terminated) else 130


def _rebuild_views(paths: RunPaths) -> None:
    """Write the caches and views of a run at rest anew; a living runner sees to its own."""
    from autoresearch.engine.git.repository import RealGit  # noqa: PLC0415
    from autoresearch.engine.runs.views import Views  # noqa: PLC0415
    from autoresearch.engine.system.process import hold_lock  # noqa: PLC0415
    from autoresearch.events.errors import RunLocked  # noqa: PLC0415

    try:
        with hold_lock(paths.lock):
            Views(paths, RealGit(paths.home), render=line).rebuild(load(paths))
    except RunLocked:
        return
