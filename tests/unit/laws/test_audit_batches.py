"""Decisions taken again where agents answer in batches, and where others append in between."""

import pytest
from attrs import evolve

from autoresearch.engine.audit.checks.decisions import Decisions
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason, why
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import RunState
from tests import given as g


ASKED = (g.started(), g.asked(1, agent="opencode"), *g.BASELINE, g.opened(1), g.agent_asked(1, "propose"))
PROSE = g.chosen(1, source="agent", set={})
APPLYING = (*ASKED, g.agent_answered(1, "propose"), PROSE, g.agent_asked(1, "apply", call=2))
CRASHED = (
    *(*APPLYING, g.agent_answered(1, "apply", call=2), g.applied(1), g.committed(1)),
    *(g.training(1, commit="c" * 40), g.trained(1, None, outcome="crashed"), g.agent_asked(1, "triage", 3)),
)


def triaged(action: str, reason: Reason | None = None) -> ev.CrashTriaged:
    return ev.CrashTriaged(iteration=1, change=1, action=action, reason=reason or why("agent_decided", "so"))


def difference(before: tuple[ev.Event, ...], *batch: ev.Event) -> str | None:
    """Return the field that differs when the runner records this batch after those events."""
    state, made = g.given(*before), Decisions()
    for index, one in enumerate(g.recorded(*batch, after=len(before))):
        tx = (index, len(batch)) if len(batch) > 1 else None
        state = seen(made, state, evolve(one, by="runner", tx=tx))
    made.finish()
    return made.tally.first.field if made.tally.first else None


def seen(made: Decisions, state: RunState, recorded: Recorded) -> RunState:
    made.see(state, recorded.event, recorded, search=lambda *_: why("search_is_through"))
    return RUN.evolve(state, recorded)


RIGHT = {
    "a proposal": (ASKED, g.agent_answered(1, "propose"), PROSE),
    "a question": (
        ASKED,
        g.agent_answered(1, "propose"),
        ev.InputNeeded(iteration=1, question=why("agent_asks", "?")),
    ),
    "no proposal": (ASKED, g.agent_answered(1, "propose", "failed")),
    "called back": (ASKED, g.agent_answered(1, "propose", "cancelled")),
    "a change": (APPLYING, g.agent_answered(1, "apply", call=2), g.applied(1)),
    "a bad change": (
        *(APPLYING, g.agent_answered(1, "apply", call=2)),
        ev.ChangeFailed(iteration=1, change=1, reason=why("no_change")),
    ),
    "no change": (
        *(APPLYING, g.agent_answered(1, "apply", "failed", call=2)),
        ev.ChangeFailed(iteration=1, change=1, reason=g.HUNG),
    ),
    "mended": (
        *(CRASHED, g.agent_answered(1, "triage", call=3), triaged("fix_and_rerun")),
        g.applied(1, change=2),
    ),
    "given up": (CRASHED, g.agent_answered(1, "triage", call=3), triaged("discard")),
    "no triage": (CRASHED, g.agent_answered(1, "triage", "failed", call=3), triaged("discard", g.HUNG)),
}
WRONG = {
    "an answer without its proposal": ("type", ASKED, g.agent_answered(1, "propose")),
    "a proposal of a failed agent": ("type", ASKED, g.agent_answered(1, "propose", "failed"), PROSE),
    "a proposal of the search": (
        *("ProposalChosen.source", ASKED, g.agent_answered(1, "propose")),
        g.chosen(1, source="search"),
    ),
    "another reason": (
        *("ChangeFailed.reason", APPLYING, g.agent_answered(1, "apply", "failed", call=2)),
        ev.ChangeFailed(iteration=1, change=1, reason=why("edit_of_nothing", file="the weather")),
    ),
    "a mended crash of a failed agent": (
        *("CrashTriaged.action", CRASHED, g.agent_answered(1, "triage", "failed", call=3)),
        *(triaged("fix_and_rerun", "it hung"), g.applied(1, change=2)),
    ),
    "a mended crash without its change": (
        *("type", CRASHED, g.agent_answered(1, "triage", call=3)),
        triaged("fix_and_rerun"),
    ),
    "another change": (
        *("ChangeApplied.change", CRASHED, g.agent_answered(1, "triage", call=3)),
        *(triaged("fix_and_rerun"), g.applied(1, change=3)),
    ),
}


@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_what_an_answer_may_come_to(case: tuple):
    """Each way in which an agent's answer is recorded is what must be recorded."""
    assert difference(*case) is None


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_no_answer_comes_to(case: tuple):
    """A batch that lacks an event, or has another one, differs at its first wrong field."""
    field, *rest = case
    assert field == difference(*rest)


def test_a_start_stands_though_others_appended_meanwhile():
    """A training that was started before a stop was heard of is right; a row that was recorded so is not."""
    story = (g.started(), g.asked(), g.set_up(), g.opened(0, first="train"))
    stop = ev.StopRequested(now=False)
    for late, differs in ((g.training(0), False), (g.row(0, 1.5), True)):
        made = Decisions()
        own, human, start = g.recorded(story[-1], stop, late, after=3)
        state = g.given(*story[:-1])
        for one, by in ((own, "runner"), (human, "cli"), (start, "runner")):
            state = seen(made, state, evolve(one, by=by))
        assert differs == bool(made.tally.differences)


def test_trouble_may_pause_a_run_but_a_decided_pause_has_its_reason():
    """A pause nobody decided is the runner's trouble; one that was decided has the reason that was given."""
    trouble = ev.RunPaused(reason=why("trouble", "fatal", because="git_refused"))
    assert difference((g.started(), g.asked()), trouble) is None
    failed = tuple(
        one
        for call in (1, 2, 3)
        for one in (
            g.agent_asked(1, "propose", call),
            g.agent_answered(1, "propose", "failed", call),
        )
    )
    pauses = RunConfig(keep_rule="lower", final=0, when_agent_fails="pause")
    story = (g.started(pauses), g.asked(agent="opencode"), *g.BASELINE, g.opened(1), *failed)
    assert "RunPaused.reason" == difference(story, trouble)
    assert difference(story, ev.RunPaused(reason=why("agent_failed_in_a_row", times=3))) is None
