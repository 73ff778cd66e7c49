"""What start and resume were asked, and who does it, in lines: the outcomes of engine/control/start.py."""

from collections.abc import Iterator

from autoresearch.engine.agents.known import NONE
from autoresearch.engine.control.launch import Launched
from autoresearch.engine.control.outcome import Idle, LeftOut, Proposer, StartOutcome, TooShort
from autoresearch.engine.control.results.take_out import TakeOutOutcome
from autoresearch.engine.control.start_point import more
from autoresearch.events.errors import WayOut
from autoresearch.events.values import TOP_STAGES, Request
from autoresearch.projections.words.times import counted, duration, one_line
from autoresearch.projections.words.wording import (
    FOUND,
    asked_for,
    loops_left_words,
    name_of,
    say,
    say_sandbox,
    short,
)
from autoresearch.workflows.pages.acts.memory import memory_lines
from autoresearch.workflows.pages.python import interpreter_line
from autoresearch.workflows.pages.ways_out import PULL_LFS, typed, worded


def start_lines(outcome: StartOutcome) -> Iterator[str]:
    """Yield what was asked of which run, and what people should know about it."""
    chosen = {
        "named": "",
        "latest": " (the latest run)",
        "latest_of_branch": f" (the latest run of {outcome.branch})",
    }
    yield f"{outcome.paths.run_id} on {outcome.branch}{chosen[outcome.chosen]}"
    if outcome.again:
        yield "this was asked before under the same key, and nothing was changed; then:"
    if outcome.request is not None:
        yield f"asked for {_asked(outcome.request, again=outcome.seq > 0)}"
    if outcome.python is not None:
        yield f"interpreter: {interpreter_line(outcome.python)}"
    if outcome.left_out is not None:
        yield _left_out(outcome.left_out)
    if outcome.too_short is not None:
        yield _too_short(outcome.too_short)
    if outcome.remeasured_for:
        names = ", ".join(outcome.remeasured_for)
        yield f"{names} changed: before the next verdict the best is measured again under the new settings"
    if outcome.uncommitted:
        names = ", ".join(outcome.uncommitted)
        yield (
            f"uncommitted changes to {names} are not part of the run: to include them, commit and start anew"
        )
    if outcome.newer_commit:
        yield (
            f"the run keeps the commit it began on, and {short(outcome.newer_commit)} is not part of it: "
            f"{typed('start')} begins a new run on what you committed"
        )
    if outcome.submodules:
        names = ", ".join(outcome.submodules)
        yield (
            f"the submodules {names} are not here, and empty in the run's checkouts: "
            "git submodule update --init --recursive, before anything trains that needs one"
        )
    if outcome.unpulled:
        names = f"{outcome.unpulled[0]}{more(outcome.unpulled)}"
        yield f"{names} in git LFS was not pulled here, and trainings may read a pointer: {PULL_LFS}"
    if outcome.guards:
        names = ", ".join(guard.partition(":")[0].strip() for guard in outcome.guards)
        yield (
            f"{names} is run on the baseline once it has trained, and the run pauses where that fails: "
            f"{typed('doctor')} runs it now"
        )
    if outcome.guidance_edited:
        file = outcome.guidance_edited
        yield f"agents do not see your edits to {file}: commit it, and each question from then on has it"
    if outcome.earlier_loops:
        yield f"what was asked for before goes first: {loops_left_words(outcome.earlier_loops)}"
    if outcome.loops_aside:
        left = loops_left_words(outcome.loops_aside)
        yield f"what was asked for before waits: {left}, until {typed('resume')} goes on with it"
    if outcome.proposer is not None:
        yield _proposer(outcome.proposer)
        if outcome.proposer.review:
            yield _reviewer(outcome.proposer)
        if outcome.proposer.sandbox:
            yield say_sandbox(outcome.proposer.sandbox, outcome.proposer.landlock)
    yield from memory_lines(outcome.memory)
    if outcome.idle is not None:
        yield _idle(outcome.idle)


