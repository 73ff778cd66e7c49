"""Guards: within what a number beside the metric has to stay, or its candidate is not kept. Pure."""

import operator
from collections.abc import Callable, Mapping

from autoresearch.events.settings import GUARD, RunConfig
from autoresearch.events.values import Scalar
from autoresearch.projections.run_state import Iteration


_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def broken(one: Iteration, config: RunConfig) -> dict[str, Scalar] | None:
    """Return the first guard that a training of a candidate broke, with its number; None: none."""
    for guard in config.guards:
        parts = GUARD.fullmatch(guard)
        assert parts is not None  # the settings were checked
        numbers = one.also.get(parts["name"], ())
        holds, bound = _HOLDS[parts["sign"]], float(parts["bound"])
        outside = [number for number in numbers if not holds(number, bound)]
        if outside or not numbers:
            return {"guard": guard.strip(), "value": outside[-1] if outside else None}
    return None
