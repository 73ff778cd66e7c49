"""Prefetch: which iterations are open at once while one trains, and who of them goes first. Pure.

While one iteration trains, the next is proposed, applied and committed on the best of then: that holds if
the one that trains is discarded, as most are. If it is kept, the next one's base moves to the new best. So it
is while a candidate waits for a reviewer's or a human's word. The decider (engine/core/decider.py) asks here;
the commands are its own.
"""

from autoresearch.engine.core import agents
from autoresearch.engine.core.asks import pending
from autoresearch.engine.verdicts import repeats
from autoresearch.events.values import LOOP_STAGES, ON_DEVICE, Request
from autoresearch.projections.run_state import Iteration, RunState


def loops(state: RunState) -> tuple[Iteration, ...]:
    """Return the open iterations that count as loops, by number: not the baseline, nor the best once more."""
    return tuple(one for one in state.open if one.number > 0 and one.measures is None)


def carried(state: RunState) -> tuple[tuple[Iteration, Request | None], ...]:
    """Return all open iterations but the baseline, each with the request that has to carry it on.

    A loop has the one that it is one of the loops of; what was kept is measured for the first, and in the
    end for the last.
    """
    of_loops = {one.number: request_of(state, place) for place, one in enumerate(loops(state))}
    first = request_of(state, 0) or state.request
    return tuple((one, of_loops.get(one.number, first)) for one in state.open if one.number > 0)


def measures_again(state: RunState) -> bool:
    """Say whether the best is being measured again: nobody is judged meanwhile."""
    return any(one.measures is not None for one in state.open)


def measures_retracted(state: RunState, one: Iteration) -> bool:
    """Say whether it measures again what is kept no more."""
    return one.measures is not None and all(keep.iteration != one.measures for keep in state.keeps)


def request_of(state: RunState, place: int) -> Request | None:
    """Return the request that the open loop at this place, from 0, is one of; None beyond what was asked."""
    for one in state.requests:
        if "loop" in one.request.stages:
            if place < one.loops_left:
                return one.request
            place -= one.loops_left
    return None


def may_open_another(state: RunState) -> bool:
    """Say whether one more iteration may be prepared while others train.

    Never more than was asked for, and never beside a request that leaves stages out: such a one is told
    apart from the next by the iteration it leaves open.
    """
    opened = len(loops(state))
    requests = [request_of(state, place) for place in range(opened + 1)]
    if any(one is None or one.loop_stages != LOOP_STAGES for one in requests):
        return False
    request = requests[-1]
    assert request is not None  # looked at above
    train = sum(one.holds_slot for one in state.open)
    if not train:
        return pending.nothing_else(state)  # a word is waited for, and no device for that
    waiting = sum(pending.waits_for_word(state, one) for one in state.open)
    wanted = max(request.prefetch, state.slots - train)  # a free slot is filled without prefetch
    return len(state.open) - train - waiting < wanted


def has_old_base(state: RunState, one: Iteration) -> bool:
    """Say whether another became the best since this one got its base, and it has not been trained on it."""
    if state.best is None or one.base_commit == state.best.commit or one.unscored:
        return False
    return one.next_stage in ("propose", "apply") or (one.next_stage == "train" and one.proposal is not None)


def has_edit_checkout(state: RunState, one: Iteration) -> bool:
    """Say whether this iteration may be worked on: one at a time, what was begun first, then by number."""
    others = [other for other in state.open if other is not one]
    begun = any(_agent_at_work(other) or other.next_stage == "commit" for other in others)
    to_make = ("propose", "apply", "triage")
    earlier = any(other.number < one.number and other.next_stage in to_make for other in others)
    return not begun and not earlier


def verdict_is_near(state: RunState, *, but: Iteration) -> bool:
    """Say whether a verdict on another one is due that may change the best: nothing is trained before it.

    Without a best only the baseline's is due: the others wait for it. One that has to be trained once more
    is not near its verdict, nor is one for which somebody has to say a word.
    """
    due = [one for one in state.open if one is not but and (one.number == 0 or state.best is not None)]
    near = (one for one in due if one.next_stage in ("record", "decide") and _is_next(state, one))
    return any(not repeats.wants_another(state, one) for one in near)


def gives_way(state: RunState, one: Iteration) -> bool:
    """Say whether a prepared candidate lets a human's proposal go first."""
    return bool(agents.ready(state)) and one.source in ("agent", "search") and one.trainings == 0


def _is_next(state: RunState, one: Iteration) -> bool:
    """Say whether nothing, or at most the command of a guard, runs for it, and it waits for nobody's word."""
    return (one.job is None or one.job.step == "guard") and not pending.waits_for_word(state, one)


def _agent_at_work(one: Iteration) -> bool:
    return one.job is not None and one.job.step not in (*ON_DEVICE, "review")  # that one has its own bench
