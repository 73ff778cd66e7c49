"""The state of a run, as the decider reads it: what was asked, what is open, what is best.

One reducer an event; others are in iteration_reducers.py and keep_reducers.py. Closed iterations leave
no trace here but counts and the best one, so that the state stays small at a hundred thousand of them;
projections/timeline.py has a row for each. Reducers never fail.
"""

from collections.abc import Callable
from typing import Any

from attrs import evolve as replace

from autoresearch.events import catalog as ev
from autoresearch.events.clock import passed
from autoresearch.events.compared import deciding_digest
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import IMPORTED, OPEN_END, Best, Score
from autoresearch.projections import agent_health
from autoresearch.projections.fold import Projection, Reducer
from autoresearch.projections.parts import backlog
from autoresearch.projections.parts.backlog import Backlog
from autoresearch.projections.parts.limits import Budgets, Ends, Limits
from autoresearch.projections.reducers import calls, retraction, reviews
from autoresearch.projections.reducers import iteration as iteration_reducers
from autoresearch.projections.reducers import keep as keep_reducers
from autoresearch.projections.run_state import Job, PendingRequest, RunState, WaitingProposal
from autoresearch.projections.state_format import RUN_NAME, RUN_VERSION


__all__ = ["RUN", "RunState"]

SETUP_SETTINGS = frozenset(
    {"prepare", "check", "env", "shared", "inputs", "train"}
)  # what files and data are prepared and checked with


ENDS = {"keep": "kept", "discard": "discarded", "crash": "crashed", "not_applied": "not_applied"}


# --- the run -----------------------------------------------------------------------------------


def _run_started(state: RunState, event: ev.RunStarted, _seq: int, at: str) -> None:
    _config(state, event.config)  # first: it may be of a later program
    state.run_id = state.seeded_by = event.run_id
    state.branch = event.branch
    state.base_commit = state.branch_commit = event.base_commit
    state.base_tree = event.base_tree
    state.started_at = at


def _config_changed(state: RunState, event: ev.ConfigChanged, _seq: int, _at: str) -> None:
    _config(state, event.config)
    agent_health.settings_changed(state)
    if "editable" in event.changed:  # code is a digest of these files
        state.known = ()
    outside = state.baseline_outside
    if outside is not None and all(guard.strip() != outside.inputs["guard"] for guard in state.config.guards):
        state.baseline_outside = None
    if not SETUP_SETTINGS.isdisjoint(event.changed):
        setup = state.setup
        known = setup.checked or setup.preparations > 0
        setup.outdated = bool(event.config.prepare) and (
            setup.outdated or (known and "prepare" in event.changed)
        )
        setup.ok = setup.checked = setup.prepared = False


def _config(state: RunState, config: RunConfig) -> None:
    state.config, state.deciding = config, deciding_digest(config)
    state.trained_as = deciding_digest(config, but="metric.")


def _loops_requested(state: RunState, event: ev.LoopsRequested, _seq: int, at: str) -> None:
    # Before the baseline stands, a request without loops may still owe setup and baseline.
    request, rests = event.request, state.stopped is not None
    # Also where its runner was lost, or is at work, while it measures alone already.
    apart = request.alone and (rests or state.ends_aside is not None)
    if "loop" in request.stages and not apart:
        _take_back_ends(state)
    earlier = (*state.set_aside, *state.requests)
    if rests and request.loops:  # what had no end but its limits is over with them
        earlier = tuple(one for one in earlier if one.request.loops != OPEN_END)
    unserved = tuple(one for one in earlier if one.loops_left > 0 or state.best is None)
    if apart and unserved and state.ends_aside is None:
        state.ends_aside = Ends(
            limits=state.limits, final=state.final_left, consolidate=state.consolidate_left
        )
    state.request = request
    budgeted = Budgets().raised(request) != Budgets()
    limited = bool(request.until or request.max_trainings)
    if limited or (rests and "loop" in request.stages):
        state.limits = Limits(until=request.until, trainings=request.max_trainings, asked_at=at)
    state.budgets = state.budgets.raised(request)
    asked = PendingRequest(request=request, loops_left=request.loops)
    # At rest, `--only setup` or `final` does only that: what was asked before waits for a `resume`.
    only = apart or (rests and "loop" not in request.stages)
    state.set_aside, state.requests = (unserved, (asked,)) if only else ((), (*unserved, asked))
    alone = request.loops == 0 and not (limited or budgeted)  # else it goes on with the loops that are left
    keeps_alone = alone and request.consolidate > 0
    if apart and rests and keeps_alone:
        state.final_left = 0
    # It is stated anew, unless it is being measured: also where as many were left.
    anew = request.anew and alone and request.final > 0 and not state.final_repeats
    if "loop" in request.stages and (request.final != state.final_left or anew) and not keeps_alone:
        state.final_left, state.final_again = request.final, alone
        state.final_repeats = ()
    anew = request.anew and alone and request.consolidate > 0 and not state.consolidate_repeats
    if "loop" in request.stages and (request.consolidate != state.consolidate_left or anew):
        state.consolidate_left, state.consolidate_again = request.consolidate, alone
    if request.loops:  # a rule that asks for several seeds may choose by those
        state.consolidate_repeats = ()
    _go_on(state, at, ends_rests=False)


