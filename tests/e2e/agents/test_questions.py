"""An agent that asks a human: a note that the night goes on past, answered in words."""

import json

import pytest

from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.load import load
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import BRANCH, git, make_repo, make_run
from tests.core.test_agent_asks import BEGUN, asks


ASKS = """\
import json, sys
told = sys.stdin.read()
open("{log}", "a").write(told)
words = {{"status": "need_input", "description": "Rate or depth next?", "change_plan": "-"}}
print(json.dumps(words | {{"commit_description": "-"}}))
"""


TRAIN = 'LR = 0.04  # search: 0.01..0.1\nprint(f"val_bpb: {1 + abs(LR - 0.05):.6f}")\n'


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A run at rest whose agent asked two things."""
    repo = make_repo(tmp_path / "repo")
    git(repo, "checkout", "-q", "-b", BRANCH)
    monkeypatch.chdir(repo)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    return make_run(repo, *BEGUN[1:], *asks("Rate or depth?"), *asks("Which data?", 2))


def said(capsys, *words: str) -> tuple[int, str]:
    """Run one command line; return its exit code and all that it printed."""
    code = main(list(words))
    out = capsys.readouterr()
    return code, out.out + out.err


def test_questions_are_shown_and_answered_in_words(asked, capsys):
    """Status lists what is open; of several, an answer names one, and the last needs no number."""
    told = json.loads(said(capsys, "status", "--json")[1])
    first, _ = told["questions"]
    assert ("Rate or depth?", "opencode", 1) == (first["question"], first["agent"], first["iteration"])
    assert "Which data?" in said(capsys, "status")[1]
    code, refused = said(capsys, "answer", "the rate")
    assert (2, True) == (code, f"{first['number']}: Rate or depth?" in refused)
    assert 3 == said(capsys, "answer", "x", "--question", "1")[0]
    code, answered = said(capsys, "answer", "the rate", "--question", str(first["number"]), "--json")
    given = json.loads(answered)
    assert (0, "autoresearch.answer/1", "the rate") == (code, given["schema"], given["answer"])
    assert 0 == said(capsys, "answer", "all of it")[0]
    assert ["the rate", "all of it"] == [one.answer for one in load(asked).run.questions]
    assert (3, 5) == (said(capsys, "answer", "more")[0], said(capsys, "answer", " ")[0])
    assert [] == json.loads(said(capsys, "status", "--json")[1])["questions"]


def test_a_question_does_not_stop_the_night(tmp_path, capsys, monkeypatch):
    """An agent that only asks leaves the loops to the search; an answer stands in its next prompt."""
    repo, log, agent = make_repo(tmp_path / "repo"), tmp_path / "told", tmp_path / "agent.py"
    agent.write_text(ASKS.format(log=log))
    (repo / "train.py").write_text(TRAIN)
    settings = repo / "pyproject.toml"
    command = f'agent_command = ["{{python}}", "{agent}"]\nagent_writes = ["/"]\n'
    settings.write_text(settings.read_text() + command)
    git(repo, "commit", "-qam", "agent")
    monkeypatch.chdir(repo)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    start = ("start", "--no-background-train", "--agent", "custom", "--loops", "2", "--prefetch", "0")
    code, told = said(capsys, *start)
    assert 0 == code, told
    paths = started_runs(repo)[-1]
    rows = load(paths).timeline.rows
    assert ["baseline", "search", "search"] == [row.source for row in rows]
    assert "none yet; propose without it" in log.read_text()
    assert 0 == said(capsys, "answer", "the rate, please")[0]
    assert "the rate, please" not in log.read_text()
    assert 0 == said(capsys, "resume", "--no-background-train", "--loops", "1")[0]
    assert "Question: Rate or depth next?\nAnswer: the rate, please" in log.read_text()
    settings.write_text(
        settings.read_text().replace(command, 'agent = "codex"\n').replace('agent = "none"\n', "")
    )
    code, told = said(capsys, "resume", "--loops", "1")
    assert (2, True) == (code, "no agent_command any more" in told), "nobody chose codex for this run"
