"""A repository with one commit, of git itself and in memory: what each test of the port Git is given."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresearch.engine.git.repository import RealGit, find_top
from autoresearch.engine.ports.worktrees import Git
from tests.fakes.git import FakeGit


START = {
    "train.py": b"A = 1\nB = 2\nC = 3\n",
    "prepare.py": b"print()\n",
    ".gitignore": b"*.tmp\nworkflows\n",
}


def make_real(top: Path) -> RealGit:
    """Make a repository as a user does, with one commit."""
    top.mkdir(parents=True)
    for name, content in START.items():
        (top / name).write_bytes(content)
    who = ("-c", "user.name=user", "-c", "user.email=user@localhost")
    for command in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-q", "-m", "start")):
        subprocess.run(["git", *command], cwd=top, check=True)
    return RealGit(find_top(top))


def make_fake(top: Path) -> FakeGit:
    """Make the same one in memory."""
    top.mkdir(parents=True)
    return FakeGit(top, START)


@pytest.fixture(params=[make_fake, make_real], ids=["fake", "real"])
def make(request: pytest.FixtureRequest) -> Callable[[Path], Git]:
    """Return how to make a repository."""
    made: Callable[[Path], Git] = request.param
    return made


@pytest.fixture
def git(make: Callable[[Path], Git], tmp_path: Path) -> Git:
    """Return a repository with one commit on main, which the user has checked out."""
    return make(tmp_path / "repo")


@pytest.fixture
def start(git: Git) -> str:
    """Return the first commit."""
    found = git.resolve("HEAD")
    assert found is not None
    return found


@pytest.fixture
def worktree(git: Git, start: str) -> Path:
    """Return a worktree on the first commit."""
    folder = git.top / ".autoresearch" / "runs" / "main-r001" / "worktree"
    git.ensure_worktree(folder, start)
    return folder


def listing(folder: Path) -> dict[str, bytes | None]:
    """Return all that is in a worktree: a file's content, None for any other entry."""
    found = ((path, path.is_file() and not path.is_symlink()) for path in folder.rglob("*"))
    return {str(path): path.read_bytes() if plain else None for path, plain in found if path.name != ".git"}
