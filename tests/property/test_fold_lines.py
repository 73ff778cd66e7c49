"""The one definition of each reducer, over whole events and over the lines of a history."""

import re
from typing import get_args

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.events import catalog as ev
from autoresearch.events.catalog import Event
from autoresearch.events.encoding.codec import NO_HASH, Position, chain, envelope, parse, payload
from autoresearch.events.encoding.shapes import unstructure
from autoresearch.events.encoding.upcasters import UPCASTERS
from autoresearch.events.errors import UnknownEvent
from autoresearch.events.log.lazy_event import LONG, without_curve
from autoresearch.events.log.verify import block_of
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import ProgressDigest, why
from autoresearch.projections.fold import fold, fold_lines
from autoresearch.projections.reducers.run import REDUCERS, RUN
from autoresearch.projections.timeline import TIMELINE
from tests.given import BASELINE, asked, candidate, recorded, started, trained, training
from tests.property.test_projection_splits import HISTORIES


UNTOUCHED = {ev.NoteAdded, ev.ProposalRefused, ev.RunCleaned, ev.TailHealed, ev.HistoryRepaired}


def lines_of(history, *, edit=lambda raw: raw):
    """Return the block that a history's events are as lines."""
    prev, lines = NO_HASH, []
    for one in history:
        after = Position(seq=one.seq - 1, offset=0, hash=prev)
        shared = envelope(at=one.at, by=b'"test"')
        ((_, raw, _, prev),) = chain([payload(one.event)], shared, after=after)
        lines.append(edit(raw))
    return block_of(Position.start(), lines)


def given_curves():
    """Return a crashed training with a curve, and a note that quotes such a line."""
    curve = ProgressDigest(sha256="0" * 64, lines=60, points=tuple((1.5 * i, 9.0 - i) for i in range(60)))
    crashed = attrs.evolve(trained(1, None, outcome="crashed"), progress=curve)
    said = ',"progress":{"sha256":"' * 60
    return [started(), asked(), *BASELINE, *candidate(1), training(1), crashed, ev.NoteAdded(text=said)]


def folded(projection, blocks, *, since=None, deciding=True):
    """Return the state of one projection after some blocks."""
    begin = projection.initial() if since is None else since
    (state,), _ = fold_lines((projection,), blocks, since=(begin,), deciding=deciding)
    return state


def bytes_of(state):
    """Return a state's JSON, which is what a snapshot compares by."""
    return orjson.dumps(unstructure(state))


@settings(max_examples=300, deadline=None)
@given(history=HISTORIES)
def test_lines_fold_to_what_their_events_fold_to(history):
    """A fold of lines, which builds no events, gives the very state of a fold of the events."""
    block = lines_of(history)
    assert bytes_of(fold(RUN, history)) == bytes_of(folded(RUN, [block]))
    assert fold(TIMELINE, history) == folded(TIMELINE, [block])


@settings(max_examples=200, deadline=None)
@given(history=HISTORIES)
def test_evolve_changes_nothing_but_what_it_returns(history):
    """The state given to evolve is the same before and after, for any event on any state."""
    for projection in (RUN, TIMELINE):
        state = fold(projection, history[:-1])
        before = repr(state)
        projection.evolve(state, history[-1])
        assert before == repr(state)


@settings(max_examples=100, deadline=None)
@given(history=HISTORIES, cut=st.integers(0, 40))
def test_a_fold_of_lines_leaves_the_state_it_began_from(history, cut):
    """Going on from a state with more lines changes a copy of it."""
    first = folded(RUN, [lines_of(history[:cut])] if history[:cut] else [])
    before = repr(first)
    folded(RUN, [lines_of(history)], since=first)
    assert before == repr(first)


def test_a_curve_is_left_out_of_a_fold_and_nothing_else():
    """Of a line that holds a training's curve all but the curve is parsed, whatever its texts hold."""
    history = recorded(*given_curves())
    (long, quoted) = lines_of(history).lines[-2:]
    assert LONG < len(long)
    line, curve = without_curve(long)
    shortened = orjson.loads(line)["data"]
    assert orjson.loads(long)["data"] == {**shortened, "progress": orjson.loads(curve)}
    assert (quoted, b"") == without_curve(quoted)
    assert bytes_of(fold(RUN, history)) == bytes_of(folded(RUN, [lines_of(history)]))


def test_every_event_has_a_reducer_or_a_reason():
    """The run's state has one reducer for each event, but for those that are known to change nothing."""
    assert set(get_args(Event)) - UNTOUCHED == set(REDUCERS)


def test_older_lines_are_folded_as_they_would_be_written_now(monkeypatch):
    """A line of an older version goes through its upcasters on the way into a fold."""
    monkeypatch.setitem(UPCASTERS, ("StopRequested", 0), lambda data: {"now": data["hard"]})
    history = recorded(ev.StopRequested(now=True))
    older = lines_of(history, edit=lambda raw: raw.replace(b'"v":1', b'"v":0').replace(b'"now":', b'"hard":'))
    assert b"now" not in older.lines[0]
    assert folded(RUN, [lines_of(history)]) == folded(RUN, [older])


@pytest.mark.parametrize("edit", [(b'"NoteAdded"', b'"FutureEvent"'), (b'"v":1', b'"v":9')])
def test_who_decides_refuses_what_is_of_a_later_program(edit):
    """An event that is not known stops who decides by the state, and is passed over by who shows it."""
    history = recorded(ev.NoteAdded(text="hello"), ev.RunPaused(reason=why("human", "lunch")))
    block = lines_of(history, edit=lambda raw: raw.replace(*edit) if b"NoteAdded" in raw else raw)
    with pytest.raises(UnknownEvent, match="record 1 is"):
        folded(RUN, [block])
    assert why("human", "lunch") == folded(RUN, [block], deciding=False).paused


@pytest.mark.parametrize(
    "event", [started(), asked(), ev.ConfigChanged(config=RunConfig(seed=1), changed=())]
)
def test_who_decides_refuses_a_value_of_a_later_program(event):
    """Settings and requests of a later version stop who decides, and are passed over by who shows."""
    history = recorded(event, ev.RunPaused(reason=why("human", "lunch")))
    block = lines_of(history, edit=lambda raw: re.sub(rb'":\{"v":\d+,', b'":{"v":99,', raw))
    with pytest.raises(UnknownEvent, match="v99 is of a later program"):
        folded(RUN, [block])
    shown = [parse(raw, end=0) for raw in block.lines]
    assert bytes_of(fold(RUN, shown)) == bytes_of(folded(RUN, [block], deciding=False))
