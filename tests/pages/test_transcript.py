"""What an agent's program printed, as people read it."""

import json

import pytest

from autoresearch.workflows.pages.transcript import readable


def stream(*lines: dict) -> list[bytes]:
    """Return lines as a program prints them."""
    return [json.dumps(line).encode() + b"\n" for line in lines]


OPENCODE = stream(
    {"type": "step_start", "part": {"type": "step-start"}},
    {
        "type": "tool_use",
        "part": {"tool": "bash", "state": {"input": {"command": "ls"}, "output": "train.py\nprepare.py"}},
    },
    {"type": "text", "part": {"text": "done"}},
)
CODEX = stream(
    {"type": "thread.started", "thread_id": "1"},
    {"type": "item.started", "item": {"type": "command_execution", "command": "ls"}},
    {
        "type": "item.completed",
        "item": {"type": "command_execution", "command": "ls", "aggregated_output": "train.py\nprepare.py\n"},
    },
    {"type": "item.completed", "item": {"type": "agent_message", "text": "done"}},
)
CLAUDE = stream(
    {"type": "system", "subtype": "init", "cwd": "/"},
    {
        "type": "assistant",
        "message": {"content": [{"type": "tool_use", "name": "Bash", "input": {"command": "ls"}}]},
    },
    {
        "type": "user",
        "message": {"content": [{"type": "tool_result", "content": "train.py\nprepare.py"}]},
    },
    {"type": "assistant", "message": {"content": [{"type": "text", "text": "done"}]}},
    {"type": "result", "is_error": False, "result": "done"},
)


@pytest.mark.parametrize(
    ("log", "tool"),
    [(OPENCODE, "bash"), (CODEX, "shell"), (CLAUDE, "Bash")],
    ids=["opencode", "codex", "claude"],
)
def test_what_was_said_and_done_is_there(log: list[bytes], tool: str):
    """Of each program: a tool with what it was given and printed, and the agent's words, each once."""
    assert [f"> {tool}: ls", "  | train.py", "  | prepare.py", "done"] == list(readable(log))


def test_an_error_is_said_and_other_output_stays():
    """An error says its words, a line of text is itself; unknown kinds and odd shapes are nothing."""
    log = stream(
        {"type": "error", "error": {"name": "UnknownError", "data": {"message": "no server"}}},
        {"type": "error", "message": "Reconnecting"},
        {"type": "result", "is_error": True, "result": "API Error"},
        {"type": "news", "text": "x"},
        {"type": "text", "part": 3},
        {"type": "assistant", "message": {"content": "odd"}},
    )
    assert ["! no server", "! Reconnecting", "! API Error", "plain \N{REPLACEMENT CHARACTER}"] == list(
        readable([*log, b"plain \xff\n"])
    )


def test_a_long_output_is_cut():
    """Of what a tool printed, the first lines stand, and how many more there are."""
    item = {"type": "command_execution", "command": "x", "aggregated_output": "a\n" * 100, "exit_code": 2}
    said = list(readable(stream({"type": "item.completed", "item": item})))
    assert (15, "  | and 88 more lines", "  | exit code 2") == (len(said), said[-2], said[-1])


def test_an_answer_that_a_program_of_ones_own_prints_is_shown():
    """A JSON object of no type is no line of a known program's stream: it is shown as it was printed."""
    assert ['{"verdict": "pass"}'] == list(readable(stream({"verdict": "pass"})))
