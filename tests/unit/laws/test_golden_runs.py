"""The golden runs: what a run of format 1 looks like, decided again by the rules of today."""

from pathlib import Path
from typing import get_args

import pytest

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.rules.event_rules import EVENT_RULES
from autoresearch.engine.verdicts.what_if import what_if
from autoresearch.events.catalog import Event
from autoresearch.events.encoding.codec import RawEvent, parse
from autoresearch.events.log.read import read
from autoresearch.projections.fold import fold
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.words import event_sentences, event_text, sentences, verdicts, wording
from tests.golden.play import FOLDER, LINES, files, history, lines, scripts
from tests.golden.replaying import first_difference


GOLDEN = sorted(FOLDER.glob("*.jsonl"))


def events_in(lines: bytes) -> list[tuple[str, Event | RawEvent]]:
    """Return who recorded what, line by line; values of older versions are brought up to today's."""
    read_lines = [parse(line, end=len(line)) for line in lines.splitlines(keepends=True)]
    return [(one.by, one.event) for one in read_lines]


def test_the_golden_runs_are_as_they_were_played():
    """Each golden history, read by today's classes, is still event for event what its script gives."""
    made = scripts()
    assert {name for name, _ in files()} == {path.stem for path in GOLDEN}
    for name, file in files():
        assert events_in(history(made[name])) == events_in(file.read_bytes()), name


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_decision_of_a_golden_run_is_taken_again(path: Path):
    """The rules of today give each golden run event by event."""
    assert first_difference(path) is None


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_run_judged_by_its_own_rule_is_as_it_was_judged(path: Path):
    """What if takes the verdicts of each golden run as the run did, whatever its best was measured under."""
    run = fold(RUN, read(path))
    found = what_if(read(path), run.config.keep_rule)
    assert () == found.changed
    assert run.best == found.best


def test_the_golden_runs_show_everything():
    """Every event that the runner records, and every command but one, occurs in a golden run."""
    seen = {type(one.event) for path in GOLDEN for one in read(path)}
    others = {cls for cls, rule in EVENT_RULES.items() if not {"cli", "runner"} & set(rule.by)}
    by_hand = {"HistoryRepaired", "KeepAdopted", "RunCleaned"}  # they change nothing that is decided
    assert {cls.__name__ for cls in set(get_args(Event)) - others - seen} == by_hand
    told = {command for cls in seen for command in EVENT_RULES[cls].of}
    silent = {do.CancelJob}  # its end is heard like any other's
    assert set(get_args(do.Command)) - told - silent == set()


def _other_words(table: dict[str, str]) -> dict[str, str]:
    """Return a table in which every sentence is another one, with the same fields."""
    return {name: f"In other words: {text} !" for name, text in table.items()}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_other_words_change_no_decision(path: Path, monkeypatch: pytest.MonkeyPatch):
    """With every sentence of the program rewritten, a golden run is decided as before."""
    tables = {"REASONS": sentences.REASONS, "STEPS": sentences.STEPS, "EVENTS": event_sentences.EVENTS}
    for name, table in (tables | {"VERDICTS": verdicts.VERDICTS}).items():
        for module in (wording, event_text):
            monkeypatch.setattr(module, name, _other_words(dict(table)), raising=False)
    assert all(event_text.describe(one.event).startswith("In other words") for one in read(path))
    assert first_difference(path) is None


def test_lines_that_changed_have_another_wording():
    """Whoever words an event otherwise gives the wording another name, so that old logs are not compared.

    Where this fails with the same name before the digest, raise `FORMS` of event_text.py; then
    `python -m tests.golden.play` writes the file anew.
    """
    assert LINES.read_text() == lines()
