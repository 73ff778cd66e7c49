"""The loop of a run: hear, fold, decide, do, append, show; and sleep until the bell rings.

One runner at a time holds a run (a kernel lock). It never waits for a job: trainings, agents and
prepare.py outlive it, and whoever runs next picks them up.
"""

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from autoresearch.engine.core import agents, keeping, limits
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import RULES, decide
from autoresearch.engine.loop.anchor import Anchor, make_up
from autoresearch.engine.loop.completions import Collector
from autoresearch.engine.loop.effects import EffectContext, Effects, OnDevice
from autoresearch.engine.loop.endings import exit_code, waits
from autoresearch.engine.loop.packing import Packing
from autoresearch.engine.loop.patience import Patience
from autoresearch.engine.loop.trouble import is_own_limit, may_get_room, tell_people
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import Running
from autoresearch.engine.proposals import drop_folder
from autoresearch.engine.runs.load import load, nothing, require_own
from autoresearch.engine.runs.runner_lock import hold_as_runner, tell_trouble
from autoresearch.engine.runs.views import Views
from autoresearch.engine.system.disk import require_room
from autoresearch.engine.system.processes.process import this_process
from autoresearch.engine.system.trouble import reason_of
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded, require_known
from autoresearch.events.errors import (
    AutoresearchError,
    CorruptHistory,
    DiskTrouble,
    PositionVoided,
    RunLocked,
    UnknownEvent,
    WrongExpectedVersion,
)
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import because
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import waiting_for_human


Observer = Callable[[Recorded, RunState], None]
Mode = Literal["background", "foreground"]

# What tells of jobs, and is true in the state alone in which it was looked at.
IN_THIS_STATE = (ev.TrainingFellBehind, ev.IdeaNoted, ev.IdeaTaken)
LOOK_ANYWAY_S = 1.0  # the level-triggered scan behind the bell; watchdog can be silent (network mounts)


