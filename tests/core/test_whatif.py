"""Judging a whole run by another rule, on events alone."""

import pytest

from autoresearch.engine.verdicts.what_if import WhatIf, what_if
from autoresearch.events import catalog as ev
from autoresearch.events.errors import UsageRefused
from tests import given as g


def iteration(number: int, metric: float | None, *, base: str, keep: bool) -> tuple[ev.Event, ...]:
    """An iteration with its own commit, from its base to its verdict."""
    commit = str(number) * 40
    outcome = "succeeded" if metric is not None else "crashed"
    return (
        g.opened(number, base=base),
        *g.candidate(number, commit)[1:],
        g.training(number, commit=commit),
        g.trained(number, metric, outcome=outcome),
        g.row(number, metric, outcome=outcome),
        g.kept(number, commit) if keep else g.discarded(number),
    )


RUN = (
    *(g.started(), g.asked(4), *g.BASELINE),
    *iteration(1, 1.45, base=g.BASE, keep=True),
    *iteration(2, None, base="1" * 40, keep=False),
    *iteration(3, 1.2, base="1" * 40, keep=True),
    *iteration(4, 1.3, base="3" * 40, keep=False),
)


def judged(rule: str, *events: ev.Event) -> WhatIf:
    return what_if(g.recorded(*(events or RUN)), rule)


def test_its_own_rule_changes_nothing():
    """Judged by the rule it had, a run gets the verdicts it has, and its best."""
    found = judged("lower")
    assert ("lower", (), None) == (found.own_rule, found.changed, found.other_from)
    assert found.best is not None
    assert found.own_best is not None
    assert (3, 1.2) == (found.best.iteration, found.best.metric)
    assert found.own_best.commit == found.best.commit


def test_a_changed_verdict_marks_what_stands_on_it():
    """A keep that another rule takes back makes other code of all that was built on it, and of no more."""
    found = judged("min-delta:0.1")
    assert [1] == [one.iteration for one in found.changed]
    assert ["keep", "discard", "discard", "keep", "discard"] == [one.would_be for one in found.judged]
    assert [False, False, True, True, True] == [one.other_code for one in found.judged]
    assert 2 == found.other_from
    assert found.best is not None
    assert (3, 1.2) == (found.best.iteration, found.best.metric)


def test_the_last_verdict_changes_no_code():
    """Where only the last verdict changes, every result is of the code that would have been trained."""
    found = judged(
        "min-delta:0.4", g.started(), g.asked(), *g.BASELINE, *iteration(1, 1.2, base=g.BASE, keep=True)
    )
    assert ([1], None) == ([one.iteration for one in found.changed], found.other_from)
    assert found.best is not None
    assert 0 == found.best.iteration


def test_what_has_no_result_stays_discarded():
    """No rule keeps a crash."""
    assert "discard" == judged("min-delta:0").judged[2].would_be


@pytest.mark.parametrize("rule", ["min-dleta:0.1", "min-delta", "min-delta:-1", "min-delta:x", "", "lower:1"])
def test_an_unknown_rule_is_refused_with_the_known_ones(rule: str):
    """A misspelt rule, or one with a wrong argument, is a usage error that names the rules."""
    with pytest.raises(UsageRefused) as refused:
        judged(rule)
    assert "lower (any improvement), min-delta:NUMBER" in refused.value.remedy


def test_imported_results_can_be_judged_too():
    """An imported run has results to judge; what comes behind a changed verdict counts as other code."""
    rows = [
        ev.ResultImported(
            iteration=number,
            commit=None,
            metric=metric,
            memory_gb=None,
            status="keep",
            description="",
            proposal=None,
            proposed_by=None,
            reason="",
            training_s=None,
            started_at=None,
            ended_at=None,
            log_tail="",
            as_given="",
        )
        for number, metric in enumerate((1.5, 1.49, 1.3))
    ]
    found = judged("min-delta:0.05", g.started(), *rows)
    assert ["keep", "discard", "keep"] == [one.would_be for one in found.judged]
    assert 2 == found.other_from
