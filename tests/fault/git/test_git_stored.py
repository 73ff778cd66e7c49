"""What is read from git's own files is what git says of them, or git is asked."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresearch.engine.git import stored_refs
from autoresearch.engine.git.checkouts.stray import is_bare
from autoresearch.engine.git.repository import RealGit


def git(repo: Path, *words: str) -> str:
    who = ("-c", "user.name=u", "-c", "user.email=u@localhost", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *who, *words], cwd=repo, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with branches of its own file, packed, both, and of a deep name."""
    made = tmp_path / "repo"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    for name in ("train.py", "deep/er/one.py", "a b.txt", "ü.txt"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
    git(made, "add", "-A")
    git(made, "commit", "-qm", "first")
    for name in ("packed", "both", "deep/er/branch"):
        git(made, "branch", name)
    git(made, "pack-refs", "--all")
    git(made, "commit", "-q", "--allow-empty", "-m", "second")
    git(made, "branch", "-f", "both")
    git(made, "branch", "loose")
    git(made, "tag", "-am", "a tag", "tagged")
    git(made, "pack-refs")
    return made


def _symbolic(repo: Path) -> None:
    git(repo, "symbolic-ref", "refs/heads/alias", "refs/heads/main")


def _nothing_loose(repo: Path) -> None:
    git(repo, "pack-refs", "--all", "--prune")


REPOSITORIES: dict[str, Callable[[Path], object]] = {
    "plain": lambda _: None,
    "all packed": _nothing_loose,
    "a symbolic branch": _symbolic,
    "a name beyond ASCII": lambda repo: git(repo, "branch", "ü"),
    "a lock": lambda repo: (repo / ".git" / "refs" / "heads" / "main.lock").touch(),
    "garbage collected": lambda repo: git(repo, "gc", "-q"),
}


@pytest.mark.parametrize("change", REPOSITORIES)
def test_branches_are_those_that_git_lists(repo: Path, change: str) -> None:
    """Names and commits are git's own, however it keeps them."""
    REPOSITORIES[change](repo)
    listed = git(repo, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads/")
    wanted = dict(line.rsplit(" ", 1) for line in listed.splitlines())
    assert wanted == RealGit(repo).branches()
    assert list(wanted) == list(RealGit(repo).branches())


@pytest.mark.parametrize("change", REPOSITORIES)
def test_a_ref_is_absent_only_where_git_has_none(repo: Path, change: str) -> None:
    """No ref that git knows is taken for absent; one that nobody made is, but for names that are odd."""
    REPOSITORIES[change](repo)
    common = repo / ".git"
    for ref in git(repo, "for-each-ref", "--format=%(refname)").splitlines():
        assert not stored_refs.is_absent(common, ref)
    assert stored_refs.is_absent(common, "refs/autoresearch/a-r001/1")
    for odd in ("HEAD", "main", "refs/heads/ü?", "refs/heads", "../refs/heads/main"):
        assert not stored_refs.is_absent(common, odd)


@pytest.mark.parametrize("spoil", ["refs/heads", "packed-refs"])
def test_another_format_is_left_to_git(repo: Path, spoil: str) -> None:
    """Where the files are not as git of today writes them, nothing is said of them."""
    git(repo, "pack-refs", "--all", "--prune")
    common = repo / ".git"
    if spoil == "refs/heads":  # as with the format reftable
        for path in sorted((common / spoil).rglob("*"), reverse=True):
            path.rmdir()
        (common / spoil).rmdir()
        (common / spoil).write_text("this repository uses the reftable format\n")
    else:
        (common / spoil).write_text("nobody knows\n")
    assert stored_refs.below(common, "refs/heads/") is None
    assert not stored_refs.is_absent(common, "refs/autoresearch/a-r001/1")


STRAYS = {
    "a file": "touch new",
    "a file in a folder": "touch deep/er/new",
    "an empty folder": "mkdir -p empty/folder",
    "an ignored file": "mkdir -p cache && touch cache/x.pyc",
    "a link": "ln -s train.py link",
    "a repository": "git init -q inner",
    "a folder in a file's place": "rm train.py && mkdir train.py",
}


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("stray", STRAYS)
def test_what_git_would_clean_is_seen(repo: Path, stray: str, version: int) -> None:
    """A worktree is bare as long as it holds what its index names; an index of another form says nothing."""
    index = repo / ".git" / "index"
    git(repo, "update-index", "--index-version", str(version), "--force-write-index")
    assert (version == 2) == is_bare(repo, index)
    subprocess.run(["sh", "-c", STRAYS[stray]], cwd=repo, check=True)
    assert not is_bare(repo, index)


def test_a_submodule_is_left_to_git(repo: Path, tmp_path: Path) -> None:
    """Where the index names another repository, git itself has to look."""
    git(repo, "clone", "-q", str(repo), str(tmp_path / "other"))
    git(repo, "submodule", "add", "-q", str(tmp_path / "other"), "other")
    assert not is_bare(repo, repo / ".git" / "index")


def test_a_damaged_index_says_nothing(repo: Path) -> None:
    """Cut anywhere, an index is no reason to leave anything where it is."""
    index = repo / ".git" / "index"
    whole = index.read_bytes()
    assert is_bare(repo, index)
    for size in range(0, whole.rindex("ü.txt".encode()), 7):
        index.write_bytes(whole[:size])
        assert not is_bare(repo, index)
    index.unlink()
    assert not is_bare(repo, index)
