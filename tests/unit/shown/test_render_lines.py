from typing import get_args

import pytest
from attrs import evolve

from autoresearch.events import catalog as ev
from autoresearch.events.catalog import Event
from autoresearch.events.encoding.codec import RawEvent
from autoresearch.projections.words.event_text import LINE_CHARACTERS, Told, describe, line
from autoresearch.projections.words.times import one_line, sureness
from autoresearch.projections.words.wording import asked_for, duration, say
from tests import given as g
from tests.golden.samples import sample


def test_a_line_is_time_number_and_what_happened():
    """The line of a verdict reads as people say it."""
    inputs = {"metric": 0.9951, "best": 0.9932, "gain": -0.0019, "min_delta": 0.0}
    event = ev.CandidateDiscarded(iteration=5, rule="lower", inputs=inputs)
    (recorded,) = g.recorded(event, after=41)
    expected = "2026-03-08T21:00:42.000Z #42 iteration 5 discarded: no improvement (0.995100 >= 0.993200)"
    assert expected == line(recorded)


@pytest.mark.parametrize("cls", get_args(Event), ids=lambda cls: cls.__name__)
def test_every_event_is_one_printable_line(cls):
    """No event, whatever its texts hold, makes two lines, an escape sequence, or more than a line."""
    said = describe(sample(cls))
    assert said
    assert said.isprintable()
    assert len(said) <= LINE_CHARACTERS


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (g.asked(5), "asked for 5 loops; the seeded search proposes"),
        (g.asked(1, agent="opencode"), "asked for 1 loop; opencode proposes"),
        (g.opened(0, first="train"), "baseline opened on bbbbbbb"),
        (g.training(0), "baseline trains bbbbbbb"),
        (g.training(3, 2), "iteration 3 trains bbbbbbb, training 2"),
        (g.trained(0, 1.5), "baseline trained in 5 min 00 s: 1.500000"),
        (
            g.trained(1, None, outcome="timed_out"),
            "iteration 1 timed out after 5 min 00 s: " + say(g.BROKE),
        ),
        (g.set_up(), "setup is complete, data d1"),
        (g.set_up(ok=False), "setup lacks data - in the cache"),
        (g.chosen(2), "iteration 2 tries (search): raise the rate"),
        (
            g.agent_answered(2, "propose", "failed"),
            "iteration 2: opencode was asked to propose and failed after 1.0 s: " + say(g.HUNG),
        ),
        (ev.StopRequested(now=True), "asked to stop at once"),
        (RawEvent(type="Later", version=3, data={}), "Later v3, which this program does not know"),
    ],
)
def test_events_in_words(event, expected):
    """Each kind of event says what happened, with its numbers."""
    assert expected == describe(event)


def test_a_long_text_is_cut():
    """A line has an end, however long the text."""
    assert f"{'x' * 9}…" == one_line("x" * 10**6, 10)
    assert "a b" == one_line(" a \r\n\t b\x1b\u202e ", 10)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (36.4, "36 s"),
        (59.7, "1 min 00 s"),
        (312, "5 min 12 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations_as_people_say_them(seconds, expected):
    """Seconds become the two largest units that matter."""
    assert expected == duration(seconds)


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(1.0, ">99%"), (0.994, ">99%"), (0.986, "99%"), (0.64, "64%"), (3e-9, "<1%")],
)
def test_nothing_is_said_to_be_certain(probability, expected):
    """How sure a gain is to be real is never told as 100 % or as none."""
    assert expected == sureness(probability)
    inputs = {"gain": 0.002, "half_width": 0.001, "pairs": 1, "min_delta": 0.0, "probability": probability}
    kept = evolve(g.kept(3), rule="climb", inputs=inputs)
    assert f"; {expected} sure to be real" in describe(kept)


def test_a_restricted_request_says_so():
    """What a request leaves out is part of what it asks for."""
    assert "only setup, baseline" == asked_for(g.asked(0, stages=("setup", "baseline")).request)
    said = asked_for(g.asked(3, stages=("loop",), loop_stages=("train", "record")).request)
    assert "3 loops; only loop; of the loop only train, record" == said


def test_an_agents_proposal_is_told_by_its_name():
    """Behind the agent's answer the line names it, and its model; where that was not heard, it does not."""
    answered = evolve(g.agent_answered(2, "propose", agent="codex"), model="m")
    told = Told()
    *_, chosen = map(told.hear, g.recorded(answered, g.chosen(2, source="agent")))
    assert told.line(chosen).endswith("iteration 2 tries (codex:m): raise the rate")
    (alone,) = g.recorded(g.chosen(2, source="agent"))
    assert Told().line(alone).endswith("iteration 2 tries (agent): raise the rate")
