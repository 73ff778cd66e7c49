"""When a run was at rest: from a stop to what was asked for next."""

from autoresearch.events import catalog as ev
from autoresearch.projections.evidence import evidence_of
from autoresearch.projections.words.wording import say_verdict
from tests import given as g


def test_a_rest_is_from_a_stop_to_what_is_asked_for():
    """Each stop begins one, the next request ends it, and one that nothing ended goes on."""
    stop = ev.RunStopped(how="done", reason=None)
    records = g.recorded(g.started(), g.asked(1), g.runner_started(), stop, g.asked(1), stop)
    assert [(records[3].at, records[4].at), (records[5].at, None)] == evidence_of(records).rests


def test_confirm_says_that_it_asks_for_a_second_seed():
    """A gain on one seed, however large, is not kept by `confirm`; its sentence says what it lacks."""
    inputs = {"gain": 0.1, "min_delta": 0.001, "half_width": 0.01, "probability": 1.0, "pairs": 1}
    assert "on 1 seed alone; the rule asks for a second" in say_verdict("confirm", inputs)
    assert "sure to be real" in say_verdict("climb", inputs)
    assert "sure to be real" in say_verdict("confirm", inputs | {"pairs": 2})
