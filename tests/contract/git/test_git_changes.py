"""What the port Git promises of changes: how they are told, committed, applied, merged and read."""

import subprocess
from pathlib import Path

import pytest

from autoresearch.engine.ports.repository import Diff
from autoresearch.engine.ports.worktrees import Git
from autoresearch.events.errors import NotFound
from tests.contract.git.conftest import listing


class TestChanges:
    """What differs between a worktree and a commit, and between commits."""

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
