"""What the decider does with what would be kept, where a human is to be asked before."""

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core import keeping
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import why
from autoresearch.projections.fold import fold
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_waiting
from autoresearch.projections.summary import standing, waiting_for_human
from autoresearch.projections.words.wording import say_verdict
from tests.given import (
    BASE,
    BASELINE,
    asked,
    candidate,
    discarded,
    given,
    kept,
    opened,
    recorded,
    row,
    started,
    trained,
    training,
)


UNTIL = "2026-03-08T22:00:00.000Z"
LATER = "2026-03-08T22:00:01.000Z"
WAITS = ev.ApprovalAsked(iteration=1, until=UNTIL)


def better(*more: ev.Event, metric: float = 1.25, **settings: object) -> RunState:
    """Return a run whose candidate is better than the baseline, which has 1.5; a human is asked."""
    config = RunConfig(agent="none", keep_rule="lower", final=0, approve="human", **settings)  # type: ignore[arg-type]
    begun = (started(config), asked(), *BASELINE, *candidate(1), training(1), trained(1, metric))
    return given(*begun, row(1, metric), *more)


def test_what_would_be_kept_waits_for_a_word():
    """A human is asked once; with no other loop, nothing is done until he speaks or the time is over."""
    assert (do.AskForApproval(iteration=1),) == decide(better())
    assert () == decide(better(WAITS))
    assert "iteration 1 would be kept, and waits for your word" in say_waiting(standing(better(WAITS)))


def test_what_is_not_kept_anyway_asks_nobody():
    """What is no better is discarded by its number."""
    (ended,) = decide(better(metric=1.75))
    assert "lower" == ended.rule


def test_an_approved_candidate_is_kept():
    """The verdict is the one of its number."""
    (kept,) = decide(better(WAITS, ev.CandidateApproved(iteration=1)))
    assert isinstance(kept, do.KeepCandidate)
    assert "lower" == kept.rule


def test_a_veto_is_a_verdict_with_its_reason():
    """The candidate is discarded, whatever its number, and the verdict says by whom and why."""
    (ended,) = decide(better(WAITS, ev.CandidateVetoed(iteration=1, why="it reads the test text")))
    assert isinstance(ended, do.DiscardCandidate)
    assert "vetoed by a human: it reads the test text" == say_verdict(ended.rule, ended.inputs)


@pytest.mark.parametrize(
    ("otherwise", "command"), [("discard", do.DiscardCandidate), ("keep", do.KeepCandidate)]
)
def test_the_settings_say_what_silence_means(otherwise: str, command: type):
    """From the limit on nothing waits any more: by default it is discarded, with that as its reason."""
    waiting = better(WAITS, not_approved=otherwise)
    assert () == keeping.timed_out(waiting, "2026-03-08T21:59:59.999Z")
    (over,) = keeping.timed_out(waiting, LATER)
    (ended,) = decide(better(WAITS, over, not_approved=otherwise))
    assert isinstance(ended, command)
    if command is do.DiscardCandidate:
        assert f"nobody approved it until {UNTIL}" == say_verdict(ended.rule, ended.inputs)


def test_a_wait_without_an_end_is_a_wait_for_a_human():
    """Only then does whoever runs it in the foreground get its shell back."""
    assert waiting_for_human(better(WAITS)) is None
    for_ever = better(ev.ApprovalAsked(iteration=1, until=""), approve_wait_s=0.0)
    assert "approval_wanted" == waiting_for_human(for_ever).code  # type: ignore[union-attr]
    assert () == keeping.timed_out(for_ever, LATER)


def test_a_limit_of_the_run_waits_for_the_word_too():
    """What was begun is brought to its end: at the last training's verdict the run does not stop before."""
    config = RunConfig(agent="none", keep_rule="lower", final=0, approve="human")
    begun = (started(config), asked(max_trainings=2), *BASELINE, *candidate(1), training(1), trained(1, 1.25))
    assert (do.AskForApproval(iteration=1),) == decide(given(*begun, row(1, 1.25)))
    assert () == decide(given(*begun, row(1, 1.25), WAITS))


@pytest.mark.parametrize("goes_on", [ev.RunResumed(), asked(1)])
def test_a_run_at_rest_runs_no_wait_down(goes_on: ev.Event):
    """Stopped with 40 minutes of the hour left, it has these 40 from when somebody lets it go on."""
    config = RunConfig(agent="none", keep_rule="lower", final=0, approve="human")
    begun = (started(config), asked(), *BASELINE, *candidate(1), training(1), trained(1, 1.25), row(1, 1.25))
    stop = ev.RunStopped(how="stopped", reason=why("as_requested"))
    story = recorded(*begun, WAITS)
    for event, at in ((stop, "2026-03-08T21:20:00.000Z"), (goes_on, "2026-03-09T08:00:00.000Z")):
        story.append(evolve(recorded(event, after=len(story))[0], at=at))
    rested, going_on = fold(RUN, story[:-1]), fold(RUN, story)
    assert () == keeping.timed_out(rested, "2026-03-09T08:00:00.000Z")
    assert () == keeping.timed_out(going_on, "2026-03-09T08:39:59.999Z")
    (over,) = keeping.timed_out(going_on, "2026-03-09T08:40:00.000Z")
    assert "2026-03-09T08:40:00.000Z" == over.until
    assert over.until == standing(going_on)["approvals"][0]["until"]
    assert keeping.overdue(going_on, over) is None


