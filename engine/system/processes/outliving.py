"""A process that outlives its caller's whole tree, and what would end it all the same.

A program that gives commands ends what it started: their process group, their session, their descendants. A
runner is none of these. From a sandbox or a container with processes of its own nothing gets away: all of it
ends with its process 1. Knows nothing of runs.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from autoresearch.engine.system.processes import process_table
from autoresearch.engine.system.processes.process import identify, open_output
from autoresearch.engine.system.processes.run_command import ProgramNotStarted
from autoresearch.events.values import Process


INITIAL = "pid:[4026531836]"  # the namespace of all processes of a machine: PROC_PID_INIT_INO of Linux
# As process 1 of a container these stay while it is there, whoever comes and goes.
STAYING = {
    "systemd",
    "init",
    "tini",
    "dumb-init",
    "docker-init",
    "catatonit",
    "s6-svscan",
    "runit",
    "supervisord",
}

# Starts its arguments as the leader of a session, says who they are, and ends: so they are nobody's child.
_TWICE = """\
import os, sys
if not os.fork():
    os.setsid()
    os.write(1, b"%d" % os.getpid())
    os.dup2(2, 1)
    os.execv(sys.argv[1], sys.argv[1:])
"""


def spawn_away(command: Sequence[str], *, cwd: Path, output: Path) -> Process:
    """Start a process that is nobody's child, in a session of its own; `output` gets what it prints.

    Raises: ProgramNotStarted: the folder does not exist.
    """
    target = open_output(output)
    try:
        said = subprocess.run(  # noqa: S603 - a list, no shell
            [sys.executable, "-I", "-S", "-c", _TWICE, *command],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=target,
            start_new_session=True,
            check=False,
        ).stdout
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise ProgramNotStarted(command[0], cwd, error) from error
    finally:
        os.close(target)
    pid = int(said or 0)
    # Whoever ended already has no birth to tell.
    return identify(pid) or Process(pid=pid, started=0, boot_id=process_table.boot_id())


def ends_with() -> str:
    """Return the name of process 1 where all that is started here ends with it; "" where it does not.

    Not where process 1 is one that stays, and not where we only came in, as by `docker exec`.
    """
    try:
        if os.readlink("/proc/self/ns/pid") == INITIAL:  # noqa: PTH115 - it names nothing in the file system
            return ""
        if len(_levels()) > 1:  # /proc is that of the machine, in which our process 1 has another number
            return "unknown"
        name = Path("/proc/1/comm").read_text().strip()
    except OSError:
        return ""
    return name if name not in STAYING and _descends_from_first() else ""


def _levels() -> Sequence[str]:
    """Return our number in each namespace that /proc shows us in."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next((line.split()[1:] for line in lines if line.startswith("NSpid:")), ())


def _descends_from_first() -> bool:
    pid = os.getpid()
    while pid > 1:
        pid = process_table.parent(pid)
    return pid == 1
