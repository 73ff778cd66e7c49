"""The views of a run: one table of which there are, and how they are written and rebuilt.

A view shows what the history says, always behind the append; deleting one changes nothing. Each is rendered
under a version of its own, and an audit (engine/audit/checks/views.py) compares it under that version alone,
so that a reworded sentence makes no run untrue.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from autoresearch.engine import paths as names
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import OwnCheckout
from autoresearch.engine.runs.load import Loaded, known, nothing
from autoresearch.engine.system.processes.process import hold_lock
from autoresearch.events.encoding.codec import Recorded, require_known
from autoresearch.events.errors import RunLocked
from autoresearch.events.files import write_atomic
from autoresearch.events.log.read import read
from autoresearch.projections import results
from autoresearch.projections.snapshot import state_json
from autoresearch.projections.state_format import FORMAT
from autoresearch.projections.words.event_text import line, wording


@frozen(kw_only=True)
class Whole:
    """A view that is rendered anew from the states."""

    name: str
    version: str  # grows with any change of what it looks like
    render: Callable[[Loaded], bytes]


@frozen(kw_only=True)
class Growing:
    """A view with a first line that names its version, and then one line for each event."""

    name: str
    version: str
    head: bytes
    line: Callable[[Recorded], bytes]


@frozen(kw_only=True)
class Rebuilt:
    """One view, and how it differed from what the history says; "" where it did not."""

    name: str
    differed: str


LOG_HEAD = "# one line for each event, times in UTC; wording {}\n"
WORDED = re.compile(rb"# one line for each event, times in UTC; wording (\S{1,40})\n")


def state_of(loaded: Loaded, *, versions: dict[str, str]) -> bytes:
    """Return state.json as it stands beside views of these versions."""
    return state_json(loaded.each(), loaded.position, views=versions)


TABLE = Whole(
    name=names.RESULTS,
    version=results.VERSION,
    render=lambda loaded: results.results_tsv(loaded.timeline, metric=loaded.run.config.metric.name).encode(),
)
STATE = Whole(
    name=names.STATE,
    version=FORMAT,
    render=lambda loaded: state_of(loaded, versions=_versions()),
)
LOG = Growing(
    name=names.RUNNER_LOG,
    version=wording(),
    head=LOG_HEAD.format(wording()).encode(),
    line=lambda recorded: f"{line(recorded)}\n".encode(),
)
# In the order in which they are written: state.json behind the others, of whose versions it tells.
VIEWS: tuple[Whole | Growing, ...] = (TABLE, STATE, LOG)


class Views:
    """The views of one run, written by its runner alone."""

    def __init__(self, paths: RunPaths, git: OwnCheckout) -> None:
        """Write nothing yet: `rebuild` does."""
        self._paths = paths
        self._git = git
        self._sizes: dict[str, int] = {}  # of those that grow, as far as this runner has written them
        self._shown = -1  # seq that those that are whole were written at

    def rebuild(self, loaded: Loaded) -> None:
        """Write all views anew from the history up to the loaded position."""
        for one in VIEWS:
            if isinstance(one, Growing):
                self._sizes[one.name] = self._grow(one, loaded.position.seq)
        self.show(loaded)

    def note(self, recorded: Recorded) -> None:
        """Add the line of one new event where views grow by one."""
        for one in VIEWS:
            if isinstance(one, Growing):
                self._sizes[one.name] = self._note(one, recorded)

    def show(self, loaded: Loaded) -> None:
        """Write the whole views where they lag behind or are gone."""
        whole = [one for one in VIEWS if isinstance(one, Whole)]
        present = all((self._paths.folder / one.name).exists() for one in whole)
        if self._shown == loaded.position.seq and present:
            return
        for one in whole:
            write_atomic(self._paths.folder / one.name, one.render(loaded), sync=False)
        self._copy_to_top()
        self._shown = loaded.position.seq

    def _note(self, view: Growing, recorded: Recorded) -> int:
        """Add a line where this runner knows the end to be, else write all of it; return the new size."""
        size = self._sizes.get(view.name, -1)
        try:
            descriptor = os.open(self._paths.folder / view.name, os.O_WRONLY)
        except FileNotFoundError:
            return self._grow(view, recorded.seq)
        try:
            if os.fstat(descriptor).st_size != size:
                return self._grow(view, recorded.seq)
            return size + os.pwrite(descriptor, view.line(recorded), size)
        finally:
            os.close(descriptor)

    def _grow(self, view: Growing, upto: int) -> int:
        """Write a view whole, one line for each event up to `upto`; return its size."""
        lines = [view.head, *map(view.line, read(self._paths.history, upto=upto))]
        write_atomic(self._paths.folder / view.name, b"".join(lines), sync=False)
        return sum(map(len, lines))

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


def rebuild(paths: RunPaths) -> tuple[Rebuilt, ...]:
    """Write each view anew where it is not what the history gives, and say what was wrong with it.

    Raises:
        RunLocked: a runner holds the run, and sees to them itself.
        CorruptHistory, UnknownEvent: the history cannot be trusted, or not all of it is understood.
    """
    with hold_lock(paths.lock):
        return rebuild_held(paths)


def rebuild_held(paths: RunPaths) -> tuple[Rebuilt, ...]:
    """Do what `rebuild` does, for somebody who holds the run.

    Raises:
        CorruptHistory, UnknownEvent: as `rebuild` does.
    """
    known(paths)  # what it has seen and the history has lost is not covered up
    loaded = nothing()
    grown = {one.name: [one.head] for one in VIEWS if isinstance(one, Growing)}
    for recorded in read(paths.history):
        loaded = loaded.after(require_known(recorded))
        for one in VIEWS:
            if isinstance(one, Growing):
                grown[one.name].append(one.line(recorded))
    wanted = {one.name: one.render(loaded) for one in VIEWS if isinstance(one, Whole)}
    wanted |= {name: b"".join(lines) for name, lines in grown.items()}
    return tuple(
        Rebuilt(name=one.name, differed=_replace(paths.folder / one.name, wanted[one.name])) for one in VIEWS
    )


def _versions() -> dict[str, str]:
    """Return the versions that state.json tells of: those of the views that cannot name their own."""
    return {one.name: one.version for one in VIEWS if isinstance(one, Whole) and one is not STATE}


def _replace(path: Path, wanted: bytes) -> str:
    """Write a file where it is not as wanted; say how it differed, "" where it did not."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        differed = "was missing"
    else:
        first = first_difference(wanted, found)
        sizes = f"{len(found)} bytes instead of {len(wanted)}"
        differed = "" if first is None else f"differed from line {first[0]} on ({sizes})"
    if differed:
        write_atomic(path, wanted, sync=False)
    return differed


def first_difference(wanted: bytes, found: bytes) -> tuple[int, str, str] | None:
    """Return the first line in which two texts differ, its number and both; None where they are the same."""
    if wanted == found:
        return None
    ours, theirs = wanted.split(b"\n"), found.split(b"\n")
    pairs = enumerate(zip(ours, theirs, strict=False))
    at = next((n for n, (one, other) in pairs if one != other), min(len(ours), len(theirs)))
    one, other = (lines[at] if at < len(lines) else b"the end of the file" for lines in (ours, theirs))
    return at + 1, one.decode(errors="replace"), other.decode(errors="replace")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
