"""The upstream table, read line by line: what is taken as it stands, and what is refused with its line."""

import pytest

from autoresearch.engine.imports.results_tsv import Source, read_table
from autoresearch.events.errors import InvalidInput
from autoresearch.projections.fold import fold
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.results import results_tsv
from autoresearch.projections.timeline import TIMELINE
from tests.given import recorded, started


HEAD = "commit\tval_bpb\tmemory_gb\tstatus\tdescription\n"
ROW = "bea057b\t0.986041\t43.9\tkeep\thalve the batch\n"


def table(*rows: str) -> Source:
    """Read a table of these rows."""
    return read_table("t.tsv", (HEAD + "".join(rows)).encode())


def exported(source: Source) -> str:
    """Return the table of a run with these results, without its head."""
    timeline = fold(TIMELINE, recorded(started(), source.head, *source.results))
    return results_tsv(timeline).removeprefix(HEAD)


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        "baseline\t0.997900\t44.0\tkeep\tbaseline\n",
        "e05a87d\t0.000000\t0.0\tcrash\tbatch 131K (assert fail)\n",
        "e05a87d\t1.250000\t44.5\tcrash\tout of memory at the end\n",
        "bea057b\t0.99\t44\tkeep\ttwo decimals\n",
        "bea057b\t9.9e-1\t44.0625\tdiscard\tother notations\n",
        "bea057b\t0.000000\t0.0\tdiscard\tnever measured\n",
        "none\t0.000000\t0.0\tcrash\tnever committed\n",
        f"{'a' * 40}\t0.986041\t43.9\tkeep\ta long hash\n",
        "bea057b\t0.986041\t43.9\tkeep\t \n",
        'bea057b\t0.986041\t43.9\tkeep\t"quoted"  \u2013 dashes — ünïcode 🦥 \n',
        "bea057b\t0.986041\t43.9\tkeep\t\n",
    ],
)
def test_a_row_comes_back_as_it_stood(row):
    """Whatever the notation, exporting gives back the row byte for byte."""
    assert row == exported(table(row))
    assert ROW + row == exported(table(ROW, row))


def test_a_plain_row_is_stored_once():
    """The text of a row is kept beside its values only where they do not give it back."""
    plain, other = table(ROW, "bea057b\t0.99\t44.0\tkeep\ta\n").results
    assert ("", "bea057b\t0.99\t44.0\tkeep\ta") == (plain.as_given, other.as_given)


@pytest.mark.parametrize(
    "data",
    [
        (HEAD + ROW + ROW).replace("\n", "\r\n"),
        HEAD + ROW + ROW.rstrip(),
        f"\ufeff{HEAD}{ROW}{ROW}",
        HEAD + ROW + "\n" + ROW + "\n\n",
    ],
)
def test_what_editors_do_to_a_table_does_no_harm(data):
    """Line ends of Windows, a missing last one, a byte-order mark and blank lines change no row."""
    assert ROW + ROW == exported(read_table("t.tsv", data.encode()))


def test_the_first_row_is_the_baseline():
    """Iteration 0 is the first row, unless it was discarded; then the baseline is not known."""
    assert [0, 1] == [one.iteration for one in table(ROW, ROW).results]
    assert [0] == [one.iteration for one in table("a\t0.0\t0.0\tcrash\tBaseline, depth 12\n").results]
    assert [1] == [one.iteration for one in table(ROW.replace("keep", "discard")).results]


def test_nothing_is_made_up():
    """What a table does not say is None or empty in the event, and a 0 is no result."""
    (one,) = table("a\t0.000000\t0.0\tcrash\tbaseline\n").results
    assert (None, None, None, None, None) == (
        one.metric,
        one.memory_gb,
        one.training_s,
        one.started_at,
        one.proposal,
    )


