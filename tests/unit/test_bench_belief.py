"""Nights played without training: what they are made of, and what docs/belief.md says of one verdict."""

from pathlib import Path
from random import Random
from statistics import fmean, stdev

import pytest

from autoresearch.engine.verdicts.pairs import Pairs, half_width, squares_of
from autoresearch.projections.belief import Pool, believed
from bench.bank.candidates import BY_NAME
from bench.bank.facts import facts, scores
from bench.belief.bank_nights import BankNight
from bench.belief.nights import NOTHING, TRAININGS, Night, Program
from bench.belief.picture import picture
from bench.belief.report import NIGHTS, Tally, fifths, play, table
from bench.belief.rules import RULES_PLAYED, Keep, Played


PAGE = Path(__file__).parents[2] / "docs" / "belief.md"


def random(number: int = 1) -> Random:
    """Return chance that is the same each time."""
    return Random(number)  # noqa: S311 - a simulation


def test_the_page_says_of_one_verdict_what_the_bank_and_the_engine_give():
    """Each number of the steps is computed anew, by the functions that decide."""
    page, found = PAGE.read_text(), scores()
    base, ours = found["baseline"], found["bigrams-131072"]
    belief = believed(stdev(base[:5]), 4, luck=fmean(base[:5]) - base[0])
    guess = belief.guess(base[0] - ours[0])
    assert f"differ by {stdev(base[:5]):.5f}" in page
    assert f"expected to be {belief.of_seeds:.5f}" in page
    assert f"{base[0]} - {ours[0]} = {base[0] - ours[0]:.6f}" in page
    assert f"s/2 = {belief.of_seeds / 2:.5f}" in page
    assert f"**{guess.probability:.0%}**".replace("%", " %") in page
    assert f"expected gain of {guess.gain:.4f}" in page

    pairs = Pairs(differences=tuple(a - b for a, b in zip(base[5:], ours[5:], strict=True)), base=0.0)
    seen = Pool().plus(squares_of(base), len(base)).plus(squares_of(ours[5:]), 3)
    assert f"mean is {pairs.mean:.5f}" in page
    assert f"**Stated: {pairs.mean:.4f} ± {half_width(pairs, seen):.4f}.**" in page


def test_a_training_is_paid_for_once_whoever_is_forgotten():
    """Programs that are dropped at once cost one training each; the same one under the same seed, nothing."""
    night = Night(random(), NOTHING)
    for _ in range(50):
        night.train(night.propose(night.baseline) or night.baseline, 1)
    assert TRAININGS - 50 == night.left
    assert night.train(night.baseline, 1) == night.train(night.baseline, 1)
    assert TRAININGS - 51 == night.left


def test_a_night_of_the_bank_proposes_what_its_base_allows():
    """Changes on the baseline come once each, and one on another change only where that is kept."""
    night = BankNight(random())
    on_baseline = []
    while one := night.propose(night.baseline):
        on_baseline.append(one)
    assert sum(one.parent == "baseline" for one in BY_NAME.values()) == len(on_baseline)
    kept = [one for one in on_baseline if night.propose(one) is not None]
    assert kept  # some have a change that was made on them


def test_fresh_seeds_of_a_bank_night_tell_the_true_gain():
    """Over many fresh seeds the mean of a change's pairs is its mean over the bank's."""
    night = BankNight(random())
    night.left = 10_000
    one: Program | None = night.propose(night.baseline)
    assert one is not None
    gain = fmean(night.pair(night.baseline, one, seed) for seed in range(1000, 3000))
    assert any(fact.gain == pytest.approx(one.gain) for fact in facts())
    assert gain == pytest.approx(one.gain, abs=0.1)


def test_every_rule_is_in_the_table_and_in_the_picture():
    """Two nights of each sort give a row for each rule, of which only ours state an interval."""
    found = play(2)
    assert set(RULES_PLAYED) == set(found)
    assert all(set(NIGHTS) == set(by) for by in found.values())
    rows = table(found).splitlines()[2:]
    assert len(RULES_PLAYED) == len(rows)
    assert len(RULES_PLAYED) - 4 == sum("none stated" in row for row in rows)
    drawn = picture(dict.fromkeys(found, (0.2, 0.5)))
    assert len(RULES_PLAYED) == drawn.count("<circle")


def test_luck_is_what_was_kept_and_is_no_better():
    """A tally counts keeps whose true effect is not above 0, and the fifths hold said against true."""
    keeps = (Keep(effect=1.0, probability=0.9), Keep(effect=0.0, probability=0.1))
    tally = Tally(nights=(Played(keeps=keeps, gain=1.0, stated=1.5, half_width=1.0),))
    assert (0.5, 1.0, 0.5, 1.0) == (tally.luck, tally.lucky, tally.bias, tally.covered)
    assert [(1, 0.1, 0.0), (1, 0.9, 1.0)] == fifths(keeps)
