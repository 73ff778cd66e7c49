"""The gap between two trainings, by their own clocks; what a runner costs after 10 iterations and 2,000.

A whole real run in the background: git, supervisors, the durable log. Only train.py is short, and writes
down when it began and ended. A history of 2,000 iterations is made of the events that a run writes.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from attrs import frozen

from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.load import load
from autoresearch.engine.system.processes.process import holder
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.values import Measured, OutputDigest, Process, Proposal, Request
from bench import seal
from bench.table import Figure


HOME = Path(__file__).resolve().parents[1]
DOOR = HOME / "workflows" / "run_experiment.py"
TRAINING_S = 0.15
MADE = 2000  # iterations of the long history
LONG_S = 300.0  # a training as the settings expect it
GAP_S, CPU_RATIO, RSS_RATIO = 0.150, 1.2, 1.25  # what is asked for

TRAIN = f"""\
import os, time
began = time.monotonic()
STEP = 0  # search: 0..1000000
time.sleep({TRAINING_S})
print(f"val_bpb: {{1 + STEP % 7 / 10 if STEP else 1.05:.6f}}", flush=True)
with open(os.environ["BENCH_CLOCK"], "a") as clock:
    clock.write(f"{{began}} {{time.monotonic()}}\\n")
"""
SETTINGS = '[tool.autoresearch]\ncheck = []\nprepare = []\nprotected = []\nguidance_file = "train.py"\n'


@frozen(kw_only=True)
class _Stretch:
    """What was seen of a run while it did some iterations."""

    gaps: list[float]  # seconds, beyond nothing: start-up is in them
    busy: float  # share of the time
    cpu_s: float  # of the runner and of git, an iteration
    rss_mib: float  # of the runner, at most


def figures(*, quick: bool) -> list[Figure]:
    """Measure a run at its beginning and the same run 2,000 iterations later."""
    count = 12 if quick else 50
    with tempfile.TemporaryDirectory(prefix="bench-gap-", ignore_cleanup_errors=True) as folder:
        repo = _Repo(Path(folder))
        asking = repo.start()
        alone = repo.start_up()
        first = repo.stretch(count)
        searching = repo.stretch(count, proposals=False)
        calls = repo.git_calls(count)
        repo.grow(MADE)
        late = repo.stretch(count)
        return [
            *_gap("gap between two trainings, beyond start-up", first, alone),
            *_gap(f"the same after {MADE:,} iterations", late, alone),
            *_gap("the same where the seeded search proposes", searching, alone),
            seal.figure(quick=quick),
            Figure(
                what="time that a training of five minutes runs, with this gap",
                measured=100 * LONG_S / (LONG_S + median(first.gaps)),
                unit="%",
                note=f"{100 * first.busy:.0f} % where it takes {1000 * TRAINING_S:.0f} ms",
            ),
            Figure(what="CPU of the runner and of git per iteration", measured=1000 * first.cpu_s, unit="ms"),
            Figure(what="git processes per iteration", measured=calls, unit=""),
            Figure(
                what=f"the same after {MADE:,} iterations, to the beginning",
                measured=late.cpu_s / first.cpu_s,
                target=CPU_RATIO,
                better="less",
                note=f"{1000 * late.cpu_s:.0f} ms",
            ),
            Figure(what="memory of the runner", measured=first.rss_mib, unit="MiB"),
            Figure(
                what=f"the same after {MADE:,} iterations, to the beginning",
                measured=late.rss_mib / first.rss_mib,
                target=RSS_RATIO,
                better="less",
                note=f"{late.rss_mib:.0f} MiB",
            ),
            Figure(what="`start`, until the prompt is back", measured=1000 * asking, unit="ms"),
        ]


def _gap(what: str, seen: _Stretch, alone: float) -> list[Figure]:
    beyond = [1000 * (gap - alone) for gap in seen.gaps]
    note = (
        f"p90 {quantiles(beyond, n=10)[-1]:.0f} ms, of {len(beyond)}; start-up alone is {1000 * alone:.0f} ms"
    )
    return [
        Figure(what=what, measured=median(beyond), unit="ms", target=1000 * GAP_S, better="less", note=note)
    ]


class _Repo:
    """A user's repository, and its one run."""

    def __init__(self, top: Path) -> None:
        self.top = top / "repo"
        self.clock = top / "clock"
        self.top.mkdir()
        self.env = os.environ | {"BENCH_CLOCK": str(self.clock), "GIT_CONFIG_GLOBAL": os.devnull}
        (self.top / "train.py").write_text(TRAIN)
        (self.top / "pyproject.toml").write_text(SETTINGS)
        who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
        for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "first")):
            self._call("git", *words)
        self._dropped = 0

    def start(self) -> float:
        """Begin the run with its baseline; return the seconds until `start` was back."""
        began = time.monotonic()
        self._door("start", "--only", "setup,baseline")
        took = time.monotonic() - began
        self.paths = started_runs(self.top)[-1]
        while load(self.paths).run.stopped is None:
            time.sleep(0.1)
        self.clock.unlink()
        return took

    def start_up(self) -> float:
        """Return the seconds from the launch of the training to its first line, alone."""
        launched = []
        for _ in range(20):
            launched.append(time.monotonic())
            self._call(sys.executable, "train.py")
        began = [stretch[0] for stretch in self._stretches()]
        self.clock.unlink()
        return median(clock - before for before, clock in zip(launched, began, strict=True))

    def stretch(self, count: int, *, proposals: bool = True) -> _Stretch:
        """Let a background runner do `count` iterations."""
        if proposals:
            self._drop(count)
        self._door("resume", "--loops", str(count), "--no-stochastic")
        runner = self._runner()
        seen: list[tuple[int, float]] = []  # trainings ended, CPU seconds so far
        rss = 0.0
        while holder(self.paths.lock) is not None:
            time.sleep(0.1)
            now = cpu_s(runner.pid)
            if now is not None:
                seen.append((len(self._stretches()), now))
                rss = max(rss, _rss_mib(runner.pid))
        trained = self._stretches()
        assert len(trained) == count  # each once
        self.clock.unlink()
        # What the runner does before the first training ended is its start: loading, rebuilding, the drops.
        (from_count, from_cpu), (to_count, to_cpu) = next(one for one in seen if one[0]), seen[-1]
        gaps = [after[0] - before[1] for before, after in pairwise(trained)]
        at_work = sum(end - began for began, end in trained) / (trained[-1][1] - trained[0][0])
        return _Stretch(
            gaps=gaps, busy=at_work, cpu_s=(to_cpu - from_cpu) / (to_count - from_count), rss_mib=rss
        )

    def git_calls(self, count: int) -> float:
        """Return how many git processes an iteration takes, beyond those of a runner's start."""
        counter, program = self.top / "calls", self.top / "bin" / "git"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho >> "{counter}"\nexec "{shutil.which("git")}" "$@"\n')
        program.chmod(0o755)
        counted = []
        plain, self.env = self.env, self.env | {"PATH": f"{program.parent}:{os.environ['PATH']}"}
        for loops in (1, 1 + count):
            counter.write_text("")
            self._drop(loops)
            self._door("resume", "--loops", str(loops), "--no-stochastic")
            self._runner()
            while holder(self.paths.lock) is not None:
                time.sleep(0.1)
            counted.append(counter.read_text().count("\n"))
        self.env = plain
        self.clock.unlink()
        return (counted[1] - counted[0]) / count

    def grow(self, count: int) -> None:
        """Append iterations as a run writes them, with all that they leave beside the history."""
        run = load(self.paths).run
        best, first = run.base_commit, run.last_iteration + 1
        with EventLog(self.paths.history, durability="off") as log:
            # Prefetch as it was: what a later request does not say is taken over from this one.
            asked = Request(loops=count, stochastic=False, prefetch=run.config.prefetch)
            log.append([ev.LoopsRequested(request=asked)], by="bench")
            for number in range(first, first + count):
                log.append(_iteration(number, commit=best, run_id=run.run_id), by="bench")
                self.paths.job(number, "train", 1).folder.mkdir(parents=True)
        refs = "".join(
            f"create refs/autoresearch/{run.run_id}/{number} {best}\n"
            for number in range(first, first + count)
        )
        self._call("git", "update-ref", "--stdin", stdin=refs)

    def _runner(self) -> Process:
        """Return who runs the run: on a busy machine resume is back before there is one."""
        while (runner := holder(self.paths.lock)) is None:
            time.sleep(0.01)
        return runner

    def _drop(self, count: int) -> None:
        self.paths.proposals.mkdir(exist_ok=True)
        for _ in range(count):
            self._dropped += 1
            said = {
                "status": "ok",
                "description": f"step {self._dropped}",
                "change_plan": "another step",
                "commit_description": f"step {self._dropped}",
                "set": {"STEP": self._dropped},
            }
            (self.paths.proposals / f"{self._dropped:06d}.json").write_text(json.dumps(said))

    def _stretches(self) -> list[tuple[float, float]]:
        if not self.clock.exists():
            return []
        lines = self.clock.read_text().splitlines()
        return [(float(began), float(end)) for began, end in (line.split() for line in lines)]

    def _door(self, *words: str) -> None:
        self._call(sys.executable, str(DOOR), *words)

    def _call(self, *words: str, stdin: str | None = None) -> None:
        subprocess.run(  # noqa: S603 - a list, no shell
            words, cwd=self.top, env=self.env, input=stdin, text=True, check=True, capture_output=True
        )


