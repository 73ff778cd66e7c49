"""Golden runs of agents that propose, apply, edit and mend, and their failures."""

from attrs import evolve

from autoresearch.events import catalog as ev
from autoresearch.events.values import Request
from autoresearch.projections.run_state import RunState
from tests.golden.script import AGENT, PLAIN, RETRY_AT, Batch, Script, at


def scripts() -> dict[str, Script]:
    """Return the script of each of these runs by its name."""
    return {
        "agent-proposes-and-applies": Script(
            config=PLAIN,
            requests=(AGENT,),
            calls={(1, 1): "prose", (2, 1): "prose", (2, 2): "failed"},
            trainings={(1, 1): 1.5, (3, 1): 1.4},
        ),
        "agent-rests": Script(  # it is asked again at once, after a wait, or not at all
            config=evolve(PLAIN, when_agent_fails="search"),
            requests=(Request(loops=5, agent="opencode"),),
            calls={
                (1, 1): "limited",
                (2, 1): "unusable",
                (2, 2): "unusable",
                (3, 1): "prose",
                (3, 2): "transient",
                (4, 1): "prose",
                (4, 2): "unusable",
                (4, 3): "unusable",
                (5, 1): "permanent",
            },
            human=at(
                (
                    lambda run: run.stopped == "done",
                    (ev.RunResumed(), ev.LoopsRequested(request=evolve(AGENT, loops=1))),
                )
            ),
            time=at(
                (
                    lambda run: run.completed == 1 and run.agents[0].rests,
                    (ev.WaitEnded(agent="opencode", until=RETRY_AT, now=RETRY_AT),),
                )
            ),
        ),
        "agents-take-turns": Script(  # one that rests is passed over, and carries out what it proposed
            config=evolve(PLAIN, when_agent_fails="search"),
            requests=(Request(loops=7, agent="opencode", others=("claude:opus", "search")),),
            calls={
                (1, 1): "limited",
                (3, 1): "unusable",
                (3, 2): "unusable",
                (4, 1): "prose",
                (4, 2): "unusable",
                (5, 1): "prose",
                (5, 2): "limited",
                (6, 1): "questions",
                (6, 2): "permanent",
            },
            trainings={(2, 1): "crashed"},
            time=at(
                (
                    lambda run: run.completed == 2 and run.agents[-1].rests,
                    (ev.WaitEnded(agent="opencode", until=RETRY_AT, now=RETRY_AT),),
                )
            ),
        ),
        "agents-by-gain": Script(  # a dear one, and a cheap one whose changes are kept
            config=evolve(PLAIN, when_agent_fails="search", agent_turns="by-gain"),
            requests=(Request(loops=9, agent="claude", others=("opencode",), prefetch=1),),
            trainings={
                (number, 1): metric
                for number, metric in enumerate((2.0, 2.1, 1.9, 2.2, 1.8, 1.9, 1.7, 1.65, 1.9, 1.6))
            },
        ),
        "agent-rests-over-a-conflict": Script(  # which only it could mend
            config=evolve(PLAIN, when_agent_fails="search"),
            requests=(Request(loops=3, agent="opencode", prefetch=2),),
            trainings={(1, 1): 1.0},
            rebased={2: "conflict"},
            calls={(3, 1): "limited"},
            last_first=True,
        ),
        "agent-makes-what-missed": Script(  # it carries out the plan; of 2 it fails to; 3 has nobody to do it
            config=evolve(PLAIN, when_agent_fails="search"),
            requests=(AGENT,),
            misses=frozenset({1, 2, 3}),
            calls={(2, 2): "unusable", (2, 3): "permanent"},
        ),
        "agent-mends": Script(
            config=PLAIN,
            requests=(AGENT,),
            trainings={
                (1, 1): "crashed",
                (1, 2): 1.4,
                (2, 1): "crashed",
                (2, 2): "crashed",
                (2, 3): "crashed",
                (3, 1): "crashed",
            },
            calls={(1, 2): "fixed", (2, 2): "fixed", (2, 3): "fixed", (3, 2): "given_up"},
        ),
        "agent-fails-in-a-row": Script(
            config=PLAIN,
            requests=(evolve(AGENT, loops=4),),
            calls={(1, 1): "failed", (2, 1): "failed", (3, 1): "failed"},
            human=at((lambda run: run.paused is not None, (ev.RunUnpaused(),))),
        ),
        "agent-fails-now-and-then": Script(
            config=PLAIN,
            requests=(evolve(AGENT, loops=5),),
            calls={(1, 1): "failed", (2, 1): "failed", (4, 1): "failed", (5, 1): "failed"},
        ),
        "agent-lost": Script(
            config=PLAIN,
            requests=(evolve(AGENT, loops=2),),
            calls={(1, 1): "lost", (1, 2): "prose", (1, 3): "lost", (1, 5): "lost", (1, 6): "fixed"},
            trainings={(1, 1): "crashed", (1, 2): 1.2},
        ),
        "agent-edits": Script(  # a question, a failure, an exact form, and a crash that it mends
            config=evolve(PLAIN, agent_mode="edit", when_agent_fails="search", prefetch=1),
            requests=(evolve(AGENT, loops=5, prefetch=1),),
            trainings={(1, 1): 1.5, (2, 1): "crashed", (2, 2): 1.25, (3, 1): 1.75, (4, 1): 1.125},
            calls={(1, 1): "questions", (3, 1): "unusable", (4, 1): "form", (5, 1): "lost", (2, 2): "fixed"},
        ),
        "agent-prefetches-two": Script(
            config=PLAIN, requests=(evolve(AGENT, prefetch=2),), calls={(2, 1): "prose"}
        ),
        "known-code": Script(  # an agent's third answer from the log gives the search its turn
            config=PLAIN,
            requests=(Request(loops=4, agent="opencode"),),
            trainings={(0, 1): 2.0, (1, 1): 1.5, (2, 1): 1.75, (6, 1): 1.25, (7, 1): 1.0},
            same_code={3: 2, 4: 1, 5: 0},
        ),
        "known-code-retracted": Script(
            config=PLAIN,
            trainings={(0, 1): 2.0, (1, 1): 1.5, (2, 1): 1.75, (3, 1): 1.75},
            same_code={3: 2},
            human=_retracts_second,
        ),
    }


def _retracts_second(run: RunState) -> Batch:
    if run.completed != 2 or run.retracted:
        return ()
    return (ev.ResultRetracted(iteration=2, why="a wrong file", with_descendants=False),)
