"""What the port Git promises about the user's branches: looked at, and moved forward only when asked."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresearch.engine.git.program import Refused
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.ports.repository import Branch
from autoresearch.engine.ports.worktrees import Git
from autoresearch.events.errors import NotFound
from tests.contract.git.conftest import make_fake, make_real
from tests.fakes.git import FakeGit, head


@pytest.fixture(params=[make_fake, make_real], ids=["fake", "real"])
def git(request: pytest.FixtureRequest, tmp_path: Path) -> Git:
    """Return a repository with one commit on main, which the user has checked out."""
    make: Callable[[Path], Git] = request.param
    return make(tmp_path / "repo")


@pytest.fixture
def start(git: Git) -> str:
    """Return the first commit."""
    return str(git.resolve("HEAD"))


@pytest.fixture
def kept(git: Git, start: str) -> str:
    """Return a commit on top of it, made in a run's worktree."""
    folder = place(git)
    git.ensure_worktree(folder, start)
    (folder / "train.py").write_bytes(b"A = 9\nB = 2\nC = 3\n")
    return git.commit(folder, base=start, message="kept").hash


def place(git: Git) -> Path:
    return git.top / ".autoresearch" / "runs" / "main-r001" / "worktree"


def commit_of_the_user(git: Git) -> None:
    """Commit on main, as the user does."""
    if isinstance(git, FakeGit):
        git.ensure_worktree(git.top.with_name("aside"), str(git.resolve("main")))
        (git.top.with_name("aside") / "mine.py").write_text("")
        git.refs["refs/heads/main"] = git.commit(git.top.with_name("aside"), base="main", message="mine").hash
        return
    (git.top / "mine.py").write_text("")
    for words in (("add", "-A"), ("-c", "user.name=u", "-c", "user.email=u@x", "commit", "-qm", "mine")):
        subprocess.run(["git", *words], cwd=git.top, check=True)


def test_a_checked_out_branch_moves_with_its_files(git: Git, start: str, kept: str) -> None:
    """Where the user stands on the branch, the files and the index come along."""
    assert git.fast_forward("main", kept) is None
    assert git.resolve("main") == kept
    assert (git.top / "train.py").read_bytes() == b"A = 9\nB = 2\nC = 3\n"
    assert git.modified(("train.py",)) == ()
    assert git.fast_forward("main", kept) is None


def test_a_branch_that_nobody_stands_on_moves_alone(git: Git, start: str, kept: str) -> None:
    """A branch that is not checked out moves, and one that is gone comes back."""
    git.set_ref("refs/heads/other", start, old=None)
    assert git.fast_forward("other", kept) is git.fast_forward("gone", kept) is None
    assert git.resolve("other") == git.resolve("gone") == kept
    assert (git.top / "train.py").read_bytes() == b"A = 1\nB = 2\nC = 3\n"


def test_edits_that_are_not_in_the_way_stay(git: Git, start: str, kept: str) -> None:
    """An edit of another file is there afterwards as before."""
    (git.top / "prepare.py").write_text("edited\n")
    assert git.fast_forward("main", kept) is None
    assert (git.top / "prepare.py").read_text() == "edited\n"


def test_edits_that_are_in_the_way_refuse_it(git: Git, start: str, kept: str) -> None:
    """An edit that would be lost refuses the whole, and nothing has moved."""
    (git.top / "train.py").write_text("edited\n")
    refused = git.fast_forward("main", kept)
    assert refused is not None
    assert ("refused", True) == (refused.why, "local changes" in refused.what)
    assert git.resolve("main") == start
    assert (git.top / "train.py").read_text() == "edited\n"


def test_commits_of_the_user_refuse_it(git: Git, start: str, kept: str) -> None:
    """A branch with a commit of the user's own is not moved over it."""
    commit_of_the_user(git)
    stands = git.resolve("main")
    refused = git.fast_forward("main", kept)
    assert refused is not None
    assert ("diverged", True) == (refused.why, "has commits that" in refused.what)
    assert git.resolve("main") == stands


def test_a_branch_that_went_on_stays(git: Git, start: str, kept: str) -> None:
    """A branch that has the commit and more is left where it is."""
    git.fast_forward("main", kept)
    commit_of_the_user(git)
    stands = git.resolve("main")
    assert git.fast_forward("main", kept) is None
    assert git.resolve("main") == stands


def test_a_branch_tells_who_moved_it(git: Git, start: str, kept: str) -> None:
    """Where each branch stands is told, and under which address it was moved last."""
    assert git.branches() == {"main": start}
    assert git.branch("main") == Branch(commit=start, checked_out=True)
    assert git.branch("mai") == git.branch("main/x") == Branch(commit=None, checked_out=False)
    git.set_ref("refs/heads/other/one", kept, old=None)
    assert git.branches() == {"main": start, "other/one": kept}
    assert git.branch("other/one") == Branch(commit=kept, checked_out=False)
    assert git.branch("other").commit is None
    if isinstance(git, FakeGit):
        git.movers["other/one"] = "agent@x"
    else:
        agent = {**os.environ, "GIT_COMMITTER_NAME": "agent", "GIT_COMMITTER_EMAIL": "agent@x"}
        move = ["git", "update-ref", "refs/heads/other/one", start]
        subprocess.run(move, cwd=place(git), env=agent, check=True)
    assert git.last_mover("other/one") == "agent@x"
    assert git.last_mover("main") != "agent@x"
    assert git.last_mover("none") == ""


def test_a_commit_is_held_by_branches_and_not_by_a_runs_refs(git: Git, start: str, kept: str) -> None:
    """Only what a branch or a tag contains is held."""
    git.set_ref("refs/autoresearch/main-r001/1", kept, old=None)
    assert git.is_held(start)
    assert not git.is_held(kept)
    git.set_ref("refs/heads/other", kept, old=None)
    assert git.is_held(kept)


def test_a_ref_is_dropped_where_it_stands_as_expected(git: Git, start: str, kept: str) -> None:
    """A ref that moved is not dropped; dropping twice is dropping once."""
    ref = "refs/autoresearch/main-r001/1"
    git.set_ref(ref, kept, old=None)
    assert not git.drop_ref(ref, old=start)
    assert git.drop_ref(ref, old=kept)
    assert git.drop_ref(ref, old=kept)
    assert git.refs_below("refs/autoresearch/main-r001") == {}


def test_a_worktree_is_removed_with_its_record(git: Git, start: str, kept: str) -> None:
    """A removed worktree is gone, edits and all, and can be made again."""
    (place(git) / "train.py").write_text("edited\n")
    git.remove_worktree(place(git))
    git.remove_worktree(place(git))
    assert not place(git).exists()
    with pytest.raises(NotFound):
        git.reset(place(git), kept)
    if isinstance(git, RealGit):
        assert not list((git.top / ".git" / "worktrees").glob("*"))
    git.ensure_worktree(place(git), kept)
    assert head(git, place(git)) == kept


def test_branches_are_listed_while_a_worktree_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git dies of a worktree that another process removes while it lists them; it is asked again."""
    git, calls = make_real(tmp_path / "repo"), 0
    ask = RealGit.read

    def dies_once(self: RealGit, *command: str, stdin: bytes | None = None) -> bytes:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Refused("fatal: Invalid path '.git/worktrees/gone': No such file or directory")
        return ask(self, *command, stdin=stdin)

    monkeypatch.setattr(RealGit, "read", dies_once)
    assert {"main"} == git.branches_checked_out()
    assert calls > 1
    calls = 0
    assert git.branch("main").checked_out
