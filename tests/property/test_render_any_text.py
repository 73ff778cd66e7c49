from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.events import catalog as ev
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.values import Reason, Scalar
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.event_text import LINE_CHARACTERS, describe
from autoresearch.projections.words.times import one_line
from autoresearch.projections.words.wording import REASONS, VERDICTS, say, say_verdict
from autoresearch.workflows.api.experiments import experiments_csv
from autoresearch.workflows.pages.tables import experiments_table, table


TEXT = st.text(max_size=400)
NAMES = ["said", "metric", "best", "gain", "min_delta", "seconds", "commit", "outcome", "exit_code", "self"]
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=9)
INPUTS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), SCALARS, max_size=8)


@given(TEXT, st.integers(min_value=2, max_value=300))
def test_any_text_becomes_one_printable_line(text: str, limit: int):
    """Whatever a text holds, its line is printable, bounded, and stays the same when done twice."""
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.isprintable()
    assert line == one_line(line, limit)


@given(TEXT)
def test_any_note_is_one_line_of_the_log(text: str):
    """runner.log has one line per event, whatever the event says."""
    said = describe(ev.NoteAdded(text=text))
    assert len(said) <= LINE_CHARACTERS
    assert 1 == len(f"{said}\n".splitlines())


@given(st.sampled_from(sorted(REASONS)) | TEXT, INPUTS, TEXT)
def test_any_reason_has_a_sentence(code: str, inputs: dict[str, Scalar], said: str):
    """A reason is worded whatever it holds, also one that this program would not have written."""
    assert isinstance(say(Reason(code=code, inputs=inputs, said=said)), str)


@given(st.sampled_from(sorted(VERDICTS)) | TEXT, INPUTS)
def test_any_verdict_has_a_sentence(rule: str, inputs: dict[str, Scalar]):
    """A verdict is worded by any rule, from any inputs."""
    assert isinstance(say_verdict(rule, inputs), str)


@settings(max_examples=50)
@given(st.lists(TEXT, max_size=5))
def test_any_description_is_one_row_of_the_tables(descriptions: list[str]):
    """Tables have a line for their head and one for each row, whatever was described."""
    rows = [
        Row(iteration=n, started_at="", base_commit="b", description=text)
        for n, text in enumerate(descriptions)
    ]
    assert 1 + len(rows) == len(experiments_table(rows, metric="val_bpb", best=None).splitlines())
    assert experiments_csv(rows, MetricSpec()).startswith("iteration,status,")


@given(st.lists(st.lists(st.text(alphabet="abc", max_size=6), min_size=2, max_size=2), max_size=4))
def test_columns_begin_at_the_same_place(rows: list[list[str]]):
    """Every cell of a column begins below its head."""
    lines = table(("first", "second"), rows).splitlines()
    begin = lines[0].index("second")
    assert [row[1] for row in rows] == [line[begin:] for line in lines[1:]]
