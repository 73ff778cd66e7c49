"""The skills in .agents/skills: their form, and each command in them, typed in its order."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import DOOR, Program, at_rest
from tests.waiting import PATIENCE_S


ROOT = Path(__file__).resolve().parents[3]
SKILLS = sorted((ROOT / ".agents" / "skills").iterdir())
HEAD = re.compile(r"---\nname: ([a-z0-9-]{1,64})\ndescription: (.{1,1024})\n---\n")


def commands(skill: Path) -> list[str]:
    """Return what a skill tells an agent to type."""
    blocks = re.findall(r"```console\n(.*?)```", (skill / "SKILL.md").read_text(), re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def test_a_skill_is_found_by_its_head():
    """Its name is its folder's, its description fits, it is short, and claude finds it where it looks."""
    assert ["inspect", "program", "propose", "run"] == [
        one.name.removeprefix("autoresearch-") for one in SKILLS
    ]
    for skill in SKILLS:
        text = (skill / "SKILL.md").read_text()
        head = HEAD.match(text)
        assert head, skill
        assert skill.name == head[1]
        assert len(text) < 4000
        assert text == (ROOT / ".claude" / "skills" / skill.name / "SKILL.md").read_text()


@pytest.mark.parametrize("name", ["run", "propose", "inspect", "program"])
def test_every_command_of_a_skill_works(name: str, program: Program):
    """What a skill tells an agent to type ends with code 0, typed in that order."""
    train = program.repo / "train.py"  # slow enough to be paused and stopped
    train.write_text(train.read_text().replace("SECONDS = 0.2", f"SECONDS = {1.5 if name == 'run' else 0.1}"))
    program.git("commit", "-qam", "slower")
    if name != "run":  # which begins one itself
        program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    door = shlex.join([sys.executable, str(DOOR)])
    for command in commands(ROOT / ".agents" / "skills" / f"autoresearch-{name}"):
        typed = re.sub(r"(^|\| )autoresearch ", rf"\1{door} ", command)
        done = subprocess.run(
            ["sh", "-c", typed],
            cwd=program.repo,
            env=program.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert 0 == done.returncode, f"{command}\n{done.stdout}\n{done.stderr}"
    program.wait(at_rest)
