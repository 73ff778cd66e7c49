"""Keep rules: keep, discard, or train once more, and from which numbers. Pure.

A rule is named in the event together with its inputs, so that anybody can take the decision again. A new rule
is an entry of `RULES`; its sentence follows from the inputs, in projections/words/verdicts.py.
"""

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.verdicts import guards
from autoresearch.engine.verdicts.pairs import (
    SURE,
    Pairs,
    error_of,
    pair_spread,
    pairs_of,
    seed_pool,
    seed_spread,
    spread_of,
    within,
)
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Best, Conditions, Scalar, differing
from autoresearch.projections.belief import Learned
from autoresearch.projections.run_state import Iteration


Answer: TypeAlias = Literal["keep", "discard", "more"]


@frozen(kw_only=True)
class Verdict:
    """Keep or not, by which rule, from which numbers; or that one more repeat has to be trained first."""

    answer: Answer
    rule: str
    inputs: dict[str, Scalar]

    @property
    def keep(self) -> bool:
        """Say whether the candidate becomes the best."""
        return self.answer == "keep"


@frozen(kw_only=True)
class Case:
    """What a rule judges by."""

    pairs: Pairs
    number: float  # that the rule was given; 0.0: none
    of_seeds: float  # standard deviation over seeds; 0.0: there is none, or none was seen
    of_pairs: float  # of the difference of a pair
    error: float  # standard error of the mean gain
    noise_known: bool  # from the settings, not from the baseline


def _exceeds(case: Case, asked: float) -> Answer:
    return "keep" if case.pairs.mean > asked else "discard"


@frozen(kw_only=True)
class KeepRule:
    """A rule that a run can be judged by."""

    form: str  # how it is written in the settings
    meaning: str
    asks: Callable[[Case], float]  # the gain to exceed
    judge: Callable[[Case, float], Answer] = _exceeds
    takes_number: bool = False  # `name:NUMBER`, finite and not negative; without it 0
    needs_number: bool = False
    repeats: int = 1  # of a candidate, at most
    by_spread: bool = False  # it asks how far seeds lie apart: the baseline is trained under several


# In units of the standard deviation over seeds; simulated, and chosen on the bank (docs/belief.md).
_SCREEN = 0.5
_SCREEN_UNPAIRED = 1.5
_HOPE = 0.75
_HOPE_UNPAIRED = 1.0
_SURE_ENOUGH = 3.0
_SURE_ENOUGH_UNKNOWN = 3.4  # where the spread itself was only estimated, or seeds do not pair
MOST_REPEATS = 8


def _climb(case: Case) -> float:
    return max(case.number, case.of_seeds * (_SCREEN if case.pairs.paired else _SCREEN_UNPAIRED))


def _confirm(case: Case) -> float:
    hope = _HOPE * case.of_pairs if case.pairs.paired else _HOPE_UNPAIRED * case.of_seeds
    return max(case.number, hope)


def _sure_enough(case: Case) -> float:
    return _SURE_ENOUGH if case.noise_known and case.pairs.paired else _SURE_ENOUGH_UNKNOWN


def _confirmed(case: Case, asked: float) -> Answer:
    gain, count = case.pairs.mean, case.pairs.count
    if case.error == 0 or gain < asked:
        return _exceeds(case, asked)
    if count > 1 and gain / case.error >= _sure_enough(case):
        return "keep"
    return "discard" if count >= MOST_REPEATS else "more"


RULES = {
    "climb": KeepRule(
        form="climb[:NUMBER]",
        meaning="a gain on one seed that is more than half of what seeds differ by, and than NUMBER",
        asks=_climb,
        takes_number=True,
        by_spread=True,
    ),
    "confirm": KeepRule(
        form="confirm[:NUMBER]",
        meaning="a gain that is sure, after up to eight seeds, and more than NUMBER",
        asks=_confirm,
        judge=_confirmed,
        takes_number=True,
        repeats=MOST_REPEATS,
        by_spread=True,
    ),
    "lower": KeepRule(form="lower", meaning="any improvement", asks=lambda _case: 0.0),
    "min-delta": KeepRule(
        form="min-delta:NUMBER",
        meaning="one by more than NUMBER",
        asks=lambda case: case.number,
        takes_number=True,
        needs_number=True,
    ),
    "min-percent": KeepRule(
        form="min-percent:NUMBER",
        meaning="one by more than NUMBER percent of the best",
        asks=lambda case: abs(case.pairs.base) * case.number / 100,
        takes_number=True,
        needs_number=True,
    ),
}
KEEP_RULES = ", ".join(f"{rule.form} ({rule.meaning})" for rule in RULES.values())


