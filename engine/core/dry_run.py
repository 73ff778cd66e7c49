"""What a request would come to, asked of the decider before anything is appended. Pure.

Only for what can be told for certain: a request that waits behind another one is never refused here,
since that one changes the state first.
"""

from collections.abc import Iterable

from attrs import evolve as replace

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import active_request, decide
from autoresearch.engine.core.final import trains
from autoresearch.engine.verdicts import repeats
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.errors import WayOut
from autoresearch.events.values import LOOP_STAGES, Best, LoopStage, Request, Score
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import RunState
from autoresearch.projections.words.wording import say


def after(run: RunState, events: Iterable[ev.Event]) -> RunState:
    """Return the state as it would be after these events."""
    for event in events:
        imagined = Recorded(
            seq=run.seq + 1, at=run.updated_at, by="", key=None, tx=None, event=event, hash="", end=0
        )
        run = RUN.evolve(run, imagined)
    return run


def nothing_left(run: RunState) -> bool:
    """Say whether going on would come to rest at once: all that was asked for is done."""
    return any(
        isinstance(one, do.Stop) and one.how == "done" for one in decide(after(run, [ev.RunResumed()]))
    )


def why_blocked(run: RunState, request: Request) -> tuple[str, WayOut | None]:
    """Say why a request could not do anything, and the way out; "" and None where it could."""
    if active_request(run) is not None:
        return "", None
    then = _granted(after(run, [ev.RunResumed(), ev.LoopsRequested(request=request)]), request)
    for command in decide(then):
        match command:
            case do.Stop(how="blocked"):
                return say(command.reason), _way_out(then, request)
            case do.LeaveOpen():
                may = ", ".join(request.loop_stages)
                stage = command.next_stage
                why = f"iteration {command.iteration} waits for {stage}, and the request may only {may}"
                return why, WayOut("go_on_with_stages", stages=",".join(stages_from(stage)))
            case _:
                pass
    return "", None


def why_pointless(run: RunState) -> tuple[str, WayOut | None]:
    """Say why fresh seeds would tell nothing of a run, and the way out; "" and None where they may do.

    At rest they are trained on alone; else loops may still come before them.
    """
    if run.stopped is None and (run.best is None or active_request(run) is not None):
        return "", None
    if run.best is None:
        return "nothing was measured yet: there is no gain to measure", WayOut("resume", run_id=run.run_id)
    if len(run.keeps) == 1:
        more = WayOut("resume", run_id=run.run_id) if run.loops_left else WayOut("ask_for_more")
        return "nothing was kept beside the baseline: there is no gain to measure", more
    if repeats.of_seeds(run) == 0:
        return "every seed gives the same number here: fresh ones tell nothing new", WayOut("experiments")
    return "", None


def why_idle(run: RunState, request: Request) -> tuple[str, WayOut | None]:
    """Say why a request for fresh seeds alone would train nothing; "" and None where it trains."""
    busy, then = run.stopped is None, after(run, [ev.LoopsRequested(request=request)])
    if busy and run.final_repeats and request.final == run.final_left and not request.consolidate:
        return "the gain is being measured on fresh seeds already", WayOut("status")
    if busy and run.consolidate_repeats and request.consolidate == run.consolidate_left:
        return "each keep is being measured on fresh seeds already", WayOut("status")
    if busy or trains(then):
        return "", None
    why = "what was kept can no longer be measured as the baseline was: nothing is trained"
    return why, WayOut("experiments")


def stages_from(first: LoopStage) -> tuple[LoopStage, ...]:
    """Return the stages that an iteration still needs that waits for `first`."""
    return LOOP_STAGES[LOOP_STAGES.index(first) :]


def _granted(run: RunState, request: Request) -> RunState:
    """Take for done what the request itself will do before its loops."""
    if "setup" in request.stages:
        run = replace(run, setup=replace(run.setup, ok=True, checked=True))
    if "baseline" in request.stages and run.best is None and run.setup.ok:
        first = Score(metric=0.0)
        best = Best(iteration=0, commit=run.base_commit, tree=run.base_tree, scores=(first,))
        run = replace(run, keeps=(best,), open=(), last_iteration=0)
    return run


def _way_out(run: RunState, request: Request) -> WayOut:
    if not run.setup.ok:
        return WayOut("add_setup")
    if run.best is None and "baseline" not in request.stages:
        return WayOut("add_baseline")
    return WayOut("begin_earlier")
