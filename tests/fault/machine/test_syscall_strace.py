"""A real runner, killed before its system calls by the kernel's own tracer, where that is there and allowed.

The portable form of it is tests/fault/machine/test_syscall_runner.py; this one sees what C code does, too.
"""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash_helpers import Scene
from tests.processes import end_everything
from tests.torture import sample


PARTS = 4
CALLS = (
    *("write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat"),
    *("mkdir", "mkdirat", "rmdir", "ftruncate", "fchmod", "chmod", "fchmodat", "utimensat", "openat"),
    *("clone", "clone3", "fork", "vfork", "flock", "kill", "pidfd_send_signal"),
)
WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    may = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    if may.returncode != 0:
        pytest.skip(f"strace may not trace here: {may.stderr.decode(errors='replace').strip()[:200]}")
    yield Scene(tmp_path)
    end_everything(tmp_path)


def instants(scene: Scene, trace: Path) -> list[tuple[str, int]]:
    """Let the run be traced without a crash; return its system calls that change the world."""
    prefix = ("strace", "-qq", "-o", str(trace), "-e", "signal=none", "-e", f"trace={','.join(CALLS)}")
    assert scene.finish(scene.runner(prefix=prefix)) == 0
    seen: Counter[str] = Counter()
    found = []
    for line in trace.read_text(errors="replace").splitlines():
        name = line.partition("(")[0]
        seen[name] += 1
        if name in CALLS and (name != "openat" or WRITING.search(line)):
            found.append((name, seen[name]))
    return found


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_runner_killed_before_its_system_calls(scene: Scene, tmp_path: Path, part: int) -> None:
    """Before whichever system call a runner is killed, resume ends with the same rows and trainings."""
    calls = instants(scene, tmp_path / "trace")
    assert len(calls) > 500
    scene.audit()
    expected = scene.seen()
    killed = 0
    for name, number in sample(calls[part::PARTS], 50, "strace", part):
        scene.restore()
        inject = f"inject={name}:signal=KILL:when={number}"
        prefix = ("strace", "-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e", inject)
        killed += scene.finish(scene.runner(prefix=prefix)) == -9
        scene.note.write_text(f"{name} {number}")
        scene.resume()
        scene.audit()
        seen = scene.seen()
        assert (expected.rows, expected.trained) == (seen.rows, seen.trained), scene.said()
    assert killed >= 1
