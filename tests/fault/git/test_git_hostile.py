"""Git, where the machine, the user or an agent did something unusual."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from autoresearch.engine.git import program
from autoresearch.engine.git.repository import RealGit, find_top
from autoresearch.events.errors import AutoresearchError, InvalidInput, NotFound
from tests.fakes.git import head


def sh(folder: Path, *command: str, env: dict[str, str] | None = None) -> str:
    """Run git as the user does."""
    who = ("-c", "user.name=user", "-c", "user.email=user@localhost", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True, env=env)
    return done.stdout.decode()


def repository(top: Path) -> RealGit:
    """Make a repository with one commit, as a user does."""
    top.mkdir(parents=True)
    (top / "train.py").write_text("A = 1\nB = 2\n")
    (top / "prepare.py").write_text("print()\n")
    (top / ".gitignore").write_text("workflows/\n")
    sh(top, "init", "-q", "-b", "main")
    sh(top, "add", "-A")
    sh(top, "commit", "-q", "-m", "start")
    return RealGit(find_top(top))


def place(git: RealGit) -> Path:
    """Return where the run's worktree belongs."""
    return git.top / ".autoresearch" / "runs" / "main-r001" / "worktree"


@pytest.fixture
def git(tmp_path: Path) -> RealGit:
    """Return a repository with one commit."""
    return repository(tmp_path / "repo")


@pytest.fixture
def start(git: RealGit) -> str:
    """Return its commit."""
    return str(git.resolve("HEAD"))


@pytest.fixture
def worktree(git: RealGit, start: str) -> Path:
    """Return a run's worktree on it."""
    git.ensure_worktree(place(git), start)
    return place(git)


class TestTop:
    """Where the repository begins."""

    def test_outside_a_repository(self, tmp_path: Path) -> None:
        """A folder outside any repository is named, with the way to make one."""
        with pytest.raises(NotFound, match="in no git work tree") as caught:
            find_top(tmp_path)
        assert "git init" in caught.value.remedy

    def test_without_a_commit(self, tmp_path: Path) -> None:
        """A repository without a commit is refused."""
        sh(tmp_path, "init", "-q")
        with pytest.raises(NotFound, match="has no commit yet"):
            find_top(tmp_path)

    def test_bare(self, tmp_path: Path) -> None:
        """A bare repository is refused."""
        sh(tmp_path, "init", "-q", "--bare")
        with pytest.raises(NotFound, match="in no git work tree"):
            find_top(tmp_path)

    def test_from_a_folder_inside(self, git: RealGit) -> None:
        """From any folder inside, the top is found."""
        (git.top / "deep" / "er").mkdir(parents=True)
        assert git.top == find_top(git.top / "deep" / "er")


@pytest.mark.parametrize(
    "name", ["with space", "quo'te", 'dou"ble', "ünïcode", "-dash", "new\nline", "$(x);&"]
)
def test_hostile_paths(tmp_path: Path, name: str) -> None:
    """A repository and a file with any name go through a whole candidate."""
    git = repository(tmp_path / name)
    start = str(git.resolve("HEAD"))
    git.ensure_worktree(place(git), start)
    (place(git) / f"{name}.py").write_text("x\n")
    assert git.changes(place(git), start).files == (f"{name}.py",)
    commit = git.commit(place(git), base=start, message="add").hash
    assert git.show(commit, f"{name}.py") == b"x\n"
    (git.top / f"{name}.py").write_text("x\n")
    assert git.modified((f"{name}.py",)) == (f"{name}.py",)


