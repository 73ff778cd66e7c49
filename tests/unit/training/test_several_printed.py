"""Of several different numbers in one output: which counts, and where none does."""

import pytest

from autoresearch.engine.metrics.metric import Metric, MetricReader
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.values import Printed


ANYWHERE = r"val_bpb:\s*(\S+)"


def read(output: str, *, pattern: str = ANYWHERE, piece: int = 2**20, **more) -> Metric:
    """Read an output, in pieces."""
    reader = MetricReader(MetricSpec(pattern=pattern, **more))
    for start in range(0, len(output), piece):
        reader.feed(output[start : start + piece].encode())
    found = reader.finish()
    assert found is not None
    return found


def test_one_that_prints_it_at_each_evaluation_has_its_last():
    """Different numbers of one process are noted, and the last counts: so most scripts print them."""
    found = read("step 1 val_bpb: 1.5\nstep 2 val_bpb: 1.2\nstep 3 val_bpb: 1.25\n")
    assert ("1.25", False) == (found.text, found.ranks_disagree)
    assert Printed(count=3, least=1.2, most=1.5, ranks=0) == found.several


def test_the_same_number_twice_is_one():
    """A summary that repeats the last evaluation says nothing new."""
    assert read("val_bpb: 1.5\nval_bpb: 1.50\n").several is None


@pytest.mark.parametrize(("lower", "best"), [(True, "1.2"), (False, "1.5")])
def test_the_best_counts_where_the_settings_say_so(*, lower: bool, best: str):
    """With `several = "best"` it is the lowest, or the highest, and a nan is none."""
    output = "val_bpb: 1.5\nval_bpb: 1.2\nval_bpb: 1.3\nval_bpb: nan\n"
    assert best == read(output, several="best", lower_is_better=lower).text
    assert "1.5" == read("val_bpb: nan\nval_bpb: 1.5\n", several="best").text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("[rank0]: val_bpb: {}", "[rank1]: val_bpb: {}"),
        ("[default0]:val_bpb: {}", "[default3]:val_bpb: {}"),
        ("[1,0]<stdout>:val_bpb: {}", "[1,1]<stdout>:val_bpb: {}"),
        ("Rank 0 val_bpb: {}", "Rank 1 val_bpb: {}"),
        ("val_bpb: {} (rank=0)", "val_bpb: {} (rank=1)"),
    ],
)
@pytest.mark.parametrize("piece", [7, 2**20])
def test_ranks_whose_last_ones_differ_disagree(first: str, second: str, piece: int):
    """Lines that name their rank, each in its launcher's way: their last numbers have to be one."""
    lines = [first.format("1.5"), second.format("1.6"), first.format("1.2"), second.format("1.3"), ""]
    found = read("\n".join(lines), piece=piece)
    assert (True, 2) == (found.ranks_disagree, found.several.ranks)
    lines[3] = second.format("1.20")
    assert not read("\n".join(lines), piece=piece).ranks_disagree


@pytest.mark.parametrize(
    "output",
    [
        "[rank0]: val_bpb: 1.5\n[rank1]: val_bpb: 1.6\nval_bpb: 1.55\n",  # their mean, by whoever gathers
        "[1] val_bpb: 1.5\n[2] val_bpb: 1.4\n",  # epochs
        "1: val_bpb: 1.5\n2: val_bpb: 1.4\n",
        "rank0 is up\nval_bpb: 1.5\nrank1 is up\nval_bpb: 1.4\n",
        "[rank0]: val_bpb: 1.5\n[rank0]: val_bpb: 1.4\n",
    ],
)
def test_what_is_no_rank_disagrees_with_nobody(output: str):
    """Steps, a line without a rank at the end, and one rank alone are as honest as they look."""
    assert not read(output).ranks_disagree


def test_a_pattern_that_names_a_rank_says_whose_counts():
    """Where only the lines of one rank match, only they are looked at."""
    output = "[rank0]: val_bpb: 1.5\n[rank1]: val_bpb: 1.6\n"
    found = read(output, pattern=r"^\[rank0\]: val_bpb:\s*(\S+)")
    assert ("1.5", None, False) == (found.text, found.several, found.ranks_disagree)


def test_any_number_of_them_is_told_in_flat_memory():
    """However many there are, a thousand are told apart, and the ends are the true ones."""
    found = read("".join(f"val_bpb: {n}\n" for n in range(20_000)))
    assert Printed(count=1000, least=0.0, most=19_999.0, ranks=0) == found.several
