"""What the real programs printed on 2026-11-23, read into exact figures, and every way they failed."""

import json
import shutil
from pathlib import Path

import pytest

from autoresearch.engine.agents.known import AIDER, CLAUDE, CODEX, GEMINI, OPENCODE
from autoresearch.engine.agents.programs import Program
from autoresearch.engine.jobs.output import FolderOutput
from autoresearch.engine.ports.agent import Answer
from autoresearch.engine.ports.jobs import JobExit
from autoresearch.events.values import Proposal, Usage, why
from autoresearch.projections.words.wording import say
from tests.fakes.agents import FIXTURES, ended


HALVE_BATCH = Proposal(
    status="ok",
    description="halve batch",
    change_plan="edit train.py",
    commit_description="experiment: halve batch",
)
SAID = json.dumps({"type": "text", "part": {"text": '{"status": "ok"}'}})


def recorded(program: Program, name: str, folder: Path, exit_: JobExit | None = None) -> Answer:
    """Return the answer to a proposal that a recorded output gives."""
    shutil.copy(FIXTURES / name, folder / "output.log")
    return program.answer("propose", FolderOutput(folder), exit_ or ended())


def printed(
    program: Program,
    folder: Path,
    *lines: object,
    exit_: JobExit | None = None,
) -> Answer:
    """Return the answer to an apply that these lines give."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "output.log").write_text("".join(f"{text}\n" for text in texts))
    return program.answer("apply", FolderOutput(folder), exit_ or ended())


def test_opencode_sums_its_steps(tmp_path: Path) -> None:
    """The usage of opencode is the sum of all step_finish lines."""
    answer = recorded(OPENCODE, "opencode.jsonl", tmp_path)
    assert answer.usage == Usage(
        input_uncached=400,
        input_cached=2000,
        cache_write=0,
        output=68,
        reasoning=0,
        cost_usd=pytest.approx(0.000872),
        cost_basis="reported",
    )
    assert (answer.ok, answer.reason, answer.proposal) == (True, None, HALVE_BATCH)
    assert answer.session_id == "ses_df61a7c38ffe4TI5WoyRSY00YO"


def test_codex_counts_the_cached_part_once(tmp_path: Path) -> None:
    """The input of codex includes what was cached, and its price is unknown."""
    answer = recorded(CODEX, "codex.jsonl", tmp_path)
    assert answer.usage == Usage(
        input_uncached=400,
        input_cached=2000,
        cache_write=0,
        output=68,
        reasoning=0,
        cost_usd=None,
        cost_basis="unknown",
    )
    assert (answer.ok, answer.reason, answer.proposal) == (True, None, HALVE_BATCH)
    assert answer.session_id == "01a209e6-248b-70a0-951e-50731708c77b"


@pytest.mark.parametrize(
    ("name", "reasoning"), [("claude.jsonl", None), ("claude328.json", 0), ("claude_schema.json", None)]
)
def test_claude_reports_a_total(name: str, reasoning: int | None, tmp_path: Path) -> None:
    """The usage of claude is its modelUsage, in either output form and any order of keys."""
    answer = recorded(CLAUDE, name, tmp_path)
    assert answer.usage == Usage(
        input_uncached=400,
        input_cached=2000,
        cache_write=0,
        output=68,
        reasoning=reasoning,
        cost_usd=0.00282,
        cost_basis="reported",
    )
    assert (answer.ok, answer.reason, answer.proposal) == (True, None, HALVE_BATCH)
    assert answer.model == "claude-sonnet-4-6"


def test_gemini_counts_what_it_thought(tmp_path: Path) -> None:
    """Its total holds tokens that are neither input nor output: they were thought, and count as written."""
    answer = recorded(GEMINI, "gemini.jsonl", tmp_path)
    assert answer.usage == Usage(
        input_uncached=400,
        input_cached=2000,
        output=100,
        reasoning=32,
        cost_usd=None,
        cost_basis="unknown",
    )
    assert (answer.ok, answer.reason, answer.proposal) == (True, None, HALVE_BATCH)
    assert (answer.session_id, answer.model) == ("fb26bf81-8545-479c-acd6-3d11a8f31f24", "gemini-2.5-pro")


def test_gemini_says_what_it_tried_in_vain(tmp_path: Path) -> None:
    """A wrong key is its own error; ended among its tries, the last of them is quoted."""
    answer = recorded(GEMINI, "gemini_wrong_key.jsonl", tmp_path, ended(code=144))
    assert answer.failing is not None
    assert answer.reason is not None
    assert ("permanent", "agent_said") == (answer.failing.kind, answer.reason.code)
    answer = recorded(GEMINI, "gemini_retries.jsonl", tmp_path, ended("idle", None))
    assert answer.failing is not None
    assert answer.reason is not None
    assert ("transient", "agent_fell_silent") == (answer.failing.kind, answer.reason.code)
    assert "The model is overloaded" in say(answer.reason)


def test_gemini_says_its_answer_in_pieces(tmp_path: Path) -> None:
    """What comes in pieces is one text, until a tool is used."""
    said = [
        {"type": "message", "role": "assistant", "content": one} for one in ("I ", "look", '{"a', '": 1}')
    ]
    tool, end = {"type": "tool_use"}, {"type": "result", "status": "success"}
    answer = printed(GEMINI, tmp_path, said[0], said[1], tool, said[2], said[3], end)
    assert (answer.ok, answer.text) == (True, '{"a": 1}')


def test_aider_tells_tokens_in_its_log_of_events(tmp_path: Path) -> None:
    """Its exact tokens and cost stand among its text; which of them were cached nobody knows."""
    answer = recorded(AIDER, "aider.txt", tmp_path)
    assert answer.usage == Usage(
        input_uncached=1200, output=34, cost_usd=0.000143, cost_basis="reported", input_cached=None
    )
    assert (answer.ok, answer.reason, answer.proposal) == (True, None, HALVE_BATCH)
    assert (answer.model, answer.version) == ("openai/gpt-5-mini", "0.86.2")


def test_aider_that_ends_well_without_an_answer_has_failed(tmp_path: Path) -> None:
    """It exits with 0 after a wrong key; its own words say what kind of failure that is."""
    answer = recorded(AIDER, "aider_wrong_key.txt", tmp_path)
    assert (answer.ok, answer.usage) == (False, Usage())
    assert answer.failing is not None
    assert answer.reason is not None
    assert "permanent" == answer.failing.kind
    assert "Incorrect API key provided" in answer.reason.said


def test_aider_that_does_not_know_a_price_says_none(tmp_path: Path) -> None:
    """A cost of 0 is one that it does not know."""
    sent = {"prompt_tokens": 5, "completion_tokens": 2, "cost": 0}
    start = {"event": "message_send_starting", "properties": {}}
    answer = printed(AIDER, tmp_path, start, "done", {"event": "message_send", "properties": sent})
    assert (answer.ok, answer.text, answer.usage.cost_usd, answer.usage.output) == (True, "done", None, 2)


def test_claude_that_was_denied_a_tool_has_not_answered(tmp_path: Path) -> None:
    """Denied permissions are a failure although claude exits with 0 and calls it a success."""
    answer = recorded(CLAUDE, "claude.json", tmp_path)
    assert (answer.ok, answer.proposal) == (False, None)
    assert answer.reason == why("agent_said", "it was not permitted to use Bash", agent="claude")
    assert answer.usage.output == 68


def test_claude_over_its_budget_has_failed(tmp_path: Path) -> None:
    """An error result without words is named by its subtype, and its cost is kept."""
    line = {
        "type": "result",
        "subtype": "error_max_budget_usd",
        "is_error": True,
        "total_cost_usd": 0.00141,
    }
    answer = printed(CLAUDE, tmp_path, line, exit_=ended(code=1))
    assert answer.reason == why("agent_said", "error_max_budget_usd", agent="claude")
    assert (answer.usage.cost_usd, answer.usage.output) == (0.00141, None)


def test_claude_that_calls_an_error_a_success_has_failed(tmp_path: Path) -> None:
    """is_error counts, not the subtype and not the exit code."""
    line = {
        "type": "result",
        "subtype": "success",
        "is_error": True,
        "result": "API Error: Unable to connect",
    }
    answer = printed(CLAUDE, tmp_path, line)
    assert answer.reason == why("agent_said", "API Error: Unable to connect", agent="claude")


def test_opencode_with_an_error_line_has_failed(tmp_path: Path) -> None:
    """An error line is a failure, in the program's own words, whatever the exit code."""
    error = {"name": "UnknownError", "data": {"message": "Unexpected server error.", "ref": "err_1"}}
    answer = printed(OPENCODE, tmp_path, SAID, {"type": "error", "error": error})
    assert answer.reason == why("agent_said", "Unexpected server error.", agent="opencode")


