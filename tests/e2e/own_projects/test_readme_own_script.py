"""README.md's table for a script of one's own, run as it stands: what a newcomer copies must work."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.e2e.conftest import Program, at_rest


ROOT = Path(__file__).resolve().parents[3]
(TABLE,) = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
SCRIPT = 'RATE = 0.1\n\nprint(f"loss: {(RATE - 0.01) ** 2:.6f}")\n'


@pytest.fixture
def own(program: Program) -> Program:
    """A repository of nothing but the table and the script that it names."""
    program.git("rm", "-q", "train.py", "program.md")
    (name,) = tomllib.loads(TABLE)["tool"]["autoresearch"]["editable"]
    (program.repo / name).write_text(SCRIPT)
    (program.repo / "pyproject.toml").write_text(TABLE)
    program.git("add", "-A")
    program.git("commit", "-q", "-m", "my script")
    return program


def test_the_table_of_the_readme_serves_a_script(own: Program):
    """The table alone takes a script of two lines through a baseline and a change, each with its number."""
    own("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    status = own.status()
    assert at_rest(status)
    assert 1 == status["iterations_completed"]
    assert ("loss", 0.0081) == (status["metric"], status["baseline_metric"])
    recorded = [one["data"] for one in own.events() if one["type"] == "ResultRecorded"]
    assert 2 == len(recorded)


@pytest.mark.parametrize(("left_out", "code"), [("protected", 3), ("check", 4)])
def test_without_an_empty_list_the_table_fails(own: Program, left_out: str, code: int):
    """The lists are not there for nothing: the defaults name files that such a repository does not have."""
    lines = [line for line in TABLE.splitlines() if not line.startswith(f"{left_out} ")]
    assert 1 == len(TABLE.splitlines()) - len(lines)
    (own.repo / "pyproject.toml").write_text("\n".join(lines))
    own.git("commit", "-qam", "one list less")
    said = own("start", "--loops", "1", "--no-stochastic", "--no-background-train", code=code).stderr
    assert "prepare.py" in said


def test_the_way_out_of_a_missing_file_leads_to_the_table(own: Program):
    """Where nothing but command and metric is named, the refusal names the settings that the table sets."""
    lines = [line for line in TABLE.splitlines() if not line.startswith(("prepare ", "check ", "protected "))]
    (own.repo / "pyproject.toml").write_text("\n".join(lines))
    own.git("commit", "-qam", "what a newcomer would try")
    said = own("start", code=3).stderr
    assert "prepare.py is not in commit" in said
    assert "editable, protected, prepare and check" in said
