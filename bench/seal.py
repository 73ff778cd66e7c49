"""What the seal costs a training in a repository of 1,000 files: every look as it begins and as it ends."""

import os
import tempfile
import time
from pathlib import Path
from statistics import median

from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.sealing.checkout import TrainCheckouts
from autoresearch.engine.sealing.surroundings import Surroundings
from autoresearch.engine.system.processes import run_command
from autoresearch.projections.run_state import RunState
from bench.table import Figure


FILES, IN_A_FOLDER = 1000, 25
SEAL_S = 0.050  # what is asked for


def figure(*, quick: bool) -> Figure:
    """Return the cost of sealing and looking again; putting the checkout on its commit is not in it."""
    with tempfile.TemporaryDirectory(prefix="bench-seal-") as folder:
        took, cpu = _measured(Path(folder) / "repo", 5 if quick else 30)
    return Figure(
        what=f"the seal of a training in a repository of {FILES:,} files",
        measured=1000 * took,
        unit="ms",
        target=1000 * SEAL_S,
        better="less",
        note=f"{1000 * cpu:.0f} ms of CPU, git's within",
    )


def _measured(top: Path, times: int) -> tuple[float, float]:
    base = _repository(top)
    git, paths, run = RealGit(top), run_named(top, "autoresearch-bench-r001"), RunState(base_commit=base)
    paths.folder.mkdir(parents=True)
    checkouts, surroundings = TrainCheckouts(paths=paths, git=git), Surroundings(paths=paths, git=git)
    seal, walls, spent = checkouts.seal(1), [], []
    folder = checkouts.clear(1, base, run)
    for _ in range(times):
        began, used = time.perf_counter(), _cpu()
        seal.set("0.1", kept=())
        differing = git.differing(folder)
        surroundings.taken(run, {})
        broken = seal.broken(seal.digest("0.1"), base, git)
        walls.append(time.perf_counter() - began)
        spent.append(_cpu() - used)
        assert not differing
        assert broken is None
    return median(walls), sum(spent) / times  # the clock of CPU time ticks in 10 ms


def _repository(top: Path) -> str:
    """Make a repository, and return its commit."""
    top.mkdir()
    for number in range(FILES):
        file = top / f"part{number // IN_A_FOLDER}" / f"module{number}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"VALUE = {number}\n" * 40)
    who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "first")):
        run_command.run(["git", *words], cwd=top, timeout_s=60.0)
    return run_command.run(["git", "rev-parse", "HEAD"], cwd=top, timeout_s=60.0).stdout.decode().strip()


def _cpu() -> float:
    return sum(os.times()[:4])
