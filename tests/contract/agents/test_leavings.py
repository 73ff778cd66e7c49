"""What is put back of a checkout, and by which names people hear of it."""

from pathlib import Path

from autoresearch.engine.loop.changes import leavings
from autoresearch.engine.paths import JobPaths
from autoresearch.events.settings import RunConfig


CONFIG = RunConfig(editable=("src", "train.py"), protected=("prepare.py", "src/fixed.py"))


def test_only_what_is_neither_editable_nor_protected_is_put_back():
    """What a change may touch counts, and what is protected is left for the check that voids the change."""
    files = ("src/a.py", "src/fixed.py", "train.py", "prepare.py", "notes.md", "lib/b.py")
    assert ("notes.md", "lib/b.py") == leavings.beside(files, CONFIG)


def test_a_folder_that_was_not_there_is_one_name():
    """A hundred files of a tool are one name; a file beside others of the base is named alone."""
    there = ("train.py", "lib/a.py")
    left = (*(f".tool/deep/{n}" for n in range(100)), "lib/b.py", "lib/new/c.py", "notes.md")
    assert (".tool/", "lib/b.py", "lib/new/", "notes.md") == leavings.names(left, there)
    assert leavings.NAMED == len(leavings.names([f"note{n}" for n in range(100)], there))


def test_what_was_put_back_is_remembered(tmp_path: Path):
    """Asked again when nothing is left there, the names are the same."""
    job = JobPaths(tmp_path)
    assert () == leavings.remember(job, ())
    assert ("a", "b/") == leavings.remember(job, ("a", "b/"))
    assert ("a", "b/") == leavings.remember(job, ())


def test_kept_files_come_back_as_they_were(tmp_path: Path):
    """Content, mode, a link and a deletion outlast a checkout that is put back."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_bytes(b"A\r\n")
    (tmp_path / "src" / "a.py").chmod(0o755)
    (tmp_path / "link").symlink_to("src/a.py")
    kept = leavings.take(tmp_path, ("src/a.py", "link", "gone.py"))
    (tmp_path / "src" / "a.py").unlink()
    (tmp_path / "src").rmdir()
    (tmp_path / "link").unlink()
    (tmp_path / "gone.py").write_text("as in the base")
    leavings.lay(tmp_path, kept)
    assert b"A\r\n" == (tmp_path / "src" / "a.py").read_bytes()
    assert 0o755 == (tmp_path / "src" / "a.py").stat().st_mode & 0o777
    assert "src/a.py" == str((tmp_path / "link").readlink())
    assert not (tmp_path / "gone.py").exists()


def test_what_git_would_choke_on_is_found_and_goes(tmp_path: Path):
    """A huge new file, however deep, and a repository inside go; links and the rest stay."""
    (tmp_path / "data" / "deep").mkdir(parents=True)
    for name in ("weights.bin", "data/deep/shard.bin"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(leavings.MOST_BYTES + 1)
    (tmp_path / "data" / "notes.md").write_text("small")
    (tmp_path / "linked.bin").symlink_to(tmp_path / "weights.bin")
    (tmp_path / "tool" / "inside" / ".git").mkdir(parents=True)
    untracked = ("data", "gone", "linked.bin", "tool", "weights.bin")
    found = leavings.unstorable(tmp_path, untracked)
    assert ("data/deep/shard.bin", "tool/inside", "weights.bin") == found
    leavings.drop(tmp_path, found)
    assert () == leavings.unstorable(tmp_path, untracked)
    assert "small" == (tmp_path / "data" / "notes.md").read_text()
    assert (tmp_path / "linked.bin").is_symlink()


def test_nothing_goes_that_a_link_leads_to(tmp_path: Path):
    """An agent may link the user's data, or all his work, into its checkout: there it stays whole."""
    checkout, user = tmp_path / "checkout", tmp_path / "user"
    (user / "work" / ".git").mkdir(parents=True)
    (user / "work" / "notes.md").write_text("mine")
    with (user / "shard.bin").open("wb") as file:
        file.truncate(leavings.MOST_BYTES + 1)
    checkout.mkdir()
    (checkout / "link").symlink_to(user)
    assert () == leavings.unstorable(checkout, ("link",))
    leavings.drop(checkout, ("link/shard.bin", "link/work"))
    assert (user / "shard.bin").exists()
    assert "mine" == (user / "work" / "notes.md").read_text()