def rule_of(keep_rule: str) -> KeepRule:
    """Return the rule that the settings name."""
    return RULES[keep_rule.partition(":")[0]]


def verdict(
    one: Iteration, best: Best | None, *, config: RunConfig, of_seeds: float | None, learned: Learned
) -> Verdict:
    """Judge an iteration by what it measured so far; the first rule that speaks decides.

    `of_seeds` is the standard deviation over seeds, where it is known.
    """
    if one.outcome == "stopped_early":
        return Verdict(answer="discard", rule="stopped_early", inputs=_behind(one))
    if one.outcome != "succeeded" or one.metric is None:
        return Verdict(answer="discard", rule="no_result", inputs={"outcome": one.outcome})
    if best is None:
        return Verdict(answer="keep", rule="baseline", inputs=_first(one))
    if one.stands_on is not None:
        return Verdict(answer="discard", rule="stands_on_retracted", inputs={"retracted": one.stands_on})
    if one.tree == best.tree:
        inputs: dict[str, Scalar] = {"metric": one.metric, "best": best.metric, "tree": one.tree}
        return Verdict(answer="discard", rule="same_code", inputs=inputs)
    pairs = _pairs(one, best, config)
    if pairs is None:
        inputs = _differing(one.conditions, best.conditions)
        return Verdict(answer="discard", rule="not_comparable", inputs=inputs)
    theirs = best.spent_under(one.conditions)
    times = one.spent.times(theirs)
    if config.most_spent and times > config.most_spent:
        inputs = {"times": times, "most_spent": config.most_spent}
        return Verdict(answer="discard", rule="overspent", inputs=inputs)
    if one.without is not None:
        judged = _simpler(one, best, pairs, config, of_seeds=of_seeds, learned=learned)
    else:
        judged = _compared(one, pairs, config, of_seeds, learned)
    if judged.answer != "discard" and (guard := guards.broken(one, config)) is not None:
        return Verdict(answer="discard", rule="guard", inputs=guard)
    if judged.answer != "discard" and (guard := guards.failed(one, config)) is not None:
        return Verdict(answer="discard", rule="guard_failed", inputs=guard)
    more = one.spent.far_beyond(theirs)
    if more is None:
        return judged
    return replace(judged, inputs={**judged.inputs, "spent_of": more[0], "spent_times": more[1]})


def lacking(one: Iteration, best: Best, *, seeded: bool) -> tuple[int, ...]:
    """Return the repeats that the best has to be measured in before a result can be judged."""
    judged = one.outcome == "succeeded" and one.metric is not None and one.stands_on is None
    if not judged or one.tree == best.tree or any(one.conditions.agree(other) for other in best.unmet):
        return ()
    there = best.under(one.conditions)
    if not seeded:
        return () if there else (1,)
    return tuple(score.repeat for score in one.scores if score.repeat not in there)


def is_learned(config: RunConfig, learned: Learned) -> bool:
    """Say whether more than a few numbers of one program tell how far seeds lie apart."""
    return config.noise > 0 or learned.belief is not None


def is_rule(text: str) -> bool:
    """Say whether this is one of the named rules, with the argument that it takes."""
    name, colon, number = text.partition(":")
    rule = RULES.get(name)
    if rule is None or (colon and not rule.takes_number):
        return False
    if not colon:
        return not rule.needs_number
    try:
        return math.isfinite(float(number)) and float(number) >= 0
    except ValueError:
        return False


def _first(one: Iteration) -> dict[str, Scalar]:
    inputs: dict[str, Scalar] = {"metric": one.metric}
    if len(one.scores) > 1:
        inputs |= {"trainings": len(one.scores), "of_seeds": seed_spread(one.scores)}
    return inputs


