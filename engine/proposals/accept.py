"""What a human's proposal is refused for as it comes in, rather than at the cost of a loop. Pure.

Only what can be told for certain then: names and kinds of constants, by the best code there is, and prose
that no agent is asked to carry out. Whether edits and patches fit is seen when they are applied.
"""

from collections.abc import Callable

from attrs import evolve as replace

from autoresearch.engine.proposals import changes, constants
from autoresearch.engine.proposals.constants import DoesNotApply
from autoresearch.events.errors import InvalidInput, NotFound, WayOut
from autoresearch.events.values import Proposal, Reason, Request, why
from autoresearch.projections.run_state import RunState
from autoresearch.projections.words.wording import say


LISTED = 40  # constants that are named; of more, the number is said


def refusal(
    proposal: Proposal,
    run: RunState,
    *,
    show: Callable[[str, str], bytes | None],
    request: Request | None = None,
) -> Reason | None:
    """Return why a proposal could not be applied, or None; `show` is git's.

    `request` is the one that comes with it; without one, the last one counts, since the next takes it over.
    """
    if proposal.is_prose:
        asked = [left.request for left in run.requests]
        asked += [one for one in (request or run.request,) if one is not None]
        return why("prose") if asked and not any(one.asks_agent for one in asked) else None
    if not proposal.set:
        return None
    commit = run.best.commit if run.best is not None else run.base_commit
    try:
        shown = {name: show(commit, name) for name in run.config.editable}
    except NotFound:  # the commit is gone, and with it what could be told
        return None
    files = {name: content for name, content in shown.items() if content is not None}
    try:
        changed = changes.apply(proposal, files, run.config.editable)
    except DoesNotApply as error:
        return _listing(error.reason, files)
    base_stays = not run.open and not run.waiting
    return changes.NOTHING if base_stays and not changed else None


def refused(reason: Reason) -> InvalidInput:
    """Return the error for a proposal that a command brought."""
    way_out = WayOut("propose_form") if reason.code == "prose" else WayOut("propose_constant")
    return InvalidInput(say(reason), remedy=way_out)


def _listing(reason: Reason, files: dict[str, bytes]) -> Reason:
    """Add to a name that is unknown those that can be set."""
    if reason.code not in ("constant_unknown", "constant_misspelt"):
        return reason
    found = [one for path, source in files.items() if path.endswith(".py") for one in constants.find(source)]
    live = [one.name for one in found if not one.dead]
    known = [name for name in dict.fromkeys(live) if live.count(name) == 1]
    if not known:
        return reason
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    listed = f"{', '.join(known[:LISTED])}{more}"
    return replace(reason, code=f"{reason.code}_listed", inputs={**reason.inputs, "known": listed})
