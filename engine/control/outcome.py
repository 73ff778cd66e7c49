"""What start and resume were asked, as they return it: of which run, what for, and who proposes."""

from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from autoresearch.engine.agents.known import NONE, is_installed
from autoresearch.engine.control.append import Appended
from autoresearch.engine.control.start_point import guidance_edited, newer_commit, uncommitted, unpulled
from autoresearch.engine.core.asks.pending import reviewer as reviewer_of
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Repository
from autoresearch.engine.runs.locate import Chosen, Found
from autoresearch.engine.system import landlock
from autoresearch.engine.system.interpreter import Interpreter, look_for
from autoresearch.events import catalog as ev
from autoresearch.events import clock
from autoresearch.events.clock import seconds_between
from autoresearch.events.compared import deciding_changes
from autoresearch.events.setting import PYTHON
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Request
from autoresearch.projections.parts import seeds
from autoresearch.projections.parts.proposers import agents_of
from autoresearch.projections.parts.sandbox import sandbox


@frozen(kw_only=True)
class Proposer:
    """Who proposes where no human does."""

    agent: str  # NONE: the seeded search
    wanted: bool  # an agent was not ruled out
    missing: tuple[str, ...]  # agents whose program is not on PATH
    sandbox: str  # what holds it to its checkout, or why nothing does; "" for the seeded search
    landlock: int  # version of that in this kernel
    found: str = ""  # why this agent
    others: tuple[str, ...] = ()  # that take turns with it
    turns: str = ""  # by which rule
    review: str = ""  # what a second agent reads: "before-training", "before-keep", or nothing
    reviewer: str = ""
    reviewer_missing: bool = False  # its program is not on PATH


@frozen(kw_only=True)
class Idle:
    """Why a runner has nothing to be told."""

    why: Literal["nothing_left", "waits_for_human", "runner_alive", "limit_reached", "at_rest"]
    loops_left: int
    human: str = ""  # what a human must do
    left_open: tuple[int, tuple[str, ...]] | None = None  # an iteration that waits, and the stages it needs


@frozen(kw_only=True)
class TooShort:
    """What a baseline is expected to take, and what was asked for is less."""

    seeds: int  # under which it is trained
    once_s: float  # a training, as it is expected
    left_s: float | None  # to the time that was asked for
    trainings: int | None  # that were asked for at most


@frozen(kw_only=True)
class LeftOut:
    """An earlier run whose keeps are not in the commit that a new run stands on."""

    run_id: str
    branch: str  # that leads to them; "": none does
    commit: str  # the best of them
    keeps: int


@frozen(kw_only=True)
class StartOutcome:
    """A run that was asked to do something."""

    paths: RunPaths
    branch: str
    request: Request | None  # None: to go on with what is left
    seq: int  # of the history before it was asked
    chosen: Chosen = "named"
    idle: Idle | None = None  # None: a runner is needed
    uncommitted: tuple[str, ...] = ()  # files whose edits are not part of the run
    submodules: tuple[str, ...] = ()  # whose files the run's checkouts do not have
    unpulled: tuple[str, ...] = ()  # files in git LFS of which the user has the pointers alone
    guards: tuple[str, ...] = ()  # commands that have to hold for a keep, and are run on the baseline
    newer_commit: str = ""  # the user's, where a run has no baseline yet and keeps the one that it began on
    guidance_edited: str = ""  # the guidance file, where agents do not see its edits
    earlier_loops: int = 0  # that were asked for before and go first; OPEN_END or nearly: as many as fit
    loops_aside: int = 0  # that were asked for before, and wait for a `resume`
    remeasured_for: tuple[str, ...] = ()  # deciding settings that changed: the best is measured again first
    proposer: Proposer | None = None  # None: nothing is proposed
    memory: tuple[ev.MemoryNamed, ...] = ()  # other runs of which agents are told
    again: bool = False  # it was asked before, under the same key
    base: str = ""  # the commit that a new run stands on
    too_short: TooShort | None = None  # what was asked for, for the baseline alone
    left_out: LeftOut | None = None  # what an earlier run kept, where a new one does not stand on it
    python: Interpreter | None = None  # of a new run: what `{python}` of its training stands for


