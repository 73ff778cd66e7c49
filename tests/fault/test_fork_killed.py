"""A fork that is killed at any instant: there is a whole run, or none, and the next fork has its place."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.control.fork import fork
from autoresearch.engine.control.requests import StartOptions
from autoresearch.engine.control.start import start
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import claimed_runs, run_named, started_runs
from autoresearch.engine.runs.load import load
from tests.cli_helpers import git, make_repo
from tests.crash_helpers import SHIM
from tests.torture import sample


@pytest.fixture
def source(tmp_path: Path) -> RunPaths:
    """A run that was asked for; it is forked as it stands, before its baseline."""
    repo = make_repo(tmp_path / "repo")
    asked = StartOptions(loops=1, stochastic=False)
    return start(repo, asked, git=RealGit(repo), version="test").paths


def killed(source: RunPaths, at: int, note: Path) -> int:
    """Fork a run, and be killed at an instant; return the exit code."""
    env = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "CRASH_AT": str(at), "CRASH_NOTE": str(note)}
    words = [sys.executable, str(SHIM), str(source.home), str(source.folder), "fork"]
    return subprocess.run(words, env=env, check=False).returncode


def kill_forks(source: RunPaths, instants: Iterable[int]) -> tuple[int, int]:
    """Kill forks at these instants, each followed by one that is not; return how many had begun, and not."""
    repo = source.home
    template, note = repo.with_name("template"), repo.with_name("note")
    shutil.copytree(repo, template)
    begun_before = not_begun = 0
    for at in instants:
        shutil.rmtree(repo)
        shutil.copytree(template, repo)
        note.unlink(missing_ok=True)
        assert killed(source, at, note) == -9, at
        where = note.read_text()
        begun = [one.run_id for one in started_runs(repo)]
        begun_before += len(begun) == 2
        not_begun += len(begun) == 1 < len(claimed_runs(repo))
        made = fork(repo, run_named(repo, source.run_id), RealGit(repo), at=None, branch=None, version="test")
        runs = started_runs(repo)
        assert {*begun, made.paths.run_id} == {one.run_id for one in runs}, where
        assert len(claimed_runs(repo)) == len(begun) + 1, where
        branches = set(git(repo, "branch", "--format=%(refname:short)").split())
        assert branches == {"main", *(load(one).run.branch for one in runs)}, where
        for one in runs:
            assert audit(one, git=RealGit(repo), jobs=RealJobs())[0].first is None, where
    return begun_before, not_begun


def instants_of(source: RunPaths) -> list[str]:
    """Fork a run without a crash, and put its repository back; return what a fork does."""
    before, note = source.home.with_name("before"), source.home.with_name("note")
    shutil.copytree(source.home, before)
    assert killed(source, -1, note) == 0
    shutil.rmtree(source.home)
    shutil.copytree(before, source.home)
    return note.read_text().splitlines()


def test_a_fork_killed_at_some_instants(source: RunPaths):
    """The next fork has the id and the branch of a dead one; what had begun is whole."""
    lines = instants_of(source)
    claimed = next(at for at, line in enumerate(lines) if "os.mkdir" in line and "-r001" in line)
    begun, not_begun = kill_forks(source, [*range(claimed + 1, len(lines) - 1, 18), len(lines) - 1])
    assert begun >= 1
    assert not_begun >= 2


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_fork_killed_at_every_instant(source: RunPaths):
    """The same at any instant."""
    chosen = sample(range(len(instants_of(source))), 60, "fork")
    begun, not_begun = kill_forks(source, chosen)
    assert begun + not_begun >= (len(chosen) > 20)  # a small share may lie before anything was claimed
