"""What stands between a verdict that keeps and the keep: guards' commands, a review, a human's word. Pure."""

from attrs import evolve as replace

from autoresearch.engine.core import commands as do
from autoresearch.engine.core import slots
from autoresearch.engine.core.asks import reviewing
from autoresearch.engine.core.rules.transitions import Misfit
from autoresearch.engine.verdicts import guards
from autoresearch.engine.verdicts.keep_rules import Verdict
from autoresearch.events import catalog as ev
from autoresearch.events.values import VETOES, Request, Scalar
from autoresearch.projections.parts.reviews import Approval
from autoresearch.projections.run_state import Iteration, RunState


VETOED, NOT_APPROVED = VETOES


def first(
    state: RunState, one: Iteration, judged: Verdict, request: Request
) -> tuple[do.Command, ...] | None:
    """Return what comes before a candidate is kept: nothing while it waits; None where it may be."""
    if (guard := guards.due(one, state.config)) is not None:
        return _check(state, one, guard)
    reviewed = reviewing.first(state, one, request, "before-keep", judged.inputs)
    if reviewed is not None:
        return reviewed
    return _approve(state, one, judged)


def waits_for_human(state: RunState) -> bool:
    """Say whether anything that would be kept waits for a human's word."""
    return any(one.approval.waits for one in state.open)


def timed_out(state: RunState, now: str) -> tuple[ev.ApprovalTimedOut, ...]:
    """Return which waits for a human's word are over, by the clock of the runner; at rest none goes on."""
    if state.stopped is not None:
        return ()
    waiting = [(one.number, one.approval.until) for one in state.open if one.approval.waits]
    return tuple(
        ev.ApprovalTimedOut(iteration=number, until=until, now=now)
        for number, until in waiting
        if until and until <= now
    )


def not_approved(state: RunState, one: Iteration) -> str | None:
    """Return what a keep would need of a human; None: nothing."""
    if state.best is None or one.without is not None:
        return None
    said, config = one.approval.said, state.config
    if said == "vetoed":
        return "a discard: a human vetoed it"
    if config.approve == "none" or said == "approved" or (said, config.not_approved) == ("nothing", "keep"):
        return None
    return "the word of a human"


def asked_once(run: RunState, event: ev.ApprovalAsked) -> Misfit | None:
    """Expect a candidate about which no human was asked, and a limit of time where the settings have one."""
    one = run.iteration(event.iteration)
    if one is None or one.approval.asked:
        return "iteration", "one about which no human was asked", event.iteration
    limited = run.config.approve_wait_s > 0
    return None if limited == bool(event.until) else ("until", "a time" if limited else "", event.until)


def asked(run: RunState, event: ev.CandidateApproved | ev.CandidateVetoed) -> Misfit | None:
    """Expect a candidate that waits for a human's word."""
    waiting = [one.number for one in run.open if one.approval.waits]
    return None if event.iteration in waiting else ("iteration", f"one of {waiting}", event.iteration)


def overdue(run: RunState, event: ev.ApprovalTimedOut) -> Misfit | None:
    """Expect a candidate that waits until a time which the runner's clock has passed."""
    approval = next((one.approval for one in run.open if one.number == event.iteration), Approval())
    ends = [approval.until, *([approval.named] if approval.stands_still is None else [])]
    if not approval.waits or not event.until or event.until not in ends:
        return "until", approval.until or "a wait that has an end", event.until
    return None if event.now >= event.until else ("now", f"a time from {event.until} on", event.now)


def _approve(state: RunState, one: Iteration, judged: Verdict) -> tuple[do.Command, ...] | None:
    if not_approved(state, one) is None:
        return None
    approval = one.approval
    told: dict[str, Scalar]
    if approval.said == "vetoed":
        rule, told = VETOED, {"by": "a human", "said": approval.why}
    elif approval.said == "nothing":
        rule, told = NOT_APPROVED, {"until": approval.until}
    else:
        return () if approval.asked else (do.AskForApproval(iteration=one.number),)
    inputs = {**judged.inputs, **told}
    return (do.DiscardCandidate(iteration=one.number, rule=rule, inputs=inputs),)


def _check(state: RunState, one: Iteration, guard: str) -> tuple[do.Command, ...]:
    """Run the command of a guard where there is room; none: it waits for a slot."""
    deadline_s = state.config.evaluate_timeout_s
    command = do.CheckGuard(
        iteration=one.number, check=one.checks + 1, guard=guard, slot=0, device="", deadline_s=deadline_s
    )
    return tuple(replace(command, slot=slot, device=device) for slot, device in slots.for_guard(state, one))