def test_settings_of_the_user_change_nothing(git: RealGit, start: str, worktree: Path) -> None:
    """A diff's text and a commit are the same under every setting that a user may have."""
    (worktree / "train.py").write_text("A = 1\n\nB = 3\r\n")
    (worktree / "moved.py").write_text("print()\n")
    (worktree / "prepare.py").unlink()
    (worktree / "ünï.py").write_text("x\n")
    plain = git.changes(worktree, start)
    for setting in (
        "diff.external=false",
        "diff.noprefix=true",
        "diff.mnemonicPrefix=true",
        "diff.renames=copies",
        "diff.algorithm=patience",
        "diff.context=0",
        "diff.interHunkContext=9",
        "diff.suppressBlankEmpty=true",
        "diff.relative=true",
        "diff.submodule=log",
        "color.ui=always",
        "core.quotePath=false",
        "core.autocrlf=true",
        "core.ignoreStat=true",
        "core.splitIndex=true",
        "core.hooksPath=/dev/zero",
        "commit.gpgSign=true",
        "gpg.program=false",
        "user.useConfigOnly=true",
        "i18n.commitEncoding=latin1",
        "log.showSignature=true",
        "apply.whitespace=error",
        "submodule.recurse=true",
        "feature.manyFiles=true",
    ):
        sh(git.top, "config", *setting.split("=", 1))
    assert plain == git.changes(worktree, start)
    commit = git.commit(worktree, base=start, message="Ändere A").hash
    assert plain == git.diff(start, commit)
    assert git.show(commit, "train.py") == b"A = 1\n\nB = 3\r\n"
    assert "Ändere A" in sh(git.top, "cat-file", "commit", commit)
    git.reset(worktree, start)
    assert git.apply_patch(worktree, plain.text) is None
    assert plain == git.changes(worktree, start)


