"""Golden runs of how a run ends: time, money, device hours, a streak, a stop."""

from attrs import evolve

from autoresearch.engine.core.limits import SLACK
from autoresearch.events import catalog as ev
from autoresearch.events.values import OPEN_END, Request, why
from tests.golden.script import PLAIN, Script, at, trains


UNTIL, LATER = "2026-03-08T23:00:00.000Z", "2026-03-09T01:00:00.000Z"
AFFORDED = 4  # calls of agents


def scripts() -> dict[str, Script]:
    """Return the script of each of these runs by its name."""
    return {
        "until": Script(  # the gain is measured before the time is up; iteration 4 is not begun
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.125),
            requests=(Request(loops=OPEN_END, prefetch=1, final=1, until=UNTIL),),
            trainings={(1, 1): 1.0, (2, 1): 1.5, (3, 1): 1.75},
            time=at((trains(2), (_ran_out("22:50", needed=3),))),
        ),
        "until-over-and-raised": Script(  # what trains is ended, and trained again two hours later
            config=PLAIN,
            requests=(Request(loops=2, until=UNTIL),),
            trainings={(1, 1): "lost", (1, 2): 1.5},
            time=at((trains(1), (_ran_out("23:00"),))),
            human=at(
                (
                    lambda run: run.stopped == "stopped",
                    (ev.LoopsRequested(request=Request(loops=0, until=LATER)),),
                )
            ),
        ),
        "until-in-a-pause": Script(
            config=PLAIN,
            requests=(Request(loops=2, until=UNTIL),),
            trainings={(1, 1): "lost"},
            time=at((lambda run: run.paused is not None, (_ran_out("23:00"),))),
            human=at((trains(1), (ev.RunPaused(reason=why("human", "lunch")),))),
        ),
        "max-trainings": Script(  # two of six are held back for the gain; then nothing may be trained
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.125),
            requests=(Request(loops=OPEN_END, prefetch=1, final=1, max_trainings=6),),
            trainings={(1, 1): 1.0, (2, 1): 1.5, (3, 1): 1.75},
        ),
        "max-trainings-without-final": Script(  # which would take more than half of them
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.125),
            requests=(Request(loops=OPEN_END, final=2, max_trainings=4),),
            trainings={(1, 1): 1.0, (2, 1): 1.5, (3, 1): 1.75},
        ),
        "max-cost": Script(  # the fourth cent is the last one; raised, the run goes on
            config=PLAIN,
            requests=(Request(loops=9, agent="opencode", max_cost_usd=0.035),),
            trainings={(1, 1): 1.5, (2, 1): 1.75},
            human=at(
                (
                    lambda run: run.stopped == "stopped" and run.costs.calls == AFFORDED,
                    (ev.LoopsRequested(request=Request(loops=0, agent="opencode", max_cost_usd=0.055)),),
                )
            ),
        ),
        "max-device-hours": Script(
            config=PLAIN,
            requests=(Request(loops=9, max_device_hours=0.25),),
            trainings={(1, 1): 1.5, (2, 1): 1.75},
        ),
        "no-keep-for": Script(
            config=PLAIN,
            requests=(Request(loops=OPEN_END, no_keep_for=2),),
            trainings={(1, 1): 1.5, (2, 1): 1.75, (3, 1): 1.75},
        ),
        "crashes-in-a-row": Script(
            config=PLAIN,
            requests=(Request(loops=9, crashes_in_a_row=2),),
            trainings=dict.fromkeys([(1, 1), (2, 1), (3, 1)], "crashed"),
        ),
        "stopped-and-resumed": Script(
            config=PLAIN,
            human=at(
                (trains(1), (ev.StopRequested(now=False),)),
                (lambda run: run.stopped == "stopped" and run.completed == 0, (ev.RunResumed(),)),
                (trains(2), (ev.StopRequested(now=True),)),
                (lambda run: run.stopped == "stopped", (ev.RunResumed(),)),
            ),
        ),
        "stopped-while-prefetching": Script(
            config=PLAIN,
            requests=(Request(loops=2, prefetch=1),),
            human=at(
                (trains(1), (ev.StopRequested(now=False),)),
                (lambda run: run.stopped == "stopped", (ev.RunResumed(),)),
            ),
        ),
    }


def _ran_out(clock: str, *, needed: int = 0) -> ev.TimeRanOut:
    """Return what a runner notes then; `needed` trainings of five minutes, each with what is around it."""
    now = f"2026-03-08T{clock}:00.000Z"
    left = "too_little" if needed else "none"
    return ev.TimeRanOut(until=UNTIL, now=now, left=left, needed_s=needed * (SLACK * 300.0))
