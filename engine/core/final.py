"""What was kept, measured once more: for a verdict, and at the end of a run, on seeds of no other use. Pure.

Best and baseline give the gain of the run; each keep and the one before it, how sure that keep is.
What a candidate was kept by was chosen for being good: the seed it was chosen on flatters it. On fresh seeds
nothing is chosen, so the difference there is the gain that is stated.
"""

from itertools import pairwise

from attrs import evolve as replace

from autoresearch.engine.core import commands as do
from autoresearch.engine.core import slots
from autoresearch.engine.verdicts import repeats
from autoresearch.engine.verdicts.keep_rules import is_learned
from autoresearch.engine.verdicts.pairs import (
    Pairs,
    error_of,
    half_width,
    pairs_of,
    seed_pool,
    spread_of,
    within,
)
from autoresearch.events.values import (
    LOOP_STAGES,
    Best,
    Conditions,
    Consolidated,
    Purpose,
    Reason,
    Score,
    differing,
    why,
)
from autoresearch.projections.reducers.keep import measured_under
from autoresearch.projections.run_state import Iteration, RunState


def for_verdict(state: RunState, one: Iteration) -> do.Command | None:
    """Measure the best as this one was measured, where it never was and that can still be done."""
    base, lacking = repeats.base_among(one, state.keeps), repeats.lacks(state, one)
    if base is None or not lacking:
        return None
    there = state.has(one.device) and state.class_of(one.device) == one.device_class
    if one.deciding != state.deciding or not there:
        return None
    return do.Remeasure(
        iteration=state.last_iteration + 1,
        keep=base.iteration,
        commit=base.commit,
        purpose="verdict",
        because_of=one.number,
        repeats=lacking,
        differ_in=differing(one.conditions, base.conditions),
    )


def next_step(state: RunState) -> do.Command | None:
    """Return what the final needs next: a measurement, or the statement of the gain; None: nothing."""
    if not is_due(state):
        return None
    best, first = state.keeps[-1], state.keeps[0]
    fresh = state.final_repeats or tuple(
        range(state.last_repeat + 1, state.last_repeat + 1 + state.final_left)
    )
    measured = within(best.scores, fresh)
    missing = _missing(measured, fresh, measured[-1].conditions if measured else None)
    if missing:
        return _measure(state, best, missing)
    there = measured[-1].conditions
    missing = _missing(within(first.scores, fresh), fresh, there)
    return _measure(state, first, missing) if missing else _state(state, fresh)


def is_due(state: RunState) -> bool:
    """Say whether the gain is to be measured now that no loop is left."""
    request = state.request
    if not state.final_left or len(state.keeps) < 2 or request is None:  # noqa: PLR2004 - baseline and best
        return False
    if request.loop_stages != LOOP_STAGES or repeats.of_seeds(state) == 0:
        return False  # it may not train, or every seed gives the same
    first, best = state.keeps[0], state.keeps[-1]
    if any(best.conditions.agree(one) for one in first.unmet):
        return False  # the baseline cannot be measured as the best was
    return state.final_again or state.gain is None or state.gain.iteration != best.iteration


def consolidation(state: RunState) -> do.Command | None:
    """Return what is next to say how sure each keep is: a measurement, or the statement; None: nothing.

    The conditions are those that the latest keep is measured under; the others are measured as that one was.
    """
    if not is_consolidation_due(state):
        return None
    first = state.last_repeat + 1
    fresh = state.consolidate_repeats or tuple(range(first, first + state.consolidate_left))
    there = measured_under(state.keeps, fresh)
    for keep in reversed(_to_measure(state)):
        missing = _missing(within(keep.scores, fresh), fresh, there)
        if missing and not (there and any(there.agree(one) for one in keep.unmet)):
            return _measure(state, keep, missing, purpose="consolidate")
    return _sureness(state, fresh)


def is_consolidation_due(state: RunState) -> bool:
    """Say whether the keeps are to be measured once more now that no loop is left."""
    request = state.request
    if not state.consolidate_left or request is None or request.loop_stages != LOOP_STAGES:
        return False
    return bool(_to_measure(state)) and repeats.of_seeds(state) != 0


def trains(state: RunState) -> bool:
    """Say whether anything is to be trained now that no loop is left."""
    return is_due(state) or is_consolidation_due(state)


def looks(state: RunState, one: Iteration) -> tuple[do.Command, ...] | None:
    """Score on the holdout what the final trained of best and baseline, once each; None: it is not to be."""
    finals = bool(one.repeats) and set(one.repeats) <= set(state.final_repeats)
    if not state.config.holdout or not finals or one.measures is None or one.commit is None:
        return None
    tried = [sealed for sealed in state.holdout if (sealed.keep == 0) == (one.measures == 0)]
    if any(sealed.metric is not None or sealed.iteration == one.number for sealed in tried):
        return None
    return tuple(
        do.ScoreHoldout(
            iteration=one.number,
            keep=one.measures,
            look=one.looks + 1,
            training=one.trainings,
            slot=slot,
            device=device,
            commit=one.commit,
            deadline_s=state.config.evaluate_timeout_s,
        )
        for slot, device in slots.for_training(state, one)
    )


