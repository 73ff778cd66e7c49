"""Completion in a real bash, by the script that the program prints."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autoresearch.engine.runs.views import rebuild
from tests import given as g
from tests.cli_helpers import make_repo, make_run


ROOT = Path(__file__).resolve().parents[3]
ASK = """
source ./script
COMP_WORDS=({words} "{last}") COMP_CWORD={place}
_autoresearch_completion autoresearch
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def bash(tmp_path: Path):
    """Ask bash to complete words in a repository with a run of a valid snapshot; the program is on PATH."""
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    repo = make_repo(tmp_path / "repo")
    rebuild(make_run(repo, g.asked(2), *g.BASELINE))
    program = tmp_path / "bin" / "autoresearch"
    program.parent.mkdir()
    door = ROOT / "workflows" / "run_experiment.py"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{door}" "$@"\n')
    program.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    env = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(home)}
    # The shell is named here, since the nearest one above a test may be another: that of make, for one.
    env["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"

    def run(*words: str) -> str:
        done = subprocess.run(words, cwd=repo, env=env, text=True, capture_output=True, check=True)
        return done.stdout

    def complete(*words: str) -> list[str]:
        *before, last = words
        ask = ASK.format(words=" ".join(before), last=last, place=len(before))
        return [one for one in run("bash", "-c", ask).splitlines() if one]

    run("autoresearch", "--install-completion", "bash")
    installed = next(home.rglob("autoresearch.sh")).read_text()
    (repo / "script").write_text(run("autoresearch", "--show-completion", "bash"))
    assert installed.split() == (repo / "script").read_text().split()
    return complete


def test_bash_completes_commands_options_runs_and_stages(bash):
    """Commands, options, run ids and lists of stages; also of the command that has a quick answer."""
    assert ["start", "stop", "status"] == bash("autoresearch", "st")
    assert ["autoresearch-mar8-r001"] == bash("autoresearch", "status", "--json", "--run-id", "auto")
    assert ["--json"] == bash("autoresearch", "status", "--js")
    assert ["baseline"] == bash("autoresearch", "start", "--only", "ba")
    assert ["propose,apply"] == bash("autoresearch", "start", "--loop-only", "propose,ap")
    assert [] == bash("autoresearch", "status", "--run-id", "nosuch")