class Runner:
    """Carries one run on until it comes to rest."""

    def __init__(
        self,
        paths: RunPaths,
        effects: Effects,
        *,
        mode: Mode,
        observers: Sequence[Observer] = (),
        version: str,
    ) -> None:
        """Take the pieces; nothing is locked or started before `run`."""
        self._paths = paths
        self._effects = effects
        self._collector = Collector(paths=paths, git=effects.git, jobs=effects.jobs, adapter=effects.adapter)
        self._mode: Mode = mode
        self._observers = list(observers)
        self._version = version
        self._packing = Packing(paths=paths, jobs=effects.jobs)
        self._views = Views(paths, effects.git)
        self._log = EventLog(paths.history)
        self._loaded = nothing()
        self._anchor = Anchor(paths, effects.git)
        self._cancelled: set[do.CancelJob] = set()
        self._patience = Patience(partial(tell_trouble, paths))
        self._blocked: list[OnDevice] = []  # what waits for a device
        self._polls = ""  # why the bell has to look by itself
        self._told: tuple[str, ...] = ()

    def run(self, begin: Callable[[], bool] | None = None) -> int:
        """Work until the run rests; return the exit code.

        `begin` is called once the run is held, and says whether to go on: so nothing is asked of a run that
        another runner holds.

        Raises:
            RunLocked: another runner holds the run.
            WaitingForHuman: in the foreground, nothing can go on before a human has spoken.
            RunFailed: setup is incomplete, or the baseline failed.
        """
        worked = self._hold(begin)
        while self._heard_more():
            try:
                worked = self._hold()
            except RunLocked:  # a runner was launched for it
                return 0
        return exit_code(self._loaded.run) if worked else 0

    def _hold(self, begin: Callable[[], bool] | None = None) -> bool:
        """Hold the run, and work where there is anything to do; say whether there was."""
        with contextlib.ExitStack() as held:
            self._with_room(lambda: held.enter_context(hold_as_runner(self._paths)))
            if begin is not None and not begin():
                self._load()
                make_up(self._paths, self._effects.git, self._loaded)
                return False
            self._with_room(self._take)
            self._work()
            return True

    def _with_room(self, begin: Callable[[], object]) -> None:
        """Do what a runner begins with, however long the disk is full; nobody was told to come back later."""
        while True:
            try:
                begin()
            except (DiskTrouble, OSError) as error:
                if not may_get_room(error):
                    raise
                self._wait_for_better(error)
            else:
                self._patience.renew()
                return

    def _heard_more(self) -> bool:
        """Say whether more was asked for before the lock was free: who asked found it held."""
        self._catch_up()
        return self._loaded.run.stopped is None

    def _load(self) -> None:
        self._loaded = load(self._paths, deciding=True)
        require_own(self._paths, self._loaded.run)
        with contextlib.suppress(OSError):  # caches: written later, when there is room
            self._views.rebuild(self._loaded)

    def _take(self) -> None:
        self._load()
        self._anchor.compare(self._loaded.run)
        if self._loaded.run.stopped is None:
            process = this_process()
            machine = self._effects.machine(self._loaded.run)
            self._append(
                (
                    ev.RunnerStarted(
                        process=process,
                        mode=self._mode,
                        program_version=self._version,
                        devices=machine.devices,
                        device_classes=machine.classes,
                        driver=machine.driver,
                        landlock=machine.landlock,
                        decides=RULES,
                    ),
                ),
                by="runner",
            )

    def _work(self) -> None:
        bell = drop_folder.Bell(self._paths.folder)
        try:
            while self._loaded.run.stopped is None:
                if self._try_step():
                    continue
                self._show()
                self._anchor.write(self._loaded)
                if not self._pack_some():
                    self._wait(bell)
            self._anchor.write(self._loaded)  # before what takes a while
            self._pack_some()
        finally:
            bell.close()
            self._show()
            self._anchor.write(self._loaded)

    def _try_step(self) -> bool:
        """Do one step; trouble of the world is tried again, more slowly, and then a human is asked."""
        try:
            moved = self._step()
        except PositionVoided:  # a writer withdrew what its disk had refused; begin from what holds
            try:
                self._load()
            except OSError as error:
                self._wait_for_better(error)
            return True
        except (CorruptHistory, UnknownEvent):
            raise
        except (AutoresearchError, OSError) as error:
            self._wait_for_better(error)
            return True
        if moved:
            self._patience.renew()
        return moved

    def _wait_for_better(self, error: AutoresearchError | OSError) -> None:
        """Ask a human, where patience is at its end; else, and where the disk refuses that too, wait.

        Raises:
            DiskTrouble: a limit of this process keeps it from recording the stop that was asked for.
        """
        if is_own_limit(error) and self._loaded.run.stop is not None:
            raise error
        if self._patience.is_over(error):
            try:
                self._pause(error)
            except (DiskTrouble, PositionVoided, OSError) as refused:  # asked again after the next failure
                error = refused
            else:
                return
        self._patience.wait(error)

    def _pause(self, error: AutoresearchError | OSError) -> None:
        self._append((ev.RunPaused(reason=because("trouble", reason_of(error))),), by="runner")
        self._patience.renew()

    def _show(self) -> None:
        """Bring the caches up to date; where the disk refuses, they lag behind and are written later."""
        with contextlib.suppress(OSError):
            self._views.show(self._loaded)

    def _pack_some(self) -> bool:
        """Pack closed iterations, while nothing else is to be done; say whether there are more."""
        with contextlib.suppress(OSError):  # tried again when there is room
            return self._packing.some(self._loaded.run)
        return False

    def _step(self) -> bool:
        """Hear everything, then do the first thing there is to do; say whether anything happened."""
        before = self._loaded.position.seq
        self._blocked = []
        self._catch_up()
        heard_all = self._hear_drops() < drop_folder.AT_ONCE
        self._hear_jobs()
        self._hear_time()
        self._hear_waits()
        if self._loaded.position.seq != before and heard_all:
            return True
        for command in decide(self._loaded.run):
            if isinstance(command, do.CancelJob) and command in self._cancelled:
                continue
            if isinstance(command, OnDevice) and self._effects.blocked_by(command, self._loaded.run):
                self._blocked.append(command)
                continue
            if isinstance(command, do.Stop) and not heard_all:
                continue
            self._do(command)
            return True
        return self._loaded.position.seq != before

    def _do(self, command: do.Command) -> None:
        run = self._loaded.run
        position = self._loaded.position
        if isinstance(command, do.Stop):  # whoever hears of the end finds the results there
            self._show()
        if isinstance(command, do.STARTS | do.CheckSetup):  # it would fail, and nobody be to blame
            require_room(self._paths.folder, self._paths.home)
        head = f"{position.seq} {position.hash}"
        context = EffectContext(run=run, timeline=self._loaded.timeline, head=head)
        events = self._effects.perform(command, context)
        if not events:  # a job was told to end, or somebody else just took a training's device
            if isinstance(command, do.CancelJob):
                self._cancelled.add(command)
            return
        expected = None if isinstance(command, do.STARTS) else position.seq
        try:
            self._append(events, by="runner", expected=expected)
        except WrongExpectedVersion:
            self._catch_up()

    def _hear_drops(self) -> int:
        dropped = drop_folder.scan(self._paths)
        for one in dropped:
            # Judged once: another answer, where a runner died before the file was moved, would be a second.
            recorded = self._log.appended(one.key) or self._append(
                (self._effects.judged(one, self._loaded.run),),
                by="inbox",
                key=one.key,
            )
            drop_folder.settle(one, self._paths, recorded[0])
        return len(dropped)

    def _hear_jobs(self) -> None:
        for number, job in self._loaded.run.jobs:
            events = self._collector.collect(number, job, self._loaded.run, self._loaded.timeline)
            if not events:
                continue
            decided = any(isinstance(one, IN_THIS_STATE) for one in events)
            expected = self._loaded.position.seq if decided else None
            try:
                self._append(events, by="runner", expected=expected)
            except WrongExpectedVersion:  # it is looked at again
                self._catch_up()

    def _hear_time(self) -> None:
        if (told := limits.ran_out(self._loaded.run, self._effects.now())) is not None:
            with contextlib.suppress(
                WrongExpectedVersion
            ):  # another limit may have been asked for: look again
                self._append((told,), by="runner", expected=self._loaded.position.seq)

    def _hear_waits(self) -> None:
        now = self._effects.now()
        ended = (*agents.waits_ended(self._loaded.run, now), *keeping.timed_out(self._loaded.run, now))
        if ended:
            with contextlib.suppress(WrongExpectedVersion):  # it is looked at again
                self._append(ended, by="runner", expected=self._loaded.position.seq)

    def _append(
        self, events: Sequence[ev.Event], *, by: str, expected: int | None = None, key: str | None = None
    ) -> tuple[Recorded, ...]:
        recorded = self._log.append(events, by=by, expected=expected, key=key)
        self._catch_up()
        return recorded

    def _catch_up(self) -> None:
        """Fold what was appended by anybody, show it, and tell the observers."""
        position = self._loaded.position
        for recorded in read(self._paths.history, after=position.seq, since=position):
            require_known(recorded)
            self._loaded = self._loaded.after(recorded)
            self._anchor.note(recorded.event)
            with contextlib.suppress(OSError):
                self._views.note(recorded)
            self._tell(recorded)

    def _tell(self, recorded: Recorded) -> None:
        for observer in list(self._observers):
            try:
                observer(recorded, self._loaded.run)
            except Exception:  # noqa: BLE001 - an observer is a guest: it is shown out, the run goes on
                self._observers.remove(observer)

    def _wait(self, bell: drop_folder.Bell) -> None:
        run = self._loaded.run
        waiting = waiting_for_human(run)
        if waiting is not None and self._mode == "foreground" and not run.jobs and not self._blocked:
            raise waits(run)
        with contextlib.suppress(OSError):  # a full disk, or a file in its place
            self._paths.proposals.mkdir(exist_ok=True)
        self._tell_of_device()
        signs = self._effects.jobs.signs(self._jobs(), blocked=bool(self._blocked))
        bell.watch([self._paths.folder, self._paths.proposals, *signs])
        if bell.polls != self._polls:
            self._polls = bell.polls
            tell_people(f"changes are heard by looking: {bell.polls}")
        # What came before the watch stood would not ring: look once more before sleeping.
        if not self._news():
            bell.wait(LOOK_ANYWAY_S)

    def _tell_of_device(self) -> None:
        """Tell people once whom the training waits for, where no device has room for it."""
        holders = self._effects.blocked_by(self._blocked[0], self._loaded.run) if self._blocked else ()
        if holders and holders != self._told:
            tell_people(f"the training waits for {holders[0]}")
            self._told = holders

    def _news(self) -> bool:
        ended = any(not isinstance(self._effects.jobs.look(job), Running) for job in self._jobs())
        grown = self._paths.history.stat().st_size > self._loaded.position.offset
        freed = not all(self._effects.blocked_by(one, self._loaded.run) for one in self._blocked)
        return ended or grown or freed

    def _jobs(self) -> list[Path]:
        return [self._paths.job(number, job.step, job.number).folder for number, job in self._loaded.run.jobs]
