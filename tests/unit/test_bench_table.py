"""The table of measurements."""

from bench.table import BEGIN, END, Figure, ratio, text, with_table


def test_a_missed_target_is_named():
    """A figure on the wrong side of its target falls short, and the last line names it."""
    slow = Figure(what="append", measured=0.5, target=0.75)
    large = Figure(what="memory", measured=200, unit="MB", target=150, better="less")
    fine = Figure(what="fold", measured=0.5, target=0.4)
    assert [True, True, False] == [one.falls_short for one in (slow, large, fine)]
    assert "falls short in 2: append; memory" == text([slow, large, fine]).splitlines()[-1]


def test_a_ratio_is_of_pairs():
    """A ratio is the median of pairs, so that a slow minute of the machine slows both halves."""
    assert 2.0 == ratio([2.0, 40.0, 4.0], [1.0, 20.0, 2.0])


def test_a_page_keeps_its_words_around_the_table():
    """Only what stands between the marks of a page is replaced."""
    assert f"a\n{BEGIN}\nnew\n{END}\nb\n" == with_table(f"a\n{BEGIN}\nold\n{END}\nb\n", "new\n")
