"""What a verdict, and what is measured once more of a keep, do to the state of a run; none of them fails."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve as replace

from autoresearch.events import catalog as ev
from autoresearch.events.values import Best, Scalar
from autoresearch.projections.fold import Reducer
from autoresearch.projections.measured import Gain
from autoresearch.projections.run_state import Counts, Iteration, PendingRequest, RunState


def _iteration_left_open(state: RunState, _event: ev.IterationLeftOpen, _seq: int, _at: str) -> None:
    state.requests = _serve(state.requests, loops=None)


def _candidate_kept(state: RunState, event: ev.CandidateKept, _seq: int, _at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None and one.metric is not None:
        state.keeps = (*state.keeps, best_of(one, event.commit))
        if event.branch_moved:
            state.branch_commit = event.commit
    learn(state, event.inputs, constants=_sets_constants(one))
    _close(state, one, kept=True)


def _candidate_discarded(state: RunState, event: ev.CandidateDiscarded, _seq: int, _at: str) -> None:
    one = state.iteration(event.iteration)
    learn(state, event.inputs, constants=_sets_constants(one))
    _close(state, one, kept=False)


def learn(state: RunState, inputs: Mapping[str, Scalar], *, constants: bool) -> None:
    """Add the pairs of a verdict to what was seen of their kind: of changed constants, or of other code."""
    squares, pairs = inputs.get("squares"), inputs.get("pairs")
    if not isinstance(squares, float) or not isinstance(pairs, int) or not inputs["paired"]:
        return
    if constants:
        state.spread = replace(state.spread, constants=state.spread.constants.plus(squares, pairs))
    else:
        state.spread = replace(state.spread, structure=state.spread.structure.plus(squares, pairs))


def _sets_constants(one: Iteration | None) -> bool:
    return one is not None and one.proposal is not None and bool(one.proposal.set)


def _remeasure_started(state: RunState, event: ev.RemeasureStarted, _seq: int, at: str) -> None:
    waiting = None if event.because_of is None else state.iteration(event.because_of)
    one = Iteration(
        number=event.iteration,
        base_commit=event.commit,
        next_stage="train",
        since=at,
        source="baseline",
        commit=event.commit,
        tree=next((keep.tree for keep in state.keeps if keep.iteration == event.keep), None),
        measures=event.keep,
        repeats=event.repeats,
    )
    if waiting is not None:
        one.wanted, one.device = waiting.conditions, waiting.device
    state.open = (*state.open, one)
    state.last_iteration = event.iteration
    if event.purpose == "final":
        state.final_repeats = state.final_repeats or event.repeats
        if event.keep == 0 and state.best is not None:
            one.wanted = state.best.conditions


def _keep_remeasured(state: RunState, event: ev.KeepRemeasured, _seq: int, _at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        state.keeps = tuple(
            remeasured(keep, one) if keep.iteration == event.keep else keep for keep in state.keeps
        )
    state.open = tuple(other for other in state.open if other is not one)


def _remeasure_dropped(state: RunState, event: ev.RemeasureDropped, _seq: int, _at: str) -> None:
    state.open = tuple(other for other in state.open if other.number != event.iteration)


def _gain_stated(state: RunState, event: ev.GainStated, _seq: int, _at: str) -> None:
    state.gain = Gain(
        iteration=event.keep, pairs=len(event.repeats), gain=event.gain, half_width=event.half_width
    )
    state.final_left, state.final_again, state.final_repeats = 0, False, ()


def _close(state: RunState, one: Iteration | None, *, kept: bool) -> None:
    if one is None:
        return
    state.open = tuple(other for other in state.open if other is not one)
    if one.number == 0:
        state.baseline = one.metric
        return
    state.completed += 1
    state.counts = _count(state.counts, one, kept=kept)
    state.requests = _serve(state.requests, loops=1)


def best_of(one: Iteration, commit: str) -> Best:
    """Return what a kept iteration is to those after it."""
    return Best(
        iteration=one.number,
        commit=commit,
        tree=one.tree or "",
        base_commit=one.base_commit,
        scores=one.scores,
    )


def remeasured(best: Best, one: Iteration) -> Best:
    """Return the best with what it measured once more; what it has under the same conditions stays."""
    if one.wanted is not None and not one.conditions.agree(one.wanted):
        best = replace(best, unmet=(*best.unmet, one.wanted))
    return best.with_scores(one.scores)


def _count(counts: Counts, one: Iteration, *, kept: bool) -> Counts:
    ended = [counts.kept, counts.discarded, counts.crashed, counts.not_applied]
    ended[0 if kept else 1 if one.outcome == "succeeded" else 3 if one.outcome == "not_applied" else 2] += 1
    return replace(counts, kept=ended[0], discarded=ended[1], crashed=ended[2], not_applied=ended[3])


def _serve(asked: tuple[PendingRequest, ...], *, loops: int | None) -> tuple[PendingRequest, ...]:
    """Take loops (None: all) off the first request that has any left; those before it are served."""
    for index, one in enumerate(asked):
        if one.loops_left > 0:
            left = 0 if loops is None else max(0, one.loops_left - loops)
            return (replace(one, loops_left=left), *asked[index + 1 :])
    return asked[-1:]


REDUCERS: dict[type[Any], Reducer[RunState]] = {
    ev.IterationLeftOpen: _iteration_left_open,
    ev.CandidateKept: _candidate_kept,
    ev.CandidateDiscarded: _candidate_discarded,
    ev.RemeasureStarted: _remeasure_started,
    ev.KeepRemeasured: _keep_remeasured,
    ev.RemeasureDropped: _remeasure_dropped,
    ev.GainStated: _gain_stated,
}
