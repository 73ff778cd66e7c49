"""What an agent left in its checkout is looked at, and looked at again where the runner died meanwhile."""

from pathlib import Path

import pytest

from autoresearch.engine.loop.changes import leavings
from autoresearch.engine.loop.changes.edits import EditCheckout
from autoresearch.engine.paths import JobPaths, RunPaths
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import why
from autoresearch.projections.run_state import Iteration
from tests.fakes.git import FakeGit
from tests.given import given, started


FILES = {
    "train.py": b"LR = 0.1\n",
    "program.md": b"Try.\n",
    "AGENTS.md": b"For operators.\n",
    "lib/AGENTS.md": b"For all.\n",
    "lib/a.py": b"A = 1\n",
}


class Killed(BaseException):
    """The runner died here."""


class Look:
    """An agent's edit of train.py in a checkout, to be looked at."""

    def __init__(self, folder: Path, **more: tuple[str, ...]) -> None:
        self.git = FakeGit(folder, FILES)
        paths = RunPaths(home=self.git.top, folder=self.git.top / ".autoresearch" / "runs" / "a-r001")
        self.edit = EditCheckout(paths=paths, git=self.git)
        base = self.git.resolve("HEAD") or ""
        self.one = Iteration(number=1, base_commit=base, next_stage="apply", since="")
        self.run = given(
            started(RunConfig(**{"editable": ("train.py",), "protected": ("program.md",)} | more))
        )
        self.job: JobPaths = paths.job(1, "edit", 1)
        self.job.folder.mkdir(parents=True)
        self.edit.clear(self.one)
        self.folder = self.edit.folder
        (self.folder / "train.py").write_text("LR = 0.2\n")

    def __call__(self, *hidden: str) -> ev.ChangeApplied | ev.ChangeFailed:
        return self.edit.examine(self.one, self.run, change=1, job=self.job, hidden=hidden)

    def killed(self, monkeypatch: pytest.MonkeyPatch, where: object, what: str, *hidden: str) -> None:
        """Look, and die instead of doing `what`."""

        def die(*_args: object, **_named: object) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(where, what, die)
            with pytest.raises(Killed):
                self(*hidden)


@pytest.mark.parametrize("hidden", [(), ("AGENTS.md",)])
def test_the_edit_outlasts_a_runner_that_dies_while_all_else_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: tuple[str, ...]
):
    """Killed once the checkout is cleared, the next look finds the edit, and names the same."""
    look = Look(tmp_path)
    if hidden:
        (look.folder / "AGENTS.md").unlink()
    else:
        (look.folder / "notes.md").write_text("x")
    look.killed(monkeypatch, leavings, "lay", *hidden)
    told = look(*hidden)
    assert isinstance(told, ev.ChangeApplied)
    assert (("train.py",), () if hidden else ("notes.md",)) == (told.files, told.put_back)
    assert told == look(*hidden)
    assert "LR = 0.2\n" == (look.folder / "train.py").read_text()


def test_a_void_change_is_void_for_the_same_reason_when_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The checkout is clear by then, and yet nobody is told that nothing was changed."""
    look = Look(tmp_path)
    (look.folder / "program.md").write_text("Be kind.\n")
    look.killed(monkeypatch, ev, "ChangeFailed")
    assert not look.git.changes(look.folder, look.one.base_commit).files
    told = look()
    assert isinstance(told, ev.ChangeFailed)
    assert "program.md" in str(told.reason)
    assert told == look()


def test_instructions_that_an_agent_may_edit_are_not_put_back_when_it_removed_them(tmp_path: Path):
    """Only what was hidden from it is put back; this it had before it, and is told that no file may go."""
    look = Look(tmp_path, editable=("train.py", "lib"))
    (look.folder / "lib" / "AGENTS.md").unlink()
    told = look("lib/AGENTS.md")
    assert isinstance(told, ev.ChangeFailed)
    assert why("file_gone", file="lib/AGENTS.md") == told.reason


def test_a_file_of_the_base_that_an_agent_lets_grow_is_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Beside its change it is put back before git reads it; the change itself is void by it."""
    monkeypatch.setattr(leavings, "MOST_BYTES", 2**20)
    for name in ("lib/a.py", "train.py"):
        look = Look(tmp_path / name)
        with (look.folder / name).open("ab") as file:
            file.truncate(2**20 + 1)
        told = look()
        if name == "train.py":
            assert isinstance(told, ev.ChangeFailed)
            assert why("not_storable", file=name, most_mb=1) == told.reason
        else:
            assert isinstance(told, ev.ChangeApplied)
            assert (("train.py",), (name,)) == (told.files, told.put_back)
            assert "A = 1\n" == (look.folder / name).read_text()


def test_what_was_kept_is_laid_nowhere_but_in_the_checkout(tmp_path: Path):
    """An agent that writes such a note itself, or made a folder a link, reaches nothing outside."""
    user, checkout, job = tmp_path / "user", tmp_path / "checkout", JobPaths(tmp_path / "job")
    (user / "b").mkdir(parents=True)
    (checkout / "a").mkdir(parents=True)
    (checkout / "a" / "b").write_text("of the base")
    outside = ("../user/x", str(user / "x"), ".git", "sub/.git/config")
    leavings.keep(job, [leavings.Kept(name, b"x", None, 0o644) for name in outside])
    assert () == leavings.kept(job)
    kept = [leavings.Kept("a/b", None, None, 0), leavings.Kept("a", None, str(user), 0)]
    leavings.keep(job, kept)
    leavings.lay(checkout, leavings.kept(job) or ())
    assert str(user) == str((checkout / "a").readlink())
    assert (user / "b").is_dir()
    assert leavings.Kept("a/b", None, None, 0) == leavings.take(checkout, ("a/b",))[0]
