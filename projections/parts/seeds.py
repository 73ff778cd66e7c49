"""Under how many seeds a baseline is trained. The keep rules are in engine/verdicts/keep_rules.py."""

from __future__ import annotations


TYPE_CHECKING = False  # as in typing
if TYPE_CHECKING:
    from autoresearch.events.settings import RunConfig
    from autoresearch.events.values import Request


BY_SPREAD = ("climb", "confirm")  # rules that ask how far seeds lie apart
_FEW, _MANY, _LONG_RUN = 3, 5, 60  # seeds, and from how many loops on there are many


def of_baseline(config: RunConfig, loops: int) -> int:
    """Return under how many seeds the baseline of a run is trained that was asked for so many loops."""
    if config.baseline_repeats:
        return config.baseline_repeats
    if config.noise or config.keep_rule.partition(":")[0] not in BY_SPREAD:
        return 1
    return _MANY if loops >= _LONG_RUN else _FEW


def left_of_baseline(config: RunConfig, request: Request | None, there: int) -> int:
    """Return on how many seeds it is still to be trained, of which so many have a number."""
    if request is None or "baseline" not in request.stages:
        return 0
    return max(0, of_baseline(config, request.loops) - there)
