"""What if: a run's verdicts taken again under another rule, from its history alone.

A result is a fact; only what it is compared with changes. From the first verdict that changes, the real
run would have built on other code: the results behind it are still shown, and marked.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.verdicts import repeats
from autoresearch.engine.verdicts.keep_rules import KEEP_RULES, RULES, Verdict, is_rule
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.errors import UsageRefused, Wrong
from autoresearch.events.values import KNOWN_CODE, VETOES, Best, Scalar, Score
from autoresearch.projections.reducers import retraction
from autoresearch.projections.reducers.keep import best_of, remeasured
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import Iteration, RunState


Word = Literal["keep", "discard"]


@frozen(kw_only=True)
class Judged:
    """One iteration, as it was judged and as the other rule judges it."""

    iteration: int
    metric: float | None
    was: Word
    would_be: Word
    rule: str  # that the other rule judged by: itself, or one that speaks before it
    inputs: dict[str, Scalar]  # of that rule
    other_code: bool  # the real run would have trained something else here

    @property
    def changed(self) -> bool:
        """Say whether the other rule judges otherwise."""
        return self.was != self.would_be


@frozen(kw_only=True)
class WhatIf:
    """A whole run under another rule."""

    rule: str
    own_rule: str
    judged: tuple[Judged, ...]
    best: Best | None  # under the other rule
    own_best: Best | None

    @property
    def changed(self) -> tuple[Judged, ...]:
        """Return the iterations whose verdict changes."""
        return tuple(one for one in self.judged if one.changed)

    @property
    def other_from(self) -> int | None:
        """Return the first iteration whose code would have been another one."""
        return next((one.iteration for one in self.judged if one.other_code), None)


def what_if(records: Iterable[Recorded], rule: str) -> WhatIf:
    """Judge a whole history by another rule.

    Raises:
        UsageRefused: there is no such rule.
    """
    _check(rule)
    run = RunState()
    kept: tuple[Best, ...] = ()  # by the other rule, and not retracted
    foreign: set[str] = set()  # commits that stand on code which would not have been there
    judged: list[Judged] = []
    for recorded in records:
        case, event = _case(run, recorded), recorded.event
        if isinstance(event, ev.KeepRemeasured) and kept:
            kept = (*kept[:-1], _measured_again(run, event, kept[-1]))
        if isinstance(event, ev.RunForked):  # what that run kept stands, whatever this one is judged by
            kept = event.keeps
        if isinstance(event, ev.ResultRetracted):
            kept = _without_retracted(run, event, kept)
        of_seeds, learned = repeats.of_seeds(run), run.learned  # as they were before
        run = RUN.evolve(run, recorded)
        best = kept[-1] if kept else None
        if case is None:
            continue
        one, was = case
        taken = repeats.judged_among(
            one,
            kept,
            run.retracted,
            config=replace(run.config, keep_rule=rule),
            of_seeds=of_seeds,
            learned=learned,
        )
        if one.base_commit:
            other_code = one.base_commit in foreign or (best is not None and one.base_commit != best.commit)
        else:  # imported: what it stood on is not known, but it was made after what was kept then
            other_code = any(earlier.changed for earlier in judged)
        if other_code and one.commit:
            foreign.add(one.commit)
        kept = _kept_after(kept, one, taken)
        judged.append(_judged(one, taken, was=was, other_code=other_code))
    return WhatIf(
        rule=rule,
        own_rule=run.config.keep_rule,
        judged=tuple(judged),
        best=kept[-1] if kept else None,
        own_best=run.best,
    )


def _check(rule: str) -> None:
    if is_rule(rule):
        return
    name = rule.partition(":")[0]
    near = get_close_matches(name, RULES, n=1)
    hint = f"did you mean {RULES[near[0]].form}? " if near else ""
    known = f"{hint}the rules are {KEEP_RULES}"
    raise UsageRefused(Wrong("unknown_keep_rule", rule=repr(rule)), remedy=known)


def _case(run: RunState, recorded: Recorded) -> tuple[Iteration, Word] | None:
    """Return the iteration that an event closes, and how; None for any other event."""
    event = recorded.event
    match event:
        case ev.CandidateDiscarded() if event.rule in (KNOWN_CODE, *VETOES):
            return None
        case ev.CandidateKept() | ev.CandidateDiscarded():
            one = run.iteration(event.iteration)
            return (
                None if one is None else (one, "keep" if isinstance(event, ev.CandidateKept) else "discard")
            )
        case ev.ResultImported():
            metric = None if event.status == "crash" else event.metric
            imported = Iteration(
                number=event.iteration,
                base_commit="",
                next_stage="decide",
                since=recorded.at,
                commit=event.commit,
                outcome="crashed" if metric is None else "succeeded",
                metric=metric,
                scores=() if metric is None else (Score(metric=metric),),
            )
            return imported, "keep" if event.status == "keep" else "discard"
        case _:
            return None


def _kept_after(kept: tuple[Best, ...], one: Iteration, taken: Verdict) -> tuple[Best, ...]:
    if not taken.keep or one.metric is None:
        return kept
    return (*kept, best_of(one, one.commit or ""))


def _without_retracted(run: RunState, event: ev.ResultRetracted, kept: tuple[Best, ...]) -> tuple[Best, ...]:
    """Take back what the other rule kept; what stands on what is told by what was really trained."""
    with_descendants = event.with_descendants
    gone = retraction.taken(kept, run.retracted, event.iteration, with_descendants=with_descendants)
    return tuple(one for one in kept if one not in gone)


def _measured_again(run: RunState, event: ev.KeepRemeasured, best: Best) -> Best:
    """Take what the run's own best measured; under another rule, another best was never measured there."""
    one = run.iteration(event.iteration)
    return best if one is None or best.iteration != event.keep else remeasured(best, one)


def _judged(one: Iteration, taken: Verdict, *, was: Word, other_code: bool) -> Judged:
    would_be: Word = "keep" if taken.keep else "discard"
    return Judged(
        iteration=one.number,
        metric=one.metric,
        was=was,
        would_be=would_be,
        rule=taken.rule,
        inputs=taken.inputs,
        other_code=other_code,
    )
