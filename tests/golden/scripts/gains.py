"""Golden runs of keep rules over seeds, and the gain measured anew: final, consolidate, without a keep."""

from typing import Literal

from attrs import evolve

from autoresearch.events import catalog as ev
from autoresearch.events.kinds.candidate_events import Without
from autoresearch.events.values import Request
from tests.golden.script import PLAIN, Script, at, done_after, received


def scripts() -> dict[str, Script]:
    """Return the script of each of these runs by its name."""
    return {
        "min-delta": Script(
            config=evolve(PLAIN, keep_rule="min-delta:0.25"),
            requests=(Request(loops=5),),
            trainings={(0, 1): 2.0, (1, 1): 1.9, (2, 1): 1.75, (3, 1): 1.5, (4, 1): 1.25, (5, 1): 1.3},
        ),
        "min-percent": Script(
            config=evolve(PLAIN, keep_rule="min-percent:10"),
            requests=(Request(loops=3),),
            trainings={(0, 1): 20.0, (1, 1): 18.0, (2, 1): 17.75, (3, 1): 16.0},
        ),
        "climb": Script(  # 2.0, 2.5, 3.0 of the baseline: a gain of 0.25 is needed on the first seed
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED"),
            requests=(Request(loops=4, prefetch=1),),
            trainings={
                (0, 1): 2.0,
                (0, 2): 2.5,
                (0, 3): 3.0,
                (1, 1): 1.9,
                (2, 1): 1.5,
                (3, 1): "lost",
                (3, 2): 1.3,
                (4, 1): 1.2,
            },
        ),
        "climb-without-seeds": Script(
            config=evolve(PLAIN, keep_rule="climb"),
            requests=(Request(loops=2),),
            trainings={(0, 1): 2.0, (0, 2): 2.5, (0, 3): 3.0, (1, 1): 1.9, (2, 1): 1.5},
        ),
        "confirm": Script(  # the base is measured in the repeats that it lacks
            config=evolve(PLAIN, keep_rule="confirm", seed_env="SEED", noise=0.125),
            requests=(Request(loops=3, prefetch=1),),
            trainings={
                (0, 1): 2.0,
                (1, 1): 1.25,
                (1, 2): "lost",
                (1, 3): 1.25,
                (3, 1): 2.0,
                (2, 1): 1.0,
                (2, 2): 1.0,
                (2, 3): 1.0,
                (4, 1): "crashed",
                (5, 1): 1.25,
            },
        ),
        "confirm-on-the-other-card": Script(  # where its first repeat was trained
            config=evolve(PLAIN, keep_rule="confirm", seed_env="SEED"),
            devices=("0", "1"),
            classes=(("L4", "H100"),),
            requests=(Request(loops=1),),
            trainings={(0, 1): 2.0, (0, 2): 2.25, (0, 3): 2.125, (1, 1): 1.5, (1, 2): 1.5, (1, 3): 1.5},
        ),
        "confirm-on-two-cards": Script(
            config=evolve(PLAIN, keep_rule="confirm", seed_env="SEED"),
            devices=("0", "1"),
            classes=(("L4", "H100"),),
            requests=(Request(loops=3, prefetch=1),),
            trainings={(0, 1): 2.0, (0, 2): 2.25, (0, 3): 2.125, (1, 1): 1.0, (1, 2): 1.0, (2, 1): 1.5},
        ),
        "final": Script(  # repeats 4 and 5 are fresh; asked for again, 6 is
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED"),
            requests=(Request(loops=2, prefetch=1, final=2),),
            trainings={
                (0, 1): 2.0,
                (0, 2): 2.5,
                (0, 3): 3.0,
                (1, 1): 1.5,
                (2, 1): 1.75,
                (3, 1): "lost",
                (3, 2): 1.5,
                (3, 3): 1.75,
                (4, 1): 2.25,
                (4, 2): 2.0,
                (5, 1): 1.5,
                (6, 1): 2.5,
            },
            human=at((done_after(2), (ev.LoopsRequested(request=Request(loops=0, final=1)),))),
        ),
        "final-on-two-cards": Script(  # of the kind that the best was measured on last
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.125),
            devices=("0", "1"),
            classes=(("L4", "H100"),),
            requests=(Request(loops=3, prefetch=1, final=1),),
            trainings={(1, 1): 1.0, (2, 1): 1.5, (3, 1): 1.75},
        ),
        "no-final": Script(  # the baseline is the best; then its seeds all give the same
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED"),
            requests=(Request(loops=1, final=2),),
            trainings={(0, 1): 2.0, (0, 2): 2.0, (0, 3): 2.0, (1, 1): 2.5, (2, 1): 1.5},
            human=at((done_after(1), (ev.LoopsRequested(request=Request(loops=1, final=2)),))),
        ),
        "consolidate": Script(  # on repeat 2 a keep is doubtful, on 4 and 5 it is confirmed
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.25),
            requests=(Request(loops=2, prefetch=1, final=1, consolidate=1),),
            trainings={
                (0, 1): 3.0,
                (1, 1): 2.0,
                (2, 1): 1.5,
                (3, 1): 1.75,
                (4, 1): "lost",
                (4, 2): 2.0,
                (5, 1): 3.5,
                (6, 1): 1.5,
                (7, 1): 3.0,
                (8, 1): 1.75,
                (8, 2): 1.5,
                (9, 1): 2.5,
                (9, 2): 2.5,
                (10, 1): 3.0,
                (10, 2): 3.25,
            },
            human=at((done_after(2), (ev.LoopsRequested(request=Request(loops=0, consolidate=2)),))),
        ),
        "step-by-step": Script(  # the verdict that docs/belief.md takes apart: numbers of bench/bank
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", baseline_repeats=5),
            requests=(Request(loops=1, final=3),),
            trainings={
                (0, 1): 1.605773,
                (0, 2): 1.605847,
                (0, 3): 1.603449,
                (0, 4): 1.609119,
                (0, 5): 1.604932,
                (1, 1): 1.597864,
                (2, 1): 1.591454,
                (2, 2): 1.601028,
                (2, 3): 1.597917,
                (3, 1): 1.599099,
                (3, 2): 1.607879,
                (3, 3): 1.604371,
            },
        ),
        "taken-out": Script(  # without 1 it is worse, without 2 it is not; each alone; then an idea
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.25),
            requests=(Request(loops=2, final=1, consolidate=1),),
            trainings={
                (0, 1): 3.0,
                (1, 1): 2.0,
                (2, 1): 1.5,
                (3, 1): 2.0,
                (4, 1): 2.25,
                (5, 1): 2.5,
                (6, 1): 2.0,
                (7, 1): 3.0,
                (8, 1): 2.5,
                (8, 2): "lost",
                (8, 3): 2.75,
                (9, 1): 1.75,
                (9, 2): 2.0,
                (10, 1): 1.75,
                (10, 2): 2.0,
            },
            human=at(
                (done_after(2), (*_without("drop", 5, 6), ev.LoopsRequested(request=Request(loops=2)))),
                (done_after(4), (*_without("ablate", 7), ev.LoopsRequested(request=Request(loops=2)))),
                (done_after(6), (ev.LoopsRequested(request=Request(loops=1)),)),
            ),
        ),
        "taken-out-of-what-was-best": Script(  # both are trained at once, and one of them is kept first
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.25),
            devices=("0", "1"),
            requests=(Request(loops=2, consolidate=1),),
            trainings={(0, 1): 3.0, (1, 1): 2.0, (2, 1): 1.5, (3, 1): 2.0, (4, 1): 2.25, (5, 1): 2.5},
            human=at(
                (done_after(2), (*_without("drop", 5), ev.LoopsRequested(request=Request(loops=2)))),
            ),
        ),
        "holdout": Script(  # a look is lost, and one breaks, which the final mends when it is asked for again
            config=evolve(
                PLAIN, keep_rule="climb", seed_env="SEED", baseline_repeats=2, holdout=("score.py",)
            ),
            requests=(Request(loops=1, final=2),),
            trainings={(0, 1): 2.0, (0, 2): 2.5, (1, 1): 1.5},
            looks={(2, 1): "lost", (2, 2): 1.5, (3, 1): "crashed"},
            human=at((done_after(1), (ev.LoopsRequested(request=Request(loops=0, final=1)),))),
        ),
    }


def _without(purpose: Literal["drop", "ablate"], *repeats: int) -> tuple[ev.ProposalReceived, ...]:
    """Return a human's wish to see the best without its first keep, and without its second."""
    return tuple(
        evolve(received(10 + keep), without=Without(keep=keep, purpose=purpose, repeats=repeats))
        for keep in (1, 2)
    )
