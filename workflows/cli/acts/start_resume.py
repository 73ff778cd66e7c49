"""The commands that make a run go: start and resume."""

import functools
import inspect
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import evolve, frozen

from autoresearch.engine.control.deadline import until_of
from autoresearch.engine.control.keys import Key, key_of
from autoresearch.engine.control.launch import refuse_second_runner
from autoresearch.engine.control.outcome import StartOutcome
from autoresearch.engine.control.requests import StartOptions
from autoresearch.engine.control.results.left_out import with_left_out
from autoresearch.engine.control.start import resume, start
from autoresearch.engine.control.start_point import refuse_read_only
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load, load_run
from autoresearch.engine.runs.runner_lock import living_runner
from autoresearch.engine.system.processes.process import Terminated, terminable
from autoresearch.engine.system.version import program_version
from autoresearch.events import clock
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.errors import UsageRefused, WayOut, Wrong
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import job_names
from autoresearch.projections.words.event_text import line
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages.acts.start import launched_line, start_lines
from autoresearch.workflows.pages.ways_out import typed


BESIDE = ("key", "as_json", "follow", "background_train", "repo", "run_id")  # what no intent is made of


@frozen(kw_only=True)
class SharedOptions:
    """What the options say that start and resume share."""

    options: StartOptions
    proposal: Path | None
    background: bool
    follow: bool
    here: opt.Target
    as_json: bool = False
    key: Key | None = None
    memory: tuple[str, ...] = ()


def _shared_options(
    *,
    loops: opt.Loops = None,
    until: opt.Until = None,
    for_: opt.For = None,
    max_trainings: opt.MaxTrainings = None,
    max_cost: opt.MaxCost = None,
    max_tokens: opt.MaxTokens = None,
    max_device_hours: opt.MaxDeviceHours = None,
    stop_when_no_keep_for: opt.NoKeepFor = None,
    max_crashes_in_a_row: opt.MaxCrashes = None,
    only: opt.Only = None,
    from_stage: opt.FromStage = None,
    to_stage: opt.ToStage = None,
    loop_only: opt.LoopOnly = None,
    stochastic: opt.Stochastic = None,
    proposal_file: opt.ProposalFile = None,
    auto_prepare: opt.AutoPrepare = None,
    background_train: opt.Background = True,
    agent: opt.AgentName = None,
    timeout: opt.Timeout = None,
    prefetch: opt.Prefetch = None,
    final: opt.Final = None,
    memory: opt.Memory = None,
    follow: opt.Follow = False,
    key: Key | None = None,
    as_json: opt.AsJson = False,
    repo: opt.Repo = None,
) -> SharedOptions:
    opt.refuse_inside_agent()
    options = StartOptions(
        loops=loops,
        only=only,
        from_stage=from_stage,
        to_stage=to_stage,
        loop_only=loop_only,
        stochastic=stochastic,
        auto_prepare=auto_prepare,
        agent=agent,
        timeout_s=timeout,
        prefetch=prefetch,
        final=final,
        until=until_of(until, for_, now=clock.here()),
        max_trainings=max_trainings,
        max_cost_usd=max_cost,
        max_tokens=max_tokens,
        max_device_hours=max_device_hours,
        no_keep_for=stop_when_no_keep_for,
        crashes_in_a_row=max_crashes_in_a_row,
    )
    here = opt.target(repo)
    refuse_read_only(here.git.common())
    shared = shared_options(
        options,
        proposal=proposal_file,
        background=background_train,
        follow=follow,
        here=here,
        as_json=as_json,
        key=key,
    )
    return evolve(shared, memory=tuple(memory or ()))


def shared_options(
    options: StartOptions,
    *,
    background: bool,
    follow: bool,
    here: opt.Target,
    as_json: bool,
    key: Key | None,
    proposal: Path | None = None,
) -> SharedOptions:
    """Return them together.

    Raises:
        UsageRefused: --json says what was asked of a run, and not what becomes of it.
    """
    if as_json and (follow or not background):
        raise UsageRefused(
            "--json says what was asked, and returns", remedy="leave out --follow and --no-background-train"
        )
    return SharedOptions(
        options=options,
        proposal=proposal,
        background=background,
        follow=follow,
        here=here,
        as_json=as_json,
        key=key,
    )


