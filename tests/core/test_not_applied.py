"""Changes that come to nothing: edits that miss are made by an agent, and ten in a row are seen."""

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.agents import waits_ended
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Edit, why
from autoresearch.projections.run_state import RunState
from tests.given import (
    BASELINE,
    agent_answered,
    agent_asked,
    asked,
    candidate,
    chosen,
    discarded,
    given,
    opened,
    row,
    started,
)


BEGUN = (asked(30, agent="opencode"), *BASELINE)
EDITS = {"set": {}, "edits": (Edit(file="train.py", search="a", replace="b"),)}
MISSED = why("edit_misses", number=1, file="train.py")
LATER = "2026-03-09T00:00:00.000Z"


def names(state: RunState) -> list[str]:
    return [type(command).__name__ for command in decide(state)]


def nothing(number: int) -> tuple[ev.Event, ...]:
    """An iteration whose change an agent proposed, and which could not be applied."""
    failed = ev.ChangeFailed(iteration=number, change=1, reason=MISSED)
    asks = (agent_asked(number, "propose"), agent_answered(number, "propose"), chosen(number, source="agent"))
    return opened(number), *asks, failed, row(number, None), discarded(number)


def in_a_row(times: int, config: RunConfig | None = None) -> tuple[ev.Event, ...]:
    """So many changes in a row could not be applied."""
    return started(config), *BEGUN, *(one for number in range(1, times + 1) for one in nothing(number))


def test_edits_that_miss_go_to_an_agent_as_prose():
    """Once the exact form does not fit, an agent is asked to carry out the plan; without one nobody is."""
    edits = (started(), *BEGUN, opened(1), chosen(1, source="agent", **EDITS))
    assert (do.ApplyProposal(iteration=1, change=1, mendable=True),) == decide(given(*edits))
    missed = ev.ChangeMissed(iteration=1, change=1, reason=MISSED)
    assert ["AskToApply"] == names(given(*edits, missed))
    alone = (started(), asked(3), *BASELINE, opened(1), chosen(1, **EDITS))
    assert (do.ApplyProposal(iteration=1, change=1, mendable=False),) == decide(given(*alone))
    constants = (started(), *BEGUN, opened(1), chosen(1, source="agent"))
    assert (do.ApplyProposal(iteration=1, change=1, mendable=False),) == decide(given(*constants))


def test_ten_changes_in_a_row_that_come_to_nothing_are_no_night():
    """The agent rests for a while with that as the reason, and the search proposes meanwhile."""
    assert ["AskForProposal"] == names(given(*in_a_row(9), opened(10)))
    state = given(*in_a_row(10), opened(11))
    assert ["ProposeBySearch"] == names(state)
    (agent,) = state.agents
    assert ("unusable", "not_applied_in_a_row_since", 10) == (
        agent.kind,
        agent.reason.code,
        state.not_applied,
    )
    (over,) = waits_ended(state, LATER)
    assert over.until == agent.retry_at
    assert ["AskForProposal"] == names(given(*in_a_row(10), opened(11), over))


def test_one_change_that_is_made_begins_the_count_anew():
    """A change that is committed ends the count, where an agent had a hand in it."""
    opens, *rest = candidate(10)
    made = (opens, agent_asked(10, "propose"), agent_answered(10, "propose"), *rest)
    assert 9 == given(*in_a_row(9)).not_applied
    assert 0 == given(*in_a_row(9), *made).not_applied
    assert 9 == given(*in_a_row(9), *candidate(10)).not_applied


def test_ten_in_a_row_pause_the_run_where_the_settings_say_so():
    """With `pause` a human is asked, and counts from the beginning again."""
    config = RunConfig(keep_rule="lower", final=0, when_agent_fails="pause")
    assert (do.PauseRun(reason=why("not_applied_in_a_row", times=10)),) == decide(
        given(*in_a_row(10, config))
    )
    paused = ev.RunPaused(reason=why("not_applied_in_a_row", times=10))
    assert ["StartIteration"] == names(given(*in_a_row(10, config), paused, ev.RunUnpaused()))
