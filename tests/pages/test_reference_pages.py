import json
import re
import shlex
from pathlib import Path

import pytest
import typer

from autoresearch.engine.proposals.parse import parse
from autoresearch.workflows import reference
from autoresearch.workflows.cli.main import COMMANDS, EXIT_CODES, build


ROOT = Path(__file__).resolve().parents[2]
AGENTS = (ROOT / "AGENTS.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", AGENTS, re.DOTALL)
TYPED = [
    line[2:]
    for kind, text in BLOCKS
    if kind == "console"
    for line in text.splitlines()
    if line.startswith("$ ")
]
PROPOSALS = [text for kind, text in BLOCKS if kind == "json"]


@pytest.mark.parametrize("name", ["cli.md", "events.md", "config.md", "run.ipynb", reference.FORM_SCRIPT])
def test_generated_pages_are_fresh(name):
    """docs/ says what the program says: run `python -m autoresearch.workflows.reference --write`."""
    assert reference.pages()[name] == (ROOT / "docs" / name).read_text()


def test_a_stale_page_is_named(monkeypatch, tmp_path, capsys):
    """`--check` fails on a missing or changed page, and `--write` mends it."""
    monkeypatch.setattr(reference, "DOCS", tmp_path / "docs")
    assert 1 == reference.main(["--check"])
    assert "docs/cli.md is stale" in capsys.readouterr().err
    assert 0 == reference.main(["--write"])
    assert 0 == reference.main(["--check"])
    (tmp_path / "docs" / "cli.md").write_text("changed")
    assert 1 == reference.main(["--check"])
    assert 2 == reference.main([])


def test_the_command_page_has_every_command_and_code():
    """No command, and no exit code, is missing from docs/cli.md."""
    page = reference.pages()["cli.md"]
    assert list(COMMANDS) == [line[3:] for line in page.splitlines() if line.startswith("## ")][:-1]
    assert all(f"| {code} | " in page for code in EXIT_CODES)


@pytest.mark.parametrize("typed", TYPED)
def test_every_command_of_agents_md_parses(typed):
    """Each command in AGENTS.md is one that the command line takes, with all of its options."""
    words = shlex.split(typed.rpartition(" | ")[2])
    assert ["python", "workflows/run_experiment.py"] == words[:2]
    command = typer.main.get_command(build()).commands[words[2]]
    context = command.make_context(words[2], words[3:])
    assert words[2] == context.info_name


def test_agents_md_is_short_and_names_every_command():
    """AGENTS.md fits on two screens, and CLAUDE.md points at it."""
    assert len(AGENTS.splitlines()) <= 120
    typed_ones = {shlex.split(typed.rpartition(" | ")[2])[2] for typed in TYPED}
    assert set() == {name for name in COMMANDS if name not in typed_ones and f"`{name} " not in AGENTS}
    assert "@AGENTS.md\n" == (ROOT / "CLAUDE.md").read_text()
    assert all(f"{code}" in AGENTS for code in EXIT_CODES)


def test_the_proposals_of_agents_md_are_proposals():
    """Each JSON example is valid, and every form has one."""
    forms = [set(json.loads(text)) & {"set", "edits", "patch"} for text in PROPOSALS]
    assert [{"set"}, {"edits"}, {"patch"}, set()] == forms
    assert [False, False, False, True] == [parse(text.encode()).is_prose for text in PROPOSALS]