def started(
    paths: RunPaths, git: Repository, events: Sequence[ev.Event], *, again: bool = False
) -> StartOutcome:
    """Return what was asked of a run when it began, by its first events."""
    begun, request = events[0], asked_in(events)
    assert isinstance(begun, ev.RunStarted)  # a history begins with it
    config = begun.config
    return StartOutcome(
        paths=paths,
        branch=begun.branch,
        request=request,
        seq=0,
        base=begun.base_commit,
        too_short=None if request is None else too_short(request, config, clock.now()),
        submodules=git.lacking_submodules(begun.base_commit),
        unpulled=unpulled(paths.home, git, begun.base_commit),
        guards=config.guard_commands,
        uncommitted=uncommitted(git, config),
        guidance_edited=guidance_edited(git, config),
        proposer=_proposer(request, config) if request is not None else None,
        memory=memory_in(events),
        again=again,
        python=look_for(paths.home, config.python) if any(PYTHON in word for word in config.train) else None,
    )


def too_short(request: Request, config: RunConfig, now: str) -> TooShort | None:
    """Return what the baseline of a new run takes, where a limit of what was asked for leaves less. Pure."""
    if "baseline" not in request.stages or "loop" not in request.stages:
        return None
    count = seeds.of_baseline(config, request.loops)
    left_s = seconds_between(now, request.until) if request.until else None
    trainings = request.max_trainings or None
    short = left_s is not None and left_s < count * config.expected_s
    if not short and (trainings is None or trainings > count):
        return None
    exceeded_s = left_s if short else None
    return TooShort(seeds=count, once_s=config.expected_s, left_s=exceeded_s, trainings=trainings)


def asked_of(found: Found, git: Repository, done: Appended, config: RunConfig) -> StartOutcome:
    """Return what was asked of a run that was there."""
    run, request = done.run, asked_in(done.events)
    remeasured = run.best is not None and not run.best.was_measured_with(run.deciding)
    return StartOutcome(
        paths=found.paths,
        branch=run.branch,
        request=request,
        seq=done.seq,
        chosen=found.chosen,
        uncommitted=uncommitted(git, config),
        newer_commit=newer_commit(git, run),
        guidance_edited=guidance_edited(git, config),
        earlier_loops=sum(one.loops_left for one in run.requests[:-1]) if request else 0,
        loops_aside=sum(one.loops_left for one in run.set_aside) if request else 0,
        remeasured_for=deciding_changes(done.before.config, run.config) if remeasured else (),
        proposer=_proposer(request, config) if request and request.loops else None,
        memory=memory_in(done.events),
        again=done.again,
    )


def asked_in(events: Sequence[ev.Event]) -> Request | None:
    """Return the request among events that were recorded together; None where there is none."""
    return next((one.request for one in events if isinstance(one, ev.LoopsRequested)), None)


def memory_in(events: Sequence[ev.Event]) -> tuple[ev.MemoryNamed, ...]:
    """Return the other runs that were named as memory among events that were recorded together."""
    return tuple(one for one in events if isinstance(one, ev.MemoryNamed))


def _proposer(request: Request, config: RunConfig) -> Proposer | None:
    if "loop" not in request.stages or "propose" not in request.loop_stages:
        return None
    version = landlock.version()
    reviewer = "" if config.review == "off" else reviewer_of(config, request)
    return Proposer(
        agent=request.agent if request.asks_agent else NONE,
        wanted=request.stochastic,
        missing=tuple(name for name in agents_of(request) if not is_installed(name)),
        sandbox=sandbox(config, version) if request.asks_agent else "",
        landlock=version,
        found=request.agent_found,
        others=request.others,
        turns=config.agent_turns if request.others else "",
        review=config.review if reviewer else "",
        reviewer=reviewer,
        reviewer_missing=reviewer not in ("", NONE) and not is_installed(reviewer),
    )
