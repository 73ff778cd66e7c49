"""AGENTS.md, executed: each command in the order in which it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import DOOR, Program, at_rest, hold_trainings
from tests.waiting import PATIENCE_S


TEXT = (Path(__file__).resolve().parents[3] / "AGENTS.md").read_text()
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


def test_every_command_of_agents_md_works(program: Program):
    """What AGENTS.md tells an agent to type ends with code 0, typed in that order."""
    train = program.repo / "train.py"
    train.write_text(train.read_text().replace("WIDTH = 8", "DEPTH = 2  # as in AGENTS.md\nWIDTH = 8"))
    turn = hold_trainings(program)  # so that it can be paused, directed and stopped in the middle
    for command in COMMANDS:
        if "--no-background-train" in command or " retract " in command or command.endswith(" propose -"):
            program.wait(at_rest)
        typed = command.replace("python workflows/run_experiment.py", shlex.join([sys.executable, str(DOOR)]))
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
        if command.endswith(" stop"):
            turn.is_for_all()
    assert 2 == len(program("runs").stdout.splitlines()) - 1
