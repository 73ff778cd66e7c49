"""The state of a run, as the decider reads it: what was asked, what is open, what is best.

Closed iterations leave no trace here but counts and the best one, so that the state stays small at a
hundred thousand of them; projections/timeline.py has a row for each. `evolve` is pure and never fails.
"""

from attrs import evolve as replace

from events import catalog as ev
from events.codec import RawEvent, Recorded
from events.values import LoopStage
from projections.fold import Projection
from projections.state import Asked, Best, Counts, Iteration, Job, RunState, Setup, Waiting


__all__ = ["RUN", "RunState", "evolve"]


def evolve(state: RunState, recorded: Recorded) -> RunState:
    """Return the state after one more recorded event."""
    state = replace(state, seq=recorded.seq, updated_at=recorded.at)
    event = recorded.event
    if isinstance(event, RawEvent):  # only readers that show get here
        return state
    changed = _run(state, event, recorded)
    if changed is None:
        changed = _loop(state, event, recorded)
    return changed


RUN = Projection(name="run", version=3, initial=RunState, evolve=evolve)


def _run(state: RunState, event: ev.Event, recorded: Recorded) -> RunState | None:
    """Evolve by what concerns the run as a whole; None if the event concerns an iteration."""
    match event:
        case ev.RunStarted():
            return replace(
                state,
                run_id=event.run_id,
                branch=event.branch,
                base_commit=event.base_commit,
                branch_commit=event.base_commit,
                base_tree=event.base_tree,
                config=event.config,
                started_at=recorded.at,
            )
        case ev.ConfigChanged():
            return replace(state, config=event.config)
        case ev.LoopsRequested():
            # Before the baseline stands, a request without loops may still owe setup and baseline.
            unserved = tuple(one for one in state.asked if one.loops_left > 0 or state.best is None)
            asked = Asked(request=event.request, loops_left=event.request.loops)
            return _going_on(replace(state, asked=(*unserved, asked)))
        case ev.RunResumed():
            return _unpaused(_going_on(state))
        case ev.RunnerStarted():
            return replace(state, runner=event.process, runner_mode=event.mode)
        case ev.RunPaused():
            return replace(state, paused=event.reason, agent_failures=0)
        case ev.RunUnpaused():
            return _unpaused(state)
        case ev.StopRequested():
            return replace(state, stop="now" if event.now or state.stop == "now" else "after_stage")
        case ev.RunStopped():
            return replace(
                state,
                stop=None,
                stopped=event.reason,
                stopped_detail=event.detail,
                # What was done or cannot be done is not tried again by the next request.
                asked=() if event.reason in ("done", "blocked") else state.asked,
                runner=None,
                runner_mode=None,
            )
        case ev.ProposalReceived():
            waiting = Waiting(seq=recorded.seq, source=event.source, proposal=event.proposal)
            return replace(state, waiting=(*state.waiting, waiting))
        case ev.SetupChecked() | ev.PrepareStarted() | ev.PrepareFinished():
            return replace(state, setup=_setup(state.setup, event, recorded))
        case ev.RunImported():
            began = event.began_at or state.started_at
            return replace(state, imported=event.source, started_at=began)
        case ev.ResultImported():
            return _imported(state, event)
        case ev.KeepAdopted():
            return replace(state, branch_commit=event.commit)
        case ev.NoteAdded() | ev.RunCleaned() | ev.ProposalRefused() | ev.TailHealed():
            return state
        case _:
            return None


def _going_on(state: RunState) -> RunState:
    """Lift what a stop or a failure left behind; setup that was incomplete is looked at again."""
    setup = state.setup if state.setup.ok else replace(state.setup, checked=False, prepared=False)
    return replace(
        state,
        stop=None,
        stopped=None,
        stopped_detail="",
        baseline_failed="",
        setup=setup,
        open=tuple(replace(one, left_open=False) for one in state.open),
    )


