"""Setup: are the files, the data and the tokenizer there; and the job that prepares them."""

import shutil
from pathlib import Path
from typing import Protocol

from attrs import evolve as replace

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.ports.repository import Commits, OwnCheckout
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.proposals import editable
from autoresearch.engine.sealing import programs
from autoresearch.engine.sealing.checkout import NoRoom, TrainCheckouts
from autoresearch.engine.sealing.own_code import looked_for
from autoresearch.engine.system.disk import require_room
from autoresearch.engine.system.interpreter import Interpreter, look_for, surroundings, with_interpreter
from autoresearch.engine.training.check import Answer, ask
from autoresearch.events import catalog as ev
from autoresearch.events.setting import guard_argv
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason, why
from autoresearch.projections.run_state import RunState


class SetupGit(Commits, OwnCheckout, Worktrees, Protocol):
    """What looking at the setup needs of git."""


def check_setup(run: RunState, *, paths: RunPaths, git: SetupGit) -> ev.SetupChecked:
    """Look at everything a training needs; what is missing is named, with its place."""
    config = run.config
    absent = (
        *editable.absent(run.base_commit, config, git),
        *editable.absent_protected(run.base_commit, config, git),
    )
    missing = tuple(
        why("not_in_commit", file=name, commit=run.base_commit, branch=run.branch) for name in absent
    )
    shared = _shared(run, paths=paths, git=git)
    missing += tuple(
        why("shared_is_not_there", path=path, folder=str(paths.home))
        for path in shared
        if not (paths.home / path).exists()
    )
    python = look_for(paths.home, config.python)
    if python.lacks:
        missing += (why(python.lacks, named=python.named),)
    missing += _without_program(config, paths=paths, python=python.words)
    if missing:
        return _incomplete(missing, python)
    setup = replace(run.setup, shared=shared, interpreter=python.words)
    looking = replace(run, setup=setup)
    try:
        answer = _looked_at(looking, TrainCheckouts(paths=paths, git=git), git)
    except NoRoom as error:
        return _incomplete((why("link_without_room", path=error.path),), python)
    missing = answer.missing
    if missing:  # perhaps the check could not do its work
        require_room(paths.folder)
    preparable = bool(missing and config.prepare)
    own = looked_for(config, home=paths.home, checkout=paths.train_checkout, python=python.words)
    if not missing:
        missing = tuple(
            why("imported_from_elsewhere", module=name, file=file) for name, file in own.elsewhere
        )
    return ev.SetupChecked(
        ok=not missing,
        missing=missing,
        preparable=preparable,
        data_id=answer.data_id,
        shared=shared,
        inputs=tuple(dict.fromkeys((*config.inputs, *answer.inputs, *_only_read(run, shared, paths.home)))),
        python_path=own.first,
        interpreter=python.words,
        interpreter_from=python.source,
        libraries=(*own.libraries, *programs.named(config, paths.train_checkout)),
        versions=own.versions,
    )


def _incomplete(missing: tuple[Reason, ...], python: Interpreter) -> ev.SetupChecked:
    return ev.SetupChecked(
        ok=False,
        missing=missing,
        preparable=False,
        data_id=None,
        shared=(),
        inputs=(),
        python_path=(),
        interpreter=python.words,
        interpreter_from=python.source,
        libraries=(),
        versions={},
    )


def _without_program(config: RunConfig, *, paths: RunPaths, python: tuple[str, ...]) -> tuple[Reason, ...]:
    """Return the guards whose program is found nowhere; one that a checkout may have is looked for by it."""
    found = []
    for guard in config.guard_commands:
        command = with_interpreter(guard_argv(guard), python)
        path = surroundings(command, paths.home, python).get("PATH")
        if "/" not in command[0] and shutil.which(command[0], path=path) is None:
            found.append(why("guard_without_program", guard=guard, program=command[0]))
    return tuple(found)


def _shared(run: RunState, *, paths: RunPaths, git: SetupGit) -> tuple[str, ...]:
    """Return what train checkouts are to have links to: the setting, and what a .worktreeinclude names."""
    around = f"{paths.folder.relative_to(paths.home).as_posix()}/"
    included = (path for path in git.included() if not around.startswith(f"{path}/"))
    return tuple(dict.fromkeys((*run.config.shared, *included)))


def _only_read(run: RunState, shared: tuple[str, ...], home: Path) -> tuple[str, ...]:
    """Return the shared paths that are inputs: an environment is looked at with the packages."""
    return tuple(
        path
        for path in shared
        if path not in run.config.training_writes and not (home / path / "pyvenv.cfg").exists()
    )


def _looked_at(run: RunState, checkouts: TrainCheckouts, git: Commits) -> Answer:
    """Ask the check in every slot's checkout; return what the first answers, and what any one lacks.

    Each is as a training finds it; but once there was one they stay as they are: the first may hold a human's
    edit, and a training may be at work that a killed runner has not recorded.
    """
    found: list[Answer] = []
    asks = run.config.check and knows_check(run.config, run.base_commit, git)
    held = {one.slot for one in run.open if one.holds_slot}
    for slot in [one for one in range(1, run.slots + 1) if one not in held] or [1]:
        if run.last_iteration >= 0:
            folder = checkouts.stand(slot, run.best.commit if run.best else run.base_commit, run)
        else:
            folder = checkouts.clear(slot, run.base_commit, run)
        if asks:
            python = run.setup.interpreter
            found.append(ask(run.config, folder, home=checkouts.paths.home, python=python))
        else:
            found.append(_as_prepared(run))
    different = {one.data_id for one in found}
    missing = next((one.missing for one in found if one.missing), ())
    if not missing and len(different) > 1:
        missing = (why("data_differs_by_slot", first=str(found[0].data_id), slots=run.slots),)
    return replace(found[0], missing=missing)


def knows_check(config: RunConfig, commit: str, git: Commits) -> bool:
    """Say whether the check is more than our default, which is an option of our own prepare.py alone."""
    if config.check != RunConfig().check:
        return True
    text = git.show(commit, config.check[1])
    return text is None or config.check[2].encode() in text


def _as_prepared(run: RunState) -> Answer:
    """Take data as ready once the command that prepares them has ended well, where there is no check."""
    done = run.setup.preparations and run.setup.failure is None
    if not run.config.prepare or done:
        return Answer()
    return Answer(missing=(why("not_prepared", prepare=" ".join(run.config.prepare)),))


def prepare_spec(run: RunState, *, number: int, paths: RunPaths) -> JobSpec:
    """Return the job that prepares data and tokenizer."""
    config, command = run.config, with_interpreter(run.config.prepare, run.setup.interpreter)
    return JobSpec(
        name=f"prepare {number}",
        command=command,
        cwd=str(paths.train_checkout),
        env={
            **surroundings(command, paths.home, run.setup.interpreter),
            **config.env,
            "PYTHONUNBUFFERED": "1",
        },
        deadline_s=config.prepare_timeout_s,
        log_limit_bytes=int(config.log_limit_mb * 2**20),
    )
