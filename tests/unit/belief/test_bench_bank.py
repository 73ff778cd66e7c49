"""The candidates of the bank, as edits of the train.py that stands here."""

import ast
import csv

import pytest

from autoresearch.engine.verdicts.early_stop import FIRST
from bench.bank.candidates import BASELINE, BY_NAME, CANDIDATES, SCRIPT, Candidate, source
from bench.bank.early_stop import BOUNDS, of_schedule, saving, stops_at, trainings
from bench.bank.facts import TABLE, facts, scores
from bench.bank.make import FIRST_SEED, POINTS, SEEDS, curve


def test_every_candidate_edits_the_train_py_that_stands_here():
    """Each candidate gives a program that parses and that no other candidate gives."""
    programs = {one.name: source(one) for one in CANDIDATES}
    for text in programs.values():
        ast.parse(text)
    assert len(BY_NAME) == len(set(programs.values())) == len(CANDIDATES)
    assert programs[BASELINE] == SCRIPT.read_text()


def test_the_bank_is_as_large_as_was_asked():
    """It has 24 candidates or more, and three chains or more of three changes."""

    def depth(one: Candidate) -> int:
        return 0 if one.name == BASELINE else 1 + depth(BY_NAME[one.parent])

    tops = {one.name for one in CANDIDATES} - {one.parent for one in CANDIDATES}
    assert len(CANDIDATES) >= 24
    assert sum(depth(BY_NAME[name]) >= 3 for name in tops) >= 3


def test_a_comment_leaves_the_syntax_tree_as_it_was():
    """A planted comment changes the text and not what it means."""
    parent, child = source(BY_NAME[BASELINE]), source(BY_NAME["comment"])
    assert parent != child
    assert ast.dump(ast.parse(parent)) == ast.dump(ast.parse(child))


def test_an_edit_that_does_not_stand_once_is_refused():
    """A candidate whose old text stands twice, or nowhere, is an error that names it."""
    for old in ("DEPTH", "no such text"):
        with pytest.raises(ValueError, match=f"bad: '{old}' stands"):
            source(Candidate("bad", "constants", ((old, "x"),)))


def test_a_curve_is_the_mean_of_equal_parts():
    """Forty losses make twenty points, each the mean of two; fewer make fewer, and none makes none."""
    assert curve([float(n) for n in range(40)]) == [n + 0.5 for n in range(0, 40, 2)]
    assert curve([3.0, 1.0]) == [3.0, 1.0]
    assert curve([]) == []


def test_the_bank_holds_every_candidate_under_every_seed():
    """What is shipped has a score and a curve for each candidate and seed, and nothing else."""
    found = scores()
    assert set(found) == {one.name for one in CANDIDATES}
    assert {len(under) for under in found.values()} == {SEEDS}
    with TABLE.with_name("curves.csv").open(encoding="utf-8", newline="") as file:
        curves = {(row["candidate"], int(row["seed"])): row["curve"].split() for row in csv.DictReader(file)}
    assert set(curves) == {(name, FIRST_SEED + place) for name in found for place in range(SEEDS)}
    assert {len(curve) for curve in curves.values()} == {POINTS}


def test_what_was_planted_to_be_the_same_measured_the_same():
    """A change that computes the same has its parent's number to the last digit, under every seed."""
    found = scores()
    same = [one for one in CANDIDATES if one.planted == "same"]
    assert [found[one.name] for one in same] == [found[one.parent] for one in same]


def test_the_facts_are_in_units_of_the_spread_over_seeds():
    """The table of bigrams doubled is the largest gain; its pairs lie closer together than its seeds."""
    best = max(facts(), key=lambda fact: fact.gain)
    assert best.candidate.name == "bigrams-131072"
    assert best.gain == pytest.approx(1.65, abs=0.01)
    assert best.of_pair < best.spread / 3


def test_a_loser_is_stopped_at_the_second_point_in_a_row():
    """One point behind, points before the first that counts, or a gap of just the bound stop nothing."""
    base = (0.0,) * 20
    behind = {place: (*base[:place], 1.0, 1.0, *base[place + 2 :]) for place in (FIRST - 2, FIRST - 1, FIRST)}
    assert stops_at(base, base, 0.5) is None
    assert stops_at(behind[FIRST - 2], base, 0.5) is None
    assert stops_at(behind[FIRST - 1], base, 0.5) is None
    assert stops_at(behind[FIRST], base, 0.5) == FIRST + 2
    assert stops_at(behind[FIRST], base, 1.0) is None
    assert stops_at((*base[:-1], 1.0), base, 0.5) is None
    assert stops_at(tuple(float(place % 2) for place in range(20)), base, 0.5) is None


def test_a_training_that_would_be_kept_is_not_stopped_but_for_its_schedule():
    """No bound wrongs a keep on its parent's schedule; the least wrongs changes of the rows in a batch."""
    tried = [one for one in CANDIDATES if one.parent and one.planted != "same"]
    plain = trainings(one for one in tried if not of_schedule(one))
    assert [len(saving(plain, bound).wronged) for bound in BOUNDS] == [0] * len(BOUNDS)
    assert saving(plain, 0.06).saved == pytest.approx(0.058, abs=0.001)
    others = saving(trainings(one for one in tried if of_schedule(one)), BOUNDS[0])
    assert set(others.wronged) == {"rows-12", "rows-8"}
    assert len(others.wronged) == 4
