"""Run a short command to its end and take what it wrote. What lasts is a job (engine/jobs/launcher.py).

Imports only what starts fast: `status --json` asks nvidia-smi through it.
"""

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from autoresearch.engine.system.processes import process_table
from autoresearch.events.errors import AutoresearchError, NotFound


class Completed(NamedTuple):
    """How a short command ended; a negative exit code is the signal that ended it."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class ProgramNotStarted(NotFound):
    """A program, or the folder to run it in, does not exist, or the system would not start it."""

    def __init__(self, program: str, folder: Path, error: OSError) -> None:
        """Keep what was to run where, and the system's own words."""
        self.program, self.folder, self.strerror = program, str(folder), error.strerror or ""
        super().__init__(
            f"{program} could not be started in {folder}: {self.strerror}",
            remedy=f"install {program}, or correct its name",
        )


class CommandTimedOut(AutoresearchError, TimeoutError):
    """A short command took too long; it and its children were killed."""

    exit_code = 3

    def __init__(self, command: Sequence[str], folder: Path, *, after_s: float) -> None:
        """Keep what ran where, and how long it was given."""
        self.command, self.folder, self.after_s = " ".join(command[:3]), str(folder), after_s
        super().__init__(f"{self.command} took longer than {after_s:g} s in {folder} and was killed")


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout_s: float,
) -> Completed:
    """Run a short command to its end, in a session of its own, and return what it wrote.

    Standard input is `stdin`, or empty, never the caller's.

    Raises:
        ProgramNotStarted: the program or the folder does not exist.
        CommandTimedOut: it took longer than `timeout_s`.
    """
    try:
        child = subprocess.Popen(  # noqa: S603 - a list, no shell
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramNotStarted(command[0], cwd, error) from error
    try:
        stdout, stderr = child.communicate(stdin, timeout=timeout_s)
    except BaseException as error:
        _kill(child)
        if isinstance(error, subprocess.TimeoutExpired):
            raise CommandTimedOut(command, cwd, after_s=timeout_s) from error
        raise
    return Completed(exit_code=child.returncode, stdout=stdout, stderr=stderr)


def _kill(child: subprocess.Popen[bytes]) -> None:
    # Not waited for yet, so its pid means nobody else.
    while process_table.session(child.pid):
        process_table.kill_session(child.pid)
        time.sleep(0.005)
    try:
        child.communicate(timeout=1)
    except subprocess.TimeoutExpired:  # somebody outside of the session has our pipes; leave them to him
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        child.wait()
