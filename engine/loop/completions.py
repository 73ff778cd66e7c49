"""What became of a job, as events: read from what it left, once it has ended."""

import contextlib
import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from attrs import field, frozen

from autoresearch.engine.agents import branch_guard
from autoresearch.engine.agents.plain_transcripts import keep_answer
from autoresearch.engine.core.limits import ends_jobs
from autoresearch.engine.jobs.output import digest
from autoresearch.engine.loop.changes.answers import Answers
from autoresearch.engine.loop.scores import Scores
from autoresearch.engine.paths import PROGRESS, RunPaths
from autoresearch.engine.ports.agent import STEPS, Agent
from autoresearch.engine.ports.jobs import Absent, Finished, JobExit, Jobs, Lost, Running
from autoresearch.engine.ports.worktrees import Git
from autoresearch.engine.runs.runner_lock import tell_trouble
from autoresearch.engine.sealing.checkout import TrainCheckouts
from autoresearch.engine.system import disk
from autoresearch.engine.system.disk import REFUSALS
from autoresearch.engine.training import begun
from autoresearch.engine.training.progress_digest import GrowingCurve
from autoresearch.engine.training.result import how_it_ended
from autoresearch.engine.verdicts import early_stop
from autoresearch.events import catalog as ev
from autoresearch.events.clock import seconds_since
from autoresearch.events.encoding.redact import secret_values
from autoresearch.events.values import ON_DEVICE, Reason, why
from autoresearch.projections.run_state import Iteration, Job, RunState
from autoresearch.projections.timeline import Timeline


ORPHAN_GRACE_S = 60.0
TRIES_FOR_ROOM = 3  # of one job; a change that fills the disk by itself is a crash in the end
# What the machine has not enough of, or a bad disk: another try may be started, and no idea is to blame.
MACHINE_TROUBLE = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO)
)