def _behind(one: Iteration) -> dict[str, Scalar]:
    last = one.behind[-1]
    return {
        "percent": last.percent,
        "loss": last.loss,
        "base_loss": last.base_loss,
        "bound": one.bound,
    }


def _differing(ours: Conditions, theirs: Conditions) -> dict[str, Scalar]:
    """Return each condition that is another one than the best was measured under last, and that."""
    named = [("", ours), ("best_", theirs)]
    return {f"{prefix}{name}": getattr(of, name) for name in differing(ours, theirs) for prefix, of in named}


def _pairs(one: Iteration, best: Best, config: RunConfig) -> Pairs | None:
    """Return its pairs with the best; of what takes a keep out, those on the seeds that chose nothing."""
    if one.without is not None:
        best = replace(best, scores=within(best.scores, one.without.repeats))
    lower, seeded = config.metric.lower_is_better, config.is_seeded
    return pairs_of(one.scores, best, lower_is_better=lower, seeded=seeded)


def _compared(
    one: Iteration, pairs: Pairs, config: RunConfig, of_seeds: float | None, learned: Learned
) -> Verdict:
    rule, case = rule_of(config.keep_rule), _case(pairs, config, of_seeds or 0.0, learned)
    asked = rule.asks(case)
    inputs: dict[str, Scalar] = {
        "metric": one.metric,
        "best": pairs.base,
        "gain": pairs.mean,
        "min_delta": asked,
        "lower_is_better": config.metric.lower_is_better,
    }
    if rule.by_spread:
        inputs |= {
            "pairs": pairs.count,
            "paired": pairs.paired,
            "squares": pairs.squares,
            "of_seeds": of_seeds,
            "half_width": SURE * case.error,
        }
        if learned.belief is not None:
            guess = learned.belief.guess(pairs.mean, pairs.count)
            inputs |= {"probability": guess.probability, "shrunk": guess.gain}
    if rule.repeats > 1 and case.error > 0:
        inputs |= {"sureness": pairs.mean / case.error, "sureness_asked": _sure_enough(case)}
    return Verdict(answer=rule.judge(case, asked), rule=config.keep_rule, inputs=inputs)


def _simpler(
    one: Iteration, base: Best, pairs: Pairs, config: RunConfig, *, of_seeds: float | None, learned: Learned
) -> Verdict:
    """Judge what takes a keep out: it may lose what the rule asks of a gain, for the code is simpler then.

    A change that gives no more than that beside the others would not have been kept for it.
    """
    without = one.without
    assert without is not None  # the caller checked
    seen = seed_pool(one.scores).joined(seed_pool(within(base.scores, without.repeats)))
    spread, quantile = spread_of(of_seeds if is_learned(config, learned) else None, seen)
    case = _case(pairs, config, spread or 0.0, learned)
    inputs: dict[str, Scalar] = {
        "without": without.keep,
        "metric": one.metric,
        "best": pairs.base,
        "gain": pairs.mean,
        "lower_is_better": config.metric.lower_is_better,
        "pairs": pairs.count,
        "paired": pairs.paired,
        "squares": pairs.squares,
        "of_seeds": spread,
        "half_width": None if spread is None else quantile * case.error,
    }
    if without.purpose == "ablate":
        return Verdict(answer="discard", rule="ablate", inputs=inputs)
    may_lose = rule_of(config.keep_rule).asks(case)
    loses = -pairs.mean > may_lose
    return Verdict(
        answer="discard" if loses else "keep", rule="drop", inputs={**inputs, "may_lose": may_lose}
    )


def _case(pairs: Pairs, config: RunConfig, of_seeds: float, learned: Learned) -> Case:
    number = config.keep_rule.partition(":")[2]
    return Case(
        pairs=pairs,
        number=float(number or 0),
        of_seeds=of_seeds,
        of_pairs=pair_spread(learned.pool, of_seeds),
        error=error_of(pairs, learned.pool, of_seeds),
        noise_known=config.noise > 0,
    )
