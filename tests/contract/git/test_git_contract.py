"""What the port Git promises, for git itself and for the repository in memory."""

from pathlib import Path

import pytest

from autoresearch.engine.ports.worktrees import Git
from autoresearch.events.errors import AutoresearchError, NotFound
from tests.contract.git.conftest import START
from tests.fakes.git import head


class TestReading:
    """The user's repository."""

    def test_the_branch_is_the_users(self, git: Git) -> None:
        """The branch that the user has checked out is known, and known as checked out."""
        assert git.current_branch() == "main"
        assert git.branches_checked_out() == frozenset({"main"})

    def test_a_commit_is_found_by_branch_ref_and_prefix(self, git: Git, start: str) -> None:
        """A branch, a full ref and a short hash name the same commit."""
        assert start == git.resolve("main") == git.resolve("refs/heads/main") == git.resolve(start[:8])

    @pytest.mark.parametrize("revision", ["", "nowhere", "refs/heads/none", "-x", "f" * 40, "a\0b"])
    def test_what_is_no_commit_is_none(self, git: Git, revision: str) -> None:
        """A revision that names no commit resolves to None."""
        assert git.resolve(revision) is None

    def test_a_file_is_shown_as_committed(self, git: Git, start: str) -> None:
        """The bytes of a commit's file come back, and None for a path that it has not."""
        assert START["train.py"] == git.show(start, "train.py")
        assert git.show(start, "none.py") is None

    def test_showing_from_no_commit_is_an_error(self, git: Git) -> None:
        """A file of a commit that does not exist is an error, not a missing file."""
        with pytest.raises(NotFound, match="has no commit"):
            git.show("f" * 40, "train.py")
        with pytest.raises(NotFound, match="has no commit"):
            git.missing("f" * 40, ["train.py"])

    def test_a_commit_descends_from_what_it_stands_on(self, git: Git, start: str, worktree: Path) -> None:
        """What stands on a commit, and that itself, descends from it; not the other way round."""
        (worktree / "train.py").write_bytes(b"# later\n")
        later = git.commit(worktree, base=start, message="later").hash
        assert (True, True, False) == (
            git.descends(later, start),
            git.descends(start, start),
            git.descends(start, later),
        )
        assert not git.descends("f" * 40, start)

    def test_missing_files_are_named_in_one_call(self, git: Git, start: str, worktree: Path) -> None:
        """What is no file at a commit is missing: an absent path and a folder, of any name."""
        for name in ("deep/new\nline.py", "ünï*.py"):
            (worktree / name).parent.mkdir(exist_ok=True)
            (worktree / name).write_text("x\n")
        made = git.commit(worktree, base=start, message="more").hash
        asked = ("train.py", "deep", "none.py", "deep/new\nline.py", "ünï*.py", "ün*.py")
        assert ("deep", "none.py", "ün*.py") == git.missing(made, asked)
        assert asked[1:] == git.missing(start, asked)
        assert () == git.missing(start, ())

    def test_tracked_is_what_the_index_has(self, git: Git) -> None:
        """A committed file is tracked, another one is not."""
        (git.top / "new.py").write_text("")
        assert git.is_tracked("train.py")
        assert not git.is_tracked("new.py")

    def test_edited_deleted_and_new_files_are_modified(self, git: Git) -> None:
        """Whatever differs from HEAD is named, in the order asked for, and nothing else."""
        (git.top / "train.py").write_text("A = 9\n")
        (git.top / "new.py").write_text("")
        assert git.modified(("new.py", "prepare.py", "train.py")) == ("new.py", "train.py")
        (git.top / "prepare.py").unlink()
        assert git.modified(("prepare.py", "absent.py")) == ("prepare.py",)
        assert git.modified(()) == ()


