"""A run whose folder was renamed or copied, or whose history is gone."""

import shutil

import pytest

from tests.e2e.conftest import Program


@pytest.mark.parametrize("how", ["copied", "renamed"])
def test_a_folder_of_another_name_moves_nothing(program: Program, how: str):
    """Looking works; nothing is appended, no ref moves, and the way out is named and helps."""
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    folder = program.run_folder()
    other = folder.with_name("other-r007")
    (shutil.copytree if how == "copied" else shutil.move)(folder, other)
    refs, history = program.git("show-ref"), (other / "history.jsonl").read_bytes()
    program("status", "--run-id", other.name)
    for words in (("note", "more"), ("resume", "--loops", "1", "--no-stochastic", "--no-background-train")):
        refused = program(*words, "--run-id", other.name, code=3)
        assert f"is the history of {folder.name}" in refused.stderr
    assert refs == program.git("show-ref")
    assert history == (other / "history.jsonl").read_bytes()
    if how == "copied":
        shutil.rmtree(other)
    else:
        other.rename(refused.stderr.split("mv ")[1].split()[1])
    program("resume", "--loops", "1", "--no-stochastic", "--no-background-train")


@pytest.mark.parametrize("how", ["emptied", "removed"])
@pytest.mark.parametrize("named", [True, False])
def test_a_history_that_is_gone_is_said(program: Program, how: str, named: bool):  # noqa: FBT001
    """A run that has begun is not taken for none where its history is gone, and nothing is begun for it."""
    program("start", "--only", "setup", "--no-background-train")
    folder = program.run_folder()
    history = folder / "history.jsonl"
    if how == "emptied":
        history.write_bytes(b"")
    else:
        history.unlink()
    which = ("--run-id", folder.name) if named else ()
    for words in (("status",), ("note", "more"), ("resume",)):
        refused = program(*words, *which, code=6)
        assert "is gone or empty, though the run has begun" in refused.stderr
        assert "restore the history from a copy" in refused.stderr
    program.is_true = False
