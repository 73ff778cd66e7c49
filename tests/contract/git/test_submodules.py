"""Submodules in a run's checkouts: filled from the user's repositories, without asking anybody."""

import shutil
import subprocess
from pathlib import Path

import pytest

from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.loop.changes.edits import EditCheckout
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.proposals.editable import absent_protected
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.projections.run_state import Iteration
from autoresearch.projections.words.wording import say
from tests.given import given, started


LOCAL = ("-c", "protocol.file.allow=always")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@t", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def _repository(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    _git(folder, "init", "-q")
    for name, content in files.items():
        (folder / f"{name}.py").write_text(content)
    _git(folder, "add", "-A")
    _git(folder, "commit", "-qm", "first")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a repository with a submodule in which there is another one."""
    inner = _repository(tmp_path / "inner", deep="DEEP = 1\n")
    lib = _repository(tmp_path / "lib", lib="A = 1\n")
    _git(lib, *LOCAL, "submodule", "--quiet", "add", str(inner), "in ner")
    _git(lib, "commit", "-qm", "with one inside")
    home = _repository(tmp_path / "home", train="import lib\n")
    _git(home, *LOCAL, "submodule", "--quiet", "add", "--name", "of mine", str(lib), "vendor/lib")
    _git(home, *LOCAL, "submodule", "--quiet", "update", "--init", "--recursive")
    _git(home, "commit", "-qm", "with a submodule")
    shutil.rmtree(lib)  # whoever asked the outside would fail
    shutil.rmtree(inner)
    return home


def _at(git: RealGit, home: Path) -> tuple[Path, str]:
    folder, commit = home / ".autoresearch" / "train", git.resolve("HEAD") or ""
    git.ensure_worktree(folder, commit)
    return folder, commit


def test_a_checkout_has_the_files_at_the_recorded_commit(home: Path):
    """Also of a submodule inside another, and whatever the user's own checkout of it holds."""
    (home / "vendor/lib/lib.py").write_text("A = 'an edit of mine'\n")
    before = _git(home, "status", "--porcelain"), _git(home / "vendor/lib", "rev-parse", "HEAD")
    git = RealGit(home)
    folder, commit = _at(git, home)
    assert "A = 1\n" == (folder / "vendor/lib/lib.py").read_text()
    assert "DEEP = 1\n" == (folder / "vendor/lib/in ner/deep.py").read_text()
    assert () == git.lacking_submodules(commit)
    assert () == git.differing(folder)
    assert () == git.untracked(folder)
    assert () == git.changes(folder, commit).files
    shutil.rmtree(home / ".autoresearch")
    assert before == (_git(home, "status", "--porcelain"), _git(home / "vendor/lib", "rev-parse", "HEAD"))


def test_what_was_done_in_it_is_told_and_undone(home: Path):
    """An edit, a file that was removed and one that was added do not last until the next training."""
    git = RealGit(home)
    folder, commit = _at(git, home)
    git.reset(folder, commit)
    (folder / "vendor/lib/lib.py").write_text("A = 2\n")
    (folder / "vendor/lib/in ner/deep.py").unlink()
    (folder / "vendor/lib/made.bin").write_text("left by a training")
    (folder / "vendor/lib/kept.bin").write_text("to be kept")
    assert ("vendor/lib/in ner/deep.py", "vendor/lib/lib.py") == git.differing(folder)
    assert ("vendor/lib/kept.bin", "vendor/lib/made.bin") == git.untracked(folder)
    git.reset(folder, commit, kept=("vendor/lib/kept.bin",))
    assert "A = 1\n" == (folder / "vendor/lib/lib.py").read_text()
    assert "DEEP = 1\n" == (folder / "vendor/lib/in ner/deep.py").read_text()
    assert ["in ner", "kept.bin", "lib.py"] == sorted(
        one.name for one in (folder / "vendor/lib").iterdir() if not one.name.startswith(".git")
    )
    assert () == git.differing(folder)


def test_a_commit_with_another_one_of_it(home: Path):
    """What a candidate trains is the submodule at the commit that this candidate records."""
    git = RealGit(home)
    folder, first = _at(git, home)
    (home / "vendor/lib/lib.py").write_text("A = 3\n")
    _git(home / "vendor/lib", "commit", "-qam", "third")
    _git(home, "commit", "-qam", "the submodule moved")
    git.reset(folder, git.resolve("HEAD") or "")
    assert "A = 3\n" == (folder / "vendor/lib/lib.py").read_text()
    git.reset(folder, first)
    assert "A = 1\n" == (folder / "vendor/lib/lib.py").read_text()


