"""Keep rules: keep or discard, and from which numbers. Pure.

A rule is named in the event together with its inputs, so that anybody can take the decision again. A new rule
is a function and a line in `RULES`; its sentence follows from the inputs, in projections/wording.py.
"""

import math
from collections.abc import Callable

from attrs import frozen

from autoresearch.events.settings import MetricSpec
from autoresearch.events.values import Scalar
from autoresearch.projections.run_state import Best, Iteration


@frozen(kw_only=True)
class Verdict:
    """Keep or not, by which rule, from which numbers."""

    keep: bool
    rule: str
    inputs: dict[str, Scalar]


@frozen(kw_only=True)
class KeepRule:
    """A rule that a run can be judged by."""

    form: str  # how it is written in the settings
    takes_number: bool = False  # `name:NUMBER`, finite and not negative
    judge: Callable[[float, float], bool]  # from the gain, positive is better, and the number, to keep or not


def _is_better(gain: float, _number: float) -> bool:
    """Keep any improvement; equal is not better."""
    return gain > 0


def _is_better_by(gain: float, delta: float) -> bool:
    """Keep an improvement that is greater than `delta`, in the metric's own unit."""
    return gain > delta


RULES = {
    "lower": KeepRule(form="lower", judge=_is_better),
    "min-delta": KeepRule(
        form="min-delta:NUMBER as in min-delta:0.001", takes_number=True, judge=_is_better_by
    ),
}
KEEP_RULES = ", or ".join(rule.form for rule in RULES.values())


def verdict(one: Iteration, best: Best | None, *, metric: MetricSpec, keep_rule: str) -> Verdict:
    """Judge a recorded iteration against the best; the first rule that speaks decides."""
    if one.outcome != "succeeded" or one.metric is None:
        return Verdict(keep=False, rule="no_result", inputs={"outcome": one.outcome})
    if best is None:
        return Verdict(keep=True, rule="baseline", inputs={"metric": one.metric})
    if one.tree == best.tree:
        inputs: dict[str, Scalar] = {"metric": one.metric, "best": best.metric, "tree": one.tree}
        return Verdict(keep=False, rule="same_code", inputs=inputs)
    data_id = one.measured.data_id if one.measured else None
    if data_id != best.data_id:
        inputs = {"data_id": data_id, "best_data_id": best.data_id}
        return Verdict(keep=False, rule="not_comparable", inputs=inputs)
    if one.deciding != best.deciding:
        inputs = {"deciding": one.deciding, "best_deciding": best.deciding}
        return Verdict(keep=False, rule="not_comparable", inputs=inputs)
    return _compared(one.metric, best.metric, metric, keep_rule)


def is_rule(text: str) -> bool:
    """Say whether this is one of the named rules, with the argument that it takes."""
    name, colon, number = text.partition(":")
    rule = RULES.get(name)
    if rule is None or not rule.takes_number:
        return rule is not None and not colon
    try:
        return math.isfinite(float(number)) and float(number) >= 0
    except ValueError:
        return False


def min_delta(keep_rule: str) -> float:
    """Return the number that a rule was given: by how much a candidate must be better; 0.0 for none."""
    _, colon, number = keep_rule.partition(":")
    return float(number) if colon else 0.0


def _compared(value: float, best: float, metric: MetricSpec, keep_rule: str) -> Verdict:
    delta = min_delta(keep_rule)
    gain = best - value if metric.lower_is_better else value - best
    inputs: dict[str, Scalar] = {
        "metric": value,
        "best": best,
        "gain": gain,
        "min_delta": delta,
        "lower_is_better": metric.lower_is_better,
    }
    keep = RULES[keep_rule.partition(":")[0]].judge(gain, delta)
    return Verdict(keep=keep, rule=keep_rule, inputs=inputs)
