"""Where an agent is asked: a program that behaves on demand, a worktree, and how a job runs."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresearch.engine.agents.branch_guard import keep_hook
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.jobs.output import FolderOutput
from autoresearch.engine.ports.agent import Agent, Answer, Ask
from autoresearch.engine.ports.jobs import Finished, JobExit, JobSpec
from autoresearch.events.values import Proposal
from tests.fakes.agents import fake_program, run_inline
from tests.waiting import PATIENCE_S, until


PROPOSED = Proposal(
    status="ok",
    description="halve the batch",
    change_plan="Halve the batch in train.py.",
    commit_description="experiment: halve the batch",
)
Runner = Callable[[JobSpec, Path], JobExit]


def run_supervised(spec: JobSpec, folder: Path) -> JobExit:
    """Run a job to its end under its supervisor."""
    jobs = RealJobs()
    jobs.start(folder, spec)
    until(lambda: isinstance(jobs.look(folder), Finished))
    state = jobs.look(folder)
    assert isinstance(state, Finished)
    return state.exit


@pytest.fixture(params=[run_inline, run_supervised], ids=["inline", "supervised"])
def run(request: pytest.FixtureRequest) -> Runner:
    """Run a job without and with the real supervisor."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=["plain", "with space", "quo'te", "ünïcode"])
def worktree(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a worktree that lies inside a repository, as a run's does, in folders with odd names."""
    home = tmp_path / request.param
    worktree = home / "runs" / "worktree"
    for words in (
        ("init", "-q", str(home)),
        (
            "-C",
            str(home),
            "-c",
            "user.name=u",
            "-c",
            "user.email=u@x",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "0",
        ),
        ("-C", str(home), "worktree", "add", "-q", "--detach", str(worktree)),
    ):
        subprocess.run(["git", *words], check=True)
    (worktree / "train.py").write_text("DEPTH = 4\n")
    return worktree


def hooks_of(worktree: Path) -> Path:
    """Return where the hooks of its run lie."""
    return worktree.parent / "git-hooks"


def asked(worktree: Path, behaviour: str, arg: str = "", **more: object) -> Ask:
    """Return a question to the program that behaves on demand."""
    words = {"step": "propose", "prompt": "In this step you only propose", "timeout_s": PATIENCE_S, **more}
    keep_hook(hooks_of(worktree) / "reference-transaction")
    return Ask(worktree=worktree, hooks=hooks_of(worktree), command=fake_program(behaviour, arg), **words)  # type: ignore[arg-type]


def ask(agent: Agent, question: Ask, run: Runner) -> Answer:
    """Ask to the end."""
    folder = question.worktree.parent / "iterations" / "0001" / f"{question.step}.1"
    return agent.answer(question.step, FolderOutput(folder), run(agent.job(question, folder), folder))


def git(worktree: Path, *words: str) -> str:
    """Return what git says of the worktree."""
    done = subprocess.run(["git", "-C", str(worktree), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Return an empty folder to work in."""
    folder = tmp_path / "work" / "worktree"
    folder.mkdir(parents=True)
    (folder / "train.py").write_text("DEPTH = 4\n")
    return folder
