"""The run that is forged: a human's and an agent's proposals, a keep, a discard, a crash, and its files."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.audit.report import Audit
from autoresearch.engine.paths import ANSWER, RunPaths
from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.runs.views import rebuild
from autoresearch.events.values import Proposal
from tests.fakes.agents import FakeAgent, answered
from tests.fakes.world import World


VIEWS = ("state.json", "results.tsv", "runner.log")
MENDED = 'LR = 0.05  # rate   search: 0.001..1.0\nWIDTH = 16  # units   search: 4 | 8 | 16\nFAIL = ""\n'

ANSWERED = b'{"status": "ok"}'  # as it wrote it into its file


def proposal(name: str, **settings: object) -> Proposal:
    """Return a proposal; without settings it is prose."""
    return Proposal(status="ok", description=name, change_plan=name, commit_description=name, set=settings)


def play(home: Path) -> World:
    """Play the run: seven iterations, each of which ends in its own way."""
    world = World(home)
    world.agent = FakeAgent(
        answered(proposal=proposal("slower and wider")),  # prose, which it then carries out
        answered(),
        answered(proposal=proposal("breaks", FAIL="yes")),
        answered(text='{"action": "discard", "reason": "it cannot work"}'),
        answered(proposal=proposal("worse", LR=0.9)),
    )
    train = world.jobs.on_start

    def start(jobs, folder: Path, spec: JobSpec) -> None:
        train(jobs, folder, spec)
        if folder.name.startswith("apply"):
            (Path(spec.cwd) / "train.py").write_text(MENDED)
        if not folder.name.startswith("train"):
            files = {ANSWER: ANSWERED} if folder.name == "propose.1" else {}
            jobs.finish(folder, output=f"{folder.name} says so\n".encode(), files=files)

    world.jobs.on_start = start
    world.start(
        loops=6,
        agent="fake",
        proposals=(proposal("wider", WIDTH=16), proposal("unknown", NOWHERE=1)),
        training_budget="60",
        env={"SEED": "1"},
    )
    drop(world, "better.json", json.dumps(_dropped("dropped", LR=0.08)))
    drop(world, "nothing.json", "no proposal")
    world.runner().run()
    return world


def drop(world: World, name: str, text: str) -> None:
    """Drop a file as it lay there for a while."""
    path = world.paths.proposals / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (1_700_000_000, 1_700_000_000))


def _dropped(name: str, **settings: object) -> dict[str, object]:
    words = dict.fromkeys(("description", "change_plan", "commit_description"), name)
    return {"status": "ok", **words, "set": settings}


@contextmanager
def put_back(world: World) -> Iterator[World]:
    """Give the world to be spoilt; afterwards all of it is as before."""
    git, jobs, folder = world.git, world.jobs, world.paths.folder
    files = {path: path.read_bytes() for path in _files(folder)}
    folders = {path for path in folder.rglob("*") if path.is_dir()}
    refs, commits, started = dict(git.refs), dict(git.commits), dict(jobs.jobs)
    try:
        yield world
    finally:
        git.refs, git.commits, jobs.jobs = refs, commits, started
        for path in _files(folder) - files.keys():
            path.unlink()
        for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
            if path not in folders:
                path.rmdir()
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file() or path.read_bytes() != content:
                path.write_bytes(content)


def _files(folder: Path) -> set[Path]:
    checkouts = ("worktree", "workbench")
    return {
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(checkouts)
    }


def rebuild_views(paths: RunPaths) -> None:
    """Write the views of a forged history, so that none of them gives it away."""
    for name in VIEWS:
        (paths.folder / name).unlink(missing_ok=True)
    shutil.rmtree(paths.folder / "state", ignore_errors=True)
    rebuild(paths)


def audited(world: World) -> Audit:
    """Return what an audit finds."""
    return audit(world.paths, git=world.git, jobs=world.jobs)[0]


def differing(made: Audit) -> dict[str, str]:
    """Return the checks that differ, with the field of the first difference of each."""
    return {one.name: one.first.field for one in made.checks if one.first}


def missing(made: Audit) -> set[str]:
    """Return what could not be looked at."""
    return {told.what for one in made.checks for told in one.not_seen}
