"""A second agent reads what would be trained or kept, and vetoes it: a real program in a real run."""

import json

import pytest

from autoresearch.engine.paths import HISTORY
from tests.e2e.conftest import ROOT, Program


FAKE = ROOT / "tests" / "e2e" / "fixtures" / "agents" / "fake_agent.py"
WIDER = {"status": "ok", "description": "wider", "change_plan": "Set WIDTH to 16.", "set": {"WIDTH": 16}}
SAID = "vetoed by review (custom): train.py:1 reads the test text"


@pytest.mark.parametrize(("before", "trained"), [("before-training", [0]), ("before-keep", [0, 1])])
def test_a_review_vetoes_what_would_be(program: Program, before: str, trained: list[int]):
    """A better change is not trained, or not kept, and every page says by whom and why."""
    settings = program.repo / "pyproject.toml"
    reviewer = f'agent_command = ["{{python}}", "{FAKE}", "review", "veto"]\nreview_agent = "custom"\n'
    settings.write_text(f'{settings.read_text()}review = "{before}"\n{reviewer}')
    (program.repo / "wider.json").write_text(json.dumps(WIDER | {"commit_description": "WIDTH 16"}))
    program.git("add", "-A")
    program.git("commit", "-qm", "a reviewer")
    options = ("--no-stochastic", "--proposal-file", "wider.json", "--no-background-train")
    program("start", "--loops", "1", *options)
    history = (program.run_folder() / HISTORY).read_text()
    events = [json.loads(line) for line in history.splitlines()]
    begun = [one["data"]["iteration"] for one in events if one["type"] == "TrainingStarted"]
    assert trained == begun
    (asked,) = [one["data"] for one in events if one["type"] == "AgentAsked"]
    assert ("review", "custom") == (asked["step"], asked["agent"])
    assert "1 change tried (1 vetoed), 0 loops left" in program("status").stdout
    for page in (("experiments", "--json"), ("show", "1"), ("history",)):
        assert SAID in " ".join(program(*page).stdout.split()), page
    for page in ("experiments", "report"):
        assert "vetoed" in program(page).stdout
    assert "" == program.git("status", "--porcelain")
    (program.repo / "program.md").write_text("Newer words.\n")
    program.git("commit", "-qam", "guidance of later, which the reviewer never saw")
    assert program("rerun", "--recorded").stdout.endswith("nothing differs\n")


def test_a_review_that_nobody_can_give_is_refused(program: Program):
    """Without an agent, and with none that reviews, no run is started, and the way out is named."""
    settings = program.repo / "pyproject.toml"
    settings.write_text(f'{settings.read_text()}review = "before-keep"\n')
    program.git("commit", "-qam", "reviewed")
    refused = program("start", "--loops", "1", "--no-stochastic", code=None)
    assert 2 == refused.returncode
    assert "set review_agent in the settings" in refused.stderr
