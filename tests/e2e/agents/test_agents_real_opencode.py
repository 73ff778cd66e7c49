"""The real opencode program, against a model that runs on this machine and costs nothing."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from autoresearch.engine.agents.branch_guard import keep_hook
from autoresearch.engine.agents.known import OPENCODE
from autoresearch.engine.agents.prompts import propose_prompt
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.ports.agent import Answer, Ask
from autoresearch.engine.ports.jobs import Finished
from autoresearch.engine.system import landlock
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.values import Usage
from tests.e2e.fixtures.agents.chat_server import ChatServer


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("opencode") is None, reason="opencode is not installed"),
]

ANSWER = {
    "status": "ok",
    "description": "halve batch",
    "change_plan": "edit train.py",
    "commit_description": "experiment: halve batch",
}
PROMPT = propose_prompt(
    metric=MetricSpec(),
    baseline=1.5,
    best=1.4,
    memory=(),
    notes=(),
    guidance="",
    editable=("train.py",),
)


class Opencode(Protocol):
    """Asks opencode, whose model wants to run one shell command first."""

    def __call__(self, command: str, *, confined: bool = False) -> Answer:
        """Ask; confined as a proposer, which writes only into its temporary folder and its own files."""


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """Return a worktree inside a repository, as a run's is."""
    worktree = tmp_path / "runs" / "worktree"
    named = ("-c", "user.name=u", "-c", "user.email=u@x")
    (tmp_path / "train.py").write_text("DEPTH = 4\n")
    for words in (
        ("init", "-q", "-b", "main"),
        ("add", "train.py"),
        (*named, "commit", "-q", "-m", "first"),
        ("worktree", "add", "-q", "--detach", str(worktree)),
    ):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    return worktree


@pytest.fixture
def servers() -> Iterator[list[ChatServer]]:
    """Stop the servers that a test started."""
    started: list[ChatServer] = []
    yield started
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def opencode(
    worktree: Path, tmp_path: Path, servers: list[ChatServer], monkeypatch: pytest.MonkeyPatch
) -> Opencode:
    """Ask opencode, whose model wants to run one shell command first."""

    def ask(command: str, *, confined: bool = False) -> Answer:
        server = ChatServer(command, json.dumps(ANSWER))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
            monkeypatch.setenv(name, str(tmp_path / "home" / name.lower()))
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": server.url, "apiKey": "none"},
            "models": {"one": {"cost": {"input": 1.0, "output": 4.0, "cache_read": 0.1}}},
        }
        monkeypatch.setenv("OPENCODE_CONFIG_CONTENT", json.dumps({"provider": {"here": provider}}))
        question = Ask(
            step="propose",
            prompt=PROMPT,
            worktree=worktree,
            hooks=worktree.parent / "git-hooks",
            model="here/one",
            timeout_s=120.0,
            beside=() if confined else None,
        )
        keep_hook(question.hooks / "reference-transaction")
        folder = tmp_path / "runs" / "propose.1"
        jobs = RealJobs()
        jobs.start(folder, OPENCODE.job(question, folder))
        while not isinstance(state := jobs.look(folder), Finished):
            time.sleep(0.1)
        return OPENCODE.answer("propose", jobs.output(folder), state.exit)

    return ask


def git(folder: Path, *words: str) -> str:
    """Return what git says."""
    return subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True
    ).stdout


def test_opencode_edits_and_answers(
    opencode: Opencode, worktree: Path, tmp_path: Path, servers: list[ChatServer]
) -> None:
    """The real program edits in its worktree, answers with a proposal, and says what it cost."""
    answer = opencode("echo LR=0.04 >> train.py")
    assert (answer.ok, answer.reason) == (True, None)
    assert answer.proposal is not None
    assert answer.proposal.description == "halve batch"
    assert answer.usage == Usage(
        input_uncached=400,
        input_cached=2000,
        cache_write=0,
        output=68,
        reasoning=0,
        cost_usd=pytest.approx(0.000872),
        cost_basis="reported",
    )
    assert answer.session_id is not None
    assert (worktree / "train.py").read_text() == "DEPTH = 4\nLR=0.04\n"
    assert (tmp_path / "train.py").read_text() == "DEPTH = 4\n"
    assert any("You propose the next experiment" in asked for asked in servers[0].asked)


def test_opencode_cannot_commit(opencode: Opencode, worktree: Path) -> None:
    """A commit that the model asks for is refused by git, and the program goes on to its answer."""
    before = git(worktree, "for-each-ref"), git(worktree, "rev-parse", "HEAD")
    answer = opencode("git -c user.name=u -c user.email=u@x commit --allow-empty -m mine; git branch mine")
    assert answer.ok
    assert before == (git(worktree, "for-each-ref"), git(worktree, "rev-parse", "HEAD"))


def test_opencode_may_not_reach_outside(opencode: Opencode, tmp_path: Path) -> None:
    """A command on a path outside the worktree is denied, and the program goes on to its answer."""
    answer = opencode(f"rm {tmp_path / 'train.py'}")
    assert (tmp_path / "train.py").exists()
    assert answer.ok


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_opencode_answers_where_it_may_not_write(opencode: Opencode, worktree: Path, tmp_path: Path) -> None:
    """Confined as a proposer it changes neither its worktree nor the repository, and answers all the same."""
    # In other words than paths, which opencode itself refuses.
    answer = opencode('echo mine >> train.py; up=..; cd "$up/$up"; echo mine > train.py', confined=True)
    assert (answer.ok, answer.reason) == (True, None)
    assert (worktree / "train.py").read_text() == "DEPTH = 4\n"
    assert (tmp_path / "train.py").read_text() == "DEPTH = 4\n"
