"""Start and resume: everything is looked at first, then one batch of events says what was asked.

Launches nothing (engine/control/launch.py does) and prints nothing.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from attrs import evolve as replace

from autoresearch.engine.agents.known import is_installed
from autoresearch.engine.control.append import BY, append_judged, as_then
from autoresearch.engine.control.keys import Key, appended, holder, refuse_elsewhere
from autoresearch.engine.control.notes.memory import memories
from autoresearch.engine.control.outcome import Idle, StartOutcome, asked_of, started
from autoresearch.engine.control.requests import (
    StartOptions,
    refuse_gone,
    refuse_options_without_loops,
    request_of,
)
from autoresearch.engine.control.start_point import (
    branch_and_base,
    check_files,
    ensure_branch,
    refuse_uncommitted_script,
    refuse_unshared,
)
from autoresearch.engine.core import dry_run, limits
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.imports.import_run import refuse_imported
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Branches, Commits, Refs, Repository
from autoresearch.engine.proposals import accept, from_command
from autoresearch.engine.runs.catalogue import run_named, started_runs
from autoresearch.engine.runs.claim import alone, claim_run, clear_dead, default_branch, give_up, open_inbox
from autoresearch.engine.runs.locate import find_run
from autoresearch.engine.runs.runner_lock import living_runner
from autoresearch.engine.runs.settings import load_config
from autoresearch.events import catalog as ev
from autoresearch.events import clock
from autoresearch.events.compared import changed_settings
from autoresearch.events.errors import NotFound, RunLocked, WayOut
from autoresearch.events.log.append import EventLog
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Request
from autoresearch.projections.parts.proposers import agents_of
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_waiting
from autoresearch.projections.summary import standing
from autoresearch.projections.words.wording import say


def start(
    home: Path,
    options: StartOptions,
    *,
    git: Repository,
    version: str,
    branch: str | None = None,
    run_id: str | None = None,
    proposal: Path | None = None,
    beside: bool = True,
    turn: ExitStack | None = None,
    key: Key | None = None,
    memory: Sequence[str] = (),
) -> StartOutcome:
    """Create a run and record what was asked; whatever can be refused is refused before.

    Nobody else starts before `turn` is closed, where it is given: so the next one finds the runner at work.

    Raises:
        UsageRefused, InvalidInput, NotFound: nothing was created.
        RunLocked: a run is at work in this repository, and the new one may not be `beside` it.
    """
    if (there := holder(home, key)) is not None:
        return _started_before(there, git, key, run_id)
    config = load_config(home)
    request = request_of(options, config=config)
    received = [from_command.from_file(proposal, source="file")] if proposal is not None else []
    remembered = memories(home, git, memory)
    clear_dead(home, git)
    if run_id is not None and run_named(home, run_id).folder.exists():
        raise NotFound(f"{run_id} exists already", remedy=WayOut("other_run_id"))
    named, base = branch_and_base(home, git, branch)
    check_files(git, base.hash, config)
    refuse_unshared(home, config)
    if request.loops:
        refuse_uncommitted_script(home, git, base.hash, config, set(agents_of(request)))
    begun = ev.RunStarted(
        run_id=run_id or "new",
        branch=named or "new",
        base_commit=base.hash,
        base_tree=base.tree,
        config=config,
        program_version=version,
    )
    created = dry_run.after(RunState(), [begun])
    refuse_blocked(created, request)
    _refuse_unfit(received, created, request, git)
    with ExitStack() as own:
        (turn or own).enter_context(alone(home))
        if (there := holder(home, key)) is not None:  # of two at once
            return _started_before(there, git, key, run_id)
        if not beside:
            _refuse_beside(home)
        on = named or default_branch(
            clock.here().date(), lambda name: git.resolve(f"refs/heads/{name}") is not None
        )
        paths = _claim(home, git, on, run_id)
        begun = replace(begun, run_id=paths.run_id, branch=on)
        events: list[ev.Event] = [begun, *received, *remembered, ev.LoopsRequested(request=request)]
        _begin(paths, git, events, key=key)
    return started(paths, git, events)


def _started_before(paths: RunPaths, git: Repository, key: Key | None, run_id: str | None) -> StartOutcome:
    """Return what was asked of a run that was started under this key.

    Raises: UsageRefused: the key was used for something else, or for a run of another id.
    """
    if key is not None and run_id is not None:
        refuse_elsewhere(run_named(paths.home, run_id), key, paths)
    events = as_then(paths, appended(paths, key)).events
    assert isinstance(events[0], ev.RunStarted)  # the key is of a start
    return started(paths, git, events, again=True)


def resume(
    home: Path,
    run_id: str | None,
    options: StartOptions,
    *,
    git: Repository,
    runner_alive: Callable[[RunPaths], bool],
    proposal: Path | None = None,
    interrupted: bool = False,
    key: Key | None = None,
    memory: Sequence[str] = (),
) -> StartOutcome:
    """Ask a run for more loops, or to go on with what is left.

    An `interrupted` one goes on as it stood, where it lost its runner: a pause or a stop stays what it is.

    Raises:
        UsageRefused, InvalidInput, NotFound: nothing was appended.
    """
    found = find_run(home, git, run_id)
    config = load_config(home)
    received = [from_command.from_file(proposal, source="file")] if proposal is not None else []
    idle: Idle | None = None

    def judge(run: RunState) -> Sequence[ev.Event]:
        nonlocal idle
        request = idle = None
        refuse_imported(run, git)
        changed = config_change(run, config, found.paths)
        configured = dry_run.after(run, changed)
        remembered = memories(home, git, memory, own=found.paths.run_id)
        events: list[ev.Event] = [*changed, *received, *remembered]
        after = dry_run.after(configured, received)
        asks = options.asks_for_loops or (bool(received) and dry_run.nothing_left(after))
        if asks:
            request = request_of(
                options,
                config=config,
                before=after.request,
                left=after.loops_left,
                at_rest=after.stopped is not None or after.ends_aside is not None,
            )
        _refuse_unfit(received, configured, request, git)
        if request is not None:
            refuse_blocked(after, request)
            if options.measures_alone:
                refuse_pointless(after, request, runner_alive=runner_alive(found.paths))
            lift = [ev.RunUnpaused()] if run.paused is not None else []
            asked = ev.LoopsRequested(request=request)
            rest = "loop" in request.stages and not request.alone and any(one.rests for one in after.agents)
            return [*events, *lift, asked, *([ev.RunResumed()] if rest else [])]
        refuse_options_without_loops(options)
        if after.request is not None and not dry_run.nothing_left(after):
            refuse_gone(after.request, config)
        idle = _why_idle(after, runner_alive=runner_alive(found.paths), now=clock.now())
        if interrupted and idle is None:
            idle = Idle(why="at_rest", loops_left=run.loops_left) if run.stopped is not None else None
            return events
        return events if idle else [*events, ev.RunResumed()]

    done = append_judged(found.paths, git, judge, key=key)
    open_inbox(found.paths)
    return replace(asked_of(found, git, done, config), idle=idle)


def _refuse_beside(home: Path) -> None:
    """Refuse a second run while a runner is at work on one of this repository: mostly it is a mistake."""
    for paths in reversed(started_runs(home)):
        runner = living_runner(paths)
        if runner is not None:
            raise RunLocked(
                f"a runner is at work on {paths.run_id} already, process {runner.pid}",
                remedy=WayOut("more_or_another", run_id=paths.run_id),
            )


def _claim(home: Path, git: Refs, branch: str, run_id: str | None) -> RunPaths:
    """Claim a run; an id whose candidates still have refs is used up, though its folder be gone."""
    used_up = lambda one: bool(git.refs_below(RunRefs(one).prefix))  # noqa: E731
    claimed = claim_run(home, branch, taken=used_up)
    if run_id is None:
        return claimed
    named = claimed.runs.run(run_id)
    claimed.folder.rename(named.folder)
    return named


def _begin(paths: RunPaths, git: Branches, events: Sequence[ev.Event], *, key: Key | None) -> None:
    """Make the branch and write the first events; on failure what was claimed is given up."""
    begun = events[0]
    assert isinstance(begun, ev.RunStarted)  # a history begins with it
    try:
        ensure_branch(paths, git, begun.branch, begun.base_commit)
        with EventLog(paths.history) as log:
            log.append(events, by=BY, key=key.stored() if key is not None else None)
    except BaseException:
        give_up(paths, git)
        raise
    open_inbox(paths)
    paths.beginning.unlink(missing_ok=True)


def refuse_blocked(run: RunState, request: Request) -> None:
    """Refuse a request that could not do anything.

    Raises: NotFound: with the reason, and the way out.
    """
    why, way_out = dry_run.why_blocked(run, request)
    if way_out is not None:
        raise NotFound(why, remedy=way_out)


def refuse_pointless(run: RunState, request: Request, *, runner_alive: bool) -> None:
    """Refuse to measure on fresh seeds what is measured already, or cannot be.

    Raises: NotFound: with the reason, and the way out: also where the runner was lost that measured it.
    """
    for why, way_out in (dry_run.why_pointless(run), dry_run.why_idle(run, request)):
        if way_out is not None and way_out.name == "status" and not runner_alive:
            raise NotFound(f"{why}, and no runner is alive", remedy=WayOut("resume", run_id=run.run_id))
        if way_out is not None:
            raise NotFound(why, remedy=way_out)


def _refuse_unfit(
    received: Sequence[ev.ProposalReceived], run: RunState, request: Request | None, git: Commits
) -> None:
    """Refuse a proposal that could not be applied to the best code there is."""
    for one in received:
        reason = accept.refusal(one.proposal, run, git=git, installed=is_installed, request=request)
        if reason is not None:
            raise accept.refused(reason)


def config_change(run: RunState, config: RunConfig, paths: RunPaths) -> list[ev.Event]:
    """Return what records that the settings are others than those of the run.

    Raises: NotFound: they are such as no run can take over.
    """
    names = changed_settings(run.config, config)
    if "metric" in names and run.baseline is not None:
        raise NotFound(
            f"the metric in the settings is not the one that {paths.run_id} is measured by",
            remedy=WayOut("start_with_new_metric"),
        )
    if run.config.evaluate and not config.evaluate and run.baseline is not None:
        raise NotFound(
            f"the settings have no evaluate any more, by which {paths.run_id} is measured",
            remedy=WayOut("start_with_new_metric"),
        )
    bare = [path for path in run.config.protected if path not in config.protected]
    if bare and run.baseline is not None:  # what is compared stands on the same protected files
        raise NotFound(
            f"the settings do not protect {bare[0]} any more, with which {paths.run_id} is measured",
            remedy=WayOut("start_without_protection", path=bare[0]),
        )
    return [ev.ConfigChanged(config=config, changed=names)] if names else []


def _why_idle(run: RunState, *, runner_alive: bool, now: str) -> Idle | None:
    # A run whose runner died before its last word still gets it.
    if dry_run.nothing_left(run) and (runner_alive or run.stopped is not None):
        one = next(iter(run.open), None)
        left_open = (one.number, dry_run.stages_from(one.next_stage)) if one else None
        return Idle(why="nothing_left", loops_left=0, left_open=left_open)
    if run.stopped is not None and (limit := _limit(run, now)):
        return Idle(why="limit_reached", loops_left=run.loops_left, human=limit)
    broken = any(one.rests for one in run.agents)  # and asked again by whoever goes on
    if runner_alive and not broken and run.stopped is None and run.paused is None and run.stop is None:
        human = say_waiting(standing(run))
        return Idle(
            why="waits_for_human" if human else "runner_alive", loops_left=run.loops_left, human=human
        )
    return None


def _limit(run: RunState, now: str) -> str:
    """Return which limit leaves nothing to go on with; "" where none does."""
    going_on = dry_run.after(run, [ev.RunResumed()])
    told = limits.ran_out(going_on, now)
    then = going_on if told is None else dry_run.after(going_on, [told])
    then = replace(then, without_keep=0, crashes=0)  # counted anew by whoever goes on
    return say(limits.reason(then)) if limits.is_reached(then) else ""