def _with_shared_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the shared options behind its own; what they say is its first argument."""
    names = dict(inspect.signature(_shared_options).parameters)
    names["key"] = names["key"].replace(annotation=opt.KeyText)
    own = list(inspect.signature(command).parameters.values())[1:]
    called = command.__name__.removesuffix("_command")

    @functools.wraps(command)
    def whole(**given: Any) -> int:  # noqa: ANN401 - typer has checked them
        given["key"] = key_of(given["key"], called, **{n: one for n, one in given.items() if n not in BESIDE})
        value = _shared_options(**{name: given.pop(name) for name in names})
        return command(value, **given)

    # What typer reads the options from.
    whole.__signature__ = inspect.Signature([*own, *names.values()])  # type: ignore[attr-defined]
    return whole


@_with_shared_options
def start_command(
    shared: SharedOptions,
    *,
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
    another: Annotated[
        bool, typer.Option("--another", help="Begin a run beside one that is at work here.")
    ] = False,
) -> int:
    """Begin a new run: set up, train the baseline, try changes and keep the better ones.

    Returns within about a second; the run goes on by itself. Without --loops, one.
    """
    if shared.background:
        opt.refuse_passing_environment()
    with ExitStack() as turn:
        outcome = start(
            shared.here.home,
            shared.options,
            git=shared.here.git,
            version=program_version(),
            branch=branch,
            run_id=run_id,
            proposal=shared.proposal,
            beside=another,
            turn=turn,
            key=shared.key,
            memory=shared.memory,
        )
        outcome = with_left_out(outcome, shared.here.git)
        if shared.as_json:
            return _tell(outcome, "start", turn=turn)
        return _go(outcome, background=shared.background, follow=shared.follow, turn=turn)


@_with_shared_options
def resume_command(
    shared: SharedOptions,
    *,
    run_id: opt.RunId = None,
    interrupted: Annotated[
        bool,
        typer.Option(
            "--interrupted", help="Go on only where a runner was lost; what rests or is paused stays so."
        ),
    ] = False,
) -> int:
    """Ask a run for more loops; without --loops, go on with what is left.

    A runner that is alive hears it at once. Ends a stop, a pause and a failed baseline.
    """
    if interrupted and (shared.options.asks_for_loops or shared.proposal is not None):
        raise UsageRefused(Wrong("interrupted_asks_nothing"), remedy=WayOut("resume_as_before"))
    return ask_for(shared, run_id, interrupted=interrupted)


def ask_for(
    shared: SharedOptions,
    run_id: str | None,
    *,
    interrupted: bool = False,
    command: str = "resume",
    beside: Callable[[], dict[str, Any]] = dict,
) -> int:
    """Ask a run for what the options say, and see to it that a runner does it."""

    def ask(paths: RunPaths, alive: Callable[[RunPaths], bool]) -> StartOutcome:
        return resume(
            shared.here.home,
            paths.run_id,
            shared.options,
            git=shared.here.git,
            runner_alive=alive,
            proposal=shared.proposal,
            interrupted=interrupted,
            key=shared.key,
            memory=shared.memory,
        )

    return serve(shared, run_id, ask, command=command, beside=beside)


def serve(
    shared: SharedOptions,
    run_id: str | None,
    ask: Callable[[RunPaths, Callable[[RunPaths], bool]], StartOutcome],
    *,
    command: str,
    beside: Callable[[], dict[str, Any]] = dict,
) -> int:
    """Ask a run for something, and see to it that a runner does it; `beside` are fields of the object."""
    found = shared.here.run(run_id, shared.key)  # once: the latest may be another one a moment later
    if not shared.background:
        refuse_second_runner(found.paths)  # says who holds it; that nobody took it since, the runner sees
        alone = lambda: _told(evolve(ask(found.paths, lambda _: False), chosen=found.chosen))  # noqa: E731
        return _work_here(found.paths, begin=alone)
    opt.refuse_passing_environment()
    asked = ask(found.paths, lambda paths: living_runner(paths) is not None)
    outcome = evolve(asked, chosen=found.chosen)
    if shared.as_json:
        return _tell(outcome, command, beside=beside())
    return _go(outcome, background=True, follow=shared.follow)


def _told(outcome: StartOutcome) -> bool:
    """Say what was asked of a run that is held here; return whether there is anything to do."""
    for line_ in start_lines(outcome):
        opt.tell(line_)
    return _needs_runner(outcome)


def _needs_runner(outcome: StartOutcome) -> bool:
    """Say whether somebody has to do what was asked; of what was asked before, whether anything is left."""
    done = outcome.again and load_run(outcome.paths).state.stopped is not None
    return outcome.idle is None and not done


def _let_go(turn: ExitStack | None) -> bool:
    if turn is not None:
        turn.close()
    return True


def _go(outcome: StartOutcome, *, background: bool, follow: bool, turn: ExitStack | None = None) -> int:
    """Say what was asked, see to it that a runner does it, and show it where that was asked for too.

    `turn` is let go once a runner holds the run.
    """
    if not _told(outcome):
        _make_up(outcome.paths)
        return 0
    if not background:
        return _work_here(outcome.paths, begin=lambda: _let_go(turn))
    launched = opt.ensure_runner(outcome.paths)
    _let_go(turn)
    opt.say(launched_line(launched))
    if follow:
        from autoresearch.workflows.cli.live import show_live  # noqa: PLC0415 - rich and what it shows are for those who look

        return show_live(outcome.paths, after=outcome.seq, leave_waiting=True)
    opt.say(f"look: {typed('status')}, `watch`, `experiments`; end it: {typed('stop')}")
    return 0


def _tell(
    outcome: StartOutcome,
    command: str,
    *,
    turn: ExitStack | None = None,
    beside: dict[str, Any] | None = None,
) -> int:
    """See to it that a runner does what was asked, and print all of it as one object."""
    from autoresearch.workflows.api.acts.start import start_object  # noqa: PLC0415 - for programs alone

    needed = _needs_runner(outcome)
    if not needed:
        _make_up(outcome.paths)
    launched = opt.ensure_runner(outcome.paths) if needed else None
    _let_go(turn)
    opt.print_object(start_object(outcome, launched, command) | (beside or {}))
    return 0


def _work_here(paths: RunPaths, *, begin: Callable[[], bool] | None = None) -> int:
    """Be the runner until the run rests; every event is a line. `begin` asks for it once the run is held."""
    from autoresearch.engine.loop.assembly import assemble  # noqa: PLC0415 - only the runner needs the whole house

    def show(recorded: Recorded, _run: RunState) -> None:
        opt.say(line(recorded))

    runner = assemble(paths, mode="foreground", observers=[show])
    try:
        with terminable():
            return runner.run(begin)
    except (KeyboardInterrupt, Terminated) as interrupt:
        for job in job_names(load_run(paths).state):
            opt.say(f"{job} goes on by itself: {typed('stop --now')} ends it", err=True)
        opt.say(f"interrupted; {typed(f'resume --run-id {paths.run_id}')} goes on from here", err=True)
        return 143 if isinstance(interrupt, Terminated) else 130


def _make_up(paths: RunPaths) -> None:
    """Make up for what the last runner of an idle run may have left out: caches, views, what git sees of it.

    A living runner sees to its own.
    """
    from autoresearch.engine.git.repository import RealGit  # noqa: PLC0415 - only who writes them needs it
    from autoresearch.engine.loop.anchor import make_up  # noqa: PLC0415
    from autoresearch.engine.runs.views import Views  # noqa: PLC0415
    from autoresearch.engine.system.processes.process import hold_lock  # noqa: PLC0415
    from autoresearch.events.errors import RunLocked  # noqa: PLC0415

    with suppress(RunLocked), hold_lock(paths.lock):
        git, loaded = RealGit(paths.home), load(paths)
        Views(paths, git).rebuild(loaded)
        make_up(paths, git, loaded)
