"""What one iteration with two agent calls costs the runner: time, git processes, files and bytes.

A whole real run in the background, one thing after the other (`--prefetch 0`), with an agent that answers at
once. Taken off is what the agent and the training take where they are called alone.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from attrs import frozen

from autoresearch.engine.paths import ITERATIONS, OUTPUT
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.system.processes.process import holder
from bench.gap import cpu_s
from bench.table import Figure


HOME = Path(__file__).resolve().parents[1]
DOOR = HOME / "workflows" / "run_experiment.py"
WALL_MS, FILES, KIB = 130.0, 8, 24  # what is asked for
BLOCK = 512  # bytes, of which stat counts

TRAIN = """\
import os, time
with open(os.environ["BENCH_CLOCK"], "a") as clock:
    began = time.monotonic()
    print("val_bpb: 1.000000", flush=True)
    clock.write(f"{began} {time.monotonic()}\\n")
STEP = 0
"""
# Only what a shell has within itself, so that it ends at once; each change is another one.
AGENT = """\
read -r first
case $first in
You*) echo '{"status": "ok", "description": "a step", "change_plan": "Go.", "commit_description": "step"}' ;;
*) echo "STEP = $$" >> train.py; echo "took a step" ;;
esac
"""
SETTINGS = """\
[tool.autoresearch]
check = []
prepare = []
protected = []
agent = "command"
agent_command = ["sh", "agent.sh"]
"""


@frozen(kw_only=True)
class _Left:
    """What lies in a folder."""

    files: int
    kib: float  # on the disk, folders too


def figures(*, quick: bool) -> list[Figure]:
    """Measure a run of some iterations beyond its first one."""
    count = 8 if quick else 40
    with tempfile.TemporaryDirectory(prefix="bench-iteration-", ignore_cleanup_errors=True) as folder:
        repo = _Repo(Path(folder))
        repo.work(2)
        alone = repo.alone()
        before, in_git = repo.left(), _left(repo.top / ".git")
        waits, cpu = repo.work(count)
        after, in_git_then = repo.left(), _left(repo.top / ".git")
        calls = repo.git_calls(count)
        what = "an iteration with two agent calls"
        return [
            Figure(
                what=f"{what}: time of the runner",
                measured=1000 * (median(waits) - alone),
                unit="ms",
                target=WALL_MS,
                better="less",
                note=f"agent, training and their start-up alone are {1000 * alone:.0f} ms more",
            ),
            Figure(what=f"{what}: CPU of the runner and of git", measured=1000 * cpu, unit="ms"),
            Figure(what=f"{what}: git processes", measured=calls, unit=""),
            Figure(
                what=f"{what}: files that it leaves in the run's folder",
                measured=(after.files - before.files) / count,
                unit="",
                target=FILES,
                better="less",
                note=f"the training's log aside; git's own: {(in_git_then.files - in_git.files) / count:.1f}",
            ),
            Figure(
                what=f"{what}: KiB that these take on the disk",
                measured=(after.kib - before.kib) / count,
                unit="KiB",
                target=KIB,
                better="less",
                note=f"folders and all; git's own: {(in_git_then.kib - in_git.kib) / count:.0f} KiB",
            ),
        ]


class _Repo:
    """A user's repository, and its one run."""

    def __init__(self, top: Path) -> None:
        self.top = top / "repo"
        self.clock, self.counter = top / "clock", top / "calls"
        self.top.mkdir()
        shim = top / "bin" / "git"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\necho >> "{self.counter}"\nexec "{shutil.which("git")}" "$@"\n')
        shim.chmod(0o755)
        plain = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.env = plain | {"BENCH_CLOCK": str(self.clock), "GIT_CONFIG_GLOBAL": os.devnull}
        self.counted = self.env | {"PATH": f"{shim.parent}:{os.environ['PATH']}"}
        texts = {"train.py": TRAIN, "agent.sh": AGENT, "pyproject.toml": SETTINGS}
        for name, text in texts.items():
            (self.top / name).write_text(text)
        shutil.copy(HOME / "program.md", self.top)  # the guidance, which is most of a prompt
        who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
        for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "first")):
            self._call("git", *words)
        self._call(sys.executable, str(DOOR), "start", "--only", "setup,baseline")
        self.paths = started_runs(self.top)[-1]
        while load_run(self.paths).state.stopped is None:
            time.sleep(0.05)

    def work(self, count: int) -> tuple[list[float], float]:
        """Do so many iterations; return the seconds between their trainings, and the CPU seconds of one."""
        self.clock.unlink(missing_ok=True)
        self._resume(count, self.env)
        seen: list[tuple[int, float]] = []  # trainings ended, CPU seconds so far
        while (runner := holder(self.paths.lock)) is not None:
            now = cpu_s(runner.pid)
            if now is not None:
                seen.append((len(self._trained()), now))
            time.sleep(0.05)
        trained = self._trained()
        assert len(trained) == count  # each once
        (first, began), (last, ended) = next(one for one in seen if one[0]), seen[-1]
        waits = [after[0] - before[1] for before, after in pairwise(trained)]
        return waits, (ended - began) / max(1, last - first)

    def git_calls(self, count: int) -> float:
        """Return how many git processes an iteration takes, beyond those of a runner's start."""
        counted = []
        for loops in (1, 1 + count):
            self.counter.write_text("")
            self._resume(loops, self.counted)
            while holder(self.paths.lock) is not None:
                time.sleep(0.05)
            counted.append(self.counter.read_text().count("\n"))
        return (counted[1] - counted[0]) / count

    def alone(self) -> float:
        """Return the seconds of two agent calls, and from a training's launch to its first line, alone."""
        took = []
        for _ in range(20):
            self.clock.unlink(missing_ok=True)
            began = time.monotonic()
            for prompt in ("You", "Carry"):
                self._call("sh", "agent.sh", stdin=f"{prompt}\n")
            answered = time.monotonic()
            self._call("git", "checkout", "-q", "train.py")
            launched = time.monotonic()
            self._call(sys.executable, "train.py")
            took.append(answered - began + self._trained()[0][0] - launched)
        return median(took)

    def left(self) -> _Left:
        """Return what lies with the iterations, their trainings' logs aside."""
        return _left(self.paths.folder / ITERATIONS)

    def _resume(self, count: int, env: dict[str, str]) -> None:
        words = ("resume", "--loops", str(count), "--prefetch", "0")
        self._call(sys.executable, str(DOOR), *words, env=env)
        while holder(self.paths.lock) is None and load_run(self.paths).state.stopped is None:
            time.sleep(0.01)

    def _trained(self) -> list[tuple[float, float]]:
        lines = self.clock.read_text().splitlines() if self.clock.exists() else []
        return [(float(began), float(end)) for began, end in (line.split() for line in lines)]

    def _call(self, *words: str, stdin: str = "", env: dict[str, str] | None = None) -> None:
        subprocess.run(  # noqa: S603 - a list, no shell
            words, cwd=self.top, env=env or self.env, input=stdin, text=True, check=True, capture_output=True
        )


def _left(folder: Path) -> _Left:
    found = [path for path in folder.rglob("*") if path.name != OUTPUT or path.parent.name[:5] != "train"]
    blocks = sum(path.lstat().st_blocks for path in found)
    return _Left(files=sum(path.is_file() for path in found), kib=blocks * BLOCK / 1024)
