"""What appending and encoding cost, beside the bare system calls, SQLite and eventsourcing.

The contenders take turns, so that noise of the machine meets them all; a ratio is the median over the turns.
A turn is some appends in a row, of which the median counts: the first finds a processor whose caches were
filled by the contender before. What that costs is measured too, by turns of one append. The files lie in the
current folder, since a folder in memory would sync nothing. What a contender is given (events, lines,
arguments) is made before the clock starts.
"""

import json
import multiprocessing
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from itertools import cycle, islice, pairwise, permutations
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Lock
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeAlias

import attrs
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import NO_HASH, Position, chain, envelope, payload
from autoresearch.events.log.append import EventLog
from bench.logs.histories import AT, events
from bench.table import Figure, ratio


WRITERS = 8
SHARED = 240  # appends that the writers share, as in the measurement that the targets came from
BATCH = 100
ROW = 10  # appends in a turn
LOCK_S = 60  # SQLite's writers wait so long for one another before they give up

# Opens a contender's file in a folder; what it returns appends one batch durably.
Opener: TypeAlias = Callable[[Path], Callable[[int], None]]


def figures(*, quick: bool) -> list[Figure]:
    """Measure all that is asked of writing."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as folder:
        home = Path(folder)
        return [
            *_singles(home, turns=72 if quick else 360),
            *_batches(home, turns=48 if quick else 240),
            *_writers(home, reps=4 if quick else 20),
            *_encoding(reps=5 if quick else 30),
        ]


# --- the contenders ---


def _result(number: int) -> ev.ResultRecorded:
    return ev.ResultRecorded(
        iteration=number,
        commit=f"{number:040x}",
        outcome="succeeded",
        metric=2.0 - number / 10**6,
        memory_gb=58.714,
    )


def _line(number: int) -> bytes:
    shared = envelope(at=AT, by=b'"runner"')
    ((_, raw, _, _),) = chain([payload(_result(number))], shared, after=Position.start())
    return raw


def _ours(folder: Path) -> Callable[[int], None]:
    log = EventLog(folder / "history.jsonl")
    results = [_result(number) for number in range(BATCH)]

    def append(size: int) -> None:
        log.append(results[:size], by="runner")

    return append


def _bare(folder: Path) -> Callable[[int], None]:
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    lines = {size: b"".join(map(_line, range(size))) for size in (1, BATCH)}

    def append(size: int) -> None:
        os.write(fd, lines[size])
        os.fdatasync(fd)

    return append


def _sqlite(folder: Path) -> Callable[[int], None]:
    base = sqlite3.connect(folder / "plain.db", timeout=LOCK_S, isolation_level=None)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute("PRAGMA synchronous=FULL")
    base.execute("CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, line BLOB)")
    lines = [_line(number) for number in range(BATCH)]

    def append(size: int) -> None:
        base.execute("BEGIN IMMEDIATE")
        base.executemany("INSERT INTO events (line) VALUES (?)", [(line,) for line in lines[:size]])
        base.execute("COMMIT")

    return append


class Results(Aggregate):
    """The same event as eventsourcing would have it."""

    @event("Recorded")
    def record(self, iteration: int, commit: str, outcome: str, metric: float, memory_gb: float) -> None:
        """Keep nothing: what is measured is the storing."""


def _eventsourcing(folder: Path) -> Callable[[int], None]:
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(folder / "eventsourcing.db"),
        "SQLITE_LOCK_TIMEOUT": str(LOCK_S),
    }
    app = Application[Any](environment)
    results = Results()
    app.save(results)
    arguments = [attrs.asdict(_result(number)) for number in range(BATCH)]

    def append(size: int) -> None:
        for one in arguments[:size]:
            results.record(**one)
        app.save(results)

    return append


CONTENDERS: dict[str, Opener] = {
    "ours": _ours,
    "bare": _bare,
    "sqlite": _sqlite,
    "eventsourcing": _eventsourcing,
}


# --- one process ---


def _turns(home: Path, *, turns: int, size: int, row: int) -> dict[str, list[float]]:
    """Return each contender's seconds for one append of `size`, turn by turn, `row` appends in each."""
    folder = Path(tempfile.mkdtemp(dir=home))
    appends = {name: open_(folder) for name, open_ in CONTENDERS.items()}
    for append in appends.values():
        append(size)
    took: dict[str, list[float]] = {name: [] for name in appends}
    # What one left to the disk, the next may have to wait for: so each comes behind each.
    for order in islice(cycle(permutations(appends)), turns):
        for name in order:
            took[name].append(median(_seconds(appends[name], size) for _ in range(row)))
    return took


def _seconds(append: Callable[[int], None], size: int) -> float:
    begin = time.perf_counter()
    append(size)
    return time.perf_counter() - begin


def _singles(home: Path, *, turns: int) -> list[Figure]:
    took = _turns(home, turns=turns, size=1, row=ROW)
    alone = _turns(home, turns=turns, size=1, row=1)
    what = "durable append, one process, against"
    return [
        _faster(f"{what} bare write + fdatasync", took, "bare", 0.75),
        _faster(f"{what} eventsourcing on SQLite, one event a transaction", took, "eventsourcing", 1.3),
        _faster(f"{what} SQLite (WAL, FULL)", took, "sqlite", 1.0),
        _faster(f"{what} bare write + fdatasync, other work before each", alone, "bare", None),
    ]


def _batches(home: Path, *, turns: int) -> list[Figure]:
    took = _turns(home, turns=turns, size=BATCH, row=ROW)
    what = f"durable batch of {BATCH}, against"
    return [
        _faster(f"{what} a bare write of {BATCH} + one sync", took, "bare", 0.75),
        _faster(f"{what} eventsourcing's batch", took, "eventsourcing", 2.5),
    ]


