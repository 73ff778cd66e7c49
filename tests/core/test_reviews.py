"""What the decider does where a second agent reviews a candidate before it is trained or kept."""

import pytest
from attrs import evolve

from autoresearch.engine.core import agents
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.engine.core.rules import of_waits
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Usage, why
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_waiting
from autoresearch.projections.summary import standing
from autoresearch.projections.words.wording import say_verdict
from autoresearch.workflows.pages.proposing import health_words
from tests.given import (
    BASE,
    BASELINE,
    HUNG,
    OUTPUT,
    agent_answered,
    agent_asked,
    asked,
    candidate,
    committed,
    discarded,
    given,
    opened,
    row,
    started,
    trained,
    training,
)


RETRY_AT = "2026-03-08T23:30:00.000Z"
SETTINGS = {"keep_rule": "lower", "final": 0, "review_agent": "claude"}
WRONG = ev.AgentFailure(kind="permanent", retry_at="")
AT_ONCE = ev.AgentFailure(kind="unusable", retry_at="")


def ready(*more: ev.Event, **settings: object) -> RunState:
    """Return a run whose candidate is committed, and is reviewed before it is trained."""
    config = RunConfig(**(SETTINGS | {"review": "before-training"} | settings))  # type: ignore[arg-type]
    return given(started(config), asked(2), *BASELINE, *candidate(1), *more)


def better(*more: ev.Event, metric: float = 1.25, ends: dict | None = None, **settings: object) -> RunState:
    """Return a run whose candidate is better than the baseline, and is reviewed before it is kept."""
    config = RunConfig(**(SETTINGS | {"review": "before-keep"} | settings))  # type: ignore[arg-type]
    begun = (started(config), asked(2, **(ends or {})), *BASELINE, *candidate(1), training(1))
    return given(*begun, trained(1, metric), row(1, metric), *more)


def ask(call: int = 1, iteration: int = 1) -> ev.AgentAsked:
    return ev.AgentAsked(
        iteration=iteration,
        step="review",
        call=call,
        agent="claude",
        prompt_sha256="0" * 64,
        sandbox="landlock",
    )


def end(call: int = 1, failure: ev.AgentFailure | None = None, cost: float | None = None) -> ev.AgentAnswered:
    return ev.AgentAnswered(
        iteration=1,
        step="review",
        call=call,
        agent="claude",
        outcome="failed" if failure else "ok",
        reason=HUNG if failure else None,
        failure=failure,
        seconds=1.0,
        usage=Usage(cost_usd=cost, cost_basis="reported" if cost else "unknown"),
        output=OUTPUT,
        session_id=None,
        model="m1",
        model_asked="",
        agent_version="",
        prices="",
    )


def said(verdict: str, *reasons: str, model: str = "m1") -> ev.ReviewGiven:
    return ev.ReviewGiven(iteration=1, agent="claude", model=model, verdict=verdict, reasons=reasons)


COUNTED = ("vetoed", "discarded", "crashed")
VETO = said("veto", "train.py:7 reads the test text", "it says nothing of that")
PASSED = (ask(), end(), said("pass"))
ASKED = (do.AskToReview(iteration=1, call=1, agent="claude"),)


def test_nothing_is_trained_before_its_review():
    """The question comes first; while it is answered nothing trains this candidate, and then it does."""
    assert ASKED == decide(ready())
    assert () == decide(ready(ask()))
    assert isinstance(decide(ready(*PASSED))[0], do.StartTraining)


def test_what_a_review_vetoes_is_never_trained():
    """The verdict says by whom and why, and it counts as one of the loops and as no crash."""
    (ended,) = decide(ready(ask(), end(), VETO))
    assert isinstance(ended, do.DiscardCandidate)
    sentence = "vetoed by review (claude, m1): train.py:7 reads the test text; it says nothing of that"
    assert sentence == say_verdict(ended.rule, ended.inputs)
    closed = ev.CandidateDiscarded(iteration=1, rule=ended.rule, inputs=ended.inputs)
    then = ready(ask(), end(), VETO, closed)
    assert (1, 0, 0, 1) == (*(getattr(then.counts, one) for one in COUNTED), then.loops_left)


def test_each_commit_is_reviewed():
    """What was mended, or brought to another base, is another change: the word on the first says nothing."""
    assert ASKED[0].agent == decide(ready(*PASSED, committed(1, "d" * 40, change=2)))[0].agent  # type: ignore[union-attr]


def test_what_would_be_kept_is_reviewed_with_its_numbers():
    """Only then, once; a pass lets the verdict of its numbers stand, and a veto takes its place."""
    assert ASKED == decide(better())
    (kept,) = decide(better(*PASSED))
    assert isinstance(kept, do.KeepCandidate)
    assert "lower" == kept.rule
    (ended,) = decide(better(ask(), end(), VETO))
    assert isinstance(ended, do.DiscardCandidate)
    assert ("vetoed", 1.25) == (ended.rule, ended.inputs["metric"])


