"""Setup: are the files, the data and the tokenizer there; and the job that prepares them."""

import json
import os
from pathlib import Path
from typing import Protocol

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.system import run_command
from autoresearch.engine.system.interpreter import with_interpreter
from autoresearch.events import catalog as ev
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason, why
from autoresearch.projections.run_state import RunState


CHECK_TIMEOUT_S = 120.0  # a check reads a manifest; slower than this is a hang


class SetupGit(Commits, Worktrees, Protocol):
    """What looking at the setup needs of git."""


def check_setup(run: RunState, *, paths: RunPaths, git: SetupGit) -> ev.SetupChecked:
    """Look at everything a training needs; what is missing is named, with its place."""
    config = run.config
    files = (*config.editable, *config.protected)
    absent = git.missing(run.base_commit, files)
    if absent:
        missing = tuple(
            why("not_in_commit", file=name, commit=run.base_commit, branch=run.branch) for name in absent
        )
        return ev.SetupChecked(ok=False, missing=missing, preparable=False, data_id=None)
    git.ensure_worktree(paths.train_checkout, run.base_commit)
    if not config.check:
        return ev.SetupChecked(ok=True, missing=(), preparable=False, data_id=None)
    missing, data_id = _ask_check(config, paths.train_checkout)
    return ev.SetupChecked(
        ok=not missing, missing=missing, preparable=bool(missing and config.prepare), data_id=data_id
    )


def prepare_spec(config: RunConfig, *, number: int, worktree: Path) -> JobSpec:
    """Return the job that prepares data and tokenizer."""
    return JobSpec(
        name=f"prepare {number}",
        command=with_interpreter(config.prepare),
        cwd=str(worktree),
        env={**config.env, "PYTHONUNBUFFERED": "1"},
        deadline_s=config.prepare_timeout_s,
        log_limit_bytes=int(config.log_limit_mb * 2**20),
    )


def _ask_check(config: RunConfig, worktree: Path) -> tuple[tuple[Reason, ...], str | None]:
    """Run the check command; return what is missing and the data_id.

    A check prints one JSON object `{"ready": bool, "missing": [...], "data_id": ...}` as its last line;
    for one that does not, its exit code speaks.
    """
    said = " ".join(config.check)
    try:
        done = run_command.run(
            with_interpreter(config.check),
            cwd=worktree,
            env={**os.environ, **config.env},
            timeout_s=CHECK_TIMEOUT_S,
        )
    except AutoresearchError as error:
        return (why("check_not_run", str(error), check=said),), None
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    try:
        answer = json.loads(lines[-1]) if lines else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "ready" not in answer:
        if done.exit_code == 0:
            return (), None
        tail = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        last = tail[-1] if tail else "no output"
        return (why("check_failed", last, check=said, exit_code=done.exit_code),), None
    data_id = answer.get("data_id")
    missing = answer.get("missing")
    named = [why("check_says", str(each)) for each in missing] if isinstance(missing, list) else []
    if not answer["ready"] and not named:
        named = [why("check_not_ready", check=said)]
    return tuple(named) if not answer["ready"] else (), str(data_id) if data_id else None
