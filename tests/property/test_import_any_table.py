"""Any table of five columns, and any bytes at all."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.engine.imports.results_tsv import read_table
from autoresearch.engine.imports.single_file_runner import read_folder
from autoresearch.events.errors import InvalidInput
from autoresearch.projections.fold import fold
from autoresearch.projections.results import COLUMNS, results_tsv
from autoresearch.projections.timeline import TIMELINE
from tests.given import recorded, started


HEAD = "\t".join(COLUMNS)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40)
NUMBERS = st.one_of(
    st.floats(1e-9, 1e9).map(lambda value: f"{value:.6f}"),
    st.floats(1e-3, 1e9).map(repr),
    st.integers(1, 10**9).map(str),
)
KEPT = st.tuples(
    st.text("0123456789abcdef", min_size=1, max_size=40),
    NUMBERS.filter(lambda text: float(text) > 0),
    NUMBERS,
    st.sampled_from(["keep", "discard", "crash"]),
    WORDS,
).map("\t".join)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(KEPT, min_size=1, max_size=8), end=st.sampled_from(["\n", "\r\n"]))
def test_a_table_is_given_back(rows, end):
    """Any rows of finite numbers and printable text are exported as they came."""
    source = read_table("t.tsv", end.join([HEAD, *rows]).encode())
    timeline = fold(TIMELINE, recorded(started(), source.head, *source.results))
    assert "\n".join([HEAD, *rows]) + "\n" == results_tsv(timeline)


@settings(max_examples=300, deadline=None)
@given(rest=st.binary(max_size=300), headed=st.booleans())
def test_any_bytes_are_read_or_refused(rest, headed):
    """No file brings anything but its rows or a refusal."""
    data = f"{HEAD}\n".encode() + rest if headed else rest
    try:
        source = read_table("t.tsv", data)
    except InvalidInput:
        return
    assert source.head.rows == len(source.results) > 0


AT = "2026-11-23T21:15:50Z"
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
FIELDS = ("ts", "type", "stage", "iteration", "train", "details", "proposal", "triage", "decision", "commit")
TRAINED = {"status": "success", "val_bpb": 0.9, "memory_gb": 2.0}
LINES = (
    {"type": "run", "ts": AT},
    {"type": "stage", "stage": "baseline", "details": TRAINED, "ts": AT},
    {"type": "loop", "stage": "train", "iteration": 1, "train": TRAINED, "ts": AT},
    {"type": "loop", "stage": "decide", "iteration": 1, "decision": "discard", "ts": AT},
)
SPOILT = st.tuples(
    st.sampled_from(LINES),
    st.dictionaries(
        st.sampled_from(FIELDS), JSON | st.just({"status": "success", "val_bpb": -1}), max_size=1
    ),
).map(lambda one: json.dumps(one[0] | one[1]).encode())


@settings(max_examples=400, deadline=None)
@given(history=st.lists(SPOILT | st.binary(max_size=20), max_size=6))
def test_any_folder_is_read_or_refused(history):
    """No history of another program brings anything but its results or a refusal."""
    try:
        source = read_folder("folder", b"\n".join(history), b'{"best_val_bpb": 0.9}')
    except InvalidInput as refused:
        assert str(refused).isprintable()  # noqa: PT017 - it is allowed, but must be fit to be shown
        return
    assert source.head.rows == len(source.results) > 0
