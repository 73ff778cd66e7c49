"""What the decider does while an agent that failed is not to be asked."""

from attrs import evolve as replace

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.agents import waits_ended
from autoresearch.engine.core.decider import decide
from autoresearch.engine.core.rules.of_waits import wait_is_over
from autoresearch.events import catalog as ev
from autoresearch.events.clock import later
from autoresearch.events.values import why
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import standing, waiting_for_agent, waiting_for_human
from autoresearch.workflows.pages.proposing import health_words
from tests.given import (
    BASELINE,
    HUNG,
    agent_answered,
    agent_asked,
    asked,
    chosen,
    given,
    opened,
    received,
    started,
)


LATER = "2026-03-08T22:00:00.000Z"
BEGUN = (started(), asked(3, agent="opencode"), *BASELINE, opened(1))
THROUGH = ev.InputNeeded(iteration=1, question=why("search_is_through"))
OVER = ev.WaitEnded(agent="opencode", until=LATER, now=LATER)
PROSE = {"set": {}}
STOPPED = ev.RunStopped(how="stopped", reason=why("as_requested"))


def failed(kind: str, step: str = "propose", call: int = 1) -> tuple[ev.Event, ...]:
    """An agent was asked, and failed."""
    waits = kind in ("transient", "limited", "silent")
    failure = ev.AgentFailure(kind=kind, retry_at=LATER if waits else "")
    return agent_asked(1, step, call), agent_answered(1, step, "failed", call, failure)


def names(state: RunState) -> list[str]:
    return [type(command).__name__ for command in decide(state)]


def test_the_search_proposes_while_the_agent_rests():
    """After a failure that passes, or needs a human, the search has the iteration; the run is not paused."""
    for kind in ("transient", "limited", "silent", "permanent"):
        assert ["ProposeBySearch"] == names(given(*BEGUN, *failed(kind)))


def test_an_agent_is_asked_again_when_its_wait_is_over():
    """The time that a failure named lets the agent be asked again, and not a moment before it."""
    rests = given(*BEGUN, *failed("limited"))
    assert () == waits_ended(rests, "2026-03-08T21:59:59.999Z")
    assert (OVER,) == waits_ended(rests, LATER)
    assert ["AskForProposal"] == names(given(*BEGUN, *failed("limited"), OVER))


def test_a_clock_that_was_set_back_prolongs_no_rest():
    """A clock that stands before the rest began ends it; a step of a few seconds does not."""
    rests = given(*BEGUN, *failed("limited"))
    (since,) = (one.rests_since for one in rests.agents)
    assert () == waits_ended(rests, later(since, -59.0))
    set_back = later(since, -7200.0)
    ended = ev.WaitEnded(agent="opencode", until=LATER, now=set_back)
    assert (ended,) == waits_ended(rests, set_back)
    assert wait_is_over(rests, ended) is None
    assert wait_is_over(rests, replace(ended, now=since)) == ("now", f"a time from {LATER} on", since)
    assert ["AskForProposal"] == names(given(*BEGUN, *failed("limited"), ended))


def test_only_a_resume_lets_a_permanent_failure_be_asked_again():
    """Nobody waits for what only a human can mend; a human who resumes has mended it."""
    rests = given(*BEGUN, *failed("permanent"))
    assert () == waits_ended(rests, "2027-01-01T00:00:00.000Z")
    assert ["AskForProposal"] == names(given(*BEGUN, *failed("permanent"), ev.RunResumed()))


def test_who_resumes_ends_every_rest_as_of_its_version():
    """A human who goes on may have mended what names a time, too; in the first version that still rested."""
    for kind in ("transient", "limited", "silent"):
        rests = (*BEGUN, *failed(kind))
        assert ["AskForProposal"] == names(given(*rests, ev.RunResumed()))
        more = (STOPPED, asked(2, agent="opencode"), ev.RunResumed())  # as `resume --loops 2` records it
        assert ["AskForProposal"] == names(given(*rests, *more))
        assert ["ProposeBySearch"] == names(given(*rests, ev.RunResumed(ends_rests=False)))
    through = (*BEGUN, *failed("transient"), THROUGH)
    assert ["AskForProposal"] == names(given(*through, ev.RunResumed()))


