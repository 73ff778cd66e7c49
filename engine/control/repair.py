"""Let a run go on whose history is damaged: the whole part goes on, all else is set aside.

Nothing is deleted and nothing overwritten. The history as it was, and what its whole part does not know of
refs, job folders and proposals, lie under names of their own below `set_aside`, and an event says so. The new
history takes the old one's place last, whole; whoever is killed before is followed by one who goes on.
"""

import contextlib
import filecmp
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from attrs import field, frozen

from autoresearch.engine.control.append import BY
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import Jobs, Running
from autoresearch.engine.ports.repository import Branches, Commits
from autoresearch.engine.runs import anchor
from autoresearch.engine.runs.anchor import refuse_lost
from autoresearch.engine.runs.load import known, load, require_own
from autoresearch.engine.runs.runner_lock import living_runner
from autoresearch.engine.runs.views import rebuild_held
from autoresearch.engine.system.locks import try_lock
from autoresearch.engine.system.processes.process import hold_lock
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Position
from autoresearch.events.errors import CorruptHistory, RunLocked, WayOut
from autoresearch.events.files import sync_folder
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.log.repair import copy_whole_part, rest, whole_part
from autoresearch.events.log.seek import has_record
from autoresearch.projections.run_state import RunState


PATIENCE_S = 2.0  # for a command that appends just now


class RepairGit(Commits, Branches, Protocol):
    """What a repair needs of git."""


@frozen(kw_only=True)
class Repaired:
    """What a repair set aside, and what a human may look at."""

    event: ev.HistoryRepaired
    seq: int  # of the event
    what: str  # was wrong
    before: Path  # the history as it was
    refs: tuple[tuple[str, str], ...]  # by their new names
    files: tuple[Path, ...]  # folders of iterations and jobs, and proposals, where they lie now
    branch: str
    branch_on: str | None  # a commit that the whole part does not know; None: one that it knows


@frozen(kw_only=True)
class _Known:
    """What a history names in the world around it."""

    run: RunState
    refs: set[str] = field(factory=set)
    commits: set[str] = field(factory=set)
    jobs: set[Path] = field(factory=set)
    iterations: set[int] = field(factory=set)


def repair(paths: RunPaths, git: RepairGit, jobs: Jobs) -> Repaired | None:
    """Set aside what is damaged of a history, and let the run go on; None where it is whole.

    Raises:
        RunLocked: a runner, a writer or a job of the run is at work.
        NotFound: the run has no history, or its folder is a copy of another run's.
        CorruptHistory: nothing of it is whole, or no file stands there.
    """
    with _at_rest(paths):
        whole, wrong = whole_part(paths.history)
        what = wrong.what if wrong is not None else _lost(paths, git)
        aside = _folder(paths)
        if not what and not aside.before.exists():
            return None
        if not whole.seq:
            raise CorruptHistory(
                f"{paths.history} has no whole record that a run could go on from: {what}",
                remedy=f"restore it from a copy; or give the run up: move {paths.folder} away",
            )
        return _Repair(paths, aside, git, jobs).do(whole, what)


class _Repair:
    """One repair, from the draft of the new history to its place."""

    def __init__(self, paths: RunPaths, aside: RunPaths, git: RepairGit, jobs: Jobs) -> None:
        self._paths = paths
        self._aside = aside
        self._git = git
        self._jobs = jobs
        self._refs = RunRefs(paths.run_id)
        self._refs_aside = f"{self._refs.set_aside}{aside.folder.name}/"

    def do(self, whole: Position, what: str) -> Repaired:
        begun = self._aside.folder.exists()
        try:
            event, known_ = self._prepare(whole)
            moves = self._files(known_)
            self._git.rename_refs(self._moves(known_))
        except BaseException:
            if not begun:  # nothing was moved yet: all is as it was
                shutil.rmtree(self._aside.folder, ignore_errors=True)
                with contextlib.suppress(OSError):
                    self._paths.set_aside.rmdir()
            raise
        for old, new in moves:
            new.parent.mkdir(parents=True, exist_ok=True)
            old.rename(new)
        self._paths.state.unlink(missing_ok=True)  # it may have seen more; it is written anew
        for folder in (self._aside.folder, self._paths.set_aside, self._paths.folder):
            sync_folder(folder)
        self._aside.history.replace(self._paths.history)
        sync_folder(self._paths.folder)
        with contextlib.suppress(OSError):  # caches
            rebuild_held(self._paths)
        stands = self._git.branch(known_.run.branch).commit
        return Repaired(
            event=event,
            seq=whole.seq + 1,
            what=what,
            before=self._aside.before,
            refs=tuple(self._git.refs_below(self._refs_aside).items()),
            files=tuple(new for _, new in moves),
            branch=known_.run.branch,
            branch_on=stands if stands not in known_.commits else None,
        )

    def _prepare(self, whole: Position) -> tuple[ev.HistoryRepaired, _Known]:
        """Write the new history beside the old one, and give that its second name."""
        aside = self._aside
        aside.folder.mkdir(parents=True, exist_ok=True)
        copy_whole_part(self._paths.history, whole, aside.history)
        known_ = _known(aside, self._paths)
        require_own(self._paths, known_.run)
        anchored = anchor.last(known_.run, self._git)
        if anchored is not None and has_record(aside.history, anchored.hash):
            known_.refs.add(self._refs.log)
        behind = rest(self._paths.history, whole)
        moved = self._git.refs_below(self._refs_aside)  # by a repair that was killed
        event = ev.HistoryRepaired(
            offset=whole.offset,
            bytes=behind.bytes,
            lines=behind.lines,
            sha256=behind.sha256,
            refs=len(moved) + len(self._moves(known_)),
            aside=str(aside.folder.relative_to(self._paths.folder)),
        )
        with EventLog(aside.history) as log:
            log.append([event], by=BY)
        if not aside.before.exists():
            _second_name(self._paths.history, aside.before)
        return event, known_

    def _moves(self, known_: _Known) -> list[tuple[str, str, str]]:
        """Return the refs that the whole part does not know, and their new names."""
        found = self._git.refs_below(self._refs.prefix)
        return [
            (ref, f"{self._refs_aside}{ref.removeprefix(self._refs.prefix)}", commit)
            for ref, commit in found.items()
            if ref not in known_.refs and not ref.startswith(self._refs.set_aside)
        ]

    def _files(self, known_: _Known) -> list[tuple[Path, Path]]:
        """Return the folders and files that the whole part does not know, and where they go.

        Raises:
            RunLocked: a job among them is at work.
        """
        found = [*self._unknown_jobs(known_), *self._unknown_proposals(known_)]
        for one in found:
            for job in (one, *one.glob("*.*")):
                if job.is_dir() and isinstance(self._jobs.look(job), Running):
                    raise RunLocked(
                        f"a job is at work in {job}, which the whole part of the history does not know",
                        remedy="wait until it has ended, or end it",
                    )
        return [(one, self._aside.folder / one.relative_to(self._paths.folder)) for one in found]

    def _unknown_jobs(self, known_: _Known) -> Iterator[Path]:
        for folder in sorted(self._paths.iteration(0).parent.glob("[0-9]*")):
            if not folder.name.isdecimal() or not folder.is_dir():
                continue
            if int(folder.name) not in known_.iterations:
                yield folder
                continue
            yield from (job for job in sorted(folder.glob("*.[0-9]*")) if job not in known_.jobs)

    def _unknown_proposals(self, known_: _Known) -> Iterator[Path]:
        """Yield the files of proposals that were used or refused since."""
        for path in sorted([*self._paths.consumed.glob("*"), *self._paths.refused.glob("*")]):
            number = next((int(one) for one in re.findall(r"[0-9]+", path.name)), 0)
            used = path == self._paths.consumed_proposal(number)
            heard = path == self._paths.received_proposal(number) or path.parent == self._paths.refused
            if (used and number not in known_.iterations) or (heard and number > known_.run.seq):
                yield path