def test_opencode_without_a_last_step_finish_has_unknown_usage(tmp_path: Path) -> None:
    """A step that did not report makes the whole usage unknown, not zero and not a part."""
    lines = (FIXTURES / "opencode.jsonl").read_text().splitlines()[:-1]
    answer = printed(OPENCODE, tmp_path, *lines)
    assert answer.ok
    assert answer.usage == Usage()


def test_opencode_whose_log_was_capped_has_unknown_usage(tmp_path: Path) -> None:
    """Where the middle of the log is missing, its steps cannot be summed."""
    answer = recorded(OPENCODE, "opencode.jsonl", tmp_path, ended(output_bytes=10**9))
    assert answer.ok
    assert answer.usage == Usage()


def test_codex_that_found_its_connection_again_has_answered(tmp_path: Path) -> None:
    """An error line before a completed turn is no failure."""
    lines = (FIXTURES / "codex.jsonl").read_text().splitlines()
    answer = printed(CODEX, tmp_path, {"type": "error", "message": "Reconnecting..."}, *lines)
    assert answer.ok


@pytest.mark.parametrize(
    "line",
    [
        {"type": "error", "message": "Reconnecting... waiting for network"},
        {"type": "turn.failed", "error": {"message": "Reconnecting... waiting for network"}},
    ],
)
def test_codex_that_ends_on_an_error_has_failed(line: object, tmp_path: Path) -> None:
    """A last error line or a failed turn is a failure in the program's own words."""
    answer = printed(CODEX, tmp_path, {"type": "turn.started"}, line)
    assert answer.reason == why("agent_said", "Reconnecting... waiting for network", agent="codex")
