"""The objects of the commands that say something to a run, and of `adopt`: what was done, and what follows.

docs/schemas/ says what each field may hold.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from autoresearch.engine.control.notes.proposals import ProposalQueued, ProposalTakenBack
from autoresearch.engine.control.results.adopt import Adopted
from autoresearch.engine.control.signals import (
    AnswerGiven,
    KeepDecided,
    PauseLifted,
    PauseSet,
    StopAsked,
)
from autoresearch.events.encoding.shapes import unstructure
from autoresearch.projections.run_state import WaitingProposal
from autoresearch.workflows.api.envelope import document


Done: TypeAlias = dict[str, Any]  # Any: it is JSON


def stop_object(outcome: StopAsked, run_id: str) -> Done:
    """Return what the runner ends, and whether at once."""
    return _done("stop", run_id, now=outcome.now, jobs=list(outcome.jobs), known=outcome.again)


def pause_object(outcome: PauseSet, run_id: str, reason: str) -> Done:
    """Return what goes on though nothing new starts."""
    return _done("pause", run_id, reason=reason, jobs=list(outcome.jobs), known=outcome.again)


def unpause_object(outcome: PauseLifted, run_id: str) -> Done:
    """Return whether anybody goes on."""
    return _done("unpause", run_id, runner_alive=outcome.runner_alive, known=outcome.again)


def propose_object(outcome: ProposalQueued, run_id: str) -> Done:
    """Return where in the line a proposal waits, and under which number."""
    return _done(
        "propose",
        run_id,
        number=outcome.seq,
        known=outcome.known or outcome.again,
        place=outcome.place,
        loops_left=outcome.loops_left,
        runner_alive=outcome.runner_alive,
        fits=None,
        same_as_iteration=outcome.same.inputs["iteration"] if outcome.same is not None else None,
        same_as_proposal=outcome.twin,
    )


def checked_object(run_id: str, commit: str) -> Done:
    """Return the best commit that a proposal fits, of which nothing was recorded."""
    names = ("number", "known", "place", "loops_left", "runner_alive")
    nothing = dict.fromkeys((*names, "same_as_iteration", "same_as_proposal"))
    return _done("propose", run_id, **nothing, fits=commit)


def proposals_object(waiting: Iterable[WaitingProposal], run_id: str) -> Done:
    """Return the proposals that wait, in the order in which they are tried."""
    return _done("proposals", run_id, proposals=listed(waiting))


def listed(waiting: Iterable[WaitingProposal]) -> list[Done]:
    """Return proposals, each with its number and who made it."""
    return [{"number": one.seq, "source": one.source} | unstructure(one.proposal) for one in waiting]


def withdraw_object(outcome: ProposalTakenBack, run_id: str) -> Done:
    """Return the proposal that was taken back."""
    described = {"number": outcome.number, "description": outcome.description}
    return _done("withdraw", run_id, **described, known=outcome.again)


def note_object(run_id: str, text: str, *, known: bool) -> Done:
    """Return what was noted."""
    return _done("note", run_id, text=text, known=known)


def answer_object(outcome: AnswerGiven, run_id: str) -> Done:
    """Return the question, and what was answered."""
    return _done(
        "answer",
        run_id,
        number=outcome.number,
        question=outcome.question,
        answer=outcome.answer,
        at_rest=outcome.at_rest,
        runner_alive=outcome.runner_alive,
        known=outcome.again,
    )


def approve_object(outcome: KeepDecided, run_id: str) -> Done:
    """Return what may be kept now."""
    told = {"runner_alive": outcome.runner_alive, "known": outcome.again}
    return _done("approve", run_id, iteration=outcome.iteration, **told)


def veto_object(outcome: KeepDecided, run_id: str) -> Done:
    """Return what is not kept, and why."""
    told = {"why": outcome.veto, "runner_alive": outcome.runner_alive, "known": outcome.again}
    return _done("veto", run_id, iteration=outcome.iteration, **told)


def adopt_object(outcome: Adopted, run_id: str) -> Done:
    """Return where the run's branch stands, and whether it was moved."""
    return _done(
        "adopt",
        run_id,
        branch=outcome.branch,
        commit=outcome.commit,
        before=outcome.before,
        moved=outcome.moved,
    )


def _done(command: str, run_id: str, **fields: object) -> Done:
    return document(command, run_id=run_id, **fields)