def test_what_is_not_kept_anyway_is_not_reviewed():
    """What is no better is discarded by its number."""
    (ended,) = decide(better(metric=1.75))
    assert "lower" == ended.rule  # type: ignore[union-attr]


def test_the_device_is_not_idle_while_a_keep_is_reviewed():
    """The next candidate trains meanwhile, and one more is prepared beside it."""
    config = RunConfig(**(SETTINGS | {"review": "before-keep"}))  # type: ignore[arg-type]
    begun = (started(config), asked(3, prefetch=1), *BASELINE, *candidate(1), training(1))
    judged = (*begun, *candidate(2, "d" * 40), trained(1, 1.25), row(1, 1.25))
    assert ASKED == decide(given(*judged))
    meanwhile = (*judged, ask())
    (command,) = decide(given(*meanwhile))
    assert (2, "d" * 40) == (command.iteration, command.commit)  # type: ignore[union-attr]
    (command,) = decide(given(*meanwhile, training(2, commit="d" * 40)))
    assert do.StartIteration(iteration=3, base_commit=BASE, first_stage="propose") == command


def test_the_device_is_not_idle_while_a_second_keep_waits_for_its_review():
    """Of two that end at once one is reviewed: neither is a verdict for which a training has to wait."""
    config = RunConfig(**(SETTINGS | {"review": "before-keep", "slots": 2}))  # type: ignore[arg-type]
    both = (*candidate(1), *candidate(2, "d" * 40), training(1), training(2, commit="d" * 40, slot=2))
    third = candidate(3, "e" * 40)
    ended = (*both, *third, trained(1, 1.25), row(1, 1.25), trained(2, 1.375), row(2, 1.375))
    begun = (started(config), asked(4, prefetch=1), *BASELINE)
    assert ASKED == decide(given(*begun, *ended))
    starts, *_ = decide(given(*begun, *ended, ask()))
    assert isinstance(starts, do.StartTraining)
    assert 3 == starts.iteration
    worse = (*both, *third, trained(1, 1.25), row(1, 1.25), trained(2, 1.75), row(2, 1.75))
    (ended,) = decide(given(*begun, *worse, ask()))
    assert isinstance(ended, do.DiscardCandidate)
    assert 2 == ended.iteration


def test_the_device_is_not_idle_while_a_reviewer_rests():
    """A rate limit of the reviewer costs the time of its review, and not of the trainings beside it."""
    failure = ev.AgentFailure(kind="transient", retry_at=RETRY_AT)
    config = RunConfig(**(SETTINGS | {"review": "before-keep"}))  # type: ignore[arg-type]
    begun = (started(config), asked(3), *BASELINE, *candidate(1), training(1), trained(1, 1.25), row(1, 1.25))
    rests = (*begun, ask(), end(1, failure))
    (opens,) = decide(given(*rests))
    assert do.StartIteration(iteration=2, base_commit=BASE, first_stage="propose") == opens
    second = (*candidate(2, "d" * 40), training(2, commit="d" * 40), trained(2, 1.375), row(2, 1.375))
    (opens,) = decide(given(*rests, *second))
    assert do.StartIteration(iteration=3, base_commit=BASE, first_stage="propose") == opens


def test_an_answer_that_cannot_be_used_is_asked_for_once_more():
    """After the second the candidate goes on without a review, which is an event with the reason."""
    once = ready(ask(), end(1, AT_ONCE))
    assert (do.AskToReview(iteration=1, call=2, agent="claude"),) == decide(once)
    twice = (ask(), end(1, AT_ONCE), ask(2), end(2, AT_ONCE))
    (missed,) = decide(ready(*twice))
    assert do.MissReview(iteration=1, agent="claude", reason=HUNG, then="go-on") == missed
    gone = ev.ReviewMissed(iteration=1, agent="claude", reason=HUNG, then="go-on")
    assert isinstance(decide(ready(*twice, gone))[0], do.StartTraining)


@pytest.mark.parametrize("kind", ["limited", "permanent"])
def test_a_reviewer_who_cannot_be_had_is_not_waited_for(kind: str):
    """A quota, or a wrong key, costs an unattended run nothing but the review."""
    failure = ev.AgentFailure(kind=kind, retry_at=RETRY_AT if kind == "limited" else "")
    (missed,) = decide(ready(ask(), end(1, failure)))
    assert isinstance(missed, do.MissReview)
    assert "go-on" == missed.then