def _faster(what: str, took: dict[str, list[float]], peer: str, target: float | None) -> Figure:
    ours, theirs = took["ours"], took[peer]
    note = f"{_us(ours)} against {_us(theirs)}"
    return Figure(what=what, measured=ratio(theirs, ours), target=target, note=note)


def _us(seconds: Sequence[float]) -> str:
    return f"{median(seconds) * 1e6:,.0f} us"


# --- many processes ---


def _work(
    open_: Opener, folder: Path, times: int, gates: tuple[Lock, Barrier], results: "Queue[Any]"
) -> None:
    opening, ready = gates
    with opening:  # SQLite refuses to be made into a WAL by two at once
        append = open_(folder)
        append(1)  # so that no one pays for its first while the clock runs
    ready.wait()
    stamps = [time.monotonic()]
    for _ in range(times):
        append(1)
        stamps.append(time.monotonic())
    results.put(stamps)


def _together(open_: Opener, home: Path, *, writers: int, shared: int) -> tuple[float, list[float]]:
    """Return the appends per second of so many processes on one file, and how long each append took.

    Each has the same number of `shared` to append. In a given time, a writer that keeps the others out, as
    SQLite's does, would do nearly all of them, and those who wait would hardly be counted.
    """
    folder = Path(tempfile.mkdtemp(dir=home))
    context = multiprocessing.get_context("fork")
    gates = context.Lock(), context.Barrier(writers, timeout=LOCK_S)
    results: Queue[Any] = context.Queue()
    arguments = (open_, folder, shared // writers, gates, results)
    processes = [context.Process(target=_work, args=arguments) for _ in range(writers)]
    for process in processes:
        process.start()
    stamps = [results.get(timeout=2 * LOCK_S) for _ in processes]
    for process in processes:
        process.join()
    took = max(one[-1] for one in stamps) - min(one[0] for one in stamps)
    latencies = [after - before for one in stamps for before, after in pairwise(one)]
    return len(latencies) / took, latencies


def _writers(home: Path, *, reps: int) -> list[Figure]:
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    waits: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    lasting = list[float]()
    for _ in range(reps):
        for name, open_ in CONTENDERS.items():
            if name != "bare":
                rate, waited = _together(open_, home, writers=WRITERS, shared=SHARED)
                rates[name].append(rate)
                waits[name] += waited
        # One bare writer has no one to start with: against it, what counts is how it goes on.
        rates["bare"].append(_together(CONTENDERS["bare"], home, writers=1, shared=10 * SHARED)[0])
        lasting.append(_together(CONTENDERS["ours"], home, writers=WRITERS, shared=10 * SHARED)[0])
    p99 = {name: quantiles(found, n=100)[-1] for name, found in waits.items() if found}
    what = f"{WRITERS} processes appending durably,"

    def more(peer: str, words: str, target: float) -> Figure:
        ours = lasting if peer == "bare" else rates["ours"]
        note = f"{median(ours):,.0f} a second against {median(rates[peer]):,.0f}"
        measured = ratio(ours, rates[peer])
        return Figure(what=f"{what} against {words}", measured=measured, target=target, note=note)

    def sooner(peer: str) -> Figure:
        note = f"{p99['ours'] * 1e3:,.1f} ms against {p99[peer] * 1e3:,.1f} ms"
        measured = p99["ours"] / p99[peer]
        return Figure(
            what=f"{what} p99 against {peer}'s", measured=measured, target=0.1, better="less", note=note
        )

    return [
        more("bare", "one bare writer", 1.5),
        more("sqlite", f"SQLite with {WRITERS}", 5),
        more("eventsourcing", f"eventsourcing with {WRITERS}", 5),
        sooner("sqlite"),
        sooner("eventsourcing"),
    ]


# --- encoding ---


def _encode(batch: Sequence[ev.Event]) -> None:
    shared, after = envelope(at=AT, by=b'"runner"'), Position.start()
    for one in batch:
        chain([payload(one)], shared, after=after)


def _encode_plainly(batch: Sequence[ev.Event], *, sort: bool) -> None:
    prev = NO_HASH
    for seq, one in enumerate(batch, start=1):
        record = {
            "seq": seq,
            "type": type(one).__name__,
            "v": one.VERSION,
            "at": AT,
            "by": "runner",
            "key": None,
            "data": attrs.asdict(one),
        }
        body = json.dumps(record, sort_keys=sort)
        prev = sha256((prev + body).encode()).hexdigest()
        f'{body[:-1]},"h":"{prev}"}}\n'.encode()


def _encoding(*, reps: int) -> list[Figure]:
    batch = [one for appended in events(40) for one in appended]
    _encode(batch)
    ways: dict[str, Callable[[], None]] = {
        "ours": partial(_encode, batch),
        "plain": partial(_encode_plainly, batch, sort=False),
        "sorted": partial(_encode_plainly, batch, sort=True),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(reps):
        for name, work in ways.items():
            begin = time.process_time()
            work()
            took[name].append((time.process_time() - begin) / len(batch))
    note = (
        f"{median(took['ours']) * 1e6:.2f} us against {median(took['plain']) * 1e6:.2f}; "
        f"against json.dumps with sorted keys {ratio(took['sorted'], took['ours']):.2f} x"
    )
    return [
        Figure(
            what="encoding one event, chain included, against asdict + json.dumps + sha256",
            measured=ratio(took["plain"], took["ours"]),
            target=5,
            note=note,
        )
    ]
