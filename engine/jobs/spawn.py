"""Start a job's command by fork and exec: what subprocess does, without the 15 ms of importing it.

Only for a process with one thread, which a supervisor is.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal


_PIPE_BYTES = 2**20  # so much can a job print while no supervisor reads


def start(spec: dict[str, object], locks: tuple[int, ...]) -> tuple[int, int]:
    """Start the spec's command in a session of its own; return its pid and the reading end of its output.

    The job inherits the locks, which it thereby holds, and the reading end too: so a supervisor's death
    breaks no pipe under it.

    Raises: OSError: the program, the folder or the input file is not there or not usable.
    """
    reading, writing = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):  # this user holds many pipes; a small one will do
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    failed, failing = os.pipe()  # closed unwritten by a successful exec
    pid = os.fork()
    if pid == 0:
        _become(spec, (*locks, reading), writing, failing)
    os.close(writing)
    os.close(failing)
    os.set_blocking(reading, False)
    error = os.read(failed, 4096)
    os.close(failed)
    if error:
        os.waitpid(pid, 0)
        number, _, name = error.partition(b" ")
        raise OSError(int(number), os.strerror(int(number)), os.fsdecode(name))
    return pid, reading


def _become(spec: dict[str, object], keep: tuple[int, ...], writing: int, failing: int) -> None:
    """Turn the forked child into the command. Never returns."""
    name = ""
    try:
        os.setsid()
        # All, since whatever a shell's `&`, nohup or a service has ignored is ignored in its children too.
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        name = str(spec["stdin"] or os.devnull)
        os.dup2(os.open(name, os.O_RDONLY), 0)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        for handle in keep:
            os.set_inheritable(handle, True)  # noqa: FBT003 - its only argument
        name = str(spec["cwd"])
        os.chdir(name)
        command, env = _command(spec), _environment(spec)
        name = command[0]
        os.execvpe(name, command, env)  # noqa: S606 - a list, no shell
    except Exception as error:  # noqa: BLE001 - told to the parent, whatever it is
        why = getattr(error, "errno", None) or errno.EINVAL
        os.write(failing, b"%d " % why + os.fsencode(name))
    finally:
        os._exit(127)


def _command(spec: dict[str, object]) -> list[str]:
    words = spec["command"]
    assert isinstance(words, list)  # engine/jobs/launcher.py wrote it
    return [str(word) for word in words]


def _environment(spec: dict[str, object]) -> dict[str, str]:
    added, removed = spec["env"], spec["unset"]
    assert isinstance(added, dict)  # engine/jobs/launcher.py wrote them
    assert isinstance(removed, list)
    return {key: value for key, value in os.environ.items() if key not in removed} | added
