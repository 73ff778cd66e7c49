"""What every program has in common when it answers: no answer, noise, bad ends, secrets, bounds."""

import json
from pathlib import Path

import orjson
import pytest

from autoresearch.engine.agents.known import CLAUDE, CODEX, CUSTOM, OPENCODE
from autoresearch.engine.agents.programs import Program
from autoresearch.engine.jobs.output import FolderOutput
from autoresearch.engine.ports.jobs import JobExit
from autoresearch.events.values import Reason, Usage, why
from autoresearch.projections.words.wording import say
from tests.contract.agents.test_agents_recorded import SAID, printed
from tests.fakes.agents import ended


@pytest.mark.parametrize("program", [OPENCODE, CODEX, CLAUDE], ids=lambda program: program.name)
def test_a_program_that_says_nothing_has_not_answered(program: Program, tmp_path: Path) -> None:
    """Exit code 0 without a word is a failure."""
    assert printed(program, tmp_path).reason == why("agent_no_answer", agent=program.name)


@pytest.mark.parametrize("program", [OPENCODE, CODEX, CLAUDE], ids=lambda program: program.name)
def test_lines_that_are_no_json_are_counted(program: Program, tmp_path: Path) -> None:
    """Nonsense and unknown types are passed over, and the reason says how much was unreadable."""
    answer = printed(program, tmp_path, "warning: old config", "", '{"type": "news"}', "[1]", "{", "\x00")
    assert answer.reason == why("agent_bad_lines", agent=program.name, lines=4)


@pytest.mark.parametrize(
    ("exit_", "reason"),
    [
        (ended("deadline", None, seconds=600.2), why("agent_deadline", agent="opencode", seconds=600.2)),
        (ended("idle", None, seconds=245.0), why("agent_fell_silent", agent="opencode", seconds=245.0)),
        (ended("terminated", None, signal=15), why("agent_terminated", agent="opencode")),
        (ended("exited", None, signal=9), why("agent_killed", agent="opencode", signal=9)),
        (ended("exited", 1), why("agent_exit", "no credits left", agent="opencode", exit_code=1)),
        (
            ended("not_started", None, detail="no such folder"),
            why("agent_not_run", "no such folder", agent="opencode"),
        ),
    ],
    ids=lambda value: value.reason if isinstance(value, JobExit) else "",
)
def test_every_bad_end_has_its_reason(
    exit_: JobExit, reason: Reason, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a job ended, the reason says so by a code of its own."""
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    answer = printed(OPENCODE, tmp_path, SAID, "no credits left", exit_=exit_)
    assert (answer.ok, answer.reason) == (False, reason)


@pytest.mark.parametrize(
    ("program", "line", "error"),
    [
        (
            CODEX,
            '{"type":"error","message":"Reconnecting... 2/5 (no route)"}',
            "Reconnecting... 2/5 (no route)",
        ),
        (OPENCODE, '{"type":"error","error":{"name":"X","data":{"message":"overloaded"}}}', "overloaded"),
        (CLAUDE, '{"type":"system","subtype":"api_retry","error":"overloaded_error"}', "overloaded_error"),
        (CUSTOM, "waiting for the queue", "waiting for the queue"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_program_that_is_ended_is_quoted(program: Program, line: str, error: str, tmp_path: Path) -> None:
    """The reason of one that fell silent, or took too long, has what it said last of its own trouble."""
    for end, code in (("idle", "agent_fell_silent"), ("deadline", "agent_deadline")):
        answer = printed(program, tmp_path, line, exit_=ended(end, None, seconds=600.0))
        assert why(code, error, agent=program.label, seconds=600.0) == answer.reason
        assert say(answer.reason).endswith(f"the last that it said of it: {error}")


def test_a_hung_program_that_never_printed_is_said_to(tmp_path: Path) -> None:
    """An idle end without any output names the seconds of silence."""
    answer = printed(OPENCODE, tmp_path, exit_=ended("idle", None, seconds=120.3))
    assert answer.reason == why("agent_silent", agent="opencode", seconds=120.3)


def test_a_missing_program_is_said_to_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is not on PATH is named so, also without any log."""
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = OPENCODE.answer("propose", FolderOutput(tmp_path), ended("not_started", None, detail="ENOENT"))
    assert answer.reason == why("not_installed", agent="opencode")
    assert answer.output.bytes == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", why("answer_empty")),
        (" \n", why("answer_empty")),
        ("I could not decide.", why("answer_no_proposal", because="no_json_object")),
        ("Use {this}.", why("answer_no_proposal", because="no_json_object")),
        (
            '{"status": "ok"}',
            why(
                "answer_no_proposal",
                because="lacks_keys",
                place="it",
                keys="description, change_plan, commit_description",
            ),
        ),
        (
            '{"status": "ok", "status": "need_input"}',
            why("answer_no_proposal", because="no_json_object"),
        ),
    ],
)
def test_an_answer_without_a_valid_proposal_is_a_failure(text: str, reason: Reason, tmp_path: Path) -> None:
    """Nonsense in the place of a proposal is recorded as such."""
    (tmp_path / "output.log").write_text(text)
    answer = CUSTOM.answer("propose", FolderOutput(tmp_path), ended())
    assert (answer.ok, answer.proposal) == (False, None)
    assert answer.reason == reason


