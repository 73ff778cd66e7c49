"""The end of a run: its best and its baseline once more, on seeds that were used for nothing else. Pure.

What a candidate was kept by was chosen for being good: the seed it was chosen on flatters it. On fresh seeds
nothing is chosen, so the difference there is the gain that is stated.
"""

from attrs import evolve as replace

from autoresearch.engine.core import commands as do
from autoresearch.engine.verdicts import repeats
from autoresearch.engine.verdicts.pairs import Pairs, half_width, pairs_of, seed_pool
from autoresearch.events.values import LOOP_STAGES, Best, Conditions, Score
from autoresearch.projections.run_state import RunState


def next_step(state: RunState) -> do.Command | None:
    """Return what the final needs next: a measurement, or the statement of the gain; None: nothing."""
    if not is_due(state):
        return None
    best, first = state.keeps[-1], state.keeps[0]
    fresh = state.final_repeats or tuple(
        range(state.last_repeat + 1, state.last_repeat + 1 + state.final_left)
    )
    measured = _within(best, fresh)
    missing = _missing(measured, fresh, measured[-1].conditions if measured else None)
    if missing:
        return _measure(state, best, missing)
    there = measured[-1].conditions
    missing = _missing(_within(first, fresh), fresh, there)
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


def _within(keep: Best, fresh: tuple[int, ...]) -> tuple[Score, ...]:
    return tuple(score for score in keep.scores if score.repeat in fresh)


def _missing(
    measured: tuple[Score, ...], fresh: tuple[int, ...], there: Conditions | None
) -> tuple[int, ...]:
    known = {one.repeat for one in measured if there is not None and one.conditions.agree(there)}
    return tuple(repeat for repeat in fresh if repeat not in known)


def _measure(state: RunState, keep: Best, missing: tuple[int, ...]) -> do.Command:
    return do.Remeasure(
        iteration=state.last_iteration + 1,
        keep=keep.iteration,
        commit=keep.commit,
        purpose="final",
        because_of=None,
        repeats=missing,
        differ_in=(),
    )


def _state(state: RunState, fresh: tuple[int, ...]) -> do.Command:
    best, first = state.keeps[-1], state.keeps[0]
    scores = _within(best, fresh)
    there = scores[-1].conditions
    pairs = pairs_of(
        tuple(one for one in scores if one.conditions.agree(there)),
        replace(first, scores=_within(first, fresh)),
        lower_is_better=state.config.metric.lower_is_better,
        seeded=bool(state.config.seed_env),
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
