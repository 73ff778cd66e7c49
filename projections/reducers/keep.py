"""What a verdict, and what is measured once more of a keep, do to the state of a run; none of them fails."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve as replace

from autoresearch.events import catalog as ev
from autoresearch.events.setting import outside
from autoresearch.events.values import (
    KNOWN_CODE,
    VETOES,
    Best,
    Conditions,
    Consolidated,
    Reason,
    Scalar,
    Score,
    because,
    why,
)
from autoresearch.projections import agent_health
from autoresearch.projections.belief import Belief, Gain, KnownCode, Sealed, TakenOut, believed
from autoresearch.projections.fold import Reducer
from autoresearch.projections.parts.counts import Counts
from autoresearch.projections.reducers import turns
from autoresearch.projections.run_state import Iteration, Job, PendingRequest, RunState


_CURVES = 4  # of one keep, each under other conditions
_REMEMBERED = 256  # of code that was measured: a state is small


def _iteration_left_open(state: RunState, _event: ev.IterationLeftOpen, _seq: int, _at: str) -> None:
    state.requests = _serve(state.requests, loops=None)


def _candidate_kept(state: RunState, event: ev.CandidateKept, _seq: int, _at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None and one.metric is not None:
        state.keeps = (*state.keeps, best_of(one, event.commit))
        state.takes_s = one.took_s
        state.curves = () if one.curve is None else (one.curve,)
        if event.branch_moved:
            state.branch_commit = event.commit
        if one.number == 0:
            state.learned = replace(state.learned, belief=first_belief(state, one.scores, event.inputs))
            state.baseline_outside = _outside(state, one)
    learn(state, event.inputs, kept=True)
    take_out(state, event.iteration, event.inputs, kept=True)
    turns.note_verdict(state, one, event.inputs, kept=True)
    _close(state, one, kept=True)


def _outside(state: RunState, one: Iteration) -> Reason | None:
    """Return the first guard that a number of the baseline is outside of: it is kept all the same."""
    found = ((guard.strip(), outside(guard, one.also)) for guard in state.config.guards)
    named = (why("baseline_outside", guard=guard, value=numbers[-1]) for guard, numbers in found if numbers)
    return next(named, None)


def _candidate_discarded(state: RunState, event: ev.CandidateDiscarded, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    learn(state, event.inputs, kept=False)
    take_out(state, event.iteration, event.inputs, kept=False)
    turns.note_verdict(state, one, event.inputs, kept=False)
    if event.rule == KNOWN_CODE and one is not None:
        _answer(state, one, event.inputs.get("same_as"), at)
    else:
        _close(state, one, kept=False, vetoed=event.rule == VETOES[0])


def _answer(state: RunState, one: Iteration, same_as: Scalar, at: str) -> None:
    """Close what was known already: no loop is done by it."""
    state.open = tuple(other for other in state.open if other is not one)
    state.completed += 1
    state.counts = replace(state.counts, discarded=state.counts.discarded + 1)
    state.without_keep += 1
    if one.source == "agent":
        state.answered += 1
        agent_health.note_known(state, one.proposer, same_as, at)


def comparisons_in(inputs: Mapping[str, Scalar]) -> int:
    """Return how many comparisons a verdict was taken from: one a repeat of its candidate, or none."""
    pairs = inputs.get("pairs", 1)
    return pairs if "gain" in inputs and isinstance(pairs, int) else 0


def learn(state: RunState, inputs: Mapping[str, Scalar], *, kept: bool) -> None:
    """Add the pairs of a verdict to what was seen of all, and count them."""
    state.comparisons += comparisons_in(inputs)
    squares, pairs, gain = inputs.get("squares"), inputs.get("pairs"), inputs.get("gain")
    if isinstance(squares, float) and isinstance(pairs, int) and isinstance(gain, float):
        if inputs.get("without") is not None:  # no idea of its own: it says nothing of how many help
            if inputs["paired"]:
                state.learned = replace(state.learned, pool=state.learned.pool.plus(squares, pairs))
        elif inputs["paired"]:
            state.learned = state.learned.after(squares, pairs, gain, kept=kept)
        elif state.learned.belief is not None:
            belief = state.learned.belief.after(gain, pairs, kept=kept)
            state.learned = replace(state.learned, belief=belief)


def take_out(state: RunState, by: int, inputs: Mapping[str, Scalar], *, kept: bool) -> None:
    """Note what the best was without one of its keeps, and where that is the best now, that it is out."""
    stated = beside_the_others(by, inputs)
    if stated is None or all(keep.iteration != stated.iteration for keep in state.keeps):
        return
    state.consolidated = _with(state.consolidated, (stated,))
    if kept:
        state.taken_out = (*state.taken_out, TakenOut(iteration=stated.iteration, by=by))


def beside_the_others(by: int, inputs: Mapping[str, Scalar]) -> Consolidated | None:
    """Return what a keep gives beside the others, by the verdict on the best without it; else None."""
    keep, gain, half, pairs = (inputs.get(name) for name in ("without", "gain", "half_width", "pairs"))
    if not isinstance(keep, int) or not isinstance(pairs, int):
        return None
    if not isinstance(gain, float) or isinstance(half, str):
        return None
    return Consolidated(
        iteration=keep,
        base=by,
        pairs=pairs,
        gain=0.0 - gain,  # of 0.0 no -0.0
        half_width=half,
        verdict="confirmed" if half is not None and -gain > half else "doubtful",
    )


def first_belief(state: RunState, scores: tuple[Score, ...], inputs: Mapping[str, Scalar]) -> Belief | None:
    """Return what is believed when all that is measured is the baseline; `inputs` are its verdict's."""
    noise, metric = state.config.noise, inputs.get("metric")
    of_seeds = noise or inputs.get("of_seeds")
    trainings = inputs.get("trainings", 1)
    if not isinstance(metric, float) or not isinstance(of_seeds, float) or not isinstance(trainings, int):
        return None
    if of_seeds <= 0 or not scores:
        return None
    paired = state.config.is_seeded
    sign = 1 if state.config.metric.lower_is_better else -1
    first = min(scores, key=lambda score: score.repeat)  # under the seed that all are screened on
    return believed(
        of_seeds,
        None if noise else trainings - 1,
        luck=sign * (metric - first.metric) if paired else 0.0,
        paired=paired,
    )


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
    if event.purpose == "consolidate":
        one.wanted = measured_under(state.keeps, state.consolidate_repeats)
        state.consolidate_repeats = state.consolidate_repeats or event.repeats


