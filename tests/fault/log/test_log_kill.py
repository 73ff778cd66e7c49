"""Real processes that append to one history, killed at random instants."""

import os
import random
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

import pytest

from autoresearch.events.catalog import NoteAdded, TailHealed
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read, verify
from tests.log_helpers import note
from tests.torture import dice, times
from tests.waiting import until


def _write_for_ever(path: Path, acks: Path, name: str, seed: int) -> None:
    """Append batches of random size until killed; write down each acknowledgement after it came.

    Each writer has a file of its own, and writes an acknowledgement whole: of a killed one only the last
    line can be cut, since what a finished `write` has taken outlives the process.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    acked = os.open(acks / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    turn = 0
    with EventLog(path) as log:
        while True:
            size = chance.choice((1, 1, 3))
            texts = [f"{name}.{turn}.{part} {'x' * chance.randrange(3000)}" for part in range(size)]
            key = f"{name}.{turn}" if chance.random() < 0.3 else None
            recorded = log.append([note(text) for text in texts], by=name, key=key)
            seqs = zip(recorded, texts, strict=True)
            ack = b"".join(b"%d %b\n" % (one.seq, text.encode()) for one, text in seqs)
            assert os.write(acked, ack) == len(ack)
            turn += 1
            time.sleep(chance.random() / 1000)  # else a disk in memory takes more than readers can read


def _start(path: Path, acks: Path, name: str, seed: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            _write_for_ever(path, acks, name, seed)
        except BaseException:  # noqa: BLE001 - the parent sees that it did not die of the kill
            traceback.print_exc()
        finally:
            os._exit(1)
    return child


def _round(path: Path, acks: Path, *, number: int, writers: int, chance: random.Random) -> None:
    """Let writers run for a moment, read beside them, and kill each at an instant of its own."""
    names = [f"r{number}w{one}" for one in range(writers)]
    children = [_start(path, acks, name, chance.randrange(2**32)) for name in names]
    try:
        if number % 2:  # else they may be killed before their first record
            until(lambda: any((acks / name).exists() and (acks / name).stat().st_size for name in names))
        beside = chance.choice(children)
        for child in children:
            time.sleep(chance.uniform(0.005, 0.04))
            if child == beside and path.exists():
                seqs = [one.seq for one in read(path)]
                assert seqs == list(range(1, len(seqs) + 1))
            os.kill(child, signal.SIGKILL)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)  # not waited for yet, so nobody else has this pid
        ends = [os.waitpid(child, 0)[1] for child in children]
    assert ends == [signal.SIGKILL] * writers, "a writer failed before it was killed"


def _audit(path: Path, acks: Path) -> tuple[int, int, int]:
    """Hold what was acknowledged against what is there; count records, acknowledged ones, and heals."""
    with EventLog(path) as log:
        log.append([note("audit")], by="audit")  # heals
    records = {one.seq: one for one in read(path)}
    assert list(records) == list(range(1, verify(path).seq + 1))
    acknowledged = 0
    for file in acks.iterdir():
        for ack in file.read_text().split("\n")[:-1]:  # a kill may cut the last one
            seq, text = ack.split(" ", 1)
            assert records[int(seq)].event == NoteAdded(text=text)
            acknowledged += 1
    names = [
        one.event.text.split(" ")[0]
        for one in records.values()
        if isinstance(one.event, NoteAdded) and one.by != "audit"
    ]
    assert len(set(names)) == len(names)
    for one in records.values():
        if one.tx is not None:
            first, size = one.seq - one.tx[0], one.tx[1]
            assert [records[first + i].tx for i in range(size)] == [(i, size) for i in range(size)]
    healed = sum(isinstance(one.event, TailHealed) for one in records.values())
    return len(records), acknowledged, healed


def _rounds(folder: Path, *, writers: int, rounds: int, chance: random.Random) -> tuple[int, int, int]:
    """Play rounds, ten on each history; return how many records, acknowledgements and heals there were."""
    totals = (0, 0, 0)
    for number in range(rounds):
        home = folder / f"{number // 10}"
        path, acks = home / "history.jsonl", home / "acks"
        acks.mkdir(parents=True, exist_ok=True)
        _round(path, acks, number=number, writers=writers, chance=chance)
        found = _audit(path, acks)
        if number % 10 == 9 or number == rounds - 1:
            totals = (totals[0] + found[0], totals[1] + found[1], totals[2] + found[2])
            shutil.rmtree(home)
    return totals


@pytest.mark.parametrize("writers", [1, 4, 8])
def test_killed_writers_lose_nothing_that_was_acknowledged(tmp_path: Path, writers: int):
    """After kill -9 at random instants: no acknowledged record is lost or doubled, no batch is half there."""
    chance = random.Random(writers)  # noqa: S311 - nothing secret
    records, acknowledged, _ = _rounds(tmp_path, writers=writers, rounds=4, chance=chance)
    assert records > acknowledged > 0


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("writers", [1, 4, 8])
def test_killed_writers_lose_nothing_for_500_rounds(tmp_path: Path, writers: int):
    """The same, 500 times."""
    rounds, chance = times(500), dice("writers", writers)
    records, acknowledged, healed = _rounds(tmp_path, writers=writers, rounds=rounds, chance=chance)
    sys.stdout.write(f"{writers} writers: {records} records, {acknowledged} acknowledged, {healed} heals\n")
    assert acknowledged >= rounds // 2
