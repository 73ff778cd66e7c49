"""A committed repository and runs in it whose histories a test has written, for tests of the command line."""

import os
import subprocess
from pathlib import Path

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.claim import claim_run
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from tests import given as g


BRANCH = "autoresearch/mar8"
FILES = {
    "train.py": "LR = 0.1\n",
    "prepare.py": "",
    "program.md": "",
    "pyproject.toml": '[tool.autoresearch]\nagent = "none"\nkeep_rule = "lower"\nfinal = 0\n',
}


def git(repo: Path, *words: str) -> str:
    """Run git in a repository, as a user with a name."""
    done = subprocess.run(
        ["git", "-c", "user.name=User", "-c", "user.email=user@localhost", *words],
        cwd=repo,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def make_repo(folder: Path) -> Path:
    """Make a repository with the files that a run needs, committed."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def make_run(repo: Path, *events: ev.Event, branch: str = BRANCH) -> RunPaths:
    """Write a run whose history is these events, after its RunStarted."""
    paths = claim_run(repo, branch)
    head = git(repo, "rev-parse", "HEAD")
    begun = ev.RunStarted(
        run_id=paths.run_id,
        branch=branch,
        base_commit=head,
        base_tree=git(repo, "rev-parse", "HEAD^{tree}"),
        config=g.RunConfig(agent="none", keep_rule="lower", final=0),
        program_version="0",
    )
    with EventLog(paths.history, durability="off") as log:
        log.append([begun, *events], by="test")
    return paths


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, to see whether anything was written."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
