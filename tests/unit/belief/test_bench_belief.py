"""Nights played without training: what they are made of, and what docs/belief.md says of one verdict."""

import math
from pathlib import Path
from random import Random
from statistics import fmean

import pytest

from autoresearch.engine.verdicts.pairs import squares_of, student
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from bench.bank.candidates import BY_NAME
from bench.bank.facts import facts, scores
from bench.belief.bank_nights import BankNight
from bench.belief.nights import NOTHING, TRAININGS, Night, Program
from bench.belief.picture import picture
from bench.belief.report import NIGHTS, Tally, fifths, play, table
from bench.belief.rules import RULES_PLAYED, Keep, Played


GOLDEN = Path(__file__).parents[2] / "golden" / "runs" / "step-by-step.jsonl"
PAGE = Path(__file__).parents[3] / "docs" / "belief.md"


def random(number: int = 1) -> Random:
    """Return chance that is the same each time."""
    return Random(number)  # noqa: S311 - a simulation


def test_the_page_says_of_one_verdict_what_was_recorded():
    """Each number of the steps is that of an event of a golden run, or computed from what that holds."""
    page = PAGE.read_text()
    events = [one.event for one in read(GOLDEN)]
    first, kept = (one for one in events if isinstance(one, ev.CandidateKept))
    (stated,) = (one for one in events if isinstance(one, ev.GainStated))
    trained = {
        (one.iteration, one.training): one.metric for one in events if isinstance(one, ev.TrainingFinished)
    }
    base = [trained[0, number] for number in range(1, 6)]
    assert ", ".join(f"{metric:.6f}" for metric in base[:4]) + f" and {base[4]:.6f}" in page

    of = kept.inputs
    assert f"differ by {first.inputs['of_seeds']:.5f}" in page
    assert f"expected to be {of['of_seeds']:.5f}" in page
    assert f"{of['best']:.6f} - {of['metric']:.6f} = {of['gain']:.6f}" in page
    assert f"s/2 = {of['min_delta']:.5f}" in page
    assert of["min_delta"] == pytest.approx(of["of_seeds"] / 2)
    assert f"**{of['probability']:.0%}**".replace("%", " %") in page
    assert f"expected gain of {of['shrunk']:.4f}" in page

    fresh = [trained[3, number] - trained[2, number] for number in (1, 2, 3)]
    assert "{:.6f}, {:.6f} and {:.6f}".format(*fresh) in page
    assert stated.gain == pytest.approx(fmean(fresh))
    assert f"mean is {stated.gain:.5f}" in page
    assert stated.inputs["squares"] == pytest.approx(squares_of(fresh))
    assert f"SS = {as_written(stated.inputs['squares'], 2)}" in page
    of_seeds = stated.inputs["squares_of_seeds"] / stated.inputs["freedom"]
    assert f"by {as_written(stated.inputs['squares_of_seeds'], 3)} in squares" in page
    assert f"with {stated.inputs['freedom']} degrees" in page
    assert f"s² = {as_written(of_seeds, 3)}" in page
    variance = (3 * 2 * of_seeds + stated.inputs["squares"]) / (3 + 2)
    assert f"= {as_written(variance, 3)}, and" in page
    error = math.sqrt(variance / 3)
    assert f"= {error:.5f}." in page
    assert f"is {student(5)}: ± {student(5) * error:.4f}" in page
    assert stated.half_width == pytest.approx(student(5) * error)
    assert f"**Stated: {stated.gain:.4f} ± {stated.half_width:.4f}.**" in page


def as_written(value: float, digits: int) -> str:
    """Return a number as the page writes small ones: 7.36e-7."""
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def test_the_golden_run_of_the_page_is_of_the_bank():
    """What its trainings measured is what the bank holds of baseline and change under its eight seeds."""
    found = scores()
    metrics = [one.event.metric for one in read(GOLDEN) if isinstance(one.event, ev.TrainingFinished)]
    base, ours = found["baseline"], found["bigrams-131072"]
    assert [*base[:5], ours[0], *ours[5:], *base[5:]] == metrics


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
