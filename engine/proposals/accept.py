"""What a human's proposal is refused for as it comes in, rather than at the cost of a loop. Pure.

Only what can be told for certain then: names and kinds of constants, by the best code there is; which files
edits are for, and where nothing is open that could move the base, whether edits and patches fit it; and prose
that no agent is asked to carry out, or none that is installed. All else is seen when it is applied.
"""

from collections.abc import Callable, Sequence

from attrs import evolve as replace

from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.proposals import changes, constants, editable, same_code
from autoresearch.engine.proposals.constants import DoesNotApply
from autoresearch.events.errors import InvalidInput, NotFound, WayOut
from autoresearch.events.values import Proposal, Reason, Request, why
from autoresearch.projections.parts.proposers import agents_of
from autoresearch.projections.run_state import RunState
from autoresearch.projections.words.wording import say


# Of edits: they may fit another base, so this is certain only where the base stays.
BY_BASE = ("edit_of_nothing", "edit_misses", "edit_misses_rest", "edit_misses_near", "edit_ambiguous")
KNOWN = ("code_known", "code_tried")
LISTED = 40  # constants that are named; of more, the number is said


def refusal(
    proposal: Proposal,
    run: RunState,
    *,
    git: Commits,
    installed: Callable[[str], bool],
    request: Request | None = None,
) -> Reason | None:
    """Return why a proposal could not be applied, or None; `installed` tells of an agent by its name.

    `request` is the one that comes with it; without one, the last one counts, since the next takes it over.
    """
    if proposal.is_prose:
        asked = [left.request for left in run.requests]
        asked += [one for one in (request or run.request,) if one is not None]
        return _nobody(asked, installed)
    commit = run.best.commit if run.best is not None else run.base_commit
    base_stays = not run.open and not run.waiting
    try:
        if proposal.patch is not None:
            against = git.try_patch(commit, proposal.patch.encode()) if base_stays else None
            return None if against is None else why("patch_misses", against)
        files = editable.files_at(commit, run.config, git)
    except NotFound:  # the commit is gone, and with it what could be told
        return None
    try:
        changed = changes.apply(proposal, files, run.config.editable)
    except DoesNotApply as error:
        certain = base_stays or error.reason.code not in BY_BASE
        return _listing(error.reason, files) if certain else None
    return changes.NOTHING if base_stays and not changed else None


def code_of(proposal: Proposal, run: RunState, *, git: Commits) -> str:
    """Return the digest of the code that a proposal makes of the best there is.

    "" is not told: of a patch and of words it is seen when they are applied.
    """
    if run.best is None or proposal.patch is not None or proposal.is_prose:
        return ""
    try:
        files = editable.files_at(run.best.commit, run.config, git)
        files |= changes.apply(proposal, files, run.config.editable)
    except (DoesNotApply, NotFound):
        return ""
    named = {name: files.get(name) for name in run.config.editable}
    return "" if None in named.values() else same_code.digest(named, seed_env=run.config.seed_env)


def refused(reason: Reason) -> InvalidInput:
    """Return the error for a proposal that a command brought."""
    if reason.code in KNOWN:
        return InvalidInput(say(reason), remedy=WayOut("look_at", number=str(reason.inputs["iteration"])))
    prose = reason.code in ("prose", "prose_not_installed")
    way_out = WayOut("propose_form") if prose else WayOut("propose_constant")
    return InvalidInput(say(reason), remedy=way_out)


def _nobody(asked: Sequence[Request], installed: Callable[[str], bool]) -> Reason | None:
    """Return why nobody carries out a plan in prose; None where somebody may."""
    agents = [name for one in asked for name in agents_of(one)]
    if not agents:
        return why("prose") if asked else None
    return None if any(map(installed, agents)) else why("prose_not_installed", agent=agents[0])


def _listing(reason: Reason, files: dict[str, bytes]) -> Reason:
    """Add to a name that is unknown those that can be set."""
    if reason.code not in ("constant_unknown", "constant_misspelt"):
        return reason
    readable = {path: source for path, source in files.items() if constants.holds_constants(path)}
    found = [one for path, source in readable.items() for one in constants.find(source, path)]
    live = [one.name for one in found if not one.dead]
    known = [name for name in dict.fromkeys(live) if live.count(name) == 1]
    if not known:
        return reason
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    listed = f"{', '.join(known[:LISTED])}{more}"
    return replace(reason, code=f"{reason.code}_listed", inputs={**reason.inputs, "known": listed})