def test_one_that_is_not_here_is_named_and_empty(home: Path):
    """Nothing is fetched for it, what a training left in its place goes, and another condition says so."""
    git = RealGit(home)
    known = git.filters(git.resolve("HEAD") or "")
    _git(home, "submodule", "--quiet", "deinit", "--force", "--all")
    shutil.rmtree(home / ".git/modules/of mine")
    git = RealGit(home)
    folder, commit = _at(git, home)
    assert ("vendor/lib",) == git.lacking_submodules(commit)
    assert known != git.filters(commit)
    (folder / "vendor/lib/left.bin").write_text("by a training")
    git.reset(folder, commit)
    assert [] == list((folder / "vendor/lib").iterdir())


def test_one_that_is_not_initialised_any_more_is_served(home: Path):
    """Its commits are still below .git/modules."""
    _git(home, "submodule", "--quiet", "deinit", "--force", "--all")
    folder, _ = _at(RealGit(home), home)
    assert "A = 1\n" == (folder / "vendor/lib/lib.py").read_text()


def test_what_a_change_cannot_hold_is_told(home: Path):
    """What was edited, made or removed in a submodule, also in one inside, and nothing that is ignored."""
    git = RealGit(home)
    folder, commit = _at(git, home)
    git.reset(folder, commit)
    assert () == git.changed_inside(folder, commit)
    (folder / "train.py").write_text("import lib  # better\n")
    (folder / "vendor/lib/lib.py").write_text("A = 2\n")
    (folder / "vendor/lib/in ner/deep.py").unlink()
    (folder / "vendor/lib/notes").mkdir()
    (folder / "vendor/lib/notes/one.md").write_text("by an agent")
    (folder / "vendor/lib/.gitignore").write_text("*.pyc\n")
    (folder / "vendor/lib/made.pyc").write_text("by an agent's test")
    assert ("train.py",) == git.changes(folder, commit).files
    inside = ("vendor/lib/.gitignore", "vendor/lib/in ner/deep.py", "vendor/lib/lib.py", "vendor/lib/notes/")
    assert inside == git.changed_inside(folder, commit)


def test_what_is_laid_in_the_place_of_one_that_is_not_here_is_told(home: Path):
    """An empty folder has nothing to compare with: all that stands there came since."""
    _git(home, "submodule", "--quiet", "deinit", "--force", "--all")
    shutil.rmtree(home / ".git/modules/of mine")
    git = RealGit(home)
    folder, commit = _at(git, home)
    assert () == git.changed_inside(folder, commit)
    (folder / "vendor/lib/own.py").write_text("A = 2\n")
    assert ("vendor/lib/own.py",) == git.changed_inside(folder, commit)


@pytest.mark.parametrize(
    ("protected", "also", "outcome"),
    [
        (("program.md",), True, "put back"),
        (("program.md",), False, "in a submodule"),
        (("vendor/lib",), True, "in a submodule"),
        (("vendor/lib/lib.py",), True, "in a submodule"),
    ],
)
def test_an_edit_in_a_submodule_is_named_and_a_protected_one_voids_the_change(
    home: Path, protected: tuple[str, ...], outcome: str, *, also: bool
):
    """The good edit beside it counts; alone, or where its submodule is protected, it is no change."""
    git = RealGit(home)
    base = git.resolve("HEAD") or ""
    paths = RunPaths(home=home, folder=home / ".autoresearch" / "runs" / "a-r001")
    edit = EditCheckout(paths=paths, git=git)
    one = Iteration(number=1, base_commit=base, next_stage="apply", since="")
    run = given(started(RunConfig(editable=("train.py",), protected=protected)))
    job = paths.job(1, "edit", 1)
    job.folder.mkdir(parents=True)
    edit.clear(one)
    (edit.folder / "vendor/lib/lib.py").write_text("A = 2\n")
    if also:
        (edit.folder / "train.py").write_text("import lib  # better\n")
    told = edit.examine(one, run, change=1, job=job)
    if outcome == "put back":
        assert isinstance(told, ev.ChangeApplied)
        assert (("train.py",), ("vendor/lib/lib.py",)) == (told.files, told.put_back)
        assert told == edit.examine(one, run, change=1, job=job)
        assert "import lib  # better\n" == (edit.folder / "train.py").read_text()
    else:
        assert isinstance(told, ev.ChangeFailed)
        assert f"it touches vendor/lib/lib.py {outcome}" in say(told.reason)
    assert "A = 1\n" == (edit.folder / "vendor/lib/lib.py").read_text()


def test_a_submodule_may_be_protected(home: Path):
    """By its path, or that of a file in it; what is neither a file nor in one is not in the commit."""
    git = RealGit(home)
    there, absent = ("vendor/lib", "vendor/lib/lib.py", "train.py"), ("vendor/libs", "vendor/other")
    config = RunConfig(protected=(*there, *absent))
    assert absent == absent_protected(git.resolve("HEAD") or "", config, git)