def _run_resumed(state: RunState, event: ev.RunResumed, _seq: int, at: str) -> None:
    state.requests, state.set_aside = (*state.set_aside, *state.requests), ()
    _take_back_ends(state)
    _go_on(state, at, ends_rests=event.ends_rests)
    _unpause(state)


def _take_back_ends(state: RunState) -> None:
    """End what waited by what it was asked for with; a measurement that is still due stays due."""
    ends, state.ends_aside = state.ends_aside, None
    if ends is not None:
        state.limits = ends.limits
        state.final_left = state.final_left or ends.final
        state.consolidate_left = state.consolidate_left or ends.consolidate


def _runner_started(state: RunState, event: ev.RunnerStarted, _seq: int, _at: str) -> None:
    state.runner, state.runner_mode = event.process, event.mode
    state.devices, state.device_classes, state.driver = event.devices, event.device_classes, event.driver
    state.landlock, state.decides = event.landlock, event.decides
    state.setup.stale = state.setup.ok


def _run_paused(state: RunState, event: ev.RunPaused, _seq: int, _at: str) -> None:
    state.paused = event.reason
    state.agent_failures = 0


def _run_unpaused(state: RunState, _event: ev.RunUnpaused, _seq: int, _at: str) -> None:
    _unpause(state)


def _stop_requested(state: RunState, event: ev.StopRequested, _seq: int, _at: str) -> None:
    state.stop = "now" if event.now or state.stop == "now" else "after_stage"


def _time_ran_out(state: RunState, event: ev.TimeRanOut, _seq: int, _at: str) -> None:
    state.limits = replace(state.limits, time_up=event.left)


def _keep_adopted(state: RunState, event: ev.KeepAdopted, _seq: int, _at: str) -> None:
    state.branch_commit = state.adopted = event.commit


def _run_stopped(state: RunState, event: ev.RunStopped, _seq: int, at: str) -> None:
    state.stop = None
    state.stopped, state.stopped_reason, state.stopped_at = event.how, event.reason, at
    state.runner = state.runner_mode = None
    if event.how in ("done", "blocked"):  # what was done or cannot be done is not tried again
        state.requests = ()


def _go_on(state: RunState, at: str, *, ends_rests: bool) -> None:
    """Lift what a stop or a failure left behind; setup that was incomplete is looked at again."""
    agent_health.resumed(state, ends_rests=ends_rests)
    if state.stopped is not None:  # a human has looked
        rest_s = passed(state.stopped_at, at)
        state.rested_s += rest_s
        for one in state.open:
            one.approval = one.approval.after_rest(rest_s)
        state.without_keep = state.crashes = 0
    state.stop = state.stopped = None
    state.stopped_reason = state.baseline_failed = state.baseline_reason = None
    if not state.setup.ok:
        state.setup.checked = state.setup.prepared = False


def _unpause(state: RunState) -> None:
    """Count what led to the pause from the beginning again: a human has looked."""
    state.paused = state.touched = state.baseline_guard = None
    state.setup.lost = state.not_applied = 0
    for one in state.open:
        one.lost = one.unseen = 0


# --- setup -------------------------------------------------------------------------------------


def _setup_checked(state: RunState, event: ev.SetupChecked, _seq: int, _at: str) -> None:
    setup = state.setup
    setup.checked, setup.stale = True, False
    setup.ok, setup.preparable, setup.data_id = event.ok, event.preparable, event.data_id
    setup.missing, setup.shared, setup.inputs = event.missing, event.shared, event.inputs
    setup.python_path, setup.libraries = event.python_path, event.libraries
    setup.versions = event.versions
    setup.interpreter, setup.interpreter_from = event.interpreter, event.interpreter_from


def _prepare_started(state: RunState, event: ev.PrepareStarted, _seq: int, at: str) -> None:
    state.setup.preparations = event.preparation
    state.setup.ok = state.setup.outdated = False
    state.setup.job = Job(step="prepare", number=event.preparation, since=at)


def _prepare_finished(state: RunState, event: ev.PrepareFinished, _seq: int, _at: str) -> None:
    setup = state.setup
    setup.job, setup.checked, setup.prepared, setup.lost = None, False, True, 0
    setup.failure, setup.made = event.reason, event.made


# --- proposals ---------------------------------------------------------------------------------


def _proposal_received(state: RunState, event: ev.ProposalReceived, seq: int, _at: str) -> None:
    waiting = WaitingProposal(seq=seq, source=event.source, proposal=event.proposal, without=event.without)
    state.waiting = (waiting, *state.waiting) if event.first else (*state.waiting, waiting)


def _proposal_withdrawn(state: RunState, event: ev.ProposalWithdrawn, _seq: int, _at: str) -> None:
    state.waiting = tuple(one for one in state.waiting if one.seq != event.received)


# --- a run that begins with another one's results ----------------------------------------------


