"""What reading a history costs: folding it whole, catching up from a snapshot, and a peer beside us.

CPU time, with the garbage collector off in every contender, each in turn within a repetition. The history is
of real events in the mix of a real night (bench/logs/histories.py); the folds check the chain of every line.
"""

import gc
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from autoresearch.events.encoding.codec import Position
from autoresearch.events.encoding.shapes import unstructure
from autoresearch.events.log.read import blocks
from autoresearch.projections.fold import fold_lines
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.timeline import TIMELINE
from bench.logs import histories
from bench.logs.folding import fold
from bench.table import Figure, ratio


TAIL = 1_000
PEER = 10_000  # events of the peer's aggregate; its rate does not depend on it


def figures(*, quick: bool) -> list[Figure]:
    """Measure all that is asked of reading."""
    count, reps = (100_000, 3) if quick else (1_000_000, 5)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "history.jsonl"
        whole = histories.write(path, count=count)
        return [*_folds(path, whole, reps=reps), *_catching_up(path, reps=reps), _memory(path)]


def _folds(path: Path, whole: int, *, reps: int) -> list[Figure]:
    peer = _peer(path.parent)
    turns = [
        (
            cpu_s(lambda: _parse(path)) / whole,
            cpu_s(lambda: fold(path, RUN)) / whole,
            cpu_s(lambda: fold(path, RUN, TIMELINE)) / whole,
            cpu_s(peer) / PEER,
        )
        for _ in range(reps)
    ]
    parse, ours, both, theirs = zip(*turns, strict=True)
    each = f"{1e6 * median(ours):.2f} us an event against {1e6 * median(parse):.2f}"
    size = f"{whole:,} events, {path.stat().st_size / whole:.0f} bytes each"
    return [
        Figure(
            what="folding a history, chain verified / bare orjson.loads of its lines",
            measured=ratio(parse, ours),
            target=0.40,
            note=f"{each}; {size}",
        ),
        Figure(what="folding both states / bare orjson.loads", measured=ratio(parse, both)),
        Figure(
            what="folding a history, chain verified / eventsourcing's repository.get",
            measured=ratio(theirs, ours),
            target=8.0,
            note=f"theirs {1e6 * median(theirs):.1f} us an event",
        ),
    ]


def _catching_up(path: Path, *, reps: int) -> list[Figure]:
    """Compare folding the last thousand events on a state with folding all."""
    whole = sum(len(block.lines) for block in blocks(path, Position.start()))
    (state,), before = fold_lines(
        (RUN,), blocks(path, Position.start(), upto=whole - TAIL), since=(RUN.initial(),), deciding=True
    )
    assert before is not None  # the history is longer than its tail

    def catch_up() -> None:
        fold_lines((RUN,), blocks(path, before), since=(state,), deciding=True)

    turns = [(cpu_s(lambda: fold(path, RUN)), cpu_s(catch_up)) for _ in range(reps)]
    all_of_it, tail = zip(*turns, strict=True)
    return [
        Figure(
            what=f"folding all {whole:,} events / catching up {TAIL:,} from a snapshot",
            measured=ratio(all_of_it, tail),
            target=200.0 if whole >= 10**6 else None,
            note=f"{1000 * median(tail):.1f} ms of CPU against {1000 * median(all_of_it):,.0f}",
        )
    ]


def _memory(path: Path) -> Figure:
    """Measure the most memory that a process holds while it folds the whole history.

    Asked of /proc: what getrusage calls the most of a process includes its parent's, from before the exec.
    """
    script = (
        "import sys; from pathlib import Path;"
        "from bench.logs.folding import fold; from autoresearch.projections.reducers.run import RUN;"
        "fold(Path(sys.argv[1]), RUN);"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True
    )
    return Figure(
        what="memory of a process that folds it",
        measured=int(done.stdout) / 1024,
        unit="MiB",
        target=150.0,
        better="less",
    )


def cpu_s(act: Callable[[], object]) -> float:
    """Return the CPU seconds that an act takes, without collections of garbage."""
    gc.collect()
    gc.disable()
    began = _spent()
    act()
    took = _spent() - began
    gc.enable()
    return took


def _parse(path: Path) -> None:
    loads = orjson.loads
    with path.open("rb") as file:
        for raw in file:
            loads(raw)


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class _Run(Aggregate):
    """The peer's counterpart, which does less: it keeps the last data of each kind of event, and counts."""

    def __init__(self) -> None:
        self.last: dict[str, dict[str, Any]] = {}
        self.count = 0

    @event("Happened")
    def happen(self, kind: str, data: dict[str, Any]) -> None:
        self.last[kind] = data
        self.count += 1


def _peer(folder: Path) -> Callable[[], object]:
    """Return what folds an aggregate of the peer's from its stored events, which are ours."""
    env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "peer.sqlite")}
    app: Application[UUID] = Application(env=env)
    run = _Run()
    for one in islice(chain.from_iterable(histories.events(PEER)), PEER):
        run.happen(type(one).__name__, unstructure(one))
    app.save(run)
    return lambda: app.repository.get(run.id)
