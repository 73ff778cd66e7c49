"""What each event of an iteration does to the state of its run: one reducer an event, none of them fails."""

from collections.abc import Iterable
from typing import Any

from attrs import evolve as replace

from autoresearch.events import catalog as ev
from autoresearch.events.kinds.result_events import ENDED_AS_ASKED
from autoresearch.events.values import LoopStage, Reason, Score, Spent, mean_of, with_score
from autoresearch.projections import agent_health
from autoresearch.projections.belief import Curve
from autoresearch.projections.fold import Reducer
from autoresearch.projections.parts.proposers import SEARCH, WHO, had_turn
from autoresearch.projections.parts.reviews import Approval, Review
from autoresearch.projections.reducers import turns
from autoresearch.projections.run_state import (
    Conflict,
    DeferredCandidate,
    Iteration,
    Job,
    Made,
    RunState,
)


PARTS = 20  # of a budget: the bank of real trainings was measured so (bench/bank/early_stop.py)

Means = dict[int, float]  # by part, from 0


def _proposal_chosen(state: RunState, event: ev.ProposalChosen, seq: int, at: str) -> None:
    proposal, received, made, without = event.proposal, event.received, None, None
    one = state.iteration(event.iteration)
    who = WHO.get(event.source, one.asked if one is not None else "")
    if received is not None:
        for waiting in state.waiting:
            if waiting.seq == received:
                proposal, without = waiting.proposal, waiting.without
        for deferred in state.deferred:
            if deferred.seq == received:
                proposal, made, who = deferred.proposal, deferred.made, deferred.proposer
        state.waiting = tuple(each for each in state.waiting if each.seq != received)
        state.deferred = tuple(each for each in state.deferred if each.seq != received)
    state.need_input = None
    turns.note_proposal(state, who, seq, is_new=made is None)
    if one is not None:
        one.proposer, one.asked, one.gave_up = who, "", ()
        one.proposal, one.source, one.chosen = proposal, event.source, seq
        one.made, one.without = made, without
        one.tries, one.trouble = 0, None
        one.next_stage, one.since = "apply", at


def _input_needed(state: RunState, event: ev.InputNeeded, seq: int, _at: str) -> None:
    state.need_input = event.question
    state.proposers = had_turn(state.proposers, SEARCH, seq)
    one = state.iteration(event.iteration)
    # Nobody else is left to propose; one that asked had its turn.
    if one is not None and state.config.when_agent_fails == "search" and not one.asks:
        one.gave_up = ()


def _iteration_started(state: RunState, event: ev.IterationStarted, _seq: int, at: str) -> None:
    number, base = event.iteration, event.base_commit
    one = Iteration(number=number, base_commit=base, next_stage=event.first_stage, since=at)
    if number == 0:
        one.source, one.commit, one.tree = "baseline", base, state.base_tree
    state.open = (*state.open, one)
    state.last_iteration = number


