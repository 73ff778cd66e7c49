"""Start a job's command: what subprocess does, without the 15 ms of importing it."""

from __future__ import annotations

import errno
import fcntl
import os

from autoresearch.engine.system import landlock
from autoresearch.engine.system.light import suppress


TYPE_CHECKING = False  # as in typing, which takes 3 ms to import
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # without its enumerations, which take 5 ms

_PIPE_BYTES = 2**20  # so much can a job print while no supervisor reads
# Python ignores the last two, and what is ignored stays ignored in the job.
_USUAL = (
    *(signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP),
    *(signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGPIPE, signal.SIGXFSZ),
)


def start(spec: dict[str, object], locks: tuple[int, ...]) -> tuple[int, int]:
    """Start the spec's command in a session of its own; return its pid and the reading end of its output.

    The job inherits the locks, which it thereby holds, and the reading end too: so a supervisor's death
    breaks no pipe under it.

    Raises: OSError: the program, the folder or the input file is not there or not usable, or the kernel
        cannot confine the job as its spec says.
    """
    reading, writing = os.pipe()
    try:
        pid = _spawn(spec, (*locks, reading), writing)
    except BaseException:
        os.close(reading)  # where files ran out, exit.json needs one
        raise
    finally:
        os.close(writing)
    os.set_blocking(reading, False)
    return pid, reading


def _spawn(spec: dict[str, object], inherited: tuple[int, ...], writing: int) -> int:
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # this user holds many pipes; a small one will do
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    for handle in inherited:
        os.set_inheritable(handle, True)  # noqa: FBT003 - its only argument
    outputs = [(os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_DUP2, writing, 2)]
    given = os.open(str(spec["stdin"] or os.devnull), os.O_RDONLY)
    try:
        before = os.open(os.curdir, os.O_RDONLY)
        try:
            return _spawn_in(str(spec["cwd"]), spec, [(os.POSIX_SPAWN_DUP2, given, 0), *outputs])
        finally:
            os.fchdir(before)
            os.close(before)
    finally:
        os.close(given)


def _spawn_in(folder: str, spec: dict[str, object], files: list[tuple[int, int, int]]) -> int:
    os.chdir(folder)
    command, env, writable = _command(spec), _environment(spec), spec["writable"]
    program = _program(command[0], env)

    def begin() -> int:
        return os.posix_spawn(program, command, env, file_actions=files, setsid=True, setsigdef=_USUAL)

    if writable is None:
        return begin()
    assert isinstance(writable, list)  # engine/jobs/launcher.py wrote it
    return landlock.confined(writable, begin)


def _program(name: str, env: dict[str, str]) -> str:
    """Find a program as a shell would, on the PATH that the job is given."""
    if os.sep in name:
        return name
    for folder in os.get_exec_path(env):
        path = os.path.join(folder, name)  # noqa: PTH118 - pathlib takes time to import
        if os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113 - the same
            return path
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def _command(spec: dict[str, object]) -> list[str]:
    words = spec["command"]
    assert isinstance(words, list)  # engine/jobs/launcher.py wrote it
    if not words:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), "")
    return [str(word) for word in words]


def _environment(spec: dict[str, object]) -> dict[str, str]:
    added, removed = spec["env"], spec["unset"]
    assert isinstance(added, dict)  # engine/jobs/launcher.py wrote them
    assert isinstance(removed, list)
    return {key: value for key, value in os.environ.items() if key not in removed} | added
