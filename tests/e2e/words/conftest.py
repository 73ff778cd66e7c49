"""A repository in which the command line is called, and no runner is launched."""

import os
from pathlib import Path

import pytest

from autoresearch.engine.control.launch import Launched
from autoresearch.workflows.cli import options
from tests.cli_helpers import make_repo


@pytest.fixture
def repo(tmp_path, monkeypatch) -> Path:
    """A committed repository, which is the current folder; launching a runner is only remembered."""
    made = make_repo(tmp_path / "a repo")
    monkeypatch.chdir(made)
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    launched = Launched(runner=None, already=False)
    monkeypatch.setattr(options, "ensure_runner", lambda paths: launched)
    return made
