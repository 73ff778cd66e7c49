"""What would be kept waits for a human, who approves or vetoes it."""

import json

import pytest

from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.projections.words.wording import say_verdict
from autoresearch.workflows.cli.main import main
from tests import given as g
from tests.cli_helpers import make_repo, make_run
from tests.e2e.acting.test_done_objects import checked


@pytest.fixture
def waits(tmp_path, monkeypatch):
    """A run of which the first candidate is better, and waits for a word."""
    repo = make_repo(tmp_path / "repo")
    monkeypatch.chdir(repo)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    config = RunConfig(agent="none", keep_rule="lower", final=0, approve="human", approve_wait_s=0.0)
    judged = (g.training(1), g.trained(1, 1.25), g.row(1, 1.25), ev.ApprovalAsked(iteration=1, until=""))
    return make_run(repo, g.started(config), g.asked(), *g.BASELINE, *g.candidate(1), *judged)


def said(capsys, *words: str) -> tuple[int, str]:
    """Run one command line; return its exit code and all that it printed."""
    code = main(list(words))
    out = capsys.readouterr()
    return code, out.out + out.err


def test_a_human_approves_and_vetoes_in_words(waits, capsys):
    """Status names what waits and both ways out; one that does not wait, or no reason, is refused."""
    told = json.loads(said(capsys, "status", "--json")[1])
    assert [(1, 1.25)] == [(one["iteration"], one["metric"]) for one in told["approvals"]]
    assert "veto 1 --why TEXT" in said(capsys, "status")[1]
    found = checked("wait", said(capsys, "wait", "--json", "--for", "question", "--timeout", "9")[1])
    assert ("approval", 1) == (found["what"], found["iteration"])
    assert 3 == said(capsys, "approve", "2")[0]
    assert 5 == said(capsys, "veto", "1", "--why", " ")[0]
    words = ("veto", "1", "--why", "it looks", "--json", "--key", "no")
    vetoed = checked("veto", said(capsys, *words)[1])
    assert {**vetoed, "known": True} == checked("veto", said(capsys, *words)[1])
    assert ("it looks", False) == (vetoed["why"], vetoed["runner_alive"])
    assert "vetoed" == load(waits).run.open[0].approval.said
    assert 3 == said(capsys, "approve", "1")[0]
    assert [] == json.loads(said(capsys, "status", "--json")[1])["approvals"]
    assert "iteration 1 was vetoed: it looks" in said(capsys, "history")[1]


def test_a_word_is_an_object(waits, capsys):
    """Approving says what may be kept now."""
    told = [checked("approve", said(capsys, "approve", "1", "--json", "--key", "yes")[1]) for _ in range(2)]
    assert [(1, False), (1, True)] == [(one["iteration"], one["known"]) for one in told]
    assert "approved" == load(waits).run.open[0].approval.said
    assert "vetoed by x: y" == say_verdict("vetoed", {"by": "x", "said": "y", "gain": 1.0, "min_delta": 0.0})
