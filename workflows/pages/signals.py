"""What follows from a signal, in a line each: the outcomes of engine/control/signals.py and adopt.py."""

from autoresearch.engine.control.adopt import Adopted
from autoresearch.engine.control.signals import PauseLifted, PauseSet, ProposalQueued, StopAsked
from autoresearch.projections.wording import short
from autoresearch.workflows.pages.ways_out import typed


def stop_line(outcome: StopAsked) -> str:
    """Say when the runner ends."""
    jobs = " and ".join(outcome.jobs)
    if outcome.now:
        return f"the runner ends {jobs or 'the run'} at once"
    return f"the runner ends after {jobs or 'the current step'}"


def pause_line(outcome: PauseSet) -> str:
    """Say what a pause holds up, and what it does not."""
    going_on = f"; {' and '.join(outcome.jobs)} goes on" if outcome.jobs else ""
    return f"nothing new is started until {typed('unpause')}{going_on}"


def unpause_line(outcome: PauseLifted) -> str:
    """Say whether anybody goes on."""
    if outcome.runner_alive:
        return "the pause is lifted; the runner goes on"
    return f"the pause is lifted; no runner is alive: {typed('resume')} goes on"


def proposed_line(outcome: ProposalQueued) -> str:
    """Say when a proposal is tried."""
    place = f"proposal {outcome.place} in line" if outcome.place > 1 else "the next proposal used"
    if not outcome.loops_left:
        return f"{place}; no loops are left: {typed('resume --loops 1')} tries it"
    if not outcome.runner_alive:
        return f"{place}; no runner is alive: {typed('resume')} goes on"
    return place


def adopted_line(outcome: Adopted) -> str:
    """Say where the run's branch stands now."""
    best = f"the best commit {short(outcome.commit)}"
    if not outcome.moved:
        return f"{outcome.branch} contains {best} already"
    before = short(outcome.before) if outcome.before else "nowhere"
    return f"{outcome.branch} moved from {before} to {best}"
