"""Calling the git program so that neither the environment nor the user's settings change what it says.

Part of engine/git, which alone uses it.
"""

import errno
import hashlib
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from autoresearch.engine.git.where import environment
from autoresearch.engine.ports.repository import Diff
from autoresearch.engine.system.disk import REFUSALS, require_room
from autoresearch.engine.system.processes import process_table, run_command
from autoresearch.engine.system.processes.process import signal_name
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.values import why
from autoresearch.projections.words.wording import say, stated


CALL_S = 120.0  # a big tree on a slow disk; a call takes 2 to 5 ms here
LOCK_PATIENCE_S = 1.0
LOCK_AGE_S = 600.0  # where /proc cannot say who holds a lock, only age can

ALWAYS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.ignoreStat=false",
    "core.trustctime=true",
    "core.checkStat=default",
    "core.quotePath=true",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "advice.detachedHead=false",
)
# Each of these undoes a setting that a user may have; the text of a diff is hashed into the log.
DIFF_FORMAT = (
    *("-r", "-z", "--numstat", "-p", "-U3", "--inter-hunk-context=0", "--binary", "--full-index"),
    *("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-relative", "-O/dev/null"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers", "--indent-heuristic"),
    *("--submodule=short", "--ignore-submodules=none"),
)
AS_IT_IS = ("--whitespace=nowarn", "--no-ignore-whitespace", "-")  # of `apply`: a patch on standard input
# The disk's trouble, and nobody's change is to blame: engine/loop/patience.py waits for better.
# Beside the system's words git has its own for a write that was cut short, which name no error.
DISK = REFUSALS | {b"Out of diskspace": errno.ENOSPC}
# What git says where it found no room for its index, and as well where something else was in its way.
NO_INDEX = re.compile(rb"nable to write new[ _]index file")
TAKEN_LOCK = re.compile(rb"Unable to create '(.+?\.lock)': File exists")


class Refused(AutoresearchError):
    """Git ran to its end and said no; `said` is the line of it that says most."""

    def __init__(self, said: str) -> None:
        """Keep git's own words."""
        self.said = said
        reason = why("git_refused", said)
        super().__init__(say(reason), reason=reason)


def call(
    command: tuple[str, ...],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    settings: tuple[str, ...] = (),
    stdin: bytes | None = None,
    timeout_s: float = CALL_S,
    own_locks: tuple[Path, ...] = (),
) -> run_command.Completed:
    """Run git once; once more where a lock of `own_locks` was in the way and its holder is gone.

    Raises:
        OSError: the disk is full, read-only or broken.
        AutoresearchError: git was killed, so nothing is known; or its index cannot be written.
    """
    flags = [part for setting in (*ALWAYS, *settings) for part in ("-c", setting)]
    words = ["git", *flags, *command]
    whole = environment() | dict(env or {})
    done = run_command.run(words, cwd=cwd, env=whole, stdin=stdin, timeout_s=timeout_s)
    taken = TAKEN_LOCK.search(done.stderr) if done.exit_code != 0 else None
    if taken is not None:
        lock = Path(os.path.realpath(cwd / os.fsdecode(taken[1])))
        if lock in own_locks and _released(lock):
            done = run_command.run(words, cwd=cwd, env=whole, stdin=stdin, timeout_s=timeout_s)
    if done.exit_code < 0:
        killed = why("git_killed", command=command[0], signal=signal_name(-done.exit_code))
        raise stated(AutoresearchError, killed)
    trouble = next((text for text in DISK if done.exit_code and text in done.stderr), None)
    if trouble is not None:
        raise OSError(DISK[trouble], trouble.decode(), str(cwd))
    if done.exit_code and NO_INDEX.search(done.stderr):
        _refuse_no_index(done.stderr, cwd, Path(whole.get("GIT_INDEX_FILE", cwd)).parent)
    return done


def output(done: run_command.Completed) -> bytes:
    """Return what git printed; raise with git's own last line where it failed."""
    if done.exit_code != 0:
        raise Refused(last_line(done.stderr))
    return done.stdout


def parsed_diff(said: bytes) -> Diff:
    """Split what `diff-tree -z --numstat -p` prints: the counts, an empty field, the text."""
    counts, _, text = said.partition(b"\0\0")
    insertions = deletions = 0
    files = []
    for row in counts.split(b"\0") if text else []:
        added, removed, path = row.split(b"\t", 2)
        files.append(path.decode(errors="replace"))
        insertions += int(added) if added != b"-" else 0  # "-": a binary file
        deletions += int(removed) if removed != b"-" else 0
    return Diff(
        text=text,
        sha256=hashlib.sha256(text).hexdigest(),
        files=tuple(sorted(files)),
        insertions=insertions,
        deletions=deletions,
    )


def strip_level(patch: bytes) -> int:
    """Say how many leading folders of a patch's paths to drop: git writes a/ and b/, people may not."""
    names = re.findall(rb'^(?:---|\+\+\+) "?([^\t\r\n]+)', patch, re.MULTILINE)
    plain = any(not name.startswith((b"a/", b"b/", b"/dev/null")) for name in names)
    return 0 if plain else 1


def last_line(stderr: bytes) -> str:
    """Return the line of git's complaint that says most: the first fatal one, else the last; "" for none."""
    lines = [line for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (fatal or lines[-1:] or [""])[0]


def _refuse_no_index(stderr: bytes, *folders: Path) -> NoReturn:
    """Raise the disk's error where one of the folders has no room; else one that a human is asked about."""
    require_room(*folders)
    raise stated(AutoresearchError, why("git_refused", last_line(stderr)))


def _released(lock: Path) -> bool:
    """Wait a little for a lock to go; remove it where nobody can still hold it."""
    first = _identity(lock)
    until = time.monotonic() + LOCK_PATIENCE_S
    while time.monotonic() < until:
        if not lock.exists():
            return True
        time.sleep(0.02)
    if first is None or _identity(lock) != first or _may_be_held(lock):
        return False
    lock.unlink(missing_ok=True)
    return True


def _identity(lock: Path) -> tuple[int, int] | None:
    try:
        found = lock.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _may_be_held(lock: Path) -> bool:
    if not Path("/proc/self/fd").is_dir():
        return time.time() - lock.stat().st_mtime < LOCK_AGE_S
    return bool(process_table.opened_by(str(lock)))
