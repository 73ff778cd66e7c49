"""Jobs whose supervisor was killed: what they print into a pipe that only they hold is saved here.

Only on Linux, whose /proc opens a pipe that another process holds; elsewhere that output is lost.
"""

import contextlib
import os
from pathlib import Path

from autoresearch.engine.paths import JobPaths
from autoresearch.events.values import Process


_PIECE = 2**18


class Orphans:
    """The pipes of jobs without a supervisor, each held from its first sight until the job has ended."""

    def __init__(self) -> None:
        self._pipes: dict[Path, int] = {}

    def take_in(self, job: Path, child: Process) -> None:
        """Move what is in the job's pipe to its log; called again and again, and once after the job's end.

        What a full disk does not take is gone, and then a training is likely to be made again.
        """
        with contextlib.suppress(OSError):  # the job has ended, or leaves no pipe behind
            if job not in self._pipes:
                self._pipes[job] = _pipe_of(child)
            pipe = self._pipes[job]
            with JobPaths(job).output.open("ab", buffering=0) as log:
                while data := os.read(pipe, _PIECE):
                    _write_all(log.fileno(), data)
            os.close(self._pipes.pop(job))  # nobody is left who could write into it


def _pipe_of(child: Process) -> int:
    """Open the reading end of what a job's standard output goes into.

    Raises: OSError: there is no such process or pipe any more.
    """
    end = f"/proc/{child.pid}/fd/1"
    if not Path(end).is_fifo():
        raise FileNotFoundError(end)
    return os.open(end, os.O_RDONLY | os.O_NONBLOCK)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