def _unpaused(state: RunState) -> RunState:
    """Count what led to the pause from the beginning again: a human has looked."""
    return replace(state, paused=None, open=tuple(replace(one, lost=0) for one in state.open))


def _setup(
    setup: Setup, event: ev.SetupChecked | ev.PrepareStarted | ev.PrepareFinished, recorded: Recorded
) -> Setup:
    match event:
        case ev.SetupChecked():
            return replace(
                setup,
                checked=True,
                ok=event.ok,
                missing=event.missing,
                preparable=event.preparable,
                data_id=event.data_id,
            )
        case ev.PrepareStarted():
            job = Job(step="prepare", attempt=event.attempt, since=recorded.at)
            return replace(setup, prepares=event.attempt, job=job)
        case ev.PrepareFinished():
            return replace(
                setup, job=None, checked=False, prepared=True, failure="" if event.ok else event.reason
            )


def _imported(state: RunState, event: ev.ResultImported) -> RunState:
    """Fold a whole iteration of another program: its verdict is taken as it stands."""
    best = state.best
    if event.status == "keep" and event.metric is not None:
        worse = best is not None and (
            event.metric > best.metric if state.config.metric.lower_is_better else event.metric < best.metric
        )
        if not worse:  # some keep a slightly worse result for its simpler code
            best = Best(
                iteration=event.iteration,
                commit=event.commit or "",
                tree="",
                metric=event.metric,
                data_id=None,
            )
    if event.iteration == 0:
        return replace(state, last_iteration=0, best=best, baseline=event.metric)
    counts = state.counts
    match event.status:
        case "keep":
            counts = replace(counts, kept=counts.kept + 1)
        case "discard":
            counts = replace(counts, discarded=counts.discarded + 1)
        case "crash":
            counts = replace(counts, crashed=counts.crashed + 1)
    return replace(
        state, last_iteration=event.iteration, best=best, counts=counts, completed=state.completed + 1
    )


def _loop(state: RunState, event: ev.Event, recorded: Recorded) -> RunState:
    """Evolve by what concerns one iteration."""
    match event:
        case ev.IterationStarted():
            baseline = event.iteration == 0
            one = Iteration(
                number=event.iteration,
                base_commit=event.base_commit,
                next_stage=event.first_stage,
                since=recorded.at,
                source="baseline" if baseline else None,
                commit=event.base_commit if baseline else None,
                tree=state.base_tree if baseline else None,
            )
            return replace(state, open=(*state.open, one), last_iteration=event.iteration)
        case ev.CandidateKept() | ev.CandidateDiscarded():
            return _closed(state, event)
        case ev.AgentAnswered() if event.outcome != "cancelled":
            failures = 0 if event.outcome == "ok" else state.agent_failures + 1
            state = replace(state, agent_failures=failures)
        case ev.InputNeeded():
            state = replace(state, need_input=event.question)
        case ev.ProposalChosen():
            waiting = tuple(one for one in state.waiting if one.seq != event.received)
            state = replace(state, waiting=waiting, need_input=None)
        case ev.IterationLeftOpen() if state.asked:
            first, *rest = _unserved_first(state.asked)
            state = replace(state, asked=(replace(first, loops_left=0), *rest))
        case ev.TrainingFinished() if event.iteration == 0 and event.outcome != "succeeded":
            state = replace(state, baseline_failed=f"{event.outcome}: {event.reason}")
        case _:
            pass
    number = getattr(event, "iteration", None)
    opened = tuple(_iteration(one, event, recorded) if one.number == number else one for one in state.open)
    return replace(state, open=opened)