class TestRefs:
    """Moving refs."""

    def test_a_ref_is_made_once(self, git: Git, start: str, worktree: Path) -> None:
        """A new ref is made where there is none, and stays where there is another."""
        (worktree / "train.py").write_text("A = 9\n")
        other = git.commit(worktree, base=start, message="other").hash
        assert git.set_ref("refs/autoresearch/main-r001/1", start, old=None)
        assert not git.set_ref("refs/autoresearch/main-r001/1", other, old=None)
        assert start == git.resolve("refs/autoresearch/main-r001/1")

    def test_a_ref_moves_from_where_it_was_expected(self, git: Git, start: str, worktree: Path) -> None:
        """A ref moves from its old commit, and not from another."""
        (worktree / "train.py").write_text("A = 9\n")
        other = git.commit(worktree, base=start, message="other").hash
        git.set_ref("refs/heads/run", start, old=None)
        assert git.set_ref("refs/heads/run", other, old=start)
        third = git.commit(worktree, base=start, message="third").hash
        assert not git.set_ref("refs/heads/run", third, old=start)
        assert other == git.resolve("run")

    def test_notes_follow_one_another(self, git: Git, start: str) -> None:
        """A ref of messages grows by one commit each; who has not seen the last one does not move it."""
        ref = "refs/autoresearch/r/log"
        first = git.add_note(ref, "one", after=None, tree_of=start)
        second = git.add_note(ref, "two\n\nTrailer: x", after=first, tree_of=start)
        assert git.add_note(ref, "late", after=first, tree_of=start) is None
        base, one, two = git.read_commits([start, str(first), ref])
        assert base is not None
        assert one is not None
        assert two is not None
        assert (second, (first,), base.tree) == (two.hash, two.parents, two.tree)
        assert ((), "one") == (one.parents, one.message.rstrip("\n"))
        assert "two\n\nTrailer: x" == two.message.rstrip("\n")

    def test_refs_are_renamed_all_or_none(self, git: Git, start: str) -> None:
        """Commits get new names for their old ones; twice is once, and with one that is none, none does."""
        for name in ("x", "y"):
            assert git.set_ref(f"refs/autoresearch/r/{name}", start, old=None)
        moves = [
            (f"refs/autoresearch/r/{name}", f"refs/autoresearch/r/aside/{name}", start) for name in ("x", "y")
        ]
        with pytest.raises(AutoresearchError):
            git.rename_refs([*moves, ("refs/autoresearch/r/z", "refs/autoresearch/r/aside/z", "1" * 40)])
        assert [old for old, _, _ in moves] == list(git.refs_below("refs/autoresearch/r/"))
        for _ in range(2):
            git.rename_refs(moves)
            assert [new for _, new, _ in moves] == list(git.refs_below("refs/autoresearch/r/"))

    def test_done_twice_it_is_done(self, git: Git, start: str) -> None:
        """Setting a ref again to where it stands is a success."""
        assert git.set_ref("refs/heads/run", start, old=None)
        assert git.set_ref("refs/heads/run", start, old=None)

    def test_a_short_ref_name_is_a_bug(self, git: Git, start: str) -> None:
        """A name that does not begin with refs/ is refused."""
        with pytest.raises(AutoresearchError, match="no full ref name"):
            git.set_ref("run", start, old=None)