def _keep_remeasured(state: RunState, event: ev.KeepRemeasured, _seq: int, _at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        state.keeps = tuple(
            remeasured(keep, one) if keep.iteration == event.keep else keep for keep in state.keeps
        )
        if one.curve is not None and state.best is not None and state.best.iteration == event.keep:
            state.curves = (*state.curves, one.curve)[-_CURVES:]
    state.open = tuple(other for other in state.open if other is not one)


def _remeasure_dropped(state: RunState, event: ev.RemeasureDropped, _seq: int, _at: str) -> None:
    state.open = tuple(other for other in state.open if other.number != event.iteration)


def _gain_stated(state: RunState, event: ev.GainStated, _seq: int, _at: str) -> None:
    state.gain = Gain(
        iteration=event.keep, pairs=len(event.repeats), gain=event.gain, half_width=event.half_width
    )
    state.final_left, state.final_again, state.final_repeats = 0, False, ()


def _guard_started(state: RunState, event: ev.GuardStarted, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.checks, one.guard_asked = event.check, event.guard
        one.job = Job(
            step="guard",
            number=event.check,
            since=at,
            deadline_s=event.deadline_s,
            slot=event.slot,
            device=event.device,
        )
        one.slot = event.slot


def _guard_finished(state: RunState, event: ev.GuardFinished, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is None:
        return
    one.job, one.lost, one.since = None, 0, at
    turns.on_device(state, one, event.seconds)
    if event.holds:
        one.guards_held = (*one.guards_held, event.guard)
    else:
        one.guard_reason = event.reason
        if event.reason is not None and one.number == 0:
            state.baseline_guard = because("baseline_fails_guard", event.reason, guard=event.guard)


def _holdout_started(state: RunState, event: ev.HoldoutStarted, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    state.looks = event.looks_before
    if one is not None:
        one.looks = event.look
        one.job = Job(
            step="holdout",
            number=event.look,
            since=at,
            deadline_s=event.deadline_s,
            slot=event.slot,
            device=event.device,
        )
        one.slot = event.slot


def _holdout_scored(state: RunState, event: ev.HoldoutScored, _seq: int, at: str) -> None:
    one = state.iteration(event.iteration)
    if one is not None:
        one.job, one.lost, one.since = None, 0, at
    state.looks += event.metric is not None
    sealed = Sealed(keep=event.keep, iteration=event.iteration, metric=event.metric)
    state.holdout = (*state.holdout, sealed)


def _chain_consolidated(state: RunState, event: ev.ChainConsolidated, _seq: int, _at: str) -> None:
    state.consolidated = _with(state.consolidated, event.keeps)
    state.consolidate_left, state.consolidate_again, state.consolidate_repeats = 0, False, ()


def _with(known: tuple[Consolidated, ...], stated: tuple[Consolidated, ...]) -> tuple[Consolidated, ...]:
    """Return what is stated of each keep last, by its number."""
    newest = {one.iteration: one for one in (*known, *stated)}
    return tuple(newest[number] for number in sorted(newest))


def _close(state: RunState, one: Iteration | None, *, kept: bool, vetoed: bool = False) -> None:
    if one is None:
        return
    state.open = tuple(other for other in state.open if other is not one)
    _remember(state, one)
    if one.number == 0:
        state.baseline = one.metric
        return
    state.completed += 1
    state.answered = 0
    if one.source == "agent":
        agent_health.note_new(state, one.proposer)
    before = state.counts
    state.counts = replace(before, vetoed=before.vetoed + 1) if vetoed else _count(before, one, kept=kept)
    crashed = state.counts.crashed > before.crashed
    if crashed or one.outcome not in ("not_applied", None):
        state.crashes = state.crashes + 1 if crashed else 0
    if one.without is None:
        state.without_keep = 0 if kept else state.without_keep + 1
    state.requests = _serve(state.requests, loops=1)


def _remember(state: RunState, one: Iteration) -> None:
    """Note the code of what was measured, and that of its base; of other conditions it is forgotten."""
    if one.outcome != "succeeded" or one.metric is None:
        return
    found = state.known if one.conditions.agree(state.known_under) else ()
    state.known_under = one.conditions
    base = next((keep for keep in state.keeps if keep.commit == one.base_commit), None)
    new = [KnownCode(code=one.code, iteration=one.number, metric=one.metric)] if one.stands_on is None else []
    if base is not None and base.under(one.conditions):
        new.append(KnownCode(code=one.base_code, iteration=base.iteration, metric=base.metric))
    codes = {each.code for each in found}
    state.known = (*found, *(each for each in new if each.code and each.code not in codes))[-_REMEMBERED:]


def measured_under(keeps: tuple[Best, ...], repeats: tuple[int, ...]) -> Conditions | None:
    """Return the conditions of the latest keep that has one of these repeats; None where none has."""
    there = (
        score.conditions
        for keep in reversed(keeps)
        for score in reversed(keep.scores)
        if score.repeat in repeats
    )
    return next(there, None)


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
    if one.outcome == "stopped_early":
        return replace(counts, stopped_early=counts.stopped_early + 1)
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
    ev.GuardStarted: _guard_started,
    ev.GuardFinished: _guard_finished,
    ev.HoldoutStarted: _holdout_started,
    ev.HoldoutScored: _holdout_scored,
    ev.GainStated: _gain_stated,
    ev.ChainConsolidated: _chain_consolidated,
}
