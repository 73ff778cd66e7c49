"""Setup: are the files, the data and the tokenizer there; and the job that prepares them."""

import json
import os
from pathlib import Path
from typing import Protocol

from attrs import evolve as replace

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.ports.repository import Commits, OwnCheckout
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.system import run_command
from autoresearch.engine.system.disk import require_room
from autoresearch.engine.system.interpreter import with_interpreter
from autoresearch.engine.system.process import ended_by_others
from autoresearch.engine.system.trouble import reason_of
from autoresearch.engine.training.checkout import NoRoom, TrainCheckouts
from autoresearch.engine.training.own_code import looked_for
from autoresearch.events import catalog as ev
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason, because, why
from autoresearch.projections.run_state import RunState


CHECK_TIMEOUT_S = 120.0  # a check reads a manifest; slower than this is a hang


class SetupGit(Commits, OwnCheckout, Worktrees, Protocol):
    """What looking at the setup needs of git."""


def check_setup(run: RunState, *, paths: RunPaths, git: SetupGit) -> ev.SetupChecked:
    """Look at everything a training needs; what is missing is named, with its place."""
    config = run.config
    files = (*config.editable, *config.protected)
    absent = git.missing(run.base_commit, files)
    missing = tuple(
        why("not_in_commit", file=name, commit=run.base_commit, branch=run.branch) for name in absent
    )
    shared = _shared(run, paths=paths, git=git)
    missing += tuple(
        why("shared_is_not_there", path=path, folder=str(paths.home))
        for path in shared
        if not (paths.home / path).exists()
    )
    if missing:
        return _incomplete(missing)
    looking = replace(run, setup=replace(run.setup, shared=shared))
    try:
        missing, data_id = _looked_at(looking, TrainCheckouts(paths=paths, git=git))
    except NoRoom as error:
        return _incomplete((why("link_without_room", path=error.path),))
    if missing:  # perhaps the check could not do its work
        require_room(paths.folder)
    preparable = bool(missing and config.prepare)
    own = looked_for(config, home=paths.home, checkout=paths.train_checkout)
    if not missing:
        missing = tuple(
            why("imported_from_elsewhere", module=name, file=file) for name, file in own.elsewhere
        )
    return ev.SetupChecked(
        ok=not missing,
        missing=missing,
        preparable=preparable,
        data_id=data_id,
        shared=shared,
        python_path=own.first,
    )


def _incomplete(missing: tuple[Reason, ...]) -> ev.SetupChecked:
    return ev.SetupChecked(
        ok=False, missing=missing, preparable=False, data_id=None, shared=(), python_path=()
    )


def _shared(run: RunState, *, paths: RunPaths, git: SetupGit) -> tuple[str, ...]:
    """Return what train checkouts are to have links to: the setting, and what a .worktreeinclude names."""
    around = f"{paths.folder.relative_to(paths.home).as_posix()}/"
    included = (path for path in git.included() if not around.startswith(f"{path}/"))
    return tuple(dict.fromkeys((*run.config.shared, *included)))


def _looked_at(run: RunState, checkouts: TrainCheckouts) -> tuple[tuple[Reason, ...], str | None]:
    """Ask the check in every slot's checkout; return what is missing in one of them, and the data_id.

    Each is as a training finds it; but the first may hold a human's edit once there is a best.
    """
    found: list[tuple[tuple[Reason, ...], str | None]] = []
    for slot in range(1, run.slots + 1):
        if slot == 1 and run.last_iteration >= 0:
            folder = checkouts.stand(run.best.commit if run.best else run.base_commit, run)
        else:
            folder = checkouts.clear(slot, run.base_commit, run)
        found.append(_ask_check(run.config, folder) if run.config.check else ((), None))
    different = {data_id for _, data_id in found}
    missing = next((missing for missing, _ in found if missing), ())
    if not missing and len(different) > 1:
        missing = (why("data_differs_by_slot", first=str(found[0][1]), slots=run.slots),)
    return missing, found[0][1]


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

    Raises: AutoresearchError: it was killed, so nothing is known.

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
        return (because("check_not_run", reason_of(error), check=said),), None
    if killer := ended_by_others(done.exit_code):
        raise AutoresearchError(f"{said} was killed by {killer}")
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    try:
        answer = json.loads(lines[-1]) if lines else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "ready" not in answer:
        if done.exit_code == 0:
            return (), None
        tail = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        last = tail[-1] if tail else ""
        return (why("check_failed", last, check=said, exit_code=done.exit_code),), None
    data_id = answer.get("data_id")
    missing = answer.get("missing")
    named = [why("check_says", str(each)) for each in missing] if isinstance(missing, list) else []
    if not answer["ready"] and not named:
        named = [why("check_not_ready", check=said)]
    return tuple(named) if not answer["ready"] else (), str(data_id) if data_id else None
