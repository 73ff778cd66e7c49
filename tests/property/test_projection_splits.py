import orjson
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.engine.imports.results_tsv import read_table
from autoresearch.engine.runs.load import nothing
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Position
from autoresearch.events.encoding.shapes import structure, unstructure
from autoresearch.events.values import why
from autoresearch.projections.fold import Rows, fold
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.results import COLUMNS, results_tsv
from autoresearch.projections.run_state import RunState
from autoresearch.projections.snapshot import read_kept, state_json
from autoresearch.projections.state_format import sealed
from autoresearch.projections.timeline import TIMELINE
from tests.given import (
    BASELINE,
    agent_answered,
    agent_asked,
    applied,
    asked,
    candidate,
    chosen,
    committed,
    discarded,
    kept,
    opened,
    received,
    recorded,
    row,
    runner_started,
    set_up,
    started,
    trained,
    training,
)


EVENTS = [
    started(),
    asked(3),
    asked(1, loop_stages=("propose",)),
    runner_started(),
    *BASELINE,
    *candidate(1),
    *candidate(2, "d" * 40),
    received(),
    received(source="file"),
    chosen(2, source="drop", received=5),
    agent_asked(1, "propose"),
    agent_answered(1, "propose", "failed"),
    agent_answered(1, "apply"),
    opened(3),
    applied(3, 2),
    committed(3),
    training(1),
    training(2, 2),
    trained(1, 1.25),
    trained(2, None, outcome="crashed"),
    row(1, 1.25),
    row(2, None, outcome="crashed"),
    kept(1, "c" * 40),
    discarded(2),
    set_up(ok=False, preparable=True),
    ev.QuestionAsked(iteration=1, agent="opencode", question="which?", until="2026-03-08T22:00:00.000Z"),
    ev.QuestionTimedOut(question=30, until="2026-03-08T22:00:00.000Z", now="2026-03-08T22:00:00.000Z"),
    ev.QuestionAnswered(question=30, answer="that"),
    ev.RunResumed(),
    ev.RunPaused(reason=why("human", "lunch")),
    ev.RunUnpaused(),
    ev.StopRequested(now=True),
    ev.RunStopped(how="done", reason=why("done_without_best", completed=0)),
    ev.NoteAdded(text="hello"),
    ev.InputNeeded(iteration=1, question=why("agent_asks", "which?")),
    ev.IterationLeftOpen(iteration=1, next_stage="apply"),
    ev.ChangeFailed(iteration=3, change=1, reason=why("edit_of_nothing", file="no")),
    ev.JobLost(iteration=1, step="train", number=1, reason=why("machine_restarted")),
    ev.CrashTriaged(iteration=2, change=1, action="fix_and_rerun", reason=why("agent_decided", "typo")),
    ev.PrepareStarted(preparation=1, command=("python",)),
    *read_table(
        "t.tsv", f"{chr(9).join(COLUMNS)}\na\t1.3\t2\tkeep\tb\nc\t1.2\t2\tkeep\td\n".encode()
    ).results,
]
HISTORIES = st.lists(st.sampled_from(EVENTS), max_size=40).map(lambda events: recorded(started(), *events))


@settings(max_examples=300, deadline=None)
@given(history=HISTORIES, cut=st.integers(0, 41))
def test_a_fold_may_be_split_anywhere(history, cut):
    """Folding a history in two parts gives the state of folding it in one, for any events in any order."""
    for projection in (RUN, TIMELINE):
        whole = fold(projection, history)
        first = fold(projection, history[:cut])
        assert whole == fold(projection, history[cut:], since=first)
        assert first == fold(projection, history[:cut]), "a later fold changed an earlier state"


@settings(max_examples=200, deadline=None)
@given(history=HISTORIES)
def test_a_state_survives_its_snapshot(history):
    """A run's state read back from its JSON is the same state."""
    state = fold(RUN, history)
    assert state == structure(RunState, orjson.loads(orjson.dumps(unstructure(state))))


@settings(max_examples=100, deadline=None)
@given(history=HISTORIES)
def test_the_table_is_always_five_columns(history):
    """Whatever happened, each line of results.tsv has five fields."""
    for line in results_tsv(fold(TIMELINE, history)).splitlines():
        assert 5 == len(line.split("\t"))


@given(st.lists(st.integers()), st.lists(st.integers()))
def test_rows_grow_without_touching_their_past(first, more):
    """Adding to rows leaves the rows that were there as they were, also when two grow from one."""
    rows = Rows(first)
    left = right = rows
    for value in more:
        left = left.plus(value)
        right = right.plus(-value)
    assert first == list(rows)
    assert first + more == list(left)
    assert first + [-value for value in more] == list(right)


def test_a_damaged_snapshot_is_not_used():
    """A state.json that is cut, of another form or no JSON counts as absent, and so does another fold."""
    good = state_json(nothing().each(), Position.start(), views={})
    assert nothing().run == read_kept(good).state_of(RUN)
    for bad in (good[: len(good) // 2], good.replace(b"state/", b"state/9"), b"[]", b"{}", b"", b"\xff"):
        assert read_kept(bad) is None
    assert read_kept(good).state_of(TIMELINE) is None
    assert read_kept(good).state_of(evolve(RUN, version=0)) is None
    document = orjson.loads(good)
    del document["seal"], document["states"]["run"]["counts"]
    document["states"]["run"]["other"] = {}
    unlike = sealed(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    assert read_kept(unlike).state_of(RUN) is None
