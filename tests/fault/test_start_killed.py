"""A start that was killed before its first event, and the one that comes after it."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autoresearch.engine.control.requests import StartOptions
from autoresearch.engine.control.start import start
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import claimed_runs, started_runs
from autoresearch.engine.runs.claim import alone, claim_run, clear_dead, make_branch
from autoresearch.engine.runs.load import load
from tests.cli_helpers import git, make_repo
from tests.crash_helpers import SHIM
from tests.torture import sample


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo")


def begin(repo: Path, *, branch: str | None = None) -> str:
    """Start a run without a runner; return its id."""
    asked = StartOptions(loops=1, stochastic=False)
    return start(repo, asked, git=RealGit(repo), version="test", branch=branch).paths.run_id


def killed(repo: Path, at: int, note: Path) -> int:
    """Start a run, and be killed at an instant; return the exit code."""
    env = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "CRASH_AT": str(at), "CRASH_NOTE": str(note)}
    return subprocess.run([sys.executable, str(SHIM), str(repo)], env=env, check=False).returncode


def half_begun(repo: Path, branch: str) -> RunPaths:
    """Leave what a start leaves that was killed right before its first event."""
    paths = claim_run(repo, branch)
    assert make_branch(paths, RealGit(repo), branch, git(repo, "rev-parse", "HEAD"))
    return paths


def branches(repo: Path) -> set[str]:
    return set(git(repo, "branch", "--format=%(refname:short)").split())


def kill_starts(repo: Path, instants: Iterable[int]) -> int:
    """Kill starts at these instants, each followed by one that is not; return how many had not begun."""
    template, note = repo.with_name("template"), repo.with_name("note")
    shutil.copytree(repo, template)
    left = 0
    for at in instants:
        shutil.rmtree(repo)
        shutil.copytree(template, repo)
        note.unlink(missing_ok=True)
        assert killed(repo, at, note) == -9, at
        where = note.read_text()
        begun = [one.run_id for one in started_runs(repo)]
        left += not begun and len(claimed_runs(repo))
        new = begin(repo)
        assert [*begun, new] == [one.run_id for one in started_runs(repo)], where
        assert len(claimed_runs(repo)) == len(begun) + 1, where
        runs = [load(one).run for one in started_runs(repo)]
        assert branches(repo) == {"main", *(run.branch for run in runs)}, where
        assert begun or new.endswith("-r001"), where
        assert not [path for one in claimed_runs(repo) for path in one.folder.glob(".*")] or begun, where
    return left


def test_a_start_killed_at_some_instants(repo: Path):
    """The next start has the id and the branch that a dead one had claimed, and nothing else is left."""
    note = repo.with_name("note")
    other = make_repo(repo.with_name("other"))
    assert killed(other, -1, note) == 0
    claimed = next(
        at for at, line in enumerate(note.read_text().splitlines()) if "os.mkdir" in line and "-r001" in line
    )
    count = len(note.read_text().splitlines())
    assert kill_starts(repo, range(claimed + 1, count, 7)) >= 3


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_start_killed_at_every_instant(repo: Path):
    """The same at any instant."""
    note = repo.with_name("note")
    other = make_repo(repo.with_name("other"))
    assert killed(other, -1, note) == 0
    count = len(note.read_text().splitlines())
    instants = sample(range(count), 60, "start")
    some_had_not_begun = kill_starts(repo, instants) >= 1
    assert some_had_not_begun or len(instants) < count // 2  # a small share may miss those


@pytest.mark.parametrize("torn", [b"", b'{"seq":1,"tx":[0,2],"ty', "batch"])
def test_a_torn_first_write_is_no_beginning(repo: Path, torn: bytes | str):
    """What a start had written of its first events goes too, be it a whole line of a batch."""
    whole = begin(make_repo(repo.with_name("other")))
    if torn == "batch":
        other = next(repo.with_name("other").rglob(f"{whole}/history.jsonl"))
        torn = other.read_bytes().splitlines(keepends=True)[0]
    assert isinstance(torn, bytes)
    dead = half_begun(repo, "tries")
    dead.history.write_bytes(torn)
    assert begin(repo, branch="tries") == dead.run_id


def test_what_somebody_has_a_hand_on_stays(repo: Path):
    """A branch of a dead start that was checked out, moved or made by the user stays; the id is free."""
    for name in ("out", "moved", "mine", "left"):
        if name == "mine":
            git(repo, "branch", "mine")
        half_begun(repo, name)
    git(repo, "checkout", "-q", "moved")
    git(repo, "commit", "-q", "--allow-empty", "-m", "the user's")
    git(repo, "checkout", "-q", "out")
    clear_dead(repo, RealGit(repo))
    assert branches(repo) == {"main", "out", "moved", "mine"}
    assert claimed_runs(repo) == ()


def test_what_a_living_start_holds_is_left_alone(repo: Path):
    """Somebody who is about to begin is waited for, and has begun then."""
    with ThreadPoolExecutor() as pool:
        with alone(repo):
            living = half_begun(repo, "living")
            waits = pool.submit(clear_dead, repo, RealGit(repo))
            time.sleep(0.3)
            assert not waits.done()
            other = begin(make_repo(repo.with_name("other")), branch="living")
            history = next(repo.with_name("other").rglob(f"{other}/history.jsonl"))
            living.history.write_bytes(history.read_bytes())
        waits.result()
    assert [living.run_id] == [one.run_id for one in started_runs(repo)]
    assert "living" in branches(repo)


def test_a_folder_that_holds_something_else_is_left_alone(repo: Path):
    """What a user dropped for a run that never began is not deleted, nor a run whose history was emptied."""
    dropped, emptied = half_begun(repo, "a"), half_begun(repo, "b")
    dropped.next_proposal.write_text("{}")
    emptied.state.write_text("{}")
    clear_dead(repo, RealGit(repo))
    assert {dropped.run_id, emptied.run_id} == {one.run_id for one in claimed_runs(repo)}
    assert {"a", "b"} < branches(repo)
