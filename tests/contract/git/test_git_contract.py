"""What the port Git promises, for git itself and for the repository in memory."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresearch.engine.git.repository import RealGit, find_top
from autoresearch.engine.ports.repository import Diff
from autoresearch.engine.ports.worktrees import Git
from autoresearch.events.errors import AutoresearchError, NotFound
from tests.fakes.git import FakeGit, head


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

    def test_changes_count_and_name(self, git: Git, start: str, worktree: Path) -> None:
        """Edited, new and deleted files are named in order, with their lines counted."""
        (worktree / "train.py").write_text("A = 1\nB = 7\nC = 3\nD = 4\n")
        (worktree / "added.py").write_text("x\ny\n")
        (worktree / "prepare.py").unlink()
        found = git.changes(worktree, start)
        assert found.files == ("added.py", "prepare.py", "train.py")
        assert (found.insertions, found.deletions) == (4, 2)

    def test_ignored_files_are_no_change(self, git: Git, start: str, worktree: Path) -> None:
        """Ignored files and what Python leaves behind are no part of a candidate."""
        (worktree / "junk.tmp").write_text("x")
        (worktree / "__pycache__").mkdir()
        (worktree / "__pycache__" / "train.cpython-311.pyc").write_bytes(b"\0")
        assert git.changes(worktree, start).files == ()

    def test_a_commit_has_the_worktrees_files(self, git: Git, start: str, worktree: Path) -> None:
        """A commit holds what stood in the worktree, which stays as it is, and tells its tree and parent."""
        (worktree / "train.py").write_text("A = 9\n")
        before = git.changes(worktree, start)
        made = git.commit(worktree, base=start, message="Set A\n\nAutoresearch-Run: main-r001\n")
        assert git.show(made.hash, "train.py") == b"A = 9\n"
        assert before == git.diff(start, made.hash) == git.changes(worktree, start)
        assert git.changes(worktree, made.hash).files == ()
        assert (made,) == git.read_commits([made.hash])
        assert (start,) == made.parents

    def test_what_was_seen_is_committed(self, git: Git, start: str, worktree: Path) -> None:
        """A commit of what `changes` saw has just that, whatever was edited since."""
        (worktree / "train.py").write_text("A = 5\n")
        seen = git.changes(worktree, start)
        (worktree / "train.py").write_text("A = 6\n")
        made = git.commit_seen(worktree, base=start, message="Set A\n", sha256=seen.sha256)
        assert made is not None
        assert (seen, "Set A\n", (start,)) == (git.diff(start, made.hash), made.message, made.parents)
        assert git.commit_seen(worktree, base=start, message="", sha256="0" * 64) is None
        assert git.commit_seen(worktree, base=made.hash, message="", sha256=seen.sha256) is None
        assert b"A = 6" in (git.show(git.commit(worktree, base=start, message="").hash, "train.py") or b"")

    @pytest.mark.parametrize(
        "disturb",
        [
            "echo B = 1 >> train.py",
            "rm prepare.py",
            "touch new.txt",
            "mkdir -p empty/folder",
            "mkdir -p deep; touch deep/ignored.pyc",
            "ln -s train.py link",
        ],
    )
    def test_reset_once_more_sees_what_was_done_since(
        self, git: Git, start: str, worktree: Path, disturb: str
    ) -> None:
        """A worktree that was just reset is made exact again, whatever became of it."""
        git.reset(worktree, start)
        before = listing(worktree)
        git.reset(worktree, start)
        subprocess.run(["sh", "-c", disturb], cwd=worktree, check=True)
        assert before != listing(worktree)
        git.reset(worktree, start)
        assert before == listing(worktree)
        assert () == git.changes(worktree, start).files

    def test_a_commit_may_have_any_base(self, git: Git, start: str, worktree: Path) -> None:
        """A commit made while the worktree stands elsewhere has the base it was given."""
        (worktree / "train.py").write_text("A = 8\n")
        git.commit(worktree, base=start, message="first")
        (worktree / "train.py").write_text("A = 9\n")
        second = git.commit(worktree, base=start, message="second").hash
        assert git.diff(start, second).insertions == 1
        assert git.resolve(second) == second

    def test_a_diff_applies_as_a_patch(self, git: Git, start: str, worktree: Path) -> None:
        """The text of a candidate's diff brings the same change back after a reset."""
        (worktree / "train.py").write_text("A = 1\nB = 7\nC = 3\n\nD = 4")
        (worktree / "added.py").write_text("x\n")
        change = git.changes(worktree, start)
        git.reset(worktree, start)
        assert git.apply_patch(worktree, change.text) is None
        assert change == git.changes(worktree, start)

    def test_a_patch_that_does_not_fit_changes_nothing(self, git: Git, start: str, worktree: Path) -> None:
        """A patch with one wrong context line is refused whole, with a reason."""
        patch = b"--- a/train.py\n+++ b/train.py\n@@ -1,3 +1,3 @@\n A = 5\n-B = 2\n+B = 7\n C = 3\n"
        assert "patch" in (git.apply_patch(worktree, patch) or "")
        assert git.apply_patch(worktree, b"no patch at all") is not None
        assert git.changes(worktree, start).files == ()

    def test_a_patch_is_tried_on_a_commit(self, git: Git, start: str, worktree: Path) -> None:
        """What fits a commit does, what does not is told, and neither the commit nor any checkout changes."""
        (worktree / "train.py").write_bytes(b"A = 1\nB = 5\nC = 3\n")
        patch = git.changes(worktree, start).text
        other = git.commit(worktree, base=start, message="five").hash
        git.reset(worktree, start)
        assert git.try_patch(start, patch) is None
        assert git.try_patch(start, patch.removesuffix(b"\n")) is None
        assert "patch" in (git.try_patch(other, patch) or "")
        assert git.try_patch(start, b"no patch at all") is not None
        assert b"A = 1\nB = 2\nC = 3\n" == (worktree / "train.py").read_bytes()
        assert () == git.modified(("train.py",))
        with pytest.raises(NotFound):
            git.try_patch("f" * 40, patch)

    def test_a_change_is_taken_out_from_under_others(self, git: Git, start: str, worktree: Path) -> None:
        """What a later commit stands on comes out where other lines were changed since; no file changes."""
        long = "".join(f"L{number} = {number}\n" for number in range(20))
        (worktree / "train.py").write_text(long)
        base = git.commit(worktree, base=start, message="longer").hash
        (worktree / "train.py").write_text(long.replace("L4 = 4", "L4 = 40"))
        first = git.commit(worktree, base=base, message="first").hash
        (worktree / "train.py").write_text(long.replace("L4 = 4", "L4 = 40").replace("L15 = 15\n", ""))
        best = git.commit(worktree, base=first, message="second").hash
        diff = git.without(first, base=base, on=best)
        assert isinstance(diff, Diff), diff
        assert (("train.py",), 1, 1) == (diff.files, diff.insertions, diff.deletions)
        git.reset(worktree, best)
        assert git.apply_patch(worktree, diff.text) is None
        assert long.replace("L15 = 15\n", "") == (worktree / "train.py").read_text()
        assert () == git.modified(("train.py",))

    def test_a_change_that_was_changed_since_stays(self, git: Git, start: str, worktree: Path) -> None:
        """What a later commit has changed on the same line cannot be taken out alone: its file is named."""
        (worktree / "train.py").write_bytes(b"A = 1\nB = 5\nC = 3\n")
        first = git.commit(worktree, base=start, message="five").hash
        (worktree / "train.py").write_bytes(b"A = 1\nB = 6\nC = 3\n")
        best = git.commit(worktree, base=first, message="six").hash
        assert ("train.py",) == git.without(first, base=start, on=best)
        last = git.without(best, base=first, on=best)
        assert isinstance(last, Diff)
        assert b"+B = 5" in last.text

    def test_a_patch_without_prefixes_and_last_line_end_applies(
        self, git: Git, start: str, worktree: Path
    ) -> None:
        """People's patches often lack a/ and b/, and JSON strings the last line end."""
        patch = b"--- train.py\n+++ train.py\n@@ -1,3 +1,3 @@\n A = 1\n-B = 2\n+B = 7\n C = 3"
        assert git.apply_patch(worktree, patch) is None
        assert (worktree / "train.py").read_bytes() == b"A = 1\nB = 7\nC = 3\n"

    def test_changes_of_other_lines_merge(self, git: Git, start: str, worktree: Path) -> None:
        """A change made on another commit is brought to this one, also where its lines have moved."""
        long = "".join(f"L{number} = {number}\n" for number in range(20))
        (worktree / "train.py").write_text(long)
        base = git.commit(worktree, base=start, message="long").hash
        (worktree / "train.py").write_text(long.replace("L15 = 15", "L15 = 99"))
        theirs = git.commit(worktree, base=base, message="theirs").hash
        git.reset(worktree, base)
        ours = long.replace("L2 = 2\n", "L2 = 2\nnew = 1\nnew = 2\n").replace("L13 = 13", "L13 = 77")
        (worktree / "train.py").write_text(ours)
        git.reset(worktree, git.commit(worktree, base=base, message="ours").hash)
        assert git.merge(worktree, base=base, commit=theirs) is None
        assert ours.replace("L15 = 15", "L15 = 99") == (worktree / "train.py").read_text()

    def test_changes_of_the_same_line_conflict(self, git: Git, start: str, worktree: Path) -> None:
        """A change of a line that was changed here too does not merge, and a reset clears it away."""
        (worktree / "train.py").write_text("A = 1\nB = 7\nC = 3\n")
        theirs = git.commit(worktree, base=start, message="theirs").hash
        git.reset(worktree, start)
        (worktree / "train.py").write_text("A = 1\nB = 8\nC = 3\n")
        ours = git.commit(worktree, base=start, message="ours").hash
        git.reset(worktree, ours)
        assert "train.py" in (git.merge(worktree, base=start, commit=theirs) or "")
        git.reset(worktree, ours)
        assert () == git.changes(worktree, ours).files

    def test_a_change_that_is_there_already_merges_to_nothing(
        self, git: Git, start: str, worktree: Path
    ) -> None:
        """The same change made twice merges, and changes nothing."""
        (worktree / "train.py").write_text("A = 1\nB = 7\nC = 3\n")
        theirs = git.commit(worktree, base=start, message="theirs").hash
        git.reset(worktree, start)
        (worktree / "train.py").write_text("A = 1\nB = 7\nC = 3\n")
        ours = git.commit(worktree, base=start, message="ours").hash
        assert git.merge(worktree, base=start, commit=theirs) is None
        assert () == git.changes(worktree, ours).files

    def test_many_commits_are_read_at_once(self, git: Git, start: str, worktree: Path) -> None:
        """Hashes and refs give commits in their order, and what is none gives None."""
        (worktree / "train.py").write_text("A = 9\n")
        made = git.commit(worktree, base=start, message="Set A\n\nTrailer: x\n").hash
        git.set_ref("refs/autoresearch/main-r001/1", made, old=None)
        asked = ("refs/autoresearch/main-r001/1", "f" * 40, start, "two\nlines", "refs/none", made, "")
        found = git.read_commits(asked)
        assert [made, None, start, None, None, made, None] == [one and one.hash for one in found]
        assert found[0] is not None
        assert (start,) == found[0].parents
        assert found[0].message.rstrip("\n") == "Set A\n\nTrailer: x"
        assert git.read_commits(()) == ()

    def test_many_diffs_are_read_at_once(self, git: Git, start: str, worktree: Path) -> None:
        """Pairs of trees give the very diffs that pairs of commits give, one by one; also empty ones."""
        commits = [start]
        for text in ("A = 9\n", "A = 9\nB\n\n", "\n", "A"):
            (worktree / "train.py").write_text(text)
            commits.append(git.commit(worktree, base=start, message=text).hash)
        pairs = [(old, new) for old in commits for new in commits]
        tree = {one.hash: one.tree for one in git.read_commits(commits) if one}
        trees = [(tree[old], tree[new]) for old, new in pairs]
        assert git.read_diffs(trees) == tuple(git.diff(old, new) for old, new in pairs)
        assert git.read_diffs(()) == ()

    def test_many_files_are_read_at_once(self, git: Git, start: str, worktree: Path) -> None:
        """Each commit and path gives its bytes, in their order; what is no file there, or nowhere, None."""
        odd = {"a b.py": b"", "lib/two.py": b"\0\n\nx", "t\tab.py": b"tab\n", "line\nend": b"1", "ü": b"\xff"}
        for name, content in odd.items():
            (worktree / name).parent.mkdir(exist_ok=True)
            (worktree / name).write_bytes(content)
        made = git.commit(worktree, base=start, message="odd names").hash
        asked = [(made, name) for name in odd] + [(start, "train.py"), (start, "a b.py")]
        asked += [(made, "lib"), (made, "no\nfile"), ("f" * 40, "train.py"), (made, "train.py")]
        train = git.show(start, "train.py")
        assert (*odd.values(), train, None, None, None, None, train) == git.read_files(asked)
        assert () == git.read_files(())