def test_a_passing_failure_is_waited_out():
    """One of the network is tried again when the wait is over."""
    failure = ev.AgentFailure(kind="transient", retry_at=RETRY_AT)
    rests = (ask(), end(1, failure))
    assert () == decide(ready(*rests))
    over = ev.WaitEnded(agent="claude", until=RETRY_AT, now=RETRY_AT)
    assert (do.AskToReview(iteration=1, call=2, agent="claude"),) == decide(ready(*rests, over))


def test_the_settings_may_have_it_wait():
    """Then it says once that it waits, and asks as soon as the reviewer may be asked."""
    failure = ev.AgentFailure(kind="limited", retry_at=RETRY_AT)
    rests = (ask(), end(1, failure))
    wait = {"review_when_unavailable": "wait"}
    missed, *_ = decide(better(*rests, **wait))
    assert do.MissReview(iteration=1, agent="claude", reason=HUNG, then="wait") == missed
    waits = (*rests, ev.ReviewMissed(iteration=1, agent="claude", reason=HUNG, then="wait"))
    assert [do.StartIteration] == [type(one) for one in decide(better(*waits, **wait))]
    over = ev.WaitEnded(agent="claude", until=RETRY_AT, now=RETRY_AT)
    assert do.AskToReview(iteration=1, call=2, agent="claude") == decide(better(*waits, over, **wait))[0]


def test_where_no_agent_is_asked_nothing_waits():
    """A run without an agent, and without one that reviews, says so for each candidate and goes on."""
    for wait in ("go-on", "wait"):
        (missed,) = decide(ready(review_agent="", review_when_unavailable=wait))
        reason = why("nobody_reviews")
        assert do.MissReview(iteration=1, agent="none", reason=reason, then="go-on") == missed


def test_a_limit_of_the_run_waits_for_the_review():
    """What was begun is brought to its end: the last candidate's review is asked for, and waited for."""
    ends = {"max_trainings": 2}
    assert ASKED == decide(better(ends=ends))
    assert () == decide(better(ask(), ends=ends))
    failure = ev.AgentFailure(kind="transient", retry_at=RETRY_AT)
    assert () == decide(better(ask(), end(1, failure), ends=ends))


def test_a_budget_that_is_used_up_pays_no_review():
    """What is trained is judged without one, with the budget as the reason; then the run ends."""
    (missed,) = decide(better(ask(), end(1, AT_ONCE, cost=0.5), ends={"max_cost_usd": 0.25}))
    assert isinstance(missed, do.MissReview)
    assert ("cost_used_up", "go-on") == (missed.reason.code, missed.then)


def test_one_candidate_is_reviewed_at_a_time():
    """There is one checkout for it: the second waits for its turn, also where both are due at once."""
    config = RunConfig(**(SETTINGS | {"review": "before-keep", "slots": 2}))  # type: ignore[arg-type]
    both = (*candidate(1), *candidate(2, "d" * 40), training(1), training(2, commit="d" * 40, slot=2))
    ended = (trained(1, 1.25), row(1, 1.25), trained(2, 1.375), row(2, 1.375))
    run = given(started(config), asked(2), *BASELINE, *both, *ended)
    assert ASKED == decide(run)
    run = given(started(config), asked(2), *BASELINE, *both, *ended, ask())
    assert () == decide(run)


def test_the_baseline_is_not_reviewed():
    """It is what the others are judged by."""
    config = RunConfig(**(SETTINGS | {"review": "before-training"}))  # type: ignore[arg-type]
    run = given(started(config), asked(1), BASELINE[0], BASELINE[1])
    assert isinstance(decide(run)[0], do.StartTraining)


def test_what_trains_beside_the_baseline_is_reviewed_before():
    """Where a second slot is free while the baseline trains, its candidate is asked about first, too."""
    config = RunConfig(**(SETTINGS | {"review": "before-training", "slots": 2}))  # type: ignore[arg-type]
    begun = (started(config), asked(2), *BASELINE[:3], *candidate(1))
    assert ASKED == decide(given(*begun))
    assert "StartTraining" in {type(one).__name__ for one in decide(given(*begun, *PASSED))}


def test_what_is_not_trained_at_a_limit_may_be_reviewed_later():
    """A budget that is used up before the review ends the run; with a larger one the review is asked for."""
    spent = (asked(0, max_cost_usd=0.25), ask(), end(1, AT_ONCE, cost=0.5))
    assert [do.Stop] == [type(one) for one in decide(ready(*spent))]
    assert (do.AskToReview(iteration=1, call=2, agent="claude"),) == decide(
        ready(*spent, asked(0, max_cost_usd=9.0))
    )


