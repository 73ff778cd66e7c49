"""Golden runs of what stands between a better number and a keep: guards, reviews, a human's word."""

from collections.abc import Callable
from typing import Any

from attrs import evolve

from autoresearch.events import catalog as ev
from autoresearch.events.values import Request
from autoresearch.projections.run_state import RunState
from tests.golden.script import PLAIN, Script, at


REVIEWED: dict[str, Any] = {"review_agent": "claude", "when_agent_fails": "search"}


def scripts() -> dict[str, Script]:
    """Return the script of each of these runs by its name."""
    return {
        "guarded": Script(  # of two that are better one takes too much memory
            config=evolve(PLAIN, metrics=("tokens_per_s",), guards=("peak_vram_mb < 60000",)),
            trainings={(0, 1): 2.0, (1, 1): 1.5, (2, 1): 1.75, (3, 1): 1.875},
            also={
                0: {"peak_vram_mb": 61000.0},
                1: {"peak_vram_mb": 60000.0, "tokens_per_s": 1000.0},
                2: {"peak_vram_mb": 59999.0, "tokens_per_s": 900.0},
                3: {"peak_vram_mb": 70000.0},
            },
        ),
        "guarded-by-commands": Script(  # the first check is lost; the second candidate fails its second guard
            config=evolve(PLAIN, guards=("tests: pytest -q", "peak_vram_mb < 60000", "lint: ruff check .")),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (2, 1): 1.5, (3, 1): 1.875},
            also={number: {"peak_vram_mb": 100.0} for number in range(4)},
            checks={(1, 1): "lost", (2, 2): "failed"},
        ),
        "guarded-beside": Script(  # what is ready is not trained before the verdict that waits for the check
            config=evolve(PLAIN, guards=("tests: pytest -q",), prefetch=1),
            requests=(Request(loops=4, prefetch=1),),
            devices=("0", "1"),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (2, 1): 2.5, (3, 1): 1.5},
            slow_checks=True,
        ),
        "approved-and-vetoed": Script(  # the third waits in vain, until a later one is better
            config=evolve(PLAIN, approve="human", prefetch=1),
            requests=(Request(loops=5, prefetch=1),),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (2, 1): 1.5, (3, 1): 1.625, (4, 1): 1.875, (5, 1): 1.5},
            human=at(
                (_asks_about(1), (ev.CandidateApproved(iteration=1),)),
                (_asks_about(2), (ev.CandidateVetoed(iteration=2, why="it reads the test text"),)),
                (_asks_about(5), (ev.CandidateApproved(iteration=5),)),
            ),
        ),
        "kept-without-a-word": Script(
            config=evolve(PLAIN, approve="human", not_approved="keep"),
            requests=(Request(loops=2),),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (2, 1): 1.5},
        ),
        "reviewed-before-training": Script(  # a lost review is asked for again; the last can be had no more
            config=evolve(PLAIN, **REVIEWED, review="before-training"),
            requests=(Request(loops=7, agent="opencode", prefetch=1),),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (3, 1): "crashed", (6, 1): 1.5},
            calls={
                (2, 2): "veto",
                (3, 2): "lost",
                (3, 4): "fixed",
                (4, 2): "unusable",
                (4, 3): "unusable",
                (5, 2): "transient",
                (6, 2): "remark",
                (7, 2): "permanent",
            },
        ),
        "reviewed-before-keep": Script(  # the next is trained meanwhile
            config=evolve(PLAIN, **REVIEWED, review="before-keep", approve="human", not_approved="keep"),
            requests=(Request(loops=6, prefetch=1),),
            trainings={(0, 1): 2.0, **{(number, 1): 2.0 - number / 8 for number in range(1, 7)}, (5, 1): 2.0},
            calls={(2, 1): "veto", (4, 1): "limited"},
            last_first=True,
        ),
        "reviewed-in-two-slots": Script(  # what is reviewed may be beaten meanwhile
            config=evolve(PLAIN, **REVIEWED, review="before-keep"),
            requests=(Request(loops=6, prefetch=1),),
            devices=("0", "1"),
            trainings={(0, 1): 2.0, **{(number, 1): 2.0 - number / 8 for number in range(1, 7)}, (3, 1): 1.9},
            last_first=True,
        ),
        "review-waited-for": Script(  # until it can be had, however long that takes
            config=evolve(PLAIN, **REVIEWED, review="before-keep", review_when_unavailable="wait"),
            requests=(Request(loops=3, prefetch=1),),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (2, 1): 1.5, (3, 1): 1.25},
            calls={(1, 1): "limited", (1, 2): "permanent", (2, 1): "unusable", (2, 2): "unusable"},
            human=at(
                (
                    lambda run: any(one.needs_human for one in run.agents) and not run.jobs,
                    (ev.RunResumed(),),
                )
            ),
        ),
        "review-beyond-the-budget": Script(  # what is trained is kept without, and nothing new is begun
            config=evolve(PLAIN, **REVIEWED, review="before-keep"),
            requests=(Request(loops=9, prefetch=1, max_cost_usd=0.02),),
            trainings={(0, 1): 2.0, **{(number, 1): 2.0 - number / 8 for number in range(1, 10)}},
            last_first=True,
        ),
        "review-by-nobody": Script(  # there is no agent
            config=evolve(PLAIN, **(REVIEWED | {"review_agent": ""}), review="before-training"),
            requests=(Request(loops=1),),
        ),
    }


def _asks_about(number: int) -> Callable[[RunState], bool]:
    return lambda run: any(one.number == number and one.approval.waits for one in run.open)
