"""What the seal of a training notices, on a real disk and with real and fake commits."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresearch.engine.sealing.seal import Seal
from tests.fakes.git import FakeGit


FILES = {"train.py": b"LR = 1\n", "text/words.py": b"WORDS = 2\n", "prepare.py": b"print()\n"}


class Place:
    """A checkout on a commit, sealed for the training 3.1."""

    def __init__(self, folder: Path) -> None:
        self.git = FakeGit(folder / "repo", FILES)
        self.commit = self.git.resolve("HEAD") or ""
        self.checkout = folder / "worktree"
        self.git.ensure_worktree(self.checkout, self.commit)
        (self.checkout / "cache").mkdir()
        (self.checkout / "cache" / "kept").write_text("1")
        (self.checkout / "data").symlink_to(folder / "repo")
        self.seal = Seal(file=folder / "seals" / "slot-1.json", checkout=self.checkout)
        self.seal.set("3.1", kept=("cache",))
        self.digest = self.seal.digest("3.1")

    def broken(self) -> tuple[str, tuple[str, ...]] | None:
        """Return how the seal is broken, and the files."""
        found = self.seal.broken(self.digest, self.commit, self.git)
        return None if found is None else (found.reason.code, found.files)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a sealed checkout."""
    return Place(tmp_path)


def test_what_is_left_alone_is_whole(place: Place):
    """Reading files, and writing new ones beside them, in a kept folder or behind a link, breaks nothing."""
    (place.checkout / "train.py").read_bytes()
    (place.checkout / "out").mkdir()
    (place.checkout / "out" / "model.bin").write_text("weights")
    (place.checkout / "text" / "new.txt").write_text("x")
    (place.checkout / "cache" / "kept").write_text("2")
    (place.checkout / "data" / "train.py").write_text("the user's own")
    assert place.broken() is None


def rewrite(file: Path) -> None:
    """Write other content."""
    file.write_text("LR = 9\n")


def rewrite_and_restore(file: Path) -> None:
    """Write other content, then the old one, with the old times."""
    old, stood = file.read_bytes(), file.stat()
    file.write_text("LR = 9\n")
    file.write_bytes(old)
    os.utime(file, ns=(stood.st_atime_ns, stood.st_mtime_ns))


def swap_and_restore(file: Path) -> None:
    """Move the file away, use another in its place, and move it back."""
    aside = file.with_name("aside")
    file.rename(aside)
    file.write_text("LR = 9\n")
    aside.rename(file)


def replace_by_link(file: Path) -> None:
    """Put a link to the same content in its place."""
    other = file.with_name("elsewhere")
    shutil.move(file, other)
    file.symlink_to(other)


@pytest.mark.parametrize(
    ("touch", "how"),
    [
        (rewrite, "changed"),
        (rewrite_and_restore, "restored"),
        (swap_and_restore, "restored"),
        (replace_by_link, "restored"),
        (Path.unlink, "gone"),
        (lambda file: file.chmod(0o755), "restored"),
    ],
)
def test_what_was_touched_is_named(place: Place, touch: Callable[[Path], None], how: str):
    """A tracked file that is changed, put back, replaced or removed is named, and how."""
    touch(place.checkout / "text" / "words.py" if how == "gone" else place.checkout / "train.py")
    named = "text/words.py" if how == "gone" else "train.py"
    assert (f"file_{how}_while_training", (named,)) == place.broken()


def test_the_worst_is_said_first(place: Place):
    """Of several files the reason names what is gone before what is changed, and how many more there are."""
    rewrite(place.checkout / "train.py")
    (place.checkout / "prepare.py").unlink()
    rewrite_and_restore(place.checkout / "text" / "words.py")
    code, files = place.broken() or ("", ())
    assert "file_gone_while_training" == code
    assert ("prepare.py", "text/words.py", "train.py") == files


def test_a_link_that_was_replaced_is_named(place: Place):
    """Data of another place under the same name is noticed."""
    (place.checkout / "data").unlink()
    (place.checkout / "data").mkdir()
    assert ("file_changed_while_training", ("data",)) == place.broken()


@pytest.mark.parametrize(
    "harm", [Path.unlink, lambda file: file.write_text("{}"), lambda file: file.write_bytes(b"\xff")]
)
def test_a_seal_that_was_touched_is_broken(place: Place, harm: Callable[[Path], object]):
    """Removed, garbled or written anew, the seal no longer vouches for anything."""
    harm(place.seal.file)
    assert ("seal_gone", ("slot-1.json",)) == place.broken()
    place.seal.set("3.1", kept=())
    assert ("seal_gone", ("slot-1.json",)) == place.broken()


def test_a_seal_is_of_one_training(place: Place):
    """Another training has no digest by it."""
    assert "" == place.seal.digest("3.2")