def _known(draft: RunPaths, paths: RunPaths) -> _Known:
    """Return what the records of a draft name."""
    run = load(draft).run
    known_ = _Known(run=run, commits={run.base_commit}, iterations={0})
    for recorded in read(draft.history):
        known_.iterations.add(getattr(recorded.event, "iteration", 0))
        match recorded.event:
            case ev.CandidateCommitted(ref=ref, commit=commit):
                known_.refs.add(ref)
                known_.commits.add(commit)
            case ev.TrainingStarted(iteration=number, training=nth):
                known_.jobs.add(paths.job(number, "train", nth).folder)
            case ev.EvaluationStarted(iteration=number, evaluation=attempt):
                known_.jobs.add(paths.job(number, "evaluate", attempt).folder)
            case ev.GuardStarted(iteration=number, check=nth):
                known_.jobs.add(paths.job(number, "guard", nth).folder)
            case ev.HoldoutStarted(iteration=number, look=nth):
                known_.jobs.add(paths.job(number, "holdout", nth).folder)
            case ev.AgentAsked(iteration=number, step=step, call=nth):
                known_.jobs.add(paths.job(number, step, nth).folder)
            case ev.PrepareStarted(preparation=nth):
                known_.jobs.add(paths.job(0, "prepare", nth).folder)
            case _:
                pass
    return known_


def _lost(paths: RunPaths, git: RepairGit) -> str:
    """Return what shows that a whole history has lost its end; "" for nothing."""
    try:
        known(paths)
        refuse_lost(paths, load(paths).run, git)
    except CorruptHistory as error:
        return error.what
    return ""


def _folder(paths: RunPaths) -> RunPaths:
    """Return the folder of a repair of just this history that was killed, or a new one."""
    number = 1
    while (folder := paths.set_aside / f"{number:03d}").exists():
        found = RunPaths(home=paths.home, folder=folder)
        unfinished = found.history.exists() or not any(folder.iterdir())
        if unfinished and (not found.before.exists() or _same(found.before, paths.history)):
            return found
        number += 1
    return RunPaths(home=paths.home, folder=folder)


def _same(one: Path, other: Path) -> bool:
    return one.samefile(other) or filecmp.cmp(one, other, shallow=False)


def _second_name(file: Path, name: Path) -> None:
    """Give a file another name; a copy of it, where the file system knows one name alone."""
    try:
        os.link(file, name)
    except OSError:
        draft = name.with_suffix(".tmp")
        shutil.copy2(file, draft)
        with draft.open("rb") as copied:
            os.fsync(copied.fileno())
        draft.rename(name)


@contextlib.contextmanager
def _at_rest(paths: RunPaths) -> Iterator[None]:
    """Hold the runner's lock and the history's, so that nobody is at work on the run."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(hold_lock(paths.lock))
        except RunLocked as error:
            if living_runner(paths) is None:  # another command, which it names
                raise
            raise RunLocked(
                f"a runner of {paths.run_id} is alive", remedy=WayOut("stop_first", run_id=paths.run_id)
            ) from error
        if paths.history.is_file():  # else reading it tells
            until = time.monotonic() + PATIENCE_S
            while (handle := try_lock(paths.history)) is None:
                if time.monotonic() > until:
                    raise RunLocked(f"somebody appends to {paths.history}", remedy="try again in a moment")
                time.sleep(0.01)
            held.callback(os.close, handle)
        yield
