"""What is answered from the log, since its code was measured already, under the conditions of now. Pure.

Two candidates are the same code where their digests agree (engine/proposals/same_code.py); which is known
is folded in projections/reducers/keep.py.
"""

from attrs import evolve, fields

from autoresearch.events.values import Conditions, Scalar
from autoresearch.projections.belief import KnownCode
from autoresearch.projections.run_state import Iteration, RunState


BASELINE_KNOWN = 2  # the rules from which on a drop that leaves the baseline is not trained


def answer(state: RunState, one: Iteration) -> dict[str, Scalar] | None:
    """Return who measured this candidate's code, and what; None where it has to be trained.

    What a human left in the worktree is trained, since that is what he asked for, and so is what takes a keep
    out: the code of the keep before it was measured, but not on these seeds. Where only the baseline is left
    of the best, that is no question of seeds: who doubts every keep retracts them.
    """
    if one.without is not None:
        return _the_baseline(state, one)
    if state.best is None or not one.code or one.proposal is None or one.trainings > 0:
        return None
    same = _same(state, one) if _as_then(state) else None
    return None if same is None else {"same_as": same.iteration, "metric": same.metric, "code": same.code}


def measured(state: RunState, code: str) -> KnownCode | None:
    """Return who measured such code under the conditions of now, as far as can be told before it is tried."""
    return _latest(state, code) if code and state.best is not None and _as_then(state) else None


def can_be_reread(state: RunState, one: Iteration) -> bool:
    """Say whether a baseline printed no number, and only what says where to find it has changed since."""
    without = one.number == 0 and one.outcome == "no_metric" and not state.config.evaluate
    return without and one.deciding != state.deciding and one.trained_as == state.trained_as


def _the_baseline(state: RunState, one: Iteration) -> dict[str, Scalar] | None:
    first = state.keeps[0]
    drops = one.without is not None and one.without.purpose == "drop" and one.trainings == 0
    if state.decides < BASELINE_KNOWN:
        return None
    if not drops or first.iteration != 0 or one.tree != first.tree:
        return None
    return {"same_as": 0, "metric": first.metric, "code": one.code}


def _same(state: RunState, one: Iteration) -> KnownCode | None:
    best = state.best
    assert best is not None  # the caller checked
    if one.code == one.base_code and one.base_commit == best.commit and best.under(state.known_under):
        return KnownCode(code=one.code, iteration=best.iteration, metric=best.metric)
    return _latest(state, one.code)


def _latest(state: RunState, code: str) -> KnownCode | None:
    return next((each for each in reversed(state.known) if each.code == code), None)


def _as_then(state: RunState) -> bool:
    """Say whether a training would run under the conditions of then, as far as can be told before it."""
    then = state.known_under
    told = {one.name: state.told[one.name] for one in fields(Conditions) if one.name in state.told}
    now = evolve(then, deciding=state.deciding, on=state.config.compare_on, **told)
    return now.agree(then) and then.device_class in (state.device_classes or ("",))
