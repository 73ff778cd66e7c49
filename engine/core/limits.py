"""The limits of a run beside its loops: a time, a number of trainings, budgets; what is done at each. Pure.

Nothing new is begun that is not expected to end in time, by what the base took. The measurement at the end is
counted in: it is begun early enough. Only where it would take more than half of what was asked for, it is
left to `final`. What still runs at the time itself is ended, and goes on with the next request.

A budget (what agents cost, device hours, ideas or crashes in a row) is of the whole run, and holds until
another number is asked for; what was begun is brought to its end.
"""

from autoresearch.engine.core import commands as do
from autoresearch.engine.core import prefetch
from autoresearch.engine.verdicts import repeats
from autoresearch.events import catalog as ev
from autoresearch.events.clock import seconds_between
from autoresearch.events.values import LOOP_STAGES, ON_DEVICE, Reason, why
from autoresearch.projections.run_state import Iteration, RunState


HOUR_S = 3600.0
SLACK = 1.05  # checking out, sealing and judging stand around each training

# What brings to its end what was begun; the others begin something.
_ENDS = (
    do.CheckSetup
    | do.Evaluate
    | do.CheckGuard
    | do.AskForApproval
    | do.TriageCrash
    | do.RecordResult
    | do.KeepCandidate
    | do.DiscardCandidate
    | do.TakeRemeasure
    | do.DropRemeasure
    | do.CancelJob
)


def is_reached(state: RunState) -> bool:
    """Say whether nothing new may be begun but the measurement at the end."""
    if state.limits.time_up is not None or _budget(state) is not None:
        return True
    left = state.limits.trainings_left
    return left is not None and left <= _reserve(state)


def allows(state: RunState, command: do.Command) -> bool:
    """Say whether a command may be given once a limit is reached."""
    if isinstance(command, do.StartTraining):
        one = state.iteration(command.iteration)
        return _may_train(state) and one is not None and one.measures is not None
    if isinstance(command, do.AskToReview):  # of what waits for its verdict
        one = state.iteration(command.iteration)
        return state.limits.time_up != "none" and one is not None and one.next_stage == "decide"
    if isinstance(command, do.MissReview):  # what is not trained now may be reviewed before it is
        one = state.iteration(command.iteration)
        return one is not None and one.next_stage == "decide"
    if isinstance(command, do.Evaluate | do.CheckGuard | do.ScoreHoldout):
        return state.limits.time_up != "none"
    return isinstance(command, _ENDS)


def may_measure(state: RunState, command: do.Command) -> bool:
    """Say whether this may be done to say what was gained, once a limit is reached."""
    if prefetch.measures_again(state) or not _reserve(state):
        return False
    return _may_train(state) or not isinstance(command, do.Remeasure)


def ends_jobs(state: RunState) -> bool:
    """Say whether what runs is to be ended: a human asked for it, or the time is over."""
    return state.stop == "now" or (state.stop is None and state.limits.time_up == "none")


def forbids_trainings(state: RunState) -> bool:
    """Say whether a limit is so far exceeded that nothing at all is trained."""
    return not _may_train(state)


def reason(state: RunState) -> Reason:
    """Return which limit a run ended by."""
    if state.limits.time_up is not None:
        return why("time_is_up", until=state.limits.until, completed=state.completed)
    if (used_up := _budget(state)) is not None:
        return used_up
    return why("trainings_used_up", trainings=state.limits.trainings, completed=state.completed)


def stop(state: RunState) -> do.Stop:
    """Return the stop that a limit ends the run by."""
    return do.Stop(how="stopped", reason=reason(state))


def is_pointless(state: RunState, one: Iteration) -> bool:
    """Say whether nobody waits for what runs: a measurement of what was retracted, an agent too late."""
    assert one.job is not None  # the caller checked
    if one.job.step in ON_DEVICE:
        return prefetch.measures_retracted(state, one)
    if one.job.step == "review" and one.next_stage == "decide":
        return False
    return is_reached(state) or (one.job.step in ("propose", "edit") and bool(state.waiting))


