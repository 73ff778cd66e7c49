"""Guards: what has to hold for a candidate to be kept, a number within its bound or a command. Pure.

A command is run once a candidate is to be kept by everything else: engine/core/decider.py.
"""

from autoresearch.events.setting import GUARD, outside
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason, Scalar
from autoresearch.projections.run_state import Iteration, RunState


def broken(one: Iteration, config: RunConfig) -> dict[str, Scalar] | None:
    """Return the first bound that a training of a candidate broke, with its number; None: none."""
    for guard in config.guards:
        beyond = outside(guard, one.also)
        if beyond is None:
            continue
        parts = GUARD.fullmatch(guard)
        if beyond or (parts is not None and not one.also.get(parts["name"])):
            return {"guard": guard.strip(), "value": beyond[-1] if beyond else None}
    return None


def failed(one: Iteration, config: RunConfig) -> dict[str, Scalar] | None:
    """Return the guard whose command failed on a candidate, and why; None: none did so far."""
    reason = one.guard_reason
    if reason is None or one.guard_asked not in config.guard_commands:
        return None
    return {**reason.inputs, "guard": one.guard_asked, "because": reason.code, "said": reason.said}


def due(one: Iteration, config: RunConfig) -> str | None:
    """Return the next guard whose command is run before a keep; None: all hold, or one failed."""
    if failed(one, config) is not None:
        return None
    return next((guard for guard in config.guard_commands if guard not in one.guards_held), None)


def failed_by_baseline(state: RunState) -> Reason | None:
    """Return which guard the code as it stands fails, and why, until a human has looked; None: none.

    The baseline is kept: it is what others are compared with. But hardly anything would be kept after it.
    """
    reason = state.baseline_guard
    if state.best is None or reason is None or reason.inputs["guard"] not in state.config.guard_commands:
        return None
    return reason
