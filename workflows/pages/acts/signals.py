"""What follows from a signal, in a line each: the outcomes of signals, adopt and repair in engine/control."""

from autoresearch.engine.control.notes.proposals import ProposalQueued
from autoresearch.engine.control.repair import Repaired
from autoresearch.engine.control.results.adopt import Adopted
from autoresearch.engine.control.signals import (
    AnswerGiven,
    KeepDecided,
    PauseLifted,
    PauseSet,
    StopAsked,
)
from autoresearch.projections.words.times import counted
from autoresearch.projections.words.wording import say, short
from autoresearch.workflows.pages.ways_out import typed


SHOWN = 5
KNOWN = "this was said before under the same key, and nothing was changed; then: "


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


def answered_line(outcome: AnswerGiven) -> str:
    """Say who reads an answer."""
    said = f"question {outcome.number} is answered ({outcome.question})"
    if outcome.at_rest:
        return f"{said}; the run is idle: {typed('resume --loops 1')} has it read"
    if not outcome.runner_alive:
        return f"{said}; no runner is alive: {typed('resume')} goes on"
    return f"{said}; the next proposal is made with it"


def decided_line(outcome: KeepDecided) -> str:
    """Say what becomes of a candidate that a human has spoken about."""
    said = f"iteration {outcome.iteration} is {'kept' if outcome.veto is None else 'not kept'}"
    if not outcome.runner_alive:
        return f"{said} once a runner is alive: {typed('resume')} goes on"
    return said


def proposed_line(outcome: ProposalQueued) -> str:
    """Say when a proposal is tried."""
    place = f"proposal {outcome.place} in line" if outcome.place > 1 else "the next proposal used"
    place = f"{place} ({typed(f'withdraw {outcome.seq}')} takes it back)"
    place = f"known: it waits already, as {place}" if outcome.known else place
    if outcome.words:
        place = f"{place}; it is words alone (no set, edits or patch): an agent makes the change"
    if outcome.twin is not None:
        place = f"{place}; the same change waits before it, as proposal {outcome.twin}"
    if outcome.same is not None:
        answers = "its result answers this one, without a training and without a loop, unless the best moves"
        place = f"{place}; {say(outcome.same)}: {answers}"
    if not outcome.loops_left:
        return f"{place}; no loops are left: {typed('resume --loops 1')} tries it"
    if not outcome.runner_alive:
        return f"{place}; no runner is alive: {typed('resume')} goes on"
    return place


def adopted_line(outcome: Adopted) -> str:
    """Say where the run's branch stands now."""
    best = f"the best commit {short(outcome.commit)}"
    if not outcome.moved:
        elsewhere = f"`git merge {outcome.branch}` takes it into another branch"
        return f"{outcome.branch} contains {best} already; {elsewhere}"
    before = short(outcome.before) if outcome.before else "nowhere"
    return f"{outcome.branch} moved from {before} to {best}"


def repaired_lines(outcome: Repaired | None, run_id: str) -> list[str]:
    """Say what was set aside, and where all of it lies."""
    if outcome is None:
        return [f"{run_id}: its history is whole; nothing was changed"]
    event = outcome.event
    lines_of = counted(event.lines, "line")
    lines = [
        f"{run_id}: {outcome.what or 'a repair was not finished'}",
        f"the history goes on as record {outcome.seq}",
        f"set aside from byte {event.offset} on: {lines_of}, {counted(event.bytes, 'byte')}",
        f"the history as it was: {outcome.before}",
    ]
    lines += _some([f"its {ref} ({short(commit)})" for ref, commit in outcome.refs], "refs")
    lines += _some([f"moved to {path}" for path in outcome.files], "files")
    if outcome.branch_on is not None:
        stands = f"the branch {outcome.branch} stands on {short(outcome.branch_on)}"
        lines.append(f"{stands}, which the history does not know")
    return [*lines, f"go on: {typed(f'resume --run-id {run_id}')}"]


def _some(lines: list[str], what: str) -> list[str]:
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], f"and {more} more {what}"] if more > 0 else lines