def test_the_words_of_a_run_that_is_over_name_no_time_to_ask():
    """While it runs they say when a failing agent is asked next, and at its end only that it was failing."""
    rests = (*BEGUN, *failed("transient"))
    assert "opencode fails since " in health_words(standing(given(*rests)))
    assert f"asked again at {LATER}, or by " in health_words(standing(given(*rests)))
    over = health_words(standing(given(*rests, STOPPED)))
    assert "opencode was failing since " in over
    assert "asked" not in over


def test_who_resumes_ends_the_rest_of_a_reviewer():
    """How a reviewer rests is forgotten as how one does that proposes."""
    reviewer = failed("transient", "review")
    assert [True] == [one.rests for one in given(*BEGUN, *reviewer).agents if one.reviews]
    assert [False] == [one.rests for one in given(*BEGUN, *reviewer, ev.RunResumed()).agents if one.reviews]


def test_an_unusable_answer_is_asked_again_once():
    """The agent has a second try at once; after that the search proposes for this iteration."""
    assert ["AskForProposal"] == names(given(*BEGUN, *failed("unusable")))
    twice = given(*BEGUN, *failed("unusable"), *failed("unusable", call=2))
    assert ["ProposeBySearch"] == names(twice)


def test_where_the_search_is_through_an_agent_that_does_not_rest_is_asked():
    """Who asked a question in between fails for the first time again, and is not left for good."""
    twice = (*BEGUN, *failed("unusable"), *failed("unusable", call=2), THROUGH)
    question = ev.QuestionAsked(iteration=1, agent="opencode", question="which?", until="")
    between = (agent_asked(1, "propose", 3), agent_answered(1, "propose", call=3), question)
    assert ["AskForProposal"] == names(given(*twice, *between, *failed("unusable", call=4)))


def test_without_search_and_agent_the_run_waits_for_the_agent():
    """Where the search has nothing either, the run waits until the agent may be asked, and for no human."""
    waits = given(*BEGUN, *failed("transient"), THROUGH)
    assert () == decide(waits)
    assert "opencode" == waiting_for_agent(waits)
    assert waiting_for_human(waits) is None
    assert ["AskForProposal"] == names(given(*BEGUN, *failed("transient"), THROUGH, OVER))
    broken = given(*BEGUN, *failed("permanent"), THROUGH)
    assert "" == waiting_for_agent(broken)
    assert why("search_is_through") == waiting_for_human(broken)


def test_a_humans_prose_waits_for_the_agent_and_a_form_does_not():
    """What only an agent can carry out is kept until it may be asked; what needs none is tried now."""
    prose = given(*BEGUN, *failed("limited"), received(**PROSE))
    assert ["ProposeBySearch"] == names(prose)
    assert ["ChooseProposal"] == names(given(*BEGUN, *failed("limited"), received()))
    assert ["ChooseProposal"] == names(given(*BEGUN, *failed("limited"), received(**PROSE), OVER))


def test_a_change_waits_for_what_passes_and_is_given_up_for_what_does_not():
    """A prose change is made once more after a short trouble; for a limit or a wrong key nobody waits."""
    prose = (*BEGUN, chosen(1, source="agent", **PROSE))
    assert () == decide(given(*prose, *failed("transient", "apply")))
    assert ["AskToApply"] == names(given(*prose, *failed("transient", "apply"), OVER))
    limited = given(*BEGUN, *failed("limited"), chosen(1, source="agent", **PROSE))
    assert (do.GiveUpChange(iteration=1, change=1, reason=HUNG),) == decide(limited)


def test_a_good_answer_ends_the_failures():
    """How an agent is says when it was good last, and since when it fails; a good answer ends that."""
    (bad,) = given(*BEGUN, *failed("transient")).agents
    assert ("transient", 1, LATER, True) == (bad.kind, bad.in_a_row, bad.retry_at, bad.rests)
    good = (agent_asked(1, "propose", 2), agent_answered(1, "propose", call=2))
    (well,) = given(*BEGUN, *failed("transient"), OVER, *good).agents
    assert ("", 0, None, False) == (well.failing_since, well.in_a_row, well.kind, well.rests)
    assert well.last_good
