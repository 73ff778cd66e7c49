"""Real jobs under a supervisor, and what their folders say."""

import sys
from pathlib import Path
from typing import Any

from autoresearch.engine.jobs.claim_file import Claim, read_claim
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.ports.jobs import Finished, JobExit, JobSpec, Running
from autoresearch.events.values import Process
from tests.waiting import PATIENCE_S, until


JOBS = RealJobs()
PYTHON = (sys.executable, "-S", "-c")


def start(home: Path, *command: str, name: str = "job", **facts: Any) -> Path:
    spec = {"deadline_s": PATIENCE_S, "grace_s": 0.3, "cwd": str(home), **facts}
    JOBS.start(home / name, JobSpec(name=name, command=command, **spec))
    return home / name


def finished(folder: Path) -> JobExit:
    state = until(lambda: None if isinstance(JOBS.look(folder), Running) else JOBS.look(folder))
    assert isinstance(state, Finished), state
    return state.exit


def child(folder: Path) -> Process:
    return until(lambda: (read_claim(folder) or Claim()).child)


def supervisor(folder: Path) -> Process:
    child(folder)
    state = JOBS.look(folder)
    assert isinstance(state, Running)
    assert state.supervisor is not None
    return state.supervisor


def output(folder: Path) -> bytes:
    path = folder / "output.log"
    return path.read_bytes() if path.exists() else b""
