"""Proposals out of arbitrary bytes and texts."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from autoresearch.engine.core.bookkeeping import commit_subject
from autoresearch.engine.proposals import parse
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.shapes import unstructure
from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import Proposal


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NEARLY = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["ok", "need_input"]) | JSON,
        "description": st.text() | JSON,
        "change_plan": st.text(),
        "commit_description": st.text(),
    },
    optional={
        "set": st.dictionaries(st.from_regex(r"[A-Z_]{1,5}", fullmatch=True), JSON, max_size=3),
        "edits": st.lists(
            st.fixed_dictionaries({"search": st.text(), "replace": st.text()}, optional={"file": st.text()}),
            max_size=2,
        ),
        "patch": st.text() | st.none(),
    },
)


def outcome(raw: bytes) -> Proposal | str:
    """Return the proposal, or why there is none."""
    try:
        return parse.parse(raw)
    except InvalidInput as error:
        return str(error)


def check(found: Proposal | str) -> None:
    """Check what holds for every outcome: a short reason, or a proposal that the log can hold."""
    if isinstance(found, str):
        assert found
        assert len(found) <= 300
        return
    for line in (found.description, found.commit_description):
        assert line == line.strip()
        assert not set(line) & set("\n\r\t\x00\x1b\x7f")
    event = ev.ProposalChosen(
        iteration=1, source="agent", description=found.description, proposal=found, received=None
    )
    assert unstructure(event)


@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    """Any bytes are a proposal that the log can hold, or refused with a short reason."""
    check(outcome(raw))


@given(JSON | NEARLY)
def test_any_json(value: Any) -> None:
    """Any JSON is a proposal that the log can hold, or refused with a short reason."""
    check(outcome(json.dumps(value).encode()))


@given(
    NEARLY, st.text(st.characters(exclude_characters="{}")), st.text(st.characters(exclude_characters="{}"))
)
def test_prose_around_it_changes_nothing(value: Any, before: str, after: str) -> None:
    """One JSON object with any prose around it is that object's proposal, or refused as it is."""
    text = json.dumps(value)
    alone = outcome(text.encode())
    try:
        found: Proposal | str = parse.parse_text(before + text + after)
    except InvalidInput:
        assert isinstance(alone, str)
    else:
        assert found == alone


@given(st.text())
def test_any_text_has_a_subject(text: str) -> None:
    """Any text becomes a subject of 1 to 72 characters on one line."""
    subject = commit_subject(text)
    assert 1 <= len(subject) <= 72
    assert subject == subject.strip()
    assert subject[0] not in "#-"
    assert not set(subject) & set("\n\r\t\x00\x1b\x7f")
    subject.encode()