def ran_out(state: RunState, now: str) -> ev.TimeRanOut | None:
    """Return what a runner has to record when it is `now`; None: there is time, or it was recorded."""
    limits = state.limits
    if not limits.until or limits.time_up == "none" or state.stopped is not None:
        return None
    left_s = seconds_between(now, limits.until)
    if left_s <= 0:
        return ev.TimeRanOut(until=limits.until, now=now, left="none", needed_s=0.0)
    needed_s = _needed_s(state)
    if limits.time_up is None and left_s < needed_s:
        return ev.TimeRanOut(until=limits.until, now=now, left="too_little", needed_s=needed_s)
    return None


def once_s(state: RunState) -> float:
    """Return how long a training and its evaluation take, by what the base took; 0: nobody knows yet."""
    if state.best is None:
        return 0.0
    return SLACK * (state.takes_s or state.best.spent.seconds)


def measurements(state: RunState) -> int:
    """Return how many trainings the measurement at the end takes, where something was kept."""
    request = state.request
    if request is None or request.loop_stages != LOOP_STAGES or repeats.of_seeds(state) == 0:
        return 0
    of_best_and_baseline = 2 * state.final_left
    return of_best_and_baseline + state.consolidate_left * max(2, len(state.keeps))


def _needed_s(state: RunState) -> float:
    return (1 + _reserve(state)) * once_s(state)


def _reserve(state: RunState) -> int:
    """Return the trainings that are held back for the measurement at the end: half of all at most."""
    count, limits = measurements(state), state.limits
    if limits.trainings and count > limits.trainings // 2:
        return 0
    if limits.until and limits.asked_at:  # else it is only imagined, before a run begins
        asked_s = seconds_between(limits.asked_at, limits.until)
        if count * once_s(state) > asked_s / 2:
            return 0
    if state.budgets.device_hours and count * once_s(state) > state.budgets.device_hours * HOUR_S / 2:
        return 0
    return count


def agents_spent(state: RunState) -> Reason | None:
    """Return which budget of the run for agents is used up; None: there is room in both."""
    budgets, costs = state.budgets, state.costs
    if budgets.cost_usd and costs.tells_no_cost:
        return why("cost_untold", max_cost=budgets.cost_usd, calls=costs.calls)
    if budgets.cost_usd and costs.feared_usd >= budgets.cost_usd:
        return why(
            "cost_used_up_at_least" if costs.unpriced else "cost_used_up",
            max_cost=budgets.cost_usd,
            usd=round(costs.usd, 6),
            calls=costs.calls,
            unpriced=costs.unpriced,
        )
    if budgets.tokens and costs.tells_no_tokens:
        return why("tokens_untold", max_tokens=budgets.tokens, calls=costs.calls)
    if budgets.tokens and costs.feared_tokens >= budgets.tokens:
        return why(
            "tokens_used_up_at_least" if costs.uncounted else "tokens_used_up",
            max_tokens=budgets.tokens,
            tokens=costs.tokens,
            uncounted=costs.uncounted,
        )
    return None


def _budget(state: RunState) -> Reason | None:
    """Return which budget of the whole run is used up; None: there is room in all of them."""
    budgets = state.budgets
    if (spent := agents_spent(state)) is not None:
        return spent
    if budgets.device_hours and state.device_s + _needed_s(state) > budgets.device_hours * HOUR_S:
        hours = round(state.device_s / HOUR_S, 2)
        return why("device_hours_used_up", max_device_hours=budgets.device_hours, hours=hours)
    if budgets.no_keep_for and state.without_keep >= budgets.no_keep_for:
        return why("no_keep_for", ideas=state.without_keep)
    if budgets.crashes_in_a_row and state.crashes >= budgets.crashes_in_a_row:
        return why("crashes_in_a_row", times=state.crashes)
    return None


def _may_train(state: RunState) -> bool:
    hours = state.budgets.device_hours
    spent = bool(hours) and state.device_s >= hours * HOUR_S
    return state.limits.time_up != "none" and state.limits.trainings_left != 0 and not spent