def _iteration(number: int, *, commit: str, run_id: str) -> list[ev.Event]:
    output = OutputDigest(bytes=20, sha256="0" * 64, tail="val_bpb: 1.600000\n")
    step = 10_000 + number
    said = Proposal(
        status="ok",
        description=f"step {step}",
        change_plan="another step",
        commit_description="",
        set={"STEP": step},
    )
    return [
        ev.IterationStarted(iteration=number, base_commit=commit, first_stage="propose"),
        ev.ProposalChosen(
            iteration=number,
            source="search",
            description=said.description,
            proposal=said,
            received=None,
            search=1,
        ),
        ev.ChangeApplied(
            iteration=number, change=1, files=("train.py",), insertions=1, deletions=1, diff_sha256="0" * 64
        ),
        ev.CandidateCommitted(
            iteration=number,
            change=1,
            commit=commit,
            tree=commit,
            base_commit=commit,
            ref=f"refs/autoresearch/{run_id}/{number}",
            subject=said.description,
            diff_sha256="0" * 64,
            code_sha256="",
            base_code_sha256="",
        ),
        ev.TrainingStarted(
            iteration=number,
            training=1,
            repeat=1,
            seed=None,
            slot=1,
            device="cpu",
            commit=commit,
            command=("python", "train.py"),
            deadline_s=900.0,
            seal="5" * 16,
            surroundings={},
        ),
        ev.TrainingFinished(
            iteration=number,
            training=1,
            outcome="succeeded",
            reason=None,
            metric=1.6,
            exit_code=0,
            signal=None,
            started_at="2026-03-08T21:00:00.000Z",
            ended_at="2026-03-08T21:05:00.000Z",
            seconds=300.0,
            cpu_seconds=None,
            measured=Measured(peak_vram_mb=512.0),
            also={},
            printed=None,
            output=output,
            progress=None,
        ),
        ev.ResultRecorded(
            iteration=number,
            commit=commit,
            outcome="succeeded",
            metric=1.6,
            memory_gb=0.5,
        ),
        ev.CandidateDiscarded(iteration=number, rule="lower", inputs={"metric": 1.6, "best": 1.05}),
    ]


def cpu_s(pid: int) -> float | None:
    """Return the CPU seconds of a process and of the children it has waited for, None once it is gone."""
    try:
        words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return sum(int(word) for word in words[11:15]) / os.sysconf("SC_CLK_TCK")


def _rss_mib(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0]) / 1024 if found else 0.0
