"""Real processes that append to one history, killed at random instants."""

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from events.catalog import NoteAdded
from events.log import EventLog, read, verify
from tests.log_helpers import note


def _write_for_ever(path: Path, acks: Path, name: str, seed: int) -> None:
    """Append batches of random size until killed; write down each acknowledgement after it came."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    acked = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    turn = 0
    with EventLog(path) as log:
        while True:
            texts = [
                f"{name}.{turn}.{part} {'x' * chance.randrange(3000)}"
                for part in range(chance.choice((1, 1, 3)))
            ]
            key = f"{name}.{turn}" if chance.random() < 0.3 else None
            recorded = log.append([note(text) for text in texts], by=name, key=key)
            os.write(
                acked,
                b"".join(b"%d %b\n" % (r.seq, t.encode()) for r, t in zip(recorded, texts, strict=True)),
            )
            turn += 1


def _start(path: Path, acks: Path, name: str, seed: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            _write_for_ever(path, acks, name, seed)
        finally:
            os._exit(1)
    return child


def _round(path: Path, acks: Path, *, number: int, writers: int, chance: random.Random) -> None:
    """Let writers run for a moment, read beside them, and kill each at an instant of its own."""
    children = [_start(path, acks, f"r{number}w{one}", chance.randrange(2**32)) for one in range(writers)]
    try:
        for child in children:
            time.sleep(chance.uniform(0.005, 0.04))
            if path.exists():
                seqs = [one.seq for one in read(path)]
                assert seqs == list(range(1, len(seqs) + 1))
            os.kill(child, signal.SIGKILL)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _audit(path: Path, acks: Path) -> None:
    """Hold what was acknowledged against what is there."""
    with EventLog(path) as log:
        log.append([note("audit")], by="audit")  # heals
    records = {one.seq: one for one in read(path)}
    assert list(records) == list(range(1, verify(path).seq + 1))
    for ack in acks.read_text().splitlines() if acks.exists() else ():
        seq, text = ack.split(" ", 1)
        assert records[int(seq)].event == NoteAdded(text=text)
    parts = Counter(
        (one.by, one.event.text.split(" ")[0])
        for one in records.values()
        if isinstance(one.event, NoteAdded) and one.by.startswith("r")
    )
    assert set(parts.values()) <= {1}
    for one in records.values():
        if one.tx is not None:
            assert [records[one.seq - one.tx[0] + i].tx for i in range(one.tx[1])] == [
                (i, one.tx[1]) for i in range(one.tx[1])
            ]


def _rounds(folder: Path, *, writers: int, rounds: int) -> int:
    chance = random.Random(rounds * 10 + writers)  # noqa: S311 - nothing secret
    path, acks = folder / "history.jsonl", folder / "acks"
    audited = 0
    for number in range(rounds):
        _round(path, acks, number=number, writers=writers, chance=chance)
        _audit(path, acks)
        if number % 10 == 9:
            audited += verify(path).seq
            path.unlink()
            acks.unlink(missing_ok=True)
    return audited


@pytest.mark.parametrize("writers", [1, 4, 8])
def test_killed_writers_lose_nothing_that_was_acknowledged(tmp_path: Path, writers: int):
    """After kill -9 at random instants: no acknowledged record is lost, none is doubled, no batch is half there."""
    _rounds(tmp_path, writers=writers, rounds=4)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("writers", [1, 4, 8])
def test_killed_writers_lose_nothing_for_500_rounds(tmp_path: Path, writers: int):
    """The same, 500 times."""
    audited = _rounds(tmp_path, writers=writers, rounds=500)
    assert audited > 500
