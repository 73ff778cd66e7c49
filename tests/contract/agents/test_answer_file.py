"""The file into which a command of the user's own may write its answer: good, bad, and kept."""

import json
import os
import shutil
from pathlib import Path

import pytest

from autoresearch.engine.agents import plain_transcripts
from autoresearch.engine.agents.known import CODEX, CUSTOM
from autoresearch.engine.agents.plain_transcripts import FILE_LIMIT, keep_answer
from autoresearch.engine.agents.prompts import parse_triage
from autoresearch.engine.jobs.output import FolderOutput
from autoresearch.engine.paths import JobPaths
from autoresearch.engine.ports.agent import AgentStep, Answer, Ask
from autoresearch.events.values import Reason, Usage, why
from autoresearch.projections.words.wording import say
from tests.fakes.agents import ended


PROPOSED = {"status": "ok", "description": "wider", "change_plan": "So.", "commit_description": "wider"}


@pytest.fixture
def job(tmp_path: Path) -> JobPaths:
    """A job that has printed a proposal of its own, and ended."""
    found = JobPaths(tmp_path / "propose.1")
    found.temporary.mkdir(parents=True)
    found.output.write_text(json.dumps(PROPOSED | {"description": "printed"}))
    return found


def taken(job: JobPaths, step: AgentStep = "propose", code: int = 0) -> Answer:
    """Collect as the runner does: keep the file, clear the temporary folder, read."""
    keep_answer(job)
    shutil.rmtree(job.temporary, ignore_errors=True)
    return CUSTOM.answer(step, FolderOutput(job.folder), ended(code=code))


def test_what_is_printed_counts_where_no_file_was_written(job: JobPaths):
    """Without a file the last object printed is the answer, of which nothing else is known."""
    answer = taken(job)
    assert answer.proposal is not None
    assert ("printed", Usage(), None) == (answer.proposal.description, answer.usage, answer.model)


def test_a_file_says_what_it_took(job: JobPaths):
    """The proposal is the file's; counts that it leaves out are unknown, and a zero is a zero."""
    usage = {"input_uncached": 12, "output": 0, "cost_usd": 0.5}
    job.answer_draft.write_text(json.dumps(PROPOSED | {"usage": usage, "model": "m", "session": "s"}))
    answer = taken(job)
    assert answer.proposal is not None
    assert ("wider", {}) == (answer.proposal.description, answer.proposal.other)
    assert Usage(input_uncached=12, output=0, cost_usd=0.5, cost_basis="reported") == answer.usage
    assert ("m", "s") == (answer.model, answer.session_id)


def test_a_verdict_and_an_edit_may_have_one(job: JobPaths):
    """A triage says its verdict in the file; an apply, whose edits are the answer, what it took."""
    job.answer_draft.write_text('{"action": "fix_and_rerun", "reason": "a typo", "model": "m"}')
    answer = taken(job, "triage")
    assert ("fix_and_rerun", why("agent_decided", "a typo")) == parse_triage(answer.text)
    job.temporary.mkdir()
    job.answer_draft.write_text('{"usage": {"output": 3}}')
    assert (True, 3) == ((applied := taken(job, "apply")).ok, applied.usage.output)


def test_a_failure_is_one_whatever_the_file_says(job: JobPaths):
    """Exit code 3 is a failure, whose tokens are known all the same."""
    job.answer_draft.write_text(json.dumps(PROPOSED | {"usage": {"output": 3}}))
    answer = taken(job, code=3)
    assert answer.reason is not None
    assert ("agent_exit", 3) == (answer.reason.code, answer.usage.output)


