"""The candidates of the bank, as edits of the train.py that stands here."""

import ast

import pytest

from bench.bank.candidates import BASELINE, BY_NAME, CANDIDATES, SCRIPT, Candidate, source
from bench.bank.make import curve


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
