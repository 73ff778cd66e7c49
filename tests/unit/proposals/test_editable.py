"""What a change may touch, by file, folder and pattern."""

from pathlib import Path

import pytest

from autoresearch.engine.proposals.editable import absent, files_at, in_checkout, is_editable
from autoresearch.engine.runs.settings_check import check
from autoresearch.events.errors import InvalidInput
from autoresearch.events.settings import RunConfig
from tests.fakes.git import FakeGit


def config(*editable: str, protected: tuple[str, ...] = ("src/eval.py",)) -> RunConfig:
    return RunConfig(editable=editable, protected=protected)


@pytest.mark.parametrize(
    ("name", "path", "may"),
    [
        ("train.py", "train.py", True),
        ("train.py", "train.pyc", False),
        ("src", "src/a.py", True),
        ("src", "src/deep/new.py", True),
        ("src", "srcs/a.py", False),
        ("src", "src/eval.py", False),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/deep/a.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/very/deep/a.py", True),
        ("src/**/*.py", "src/a.yaml", False),
        ("conf/?.yaml", "conf/a.yaml", True),
        ("a[1].py", "a[1].py", True),
        ("a[1].py", "a1.py", False),
    ],
)
def test_files_folders_and_patterns(name: str, path: str, may: bool):  # noqa: FBT001
    """A name is a file or a folder with all in it, a pattern has * within a folder and ** beyond."""
    assert may is is_editable(path, config(name))


def test_the_files_of_a_checkout(tmp_path: Path):
    """What goes by a name is found, new files too; what is protected, a link or git's is not."""
    for name in ("src/a.py", "src/eval.py", "src/__pycache__/a.pyc", "src/.git/x", "other.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "src/link.py").symlink_to("a.py")
    assert {"src/a.py": b"src/a.py"} == in_checkout(tmp_path, config("src", "train.py"))
    assert {"other.py", "src/a.py"} == in_checkout(tmp_path, config("*.py", "src/*.py")).keys()


def test_the_files_of_a_commit(tmp_path: Path):
    """A folder is not missing from a commit that has a file in it; what nothing goes by is."""
    git = FakeGit(tmp_path, {"train.py": b"1", "src/a.py": b"2", "src/eval.py": b"3"})
    assert {"src/a.py": b"2"} == files_at("HEAD", config("src"), git)
    assert {"train.py": b"1", "src/a.py": b"2"} == files_at("HEAD", config("train.py", "src/**/*.py"), git)
    assert ("gone.py", "conf/*.yaml") == absent("HEAD", config("src", "gone.py", "conf/*.yaml", "*.py"), git)


def test_an_evaluation_in_an_editable_folder_is_refused():
    """What scores a training may not be changed by a candidate, also where it lies in an editable folder."""
    with pytest.raises(InvalidInput, match="no editable file in it"):
        check(RunConfig(editable=("src",), evaluate=("python", "src/score.py")))
    check(RunConfig(editable=("src",), evaluate=("python", "src/eval.py"), protected=("src/eval.py",)))
