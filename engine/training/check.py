"""The check of setup: a command that says whether data is there, which, and in which files."""

import json
import os
from pathlib import Path

from attrs import frozen

from autoresearch.engine.system.interpreter import surroundings, with_interpreter
from autoresearch.engine.system.processes import run_command
from autoresearch.engine.system.processes.process import ended_by_others
from autoresearch.engine.system.trouble import reason_of
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason, because, why


CHECK_TIMEOUT_S = 120.0  # a check reads a manifest; slower than this is a hang


@frozen(kw_only=True)
class Answer:
    """What a check answered: what is missing, which data there is, and the files that it is in."""

    missing: tuple[Reason, ...] = ()
    data_id: str | None = None
    inputs: tuple[str, ...] = ()


def ask(config: RunConfig, checkout: Path, *, home: Path, python: tuple[str, ...] = ()) -> Answer:
    """Run the check command in a checkout.

    A check prints one JSON object `{"ready": bool, "missing": [...], "data_id": ..., "inputs": [...]}` as its
    last line; for one that does not, its exit code speaks.

    Raises:
        AutoresearchError: it was killed, so nothing is known.
    """
    said, command = " ".join(config.check), with_interpreter(config.check, python)
    try:
        done = run_command.run(
            command,
            cwd=checkout,
            env={**os.environ, **surroundings(command, home, python), **config.env},
            timeout_s=CHECK_TIMEOUT_S,
        )
    except AutoresearchError as error:
        return Answer(missing=(because("check_not_run", reason_of(error), check=said),))
    if killer := ended_by_others(done.exit_code):
        raise AutoresearchError(f"{said} was killed by {killer}")
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    try:
        told = json.loads(lines[-1]) if lines else None
    except ValueError:
        told = None
    if not isinstance(told, dict) or "ready" not in told:
        if done.exit_code == 0:
            return Answer()
        tail = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        last = tail[-1] if tail else ""
        return Answer(missing=(why("check_failed", last, check=said, exit_code=done.exit_code),))
    data_id = told.get("data_id")
    return Answer(
        missing=() if told["ready"] else _missing(told.get("missing"), said),
        data_id=str(data_id) if data_id else None,
        inputs=_words(told.get("inputs")),
    )


def _missing(named: object, check: str) -> tuple[Reason, ...]:
    return tuple(why("check_says", word) for word in _words(named)) or (why("check_not_ready", check=check),)


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
