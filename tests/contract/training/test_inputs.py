"""What is noticed of the files outside a checkout that trainings read, on a real disk."""

import os
from pathlib import Path

import pytest

from autoresearch.engine.sealing.inputs import Inputs


class Place:
    """A folder of data, a single file, and what is known of them."""

    def __init__(self, folder: Path) -> None:
        self.data, self.single = folder / "data", folder / "vocab.txt"
        (self.data / "deep").mkdir(parents=True)
        for name, text in (("a.bin", "aaaa"), ("deep/b.bin", "bbbb")):
            (self.data / name).write_text(text)
        self.single.write_text("words")
        (self.data / "link").symlink_to(self.single)
        (self.data / "dangling").symlink_to("nowhere")
        os.mkfifo(self.data / "pipe")
        roots = {"data": self.data, "vocab.txt": self.single, "absent": folder / "absent"}
        self.inputs = Inputs(roots=roots, known=folder / "seals" / "inputs.json")
        self.first = self.inputs.digest()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place whose digest was taken once."""
    return Place(tmp_path)


def test_the_digest_is_of_the_contents(place: Place):
    """Touched files have the same digest; another content, name or file another; put back, the old one."""
    os.utime(place.data / "a.bin")
    assert place.first == place.inputs.digest()
    (place.data / "a.bin").write_text("aaab")
    assert place.first != place.inputs.digest()
    (place.data / "a.bin").write_text("aaaa")
    assert place.first == place.inputs.digest()
    (place.data / "c.bin").write_text("")
    assert place.first != place.inputs.digest()
    (place.data / "c.bin").unlink()
    (place.data / "a.bin").rename(place.data / "z.bin")
    assert place.first != place.inputs.digest()


def test_what_is_known_may_be_deleted(place: Place):
    """Without the file of what is known, or with a garbled one, the digest is the same."""
    place.inputs.known.unlink()
    assert place.first == place.inputs.digest()
    for text in ("{", "[]", '{"data/a.bin": 3}'):
        place.inputs.known.write_text(text)
        assert place.first == place.inputs.digest()


def test_only_what_differs_is_read_again(place: Place, monkeypatch: pytest.MonkeyPatch):
    """A second digest reads no content, one after a change that of the changed file alone."""
    opened: list[str] = []
    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, *how, **more: opened.append(path.name) or real(path, *how, **more)
    )
    place.inputs.digest()
    assert [] == [name for name in opened if name.endswith((".bin", ".txt"))]
    (place.data / "a.bin").write_text("new")
    opened.clear()
    place.inputs.digest()
    assert ["a.bin"] == [name for name in opened if name.endswith((".bin", ".txt"))]


def test_what_was_touched_is_named(place: Place):
    """Files written into, put back, replaced or removed are named; new ones, and reading, are not."""
    (place.data / "a.bin").read_text()
    (place.data / "new").write_text("x")
    assert () == place.inputs.touched()
    stood = (place.data / "a.bin").stat()
    (place.data / "a.bin").write_text("zzzz")
    (place.data / "a.bin").write_text("aaaa")
    os.utime(place.data / "a.bin", ns=(stood.st_atime_ns, stood.st_mtime_ns))
    assert ("data/a.bin",) == place.inputs.touched()
    (place.data / "deep" / "b.bin").unlink()
    assert ("data/a.bin", "data/deep/b.bin") == place.inputs.touched()


def test_a_link_made_by_a_backup_is_no_touch_where_the_kernel_held_trainings(place: Place):
    """A file that only gained a name is as it was; a rewritten one is not, although its time was set back."""
    stood = (place.data / "a.bin").stat()
    (place.data.parent / "backup").hardlink_to(place.data / "a.bin")
    assert ("data/a.bin",) == place.inputs.touched()
    assert () == place.inputs.touched(held=True)
    (place.data / "a.bin").write_text("zzzz")
    os.utime(place.data / "a.bin", ns=(stood.st_atime_ns, stood.st_mtime_ns))
    assert ("data/a.bin",) == place.inputs.touched(held=True)


def test_content_that_changed_behind_the_same_status_is_found(place: Place, monkeypatch: pytest.MonkeyPatch):
    """Where sizes, times and inodes would all lie, reading everything finds what is otherwise."""
    assert () == place.inputs.altered()
    (place.data / "a.bin").write_text("zzzz")
    assert ("data/a.bin",) == place.inputs.altered()


def test_no_roots_have_no_digest(tmp_path: Path):
    """Where nothing is named there is nothing to compare, and no file is made."""
    none = Inputs(roots={}, known=tmp_path / "seals" / "inputs.json")
    assert ("", ()) == (none.digest(), none.touched())
    assert not none.known.exists()