class TestWorktrees:
    """A run's own checkout."""

    def test_a_worktree_holds_the_commits_files(self, git: Git, start: str, worktree: Path) -> None:
        """A new worktree has the commit's files and stands on it, and the user's HEAD stays."""
        assert {name: (worktree / name).read_bytes() for name in START} == START
        assert start == head(git, worktree)
        assert git.current_branch() == "main"

    def test_an_existing_worktree_is_left_as_it_is(self, git: Git, start: str, worktree: Path) -> None:
        """Ensuring a worktree again keeps the edits in it."""
        (worktree / "train.py").write_text("A = 9\n")
        git.ensure_worktree(worktree, start)
        assert (worktree / "train.py").read_text() == "A = 9\n"

    def test_a_deleted_worktree_is_made_again(self, git: Git, start: str, worktree: Path) -> None:
        """A worktree whose folder was deleted by hand comes back at the commit asked for."""
        for path in sorted(worktree.rglob("*"), reverse=True):
            path.unlink()
        worktree.rmdir()
        git.ensure_worktree(worktree, start)
        assert (worktree / "train.py").read_bytes() == START["train.py"]
        assert git.changes(worktree, start).files == ()

    def test_strange_files_in_its_place_are_moved_aside(self, git: Git, start: str, tmp_path: Path) -> None:
        """What stands where the worktree belongs is kept beside it."""
        folder = tmp_path / "taken"
        folder.mkdir()
        (folder / "precious.txt").write_text("mine")
        git.ensure_worktree(folder, start)
        assert (tmp_path / "taken.aside-1" / "precious.txt").read_text() == "mine"
        assert (folder / "train.py").is_file()

    def test_another_folder_is_no_worktree(self, git: Git, tmp_path: Path) -> None:
        """A folder that is no worktree is named in the error."""
        with pytest.raises(NotFound, match="is no worktree"):
            git.reset(tmp_path, str(git.resolve("HEAD")))

    def test_reset_restores_everything(self, git: Git, start: str, worktree: Path) -> None:
        """Edits, deletions and new files and folders are gone after a reset."""
        (worktree / "train.py").write_text("A = 9\n")
        (worktree / "prepare.py").unlink()
        (worktree / "more").mkdir()
        (worktree / "more" / "new.py").write_text("")
        git.reset(worktree, start)
        assert {name: (worktree / name).read_bytes() for name in START} == START
        assert not (worktree / "more").exists()
        assert git.changes(worktree, start).text == b""

    def test_reset_takes_ignored_files_but_those_kept(self, git: Git, start: str, worktree: Path) -> None:
        """What git ignores is gone after a reset as well, but for the paths that are named."""
        for name in ("junk.tmp", "cache.tmp/a [1]!.tmp", "cache.tmp/b.tmp", "__pycache__/x.pyc"):
            (worktree / name).parent.mkdir(exist_ok=True)
            (worktree / name).write_text("x")
        (worktree / "link.tmp").symlink_to(git.top)
        git.reset(worktree, start, kept=("cache.tmp/a [1]!.tmp",))
        assert ("cache.tmp",) == git.untracked(worktree)
        assert ["a [1]!.tmp"] == [path.name for path in (worktree / "cache.tmp").iterdir()]
        assert (git.top / "train.py").is_file(), "what a link leads to is not ours"
        git.reset(worktree, start)
        assert () == git.untracked(worktree)

    def test_untracked_is_what_the_commit_has_not(self, git: Git, start: str, worktree: Path) -> None:
        """Ignored or not, files and whole folders that git does not know are named, and nothing else."""
        (worktree / "train.py").write_text("A = 9\n")
        (worktree / "deep" / "er").mkdir(parents=True)
        for name in ("new.py", "junk.tmp", "deep/er/new.py"):
            (worktree / name).write_text("x")
        (worktree / "ünï link").symlink_to("nowhere")
        assert ("deep", "junk.tmp", "new.py", "ünï link") == git.untracked(worktree)
        git.reset(worktree, start)
        assert () == git.untracked(worktree)

    def test_what_stands_beside_is_no_change(self, git: Git, start: str, worktree: Path) -> None:
        """Paths that are named are neither a change nor committed; others are, of whatever likeness."""
        (worktree / "data").mkdir()
        for name in ("data/a.bin", "d*a", "new.py"):
            (worktree / name).write_text("x\n")
        (worktree / "linked").symlink_to(worktree / "train.py")
        beside = ("d*a", "data", "linked")
        assert ("new.py",) == git.changes(worktree, start, beside=beside).files
        made = git.commit(worktree, base=start, message="m", beside=beside).hash
        assert ("new.py",) == git.diff(start, made).files
        assert {"data/a.bin", "new.py"} <= set(git.changes(worktree, start, beside=("d*a",)).files)

    def test_included_is_what_the_user_names_and_git_ignores(self, git: Git) -> None:
        """A .worktreeinclude names ignored files and folders; what git would show is left out."""
        assert () == git.included()
        (git.top / "raw.tmp").mkdir()
        for name in ("raw.tmp/a", "b.tmp", "c.tmp", "seen.txt"):
            (git.top / name).write_text("x")
        (git.top / ".worktreeinclude").write_text("raw.tmp/\nb.tmp\nseen.txt\nnone.tmp\n")
        assert ("b.tmp", "raw.tmp") == git.included()
