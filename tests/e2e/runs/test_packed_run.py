"""A finished iteration leaves two files, and everything reads them as before: audit, logs, show."""

import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.paths import OUTPUT, PACK
from autoresearch.engine.runs.catalogue import started_runs
from tests.e2e.conftest import Program, at_rest


AGENT = """\
read -r first
case $first in
You*) echo '{"status": "ok", "description": "wider", "change_plan": "So.", "commit_description": "wider"}' ;;
*) echo "WIDTH = 16$$" >> train.py; echo "widened it" ;;
esac
"""


@pytest.fixture
def agent(program: Program) -> Program:
    """The program in a repository with an agent that proposes and edits at once."""
    (program.repo / "agent.sh").write_text(AGENT)
    settings = program.repo / "pyproject.toml"
    settings.write_text(settings.read_text() + 'agent = "custom"\nagent_command = ["sh", "agent.sh"]\n')
    program.git("add", "-A")
    program.git("commit", "-qm", "an agent")
    return program


def files_of(iteration: Path) -> set[str]:
    return {str(path.relative_to(iteration)) for path in iteration.rglob("*") if path.is_file()}


def first_difference(program: Program) -> str:
    (paths,) = started_runs(program.repo)
    return str(audit(paths, git=RealGit(program.repo), jobs=RealJobs())[0].first)


def rewritten(archive: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Write a pack anew, its files changed."""
    with tarfile.open(archive) as tar:
        held = [(one.name, tar.extractfile(one).read()) for one in tar]  # type: ignore[union-attr]
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in held:
            member = tarfile.TarInfo(name)
            member.size = len(changed := change(name, content))
            tar.addfile(member, io.BytesIO(changed))


def test_a_run_with_an_agent_is_packed(agent: Program) -> None:
    """Of each iteration, a pack and the training's log are left; logs, show and the audit read them."""
    agent("start", "--loops", "2", "--no-background-train", code=None)
    iterations = agent.run_folder() / "iterations"
    assert {PACK, f"train.1/{OUTPUT}"} == files_of(iterations / "0001") == files_of(iterations / "0002")
    assert "widened it\n" == agent("logs", "1", "--step", "apply").stdout
    assert "widened it\n" == agent("logs", "1", "--step", "apply", "-f").stdout
    assert "val_bpb:" in agent("logs", "1").stdout
    assert "+WIDTH = 16" in agent("show", "1").stdout
    agent.audit()
    rewritten(iterations / "0001" / PACK, lambda name, said: said + b"!" * name.endswith(OUTPUT))
    assert "output.sha256" in first_difference(agent)
    (iterations / "0001" / PACK).write_bytes(b"no archive")
    assert "damaged" in first_difference(agent)
    (iterations / "0001" / PACK).unlink()
    assert "None" == first_difference(agent)  # a folder that was removed is no difference
    agent.is_true = False


def test_what_a_killed_runner_left_unpacked_the_next_one_packs(agent: Program) -> None:
    """An iteration whose runner died before it was packed is packed by the next runner of the run."""
    agent("start", "--loops", "1", "--no-background-train", code=None)
    iteration = agent.run_folder() / "iterations" / "0001"
    subprocess.run(["tar", "-xzf", PACK], cwd=iteration, check=True)
    (iteration / PACK).unlink()
    agent.audit()
    before = files_of(iteration)
    assert "propose.1/prompt.txt" in before
    agent("resume", "--loops", "1")
    agent.wait(at_rest)
    assert {PACK, f"train.1/{OUTPUT}"} == files_of(iteration)
    with tarfile.open(iteration / PACK) as tar:
        assert before - {f"train.1/{OUTPUT}"} == set(tar.getnames())
