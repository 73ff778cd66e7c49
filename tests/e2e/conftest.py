"""A user's repository with a training of a second, and the real program driven as a process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.places import runs_of
from autoresearch.workflows.quick_status import answer
from tests.processes import end_everything
from tests.waiting import PATIENCE_S


ROOT = Path(__file__).resolve().parents[2]
DOOR = ROOT / "workflows" / "run_experiment.py"
PLAIN_DOOR: tuple[str, ...] = (sys.executable, str(DOOR))

TRAIN = '''\
"""A training of a moment: the score is a smooth function of two constants."""
import json, math, os, time

LR = 0.1  # step size   search: 0.001..1.0
WIDTH = 8  # units   search: 4 | 8 | 16
SECONDS = 0.2  # how long it takes
FAIL = ""  # crash, nan, silent, or hang

for step in range(4):
    time.sleep(SECONDS / 4)
    done = f"step {step:05d} ({25.0 * (step + 1):.1f}%) | loss: {3 - step / 4:.6f}"
    print(done + " | tok/sec: 1,000 | remaining: 0s", flush=True)
if FAIL == "crash":
    raise SystemExit("it broke")
if FAIL == "hang":
    time.sleep(600)
score = 1.0 + (math.log10(LR) + 1.5) ** 2 / 10 + abs(WIDTH - 16) / 100
if FAIL == "nan":
    score = math.nan
print("---")
if FAIL != "silent":
    print(f"val_bpb:          {score:.6f}")
print("training_seconds: 0.2\\npeak_vram_mb:     512.0\\nnum_steps:        4")
'''

CONFIG = """\
[tool.autoresearch]
keep_rule = "lower"
final = 0
check = []
prepare = []
protected = ["program.md"]
timeout_s = 600
"""


class Program:
    """The command line of autoresearch in one repository."""

    def __init__(self, repo: Path, env: dict[str, str]) -> None:
        self.repo = repo
        self.env = env
        self.door = PLAIN_DOOR
        self.is_true = True  # False: a test has made a history, a view or a ref untrue

    def __call__(
        self, *words: str, code: int | None = 0, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self.door, *words],
            cwd=self.repo,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if code is not None:
            assert code == done.returncode, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def status(self, *words: str) -> dict[str, Any]:
        """Return what `status --json` prints."""
        return json.loads(self("status", "--json", *words).stdout)

    def events(self, *words: str) -> list[dict[str, Any]]:
        """Return what `history --jsonl` prints."""
        return [json.loads(line) for line in self("history", "--jsonl", *words).stdout.splitlines()]

    def wait(
        self, until: Callable[[dict[str, Any]], object], *words: str, timeout_s: float = PATIENCE_S
    ) -> dict[str, Any]:
        """Look at the status until it satisfies the condition."""
        end = time.monotonic() + timeout_s
        while True:
            status = self._status_here(*words) or self.status(*words)
            if until(status):
                return status
            assert time.monotonic() < end, status
            time.sleep(0.05)

    def _status_here(self, *words: str) -> dict[str, Any] | None:
        """Return what `status --json` would print, without a process, where it is answered at once."""
        if self.door != PLAIN_DOOR:
            return None
        text = answer(("status", "--json", f"--repo={self.repo}", *words))
        return json.loads(text) if text else None

    def git(self, *words: str) -> str:
        """Run git as the user would."""
        done = subprocess.run(
            ["git", "-c", "user.name=User", "-c", "user.email=user@localhost", *words],
            cwd=self.repo,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def audit(self) -> None:
        """Hold all that the runs say against an audit, also of those that are at work."""
        for paths in started_runs(self.repo):
            world = {"git": RealGit(self.repo), "jobs": RealJobs()}
            found = audit(paths, **world)[0].first
            assert found is None, f"{paths.run_id}: {found}"

    def run_folder(self) -> Path:
        """Return the only run's folder."""
        (folder,) = (path for path in runs_of(self.repo).folder.glob("*-r*"))
        return folder


def at_rest(status: dict[str, Any]) -> bool:
    """Say whether the run came to an end."""
    return status["phase"] in ("done", "stopped", "failed")


class Turn:
    """The iteration whose training may end: those of later ones wait, having printed their steps."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.is_for(-1)

    def is_for(self, iteration: int) -> None:
        """Let the trainings up to this iteration's end."""
        waiting = self._file.with_suffix(".new")
        waiting.write_text(str(iteration))
        waiting.rename(self._file)

    def is_for_all(self) -> None:
        """Let every training end."""
        self.is_for(10**6)


def hold_trainings(program: Program) -> Turn:
    """Let no training come to its end before its turn."""
    file = program.repo.parent / "turn"
    number = 'int(os.environ["AUTORESEARCH_JOB_DIR"].split("/")[-2])'
    hold = f"while int(open({str(file)!r}).read()) < {number}:\n    time.sleep(0.02)\n"
    train = program.repo / "train.py"
    train.write_text(train.read_text().replace('if FAIL == "crash"', f'{hold}if FAIL == "crash"'))
    program.git("commit", "-qam", "wait for a word")
    return Turn(file)


@pytest.fixture(params=["plain"])
def program(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Program]:
    """A committed repository, without any git identity or agent configured."""
    repo = tmp_path / request.param
    repo.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    tools = tmp_path / "bin"  # no agent program is installed
    tools.mkdir()
    for name in ("git", "python3", "sh", "env"):
        found = next(
            Path(folder, name) for folder in os.environ["PATH"].split(":") if Path(folder, name).exists()
        )
        (tools / name).symlink_to(found)
    env = {"HOME": str(home), "PATH": str(tools), "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1"}
    env["AUTORESEARCH_DEVICES"] = str(tmp_path / "devices")  # trainings of other tests are not waited for
    monkeypatch.setenv("AUTORESEARCH_DEVICES", env["AUTORESEARCH_DEVICES"])  # also for what is asked here
    made = Program(repo, env)
    (repo / "train.py").write_text(TRAIN)
    (repo / "program.md").write_text("Lower is better.\n")
    (repo / "pyproject.toml").write_text(CONFIG)
    made.git("init", "-q", "-b", "main")
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "first")
    try:
        yield made
        if made.is_true:
            made.audit()
    finally:
        end_everything(tmp_path)