def test_no_identity_and_a_strange_environment(
    git: RealGit, start: str, worktree: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Variables that lead git elsewhere are ignored, and a machine without an identity can commit."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("EMAIL", "")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "nonsense")
    (worktree / "train.py").write_text("A = 9\n")
    commit = RealGit(find_top(git.top)).commit(worktree, base=start, message="Set A").hash
    assert not (tmp_path / "elsewhere").exists()
    assert "autoresearch <autoresearch@localhost>" in git_text(git, commit)


def git_text(git: RealGit, commit: str) -> str:
    """Return a commit as git stores it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return sh(git.top, "cat-file", "commit", commit, env=clean)


def test_no_hook_runs(git: RealGit, start: str) -> None:
    """Hooks of the user are not run by checkouts, commits and refs."""
    hooks = git.top / ".git" / "hooks"
    for name in ("post-checkout", "pre-commit", "post-commit", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch '{git.top}/ran-{name}'\nexit 1\n")
        (hooks / name).chmod(0o755)
    git.ensure_worktree(place(git), start)
    (place(git) / "train.py").write_text("A = 9\n")
    git.set_ref("refs/autoresearch/x/1", git.commit(place(git), base=start, message="x").hash, old=None)
    git.reset(place(git), start)
    assert list(git.top.glob("ran-*")) == []


def test_the_users_work_is_untouched(git: RealGit, start: str) -> None:
    """HEAD, index, stash, working tree and branches of the user are the same before and after."""
    top = git.top
    (top / "train.py").write_text("A = 5\n")
    sh(top, "stash")
    (top / "prepare.py").write_text("staged\n")
    sh(top, "add", "prepare.py")
    (top / "prepare.py").write_text("edited\n")
    (top / "new.txt").write_text("untracked\n")

    def state() -> tuple[object, ...]:
        names = [
            ".git/HEAD",
            ".git/index",
            ".git/refs/stash",
            ".git/config",
            "train.py",
            "prepare.py",
            "new.txt",
        ]
        stats = (top / ".git/index").stat()
        return (
            *((top / name).read_bytes() for name in names),
            (stats.st_ino, stats.st_mtime_ns),
            sh(top, "for-each-ref", "refs/heads", "refs/stash"),
        )

    before = state()
    git.ensure_worktree(place(git), start)
    git.modified(("train.py", "prepare.py"))
    (place(git) / "train.py").write_text("A = 9\n")
    commit = git.commit(place(git), base=start, message="x").hash
    git.set_ref("refs/autoresearch/x/1", commit, old=None)
    git.diff(start, commit)
    git.reset(place(git), start)
    assert before == state()


class TestAgents:
    """What an agent may do to its worktree."""

    def test_deletes_the_git_file(self, git: RealGit, start: str, worktree: Path) -> None:
        """Without its .git file a worktree is still itself, and the user's tree is not taken for it."""
        (git.top / "train.py").write_text("A = 'mine'\n")
        (worktree / ".git").unlink()
        (worktree / "train.py").write_text("A = 9\n")
        assert git.changes(worktree, start).files == ("train.py",)
        git.reset(worktree, start)
        assert (git.top / "train.py").read_text() == "A = 'mine'\n"
        assert (worktree / "train.py").read_text() == "A = 1\nB = 2\n"
        assert sh(worktree, "status", "--porcelain") == ""

    def test_makes_a_repository_of_its_own(self, git: RealGit, start: str, worktree: Path) -> None:
        """A `git init` in place of the .git file is undone."""
        (worktree / ".git").unlink()
        sh(worktree, "init", "-q")
        sh(worktree, "add", "-A")
        sh(worktree, "commit", "-q", "-m", "mine now")
        assert git.changes(worktree, start).files == ()
        git.reset(worktree, start)
        assert sh(worktree, "rev-parse", "HEAD").strip() == start

    def test_hides_a_change_with_index_flags(self, git: RealGit, start: str, worktree: Path) -> None:
        """Files marked as unchanged or skipped are seen nevertheless."""
        sh(worktree, "update-index", "--assume-unchanged", "prepare.py")
        sh(worktree, "update-index", "--skip-worktree", "train.py")
        (worktree / "prepare.py").write_text("cheat\n")
        (worktree / "train.py").write_text("cheat\n")
        assert git.changes(worktree, start).files == ("prepare.py", "train.py")
        git.reset(worktree, start)
        assert (worktree / "prepare.py").read_text() == "print()\n"
        assert sh(worktree, "ls-files", "-v").split()[::2] == ["H", "H", "H"]

    def test_commits_and_switches_branches(self, git: RealGit, start: str, worktree: Path) -> None:
        """Commits and branches of an agent do not change what its candidate is compared with."""
        (worktree / "train.py").write_text("A = 9\n")
        sh(worktree, "checkout", "-q", "-b", "agents")
        sh(worktree, "commit", "-q", "-am", "by itself")
        assert git.changes(worktree, start).files == ("train.py",)
        commit = git.commit(worktree, base=start, message="ours").hash
        assert sh(git.top, "rev-parse", f"{commit}^").strip() == start
        git.reset(worktree, commit)
        assert sh(worktree, "rev-parse", "--abbrev-ref", "HEAD").strip() == "HEAD"

    def test_leaves_a_merge_behind(self, git: RealGit, start: str, worktree: Path) -> None:
        """A merge that was left in the middle is gone after a reset."""
        for name, value in (("one", 5), ("two", 6)):
            sh(worktree, "checkout", "-q", "-B", name, start)
            (worktree / "train.py").write_text(f"A = {value}\n")
            sh(worktree, "commit", "-q", "-am", name)
        with pytest.raises(subprocess.CalledProcessError):
            sh(worktree, "merge", "one")
        git.reset(worktree, start)
        assert git.changes(worktree, start).files == ()
        assert "MERGE_HEAD" not in sh(worktree, "status")

    def test_adds_a_repository_inside(self, git: RealGit, start: str, worktree: Path) -> None:
        """A repository inside the worktree is a change or refused, and gone after a reset."""
        sh(worktree, "init", "-q", "empty")
        with pytest.raises(InvalidInput, match="cannot be committed"):
            git.changes(worktree, start)
        git.reset(worktree, start)
        assert not (worktree / "empty").exists()

    def test_turns_a_file_into_a_link(self, git: RealGit, start: str, worktree: Path) -> None:
        """A link in place of a file is a change of it, and a reset does not follow it."""
        (worktree / "train.py").unlink()
        (worktree / "train.py").symlink_to(git.top / "train.py")
        assert b"120000" in git.changes(worktree, start).text
        git.reset(worktree, start)
        assert not (worktree / "train.py").is_symlink()
        assert (git.top / "train.py").read_text() == "A = 1\nB = 2\n"

    def test_swaps_the_worktree_for_a_link(self, git: RealGit, start: str, worktree: Path) -> None:
        """A link to the user's folder in the worktree's place is neither written through nor taken for it."""
        shutil.rmtree(worktree)
        worktree.symlink_to(git.top)
        (git.top / "train.py").write_text("A = 'mine'\n")
        for touch in (
            lambda: git.reset(worktree, start),
            lambda: git.changes(worktree, start),
            lambda: git.commit(worktree, base=start, message="x").hash,
            lambda: git.apply_patch(worktree, b"--- a/x\n"),
        ):
            with pytest.raises(InvalidInput, match="is a link"):
                touch()
        git.ensure_worktree(worktree, start)
        git.reset(worktree, start)
        assert (git.top / ".git").is_dir()
        assert (git.top / "train.py").read_text() == "A = 'mine'\n"
        assert worktree.with_name("worktree.aside-1").is_symlink()
        assert start == head(git, worktree)

    def test_leaves_a_lock_behind(self, git: RealGit, start: str, worktree: Path) -> None:
        """A lock on the worktree's index is no hindrance, and gone after a reset."""
        lock = git.top / ".git" / "worktrees" / "worktree" / "index.lock"
        lock.write_text("")
        (worktree / "train.py").write_text("A = 9\n")
        assert git.changes(worktree, start).files == ("train.py",)
        git.reset(worktree, start)
        assert not lock.exists()


class TestLocks:
    """Locks of a git that was killed."""

    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(program, "LOCK_PATIENCE_S", 0.1)

    def test_our_own_is_removed_when_nobody_holds_it(self, git: RealGit, start: str, worktree: Path) -> None:
        """Locks left on our index, HEAD and ref by a killed call are waited for, then removed."""
        record = git.top / ".git" / "worktrees" / "worktree"
        (record / "autoresearch-index.lock").write_text("")
        (worktree / "train.py").write_text("A = 9\n")
        (record / "HEAD.lock").write_text("")
        commit = git.commit(worktree, base=start, message="x").hash
        (git.top / ".git/refs/autoresearch/x").mkdir(parents=True)
        (git.top / ".git/refs/autoresearch/x/1.lock").write_text("")
        assert git.set_ref("refs/autoresearch/x/1", commit, old=None)

    def test_a_held_one_is_left(self, git: RealGit, start: str, worktree: Path) -> None:
        """A lock that a living process has open is not removed, and the call fails in git's words."""
        lock = git.top / ".git" / "worktrees" / "worktree" / "autoresearch-index.lock"
        with lock.open("w"), pytest.raises(AutoresearchError, match="Unable to create"):
            git.reset(worktree, start)
        assert lock.exists()

    def test_the_users_is_never_touched(self, git: RealGit, start: str, worktree: Path) -> None:
        """The lock on the user's own index stays, and does not stop a run."""
        lock = git.top / ".git" / "index.lock"
        lock.write_text("")
        git.reset(worktree, start)
        assert git.modified(("train.py",)) == ()
        assert lock.exists()


class TestMoved:
    """Folders that were moved, copied, or half made."""

    def test_a_moved_repository(self, git: RealGit, start: str, worktree: Path, tmp_path: Path) -> None:
        """After a move the worktree is mended and keeps its edits."""
        (worktree / "train.py").write_text("A = 9\n")
        git.top.rename(tmp_path / "moved")
        moved = RealGit(find_top(tmp_path / "moved"))
        moved.ensure_worktree(place(moved), start)
        assert moved.changes(place(moved), start).files == ("train.py",)
        assert sh(place(moved), "status", "--porcelain") == " M train.py\n"

    def test_a_copied_repository(self, git: RealGit, start: str, worktree: Path, tmp_path: Path) -> None:
        """A copy gets a worktree of its own, and the original keeps the one it has."""
        shutil.copytree(git.top, tmp_path / "copy", symlinks=True)
        copy = RealGit(find_top(tmp_path / "copy"))
        copy.ensure_worktree(place(copy), start)
        (place(copy) / "train.py").write_text("A = 9\n")
        commit = copy.commit(place(copy), base=start, message="in the copy").hash
        copy.reset(place(copy), commit)
        assert commit == head(copy, place(copy))
        assert start == head(git, worktree)
        assert git.resolve(commit) is None

    def test_a_worktree_that_was_half_made(self, git: RealGit, start: str, worktree: Path) -> None:
        """A worktree that git was killed while making is made anew."""
        (git.top / ".git/worktrees/worktree/locked").write_text("initializing\n")
        (worktree / "train.py").unlink()
        git.ensure_worktree(worktree, start)
        assert git.changes(worktree, start).files == ()

    def test_a_pruned_record(self, git: RealGit, start: str, worktree: Path) -> None:
        """A worktree whose record is gone is moved aside and made anew."""
        (worktree / "train.py").write_text("A = 9\n")
        shutil.rmtree(git.top / ".git" / "worktrees")
        git.ensure_worktree(worktree, start)
        assert git.changes(worktree, start).files == ()
        assert (worktree.with_name("worktree.aside-1") / "train.py").read_text() == "A = 9\n"

    def test_two_runs_have_two_worktrees(self, git: RealGit, start: str, worktree: Path) -> None:
        """Worktrees of two runs do not know of each other."""
        other = worktree.parent.with_name("main-r002") / "worktree"
        git.ensure_worktree(other, start)
        (other / "train.py").write_text("A = 9\n")
        commit = git.commit(other, base=start, message="other").hash
        git.reset(other, commit)
        assert (head(git, worktree), head(git, other)) == (start, commit)

    def test_a_deleted_and_locked_worktree(self, git: RealGit, start: str, worktree: Path) -> None:
        """A worktree that the user locked and deleted is made again."""
        sh(git.top, "worktree", "lock", str(worktree))
        shutil.rmtree(worktree)
        git.ensure_worktree(worktree, start)
        assert start == head(git, worktree)


def test_a_branch_being_rebased_counts_as_checked_out(git: RealGit, start: str) -> None:
    """A branch in the middle of a rebase is not moved under the user."""
    top = git.top
    sh(top, "checkout", "-q", "-b", "work")
    (top / "train.py").write_text("A = 5\n")
    sh(top, "commit", "-q", "-am", "work")
    sh(top, "checkout", "-q", "main")
    (top / "train.py").write_text("A = 6\n")
    sh(top, "commit", "-q", "-am", "main")
    with pytest.raises(subprocess.CalledProcessError):
        sh(top, "rebase", "main", "work")
    assert git.current_branch() is None
    assert "work" in git.branches_checked_out()


def test_a_ref_that_cannot_be_is_an_error(git: RealGit, start: str) -> None:
    """A ref below an existing one is an error in git's words, not a lost race."""
    git.set_ref("refs/heads/autoresearch", start, old=None)
    with pytest.raises(AutoresearchError, match="could not set refs/heads/autoresearch/nov3"):
        git.set_ref("refs/heads/autoresearch/nov3", start, old=None)


def test_binary_and_mode_changes_are_in_the_diff(git: RealGit, start: str, worktree: Path) -> None:
    """Bytes that are no text survive a diff and come back by it."""
    (worktree / "weights.bin").write_bytes(bytes(range(256)))
    (worktree / "train.py").chmod(0o755)
    found = git.changes(worktree, start)
    assert (found.files, found.insertions) == (("train.py", "weights.bin"), 0)
    git.reset(worktree, start)
    assert git.apply_patch(worktree, found.text) is None
    assert found == git.changes(worktree, start)


def test_a_patch_leads_nowhere_else(git: RealGit, start: str, worktree: Path) -> None:
    """A patch for a file outside the worktree is refused."""
    patch = (
        b"--- a/../../../../train.py\n+++ b/../../../../train.py\n@@ -1,2 +1,2 @@\n-A = 1\n+A = 9\n B = 2\n"
    )
    assert git.apply_patch(worktree, patch) is not None
    assert (git.top / "train.py").read_text() == "A = 1\nB = 2\n"