def test_a_reviewer_who_has_to_be_mended_is_waited_for_by_name():
    """Also where nobody is named for it: then it is the agent that proposes, which goes on proposing."""
    wait = {"review_when_unavailable": "wait", "review_agent": ""}
    config = RunConfig(**(SETTINGS | {"review": "before-keep"} | wait))  # type: ignore[arg-type]
    story = (started(config), asked(3, agent="claude"), *BASELINE, *candidate(1), training(1))
    missed = ev.ReviewMissed(iteration=1, agent="claude", reason=HUNG, then="wait")
    run = given(*story, trained(1, 1.25), row(1, 1.25), ask(), end(1, WRONG), missed)
    assert "iteration 1 waits for the review of claude, which has to be mended first" == say_waiting(
        standing(run)
    )


def test_a_reviewer_who_fails_for_good_leaves_the_same_program_proposing():
    """A wrong `review_model` is no failure of who proposes, whom the settings ask for another model."""
    config = RunConfig(**(SETTINGS | {"review": "before-training", "review_model": "wrong"}))  # type: ignore[arg-type]
    missed = ev.ReviewMissed(iteration=1, agent="claude", reason=HUNG, then="go-on")
    story = (
        started(config),
        asked(2, agent="claude"),
        *BASELINE,
        *candidate(1),
        ask(),
        end(1, WRONG),
        missed,
    )
    story = (*story, training(1), trained(1, 1.75), row(1, 1.75), discarded(1), opened(2))
    assert (do.AskForProposal(iteration=2, call=1, agent="claude"),) == decide(given(*story))
    (told,) = standing(given(*story))["agents"]
    assert ("claude", True, "wrong", "permanent") == tuple(
        told[key] for key in ("agent", "reviews", "model", "kind")
    )
    assert health_words(standing(given(*story))).startswith("claude with wrong as reviewer fails since ")


def test_a_log_of_before_is_decided_as_then():
    """A program was well or not as a whole: while its reviews failed, the search proposed (AgentAsked v4)."""
    config = RunConfig(**(SETTINGS | {"review": "before-training"}))  # type: ignore[arg-type]
    missed = ev.ReviewMissed(iteration=1, agent="claude", reason=HUNG, then="go-on")
    story = (started(config), asked(2, agent="claude"), *BASELINE, *candidate(1))
    story = (*story, evolve(ask(), guidance=None), end(1, WRONG), missed)
    story = (*story, training(1), trained(1, 1.75), row(1, 1.75), discarded(1), opened(2))
    assert (do.ProposeBySearch(iteration=2),) == decide(given(*story))
    later = agent_asked(2, "propose", agent="claude")  # by a program of now, once its wait is over
    assert not given(*story, ev.RunResumed(), later).health_by_program


def test_who_fails_to_propose_is_asked_for_reviews():
    """And what rests is who was asked: the program may be a good reviewer with the same model."""
    failed = agent_answered(2, "propose", "failed", agent="claude", failure=WRONG)
    broke = (opened(2), agent_asked(2, "propose", agent="claude"), failed)
    run = ready(*broke)
    assert do.AskToReview(iteration=1, call=1, agent="claude") in decide(run)
    assert not any(isinstance(one, do.AskForProposal) for one in decide(run))


def test_another_model_is_another_reviewer():
    """Who mends the settings of a run need not wait: the model that it names now has not failed."""
    wrong = {"review_when_unavailable": "wait", "review_model": "wrong"}
    waits = (ask(), end(1, WRONG), ev.ReviewMissed(iteration=1, agent="claude", reason=HUNG, then="wait"))
    assert () == decide(ready(*waits, **wrong))
    config = RunConfig(**(SETTINGS | {"review": "before-training"} | wrong | {"review_model": "right"}))  # type: ignore[arg-type]
    mended = ready(*waits, ev.ConfigChanged(config=config, changed=("review_model",)), **wrong)
    assert [] == standing(mended)["agents"]
    assert (do.AskToReview(iteration=1, call=2, agent="claude"),) == decide(mended)


def test_two_waits_of_one_program_end_each_at_its_time():
    """Its quota as reviewer says nothing of when it may propose again; the same time is said once."""
    limited = ev.AgentFailure(kind="limited", retry_at=RETRY_AT)
    later = ev.AgentFailure(kind="transient", retry_at="2026-03-08T23:45:00.000Z")
    broke = (opened(2), agent_asked(2, "propose", agent="claude"))
    for proposing in (limited, later):
        failed = agent_answered(2, "propose", "failed", agent="claude", failure=proposing)
        rests = ready(ask(), end(1, limited), *broke, failed)
        (over,) = agents.waits_ended(rests, RETRY_AT)
        assert ev.WaitEnded(agent="claude", until=RETRY_AT, now=RETRY_AT) == over
        assert of_waits.wait_is_over(rests, over) is None
        back = ready(ask(), end(1, limited), *broke, failed, over)
        assert [proposing is later, False] == [one.rests for one in back.agents]
