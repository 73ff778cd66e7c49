"""The share of the time that a training runs beside an agent that needs as long: with prefetch and without.

Four of five changes are discarded. Once by a simulated clock, on which the runner itself takes no time: what
the order of work alone gives. Once with real processes, by the trainings' own clocks: of seconds instead of
minutes, so that starting a process weighs more than it would.
"""

import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from attrs import evolve

from autoresearch.engine.jobs.output import digest
from autoresearch.engine.ports.agent import Answer
from autoresearch.engine.ports.jobs import JobExit, JobOutput
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.load import load
from autoresearch.events.values import AgentStep, Proposal
from bench.table import Figure
from tests.fakes.agents import FakeAgent, answered
from tests.fakes.paced import PacedWorld


HOME = Path(__file__).resolve().parents[1]
DOOR = HOME / "workflows" / "run_experiment.py"
BUSY = 98.0  # % asked for
LOOPS = 40  # by the simulated clock
TRAINING_S = 300.0  # of the simulated clock

# Each idea has a part of its own; every fifth makes the score better.
PARTS = "".join(f"PART_{number} = 0\n#\n#\n" for number in range(40))
TRAIN = f"""\
import os, time
began = time.monotonic()
{PARTS}
time.sleep(float(os.environ["BENCH_SECONDS"]))
gain = sum(value for name, value in list(globals().items()) if name.startswith("PART_") and name[-1] in "05")
print(f"val_bpb: {{2 - gain / 1000:.6f}}", flush=True)
with open(os.environ["BENCH_CLOCK"], "a") as clock:
    clock.write(f"{{began}} {{time.monotonic()}}\\n")
"""
# Proposes in half the time of a training, and carries its idea out in the other half.
AGENT = """\
import json, os, re, sys, time
from pathlib import Path
prompt = sys.stdin.read()
time.sleep(float(os.environ["BENCH_SECONDS"]) / 2)
if "you only propose" in prompt:
    with open(os.environ["BENCH_IDEAS"], "a+") as ideas:
        ideas.write(".")
        said = f"idea {ideas.tell()}"
    fields = ("description", "change_plan", "commit_description")
    print(json.dumps({"status": "ok", **dict.fromkeys(fields, said)}))
else:
    number = re.search(r"idea (\\d+)", prompt)[1]
    train = Path("train.py")
    train.write_text(train.read_text().replace(f"PART_{number} = 0", f"PART_{number} = 1"))
"""
SETTINGS = """\
[tool.autoresearch]
check = []
prepare = []
protected = []
guidance_file = "train.py"
device_lock = "none"
"""


def figures(*, quick: bool) -> list[Figure]:
    """Measure both ways, with prefetch and without."""
    seconds, loops = (3.0, 6) if quick else (10.0, 15)
    what, without = "time that a training runs", "the same without (--prefetch 0)"
    clock = f"{what}, by a simulated clock, with prefetch"
    busy, gaps = _real(prefetch=1, seconds=seconds, loops=loops)
    alone, _ = _real(prefetch=0, seconds=seconds, loops=loops // 3)
    night = 100 * TRAINING_S / (TRAINING_S + sum(gaps) / len(gaps))
    note = (
        f"gaps of {1000 * median(gaps):.0f} ms, start-up of the training within; "
        f"with trainings of five minutes they make it {night:.2f} %"
    )
    return [
        Figure(what=clock, measured=100 * _simulated(prefetch=1), unit="%", target=BUSY),
        Figure(
            what="the same where each keep conflicts with the next",
            measured=100 * _simulated(prefetch=1, conflicts=True),
            unit="%",
        ),
        Figure(what=without, measured=100 * _simulated(prefetch=0), unit="%"),
        Figure(what=f"{what}, real ones of {seconds:.0f} s", measured=100 * busy, unit="%", note=note),
        Figure(what=without, measured=100 * alone, unit="%"),
    ]


class _Editor(FakeAgent):
    """Proposes in prose, one idea an iteration."""

    def answer(self, step: AgentStep, output: JobOutput, _exit: JobExit) -> Answer:
        said = f"{step} {output.job.parent.name}"
        prose = Proposal(status="ok", description=said, change_plan=said, commit_description=said)
        return evolve(answered(proposal=prose), output=digest(output.log(), ()))


def _simulated(*, prefetch: int, conflicts: bool = False) -> float:
    """Return the share of a night in which a training ran, the runner itself taking no time."""

    def works(step: str, iteration: int, folder: Path) -> None:
        if step != "apply":
            return
        train = folder / "train.py"
        text = train.read_text()
        rate = text.partition("LR = ")[2].partition(" ")[0]
        if iteration % 5 == 0:
            text = text.replace(f"LR = {rate} ", f"LR = {float(rate) * 0.95:.6f} ")
        elif conflicts:
            text = text.replace(f"LR = {rate} ", f"LR = {float(rate) * 1.05:.6f} ")
        else:
            text += f"OTHER_{iteration} = 1\n"
        train.write_text(text)

    half = TRAINING_S / 2
    with tempfile.TemporaryDirectory(prefix="bench-busy-") as folder:
        world = PacedWorld(
            Path(folder) / "repo", takes={"train": TRAINING_S, "propose": half, "apply": half}, works=works
        )
        world.agent = _Editor()
        world.start(loops=LOOPS, agent="fake", prefetch=prefetch)
        world.runner().run()
        assert len(world.trainings) == LOOPS + 1  # with the baseline
        return world.busy


def _real(*, prefetch: int, seconds: float, loops: int) -> tuple[float, list[float]]:
    """Return the share of the time in which a training ran, and the gaps in seconds, of a background run."""
    with tempfile.TemporaryDirectory(prefix="bench-busy-") as folder:
        repo, clock, agent = (Path(folder) / name for name in ("repo", "clock", "agent.py"))
        repo.mkdir()
        agent.write_text(AGENT)
        (repo / "train.py").write_text(TRAIN)
        (repo / "pyproject.toml").write_text(f'{SETTINGS}agent_command = ["{sys.executable}", "{agent}"]\n')
        own = {
            "BENCH_SECONDS": str(seconds),
            "BENCH_CLOCK": str(clock),
            "BENCH_IDEAS": str(Path(folder) / "ideas"),
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
        asks = ("start", "--loops", str(loops), "--agent", "command", "--prefetch", str(prefetch))
        for words in (
            ("git", "init", "-q"),
            ("git", "add", "-A"),
            ("git", *who, "commit", "-qm", "first"),
            (sys.executable, str(DOOR), *asks),
        ):
            subprocess.run(words, cwd=repo, env=os.environ | own, check=True, capture_output=True)  # noqa: S603
        paths = started_runs(repo)[-1]
        while load(paths).run.stopped is None:
            time.sleep(0.2)
        lines = [line.split() for line in clock.read_text().splitlines()]
        trained = [(float(began), float(end)) for began, end in lines]
        assert len(trained) == loops + 1
        gaps = [after[0] - before[1] for before, after in pairwise(trained)]
        return sum(end - began for began, end in trained) / (trained[-1][1] - trained[0][0]), gaps
