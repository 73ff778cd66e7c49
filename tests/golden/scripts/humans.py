"""Golden runs of what humans say: proposals, answers, ideas, pauses, retractions."""

from hashlib import sha256

from attrs import evolve

from autoresearch.events import catalog as ev
from autoresearch.events.values import Request, why
from autoresearch.projections.run_state import RunState
from tests.golden.script import (
    AGENT,
    PLAIN,
    Batch,
    Script,
    at,
    done_after,
    prepared_beside_training,
    received,
    trains,
)


def scripts() -> dict[str, Script]:
    """Return the script of each of these runs by its name."""
    more = (ev.LoopsRequested(request=Request(loops=2)),)
    return {
        "human-first": Script(
            config=PLAIN,
            requests=(Request(loops=2),),
            human=at(
                (lambda run: run.best is not None, (received(8), received(9))),
                (trains(2), (ev.NoteAdded(text="remember"),)),
            ),
        ),
        "human-first-and-withdrawn": Script(
            config=PLAIN,
            requests=(Request(loops=2),),
            human=_withdraws_one,
        ),
        "human-calls-the-agent-back": Script(
            config=PLAIN,
            requests=(evolve(AGENT, loops=2),),
            human=at(
                (
                    lambda run: any(n == 1 and job.step == "propose" for n, job in run.jobs),
                    (received(5),),
                )
            ),
        ),
        "agent-asks": Script(
            config=PLAIN,
            requests=(AGENT,),
            calls={(2, 1): "asks"},
            human=at((lambda run: run.need_input is not None, (received(7),))),
        ),
        "agent-asks-while-prefetching": Script(
            config=PLAIN,
            requests=(evolve(AGENT, prefetch=1),),
            calls={(2, 1): "asks"},
            last_first=True,
            human=at((lambda run: run.need_input is not None and not run.jobs, (received(7),))),
        ),
        "agent-questions": Script(  # 1 asks and proposes, 2 only asks; 3 has the answer
            config=PLAIN,
            requests=(AGENT,),
            calls={(1, 1): "questions", (2, 1): "questions"},
            human=_answer,
        ),
        "agent-questions-with-a-wait": Script(  # which is over before anybody answers
            config=evolve(PLAIN, ask_wait_s=600.0),
            requests=(evolve(AGENT, loops=2),),
            calls={(1, 1): "questions", (1, 2): "questions"},
        ),
        "ideas-for-later": Script(  # 1 leaves two and a lesson, 2 takes up the one that a human left
            config=evolve(PLAIN, backlog=3),
            requests=(AGENT,),
            beside={
                1: {"ideas": '["deeper", "wider", "both"]', "lesson": '"the rate is too high"'},
                2: {"idea": "1", "ideas": '["wider", "slower"]'},
            },
            human=at(
                (lambda run: run.best is not None, (_idea(1, "a warm-up"),)),
                (trains(1), (_memory("kept: 1  +0.5"),)),
                (trains(1), (ev.IdeaPutFirst(idea=3),)),
                (trains(2), (ev.IdeaDropped(idea=2),)),
            ),
        ),
        "paused-by-a-human": Script(
            config=PLAIN,
            human=at(
                (trains(1), (ev.RunPaused(reason=why("human", "lunch")),)),
                (lambda run: run.paused is not None and not run.jobs, (ev.RunUnpaused(),)),
            ),
        ),
        "paused-while-prefetching": Script(
            config=PLAIN,
            requests=(Request(loops=2, prefetch=1),),
            human=at(
                (trains(1), (ev.RunPaused(reason=why("human", "lunch")),)),
                (lambda run: run.paused is not None and not run.jobs, (ev.RunUnpaused(),)),
            ),
        ),
        "retracted": Script(  # the best, while one trains on it and another is prepared; then what is no keep
            config=PLAIN,
            requests=(Request(loops=6, prefetch=1),),
            trainings={(1, 1): 1.9, (2, 1): 1.5, (3, 1): 1.8, (4, 1): 1.85, (5, 1): 1.7},
            human=at(
                (lambda run: trains(3)(run) and prepared_beside_training(run), (_retracted(2),)),
                (done_after(6), (_retracted(1), _retracted(4), *more)),
            ),
        ),
        "retracted-with-what-stands-on-it": Script(
            config=evolve(PLAIN, slots=2),
            requests=(Request(loops=7, prefetch=1),),
            trainings={(1, 1): 1.9, (2, 1): 1.85, (3, 1): 1.8, (4, 1): 1.7, (5, 1): 1.6, (6, 1): 1.5},
            human=at((trains(6), (_retracted(2, with_descendants=True),))),
        ),
        "retracted-while-measured-again": Script(
            config=PLAIN,
            requests=(Request(loops=4),),
            data_ids={2: "d2", 3: "d2", 4: "d2", 5: "d2"},
            trainings={(1, 1): 1.5, (4, 1): 1.2},
            human=at((trains(3), (_retracted(1),))),
        ),
        "retracted-since-it-cannot-be-measured-again": Script(
            config=PLAIN,
            data_seen=("d1", "d2"),
            requests=(Request(loops=3),),
            data_ids={2: "d2", 4: "d2", 5: "d2"},
            trainings={(3, 1): "crashed"},
            human=at((lambda run: run.stopped == "baseline_failed", (_retracted(1), ev.RunResumed()))),
        ),
    }


def _answer(run: RunState) -> Batch:
    """Answer the question that was asked first, while iteration 2 trains."""
    if not trains(2)(run) or run.questions[0].answer:
        return ()
    return (ev.QuestionAnswered(question=run.questions[0].number, answer="the rate"),)


def _withdraws_one(run: RunState) -> Batch:
    """Propose three, the last to be tried first, and withdraw the second."""
    if run.best is None or run.last_iteration > 0:
        return ()
    if not run.waiting:
        return received(8), received(9), received(7, first=True)
    return (ev.ProposalWithdrawn(received=run.waiting[-1].seq),) if len(run.waiting) > 2 else ()


def _idea(number: int, text: str) -> ev.IdeaNoted:
    return ev.IdeaNoted(idea=number, text=text, agent="", iteration=None)


def _memory(text: str) -> ev.MemoryNamed:
    digest = sha256(text.encode()).hexdigest()
    about = {"run_id": "other-r001", "seq": 9, "head": "0" * 64, "metric": "acc", "lower_is_better": False}
    return ev.MemoryNamed(**about, text=text, sha256=digest)


def _retracted(number: int, *, with_descendants: bool = False) -> ev.ResultRetracted:
    return ev.ResultRetracted(iteration=number, why="the card was shared", with_descendants=with_descendants)
