"""Two agents and the search that take turns, of which one has a wrong key."""

import json
import os

from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import git, make_repo


REFUSED = """\
#!/bin/sh
cat > /dev/null
echo '{"type":"error","message":"unexpected status 401 Unauthorized: Incorrect API key provided"}'
exit 1
"""
PROPOSES = """\
import json, os, sys
sys.stdin.read()
rate = 0.05 - 0.001 * int(os.environ["AUTORESEARCH_ITERATION"])
words = {"status": "ok", "description": f"rate {rate}", "change_plan": "-", "commit_description": "rate"}
print(json.dumps(words | {"set": {"LR": rate}}))
"""
TRAIN = 'LR = 0.04  # search: 0.01..0.1\nprint(f"val_bpb: {1 + abs(LR - 0.05):.6f}")\n'


def test_one_that_cannot_answer_is_passed_over(tmp_path, capsys, monkeypatch):
    """The next one has its turn, the search its own, and the audit takes every turn again."""
    repo, agent, programs = make_repo(tmp_path / "repo"), tmp_path / "agent.py", tmp_path / "bin"
    agent.write_text(PROPOSES)
    programs.mkdir()
    (programs / "codex").write_text(REFUSED)
    (programs / "codex").chmod(0o755)
    (repo / "train.py").write_text(TRAIN)
    settings = repo / "pyproject.toml"
    listed = f'agent = ["codex:gpt-5.5", "custom", "search"]\nagent_command = ["{{python}}", "{agent}"]\n'
    given = settings.read_text().replace('agent = "none"\n', "")
    settings.write_text(f'{given}{listed}agent_writes = ["/"]\n')
    git(repo, "commit", "-qam", "agents")
    monkeypatch.chdir(repo)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    assert 0 == main(["start", "--loops", "3", "--no-background-train"])
    (paths,) = started_runs(repo)
    events = [one.event for one in read(paths.history)]
    asked = [one.agent for one in events if isinstance(one, ev.AgentAsked)]
    assert ["codex:gpt-5.5", "custom", "custom"] == asked
    chosen = [one.source for one in events if isinstance(one, ev.ProposalChosen)]
    assert ["agent", "search", "agent"] == chosen
    capsys.readouterr()
    assert 0 == main(["status", "--json"])
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)["proposers"]}
    assert {"codex:gpt-5.5": 0, "custom": 2, "search": 1} == {
        name: one["proposals"] for name, one in told.items()
    }
    assert told["custom"]["gain"] > 0
    assert told["codex:gpt-5.5"]["usd"] is None
    assert 0 == main(["report"])
    assert "Who proposed" in capsys.readouterr().out
    assert 0 == main(["replay"])
