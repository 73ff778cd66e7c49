"""The metric in a training's output."""

import math

import pytest

from autoresearch.engine.metrics.metric import MetricReader, parse, refine
from autoresearch.events.metric_spec import MetricSpec


def last(output: bytes, *, pattern: str = MetricSpec().pattern, piece: int = 2**20) -> str | None:
    reader = MetricReader(MetricSpec(pattern=pattern))
    for start in range(0, len(output), piece):
        reader.feed(output[start : start + piece])
    found = reader.finish()
    return found.text if found else None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.997900", 0.9979),
        ("1e-3", 0.001),
        ("1E-3", 0.001),
        (".5", 0.5),
        ("5.", 5.0),
        ("+1.0", 1.0),
        ("-2", -2.0),
        ("  0.5\t", 0.5),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        ("1e999", math.inf),
        ("1_000", None),
        ("٣", None),
        ("0x10", None),
        ("1,5", None),
        ("1e", None),
        ("--1", None),
        ("", None),
        ("n/a", None),
    ],
)
def test_numbers_in_any_float_notation(text: str, value: float | None) -> None:
    """Every float notation is read, and what only Python takes for a number is none."""
    assert value == parse(text).value


def test_nan_is_a_number_that_was_printed() -> None:
    """A printed nan is seen as nan, not as a missing metric."""
    found = parse("NaN").value
    assert found is not None
    assert math.isnan(found)


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64, 2**20])
def test_last_line_counts_however_it_is_cut(piece: int) -> None:
    """The last metric line counts, wherever the reading of the file cuts it."""
    output = b"val_bpb: 1.5\nstep 3\nval_bpb: 0.75\nval_bpb:0.5\nbye\n"
    assert last(output, piece=piece) == "0.5"


def test_only_the_beginning_of_a_line_counts() -> None:
    """A metric named in the middle of a line is talk."""
    assert last(b"val_bpb: 1.5\nthe last val_bpb: 0.1\n") == "1.5"


def test_carriage_return_ends_a_line() -> None:
    """A metric after a progress bar that rewrites its line is found."""
    assert last(b"10%\r100%\rval_bpb: 0.9\r\n") == "0.9"


def test_a_last_line_without_a_newline_counts() -> None:
    """A script that ends without a newline has printed its metric all the same."""
    assert last(b"x\nval_bpb: 0.25") == "0.25"


@pytest.mark.parametrize("piece", [1000, 65536, 65537, 2**20])
def test_endless_line_hides_no_later_line(piece: int) -> None:
    """A line of a megabyte has one beginning, and the lines behind it are read."""
    noise = b"val_bpb: 3 " + b"x val_bpb: 9" * 90_000
    assert last(noise, piece=piece) == "3"
    assert last(noise + b"\nval_bpb: 0.5\n", piece=piece) == "0.5"


def test_endless_line_is_searched_where_the_pattern_has_no_anchor() -> None:
    """A pattern of the user's own is found deep in an endless line, also across pieces."""
    output = b"." * 200_000 + b" score=0.125; " + b"." * 200_000
    assert last(output, pattern=r"score=([\d.]+);", piece=4096) == "0.125"


def test_bytes_that_are_no_text_are_passed_over() -> None:
    """Output in no encoding at all hides nothing around it."""
    assert last(b"\xff\xfe\x00\x80\nval_bpb: 0.5\n\xc3") == "0.5"


def test_memory_is_flat_for_an_endless_line() -> None:
    """What the reader holds does not grow with the line."""
    reader = MetricReader(MetricSpec())
    for _ in range(64):
        reader.feed(b"z" * 2**17)
    assert len(reader._rest) <= 2**16


def test_a_pattern_without_a_group_gives_the_whole_match() -> None:
    """A pattern without a group is itself the number."""
    assert last(b"loss\n0.75\n", pattern=r"^\d\.\d+$") == "0.75"


@pytest.mark.parametrize(
    ("printed", "exact", "value"),
    [
        ("0.997900", 0.99790012345, 0.99790012345),
        ("0.997900", 0.9978996, 0.9978996),
        ("0.5", 0.45, 0.45),
        ("1e-3", 0.0012, 0.0012),
        ("2", 2, 2.0),
        ("0.997900", None, 0.9979),
    ],
)
def test_result_json_adds_digits(printed: str, exact: object, value: float) -> None:
    """A result.json that agrees at the printed precision gives the value in full."""
    assert (value, None) == refine(parse(printed), exact, "val_bpb")


@pytest.mark.parametrize("exact", [0.9, math.nan, math.inf, "0.9979", True, [], 10**400])
def test_log_counts_where_result_json_disagrees(exact: object) -> None:
    """Where result.json says something else, the log counts, and the note says so."""
    value, note = refine(parse("0.997900"), exact, "val_bpb")
    assert value == 0.9979
    assert note is not None
    assert "log_counts" == note.code
