"""Git that is killed, or whose disk is full: trouble of the world, and never the fault of a change."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from autoresearch.engine.git.program import Refused
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.loop.trouble import may_get_room
from autoresearch.events.errors import AutoresearchError, InvalidInput


FULL = "echo 'fatal: unable to write loose object file: No space left on device' >&2; exit 128"
CALLS = {
    "rev-parse": lambda git, folder: git.resolve("main"),
    "cat-file": lambda git, folder: git.show("main", "train.py"),
    "add": lambda git, folder: git.changes(folder, "main"),
    "apply": lambda git, folder: git.apply_patch(folder, b"--- a/train.py\n+++ b/train.py\n"),
    "update-ref": lambda git, folder: git.set_ref("refs/autoresearch/x/1", git.resolve("main"), old=None),
}


@pytest.fixture
def git(tmp_path: Path) -> RealGit:
    """A repository with a worktree, through the real git."""
    top = tmp_path / "repo"
    top.mkdir()
    (top / "train.py").write_text("A = 1\n")
    who = ("-c", "user.name=user", "-c", "user.email=user@localhost")
    for command in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-q", "-m", "start")):
        subprocess.run(["git", *command], cwd=top, check=True)
    made = RealGit(top)
    made.ensure_worktree(tmp_path / "worktree", "main")
    return made


def fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, word: str, how: str) -> None:
    """Let git do this instead of one of its commands."""
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    script = f'#!/bin/sh\nfor word; do [ "$word" = {word} ] && {{ {how}; }}; done\nexec {real} "$@"\n'
    (tmp_path / "bin" / "git").write_text(script)
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")


@pytest.mark.parametrize("word", CALLS)
def test_a_killed_git_has_said_nothing(
    git: RealGit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, word: str
) -> None:
    """Where git is killed, nothing is taken for absent, refused or wrong: it is tried again."""
    fail(monkeypatch, tmp_path, word, "kill -9 $$")
    with pytest.raises(AutoresearchError, match=f"git {word} was killed by SIGKILL") as raised:
        CALLS[word](git, tmp_path / "worktree")
    assert not isinstance(raised.value, InvalidInput)


INDEX = "fatal: unable to write new index file"


@pytest.mark.parametrize("said", ["error: sha1 file 'x' write error. Out of diskspace", INDEX])
def test_gits_own_words_for_a_full_disk_are_known(
    git: RealGit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str
) -> None:
    """Where git found no room and says so in words of its own, that is waited out too."""
    word = next(iter(CALLS))
    fail(monkeypatch, tmp_path, word, f'echo "{said}" >&2; exit 128')
    monkeypatch.setattr("autoresearch.engine.system.disk.is_full", lambda _: said == INDEX)
    with pytest.raises(OSError, match=r"diskspace|No space left") as raised:
        CALLS[word](git, tmp_path / "worktree")
    assert errno.ENOSPC == raised.value.errno


def test_an_index_that_cannot_be_written_is_no_full_disk(
    git: RealGit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where there is room, a human is asked in the end, and neither the change is blamed nor the disk."""
    word = next(iter(CALLS))
    fail(monkeypatch, tmp_path, word, f'echo "{INDEX}" >&2; exit 128')
    with pytest.raises(AutoresearchError, match="unable to write new index file") as raised:
        CALLS[word](git, tmp_path / "worktree")
    assert not isinstance(raised.value, InvalidInput | Refused)
    assert not may_get_room(raised.value)


@pytest.mark.parametrize("word", CALLS)
def test_a_full_disk_is_not_the_changes_fault(
    git: RealGit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, word: str
) -> None:
    """Where git finds no room, the disk's own error is raised, which the runner waits out."""
    fail(monkeypatch, tmp_path, word, FULL)
    with pytest.raises(OSError, match="No space left") as raised:
        CALLS[word](git, tmp_path / "worktree")
    assert errno.ENOSPC == raised.value.errno


def test_a_worktree_that_another_git_took_away_is_made_again(
    git: RealGit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A worktree whose making the git of a killed runner disturbs is made when that one is gone."""
    once = tmp_path / "once"
    refuse = f"[ -e {once} ] || {{ : > {once}; echo 'fatal: not a git repository' >&2; exit 128; }}"
    fail(monkeypatch, tmp_path, "worktree", refuse)
    git.ensure_worktree(tmp_path / "another", "main")
    assert once.exists()
    assert (tmp_path / "another" / "train.py").read_text() == "A = 1\n"
