"""The guidance that agents are told is what the user committed last, where that stands on the run's code."""

from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.agents.prompts import propose_prompt
from autoresearch.engine.asking.prompting import Prompting
from autoresearch.engine.paths import RunPaths
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.projections.run_state import Iteration, RunState
from tests.fakes.commits import Commit
from tests.fakes.git import FakeGit
from tests.fakes.jobs import FakeJobs


FILES = {"train.py": b"LR = 0.1\n", "program.md": b"Try the rate.\n"}


@pytest.fixture
def git(tmp_path: Path) -> FakeGit:
    """A repository whose user is on the branch that the run began on."""
    return FakeGit(tmp_path, FILES)


def told(git: FakeGit, *, base: str, best: str) -> tuple[str, str]:
    """Return the guidance of a question on the best, and where it is from."""
    prompting = Prompting(
        paths=RunPaths(home=git.top, folder=git.top / "mar8-r001"),
        git=git,
        jobs=FakeJobs(),
    )
    one = Iteration(number=2, base_commit=best, next_stage="propose", since="")
    return prompting._guidance(evolve(RunState(), base_commit=base), one)


def committed(git: FakeGit, parent: str | None, **files: bytes) -> str:
    """Return a commit with these files beside those of the start."""
    changed = {name.replace("_", "."): content for name, content in files.items()}
    return git._store(Commit(files=FILES | changed, parent=parent, message="m"))


def test_what_was_committed_meanwhile_is_told_from_then_on(git: FakeGit) -> None:
    """A new program.md on the user's branch is told, with its commit; before that the one of the code is."""
    base = git.resolve("HEAD")
    best = committed(git, base, train_py=b"LR = 0.2\n")
    assert ("Try the rate.\n", "program.md of this code") == told(git, base=base, best=best)
    newer = committed(git, base, program_md=b"Try the width.\n")
    git.refs["refs/heads/main"] = newer
    text, source = told(git, base=base, best=best)
    assert ("Try the width.\n", f"program.md of the user's commit {newer[:7]}") == (text, source)
    prompt = propose_prompt(
        metric=MetricSpec(),
        baseline=1.5,
        best=1.4,
        memory=(),
        notes=(),
        guidance=text,
        guidance_from=source,
        editable=("train.py",),
    )
    assert f"The guidance of this series, {source}:" in prompt


def test_a_checkout_of_something_else_tells_nothing(git: FakeGit) -> None:
    """Where the user looks at a commit that does not stand on the run's code, the code's own is told."""
    base = git.resolve("HEAD")
    git.refs["refs/heads/main"] = committed(git, None, program_md=b"Another project.\n")
    assert ("Try the rate.\n", "program.md of this code") == told(git, base=base, best=base)
