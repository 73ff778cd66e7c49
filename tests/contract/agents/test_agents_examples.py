"""AGENTS.md's proposals, applied to the repository's own train.py: an example that fails teaches to fail."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.proposals.changes import apply, check_candidate
from autoresearch.engine.proposals.parse import from_fields, parse
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Proposal
from tests.cli_helpers import git


ROOT = Path(__file__).resolve().parents[3]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "AGENTS.md").read_text(), re.DOTALL)
TYPED = [line for kind, text in BLOCKS if kind == "console" for line in text.splitlines() if line[:1] == "$"]
CONFIG = RunConfig()


def examples() -> list[Proposal]:
    """Return every proposal of the page: as JSON, handed to `propose -`, and made by `propose --set`."""
    found = [parse(text.encode()) for kind, text in BLOCKS if kind == "json"]
    for typed in TYPED:
        words = shlex.split(typed)
        if "--set" in words:
            settings = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
            found.append(from_fields("d", "p", "c", settings))
        elif "echo" in words:
            found.append(parse(words[words.index("echo") + 1].encode()))
    return found


@pytest.fixture
def own(tmp_path: Path) -> RealGit:
    """A repository with the files that the program itself starts with, committed."""
    for name in (*CONFIG.editable, *CONFIG.protected):
        shutil.copy(ROOT / name, tmp_path / name)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return RealGit(tmp_path)


def test_every_form_has_an_example():
    """The page shows each way to propose, and a change that an agent carries out."""
    forms = [json.dumps([bool(one.set), bool(one.edits), bool(one.patch)]) for one in examples()]
    assert {"[true, false, false]", "[false, true, false]", "[false, false, true]"} < set(forms)
    assert 6 == len(forms)


@pytest.mark.parametrize("number", range(len(examples())))
def test_an_example_applies_to_train_py(own: RealGit, tmp_path: Path, number: int):
    """Each exact form fits the train.py of this very commit, changes it, and leaves a file that compiles."""
    proposal = examples()[number]
    base = own.resolve("HEAD")
    assert base is not None
    tree = tmp_path / "tree"
    own.ensure_worktree(tree, base)
    if proposal.patch:
        assert not own.apply_patch(tree, proposal.patch.encode())
    files = {name: (tree / name).read_bytes() for name in CONFIG.editable}
    for name, content in apply(proposal, files, CONFIG.editable).items():
        (tree / name).write_bytes(content)
    files = {name: (tree / name).read_bytes() for name in CONFIG.editable}
    diff = own.changes(tree, base)
    assert proposal.is_prose == (not diff.files)
    assert proposal.is_prose or not check_candidate(diff, files, CONFIG)
