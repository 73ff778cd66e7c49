"""What is believed of seeds and of changes, from the differences that a run saw."""

from random import Random

import pytest

from autoresearch.projections.belief import Belief, believed


NOISE = (0.28,) * 2 + (0.53, 1.1)  # of a pair, in standard deviations over seeds


def after(belief: Belief, effects: list[float], *, of_seeds: float = 1.0) -> Belief:
    """Return what is believed after changes with these effects, none of which was kept."""
    random = Random(7)  # noqa: S311 - a simulation
    for effect in effects:
        difference = of_seeds * (effect + random.gauss(0.0, random.choice(NOISE)))
        belief = belief.after(difference, kept=False)
    return belief


def test_what_is_far_better_is_surely_real_and_what_is_worse_is_not():
    """The probability grows with the difference, from nearly 0 to nearly 1, also far beyond what is usual."""
    belief = believed(0.004, 4)
    said = [belief.guess(0.004 * times).probability for times in (-3, 0, 0.5, 1, 2, 4, 1000)]
    assert sorted(said) == said
    assert said[1] < 0.2
    assert said[-2] > 0.7
    assert said[-1] > 0.99


def test_the_gain_to_be_expected_is_less_than_was_seen():
    """It is never below 0, and never more than the difference, unless that is below 0 itself."""
    belief = believed(1.0, 2)
    for tenths in range(-50, 200):
        seen = tenths / 10
        assert 0 <= belief.guess(seen).gain
        assert belief.guess(seen).gain <= max(seen, 0.25)


def test_the_spread_over_seeds_is_learned_from_changes_that_do_nothing():
    """A baseline that showed two thirds of what seeds differ by, or half as much again, is corrected."""
    effects = [0.0] * 40 + [-2.0, -1.0, -4.0] * 13 + [1.5] * 11
    for shown in (0.67, 1.5):
        learned = after(believed(shown, 4), effects)
        assert learned.of_seeds == pytest.approx(1.0, abs=0.25)


def test_where_nothing_helps_a_keep_is_hardly_believed():
    """The same difference is believed less after ninety changes that did nothing than before them."""
    first = believed(1.0, 4)
    assert after(first, [0.0] * 90).guess(1.0).probability < first.guess(1.0).probability / 2


def test_a_lucky_base_makes_the_next_one_look_worse():
    """What is kept by luck raises what is to be beaten: the same difference is worth more after it."""
    first = believed(1.0, None)
    kept, discarded = first.after(0.8, kept=True), first.after(0.8, kept=False)
    assert kept.luck > 0 == discarded.luck
    assert kept.guess(0.5).probability > discarded.guess(0.5).probability


def test_what_is_not_believed_any_more_is_dropped():
    """The state stays small: of 33 hypotheses few are left after a night."""
    assert len(believed(1.0, 4).hypotheses) == 33
    assert len(after(believed(1.0, 4), [0.0] * 90).hypotheses) <= 16


def test_without_pairs_a_difference_says_less():
    """Two trainings under their own luck differ by more than a pair: the same gain is believed less."""
    paired, unpaired = believed(1.0, 4), believed(1.0, 4, paired=False)
    assert unpaired.guess(1.5).probability < paired.guess(1.5).probability


def test_several_pairs_say_more_than_one():
    """The mean of four pairs is believed more than one pair that says the same."""
    belief = believed(1.0, 4)
    assert belief.guess(1.0, pairs=4).probability > belief.guess(1.0).probability
