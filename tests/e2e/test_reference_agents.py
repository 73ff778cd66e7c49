"""AGENTS.md, executed: each command in the order in which it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import DOOR, Program, at_rest


TEXT = (Path(__file__).resolve().parents[2] / "AGENTS.md").read_text()
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


def test_every_command_of_agents_md_works(program: Program):
    """What AGENTS.md tells an agent to type ends with code 0, typed in that order."""
    pace = program.repo.parent / "pace"
    pace.write_text("3")  # slow enough to be paused, directed and stopped in the middle
    train = program.repo / "train.py"
    train.write_text(
        train.read_text().replace("SECONDS = 0.2", f"SECONDS = float(open({str(pace)!r}).read())")
    )
    program.git("commit", "-qam", "a training of any pace")
    for command in COMMANDS:
        if "--no-background-train" in command or command.endswith(" propose -"):
            program.wait(at_rest)
        typed = command.replace("python workflows/run_experiment.py", shlex.join([sys.executable, str(DOOR)]))
        done = subprocess.run(
            ["sh", "-c", typed],
            cwd=program.repo,
            env=program.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert 0 == done.returncode, f"{command}\n{done.stdout}\n{done.stderr}"
        if command.endswith(" stop"):
            pace.write_text("0.1")
    assert 2 == len(program("runs").stdout.splitlines()) - 1