@pytest.mark.parametrize(
    ("step", "written", "reason"),
    [
        ("propose", b'{"status": "ok", "descr', "no_json_at"),
        ("propose", b"", "file_empty"),
        ("propose", b"\xff", "proposal_not_utf8"),
        ("propose", b"[]", "value_of_other_kind"),
        ("propose", b'{"a": 1, "a": 2}', "key_twice"),
        ("propose", b" " * (FILE_LIMIT + 1), "file_too_long"),
        ("propose", b'{"usage": {"output": "many"}}', "value_of_other_kind"),
        ("propose", b'{"usage": {"output": -1}}', "schema_against"),
        ("propose", b'{"usage": {"tokens": 1}}', "unknown_key"),
        ("propose", b'{"status": "ok"}', "lacks_keys"),
        ("triage", b'{"action": "shrug", "reason": "x"}', "value_not_known"),
        ("review", b'{"verdict": "shrug", "reasons": []}', "value_not_known"),
        ("review", b'{"verdict": "veto", "reasons": []}', "schema_against"),
        ("apply", b'{"model": 7}', "value_of_other_kind"),
    ],
)
def test_a_bad_file_is_an_unusable_answer(job: JobPaths, step: AgentStep, written: bytes, reason: str):
    """It has its reason, in words, whatever was printed beside it; nothing is taken from it."""
    job.answer_draft.write_bytes(written)
    answer = taken(job, step)
    assert answer.reason is not None
    assert answer.failing is not None
    assert (reason, "unusable", None) == (
        answer.reason.inputs["because"],
        answer.failing.kind,
        answer.proposal,
    )
    assert "answer" in say(answer.reason)
    assert answer == taken(job, step), "read twice"


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe"])
def test_what_is_no_file_is_not_followed(job: JobPaths, tmp_path: Path, kind: str):
    """A link, a folder or a pipe is an unusable answer at once, and no file elsewhere is read for it."""
    elsewhere = tmp_path / "elsewhere"
    match kind:
        case "link":
            elsewhere.write_text(json.dumps(PROPOSED))
            job.answer_draft.symlink_to(elsewhere)
        case "dangling":
            job.answer_draft.symlink_to(elsewhere)
        case "folder":
            job.answer_draft.mkdir()
        case "pipe":
            os.mkfifo(job.answer_draft)
    assert Reason(code="answer_file", inputs={"because": "file_empty"}) == taken(job).reason
    assert b"" == job.answer.read_bytes()


def test_whoever_dies_in_between_loses_nothing(job: JobPaths, monkeypatch: pytest.MonkeyPatch):
    """Before the copy, where the disk refuses it, after it, after the clearing: the answer is the same."""
    job.answer_draft.write_text(json.dumps(PROPOSED | {"model": "m"}))

    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(plain_transcripts, "write_atomic", refused)
        with pytest.raises(OSError, match="No space"):
            keep_answer(job)
    assert job.answer_draft.exists()
    keep_answer(job)
    kept = job.answer.read_bytes()
    found = taken(job)  # as after a death between the two
    assert ("m", kept) == (found.model, job.answer.read_bytes())
    assert found == taken(job)  # and after the clearing
    assert job.answer in job.own()


def test_only_a_command_of_ones_own_is_told(tmp_path: Path):
    """The environment names step, run, iteration, model, a schema that is there, and a file in TMPDIR."""
    question = Ask(
        step="triage",
        prompt="",
        worktree=tmp_path,
        hooks=tmp_path,
        run="mar10-r001",
        iteration=7,
        model="fast",
        beside=(),
    )
    spec = CUSTOM.job(question, tmp_path / "job")
    told = {name: spec.env[f"AUTORESEARCH_{name}"] for name in ("STEP", "RUN", "ITERATION", "MODEL")}
    assert {"STEP": "triage", "RUN": "mar10-r001", "ITERATION": "7", "MODEL": "fast"} == told
    assert "verdict.schema.json" == json.loads(Path(spec.env["AUTORESEARCH_SCHEMA"]).read_text())["$id"]
    assert spec.env["TMPDIR"] == str(Path(spec.env["AUTORESEARCH_ANSWER"]).parent)
    assert spec.env["TMPDIR"] in (spec.writable or ())
    assert "AUTORESEARCH_ANSWER" not in CODEX.job(question, tmp_path / "codex").env
