"""The golden runs: what a run of format 1 looks like, decided again by the rules of today and by others."""

from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from autoresearch.engine.core import bookkeeping, decider, final, prefetch, slots
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.event_rules import EVENT_RULES
from autoresearch.engine.core.what_if import what_if
from autoresearch.engine.verdicts import keep_rules, pairs, repeats
from autoresearch.events import values
from autoresearch.events.catalog import Event
from autoresearch.events.codec import RawEvent, parse
from autoresearch.events.log.read import read
from autoresearch.projections import (
    iteration_reducers,
    keep_reducers,
    retraction,
    run_reducers,
    run_state,
)
from autoresearch.projections.fold import fold
from autoresearch.projections.run_reducers import RUN
from autoresearch.projections.words import event_text, sentences, verdicts, wording
from tests.golden.play import FOLDER, LINES, files, history, lines, scripts
from tests.golden.replaying import first_difference, mutated


GOLDEN = sorted(FOLDER.glob("*.jsonl"))

# A rule of the decider, of the keep rules, or of what they read, and the slip that an audit has to notice.
# One that only lets more happen at once (a pause that stops nothing) shows in a run that it made, not here.
MUTATIONS: dict[str, tuple[ModuleType, str, str]] = {
    "equal is better": (keep_rules, "mean > asked", "mean >= asked"),
    "nothing is asked": (keep_rules, "mean > asked", "mean > 0"),
    "a percentage is of one": (keep_rules, "abs(case.pairs.base) * case.number / 100", "case.number / 100"),
    "higher is not better": (
        pairs,
        "sign = 1.0 if lower_is_better else -1.0",
        "sign = 1.0",
    ),
    "other data is compared": (
        values,
        '("data_id", "data")',
        '("data",)',
    ),
    "other settings are compared": (values, '["deciding", *(', "[*("),
    "another card is compared": (values, '("device_class", "device")', '("device",)'),
    "what does not decide is looked at": (values, "one for one in ours.on if", "one for one in AROUND if"),
    "data is asked for once": (
        decider,
        "return state.setup.ok and state.setup.stale",
        "return False",
    ),
    "the best is measured on another card": (
        slots,
        "if device == one.device or not there",
        "if device != one.device or not there",
    ),
    "the best is measured again and again": (
        keep_rules,
        "if not judged or one.tree == best.tree or any(one.conditions.agree(other) for other in best.unmet):",
        "if not judged or one.tree == best.tree:",
    ),
    "settings that are no more are wanted": (
        decider,
        "if one.deciding != state.deciding or not there:",
        "if not there:",
    ),
    "what the best measured elsewhere is forgotten": (
        keep_reducers,
        "return best.with_scores(one.scores)",
        "return replace(best, scores=one.scores)",
    ),
    "the best once more is a loop": (
        prefetch,
        "one.number > 0 and one.measures is None)",
        "one.number > 0)",
    ),
    "half of the spread is too much": (keep_rules, "_SCREEN = 0.5", "_SCREEN = 0.75"),
    "a seed's spread is counted whole": (keep_rules, "_SCREEN_UNPAIRED = 1.5", "_SCREEN_UNPAIRED = 0.5"),
    "the number of a rule is forgotten": (
        keep_rules,
        "return max(case.number, case.of_seeds *",
        "return (case.of_seeds *",
    ),
    "one pair is enough": (keep_rules, "if count > 1 and gain / case.error", "if gain / case.error"),
    "less is sure enough": (keep_rules, "_SURE_ENOUGH = 3.0", "_SURE_ENOUGH = 2.0"),
    "less hope is enough": (keep_rules, "_HOPE = 0.75", "_HOPE = 0.25"),
    "a repeat is left out": (repeats, "repeat not in there), None)", "repeat - 1 not in there), None)"),
    "the baseline is trained once": (repeats, "_FEW, _MANY", "_MANY, _FEW"),
    "another seed": (repeats, 'f"{run_id}/{repeat}"', 'f"{run_id}-{repeat}"'),
    "the base is not measured where it was not": (
        keep_rules,
        "if score.repeat not in there)",
        "if score.repeat in there)",
    ),
    "a known spread is not believed": (pairs, "if noise > 0:", "if noise < 0:"),
    "the final is not fresh": (final, "state.last_repeat + 1, state.last_repeat + 1", "1, 1"),
    "the baseline is believed in the end": (
        final,
        "return _measure(state, first, missing) if missing",
        "return _measure(state, first, missing) if missing[1:]",
    ),
    "a gain is stated where seeds do not differ": (final, "or repeats.of_seeds(state) == 0", ""),
    "the final is not asked for again": (final, "return state.final_again or", "return"),
    "the final on any card": (
        slots,
        "if state.class_of(pair[1]) == wanted or not there",
        "if state.class_of(pair[1]) or not there",
    ),
    "pairs teach nothing": (pairs, "* prior + pool.squares", "* prior"),
    "repeats on another card": (
        slots,
        "return _of_class(state, free, one.device_class) if one.scores",
        "return _of_class(state, free, 'L4') if one.scores",
    ),
    "the same code may win": (keep_rules, "if one.tree == best.tree:", "if one.tree is None:"),
    "a crash is judged by its number": (
        keep_rules,
        'if one.outcome != "succeeded" or one.metric is None:',
        "if one.metric is None and one.outcome is None:",
    ),
    "an agent may fail once more": (
        decider,
        "state.agent_failures >= state.config.agent_failures",
        "state.agent_failures > state.config.agent_failures",
    ),
    "a training may be lost once more": (
        decider,
        "one.lost >= LOST_IN_A_ROW and",
        "one.lost > LOST_IN_A_ROW and",
    ),
    "a crash may be mended once more": (
        decider,
        "one.fixes >= state.config.fix_attempts",
        "one.fixes > state.config.fix_attempts",
    ),
    "a timeout is mended": (decider, 'if one.outcome == "timed_out":', 'if one.outcome == "never":'),
    "a failed agent is asked again": (
        decider,
        "if _has_agent(request) and not one.agent_gave_up:",
        "if _has_agent(request):",
    ),
    "what came last goes first": (decider, "first = min(state.waiting", "first = max(state.waiting"),
    "a deferred one is forgotten": (decider, "if state.deferred:", "if state.deferred and state.waiting:"),
    "a stop waits for nothing": (
        decider,
        'if not state.jobs:\n        return (do.Stop(how="stopped"',
        'if state.jobs:\n        return (do.Stop(how="stopped"',
    ),
    "the baseline is left out": (
        decider,
        "if state.best is None:\n        return _baseline",
        "if state.best is None and state.open:\n        return _baseline",
    ),
    "prepared twice": (
        decider,
        "if (setup.preparable or setup.outdated) and request.auto_prepare and not setup.prepared:",
        "if (setup.preparable or setup.outdated) and request.auto_prepare:",
    ),
    "prepared though it may not": (
        decider,
        "if (setup.preparable or setup.outdated) and request.auto_prepare and not setup.prepared:",
        "if (setup.preparable or setup.outdated) and not setup.prepared:",
    ),
    "triage where none is allowed": (
        decider,
        'if "triage" not in request.loop_stages:',
        'if "nothing" in request.loop_stages:',
    ),
    "counted from zero": (decider, "training=one.trainings + 1", "training=one.trainings"),
    "another base": (
        decider,
        "base = state.best.commit if state.best else state.base_commit",
        "base = state.base_commit",
    ),
    "one more is opened than asked for": (
        prefetch,
        "if any(one is None or one.loop_stages != LOOP_STAGES for one in requests):",
        "if requests[0] is None or requests[0].loop_stages != LOOP_STAGES:",
    ),
    "nothing is prefetched": (prefetch, "return train > 0 and", "return train > 9 and"),
    "the base never moves": (prefetch, "one.base_commit == state.best.commit or", "one.base_commit or"),
    "what is not scored is trained again": (
        decider,
        'case "train" if one.unscored:',
        'case "train" if False:',
    ),
    "a prepared one never gives way": (
        prefetch,
        "return bool(state.waiting) and",
        "return not state.waiting and",
    ),
    "the last slot first": (run_state, "for slot in reversed(free)", "for slot in free"),
    "memory in megabytes": (bookkeeping, "/ MIB, 3)", "/ 1.0, 3)"),
    "a keep is not the best": (
        keep_reducers,
        "(*state.keeps, best_of(one, event.commit))",
        "(best_of(one, event.commit), *state.keeps)",
    ),
    "a retracted result stays the best": (
        retraction,
        "for one in state.keeps if one.iteration not in out",
        "for one in state.keeps",
    ),
    "all that is made of a retracted result goes": (
        retraction,
        "if not with_descendants:\n        return own",
        "if False:\n        return own",
    ),
    "what is made of a retracted result stays": (
        retraction,
        "or one.base_commit in code)",
        "or False)",
    ),
    "what trains on a retracted result is judged": (
        retraction,
        "one.stands_on = number",
        "one.stands_on = None",
    ),
    "a retracted best is measured to the end": (
        prefetch,
        "return one.measures is not None and all(",
        "return False and all(",
    ),
    "a success forgives no failure": (
        iteration_reducers,
        'state.agent_failures = 0 if outcome == "ok" else state.agent_failures + 1',
        "state.agent_failures += 1",
    ),
    "a baseline costs a loop": (
        keep_reducers,
        "        state.baseline = one.metric\n        return\n",
        "        state.baseline = one.metric\n",
    ),
    "a request replaces the last": (run_reducers, "((), (*unserved, asked))", "((), (asked,))"),
    "a pause remembers failures": (
        run_reducers,
        "    state.paused = event.reason\n    state.agent_failures = 0\n",
        "    state.paused = event.reason\n",
    ),
}


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


@pytest.mark.parametrize("slip", MUTATIONS)
def test_a_changed_rule_is_noticed(slip: str):
    """Under any other rule, some golden run is no longer what is decided."""
    module, old, new = MUTATIONS[slip]
    with mutated(module, old, new):
        found = [_difference(path) for path in GOLDEN]
    assert any(found)
    assert not any(_difference(path) for path in GOLDEN[:3]), "the rules were not put back"


def _difference(path: Path) -> str | None:
    """Return the first difference; a rule that breaks in a state has been noticed too."""
    try:
        return first_difference(path)
    except (AssertionError, AttributeError, LookupError, StopIteration, TypeError) as error:
        return repr(error)


def _other_words(table: dict[str, str]) -> dict[str, str]:
    """Return a table in which every sentence is another one, with the same fields."""
    return {name: f"In other words: {text} !" for name, text in table.items()}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_other_words_change_no_decision(path: Path, monkeypatch: pytest.MonkeyPatch):
    """With every sentence of the program rewritten, a golden run is decided as before."""
    tables = {name: getattr(sentences, name) for name in ("REASONS", "EVENTS", "STEPS")}
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