def _run_forked(state: RunState, event: ev.RunForked, _seq: int, _at: str) -> None:
    state.forked = event.source
    state.seeded_by, state.last_repeat = event.seeded_by, event.last_repeat
    state.keeps, state.retracted = event.keeps, event.retracted


def _result_inherited(state: RunState, event: ev.ResultInherited, _seq: int, _at: str) -> None:
    """Count an iteration of the other run; what was kept there is known already."""
    number, verdict = event.iteration, event.verdict
    state.last_iteration = number
    keep_reducers.learn(state, event.inputs, kept=verdict == "keep")
    keep_reducers.take_out(state, number, event.inputs, kept=verdict == "keep" and event.retracted is None)
    if number == 0:
        state.baseline = event.metric
        scores = state.keeps[0].scores if state.keeps else ()
        belief = keep_reducers.first_belief(state, scores, event.inputs)
        state.learned = replace(state.learned, belief=belief)
    elif verdict in ENDS:
        name = "retracted" if verdict == "keep" and event.retracted is not None else ENDS[verdict]
        name = "stopped_early" if event.outcome == "stopped_early" else name
        state.counts = replace(state.counts, **{name: getattr(state.counts, name) + 1})
        state.completed += 1
        state.comparisons += event.rule == IMPORTED and event.metric is not None


# --- runs of other programs --------------------------------------------------------------------


def _run_imported(state: RunState, event: ev.RunImported, _seq: int, _at: str) -> None:
    state.imported = event.source
    state.started_at = event.began_at or state.started_at


def _result_imported(state: RunState, event: ev.ResultImported, _seq: int, _at: str) -> None:
    """Fold a whole iteration of another program: its verdict is taken as it stands."""
    number, metric, best = event.iteration, event.metric, state.best
    if event.status == "keep" and metric is not None:
        worse = best is not None and (
            metric > best.metric if state.config.metric.lower_is_better else metric < best.metric
        )
        if not worse:  # some keep a slightly worse result for its simpler code
            commit = event.commit or ""
            kept = Best(iteration=number, commit=commit, tree="", scores=(Score(metric=metric),))
            state.keeps = (*state.keeps, kept)
    state.last_iteration = number
    if number == 0:
        state.baseline = metric
        return
    counts = state.counts
    match event.status:
        case "keep":
            state.counts = replace(counts, kept=counts.kept + 1)
        case "discard":
            state.counts = replace(counts, discarded=counts.discarded + 1)
        case "crash":
            state.counts = replace(counts, crashed=counts.crashed + 1)
    state.completed += 1
    state.comparisons += metric is not None


# --- what is left for later --------------------------------------------------------------------


def _in_backlog(change: Callable[[Backlog, Any, str], Backlog]) -> Reducer[RunState]:
    """Return the reducer of an event that changes the backlog alone."""

    def reducer(state: RunState, event: Any, _seq: int, at: str) -> None:  # noqa: ANN401 - any of them
        state.backlog = change(state.backlog, event, at)

    return reducer


# --- the projection ----------------------------------------------------------------------------


def _own(state: RunState) -> RunState:
    return replace(state, setup=replace(state.setup), open=tuple(replace(one) for one in state.open))


def _mark(state: RunState, seq: int, at: str) -> None:
    state.seq, state.updated_at = seq, at


# NoteAdded, ProposalRefused, RunCleaned, TailHealed and HistoryRepaired change nothing here.
REDUCERS: dict[type[Any], Reducer[RunState]] = {
    ev.RunStarted: _run_started,
    ev.WaitEnded: agent_health.wait_ended,
    ev.QuestionAsked: agent_health.question_asked,
    ev.QuestionAnswered: agent_health.question_answered,
    ev.QuestionTimedOut: agent_health.question_timed_out,
    ev.ConfigChanged: _config_changed,
    ev.LoopsRequested: _loops_requested,
    ev.RunResumed: _run_resumed,
    ev.RunnerStarted: _runner_started,
    ev.RunPaused: _run_paused,
    ev.RunUnpaused: _run_unpaused,
    ev.StopRequested: _stop_requested,
    ev.TimeRanOut: _time_ran_out,
    ev.RunStopped: _run_stopped,
    ev.KeepAdopted: _keep_adopted,
    ev.ResultRetracted: retraction.retract,
    ev.SetupChecked: _setup_checked,
    ev.PrepareStarted: _prepare_started,
    ev.PrepareFinished: _prepare_finished,
    ev.ProposalReceived: _proposal_received,
    ev.ProposalWithdrawn: _proposal_withdrawn,
    ev.RunForked: _run_forked,
    ev.ResultInherited: _result_inherited,
    ev.RunImported: _run_imported,
    ev.ResultImported: _result_imported,
    **calls.REDUCERS,
    **{kind: _in_backlog(change) for kind, change in backlog.CHANGES.items()},
    **iteration_reducers.REDUCERS,
    **keep_reducers.REDUCERS,
    **reviews.REDUCERS,
}

RUN = Projection(
    name=RUN_NAME,
    version=RUN_VERSION,
    initial=RunState,
    own=_own,
    reducers=REDUCERS,
    mark=_mark,
    kept_as=RunState,
)
