"""Guards: a candidate that is better and breaks one is not kept."""

import pytest

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events.settings import RunConfig
from autoresearch.projections.words.wording import say_verdict
from tests.given import BASELINE, asked, candidate, given, row, started, trained, training


def verdict_on(metric: float, *guards: str, **also: float) -> do.Command:
    """Return the verdict on a candidate that printed this; the baseline measured 1.5."""
    config = RunConfig(agent="none", keep_rule="lower", final=0, guards=guards)
    begun = (started(config), asked(), *BASELINE, *candidate(1))
    run = given(*begun, training(1), trained(1, metric, also=also), row(1, metric))
    return decide(run)[0]


@pytest.mark.parametrize(
    ("guard", "value", "holds"),
    [
        ("peak_vram_mb < 60000", 59999.0, True),
        ("peak_vram_mb < 60000", 60000.0, False),
        ("peak_vram_mb<=6e4", 60000.0, True),
        ("tokens_per_s > 1000", 1000.0, False),
        ("tokens_per_s >= 1000", 1000.0, True),
        ("drift > -0.5", -0.25, True),
    ],
)
def test_a_guard_is_hard_before_a_keep(guard: str, value: float, holds: bool):  # noqa: FBT001
    """A better candidate is kept within its guard, and discarded beyond it, with the number."""
    name = guard.replace("<", " ").replace(">", " ").split()[0]
    command = verdict_on(1.25, guard, **{name: value})
    assert isinstance(command, do.KeepCandidate if holds else do.DiscardCandidate)
    if not holds:
        assert ("guard", {"guard": guard, "value": value}) == (command.rule, command.inputs)
        assert f"it breaks the guard {guard}: {value:g}" == say_verdict(command.rule, command.inputs)


def test_a_number_that_is_not_known_breaks_its_guard():
    """Where the training did not print it, nobody can say that the guard holds."""
    command = verdict_on(1.25, "peak_vram_mb < 60000")
    assert isinstance(command, do.DiscardCandidate)
    assert "it breaks the guard peak_vram_mb < 60000: unknown" == say_verdict(command.rule, command.inputs)


def test_what_is_no_better_is_judged_by_the_rule():
    """A candidate that is not better is discarded for that, whatever it breaks."""
    command = verdict_on(1.75, "peak_vram_mb < 1", peak_vram_mb=2.0)
    assert isinstance(command, do.DiscardCandidate)
    assert "lower" == command.rule