def _iteration(one: Iteration, event: ev.Event, recorded: Recorded) -> Iteration:
    """Return the open iteration after one of its own events."""
    at = recorded.at
    match event:
        case ev.ProposalChosen():
            return replace(one, proposal=event.proposal, source=event.source, next_stage="apply", since=at)
        case ev.AgentAsked():
            job = Job(step=event.step, attempt=event.attempt, since=at)
            return replace(one, asked=event.attempt, agent=event.agent, job=job)
        case ev.AgentAnswered():
            gave_up = event.step == "propose" and event.outcome == "failed"
            return replace(one, job=None, agent_gave_up=one.agent_gave_up or gave_up)
        case ev.ChangeApplied():
            return replace(
                one, change=event.attempt, diff_sha256=event.diff_sha256, next_stage="commit", since=at
            )
        case ev.ChangeFailed():
            return replace(one, outcome="not_applied", reason=event.reason, next_stage="record", since=at)
        case ev.CandidateCommitted():
            return replace(
                one,
                commit=event.commit,
                tree=event.tree,
                diff_sha256=event.diff_sha256,
                next_stage="train",
                since=at,
            )
        case ev.TrainingStarted():
            job = Job(step="train", attempt=event.attempt, since=at, deadline_s=event.deadline_s)
            return replace(one, trainings=event.attempt, job=job)
        case ev.TrainingLost():
            return replace(one, job=None, lost=one.lost + 1, since=at)
        case ev.TrainingFinished():
            return _trained(one, event, at)
        case ev.CrashTriaged():
            mended = event.action == "fix_and_rerun"
            # A mended candidate is applied by the ChangeApplied that comes with this event.
            return replace(
                one, fixes=one.fixes + mended, next_stage="apply" if mended else "record", since=at
            )
        case ev.ResultRecorded():
            return replace(one, next_stage="decide", since=at)
        case ev.IterationLeftOpen():
            return replace(one, left_open=True)
        case _:
            return one


def _trained(one: Iteration, event: ev.TrainingFinished, at: str) -> Iteration:
    succeeded = event.outcome == "succeeded"
    after: LoopStage = "record" if succeeded else "triage"
    return replace(
        one,
        job=None,
        lost=0,
        outcome=event.outcome,
        reason=event.reason,
        metric=event.metric,
        measured=event.measured,
        log_tail="" if succeeded else event.output.tail,
        # A baseline that failed is trained again when somebody resumes.
        next_stage="train" if one.number == 0 and not succeeded else after,
        since=at,
    )


def _closed(state: RunState, event: ev.CandidateKept | ev.CandidateDiscarded) -> RunState:
    one = state.iteration(event.iteration)
    still_open = tuple(other for other in state.open if other.number != event.iteration)
    state = replace(state, open=still_open, need_input=None)
    if one is None:
        return state
    if isinstance(event, ev.CandidateKept) and one.metric is not None:
        state = replace(state, best=_best(one, event.commit, one.metric))
        if event.branch_moved:
            state = replace(state, branch_commit=event.commit)
    if one.number == 0:
        return replace(state, baseline=one.metric)
    return replace(
        state,
        completed=state.completed + 1,
        counts=_count(state.counts, one, kept=isinstance(event, ev.CandidateKept)),
        asked=_one_loop_less(state.asked),
    )


def _best(one: Iteration, commit: str, metric: float) -> Best:
    data_id = one.measured.data_id if one.measured else None
    return Best(iteration=one.number, commit=commit, tree=one.tree or "", metric=metric, data_id=data_id)


def _count(counts: Counts, one: Iteration, *, kept: bool) -> Counts:
    if kept:
        return replace(counts, kept=counts.kept + 1)
    if one.outcome == "not_applied":
        return replace(counts, not_applied=counts.not_applied + 1)
    if one.outcome != "succeeded":
        return replace(counts, crashed=counts.crashed + 1)
    return replace(counts, discarded=counts.discarded + 1)


def _unserved_first(asked: tuple[Asked, ...]) -> tuple[Asked, ...]:
    """Return the requests without those in front that have no loops left."""
    for index, one in enumerate(asked):
        if one.loops_left > 0:
            return asked[index:]
    return asked[-1:]


def _one_loop_less(asked: tuple[Asked, ...]) -> tuple[Asked, ...]:
    if not asked:
        return asked
    first, *rest = _unserved_first(asked)
    return (replace(first, loops_left=max(0, first.loops_left - 1)), *rest)