def _left_out(one: LeftOut) -> str:
    """Say what an earlier run kept that this one begins without, and how to begin on it."""
    said = f"this run begins without the {counted(one.keeps, 'keep')} of {one.run_id}"
    if not one.branch:
        return f"{said}: to have them, {typed('stop')}, `git merge {short(one.commit)}`, and start anew"
    begin = typed(f"start --branch {one.branch}")
    return f"{said}: to have them, {typed('stop')}, then {begin}, or `git merge {one.branch}` and start anew"


def _too_short(one: TooShort) -> str:
    """Say by how much the baseline alone exceeds what was asked for."""
    takes = f"the baseline alone is trained {counted(one.seeds, 'time')}"
    if one.left_s is None:
        return f"{takes}: of {counted(one.trainings or 0, 'training')} none is left for a change"
    each = f"up to {duration(one.once_s)} each as `expected_s` has it"
    return (
        f"{takes}, {each}: {duration(one.seeds * one.once_s)}, and the run ends in {duration(one.left_s)}; "
        "where that is too short, nothing is tried"
    )


def _asked(request: Request, *, again: bool) -> str:
    """Return what a request asks for: of a run that is there, without loops, what it measures."""
    limited = request.until or request.max_trainings
    if request.loops or not again or limited or request.stages != TOP_STAGES:
        return asked_for(request)
    if request.consolidate:
        return f"what each keep gives on {_fresh(request.consolidate)}"
    return f"the gain on {_fresh(request.final)}" if request.final else asked_for(request)


def _fresh(seeds: int) -> str:
    return f"{counted(seeds, 'fresh seed')}"


def take_out_lines(outcome: TakeOutOutcome) -> Iterator[str]:
    """Yield what is tried without which keep, and what cannot be taken out."""
    yield (
        f"the best is trained without {', '.join(map(name_of, outcome.tried))}, each by itself,"
        f" on {counted(len(outcome.repeats), 'fresh seed')}"
    )
    for number, against in outcome.stuck:
        yield f"{name_of(number)} cannot be taken out alone, and stays: {one_line(say(against), 300)}"


def launched_line(launched: Launched) -> str:
    """Say who does what was asked."""
    who = f", process {launched.runner.pid}" if launched.runner and launched.runner.pid else ""
    if launched.already:
        return f"a runner is at work already{who}: it hears this"
    if launched.ends_with:
        way_out = worded(WayOut("outside_sandbox"))
        first = f"this sandbox or container, whose process 1 is {launched.ends_with}"
        return f"runner started in the background{who}; it ends with {first}: {way_out}"
    return f"runner started in the background{who}; it goes on by itself"


def _proposer(one: Proposer) -> str:
    if not one.wanted:
        return "no agent is asked: the seeded search proposes"
    if one.agent == NONE:
        return "there is no agent to ask (`--agent` names one): the seeded search proposes"
    why = f" ({FOUND[one.found]})" if one.found in FOUND and one.found != "named" else ""
    who = f"{one.agent} proposes{why}"
    if one.others:
        who = f"{', '.join((one.agent, *one.others))} take turns in proposing ({one.turns})"
    if one.missing:
        is_not, them = ("is", "it") if len(one.missing) == 1 else ("are", "them")
        return f"{who}, but {', '.join(one.missing)} {is_not} not on PATH: asking {them} will fail"
    return who


def _reviewer(one: Proposer) -> str:
    who = f"{one.reviewer} reviews {one.review.replace('-', ' a ')}"
    if one.reviewer_missing:
        return f"{who}, but it is not on PATH: asking it will fail ({typed('doctor')} looks at it)"
    return who


def _idle(idle: Idle) -> str:
    match idle.why:
        case "waits_for_human":
            return idle.human
        case "runner_alive":
            return f"a runner is at work already; left: {loops_left_words(idle.loops_left)}"
        case "limit_reached":
            return f"{idle.human}; {typed('resume --for 2h')} goes on, or --until, --max-trainings, --loops"
        case "at_rest":
            return "the run came to rest before; nothing was interrupted"
        case "nothing_left" if idle.left_open is None:
            return "nothing is left to do; --loops N asks for more"
        case "nothing_left":
            number, stages = idle.left_open
            go_on = worded(WayOut("go_on_with_stages", stages=",".join(stages)))
            waits = f"iteration {number} waits for {stages[0]}: {go_on}"
            return f"nothing is left to do; --loops N asks for more. {waits}"