def _change_applied(state: RunState, event: ev.ChangeApplied, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.change, one.diff_sha256 = event.change, event.diff_sha256
        one.tries, one.trouble = 0, None
        one.next_stage, one.since = "commit", at


def _change_missed(state: RunState, event: ev.ChangeMissed, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.missed, one.since = event.reason, at


def _change_failed(state: RunState, event: ev.ChangeFailed, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.outcome, one.reason = "not_applied", event.reason
        one.next_stage, one.since = "record", at
        if one.agent:
            agent_health.note_not_applied(state, one.agent, event.reason, at)


def _candidate_committed(state: RunState, event: ev.CandidateCommitted, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.commit, one.tree, one.diff_sha256 = event.commit, event.tree, event.diff_sha256
        if one.agent:
            state.not_applied = 0
        one.code, one.base_code = event.code_sha256, event.base_code_sha256
        one.voided, one.scores, one.curve, one.also = (), (), None, {}
        one.guards_held, one.guard_reason = (), None
        one.review, one.approval = Review(), Approval()
        one.next_stage, one.since = "train", at


def _base_moved(state: RunState, event: ev.BaseMoved, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is None:
        return
    commit = event.commit
    if commit is not None:
        _unmake(one, at, next_stage="apply")
        one.made = Made(commit=commit, base_commit=event.old_base)
    one.base_commit, one.stands_on = event.base_commit, None


def _candidate_rebased(state: RunState, event: ev.CandidateRebased, _seq: int, _at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        # What was rebased is applied, or failed, by the event that comes with this one.
        one.made = one.conflict = None
        if event.how == "conflict":
            made = Made(commit=event.commit, base_commit=event.made_on)
            one.conflict = Conflict(made=made, reason=event.reason)


def _candidate_deferred(state: RunState, event: ev.CandidateDeferred, seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        made = Made(commit=event.commit, base_commit=event.base_commit)
        if one.proposal is not None:
            deferred = DeferredCandidate(
                seq=seq, source=event.source, proposal=one.proposal, proposer=one.proposer, made=made
            )
            state.deferred = (*state.deferred, deferred)
        _unmake(one, at, next_stage="propose")
        one.proposal, one.source, one.proposer = None, None, ""


def _training_started(state: RunState, event: ev.TrainingStarted, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        number = event.training
        one.trainings, one.device, one.slot = number, event.device, event.slot
        one.repeat = event.repeat
        if state.limits.trainings:
            state.limits = replace(state.limits, begun=state.limits.begun + 1)
        state.last_repeat = max(state.last_repeat, event.repeat)
        one.unscored, one.behind = False, ()
        one.deciding, one.device_class = state.deciding, state.class_of(event.device)
        one.trained_as = state.trained_as
        one.compare_on = state.config.compare_on
        one.surroundings, one.seal = event.surroundings, event.seal
        one.job = Job(
            step="train",
            number=number,
            since=at,
            deadline_s=event.deadline_s,
            slot=event.slot,
            device=event.device,
        )


def _training_fell_behind(state: RunState, event: ev.TrainingFellBehind, _seq: int, _at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.behind, one.bound = event.points, event.bound


def _job_lost(state: RunState, event: ev.JobLost, _seq: int, at: str) -> None:
    by_chance = event.reason.code not in ENDED_AS_ASKED  # who asked for it need not be asked
    if event.step == "prepare":
        state.setup.job = None
        state.setup.lost += by_chance
        return
    one = state.iteration(event.iteration)
    if one is not None:
        one.job, one.since, one.behind = None, at, ()
        one.lost += by_chance
        if event.step == "train":
            one.unseen = one.unseen + 1 if event.reason.code == "supervisor_killed" else 0


def _training_voided(state: RunState, event: ev.TrainingVoided, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.job, one.since, one.voided = None, at, event.files
        turns.on_device(state, one, event.seconds)
        _note_touched(state, event.reason)
        one.unscored = False
        one.unseen, one.lost = 0, one.lost + 1


def _training_finished(state: RunState, event: ev.TrainingFinished, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is None:
        return
    one.job, one.lost, one.unseen, one.since = None, 0, 0, at
    one.measured, one.printed = event.measured, event.metric
    if event.also:
        one.also = one.also | {name: (*one.also.get(name, ()), value) for name, value in event.also.items()}
    one.spent = Spent(seconds=event.seconds, cpu_seconds=event.cpu_seconds)
    one.took_s = event.seconds
    turns.on_device(state, one, event.seconds)
    if state.config.stop_losers and one.repeat == 1 and event.outcome == "succeeded":
        losses = means(event.progress.points if event.progress else ())
        one.curve = Curve(
            commit=one.commit or "", conditions=one.conditions, losses=tuple(sorted(losses.items()))
        )
    if event.outcome == "succeeded" and state.config.evaluate:
        one.unscored = True
    else:
        _scored(state, one, event)
        _keep_tail(one, event)


def _training_reread(state: RunState, event: ev.TrainingReread, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.deciding, one.since, one.printed = state.deciding, at, event.metric
        _scored(state, one, event)


def _evaluation_started(state: RunState, event: ev.EvaluationStarted, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.evaluations = event.evaluation
        one.job = Job(
            step="evaluate",
            number=event.evaluation,
            since=at,
            deadline_s=event.deadline_s,
            slot=event.slot,
            device=event.device,
        )


def _evaluation_finished(state: RunState, event: ev.EvaluationFinished, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.job, one.lost, one.since = None, 0, at
        one.unscored = False
        one.took_s += event.seconds
        turns.on_device(state, one, event.seconds)
        _scored(state, one, event)
        _keep_tail(one, event)


def _keep_tail(one: Iteration, event: ev.TrainingFinished | ev.EvaluationFinished) -> None:
    if event.outcome != "succeeded":
        one.log_tail = event.output.tail


def _scored(
    state: RunState, one: Iteration, event: ev.TrainingFinished | ev.TrainingReread | ev.EvaluationFinished
) -> None:
    """Let an iteration have its outcome: that of its training, or of what evaluated it."""
    succeeded = event.outcome == "succeeded"
    _note_touched(state, event.reason)
    of_best = one.number == 0 or any(keep.iteration == one.measures for keep in state.keeps)
    if of_best and not succeeded:
        state.baseline_failed, state.baseline_reason = event.outcome, event.reason
    one.outcome, one.reason, one.metric = event.outcome, event.reason, event.metric
    if succeeded and event.metric is not None:
        score = Score(metric=event.metric, repeat=one.repeat, conditions=one.conditions, spent=one.spent)
        one.scores = with_score(one.scores, score)
        one.metric = mean_of(one.scores)
    if succeeded:
        one.log_tail = ""
    after: LoopStage = "record" if event.outcome in ("succeeded", "stopped_early") else "triage"
    # What the others are judged by is trained again when somebody resumes.
    one.next_stage = "train" if of_best and not succeeded else after


def _note_touched(state: RunState, reason: Reason | None) -> None:
    """Remember that packages were changed meanwhile: nothing after that can be believed as it was."""
    if reason is not None and reason.code == "packages_changed_while_training":
        state.touched = reason


def _crash_triaged(state: RunState, event: ev.CrashTriaged, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        mended = event.action == "fix_and_rerun"
        # A mended candidate is applied by the ChangeApplied that comes with this event.
        one.fixes += mended
        one.next_stage, one.since = "apply" if mended else "record", at


def _result_recorded(state: RunState, event: ev.ResultRecorded, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.next_stage, one.since = "decide", at


def _unmake(one: Iteration, at: str, *, next_stage: LoopStage) -> None:
    """Go back to before the change; what was committed keeps its ref, the next one gets another."""
    one.commit = one.tree = None
    one.code = one.base_code = ""
    one.diff_sha256, one.conflict, one.missed = "", None, None
    one.tries, one.trouble = 0, None
    one.change += 1
    one.next_stage, one.since = next_stage, at


def means(points: Iterable[tuple[float, float]]) -> Means:
    """Return the mean loss over each part of the budget that has points, (percent, loss), in their order.

    What goes back in progress is left out: so a part stays as it is once there is a point behind it.
    """
    sums: dict[int, list[float]] = {}
    furthest = -1.0
    for percent, loss in points:
        if percent < max(furthest, 0.0):
            continue
        furthest = percent
        total = sums.setdefault(min(PARTS - 1, int(percent * PARTS / 100)), [0.0, 0])
        total[0] += loss
        total[1] += 1
    return {part: total / count for part, (total, count) in sums.items()}


REDUCERS: dict[type[Any], Reducer[RunState]] = {
    ev.ProposalChosen: _proposal_chosen,
    ev.InputNeeded: _input_needed,
    ev.IterationStarted: _iteration_started,
    ev.ChangeApplied: _change_applied,
    ev.ChangeMissed: _change_missed,
    ev.ChangeFailed: _change_failed,
    ev.CandidateCommitted: _candidate_committed,
    ev.BaseMoved: _base_moved,
    ev.CandidateRebased: _candidate_rebased,
    ev.CandidateDeferred: _candidate_deferred,
    ev.TrainingStarted: _training_started,
    ev.TrainingFellBehind: _training_fell_behind,
    ev.EvaluationStarted: _evaluation_started,
    ev.EvaluationFinished: _evaluation_finished,
    ev.TrainingVoided: _training_voided,
    ev.JobLost: _job_lost,
    ev.TrainingFinished: _training_finished,
    ev.TrainingReread: _training_reread,
    ev.CrashTriaged: _crash_triaged,
    ev.ResultRecorded: _result_recorded,
}
