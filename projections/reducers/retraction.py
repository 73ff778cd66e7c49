"""What a retraction does to a run: which results are taken back with it, and what is the best then. Pure.

A retracted result is not believed; its code stays. What was kept later and made of that code was measured by
itself, and its number is as true as it was: it is kept, unless whoever retracts says that nothing made of
this code may count. What is being trained then is judged by the same.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import evolve as replace

from autoresearch.events import catalog as ev
from autoresearch.events.values import Best, Retracted
from autoresearch.projections.parts.proposers import without
from autoresearch.projections.run_state import Iteration, RunState


if TYPE_CHECKING:
    from autoresearch.projections.timeline import Row


def retract(state: RunState, event: ev.ResultRetracted, _seq: int, _at: str) -> None:
    """Take a result back, and with it those that are to share its fate."""
    number, with_descendants = event.iteration, event.with_descendants
    before, known = state.best, {one.iteration for one in state.retracted}
    gone = taken(state.keeps, state.retracted, number, with_descendants=with_descendants)
    out = {one.iteration for one in gone}
    state.keeps = tuple(one for one in state.keeps if one.iteration not in out)
    named = () if number in out or number in known else (Retracted(iteration=number),)
    state.retracted = (*state.retracted, *named, *map(_of, gone))
    state.proposers = without(state.proposers, frozenset(out))
    counts = state.counts
    state.counts = replace(counts, kept=counts.kept - len(gone), retracted=counts.retracted + len(gone))
    free = {number, *out}  # their code is trained again; what else is made of it is not known
    state.consolidated = tuple(
        one for one in state.consolidated if one.iteration not in free and one.base not in free
    )
    state.taken_out = tuple(one for one in state.taken_out if one.by not in out)
    if state.gain is not None and state.gain.iteration in out:
        state.gain = None
    if before is not None and before.iteration in out:
        state.baseline_failed = state.baseline_reason = None  # of a training that measured it again
        if state.branch_commit == state.adopted == before.commit and state.best is not None:
            state.branch_commit = state.best.commit  # where it stands is the user's word now
    state.known = tuple(one for one in state.known if not with_descendants and one.iteration not in free)
    if with_descendants:
        _mark_open(state, number)


def taken(
    keeps: Sequence[Best], retracted: Iterable[Retracted], number: int, *, with_descendants: bool
) -> tuple[Best, ...]:
    """Return the kept candidates that are kept no more once an iteration is retracted, the oldest first."""
    own = tuple(one for one in keeps if one.iteration == number)
    if not with_descendants:
        return own
    code = made_of(keeps, retracted, number)
    return tuple(one for one in keeps if one.iteration == number or one.base_commit in code)


def made_of(keeps: Sequence[Best], retracted: Iterable[Retracted], number: int) -> frozenset[str]:
    """Return the commit of an iteration that was kept, and those of all that were kept and made of it."""
    known: tuple[Best | Retracted, ...] = (*keeps, *(one for one in retracted if one.commit))
    code = frozenset(one.commit for one in known if one.iteration == number)
    while more := {one.commit for one in known if one.base_commit in code} - code:
        code |= more
    return code


def _of(one: Best) -> Retracted:
    return Retracted(iteration=one.iteration, commit=one.commit, base_commit=one.base_commit)


def _mark_open(state: RunState, number: int) -> None:
    """Note on what was trained what it was trained with; what was not gets another base before it is."""
    code = made_of(state.keeps, state.retracted, number)
    for one in state.open:
        if one.base_commit in code and _was_trained(one):
            one.stands_on = number


def _was_trained(one: Iteration) -> bool:
    return one.holds_slot or one.next_stage in ("triage", "record", "decide")


def standing_on(rows: Sequence["Row"], number: int) -> tuple["Row", ...]:
    """Return the rows of what is made of an iteration's code, by way of others too, and in their order."""
    commits = {row.commit for row in rows if row.iteration == number and row.commit}
    found = {number}
    while more := [row for row in rows if row.base_commit in commits and row.iteration not in found]:
        found |= {row.iteration for row in more}
        commits = {row.commit for row in more if row.commit}
    return tuple(row for row in rows if row.iteration in found and row.iteration != number)
