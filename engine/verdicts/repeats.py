"""Repeats: the same code trained under several seeds, which of them are due, and what all of them say. Pure.

Repeat k of every candidate of a run is trained under one seed, so that what is compared has the same luck.
"""

import hashlib

from attrs import evolve as replace

from autoresearch.engine.verdicts.keep_rules import Verdict, lacking, rule_of, verdict
from autoresearch.engine.verdicts.pairs import seed_spread
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Best, Request, Retracted, Scalar
from autoresearch.projections.belief import Learned
from autoresearch.projections.parts import seeds
from autoresearch.projections.run_state import Iteration, RunState


def seed_of(run_id: str, repeat: int) -> int:
    """Return the seed of a repeat, 0 to 2**31 - 1: all programs take such a one."""
    return int.from_bytes(hashlib.sha256(f"{run_id}/{repeat}".encode()).digest()[:4]) >> 1


def of_seeds(state: RunState) -> float | None:
    """Return by how much one seed's number differs from another's; None where nobody knows.

    At first what the baseline shows, and then what all candidates teach of it.
    """
    belief, noise = state.learned.belief, state.config.noise
    if belief is not None and not noise:
        return belief.of_seeds
    return seed_spread(state.keeps[0].scores if state.keeps else (), noise)


def judged(state: RunState, one: Iteration) -> Verdict:
    """Return the verdict on what an iteration measured so far."""
    return judged_among(
        one,
        state.keeps,
        state.retracted,
        config=state.config,
        of_seeds=of_seeds(state),
        learned=state.learned,
    )


def judged_among(
    one: Iteration,
    keeps: tuple[Best, ...],
    retracted: tuple[Retracted, ...],
    *,
    config: RunConfig,
    of_seeds: float | None,
    learned: Learned,
) -> Verdict:
    """Return the verdict where these were kept: what takes out a keep of a best of then becomes no best."""
    base = base_among(one, keeps)
    if base is None and keeps:
        gone = next((each.iteration for each in retracted if each.commit == one.base_commit), None)
        rule = "not_comparable" if gone is None else "stands_on_retracted"
        return Verdict(answer="discard", rule=rule, inputs={} if gone is None else {"retracted": gone})
    found = verdict(one, base, config=config, of_seeds=of_seeds, learned=learned)
    if found.keep and base is not None and base.iteration != keeps[-1].iteration:
        moved: dict[str, Scalar] = {"best_is": keeps[-1].iteration}
        return replace(found, answer="discard", inputs={**found.inputs, **moved})
    return found


def base_among(one: Iteration, keeps: tuple[Best, ...]) -> Best | None:
    """Return what an iteration is compared with: the best, or where it takes a keep out, what it was made on.

    None: nothing is kept, or what it was made on is no more.
    """
    if one.without is None:
        return keeps[-1] if keeps else None
    return next((keep for keep in keeps if keep.commit == one.base_commit), None)


def of_no_gain(state: RunState) -> frozenset[int]:
    """Return the keeps of which no gain is expected: what was taken out, and what took it out."""
    return frozenset(number for one in state.taken_out for number in (one.iteration, one.by))


def lacks(state: RunState, one: Iteration) -> tuple[int, ...]:
    """Return the repeats that the best has to be measured in, under the conditions of this one's result."""
    base, seeded = base_among(one, state.keeps), state.config.is_seeded or one.without is not None
    return lacking(one, base, seeded=seeded) if base else ()


def is_sequential(state: RunState, one: Iteration) -> bool:
    """Say whether after each repeat of it is asked whether there has to be another one."""
    idea = one.number > 0 and one.measures is None and one.without is None
    return idea and rule_of(state.config.keep_rule).repeats > 1


def due(state: RunState, one: Iteration, request: Request) -> int | None:
    """Return the repeat that is to be trained next; None where all that are planned have a number."""
    there = {score.repeat for score in one.scores}
    if one.measures is not None:
        planned = one.repeats
    elif one.without is not None:
        planned = one.without.repeats
    elif one.number == 0:
        planned = tuple(range(1, seeds.of_baseline(state.config, request.loops) + 1))
    else:
        planned = (1,)
    first = next((repeat for repeat in planned if repeat not in there), None)
    if first is None and wants_another(state, one):
        return max(there) + 1
    return first


def wants_another(state: RunState, one: Iteration) -> bool:
    """Say whether what a candidate measured so far, and the best with it, is not enough for a verdict."""
    if not is_sequential(state, one) or one.next_stage != "record" or lacks(state, one):
        return False
    return judged(state, one).answer == "more"
