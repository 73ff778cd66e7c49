"""Slots: where a training may be started, which is where it can be compared. Pure."""

from autoresearch.engine.core import prefetch
from autoresearch.projections.run_state import Iteration, RunState, free_slots


def for_training(state: RunState, one: Iteration) -> list[tuple[int, str]]:
    """Return the first free slot of each device that it may be trained on, with the device.

    Before a verdict nothing is trained but what that needs. A measurement is wanted where the number was got
    that it is for, and a repeat on the kind of device that the others were trained on, while there is one.
    """
    alone = _alone(state)
    if alone is not None and (alone is not one or any(other.holds_slot for other in _others(state, one))):
        return []
    free = sorted((slot, device) for device, slot in free_slots(state).items())
    if one.measures is not None and one.device:
        there = state.has(one.device)
        return [(slot, device) for slot, device in free if device == one.device or not there]
    if one.measures is not None:
        return _of_class(state, free, one.wanted.device_class if one.wanted else "")
    if prefetch.verdict_is_near(state, but=one):
        return []
    return _of_class(state, free, one.device_class) if one.scores else free


def for_guard(state: RunState, one: Iteration) -> list[tuple[int, str]]:
    """Return the first free slot of each device, that of its training first: any will do for a guard."""
    free = sorted((slot, device) for device, slot in free_slots(state).items())
    return sorted(free, key=lambda pair: pair[1] != one.device)


def _of_class(state: RunState, free: list[tuple[int, str]], wanted: str) -> list[tuple[int, str]]:
    there = any(state.class_of(device) == wanted for device in state.devices)
    return [pair for pair in free if state.class_of(pair[1]) == wanted or not there]


def _alone(state: RunState) -> Iteration | None:
    """Return who trains while nothing else does: its files were touched, perhaps by who trained beside it.

    Where they are touched once more, it was itself. What the kernel holds to its own places touches nobody's.
    """
    if state.slots == 1 or (state.config.holds_trainings and state.landlock > 0):
        return None
    return next((one for one in state.open if one.voided and _trains_next(state, one)), None)


def _trains_next(state: RunState, one: Iteration) -> bool:
    if one.holds_slot:
        return True
    waits = one.measures is None and (prefetch.verdict_is_near(state, but=one) or _set_aside(state, one))
    return one.next_stage == "train" and one.job is None and not waits


def _set_aside(state: RunState, one: Iteration) -> bool:
    """Say whether it is a loop of what waits while something else is served alone."""
    return bool(state.set_aside) and (one, None) in prefetch.carried(state)


def _others(state: RunState, one: Iteration) -> list[Iteration]:
    return [other for other in state.open if other is not one]