@pytest.mark.parametrize(("stands_still", "known"), [(True, False), (None, True), (False, True)])
def test_a_wait_of_before_may_have_gone_on_at_rest(stands_still: bool | None, known: bool):  # noqa: FBT001
    """Of a log that does not say so, either end is one; which it was, the verdict has from the event."""
    config = RunConfig(agent="none", keep_rule="lower", final=0, approve="human")
    begun = (started(config), asked(), *BASELINE, *candidate(1), training(1), trained(1, 1.25), row(1, 1.25))
    story = recorded(*begun, evolve(WAITS, stands_still=stands_still))
    stop = ev.RunStopped(how="stopped", reason=why("as_requested"))
    for event, at in ((stop, "2026-03-08T21:20:00.000Z"), (ev.RunResumed(), "2026-03-09T08:00:00.000Z")):
        story.append(evolve(recorded(event, after=len(story))[0], at=at))
    over = ev.ApprovalTimedOut(iteration=1, until=UNTIL, now="2026-03-09T08:00:00.100Z")
    run = fold(RUN, story)
    assert known == (keeping.overdue(run, over) is None)
    then = fold(RUN, [*story, *recorded(over, after=len(story))])
    (ended,) = decide(then)
    assert UNTIL == ended.inputs["until"]  # type: ignore[union-attr]
    standing_still = ev.ApprovalTimedOut(iteration=1, until="2026-03-09T08:40:00.000Z", now=over.now)
    assert stands_still is False or keeping.overdue(run, standing_still)[0] == "now"  # type: ignore[index]


NEXT = "d" * 40


def beside(*more: ev.Event, loops: int = 3, slots: int = 1, prefetch: int = 0) -> list[ev.Event]:
    """Return a run whose first candidate, of 1.25, waits for a human's word, with what came since."""
    config = RunConfig(agent="none", keep_rule="lower", final=0, approve="human", slots=slots)
    begun = (started(config), asked(loops, prefetch=prefetch), *BASELINE, *candidate(1), training(1))
    return [*begun, trained(1, 1.25), row(1, 1.25), WAITS, *more]


def measured(metric: float) -> tuple[ev.Event, ...]:
    """The second candidate was trained on what was the best before the first one."""
    return (*candidate(2, NEXT), training(2, commit=NEXT), trained(2, metric), row(2, metric))


def test_the_device_is_not_idle_while_a_human_is_waited_for():
    """What is prepared is trained, on the best that there is, and without any the next one is opened."""
    (command,) = decide(given(*beside(*candidate(2, NEXT), prefetch=1)))
    assert isinstance(command, do.StartTraining)
    assert (2, NEXT) == (command.iteration, command.commit)
    for slots, prefetch in ((1, 0), (1, 1), (2, 0)):
        waiting = beside(slots=slots, prefetch=prefetch)
        opens = do.StartIteration(iteration=2, base_commit=BASE, first_stage="propose")
        assert (opens,) == decide(given(*waiting)), (slots, prefetch)
        assert (do.ProposeBySearch(iteration=2),) == decide(given(*waiting, opened(2)))


def test_no_more_is_opened_than_was_asked_for():
    """What waits is one of the loops: with no other left, nothing but the word is waited for."""
    assert () == decide(given(*beside(loops=1)))
    assert waiting_for_human(given(*beside(loops=1))) is None
    assert () == decide(given(*beside(*measured(1.0), ev.ApprovalAsked(iteration=2, until=UNTIL), loops=2)))


def test_what_is_worse_than_the_best_is_discarded_meanwhile():
    """Its verdict needs no word, and the next one is opened."""
    (ended,) = decide(given(*beside(*measured(1.75))))
    assert (2, "lower") == (ended.iteration, ended.rule)
    (opens,) = decide(given(*beside(*measured(1.75), discarded(2))))
    assert do.StartIteration(iteration=3, base_commit=BASE, first_stage="propose") == opens


def test_what_is_approved_is_what_the_others_have_to_beat():
    """What was prepared gets it as its base, and what was trained meanwhile is judged by it."""
    approved = (ev.CandidateApproved(iteration=1), kept(1, "c" * 40))
    (command,) = decide(given(*beside(*candidate(2, NEXT), *approved)))
    assert do.MoveBase(iteration=2, base_commit="c" * 40, best_iteration=1) == command
    (ended,) = decide(given(*beside(*measured(1.375), ev.ApprovalAsked(iteration=2, until=UNTIL), *approved)))
    assert isinstance(ended, do.DiscardCandidate)
    assert (2, "lower") == (ended.iteration, ended.rule)
    still = given(*beside(*measured(1.125), ev.ApprovalAsked(iteration=2, until=UNTIL), *approved))
    assert [2] == [one["iteration"] for one in standing(still)["approvals"]]
    assert [do.StartIteration] == [type(one) for one in decide(still)]


def test_several_may_wait_for_a_word():
    """Each is asked about once, and is kept or not by its own word, in whatever order they come."""
    both = beside(*measured(1.125))
    assert (do.AskForApproval(iteration=2),) == decide(given(*both))
    both.append(ev.ApprovalAsked(iteration=2, until=UNTIL))
    assert [1, 2] == [one["iteration"] for one in standing(given(*both))["approvals"]]
    (kept_now,) = (
        one
        for one in decide(given(*both, ev.CandidateApproved(iteration=2)))
        if isinstance(one, do.KeepCandidate)
    )
    assert (2, NEXT) == (kept_now.iteration, kept_now.commit)
    (ended,) = (
        one
        for one in decide(given(*both, ev.CandidateApproved(iteration=2), kept(2, NEXT)))
        if isinstance(one, do.DiscardCandidate)
    )
    assert (1, "lower") == (ended.iteration, ended.rule)
