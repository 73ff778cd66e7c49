"""What it costs to ask: whole processes of the command line, beside the bare interpreter.

CPU time and wall time of each process with all that it starts and waits for. The contenders take turns within
each repetition; a ratio is the median over the repetitions. The interpreter is the one that measures; what
its `site` loads at every start (much, where it is installed as editable) is in both halves of a ratio.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.runs.load import load, load_run
from autoresearch.engine.runs.views import STATE
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.values import why
from bench.logs import histories
from bench.table import Figure, ratio


DOOR = Path(__file__).resolve().parents[1] / "workflows" / "run_experiment.py"
TAIL = 1_000
RUN_ID = "autoresearch-mar8-r001"  # as bench/logs/histories.py has it
TRAIN = "print('val_bpb: 1.0')\n"
CONFIG = '[tool.autoresearch]\nagent = "none"\ncheck = []\nprepare = []\nprotected = []\ndevice = "none"\n'

# CPU and wall seconds of one process.
Cost = tuple[float, float]


def figures(*, quick: bool) -> list[Figure]:
    """Measure all that is asked of starting up."""
    count, reps = (100_000, 7) if quick else (1_000_000, 25)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        for home, events in ((small, 100), (large, count)):
            _make_repository(home)
            _make_run(home, events)
        return [
            *_asking(small, reps),
            *_long_history(small, large, count, reps),
            *_commands(small, max(3, reps // 3)),
            _starting(Path(folder) / "fresh", max(3, reps // 5)),
        ]


def _asking(home: Path, reps: int) -> list[Figure]:
    """Compare `status`, as object and as page, with a valid snapshot, with doing nothing at all."""
    nothing, page = ("-c", "pass"), (str(DOOR), "status")
    ask = (*page, "--json")
    turns = [nothing, ask, page, ("-S", *nothing), ("-S", *ask)]
    bare, asked, shown, bare_s, asked_s = _in_turn(turns, home, reps)
    return [
        Figure(
            what="`status --json` / `python -c pass`, CPU",
            measured=ratio(_cpu(asked), _cpu(bare)),
            target=4.0,
            better="less",
            note=f"{_ms(_cpu(asked))} against {_ms(_cpu(bare))}",
        ),
        Figure(
            what="`status --json` / `python -c pass`, wall",
            measured=ratio(_wall(asked), _wall(bare)),
            target=4.0,
            better="less",
            note=f"{_ms(_wall(asked))} against {_ms(_wall(bare))}",
        ),
        Figure(
            what="`status`, the page / `python -c pass`, CPU",
            measured=ratio(_cpu(shown), _cpu(bare)),
            target=4.0,
            better="less",
            note=f"{_ms(_cpu(shown))} against {_ms(_cpu(bare))}",
        ),
        Figure(
            what="`status --json` / `python -c pass`, CPU, both with -S",
            measured=ratio(_cpu(asked_s), _cpu(bare_s)),
            note=f"{_ms(_cpu(asked_s))} against {_ms(_cpu(bare_s))}; no `site` pays for a part of it",
        ),
    ]


def _long_history(small: Path, large: Path, count: int, reps: int) -> list[Figure]:
    """Compare a long history with one of a hundred events: idle, and with a tail behind the snapshot."""
    ask = (str(DOOR), "status", "--json")
    ours, theirs = zip(*((_cost(ask, large), _cost(ask, small)) for _ in range(reps)), strict=True)
    for home in (small, large):
        with EventLog(_paths(home).history, durability="off") as log:
            log.append([ev.NoteAdded(text=f"note {number}") for number in range(TAIL)], by="bench")
    more, less = zip(*((_cost(ask, large), _cost(ask, small)) for _ in range(reps)), strict=True)
    return [
        Figure(
            what=f"`status --json`, {count:,} events / 100 events, CPU",
            measured=ratio(_cpu(ours), _cpu(theirs)),
            target=1.2,
            better="less",
        ),
        Figure(
            what=f"the same with {TAIL:,} events behind the snapshot",
            measured=ratio(_cpu(more), _cpu(less)),
            target=1.2,
            better="less",
            note=f"{_ms(_cpu(more))} against {_ms(_cpu(less))}",
        ),
        *_parts(small, large, count, max(3, reps // 3)),
    ]


def _parts(small: Path, large: Path, count: int, reps: int) -> list[Figure]:
    """Compare what shows a part of a long history with the same of a short one, and with doing nothing."""
    for home in (small, large):
        paths = _paths(home)
        with EventLog(paths.history, durability="off") as log:
            log.append([ev.RunStopped(how="stopped", reason=why("as_requested"))], by="bench")
        paths.state.write_bytes(STATE.render(load(paths)))
    bare = [_cost(("-c", "pass"), large) for _ in range(reps)]
    found = []
    for words in ("show {}", "history --since {}", "history -f --since {}"):
        costs: list[list[Cost]] = []
        for home in (large, small):
            state = load_run(_paths(home)).state
            named = state.last_iteration // 2 if words.startswith("show") else state.seq - 5
            costs.append([_cost((str(DOOR), *words.format(named).split()), home) for _ in range(reps)])
        more, less = costs
        found.append(
            Figure(
                what=f"`{words.format('N')}`, {count:,} events / 100 events, CPU",
                measured=ratio(_cpu(more), _cpu(less)),
                target=1.3,
                better="less",
                note=f"{_ms(_cpu(more))}, {ratio(_cpu(more), _cpu(bare)):.1f} x `python -c pass`",
            )
        )
    return found


def _commands(home: Path, reps: int) -> list[Figure]:
    """Say what other commands take."""
    words = ("experiments", "note x", "--help")
    costs = _in_turn([(str(DOOR), *one.split()) for one in words], home, reps)
    return [
        Figure(
            what=f"`{one}`, CPU",
            measured=1e3 * median(_cpu(cost)),
            unit="ms",
            note=f"wall {_ms(_wall(cost))}",
        )
        for one, cost in zip(words, costs, strict=True)
    ]


def _starting(home: Path, reps: int) -> Figure:
    """Say how long `start` takes to return; what it started is waited for, outside of the clock."""
    _make_repository(home)
    took = []
    for number in range(1, reps + 1):
        took.append(_cost((str(DOOR), "start", "--only", "setup", "--branch", "b"), home)[1])
        paths = run_named(home, f"b-r{number:03d}")
        while load_run(paths).state.stopped is None:
            time.sleep(0.05)
    return Figure(what="`start` to its return, wall", measured=1e3 * median(took), unit="ms")


def _in_turn(commands: Sequence[Sequence[str]], home: Path, reps: int) -> list[list[Cost]]:
    for command in commands:  # once for the bytecode and the disk's cache
        _cost(command, home)
    turns = [[_cost(command, home) for command in commands] for _ in range(reps)]
    return [list(one) for one in zip(*turns, strict=True)]


def _cost(words: Sequence[str], home: Path) -> Cost:
    """Run one command line of Python to its good end; return what it took."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - a list, no shell
        [sys.executable, *words], cwd=home, env=env, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, took


def _make_repository(home: Path) -> None:
    home.mkdir()
    (home / "train.py").write_text(TRAIN)
    (home / "pyproject.toml").write_text(CONFIG)
    for words in ("init -q -b main", "add -A", "-c user.name=b -c user.email=b@localhost commit -q -m first"):
        subprocess.run(["git", *words.split()], cwd=home, check=True)  # noqa: S603, S607


def _make_run(home: Path, count: int) -> None:
    paths = _paths(home)
    paths.folder.mkdir(parents=True)
    histories.write(paths.history, count=count)
    paths.state.write_bytes(STATE.render(load(paths)))


def _paths(home: Path) -> RunPaths:
    return run_named(home, RUN_ID)


def _cpu(costs: Sequence[Cost]) -> list[float]:
    return [cost[0] for cost in costs]


def _wall(costs: Sequence[Cost]) -> list[float]:
    return [cost[1] for cost in costs]


def _ms(seconds: Sequence[float]) -> str:
    return f"{1e3 * median(seconds):.1f} ms"
