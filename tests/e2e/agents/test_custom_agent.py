"""The programs of docs/agents.md, cut out of the page, drive real runs."""

import json
import re
import shutil

import pytest

from autoresearch.engine.paths import HISTORY
from tests.e2e.conftest import ROOT, Program


PAGE = (ROOT / "docs" / "agents.md").read_text()
EXAMPLES = {
    name: text
    for text, name in re.findall(r"^```\w+\n(# (agent\.\w+)\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}


def answered(program: Program, name: str, called: str) -> list[dict]:
    """Run one iteration with an example as the agent; return what it answered, by the log."""
    (program.repo / name).write_text(EXAMPLES[name])
    settings = program.repo / "pyproject.toml"
    settings.write_text(f'{settings.read_text()}agent = "custom"\nagent_command = ["{called}", "{name}"]\n')
    program.git("add", "-A")
    program.git("commit", "-qm", "an agent")
    (program.repo.parent / "bin" / "cat").symlink_to(shutil.which("cat") or "")
    program("start", "--loops", "1", "--no-background-train")
    history = (program.run_folder() / HISTORY).read_text()
    events = [json.loads(line) for line in history.splitlines()]
    assert 1 == sum(one["type"] == "CandidateKept" and one["data"]["iteration"] == 1 for one in events)
    return [one["data"] for one in events if one["type"] == "AgentAnswered"]


@pytest.mark.parametrize(
    ("name", "called", "steps"),
    [("agent.sh", "sh", ["propose"]), ("agent.py", "{python}", ["propose", "apply"])],
)
def test_the_examples_of_the_page_drive_a_run(program: Program, name: str, called: str, steps: list[str]):
    """Each ten-line program has its idea kept; what it said of itself is on the log, and no more."""
    answers = answered(program, name, called)
    assert (
        '> answer: {"status": "ok", "description": "wider' in program("logs", "1", "--step", "propose").stdout
    )
    assert [(step, "ok") for step in steps] == [(one["step"], one["outcome"]) for one in answers]
    assert 10 >= EXAMPLES[name].count("\n") - 1
    for one in answers:
        usage = one["usage"]
        if name == "agent.sh":
            assert (40, None, "unknown") == (usage["output"], usage["cost_usd"], usage["cost_basis"])
            assert usage["input_uncached"] > 1000
            assert (program.run_folder().name, None) == (one["session_id"], one["model"])
        else:
            assert (None, 0.01, "reported") == (usage["output"], usage["cost_usd"], usage["cost_basis"])
            assert (None, "mine") == (one["session_id"], one["model"])