def summary(state: RunState) -> Reason:
    """Return what a run came to that has done all that was asked for."""
    if state.best is None:
        return why("done_without_best", completed=state.completed)
    metric = state.config.metric.name
    return why("done", completed=state.completed, metric=metric, best=state.best.metric)


def _missing(
    measured: tuple[Score, ...], fresh: tuple[int, ...], there: Conditions | None
) -> tuple[int, ...]:
    known = {one.repeat for one in measured if there is not None and one.conditions.agree(there)}
    return tuple(repeat for repeat in fresh if repeat not in known)


def _measure(state: RunState, keep: Best, missing: tuple[int, ...], purpose: Purpose = "final") -> do.Command:
    return do.Remeasure(
        iteration=state.last_iteration + 1,
        keep=keep.iteration,
        commit=keep.commit,
        purpose=purpose,
        because_of=None,
        repeats=missing,
        differ_in=(),
    )


def _state(state: RunState, fresh: tuple[int, ...]) -> do.Command:
    best, first = state.keeps[-1], state.keeps[0]
    scores = within(best.scores, fresh)
    there = scores[-1].conditions
    pairs = pairs_of(
        tuple(one for one in scores if one.conditions.agree(there)),
        replace(first, scores=within(first.scores, fresh)),
        lower_is_better=state.config.metric.lower_is_better,
        seeded=state.config.is_seeded,
    )
    assert pairs is not None  # nothing is missing
    config = state.config
    seen = seed_pool(first.scores).joined(seed_pool(scores))
    return do.StateGain(
        keep=best.iteration,
        repeats=fresh,
        gain=pairs.mean,
        half_width=half_width(pairs, seen, config.noise),
        inputs={
            "baseline": pairs.base,
            "best": _mean_of_best(pairs, lower_is_better=state.config.metric.lower_is_better),
            "paired": pairs.paired,
            "squares": pairs.squares,
            "squares_of_seeds": seen.squares,
            "freedom": seen.freedom,
        },
    )


def _mean_of_best(pairs: Pairs, *, lower_is_better: bool) -> float:
    return pairs.base - pairs.mean if lower_is_better else pairs.base + pairs.mean


def _neighbours(state: RunState) -> tuple[tuple[Best, Best], ...]:
    """Return each keep that is to be looked at, behind the one before it."""
    stated = {one.iteration for one in state.consolidated}
    return tuple(
        (base, keep)
        for base, keep in pairwise(state.keeps)
        if keep.iteration not in repeats.of_no_gain(state)
        and (state.consolidate_again or keep.iteration not in stated)
    )


def _to_measure(state: RunState) -> tuple[Best, ...]:
    wanted = {one.iteration for pair in _neighbours(state) for one in pair}
    return tuple(keep for keep in state.keeps if keep.iteration in wanted)


def _sureness(state: RunState, fresh: tuple[int, ...]) -> do.Command:
    there = measured_under(state.keeps, fresh)
    found: list[tuple[Best, Best, Pairs]] = []
    for base, keep in _neighbours(state):
        scores = tuple(one for one in within(keep.scores, fresh) if there and one.conditions.agree(there))
        pairs = pairs_of(
            scores,
            replace(base, scores=within(base.scores, fresh)),
            lower_is_better=state.config.metric.lower_is_better,
            seeded=state.config.is_seeded,
        )
        if pairs is not None:
            found.append((base, keep, pairs))
    pool = state.learned.pool
    seen = seed_pool(state.keeps[0].scores)
    for _, keep, pairs in found:
        pool = pool.plus(pairs.squares, pairs.count)
        seen = seen.joined(seed_pool(within(keep.scores, fresh)))
    of_seeds = repeats.of_seeds(state) if is_learned(state.config, state.learned) else None
    spread, quantile = spread_of(of_seeds, seen)
    return do.ConsolidateChain(
        repeats=fresh,
        keeps=tuple(
            _consolidated(
                base, keep, pairs, None if spread is None else quantile * error_of(pairs, pool, spread)
            )
            for base, keep, pairs in found
        ),
        inputs={
            "of_seeds": spread,
            "quantile": quantile,
            "squares": pool.squares,
            "freedom": pool.freedom,
            "paired": state.config.is_seeded,
        },
    )


def _consolidated(base: Best, keep: Best, pairs: Pairs, half: float | None) -> Consolidated:
    return Consolidated(
        iteration=keep.iteration,
        base=base.iteration,
        pairs=pairs.count,
        gain=pairs.mean,
        half_width=half,
        verdict="confirmed" if half is not None and pairs.mean > half else "doubtful",
    )
