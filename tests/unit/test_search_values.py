"""The seeded search: which constants, which values, and that they never come twice."""

import pytest

from autoresearch.engine.proposals import changes, search
from autoresearch.events.values import Proposal


ANNOTATED = """
MATRIX_LR = 0.03  # for matrices; search: 0.01..0.1
DEPTH = 2  # layers; search: 1..4
WINDOW = "L"  # search: "L" | "SL" | "SSSL"
DECAY = 0.1  # search: -1..1
OTHER = 7
"""
PLAIN = """
DEPTH = 4
LR = 0.02
COMPILE = True
SEED = 42
ZERO = 0
lower = 3
NAME = "x"
TWICE = 1
TWICE = 2
"""


def run(source: str, *, seed: int = 0, most: int = 1000) -> list[Proposal]:
    """Return everything the search proposes for one source, until it has no more."""
    found: list[Proposal] = []
    for iteration in range(1, most + 1):
        proposal = search.propose(
            source, tried=search.tried_from(one.set for one in found), seed=seed, iteration=iteration
        )
        if proposal is None:
            break
        found.append(proposal)
    return found


def values(found: list[Proposal], name: str) -> list[object]:
    """Return what one constant was set to, in order."""
    return [one.set[name] for one in found if name in one.set]


def test_only_annotated_constants_are_tried_where_there_are_any() -> None:
    """A comment that says what to search keeps the search to it, and to its bounds."""
    found = run(ANNOTATED)
    assert {name for one in found for name in one.set} == {"MATRIX_LR", "DEPTH", "WINDOW", "DECAY"}
    assert sorted(values(found, "DEPTH"), key=str) == [1, 3, 4]
    assert sorted(values(found, "WINDOW"), key=str) == ["SL", "SSSL"]
    rates = values(found, "MATRIX_LR")
    assert all(isinstance(one, float) and 0.01 <= one <= 0.1 for one in rates)
    assert {0.01, 0.1, 0.042} <= set(rates)
    assert 0.03 not in rates
    assert all(isinstance(one, float) and -1 <= one <= 1 for one in values(found, "DECAY"))


def test_without_annotations_numbers_in_capitals_are_tried() -> None:
    """Numbers are scaled and flags turned; seeds, zeros, names in small letters and texts are left alone."""
    found = run(PLAIN)
    assert sorted(values(found, "DEPTH"), key=str) == [2, 3, 6, 8]
    assert sorted(values(found, "LR"), key=str) == [0.01, 0.014, 0.028, 0.04]
    assert values(found, "COMPILE") == [False]
    assert len(found) == 9


PROFILES = """
PROFILE = "full"
if PROFILE == "small":
    DEPTH = 2  # search: 1..4
    SHORT = 1  # search: 1..4
else:
    DEPTH = 9  # search: 9..12
"""


def test_only_the_profile_in_use_is_searched() -> None:
    """Nothing is proposed for constants that the profile in use does not read."""
    assert [10, 11, 12] == sorted(values(run(PROFILES), "DEPTH"))
    small = run(PROFILES.replace('"full"', '"small"'))
    assert [1, 3, 4] == sorted(values(small, "DEPTH"))
    assert [2, 3, 4] == sorted(values(small, "SHORT"))


def test_nothing_comes_twice() -> None:
    """Every proposal is new, until none is left."""
    found = [repr(one.set) for one in run(ANNOTATED)]
    assert len(found) == len(set(found)) > 100


def test_the_constants_take_turns() -> None:
    """As many iterations as there are constants try each of them once, in an order of the seed."""
    orders = {tuple(next(iter(one.set)) for one in run(ANNOTATED, seed=seed, most=4)) for seed in range(20)}
    assert all(sorted(order) == ["DECAY", "DEPTH", "MATRIX_LR", "WINDOW"] for order in orders)
    assert len(orders) > 3


def test_one_history_one_proposal() -> None:
    """The same arguments give the same proposal, and this one for ever."""
    assert run(ANNOTATED, seed=7) == run(ANNOTATED, seed=7)
    assert run(ANNOTATED, seed=7) != run(ANNOTATED, seed=8)
    first = search.propose("LR = 0.03  # search: 0.01..0.1\n", tried=frozenset(), seed=1, iteration=1)
    assert first is not None
    assert first.description == "LR 0.03 -> 0.063"


def test_a_proposal_says_what_it_does_and_applies() -> None:
    """The words of a proposal name the constant and both values, and its `set` fits the source."""
    found = search.propose("LR = 3e-2  # search: 0.5 | 0.25\n", tried=frozenset(), seed=0, iteration=1)
    assert found is not None
    value = found.set["LR"]
    assert found.description == found.commit_description == f"LR 3e-2 -> {value}"
    files = {"train.py": b"LR = 3e-2  # search: 0.5 | 0.25\n"}
    done = changes.apply(found, files, ("train.py",))
    assert done == {"train.py": f"LR = {value}  # search: 0.5 | 0.25\n".encode()}


def test_what_the_run_began_with_counts_as_tried() -> None:
    """The values of the first source are not proposed again after they were left."""
    now, first = "A = 4  # search: 3..5\n", "A = 3  # search: 3..5\n"
    tried = search.tried_from([], source=first)
    found = search.propose(now, tried=tried, seed=0, iteration=1)
    assert found is not None
    assert found.set == {"A": 5}


@pytest.mark.parametrize(
    "source",
    [
        "",
        "not python (",
        "A = 'x'  # search: 1..2\n",
        "A = 1  # search: 1e999..2\n",
        "A = 1  # search: 2.5..2.6\n",
        "A = 5  # search: 5\n",
        "A = 5  # search: 'x' | [1]\n",
        "A = 5  # search: \n",
        "a = 5  # see the research: 1..9\n",
    ],
)
def test_nothing_to_try_is_none(source: str) -> None:
    """A source with nothing to tune, or bounds that hold nothing new, gives no proposal."""
    assert run(source, most=3) == []


def test_wide_bounds_stay_within_them() -> None:
    """Bounds over many decades and big integers give values of two digits inside them."""
    rates = values(run("A = 1e-3  # search: 1e-8..1\n"), "A")
    assert 500 < len(rates) <= 721
    assert all(1e-8 <= float(str(one)) <= 1 for one in rates)
    sizes = values(run("A = 4096  # search: 1_000..1_000_000\n"), "A")
    assert all(isinstance(one, int) and 1000 <= one <= 1_000_000 for one in sizes)
