"""Give a run its runner: detached from the terminal, or the one that is alive already."""

import time
from collections.abc import Sequence

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.system.process import alive, holder, spawn_detached
from autoresearch.events.clock import from_epoch
from autoresearch.events.errors import RunFailed, RunLocked, WayOut
from autoresearch.events.values import Process


POLL_S = 0.01
TAIL_BYTES = 2000


@frozen(kw_only=True)
class Launched:
    """A runner that holds the run, or one that is on its way."""

    runner: Process | None  # None: not seen yet, or it came to rest already
    already: bool  # it was alive before


def launch(paths: RunPaths, command: Sequence[str], *, patience_s: float = 1.0) -> Launched:
    """Start `command` as the run's runner, unless one is alive; wait a moment until it holds the run.

    Raises:
        RunFailed: it ended before it could do anything; says its last words.
    """
    held = holder(paths.lock)
    if held is not None:
        return Launched(runner=held, already=True)
    spawned = spawn_detached(command, cwd=paths.home, output=paths.runner_out)
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        living = alive(spawned)  # asked first: a runner that ends in between has been seen or has rested
        held = holder(paths.lock)
        if held is not None:
            return Launched(runner=held, already=False)
        if not living:
            if load_run(paths).state.stopped is None:
                raise _died(paths)
            break
        time.sleep(POLL_S)
    return Launched(runner=None, already=False)


def refuse_second_runner(paths: RunPaths) -> None:
    """Refuse where a runner is alive.

    Raises:
        RunLocked: says who, and since when.
    """
    held = holder(paths.lock)
    if held is None:
        return
    since = from_epoch(paths.lock.stat().st_mtime)
    raise RunLocked(
        f"{paths.run_id} is held by a runner, process {held.pid}, since {since}",
        remedy=WayOut("hand_over_or_stop"),
    )


def _died(paths: RunPaths) -> RunFailed:
    try:
        said = paths.runner_out.read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip()
    except FileNotFoundError:
        said = ""
    lines = said.splitlines() or ["it said nothing"]
    last = lines[-2:] if lines[-1].startswith(" ") else lines[-1:]  # a way out stands below what is wrong
    words = "; ".join(one.strip() for one in last)
    return RunFailed(f"the runner of {paths.run_id} ended at once: {words}", remedy=f"see {paths.runner_out}")
