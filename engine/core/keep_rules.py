"""Verdicts: keep or discard, and why. Pure.

A rule is named in the event together with its inputs, so that anybody can take the decision again.
"""

import math
from typing import Literal

from attrs import frozen

from autoresearch.events.values import MetricSpec, Scalar
from autoresearch.projections.run_state import Best, Iteration


# The rules that a run can be judged by; the number of `min-delta` is in the metric's own unit.
RULES = {"lower": "lower", "min-delta": "min-delta:NUMBER as in min-delta:0.001"}
KEEP_RULES = ", or ".join(RULES.values())


@frozen(kw_only=True)
class Verdict:
    """Keep or not, by which rule, from which numbers, and the reason in one line."""

    keep: bool
    rule: str
    inputs: dict[str, Scalar]
    reason: str


def verdict(one: Iteration, best: Best | None, *, metric: MetricSpec, keep_rule: str) -> Verdict:
    """Judge a recorded iteration against the best; the first rule that speaks decides.

    `keep_rule` is `lower`, or `min-delta:D`: the improvement must be greater than D. Equal is not better.
    """
    if one.outcome != "succeeded" or one.metric is None:
        rule: Literal["no_result"] = "no_result"
        return Verdict(keep=False, rule=rule, inputs={"outcome": one.outcome}, reason=_no_result(one))
    if best is None:
        return Verdict(keep=True, rule="baseline", inputs={"metric": one.metric}, reason="the baseline")
    if one.tree == best.tree:
        inputs: dict[str, Scalar] = {"metric": one.metric, "best": best.metric, "tree": one.tree}
        return Verdict(
            keep=False,
            rule="same_code",
            inputs=inputs,
            reason="the best once more: the same code, measured again",
        )
    data_id = one.measured.data_id if one.measured else None
    if data_id != best.data_id:
        return Verdict(
            keep=False,
            rule="not_comparable",
            inputs={"data_id": data_id, "best_data_id": best.data_id},
            reason=f"measured on other data ({data_id}) than the best ({best.data_id})",
        )
    return _by_metric(one.metric, best.metric, metric, keep_rule)


def is_rule(text: str) -> bool:
    """Say whether this is one of the named rules, with the argument that it takes."""
    name, _, number = text.partition(":")
    if name != "min-delta":
        return text == "lower"
    try:
        return math.isfinite(float(number)) and float(number) >= 0
    except ValueError:
        return False


def min_delta(keep_rule: str) -> float:
    """Return by how much a candidate must be better; 0.0 for `lower`."""
    name, _, argument = keep_rule.partition(":")
    return float(argument) if name == "min-delta" else 0.0


def _by_metric(value: float, best: float, metric: MetricSpec, keep_rule: str) -> Verdict:
    delta = min_delta(keep_rule)
    gain = best - value if metric.lower_is_better else value - best
    keep = gain > delta
    inputs: dict[str, Scalar] = {"metric": value, "best": best, "min_delta": delta}
    sign = "<" if metric.lower_is_better else ">"
    away = ">=" if metric.lower_is_better else "<="
    margin = f" by more than {delta:g}" if delta else ""
    reason = (
        f"improved ({value:.6f} {sign} {best:.6f}{margin})"
        if keep
        else f"no improvement{margin} ({value:.6f} {away} {best:.6f})"
        if gain <= 0
        else f"too small an improvement ({value:.6f} against {best:.6f}, {delta:g} asked)"
    )
    return Verdict(keep=keep, rule=keep_rule, inputs=inputs, reason=reason)


def _no_result(one: Iteration) -> str:
    return f"{(one.outcome or 'no result').replace('_', ' ')}: {one.reason}".rstrip(": ")
