"""Agents print what they like: reading it never raises, and what is read can be stored."""

import json
import tempfile
from pathlib import Path
from typing import get_args

import orjson
from attrs import asdict
from hypothesis import given
from hypothesis import strategies as st

from autoresearch.engine.agents.known import PROGRAMS
from autoresearch.engine.agents.prompts import parse_triage
from autoresearch.engine.jobs.output import FolderOutput
from autoresearch.engine.ports.agent import AgentStep
from autoresearch.events.values import why
from autoresearch.projections.words.wording import say
from tests.fakes.agents import ended


TOP_KEYS = ["type", "part", "item", "usage", "error", "result", "is_error", "sessionID", "permission_denials"]
TOP_KEYS += ["role", "content", "stats", "status", "event", "properties"]
INNER_KEYS = ["text", "tokens", "cost", "message", "data", "cache", "input", "output", "modelUsage", "models"]
KEYS = st.sampled_from(TOP_KEYS + INNER_KEYS)
TYPES = st.sampled_from(
    [
        "text",
        "message",
        "assistant",
        "message_send",
        "message_send_starting",
        "step_start",
        "step_finish",
        "error",
        "result",
        "system",
        "turn.completed",
    ]
)
TEXT = st.text(alphabet='a {}"\n\x00ü\ud800', max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | TYPES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=6,
)
JSON_LINE = st.dictionaries(KEYS, VALUES, max_size=6).map(lambda line: json.dumps(line).encode())
TYPED_LINE = st.tuples(TYPES, st.dictionaries(KEYS, VALUES, max_size=6)).map(
    lambda pair: json.dumps({**pair[1], "type": pair[0]}).encode()
)
OUTPUT = st.lists(JSON_LINE | TYPED_LINE | st.binary(max_size=30), max_size=6).map(b"\n".join)
ENDS = st.sampled_from(
    [
        ended(),
        ended(code=1),
        ended(code=None, signal=9),
        *(ended(reason, None) for reason in ("deadline", "idle", "terminated", "not_started")),
    ]
)


@given(
    output=OUTPUT,
    name=st.sampled_from(sorted(PROGRAMS)),
    step=st.sampled_from(get_args(AgentStep)),
    exit_=ENDS,
)
def test_any_output_is_an_answer_that_can_be_stored(
    output: bytes, name: str, step: AgentStep, exit_: object
) -> None:
    """Whatever was printed and however it ended, the answer is ok or has a reason, and is JSON."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "output.log").write_bytes(output)
        answer = PROGRAMS[name].answer(step, FolderOutput(Path(folder)), exit_)  # type: ignore[arg-type]
    assert answer.ok == (answer.reason is None)
    assert len(answer.output.tail.encode()) <= 4096
    assert orjson.dumps(asdict(answer))


@given(st.text(alphabet='{}[]":,a1\\\n ', max_size=200))
def test_any_text_is_a_triage(text: str) -> None:
    """A triage is one of two actions with a reason, whatever was said."""
    action, reason = parse_triage(text)
    assert action in ("discard", "fix_and_rerun")
    assert say(reason)


@given(
    st.dictionaries(TEXT, st.integers() | TEXT, max_size=3),
    st.text(alphabet="ab \n}]`", max_size=20),
    st.text(alphabet="ab \n}]{[`", max_size=20),
)
def test_a_triage_is_found_between_any_prose(more: dict[str, object], after: str, before: str) -> None:
    """The object is found whatever stands before it, and what has no brace stands after it."""
    answer = json.dumps({**more, "action": "fix_and_rerun", "reason": "a typo"})
    assert parse_triage(before + answer + after) == ("fix_and_rerun", why("agent_decided", "a typo"))
