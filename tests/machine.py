"""A machine that stops in the middle of everything: all that works below a folder dies in one instant."""

import contextlib
import json
import os
import random
import signal
import time
from pathlib import Path

from tests.processes import living
from tests.waiting import until


SYNCED = {
    "claim",
    "spec.json",
    "exit.json",
    "candidate.diff",
    "jobs.tar.gz",
    "prompt.txt",
}  # of what lies with an iteration


def stop_machine(below: Path) -> int:
    """Kill all that works below a folder; return how many that were.

    All are held still before the first one is killed: none sees another's death, as in a power cut.
    """
    held: set[int] = set()
    while new := set(living(below)) - held:  # one that was about to be started is there at the second look
        for pid in new:
            _signal(pid, signal.SIGSTOP)
        held |= new
    for pid in held:
        _signal(pid, signal.SIGKILL)
    until(lambda: not living(below))
    return len(held)


def shut_down(below: Path, chance: random.Random) -> None:
    """Ask all that works below a folder to end, one after the other in any order; then stop the machine."""
    asked = living(below)
    chance.shuffle(asked)
    for pid in asked:
        _signal(pid, signal.SIGTERM)
        time.sleep(chance.choice([0.0, 0.0, 0.001, 0.01]))
    time.sleep(chance.uniform(0.0, 1.0))
    stop_machine(below)


def lose_power(home: Path, run: Path, chance: random.Random) -> None:
    """Empty each second file of those that nobody had brought to the device, as a power cut leaves them."""
    unsynced = [*home.glob(".git/worktrees/*/index"), *run.glob("seals/*"), *run.glob("work*/train.py")]
    unsynced += [run / name for name in ("state.json", "results.tsv", "runner.log")]
    for file in run.glob("iterations/**/*"):
        packed = not (file.parent / "spec.json").exists()
        ended = file.name == "output.log" and (packed or (file.parent / "exit.json").exists())
        if file.is_file() and file.name not in SYNCED and not ended:
            unsynced.append(file)
    for file in unsynced:
        if file.exists() and chance.random() < 0.5:
            os.truncate(file, 0)


def reboot(run: Path) -> None:
    """Let all that a run's folder remembers of processes be of an earlier boot, and their pids a stranger's.

    The stranger is this very test, which ends where one that is merely remembered is signalled.
    """
    for claim in run.glob("iterations/*/*/claim"):
        with contextlib.suppress(ValueError, IndexError):  # nobody has written into it
            told = json.loads(claim.read_bytes().splitlines()[-1])
            for role in ("supervisor", "child"):
                if told[role]:
                    told[role] |= {"pid": os.getpid(), "boot_id": "of the boot before"}
            claim.write_text(json.dumps(told))
    with contextlib.suppress(OSError, ValueError):
        lock = run / "runner.lock"
        told = json.loads(lock.read_bytes())
        lock.write_text(json.dumps(told | {"pid": os.getpid(), "boot_id": "of the boot before"}))


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