def test_the_best_of_an_imported_run_is_the_best_kept_row():
    """A later row kept for its simpler code does not hide a better one, and a discarded one never counts."""
    source = table(
        "a\t1.0\t1.0\tkeep\tbaseline\n",
        "b\t0.9\t1.0\tkeep\tbetter\n",
        "c\t0.8\t1.0\tdiscard\ttoo slow\n",
        "d\t0.95\t1.0\tkeep\tsimpler\n",
        "e\t0.0\t0.0\tcrash\tno\n",
    )
    run = fold(RUN, recorded(started(), source.head, *source.results))
    assert run.best is not None
    assert (1, "b", 0.9, 1.0, 4) == (
        run.best.iteration,
        run.best.commit,
        run.best.metric,
        run.baseline,
        run.completed,
    )
    assert (2, 1, 1) == (run.counts.kept, run.counts.discarded, run.counts.crashed)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROW.replace("\n", "\textra\n"), "6 fields; expected 5"),
        ("bea057b\t0.9\t1.0\tkeep\ta\ttab in it\n", "6 fields"),
        ("bea057b\t0.9\tkeep\tno memory\n", "4 fields"),
        ("bea057b 0.9 1.0 keep spaces\n", "1 fields"),
        ("bea057b\tfast\t1.0\tkeep\ta\n", "val_bpb 'fast'; expected a finite number"),
        ("bea057b\tnan\t1.0\tkeep\ta\n", "val_bpb 'nan'"),
        ("bea057b\tinf\t1.0\tkeep\ta\n", "val_bpb 'inf'"),
        ("bea057b\t1e400\t1.0\tkeep\ta\n", "val_bpb '1e400'"),
        ("bea057b\t-0.9\t1.0\tkeep\ta\n", "val_bpb '-0.9'"),
        ("bea057b\t1_0\t1.0\tkeep\ta\n", "val_bpb '1_0'"),
        ("bea057b\t１\t1.0\tkeep\ta\n", "val_bpb"),  # noqa: RUF001 - a digit, but no ASCII
        ("bea057b\t\t1.0\tkeep\ta\n", "val_bpb ''"),
        ("bea057b\t0.9\t44 GB\tkeep\ta\n", "memory_gb '44 GB'"),
        ("bea057b\t0.9\t-1\tkeep\ta\n", "memory_gb '-1'"),
        ("bea057b\t0.9\t1.0\tpending\ta\n", "status 'pending'; expected keep or discard or crash"),
        ("bea057b\t0.9\t1.0\tKEEP\ta\n", "status 'KEEP'"),
        ("bea057b\t0.000000\t1.0\tkeep\ta\n", "a kept row with val_bpb '0.000000'"),
        ("\t0.9\t1.0\tkeep\ta\n", "the commit ''"),
        ("two words\t0.9\t1.0\tkeep\ta\n", "the commit 'two words'"),
        ("bea057b\t0.9\t1.0\tkeep\ta\x00b\n", "control character"),
        ("bea057b\t0.9\t1.0\tkeep\ta\rb\n", "control character"),
        ("bea057b\t0.9\t1.0\tkeep\ta\u2028b\n", "control character"),
        ("bea057b\t0.9\t1.0\tkeep\t" + "x" * 40_000 + "\n", "characters; expected at most"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_with_its_line(row, said):
    """The message names file and line, what was found and what was expected, on one printable line."""
    with pytest.raises(InvalidInput) as refused:
        table(ROW, row)
    words = str(refused.value)
    assert words.startswith("t.tsv:3 has ")
    assert said in words
    assert words.isprintable()
    assert len(words) < 400
    assert 5 == refused.value.exit_code


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "t.tsv:1 has the columns nothing; expected commit, val_bpb, memory_gb, status, description"),
        (b"\n\n", "t.tsv:1 has the columns nothing"),
        (HEAD.encode(), "no row follows"),
        (HEAD.replace("commit", "Commit").encode(), "t.tsv:1 has the columns 'Commit, val_bpb"),
        (ROW.encode(), "t.tsv:1 has the columns 'bea057b"),
        (HEAD.encode() + b"a\xff\xfe\n", "t.tsv:2 is not UTF-8"),
        (b"\x00" * 5000, "t.tsv:1 has the columns"),
        (b'{"seq":1,"type":"RunStarted"}\n', "t.tsv:1 has the columns"),
    ],
)
def test_a_file_that_is_no_table_is_refused(data, said):
    """Other columns, no rows and other bytes are told apart, with the columns that were expected."""
    with pytest.raises(InvalidInput) as refused:
        read_table("t.tsv", data)
    assert said in str(refused.value)


def test_secrets_stay_out():
    """A token in a description does not reach the history, nor the row kept beside it."""
    secret = "hf_" + "a1" * 15
    (one,) = table(f"bea057b\t0.99\t1.0\tkeep\twith {secret}\n").results
    assert "with [redacted]" == one.description
    assert secret not in one.as_given
