"""Keep rules: keep or discard, and from which numbers. Pure.

A rule is named in the event together with its inputs, so that anybody can take the decision again. A new rule
is an entry of `RULES`; its sentence follows from the inputs, in projections/words/sentences.py.
"""

import math
from collections.abc import Callable

from attrs import frozen

from autoresearch.events.settings import MetricSpec
from autoresearch.events.values import Best, Conditions, Scalar, differing
from autoresearch.projections.run_state import Iteration


@frozen(kw_only=True)
class Verdict:
    """Keep or not, by which rule, from which numbers."""

    keep: bool
    rule: str
    inputs: dict[str, Scalar]


@frozen(kw_only=True)
class KeepRule:
    """A rule that a run can be judged by: a candidate is kept whose gain is greater than what it asks."""

    form: str  # how it is written in the settings
    meaning: str
    asks: Callable[[float, float], float]  # from its number, and the best, the gain to exceed; 0.0: any
    takes_number: bool = False  # `name:NUMBER`, finite and not negative


RULES = {
    "lower": KeepRule(form="lower", meaning="any improvement", asks=lambda _number, _best: 0.0),
    "min-delta": KeepRule(
        form="min-delta:NUMBER",
        meaning="one by more than NUMBER",
        asks=lambda number, _best: number,
        takes_number=True,
    ),
    "min-percent": KeepRule(
        form="min-percent:NUMBER",
        meaning="one by more than NUMBER percent of the best",
        asks=lambda number, best: abs(best) * number / 100,
        takes_number=True,
    ),
}
KEEP_RULES = ", ".join(f"{rule.form} ({rule.meaning})" for rule in RULES.values())


def verdict(
    one: Iteration, best: Best | None, *, metric: MetricSpec, keep_rule: str, most_spent: float = 0.0
) -> Verdict:
    """Judge a recorded iteration against the best; the first rule that speaks decides."""
    if one.outcome != "succeeded" or one.metric is None:
        return Verdict(keep=False, rule="no_result", inputs={"outcome": one.outcome})
    if best is None:
        return Verdict(keep=True, rule="baseline", inputs={"metric": one.metric})
    if one.stands_on is not None:
        return Verdict(keep=False, rule="stands_on_retracted", inputs={"retracted": one.stands_on})
    if one.tree == best.tree:
        inputs: dict[str, Scalar] = {"metric": one.metric, "best": best.metric, "tree": one.tree}
        return Verdict(keep=False, rule="same_code", inputs=inputs)
    theirs = best.under(one.conditions)
    if theirs is None:
        return Verdict(keep=False, rule="not_comparable", inputs=_differing(one.conditions, best.conditions))
    times = one.spent.times(best.spent)
    if most_spent and times > most_spent:
        return Verdict(keep=False, rule="overspent", inputs={"times": times, "most_spent": most_spent})
    return _compared(one.metric, theirs, metric, keep_rule)


def lacks_measurement(one: Iteration, best: Best) -> bool:
    """Say whether the best has to be measured under the conditions of a result before it can be judged."""
    judged = one.outcome == "succeeded" and one.metric is not None and one.stands_on is None
    scored = judged and one.tree != best.tree
    unmet = any(one.conditions.agree(other) for other in best.unmet)
    return scored and not unmet and best.under(one.conditions) is None


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


def _differing(ours: Conditions, theirs: Conditions) -> dict[str, Scalar]:
    """Return each condition that is another one than the best was measured under last, and that."""
    named = [("", ours), ("best_", theirs)]
    return {f"{prefix}{name}": getattr(of, name) for name in differing(ours, theirs) for prefix, of in named}


def _compared(value: float, best: float, metric: MetricSpec, keep_rule: str) -> Verdict:
    name, _, number = keep_rule.partition(":")
    gain = best - value if metric.lower_is_better else value - best
    asked = RULES[name].asks(float(number or 0), best)
    inputs: dict[str, Scalar] = {
        "metric": value,
        "best": best,
        "gain": gain,
        "min_delta": asked,
        "lower_is_better": metric.lower_is_better,
    }
    return Verdict(keep=gain > asked, rule=keep_rule, inputs=inputs)