@frozen(kw_only=True)
class Collector:
    """Reads ended jobs of one run. Reading twice gives the same events."""

    paths: RunPaths
    git: Git
    jobs: Jobs
    adapter: Callable[[str], Agent]
    _curves: dict[Path, GrowingCurve] = field(factory=dict, init=False)  # of trainings that run
    _refused: dict[Path, str] = field(factory=dict, init=False)  # whose end the disk did not take

    def collect(self, number: int, job: Job, run: RunState, timeline: Timeline) -> tuple[ev.Event, ...]:
        """Return the events of a job that has ended; of one that runs, at most that it is to be ended."""
        folder = self.paths.job(number, job.step, job.number).folder
        ended = self.jobs.look(folder)
        self._tell_refused(folder, ended.refused if isinstance(ended, Running) else "")
        if isinstance(ended, Running):
            if ended.supervisor is not None:
                self.jobs.wake(folder)
            else:
                self.jobs.rescue(folder)
                if self._overdue(job, run):
                    self.jobs.stop(folder)
            return self._behind(number, job, run)
        self._curves.pop(folder, None)
        if isinstance(ended, Absent):  # nobody has written into the claim of a started job
            ended = Lost(reason=ended.reason)
        other = self._of_another(number, job, run)
        if other is not None:
            return (ev.JobLost(iteration=number, step=job.step, number=job.number, reason=other),)
        one = run.iteration(number)
        stopped = job.step == "train" and one is not None and bool(one.behind)
        if isinstance(ended, Lost) and job.step == "train" and not stopped:
            unseen = self._scores.unseen(number, job, ended, run)
            if unseen is not None:
                return (unseen,)
        keep_answer(self.paths.job(number, job.step, job.number))
        shutil.rmtree(self.paths.job(number, job.step, job.number).temporary, ignore_errors=True)
        if stopped and one is not None and isinstance(ended, Finished):  # however it came to its end
            return (self._scores.stopped(one, job, ended.exit, run),)
        lost = _why_lost(job, ended, run)
        if lost is None and isinstance(ended, Finished) and self._may_lack_room(number, job, run, timeline):
            lost = self._without_room(number, job, ended)
        if lost is not None:
            shutil.rmtree(self.paths.job(number, job.step, job.number).bytecode, ignore_errors=True)
            branch_guard.put_back(self.paths.job(number, job.step, job.number), self.git)
            return (ev.JobLost(iteration=number, step=job.step, number=job.number, reason=lost),)
        assert isinstance(ended, Finished)  # else it was lost
        if job.step == "prepare":
            return (self._prepared(job, ended.exit, run),)
        assert one is not None  # the job came from the state
        if job.step == "train":
            return (self._scores.trained(one, job, ended.exit, run),)
        if job.step == "evaluate":
            return (self._scores.evaluated(one, job, ended.exit, run),)
        if job.step == "guard":
            return (self._guarded(one, job, ended.exit, run),)
        if job.step == "holdout":
            return (self._scores.looked(one, job, ended.exit, run),)
        answers = Answers(paths=self.paths, git=self.git, jobs=self.jobs, adapter=self.adapter)
        return answers.read(one, job, ended.exit, run, timeline)

    def _tell_refused(self, folder: Path, refused: str) -> None:
        """Have `status` say of a job that is over why nobody can know how it ended."""
        if refused == self._refused.get(folder, ""):
            return
        self._refused[folder] = refused
        name = f"{folder.parent.name}/{folder.name}"
        told = (
            f"the end of {name} cannot be written: {refused}; make room, or mend the disk" if refused else ""
        )
        tell_trouble(self.paths, told, of_job=True)

    def _behind(self, number: int, job: Job, run: RunState) -> tuple[ev.Event, ...]:
        """Return that a training that runs lies so far behind its base that it is to be ended."""
        one = run.iteration(number)
        base = early_stop.base_losses(run, one) if one is not None and job.step == "train" else None
        if one is None or base is None or one.behind:
            return ()
        folder, bound = self.paths.job(number, "train", job.number).folder, run.config.stop_losers
        curve = self._curves.setdefault(folder, GrowingCurve())
        with contextlib.suppress(OSError):  # read on at the next look
            curve.read(self.jobs.output(folder).file(PROGRESS) or ())
        points = early_stop.far_behind(curve.points, base, bound)
        if not points:
            return ()
        return (ev.TrainingFellBehind(iteration=number, training=job.number, bound=bound, points=points),)

    def _of_another(self, number: int, job: Job, run: RunState) -> Reason | None:
        """Return why a training that was begun for another candidate is no result of this one."""
        one = run.iteration(number)
        if job.step != "train" or one is None or one.commit is None:
            return None
        files = self.paths.job(number, "train", job.number)
        wanted = begun.Begun(commit=one.commit, slot=job.slot, device=job.device, deciding=one.deciding)
        if begun.is_of(files, wanted):
            return None
        return why("began_on_another")

    def _may_lack_room(self, number: int, job: Job, run: RunState, timeline: Timeline) -> bool:
        """Say whether a job that had no room is tried again; a human is asked after the third.

        The third of one idea is its crash: it may fill a disk by itself, and what it wrote is gone by then.
        Where the idea before crashed in that way too, and a disk is full now, neither is at fault.
        """
        one = run.iteration(number)
        lost = run.setup.lost if job.step == "prepare" or one is None else one.lost
        if lost < TRIES_FOR_ROOM - 1:
            return True
        return job.step == "train" and _crashed_without_room(timeline) and disk.any_is_full()

    def _without_room(self, number: int, job: Job, ended: Finished) -> Reason | None:
        """Return why a job that had no room on the disk tells nothing; None where it had.

        An agent may have noticed nothing, and left half an edit.
        """
        if ended.exit.reason != "exited":
            return None
        failed = ended.exit.exit_code != 0
        if ended.exit.no_room:
            return why("no_room") if failed or job.step in ("apply", "edit", "triage") else None
        return why("no_room") if failed and self._says_no_room(number, job) else None

    def _says_no_room(self, number: int, job: Job) -> bool:
        left = self.jobs.output(self.paths.job(number, job.step, job.number).folder)
        said = digest(left.log(), ()).tail.encode(errors="replace")
        return any(refusal in said for refusal in REFUSALS)

    def _overdue(self, job: Job, run: RunState) -> bool:
        """Hold the deadline of a job whose supervisor was killed; a minute is for its own end."""
        config = run.config
        limits = {"prepare": config.prepare_timeout_s} | dict.fromkeys(ON_DEVICE, job.deadline_s)
        return seconds_since(job.since) > limits.get(job.step, config.agent_timeout_s) + ORPHAN_GRACE_S

    def _prepared(self, job: Job, done: JobExit, run: RunState) -> ev.PrepareFinished:
        left = self.jobs.output(self.paths.job(0, "prepare", job.number).folder)
        output = digest(left.log(), secret_values(os.environ | run.config.env))
        reason = _exit_reason(done, output.tail)
        checkouts = TrainCheckouts(paths=self.paths, git=self.git)
        return ev.PrepareFinished(
            preparation=job.number,
            ok=reason is None,
            reason=reason,
            seconds=done.seconds,
            output=output,
            made=checkouts.gather(run.best.commit if run.best else run.base_commit, run),
        )

    def _guarded(self, one: Iteration, job: Job, done: JobExit, run: RunState) -> ev.GuardFinished:
        left = self.jobs.output(self.paths.job(one.number, "guard", job.number).folder)
        output = digest(left.log(), secret_values(os.environ | run.config.env))
        reason = _exit_reason(done, output.tail)
        return ev.GuardFinished(
            iteration=one.number,
            check=job.number,
            guard=one.guard_asked,
            holds=reason is None,
            reason=reason,
            exit_code=done.exit_code,
            signal=done.signal,
            started_at=done.started_at,
            ended_at=done.ended_at,
            seconds=done.seconds,
            output=output,
        )

    @property
    def _scores(self) -> Scores:
        return Scores(paths=self.paths, git=self.git, jobs=self.jobs)


def _crashed_without_room(timeline: Timeline) -> bool:
    """Say whether the row that was closed last crashed since a disk had no room."""
    row = timeline.closed[-1] if timeline.closed else None
    said = row.reason.said if row is not None and row.verdict == "crash" and row.reason is not None else ""
    return os.strerror(errno.ENOSPC) in said


def _exit_reason(done: JobExit, tail: str) -> Reason | None:
    """Return why a job did not simply end with code 0, or None."""
    if done.reason == "exited" and done.signal is None and done.exit_code == 0:
        return None
    return how_it_ended(done, tail=tail)


def _why_lost(job: Job, ended: Finished | Lost, run: RunState) -> Reason | None:
    """Return why a job has no result though nobody is to blame; None where its end tells something.

    An agent that was told to end was called back; any other job was stopped, and begins again.
    """
    if isinstance(ended, Lost):
        return ended.reason
    if ended.rebooted and job.step not in ON_DEVICE:  # an edit may be half on the disk, or empty
        return why("machine_restarted")
    if ended.exit.reason == "not_started" and ended.exit.errno in MACHINE_TROUBLE:
        return why("machine_refused", ended.exit.detail)
    if ended.exit.reason != "terminated" or job.step in STEPS:
        return None
    if ends_jobs(run):
        return why("stop_now" if run.stop == "now" else "time_is_over")
    return why("supervisor_told")
