"""What humans and jobs leave in a run's folder: a bell that rings, and a scan that tells what is there.

The bell (watchdog) may ring for nothing or not at all; only the scan is believed. A file dropped while
nothing ran, a notification that was lost and one that came are therefore the same case.
"""

import contextlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path

from attrs import frozen
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingObserver

from autoresearch.engine.paths import EXIT, HISTORY, NEXT_PROPOSAL, PROPOSALS, RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.proposals import accept
from autoresearch.engine.proposals.parse import MAX_BYTES, identity, parse, refuse_question
from autoresearch.engine.proposals.schema import NoProposal
from autoresearch.engine.system.disk import silent
from autoresearch.events.catalog import ProposalReceived, ProposalRefused
from autoresearch.events.clock import from_epoch
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.files import write_atomic
from autoresearch.events.values import Proposal, Reason, why
from autoresearch.projections.run_state import RunState
from autoresearch.projections.words.wording import say


POLL_S = 0.1  # between two looks where nothing tells of changes
AT_ONCE = 500  # files heard before anything else is done: 0.7 s (2026-11)
QUIET_S = 2.0  # a file that is no proposal yet may still be being written
MOST_AHEAD_S = 60.0  # of a disk's clock; a file of a later time was copied, or our clock was set back
NAME_BYTES = 150  # of a refused file's name: what is put around it must fit beside it
# Names that ring, beside all in proposals/. A device's lock is touched when a training lets it go.
LOUD = (HISTORY, NEXT_PROPOSAL, EXIT, "*.lock")


@frozen(kw_only=True)
class Dropped:
    """A file that was dropped, read and judged."""

    path: Path
    name: str  # of the file, as a history can hold it
    sha256: str
    dropped_at: str
    key: str  # tells this drop from an equal one dropped later
    found: Proposal | Reason  # why it is refused, where it is no proposal


# It complains of what comes for a folder that was unwatched just now.
logging.getLogger("watchdog").addHandler(logging.NullHandler())


class Bell:
    """Rings when something may have changed below the watched folders. Holds one observer thread."""

    def __init__(self, folder: Path) -> None:
        """Start the observer that fits the file system; `polls` says why it has to look by itself."""
        self._rung = threading.Event()
        kind = silent(folder)
        self.polls = f"{kind} tells of no changes" if kind else ""
        self._watches: dict[Path, ObservedWatch] = {}
        try:
            self._observer = _observer(polling=bool(kind))
        except OSError as error:
            self._poll(error)

    def watch(self, folders: Iterable[Path]) -> None:
        """Watch exactly these folders; those that do not exist yet are left for the next call."""
        wanted = {folder for folder in folders if folder.is_dir()}
        for folder in self._watches.keys() - wanted:
            self._observer.unschedule(self._watches.pop(folder))
        try:
            self._schedule(wanted - self._watches.keys())
        except FileNotFoundError:  # deleted this very moment: the next call sees to it
            return
        except OSError as error:
            if self.polls:
                raise
            self.close()
            self._poll(error)
            self._watches.clear()
            self._schedule(wanted)

    def _schedule(self, folders: Iterable[Path]) -> None:
        for folder in folders:
            handler = _Ring(self._rung, all_names=folder.name == PROPOSALS)
            self._watches[folder] = self._observer.schedule(handler, str(folder))

    def _poll(self, error: OSError) -> None:
        """Look instead of being told: this user has no notifications left, or the kernel has none."""
        self.polls = f"the system gives no notifications ({error.strerror})"
        self._observer = _observer(polling=True)

    def wait(self, timeout_s: float) -> None:
        """Sleep until the bell rings, but no longer than the timeout."""
        self._rung.wait(timeout_s)
        self._rung.clear()

    def close(self) -> None:
        """End the observer thread."""
        self._observer.stop()
        self._observer.join()


def _observer(*, polling: bool) -> BaseObserver:
    observer: BaseObserver = PollingObserver(timeout=POLL_S) if polling else Observer()
    observer.start()
    return observer


class _Ring(FileSystemEventHandler):
    """Sets an event and nothing else: a handler that raises would kill its observer thread."""

    def __init__(self, rung: threading.Event, *, all_names: bool) -> None:
        self._rung = rung
        self._all_names = all_names

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in ("opened", "closed_no_write"):
            return
        names = [Path(os.fsdecode(path)).name for path in (event.src_path, event.dest_path)]
        if self._all_names or any(fnmatch(name, loud) for name in names for loud in LOUD):
            self._rung.set()


def scan(paths: RunPaths) -> list[Dropped]:
    """Return the dropped files that can be judged now, in the order in which they are used.

    No more than AT_ONCE: a flood of them must not keep the runner from its jobs.
    """
    found = (_look(path) for path in paths.dropped())
    return list(islice((one for one in found if one is not None), AT_ONCE))


def judged(
    one: Dropped, run: RunState, *, git: Commits, installed: Callable[[str], bool]
) -> ProposalReceived | ProposalRefused:
    """Return the event of a dropped file, as the run stands now; `installed` tells of an agent."""
    found = one.found
    if isinstance(found, Proposal):
        equal = next((waiting for waiting in run.waiting if waiting.proposal == found), None)
        if equal is not None:
            reason = why("proposal_known", seq=equal.seq)
            return ProposalRefused(name=one.name, sha256=one.sha256, reason=reason)
        refusal = accept.refusal(found, run, git=git, installed=installed)
        if refusal is None:
            return ProposalReceived(
                source="drop",
                name=one.name,
                sha256=one.sha256,
                dropped_at=one.dropped_at,
                proposal=found,
            )
        found = refusal
    return ProposalRefused(name=one.name, sha256=one.sha256, reason=found)


def settle(one: Dropped, paths: RunPaths, recorded: Recorded) -> None:
    """Move a dropped file out of the inbox after its event was appended; done twice, does nothing."""
    event, seq = recorded.event, recorded.seq
    kept_name = os.fsdecode(os.fsencode(one.path.name)[:NAME_BYTES])
    refused = isinstance(event, ProposalRefused)
    target = paths.refused / f"{seq:06d}-{kept_name}" if refused else paths.received_proposal(seq)
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(event, ProposalRefused):
        said = f"{say(event.reason)}\n".encode()
        write_atomic(target.with_name(f"{target.name}.reason.txt"), said, sync=False)
    with contextlib.suppress(FileNotFoundError):
        one.path.rename(target)


def _look(path: Path) -> Dropped | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    age_s = time.time() - status.st_mtime
    quiet = age_s >= QUIET_S or age_s < -MOST_AHEAD_S
    if not stat.S_ISREG(status.st_mode):
        return _dropped(path, status, b"", why("not_a_regular_file"))
    if status.st_size > MAX_BYTES:
        larger = why("proposal_too_long", bytes=status.st_size, most=MAX_BYTES)
        return _dropped(path, status, b"", larger) if quiet else None
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return _dropped(path, status, b"", why("file_unreadable", error.strerror or "")) if quiet else None
    try:
        proposal = parse(raw)
        refuse_question(proposal)
    except NoProposal as error:
        return _dropped(path, status, raw, error.reason) if quiet else None
    return _dropped(path, status, raw, proposal)


def _dropped(path: Path, status: os.stat_result, raw: bytes, found: Proposal | Reason) -> Dropped:
    digest = identity(raw)
    name = path.name.encode(errors="replace").decode()
    return Dropped(
        path=path,
        name=name,
        sha256=digest,
        dropped_at=from_epoch(status.st_mtime),
        key=f"drop:{name}:{status.st_ino}:{status.st_mtime_ns}:{digest[:16]}",
        found=found,
    )
