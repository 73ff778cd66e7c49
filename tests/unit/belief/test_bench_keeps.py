"""Keeps of simulated nights, looked at once more: what `python -m bench keeps` counts."""

from bench.belief.nights import NOTHING, TYPICAL
from bench.belief.sureness import morning_of, table


def test_more_seeds_confirm_more_of_what_is_real():
    """The same nights: on five seeds most of the real keeps are confirmed, on one hardly any."""
    shares = []
    for seeds in (1, 5):
        mornings = [morning_of(TYPICAL, seeds, number) for number in range(8)]
        real = [one.confirmed for morning in mornings for one in morning.chain if one.effect > 0]
        shares.append(sum(real) / len(real))
    assert shares[0] < 0.5
    assert shares[1] > 0.85


def test_luck_is_taken_out():
    """Where nothing helps, most keeps go, and what is left is luck; the true gain was and is nothing."""
    mornings = [morning_of(NOTHING, 3, number) for number in range(8)]
    kept = sum(len(one.chain) for one in mornings)
    assert sum(len(one.left) for one in mornings) < kept / 2
    assert {(0.0, 0.0)} == {(one.gain, one.gain_after) for one in mornings}
    assert not any(real for one in mornings for real in one.left)


def test_the_table_has_a_row_for_each_sort_and_number_of_seeds():
    """Two sorts of nights, and four numbers of seeds."""
    lines = table(2).splitlines()
    assert 2 + 8 == len(lines)
    assert {"| typical | 3", "| dry | 3"} <= {line.rsplit(" |", 6)[0] for line in lines}