def test_a_proposal_is_found_behind_prose_and_in_a_code_block(tmp_path: Path) -> None:
    """The last JSON object of an answer counts, whatever stands around it."""
    valid = json.dumps(
        {"status": "need_input", "description": "which?", "change_plan": "-", "commit_description": "-"}
    )
    (tmp_path / "output.log").write_text(
        f'First I thought {{x}} or {{"a": 1}}.\n```json\n{valid}\n```\nDone.'
    )
    answer = CUSTOM.answer("propose", FolderOutput(tmp_path), ended())
    assert answer.ok
    assert answer.proposal is not None
    assert answer.proposal.status == "need_input"


def test_words_after_the_answer_do_not_hide_it(tmp_path: Path) -> None:
    """A closing remark in a message of its own leaves the JSON before it in place."""
    done = json.dumps({"type": "text", "part": {"text": "Done."}})
    assert printed(OPENCODE, tmp_path, SAID, done).text == '{"status": "ok"}'


def test_secrets_do_not_leave_the_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value of a key in the environment is in no text of the answer."""
    key = "Zx81-spectrum-qQ7"
    monkeypatch.setenv("SOME_API_KEY", key)
    proposal = {
        "status": "ok",
        "description": f"print {key}",
        "change_plan": key,
        "commit_description": "leak",
        "edits": [{"file": "train.py", "search": "a", "replace": f"key = '{key}'"}],
    }
    (tmp_path / "output.log").write_text(json.dumps(proposal))
    answer = CUSTOM.answer("propose", FolderOutput(tmp_path), ended())
    assert answer.ok
    assert key not in repr(answer)
    failed = CUSTOM.answer("propose", FolderOutput(tmp_path), ended(code=1))
    assert not failed.ok
    assert key not in repr(failed)


def test_texts_are_bounded_and_the_digest_is_of_the_whole(tmp_path: Path) -> None:
    """The tail holds at most 4 KiB, whatever was printed; the digest counts every byte."""
    log = tmp_path / "output.log"
    log.write_bytes(b"x" * 5_000_000 + "ü".encode() * 5_000)
    answer = CUSTOM.answer("apply", FolderOutput(tmp_path), ended())
    assert answer.output.bytes == 5_010_000
    assert len(answer.output.tail.encode()) == 4096
    assert len(answer.text.encode()) <= 16 * 1024


@pytest.mark.parametrize("program", [OPENCODE, CODEX, CLAUDE, CUSTOM], ids=lambda program: program.name)
def test_a_folder_in_the_place_of_the_log_is_no_answer(program: Program, tmp_path: Path) -> None:
    """What is not a plain file is read as empty."""
    (tmp_path / "output.log").mkdir()
    answer = program.answer("propose", FolderOutput(tmp_path), ended())
    assert (answer.ok, answer.output.bytes) == (False, 0)


def test_an_answer_can_be_stored(tmp_path: Path) -> None:
    """Numbers beyond all sense are unknown, so that the event that holds them can be written."""
    big = {"tokens": {"input": 2**63, "output": -1, "reasoning": True, "cache": []}, "cost": 1e300}
    answer = printed(OPENCODE, tmp_path, SAID, {"type": "step_finish", "part": big})
    assert answer.usage == Usage()
    assert orjson.dumps(answer.text)
