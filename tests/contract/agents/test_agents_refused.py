"""What the real programs print where their service refuses, as of 2026-11-27: which failure each is.

Lines of opencode 1.18.33, codex 0.169.0 and claude 2.1.328 before a service of this machine that refused
(tests/agents); the form without npm of what `make test-agents` plays.
"""

import json
from pathlib import Path

import pytest

from autoresearch.engine.agents.known import CLAUDE, CODEX, OPENCODE, RETRIES
from autoresearch.engine.agents.programs import Program
from autoresearch.engine.jobs.output import FolderOutput
from autoresearch.engine.ports.agent import Answer
from tests.fakes.agents import ended


def opencode_log(error: str, *, title: bool = False) -> str:
    small = "true agent=title" if title else "false agent=build"
    return (
        'timestamp=2026-11-27T10:20:43.060Z level=ERROR run=aa3d722a message="stream error" providerID=here '
        f'modelID=one session.id=ses_de37 small={small} mode=primary error.error="{error}"'
    )


def opencode_error(message: str, status: int) -> dict:
    told = {"message": message, "statusCode": status, "isRetryable": False, "responseHeaders": {"date": "x"}}
    return {"type": "error", "sessionID": "ses_de37", "error": {"name": "APIError", "data": told}}


def codex(message: str) -> tuple[dict, ...]:
    failed = {"type": "turn.failed", "error": {"message": message}}
    return ({"type": "turn.started"}, {"type": "error", "message": message}, failed)


def claude_retry(error: str, status: int | None) -> dict:
    told = {"attempt": 1, "max_retries": 10, "retry_delay_ms": 611, "error_status": status, "error": error}
    return {"type": "system", "subtype": "api_retry", **told, "session_id": "75235202"}


QUOTA = "You exceeded your current quota. It resets at 2030-01-01T07:00:00Z."
KEY = "unexpected status 401 Unauthorized: Incorrect API key provided: none., url: http://127.0.0.1:1/v1"
DEMAND = "We’re currently experiencing high demand, which may cause temporary errors."  # noqa: RUF001 - its own
USED_UP = "You’ve hit your usage limit. Try again later."  # noqa: RUF001 - the same
CASES = {
    "opencode, key": (OPENCODE, [opencode_error("Incorrect API key provided: none.", 401)], "permanent"),
    "opencode, model": (OPENCODE, [opencode_error("The model `x` does not exist", 404)], "permanent"),
    "opencode, overloaded": (OPENCODE, [opencode_error("Overloaded", 503)], "transient"),
    "codex, key": (CODEX, codex(KEY), "permanent"),
    "codex, quota": (CODEX, codex("Quota exceeded. Check your plan and billing details."), "limited"),
    "codex, usage": (CODEX, codex(USED_UP), "limited"),
    "codex, demand": (CODEX, codex(DEMAND), "transient"),
    "codex, rate": (CODEX, codex("exceeded retry limit, last status: 429 Too Many Requests"), "transient"),
}


def printed(program: Program, folder: Path, lines, **exit_) -> Answer:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "output.log").write_text("".join(f"{text}\n" for text in texts))
    return program.answer("propose", FolderOutput(folder), ended(**exit_))


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_has_its_kind(case: str, tmp_path: Path):
    """What a service refused is told apart by the program's own words."""
    program, lines, kind = CASES[case]
    answer = printed(program, tmp_path, lines, code=1)
    assert answer.failing is not None
    assert kind == answer.failing.kind, answer.reason


@pytest.mark.parametrize(
    ("program", "line", "kind"),
    [
        (OPENCODE, opencode_log("AI_APICallError: Overloaded"), "transient"),
        (OPENCODE, opencode_log(f"AI_APICallError: {QUOTA}"), "limited"),
        (CLAUDE, claude_retry("rate_limit", 429), "transient"),
        (CLAUDE, claude_retry("authentication_failed", 401), "permanent"),
    ],
)
def test_one_that_was_ended_while_it_tried_again_says_why(program, line, kind: str, tmp_path: Path):
    """A program that was ended for its silence is known by the request that failed last."""
    answer = printed(program, tmp_path, [line, line], code=None, reason="idle")
    assert answer.reason is not None
    assert answer.failing is not None
    assert ("agent_fell_silent", kind) == (answer.reason.code, answer.failing.kind)
    text = line if isinstance(line, str) else json.dumps(line, separators=(",", ":"))
    assert any(mark in text for mark in RETRIES)


def test_what_opencode_tried_again_with_success_is_no_failure(tmp_path: Path):
    """A request that failed and then came through, and one for a title, are no error of an answer."""
    text = {"type": "text", "part": {"text": '{"status": "ok"}'}}
    tokens = {"input": 1, "output": 1, "reasoning": 0, "cache": {"read": 0, "write": 0}}
    ended_step = {"type": "step_finish", "part": {"tokens": tokens, "cost": 0.1}}
    before, title = opencode_log("AI_APICallError: Overloaded"), opencode_log("AI_RetryError", title=True)
    lines = [before, {"type": "step_start", "part": {}}, text, title, ended_step]
    (tmp_path / "output.log").write_text(
        "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines)
    )
    answer = OPENCODE.answer("apply", FolderOutput(tmp_path), ended())
    assert (True, None) == (answer.ok, answer.reason)
