"""Golden runs of setup, preparing, trainings and evaluations, in one slot and in several."""

from typing import Any

from attrs import evolve

from autoresearch.events import catalog as ev
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.values import Request
from autoresearch.projections.run_state import RunState
from tests.golden.script import AGENT, PLAIN, Batch, Script, at, prepared_beside_training, received


_NAMED = evolve(PLAIN, metric=MetricSpec(name="acc", pattern="(.)", lower_is_better=False))
_metric_named: Batch = (ev.ConfigChanged(config=_NAMED, changed=("metric",)), ev.RunResumed())
LOOP_ONLY: Any = ("loop",)


def scripts() -> dict[str, Script]:
    """Return the script of each of these runs by its name."""
    return {
        "search": Script(
            config=PLAIN,
            requests=(Request(loops=6),),
            trainings={(1, 1): 1.5, (2, 1): 1.6, (3, 1): 1.5, (4, 1): "crashed", (5, 1): "timed_out"},
        ),
        "higher-is-better": Script(
            config=evolve(PLAIN, metric=MetricSpec(name="acc", pattern="(.)", lower_is_better=False)),
            trainings={(0, 1): 0.5, (1, 1): 0.6, (2, 1): 0.6, (3, 1): 0.4},
        ),
        "voided-and-tampered": Script(
            config=PLAIN,
            requests=(Request(loops=3),),
            trainings={(0, 1): "voided", (1, 1): "voided", (2, 1): "voided", (2, 2): "tampered"},
        ),
        "evaluated": Script(
            config=evolve(PLAIN, evaluate=("{python}", "evaluate.py")),
            requests=(Request(loops=4, prefetch=1),),
            trainings={(1, 1): 1.5, (2, 1): 1.4},  # what they print, and what is found
            evaluations={(1, 1): 1.5, (2, 1): "lost", (2, 2): 1.4, (3, 1): "tampered"},
        ),
        "evaluated-in-two-slots": Script(
            config=evolve(PLAIN, evaluate=("{python}", "evaluate.py"), slots=2),
            requests=(Request(loops=4, prefetch=2),),
        ),
        "reads-again": Script(  # the metric was named wrong; the baseline is not trained a second time
            config=evolve(PLAIN, metric=MetricSpec(name="acc", pattern="(x)", lower_is_better=False)),
            requests=(Request(loops=1),),
            trainings={(0, 1): "no_metric", (1, 1): 0.625},
            rereads={0: 0.5},
            human=at((_failed, _metric_named)),
        ),
        "reads-again-in-vain": Script(  # and is trained when somebody resumes once more
            config=evolve(PLAIN, metric=MetricSpec(name="acc", pattern="(x)", lower_is_better=False)),
            requests=(Request(loops=1),),
            trainings={(0, 1): "no_metric", (0, 2): 0.5, (1, 1): 0.625},
            human=at((_failed, _metric_named), (_failed, (ev.RunResumed(),))),
        ),
        "losers-stopped": Script(  # one of the best's base, and one of the new best's
            config=evolve(PLAIN, stop_losers=0.5),
            requests=(Request(loops=4, agent="opencode", prefetch=1),),
            trainings={(0, 1): 2.0, (2, 1): 1.5, (4, 1): 1.25},
            losers=frozenset({1, 3}),
        ),
        "prepares": Script(setup=(False, True), requests=(Request(loops=1),), trainings={(1, 1): 1.5}),
        "setup-never-ready": Script(
            setup=(False, False, False, True),
            requests=(Request(loops=1),),
            human=at((lambda run: run.stopped == "setup_incomplete", (ev.RunResumed(),))),
        ),
        "not-to-be-prepared": Script(setup=(False,), requests=(Request(loops=1, auto_prepare=False),)),
        "no-setup-allowed": Script(setup=(False,), requests=(Request(loops=1, stages=("baseline", "loop")),)),
        "baseline-fails-then-not": Script(
            config=PLAIN,
            requests=(Request(loops=1),),
            trainings={(0, 1): "crashed"},
            human=at((lambda run: run.stopped == "baseline_failed", (ev.RunResumed(),))),
        ),
        "training-lost-in-a-row": Script(
            config=PLAIN,
            requests=(Request(loops=1),),
            trainings={(1, 1): "lost", (1, 2): "lost", (1, 3): "lost", (1, 4): 1.2},
            human=at((lambda run: run.paused is not None, (ev.RunUnpaused(),))),
        ),
        "preparation-lost-in-a-row": Script(
            setup=(False, True),
            requests=(Request(loops=1),),
            preparations_lost=frozenset({1, 2, 3}),
            human=at((lambda run: run.paused is not None, (ev.RunUnpaused(),))),
        ),
        "not-applied": Script(config=PLAIN, failures=frozenset({1, 3})),
        "crash-without-triage": Script(
            config=PLAIN,
            requests=(
                Request(loops=0),
                Request(loops=1, loop_stages=("propose", "apply", "commit", "train", "record", "decide")),
            ),
            trainings={(1, 1): "crashed"},
        ),
        "only-some-stages": Script(
            config=PLAIN,
            requests=(
                Request(loops=0, stages=("setup", "baseline")),
                Request(loops=1, stages=LOOP_ONLY, loop_stages=("propose", "apply", "commit")),
                Request(loops=1, stages=LOOP_ONLY, loop_stages=("train", "record", "decide")),
                Request(loops=1, stages=LOOP_ONLY, loop_stages=("apply",)),
            ),
            trainings={(1, 1): "crashed"},
        ),
        "prefetch-with-keeps": Script(
            config=PLAIN,
            requests=(Request(loops=6, prefetch=1),),
            trainings={(1, 1): 1.5, (2, 1): 1.6, (3, 1): 1.4, (4, 1): 1.3, (5, 1): 1.45, (6, 1): 1.2},
            rebased={4: "merged", 5: "empty", 6: "conflict"},
            last_first=False,
        ),
        "prefetch-deferred": Script(
            config=PLAIN,
            requests=(Request(loops=3, prefetch=1),),
            human=at((prepared_beside_training, (received(9),))),
        ),
        "prefetch-agent-conflict": Script(
            config=PLAIN,
            requests=(evolve(AGENT, loops=3, prefetch=1),),
            trainings={(1, 1): 1.5},
            rebased={2: "conflict"},
            last_first=True,
        ),
        "two-slots": Script(
            config=evolve(PLAIN, slots=2),
            requests=(Request(loops=5, prefetch=1),),
            trainings={(1, 1): 1.9, (2, 1): 1.8, (3, 1): 1.85, (4, 1): 1.7},
            last_first=True,
        ),
        "three-devices": Script(
            config=PLAIN, requests=(Request(loops=4),), devices=("0", "1", "2"), last_first=True
        ),
    }


def _failed(run: RunState) -> bool:
    return run.stopped == "baseline_failed"
