"""One training as a run would do it, in a clean checkout: what it needs, printed, and read from where.

It is no run: it has no history, branch or ref, and its checkout is taken away at the end.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from attrs import evolve, field, frozen

from autoresearch.engine.core import dry_run
from autoresearch.engine.git.checkouts.ignoring import ensure_ignored
from autoresearch.engine.jobs import devices
from autoresearch.engine.jobs.output import digest
from autoresearch.engine.metrics import metric_file
from autoresearch.engine.paths import JobPaths, RunPaths
from autoresearch.engine.ports.jobs import Finished, JobExit, Jobs, JobSpec, Lost, Running
from autoresearch.engine.ports.repository import Commits, OwnCheckout
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.sealing.checkout import TrainCheckouts
from autoresearch.engine.sealing.imported import Imported
from autoresearch.engine.system.processes.process import hold_lock
from autoresearch.engine.training.result import Result, how_it_ended, read_result
from autoresearch.engine.training.setup import check_setup, prepare_spec
from autoresearch.engine.training.spec import CPU, Training, evaluation_spec, training_spec
from autoresearch.events import catalog as ev
from autoresearch.events.errors import RunFailed, RunLocked, WayOut
from autoresearch.events.metric_spec import METRIC_FILES
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason
from autoresearch.projections.run_state import RunState


T = TypeVar("T")
TRIAL = ".autoresearch/trial"  # beside where runs lie
LOOK_S = 0.1
END_S = 30.0  # a job that is told to end has five seconds' grace
CLOCK_S = 0.01  # by which a file system's time may lag behind the clock
MOST_FILES = 5000  # of a checkout, whose times are looked at
MOST_OF_TABLE = 2**18  # bytes
MOST_OUTPUT = 8 * 2**20  # bytes of what was printed, its end


class TrialGit(Commits, OwnCheckout, Worktrees, Protocol):
    """What a trial needs of git."""


@frozen(kw_only=True)
class Trial:
    """What came of one training."""

    missing: tuple[Reason, ...] = ()  # why it was not begun
    setup: ev.SetupChecked | None = None
    prepared_s: float | None = None  # how long preparing took
    seconds: float = 0.0
    result: Result | None = None  # None: it was not begun
    broken: Reason | None = None  # why its number would not count
    output: bytes = b""  # what it printed, the end of it
    own: tuple[str, ...] = ()  # files of its checkout that it read
    from_home: tuple[str, ...] = ()  # modules that it took from the user's checkout
    links: tuple[str, ...] = ()  # what it was given of the user's checkout
    left: tuple[str, ...] = ()  # paths that it made in its checkout
    tables: dict[str, bytes] = field(factory=dict)  # of these, what may hold its numbers
    unshared: str = ""  # a path that its output names, and only the user's checkout has


@frozen(kw_only=True)
class Trials:
    """Trains once, and leaves nothing behind."""

    home: Path
    git: TrialGit
    jobs: Jobs
    device: str = CPU
    timeout_s: float = 0.0  # 0: as the settings say
    tell: Callable[[str, Path], None] = lambda _step, _log: None  # what begins, and where its output goes

    def once(self, config: RunConfig, commit: str) -> Trial:
        """Prepare where it has to be, and train.

        Raises:
            RunLocked: another trial of this repository is at work, or another run holds the device.
        """
        if self.timeout_s:
            config = evolve(config, timeout_s=self.timeout_s)
        return self.within(lambda paths: self._tried(config, commit, paths))

    def setup(self, config: RunConfig, commit: str) -> ev.SetupChecked:
        """Look at a clean checkout as a run does before it trains, and at nothing else."""
        return self.within(lambda paths: check_setup(begun(config, commit, paths), paths=paths, git=self.git))

    def within(self, does: Callable[[RunPaths], T]) -> T:
        """Do something in a folder like a run's, of which nothing is left.

        Raises:
            RunLocked: somebody else is at work there.
        """
        paths = RunPaths(home=self.home, folder=self.home / TRIAL)
        paths.folder.mkdir(parents=True, exist_ok=True)
        ensure_ignored(self.home, paths.folder)
        with hold_lock(paths.lock):
            self._remove(paths)
            try:
                return does(paths)
            finally:
                self._remove(paths)
                with contextlib.suppress(OSError):
                    shutil.rmtree(paths.folder)
                    paths.folder.parent.rmdir()  # where no run lies beside it

    def done(self, files: JobPaths, spec: JobSpec, step: str) -> JobExit:
        """Run a job to its end.

        Raises:
            RunLocked: another one is on the device.
        """
        if "TMPDIR" in spec.env:
            Path(spec.env["TMPDIR"]).mkdir(parents=True, exist_ok=True)
        if not self.jobs.start(files.folder, spec):
            held = ", ".join(self.jobs.blocked_by(files.folder, spec.places))
            raise RunLocked(f"the device is taken: {held}", remedy=WayOut("device_taken"))
        self.tell(step, files.output)
        with contextlib.ExitStack() as else_stopped:
            else_stopped.callback(self._end, files.folder)
            while not isinstance(state := self.jobs.look(files.folder), Finished | Lost):
                time.sleep(LOOK_S)
        if isinstance(state, Lost):
            raise RunFailed("the trial was ended from outside", remedy="try again")
        return state.exit

    def _end(self, job: Path) -> None:
        """End a job, and wait until its supervisor writes no more."""
        self.jobs.stop(job)
        until = time.monotonic() + END_S
        while isinstance(self.jobs.look(job), Running) and time.monotonic() < until:
            time.sleep(LOOK_S)

    def _remove(self, paths: RunPaths) -> None:
        """Take away what a trial leaves, be it one that was killed."""
        for job in sorted(paths.folder.glob("iterations/*/*")):
            self._end(job)
        if paths.train_checkout.exists():
            self.git.remove_worktree(paths.train_checkout)
        for path in paths.folder.iterdir():
            if path != paths.lock:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def _tried(self, config: RunConfig, commit: str, paths: RunPaths) -> Trial:
        run = begun(config, commit, paths)
        checked = check_setup(run, paths=paths, git=self.git)
        run, prepared_s = dry_run.after(run, [checked]), None
        if not checked.ok and checked.preparable:
            run, prepared_s, failed = self._prepare(run, commit, paths)
            if failed is not None:
                return Trial(missing=(failed,), setup=checked, prepared_s=prepared_s)
            checked = check_setup(run, paths=paths, git=self.git)
            run = dry_run.after(run, [checked])
        if not checked.ok:
            return Trial(missing=checked.missing, setup=checked, prepared_s=prepared_s)
        return evolve(self._train(run, commit, paths), setup=checked, prepared_s=prepared_s)

    def _prepare(self, run: RunState, commit: str, paths: RunPaths) -> tuple[RunState, float, Reason | None]:
        files = paths.job(0, "prepare", 1)
        spec = prepare_spec(run, number=1, paths=paths)
        done = self.done(files, spec, "prepare")
        failed = done.reason != "exited" or done.exit_code != 0
        tail = self.printed(files).decode(errors="replace")
        reason = how_it_ended(done, tail=tail) if failed else None
        checkouts = TrainCheckouts(paths=paths, git=self.git)
        events = (
            ev.PrepareStarted(preparation=1, command=spec.command),
            ev.PrepareFinished(
                preparation=1,
                ok=not failed,
                reason=reason,
                seconds=done.seconds,
                output=digest(self.jobs.output(files.folder).log(), ()),
                made=checkouts.gather(commit, run),
            ),
        )
        return dry_run.after(run, events), done.seconds, reason

    def _train(self, run: RunState, commit: str, paths: RunPaths) -> Trial:
        checkouts = TrainCheckouts(paths=paths, git=self.git)
        checkouts.clear_and_seal(1, commit, run, job="0.1")
        _forget_reads(paths.train_checkout)
        seal = checkouts.seal(1)
        seal.set("0.1", kept=run.config.kept)
        sealed = seal.digest("0.1")
        files = paths.job(0, "train", 1)
        one = self.training(run, commit, paths, files)
        spec = training_spec(run.config, one)
        began = time.time()
        done = self.done(files, spec, "train")
        metric_file.take(run.config.metric, paths.train_checkout, files, done.started_at)
        own = _read_since(paths.train_checkout, began)
        result = read_result(
            run.config, self.jobs.output(files.folder), done, claims=bool(run.config.evaluate)
        )
        left = seal.added(run.config.kept)
        broken = seal.broken(sealed, commit, self.git)
        output = self.printed(files)
        unshared = checkouts.unshared(1, output.decode(errors="replace")) or ""
        from_home = self._from_home(run, paths, files)
        if result.outcome == "succeeded" and run.config.evaluate:
            result = self._evaluated(run, one, checkouts, paths)
        return Trial(
            seconds=done.seconds,
            result=result,
            broken=broken.reason if broken is not None else None,
            output=output,
            own=own,
            from_home=from_home,
            links=(*run.setup.shared, *run.setup.made),
            left=left,
            tables=_tables(paths.train_checkout, left),
            unshared=unshared,
        )

    def _evaluated(self, run: RunState, one: Training, checkouts: TrainCheckouts, paths: RunPaths) -> Result:
        checkouts.clear_added(1, run)
        files = paths.job(0, "evaluate", 1)
        spec = evaluation_spec(run.config, evolve(one, job=files.folder), one.job)
        return read_result(run.config, self.jobs.output(files.folder), self.done(files, spec, "evaluate"))

    def training(self, run: RunState, commit: str, paths: RunPaths, files: JobPaths) -> Training:
        """Return the training of a trial, or what is run as one."""
        lock = run.config.device_lock
        return Training(
            run_id=paths.run_id,
            home=self.home,
            iteration=0,
            training=1,
            slot=1,
            device=self.device,
            commit=commit,
            job=files.folder,
            checkout=paths.train_checkout,
            deadline_s=run.config.deadline_s,
            places=devices.places(lock, self.device, 1),
            python=run.setup.interpreter,
            python_path=run.setup.python_path,
            seed=0 if run.config.is_seeded else None,
        )

    def printed(self, files: JobPaths) -> bytes:
        """Return what a job printed, the end of it."""
        end = b""
        for piece in self.jobs.output(files.folder).log():
            end = (end + piece)[-MOST_OUTPUT:]
        return end

    def _from_home(self, run: RunState, paths: RunPaths, files: JobPaths) -> tuple[str, ...]:
        named = (*run.setup.shared, *run.config.kept, *run.setup.inputs)
        declared = [paths.prepared, *(self.home / Path(path).expanduser() for path in named)]
        return Imported(cache=files.bytecode).from_checkout(self.home, paths.train_checkout, declared)


def begun(config: RunConfig, commit: str, paths: RunPaths) -> RunState:
    """Return the state of a run that has just begun on a commit."""
    begun = ev.RunStarted(
        run_id=paths.run_id,
        branch="HEAD",
        base_commit=commit,
        base_tree="",
        config=evolve(config, slots=1),
        program_version="",
    )
    return dry_run.after(RunState(), [begun])


def _tables(checkout: Path, left: tuple[str, ...]) -> dict[str, bytes]:
    """Return the small files of those left that may hold a metric."""
    named = [checkout / path for path in left if path.endswith(METRIC_FILES)]
    small = [path for path in named if path.is_file() and path.stat().st_size <= MOST_OF_TABLE]
    return {str(path.relative_to(checkout)): path.read_bytes() for path in small[:20]}


def _forget_reads(checkout: Path) -> None:
    """Let each file look unread: most file systems note the first reader alone, and here that is git."""
    for path in _files(checkout):
        os.utime(path, ns=(0, path.lstat().st_mtime_ns), follow_symlinks=False)


def _read_since(checkout: Path, began: float) -> tuple[str, ...]:
    """Return the files that were read since; none where the file system does not note it."""
    read = (path for path in _files(checkout) if path.lstat().st_atime >= began - CLOCK_S)
    return tuple(sorted(str(path.relative_to(checkout)) for path in read if path.lstat().st_mtime < began))


def _files(checkout: Path) -> Iterator[Path]:
    """Yield a checkout's own files, which links are not, up to a number."""
    left = MOST_FILES
    for folder, names, files in os.walk(checkout):
        names[:] = [name for name in names if name != ".git"]
        for path in (Path(folder, name) for name in files if name != ".git"):
            if not path.is_symlink():
                yield path
                left -= 1
        if left <= 0:
            return
