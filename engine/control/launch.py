"""Give a run its runner: detached from the terminal, or the one that is alive already."""

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from autoresearch.engine.paths import RUNNER_COMES_S, RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.runs.runner_lock import living_runner, runner_at_limit
from autoresearch.engine.system.interpreter import is_passing
from autoresearch.engine.system.processes.outliving import ends_with, spawn_away
from autoresearch.engine.system.processes.process import alive, holder
from autoresearch.engine.system.version import installed_from
from autoresearch.events.clock import from_epoch
from autoresearch.events.errors import NotFound, RunFailed, RunLocked, WayOut
from autoresearch.events.values import Process


POLL_S = 0.01
LET_GO_S = 20.0  # for who holds the run and is no runner, and for one that reads a long history
TAIL_BYTES = 2000


@frozen(kw_only=True)
class Launched:
    """A runner that holds the run, or one that is on its way."""

    runner: Process | None  # None: not seen yet, or it came to rest already
    already: bool  # it was alive before
    ends_with: str = ""  # the name of a process that ends it, however it was started; "": none does


def launch(paths: RunPaths, command: Sequence[str], *, patience_s: float = RUNNER_COMES_S) -> Launched:
    """Start `command` as the run's runner, unless one is alive; wait until it holds the run.

    Raises:
        RunFailed: it ended before it could do anything; says its last words.
        RunLocked: somebody who is no runner, as `rebuild` or `clean`, does not let go of the run.
    """
    runner = _runner_or_free(paths, asked="what was asked is recorded")
    if runner is not None:
        return Launched(runner=runner, already=True)
    spawned = spawn_away(command, cwd=paths.home, output=paths.runner_out)
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        living = alive(spawned)  # asked first: a runner that ends in between has been seen or has rested
        held = holder(paths.lock)
        if held == spawned or (living and held is not None and not held.pid):
            return Launched(runner=held, already=False, ends_with=ends_with())
        if not living:
            if load_run(paths).state.stopped is None:
                if held is not None:  # who came first may be no runner either
                    return launch(paths, command, patience_s=patience_s)
                raise _died(paths)
            break
        time.sleep(POLL_S)
    return Launched(runner=None, already=False, ends_with=ends_with())


def cannot_stay() -> NotFound | None:
    """Return the refusal to leave a runner in an environment that is gone once this command ends.

    None: the environment stays, and so does a runner.
    """
    if not is_passing(Path(sys.prefix)):
        return None
    return NotFound(
        f"uv removes {sys.prefix} once this command ends, and a runner in the background with it",
        remedy=WayOut("install_or_stay", source=shlex.quote(installed_from())),
    )


def refuse_second_runner(paths: RunPaths) -> None:
    """Refuse where a runner is alive; wait for anybody else who holds the run.

    Raises:
        RunLocked: says who, and since when.
    """
    runner = _runner_or_free(paths, asked="nothing was asked")
    if runner is None:
        return
    since = from_epoch(paths.lock.stat().st_mtime)
    raise RunLocked(
        f"{paths.run_id} is held by a runner, process {runner.pid}, since {since}",
        remedy=WayOut("hand_over_or_stop"),
    )


def _runner_or_free(paths: RunPaths, *, asked: str) -> Process | None:
    """Return the living runner, or None once nobody holds the run: not every holder hears what is asked."""
    until = time.monotonic() + LET_GO_S
    while True:
        runner = living_runner(paths)
        held = holder(paths.lock)
        if runner is not None and (mute := runner_at_limit(paths)):
            if load_run(paths).state.stop is None:  # else it is about to end
                raise RunLocked(f"{asked}, but {mute}", remedy=WayOut("stop_and_resume"))
            runner = None
        if runner is not None or held is None:
            return runner
        if time.monotonic() > until:
            raise RunLocked(
                f"process {held.pid} holds {paths.run_id} and is not its runner; {asked}",
                remedy=WayOut("resume", run_id=paths.run_id),
            )
        time.sleep(POLL_S)


def _died(paths: RunPaths) -> RunFailed:
    try:
        said = paths.runner_out.read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip()
    except FileNotFoundError:
        said = ""
    lines = said.splitlines() or ["it said nothing"]
    last = lines[-2:] if lines[-1].startswith(" ") else lines[-1:]  # a way out stands below what is wrong
    words = "; ".join(one.strip() for one in last)
    return RunFailed(f"the runner of {paths.run_id} ended at once: {words}", remedy=f"see {paths.runner_out}")
