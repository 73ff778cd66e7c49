"""Golden runs of what two results are compared under: data, versions, cards, settings."""

from attrs import evolve

from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Request
from tests.golden.script import PLAIN, Batch, Script, at, done_after, trains


def scripts() -> dict[str, Script]:
    """Return the script of each of these runs by its name."""
    more = (ev.LoopsRequested(request=Request(loops=2)),)
    return {
        "climb-on-other-data": Script(  # iteration 3 measures the best there, on the one seed that counts
            config=evolve(PLAIN, keep_rule="climb:0.5", seed_env="SEED", baseline_repeats=2),
            requests=(Request(loops=3),),
            data_ids={2: "d2", 3: "d2", 4: "d2"},
            trainings={(0, 1): 2.0, (0, 2): 2.5, (2, 1): 1.0, (3, 1): 1.75, (4, 1): 0.75},
        ),
        "other-data-and-same-code": Script(  # iteration 3 measures the best once more, and not on d2
            config=PLAIN,
            requests=(Request(loops=4),),
            data_ids={2: "d2", 5: "d2"},
            same_tree=frozenset({4}),
            trainings={(3, 1): 2.5},
        ),
        "other-versions": Script(  # 1 differs where nothing is compared, 2 where it is; 3 measures the best
            config=PLAIN,
            requests=(Request(loops=3),),
            surroundings={
                0: {"torch": "2.6.0", "driver": "550.1"},
                1: {"torch": "2.6.0", "driver": "560.9", "threads": "4"},
                **{n: {"torch": "2.7.0", "driver": "560.9", "threads": "4"} for n in (2, 3, 4)},
            },
            trainings={(2, 1): 1.0, (3, 1): 0.9, (4, 1): 0.95},
        ),
        "best-measured-again": Script(
            config=PLAIN,
            requests=(Request(loops=4),),
            data_ids={2: "d2", 3: "d2", 4: "d2"},
            trainings={(3, 1): 1.0},
        ),
        "best-measured-again-fails": Script(
            config=PLAIN,
            data_seen=("d1", "d2"),
            requests=(Request(loops=2),),
            data_ids={2: "d2", 3: "d2"},
            trainings={(3, 1): "lost", (3, 2): "crashed", (3, 3): 1.9},
            human=at((lambda run: run.stopped == "baseline_failed", (ev.RunResumed(),))),
        ),
        "settings-changed-and-back": Script(
            config=PLAIN,
            trainings={(1, 1): 3.0, (2, 1): 3.0, (3, 1): 0.3, (4, 1): 0.4, (5, 1): 0.5, (6, 1): 3.0},
            requests=(Request(loops=2),),
            human=at(
                (done_after(2), _changed_to(evolve(PLAIN, training_budget="3000"))),
                (done_after(4), _changed_to(PLAIN)),
            ),
        ),
        "settings-changed-while-training": Script(
            config=PLAIN,
            requests=(Request(loops=3),),
            human=at((trains(1), _changed_to(evolve(PLAIN, training_budget="3000"))[:1])),
        ),
        "settings-changed-before-a-verdict": Script(  # which the best of then has no number under
            config=PLAIN,
            devices=("0", "1"),
            last_first=True,
            requests=(Request(loops=0),),
            trainings={(2, 1): 0.5, (3, 1): 0.8, (1, 1): 0.1},
            human=at(
                (done_after(0), more),
                (trains(1), _changed_to(evolve(PLAIN, training_budget="3000"))[:1]),
            ),
        ),
        "another-card": Script(
            config=PLAIN,
            devices=("0",),
            classes=(("L4",), ("H100",), ("L4",)),
            trainings={(1, 1): 1.5, (2, 1): 0.9, (3, 1): 0.5, (4, 1): 0.4, (5, 1): 1.0, (6, 1): 1.6},
            requests=(Request(loops=1),),
            human=at((done_after(1), more), (done_after(3), more)),
        ),
        "the-other-kind-of-card": Script(
            config=PLAIN, devices=("0", "1"), classes=(("L4", "H100"),), requests=(Request(loops=1),)
        ),
        "two-kinds-of-cards": Script(
            config=PLAIN,
            devices=("0", "1"),
            classes=(("L4", "H100"),),
            requests=(Request(loops=5, prefetch=1),),
            trainings={(3, 1): 1.9, (4, 1): 1.8, (5, 1): 1.7},
        ),
    }


def _changed_to(config: RunConfig) -> Batch:
    asked = ev.LoopsRequested(request=Request(loops=2))
    return ev.ConfigChanged(config=config, changed=("training_budget",)), asked
