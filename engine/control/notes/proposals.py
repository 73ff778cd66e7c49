"""What a human proposes: handed in, tried out, taken back.

One event each, appended only where it makes sense; each returns what follows from it.
"""

from collections.abc import Sequence
from operator import attrgetter

from attrs import frozen

from autoresearch.engine.agents.known import is_installed
from autoresearch.engine.control.append import append_judged
from autoresearch.engine.control.keys import Key
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.proposals import accept, changes, editable
from autoresearch.engine.proposals.constants import DoesNotApply
from autoresearch.engine.runs.runner_lock import living_runner
from autoresearch.engine.verdicts import known_code
from autoresearch.events import catalog as ev
from autoresearch.events.errors import AutoresearchError, NotFound, UsageRefused, WayOut, Wrong
from autoresearch.events.values import Proposal, Reason, why
from autoresearch.projections.run_state import RunState, WaitingProposal
from autoresearch.projections.words.times import one_line


NAMED = 5  # proposals that wait, in a refusal


@frozen(kw_only=True)
class ProposalQueued:
    """A proposal that waits for its iteration."""

    seq: int  # of its event: what `withdraw` names it by
    known: bool  # an equal one waited already, and nothing was recorded
    place: int  # from 1: the next one that is used
    loops_left: bool
    runner_alive: bool
    same: Reason | None = None  # which iteration has such code already, as the best stands now
    twin: int | None = None  # one with the same change that waits before it
    words: bool = False  # an agent carries it out
    again: bool = False  # it was said before, under the same key


@frozen(kw_only=True)
class ProposalTakenBack:
    """A proposal that no iteration uses any more."""

    number: int
    description: str
    again: bool = False  # it was said before, under the same key


def propose(
    paths: RunPaths, git: Commits, received: ev.ProposalReceived, *, key: Key | None = None
) -> ProposalQueued:
    """Hand a proposal to the run; the next iteration without one uses it.

    One equal to it that waits already is answered with that one; to be first, that one is moved.

    Raises:
        NotFound: the run was imported.
        InvalidInput: it could not be applied to the best code there is.
    """

    def judge(run: RunState) -> Sequence[ev.Event]:
        if run.imported:
            raise NotFound(
                f"{paths.run_id} was imported and tries nothing more", remedy="propose to a run of your own"
            )
        equal = next((one for one in run.waiting if one.proposal == received.proposal), None)
        if equal is not None:
            stays = not received.first or equal is run.waiting[0]
            return [] if stays else [received, ev.ProposalWithdrawn(received=equal.seq)]
        reason = accept.refusal(received.proposal, run, git=git, installed=is_installed)
        if reason is not None:
            raise accept.refused(reason)
        return [received]

    done = append_judged(paths, git, judge, key=key)
    before, run = done.seq, done.run
    waiting = next((one for one in run.waiting if one.proposal == received.proposal), None)
    return ProposalQueued(
        seq=waiting.seq if waiting is not None else before + 1,
        known=waiting is not None and waiting.seq <= before,
        place=run.waiting.index(waiting) + 1 if waiting is not None else 1,
        loops_left=run.loops_left > 0,
        runner_alive=living_runner(paths) is not None,
        same=_already(received.proposal, run, git),
        twin=_twin(run, waiting) if waiting is not None else None,
        words=received.proposal.is_prose,
        again=done.again,
    )


def _twin(run: RunState, waiting: WaitingProposal) -> int | None:
    """Return the proposal before this one that makes the same change in other words; None where none does."""
    if waiting.proposal.is_prose:
        return None
    before = run.waiting[: run.waiting.index(waiting)]
    form = attrgetter("set", "edits", "patch")
    return next((one.seq for one in before if form(one.proposal) == form(waiting.proposal)), None)


def _already(proposal: Proposal, run: RunState, git: Commits) -> Reason | None:
    """Return which iteration measured, or tries, the code that a proposal makes of the best, or None."""
    code = accept.code_of(proposal, run, git=git)
    if (known := known_code.measured(run, code)) is not None:
        name = run.config.metric.name
        return why("code_known", name=name, metric=known.metric, iteration=known.iteration)
    trying = next((one.number for one in run.open if code and one.code == code), None)
    return None if trying is None else why("code_tried", iteration=trying)


def check_proposal(run: RunState, git: Commits, proposal: Proposal) -> str:
    """Try a proposal without recording it; return the best commit that it was applied to.

    Raises:
        InvalidInput: it could not be applied, says that it changes nothing, or would not compile.
    """
    commit = run.best.commit if run.best is not None else run.base_commit
    reason = accept.refusal(proposal, run, git=git, installed=is_installed)
    if reason is None and proposal.patch is None and not proposal.is_prose:
        try:
            changed = changes.apply(proposal, editable.files_at(commit, run.config, git), run.config.editable)
        except DoesNotApply as error:
            raise accept.refused(error.reason) from error
        troubles = (changes.syntax(path, content) for path, content in changed.items())
        reason = next((one for one in troubles if one is not None), None)
        reason = reason or (None if changed else changes.NOTHING)
        reason = reason or _already(proposal, run, git)
    if reason is not None:
        raise accept.refused(reason)
    return commit


def withdraw(
    paths: RunPaths, git: Commits, number: int | None, *, key: Key | None = None
) -> ProposalTakenBack:
    """Take a proposal back that waits.

    Raises:
        NotFound: none waits, or none under this number.
        UsageRefused: no number is named.
    """

    def judge(run: RunState) -> Sequence[ev.Event]:
        found = next((one for one in run.waiting if one.seq == number), None)
        if found is None:
            raise _not_waiting(run, paths, number)
        return [ev.ProposalWithdrawn(received=found.seq)]

    done = append_judged(paths, git, judge, key=key)
    taken = next(one for one in done.before.waiting if one.seq == number)
    return ProposalTakenBack(number=taken.seq, description=taken.proposal.description, again=done.again)


def _not_waiting(run: RunState, paths: RunPaths, number: int | None) -> AutoresearchError:
    """Return the refusal to take back what does not wait, naming what does."""
    if not run.waiting:
        return NotFound(f"no proposal of {paths.run_id} waits", remedy=WayOut("propose_one"))
    waiting = [f"{one.seq} ({one_line(one.proposal.description, 60)})" for one in run.waiting[:NAMED]]
    more = [f"{len(run.waiting) - NAMED} more"] if len(run.waiting) > NAMED else []
    said, way_out = ", ".join([*waiting, *more]), WayOut("withdraw_one", number=str(run.waiting[0].seq))
    if number is None:
        return UsageRefused(Wrong("none_to_withdraw", waiting=said), remedy=way_out)
    return NotFound(f"no proposal {number} waits; what waits: {said}", remedy=way_out)
