"""What a runner shows of its run: state.json, results.tsv and runner.log, always behind the append.

All three are rebuilt from the history when they are missing or were changed. runner.log grows by whole
lines at the place where this runner knows its end to be.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Git
from autoresearch.engine.runs.load import Loaded
from autoresearch.engine.system.process import hold_lock
from autoresearch.events.codec import Recorded
from autoresearch.events.errors import RunLocked
from autoresearch.events.files import write_atomic
from autoresearch.events.log.read import read
from autoresearch.projections.results import results_tsv
from autoresearch.projections.snapshot import state_json


Render = Callable[[Recorded], str]


class Views:
    """The views of one run, written by its runner alone."""

    def __init__(self, paths: RunPaths, git: Git, *, render: Render) -> None:
        """Rebuild nothing yet: `rebuild` does."""
        self._paths = paths
        self._git = git
        self._render = render
        self._log_size = -1
        self._shown = -1  # seq that state.json and results.tsv were written at

    def rebuild(self, loaded: Loaded) -> None:
        """Write all views anew from the history up to the loaded position."""
        write_runner_log(self._paths, upto=loaded.position.seq, render=self._render)
        self._log_size = self._paths.runner_log.stat().st_size
        self.show(loaded)

    def note(self, recorded: Recorded) -> None:
        """Add the line of one new event to runner.log."""
        line = f"{self._render(recorded)}\n".encode()
        try:
            descriptor = os.open(self._paths.runner_log, os.O_WRONLY)
        except FileNotFoundError:
            descriptor = -1
        try:
            if descriptor < 0 or os.fstat(descriptor).st_size != self._log_size:
                write_runner_log(self._paths, upto=recorded.seq, render=self._render)
                self._log_size = self._paths.runner_log.stat().st_size
                return
            self._log_size += os.pwrite(descriptor, line, self._log_size)
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def show(self, loaded: Loaded) -> None:
        """Write state.json and results.tsv where they lag behind or are gone."""
        present = self._paths.state.exists() and self._paths.results.exists()
        if self._shown == loaded.position.seq and present:
            return
        # The table first: it may be ahead of the position that state.json names, never behind it.
        write_atomic(self._paths.results, results_tsv(loaded.timeline).encode(), sync=False)
        write_atomic(self._paths.state, state_json(loaded.snapshot), sync=False)
        self._copy_to_top()
        self._shown = loaded.position.seq

    def _copy_to_top(self) -> None:
        """Copy results.tsv to the top of a single-file runner's clone, where it takes nothing from the user.

        It is ours to write while it is untracked and either absent or exactly what a runner wrote: what
        it wrote last, or was about to. The copy is made among the runs, which git ignores, and moved.
        """
        runs = self._paths.runs
        if not runs.door.is_file() or self._git.is_tracked(runs.top_results.name):
            return
        with contextlib.suppress(RunLocked), hold_lock(runs.top_lock):  # another run copies its own
            known = runs.top_seal.read_text().split() if runs.top_seal.exists() else []
            stands = [_digest(runs.top_results.read_bytes())] if runs.top_results.exists() else []
            if not set(stands) <= set(known):
                return
            table = self._paths.results.read_bytes()
            write_atomic(runs.top_seal, "\n".join([*stands, _digest(table)]).encode(), sync=False)
            write_atomic(runs.top_draft, table, sync=False)
            runs.top_draft.replace(runs.top_results)


def write_runner_log(paths: RunPaths, *, upto: int, render: Render) -> None:
    """Write runner.log whole: one line for each event up to `upto`."""
    lines = "".join(f"{render(recorded)}\n" for recorded in read(paths.history, upto=upto))
    write_atomic(paths.runner_log, lines.encode(), sync=False)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
