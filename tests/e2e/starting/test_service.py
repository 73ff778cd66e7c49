"""The recipe of a service, docs/service.md: systemd takes the unit, and the program the command in it."""

import configparser
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.belief.test_equal_beginnings import commit
from tests.e2e.conftest import Program, at_rest, hold_trainings
from tests.e2e.runs.test_whole_run import training_of
from tests.e2e.sealing.test_sealed_trainings import of_type


PAGE = Path(__file__).resolve().parents[3] / "docs" / "service.md"
TRAIN = "LR = 0.1\nprint('val_bpb: 1.0')\n"


def unit() -> str:
    """Return the unit as the page has it."""
    found = re.search(r"```ini\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def typed_at_boot() -> list[str]:
    """Return the words that the unit gives the program."""
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.optionxform = str
    parsed.read_string(unit())
    assert "process" == parsed["Service"]["KillMode"]
    program_path, *words = parsed["Service"]["ExecStart"].split()
    assert "autoresearch" == Path(program_path).name
    return words


def test_its_command_does_nothing_with_a_run_that_rests(program: Program):
    """What a boot types is taken by the program, and begins nothing that was ended."""
    commit(program, TRAIN)
    program("start", "--no-background-train", "--no-stochastic", "--loops", "0")
    before = program.events()
    program(*typed_at_boot())
    assert before == program.events()


def test_its_command_brings_a_run_back(program: Program):
    """A run whose runner died in a training goes on where it stood; once that is done, it does nothing."""
    turn = hold_trainings(program)
    program("start", "--loops", "1", "--no-stochastic")
    program.wait(training_of(0))
    (runner,) = of_type(program, "RunnerStarted")
    os.kill(runner["process"]["pid"], signal.SIGKILL)
    program.wait(lambda status: status["phase"] == "interrupted")
    turn.is_for_all()
    program(*typed_at_boot())
    status = program.status()
    assert (True, 1) == (at_rest(status), status["iterations_completed"])
    before = program.events()
    program(*typed_at_boot())
    assert before == program.events()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path):
    """Every key and value of it is one that systemd knows."""
    file = tmp_path / "autoresearch.service"
    file.write_text(
        unit().replace("%h/.local/bin/autoresearch", sys.executable).replace("%h/my-project", str(tmp_path))
    )
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)], capture_output=True, text=True, check=False
    )
    own = [line for line in done.stderr.splitlines() if "autoresearch" in line]
    assert (0, []) == (done.returncode, own), done.stderr
