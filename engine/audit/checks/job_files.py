"""The files that ended jobs left, read again: a training's log must still give the result in the history.

A file that was changed is a difference; what is gone, or cannot be read, proves nothing. What is redacted by
the environment of today (reasons, the ends of logs) is not compared.
"""

from pathlib import Path
from typing import Any

from attrs import asdict

from autoresearch.engine.audit.checks.held_back import MOST_IN_A_ROW
from autoresearch.engine.audit.report import Tally, first_difference
from autoresearch.engine.jobs import pack
from autoresearch.engine.jobs.output import digest, digest_of
from autoresearch.engine.paths import ANSWER, OUTPUT, PROGRESS, JobPaths, RunPaths
from autoresearch.engine.ports.jobs import Absent, Finished, JobExit, Jobs, JobState, Lost
from autoresearch.engine.training import begun
from autoresearch.engine.training.progress_digest import GrowingCurve
from autoresearch.engine.training.result import Result, read_lost, read_result, read_unseen
from autoresearch.engine.verdicts import early_stop
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.errors import InvalidInput
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import OutputDigest, Reason
from autoresearch.projections.run_state import Iteration, Job, RunState


EndOfJob = (
    ev.TrainingFinished
    | ev.TrainingVoided
    | ev.EvaluationFinished
    | ev.GuardFinished
    | ev.HoldoutScored
    | ev.AgentAnswered
    | ev.PrepareFinished
)
_EXIT_FIELDS = ("exit_code", "signal", "started_at", "ended_at", "seconds", "cpu_seconds")


class JobFiles:
    """Compares the folder of each job whose end is recorded."""

    def __init__(self, paths: RunPaths, jobs: Jobs) -> None:
        self.tally = Tally("job files", "ended jobs read again")
        self._paths = paths
        self._jobs = jobs

    def see(self, before: RunState, event: ev.Event, recorded: Recorded) -> None:
        """Read the job's folder again where an event tells of its end, or that it is to be ended."""
        if isinstance(event, ev.TrainingFellBehind):
            self._behind(before, event, recorded)
        name = _job_of(event)
        if name is None:
            return
        number, job = name
        folder = self._paths.iteration(number) / job
        try:
            if isinstance(event, ev.JobLost):
                self._lost(before, event, JobPaths(folder), recorded)
            elif isinstance(event, ev.TrainingReread):
                self._reread(before.config, event, folder, recorded)
            elif isinstance(event, EndOfJob):
                self._compare(before, event, folder, recorded)
        except InvalidInput as error:
            self.tally.differ(record=recorded, field="pack", expected="what can be read", found=str(error))

    def _compare(self, before: RunState, event: EndOfJob, folder: Path, recorded: Recorded) -> None:
        ended = self._jobs.look(folder)
        if isinstance(ended, Absent):
            self.tally.miss("job_gone", self._name(folder), seq=recorded.seq)
            return
        self.tally.count += 1
        if event.output.bytes and self._jobs.output(folder).file(OUTPUT) is None:
            self.tally.miss("log_gone", self._name(folder), seq=recorded.seq)
            wanted = self._exit(ended, folder, event, recorded)
        else:
            self._output(folder, event.output, recorded)
            wanted = self._exit(ended, folder, event, recorded) | self._result(ended, before, folder, event)
        if isinstance(event, ev.AgentAnswered):
            self._answer(folder, event, recorded)
        differs = first_difference(wanted, event)
        if differs is not None:
            # The event is compared with the files, but they are what may have been changed: both are named.
            field, files_say, event_says = differs
            self.tally.differ(
                record=recorded,
                field=field,
                expected=f"{files_say!r}, which {self._name(folder)} gives",
                found=event_says,
            )

    def _behind(self, before: RunState, event: ev.TrainingFellBehind, recorded: Recorded) -> None:
        """Compare what a training is ended for with the curve that it wrote."""
        folder = self._paths.job(event.iteration, "train", event.training).folder
        one = before.iteration(event.iteration)
        base = early_stop.base_losses(before, one) if one is not None else None
        written = self._jobs.output(folder).file(PROGRESS)
        if written is None:
            self.tally.miss("curve_gone", self._name(folder), seq=recorded.seq)
        elif base is not None:  # else it could not be ended, which another check says
            self.tally.count += 1
            curve = GrowingCurve()
            curve.read(written)
            points = early_stop.far_behind(curve.points, base, event.bound)
            if points != event.points:
                expected = f"{points!r}, which {self._name(folder)} gives"
                self.tally.differ(record=recorded, field="points", expected=expected, found=event.points)

    def _lost(self, before: RunState, event: ev.JobLost, files: JobPaths, recorded: Recorded) -> None:
        """Look whether a job that is said to be lost came to its end, and had a result."""
        ended = self._jobs.look(files.folder)
        if not isinstance(ended, Finished) or event.step == "evaluate":  # one that fails is lost, once
            return
        if event.step != "train" and event.reason.code == "machine_restarted":  # what it left elsewhere was
            return
        self.tally.count += 1
        code, exit_ = event.reason.code, ended.exit
        one = before.iteration(event.iteration)
        job = one.job if one is not None else None
        of_this = (
            code == "began_on_another"
            and one is not None
            and job is not None
            and pack.holds(files.began_on)
            and begun.is_of(files, _wanted(one, job))
        )
        no_loss = exit_.reason == "exited" and code not in ("began_on_another", "no_room")
        if of_this or no_loss or exit_.reason in ("deadline", "idle", "lingered"):
            expected = f"its end ({_words(exit_)}), which {self._name(files.folder)} gives"
            self.tally.differ(record=recorded, field="reason", expected=expected, found=code)

    def _reread(self, config: RunConfig, event: ev.TrainingReread, folder: Path, recorded: Recorded) -> None:
        """Compare what an output gave when it was read again, under the settings that it was read under."""
        ended = self._jobs.look(folder)
        if not isinstance(ended, Finished):
            self.tally.miss("exit_gone", self._name(folder), seq=recorded.seq)
            return
        self.tally.count += 1
        again = read_result(config, self._jobs.output(folder), ended.exit)
        differs = first_difference({"outcome": again.outcome, "metric": again.metric}, event)
        if differs is not None:
            field, expected, found = differs
            self.tally.differ(record=recorded, field=field, expected=expected, found=found)

    def _answer(self, folder: Path, event: ev.AgentAnswered, recorded: Recorded) -> None:
        """Compare the file that an agent wrote its answer to; of logs of before, nobody knows what it was."""
        if event.answer_sha256 is None:
            return
        try:
            found = digest_of(self._jobs.output(folder).file(ANSWER))
        except OSError:  # a bad disk, or another user's file
            found = None
        if found == event.answer_sha256:
            return
        if not found:
            self.tally.miss("answer_gone", self._name(folder), seq=recorded.seq)
            return
        self.tally.differ(
            record=recorded,
            place=str(JobPaths(folder).answer.relative_to(self._paths.folder)),
            field="answer_sha256",
            expected=event.answer_sha256 or "no such file",
            found=found,
        )

    def _output(self, folder: Path, recorded_as: OutputDigest, recorded: Recorded) -> None:
        now = digest(self._jobs.output(folder).log(), ())
        for name in ("sha256", "bytes"):
            expected, found = getattr(recorded_as, name), getattr(now, name)
            if expected != found:
                self.tally.differ(
                    record=recorded,
                    place=str(JobPaths(folder).output.relative_to(self._paths.folder)),
                    field=f"output.{name}",
                    expected=expected,
                    found=found,
                )
                return

    def _exit(self, ended: JobState, folder: Path, event: EndOfJob, recorded: Recorded) -> dict[str, Any]:
        """Return what exit.json says, as the fields of the event; nothing where it cannot be read."""
        if not isinstance(ended, Finished):
            if not _is_unseen(event, ended):
                self.tally.miss("exit_gone", self._name(folder), seq=recorded.seq)
            return {}
        said = asdict(ended.exit)
        match event:
            case ev.TrainingVoided():  # the time may be that of its evaluation
                return {}
            case ev.AgentAnswered():
                return {"seconds": ended.exit.seconds}
            case ev.PrepareFinished():
                return {"seconds": ended.exit.seconds, "ok": _ended_well(ended.exit)}
            case _:
                told = {name: said[name] for name in _EXIT_FIELDS if hasattr(event, name)}
                return told | (
                    {"holds": _ended_well(ended.exit)} if isinstance(event, ev.GuardFinished) else {}
                )

    def _result(self, ended: JobState, before: RunState, folder: Path, event: EndOfJob) -> dict[str, Any]:
        """Return what a training or an evaluation left, as the fields of its event."""
        if not isinstance(event, ev.TrainingFinished | ev.EvaluationFinished | ev.HoldoutScored):
            return {}
        config = before.config
        if _is_unseen(event, ended):
            assert isinstance(ended, Lost)  # looked at above
            assert ended.unseen is not None
            unseen = read_unseen(config, self._jobs.output(folder), ended.unseen)
            if unseen is None and (again := _lost_again(before, event)) is not None:
                unseen = read_lost(config, self._jobs.output(folder), ended.unseen, again)
            told = {"outcome": None} if unseen is None else _told(unseen)
        elif not isinstance(ended, Finished):
            return {}
        else:
            claims = isinstance(event, ev.TrainingFinished) and bool(config.evaluate)
            told = _told(read_result(config, self._jobs.output(folder), ended.exit, claims=claims))
        if isinstance(event, ev.EvaluationFinished | ev.HoldoutScored):
            told = {name: told[name] for name in ("outcome", "metric")}
        if event.outcome in ("tampered", "stopped_early"):  # whatever it printed is no result
            told = {name: said for name, said in told.items() if name not in ("outcome", "metric")}
        return told

    def _name(self, folder: Path) -> str:
        return str(folder.relative_to(self._paths.folder))


def _job_of(event: ev.Event) -> tuple[int, str] | None:
    """Return the iteration and the name of the job whose end an event tells of; None for any other."""
    match event:
        case ev.TrainingFinished() | ev.TrainingVoided() | ev.TrainingReread():
            return event.iteration, f"train.{event.training}"
        case ev.EvaluationFinished():
            return event.iteration, f"evaluate.{event.evaluation}"
        case ev.GuardFinished():
            return event.iteration, f"guard.{event.check}"
        case ev.HoldoutScored():
            return event.iteration, f"holdout.{event.look}"
        case ev.AgentAnswered():
            return event.iteration, f"{event.step}.{event.call}"
        case ev.PrepareFinished():
            return 0, f"prepare.{event.preparation}"
        case ev.JobLost():
            return event.iteration, f"{event.step}.{event.number}"
        case _:
            return None


def _ended_well(exit_: JobExit) -> bool:
    return exit_.reason == "exited" and exit_.exit_code == 0


def _is_unseen(event: ev.Event, ended: object) -> bool:
    """Say whether a training ended without its supervisor, by the event and by its folder."""
    said = isinstance(event, ev.TrainingFinished) and event.exit_code is None and event.signal is None
    return said and isinstance(ended, Lost) and ended.unseen is not None


def _lost_again(before: RunState, event: EndOfJob) -> Reason | None:
    """Return the reason of a crash that is said to be the third supervisor in a row, where two were lost."""
    one = before.iteration(event.iteration) if isinstance(event, ev.TrainingFinished) else None
    reason = event.reason if isinstance(event, ev.TrainingFinished) else None
    if one is None or not one.number or one.measures is not None or one.unseen < MOST_IN_A_ROW - 1:
        return None
    if reason is None or reason.code != "job_lost_in_a_row":
        return None
    return reason if reason.inputs["times"] == one.unseen + 1 else None


def _wanted(one: Iteration, job: Job) -> begun.Begun:
    """Return what the job of a training must have been begun for."""
    return begun.Begun(commit=one.commit or "", slot=job.slot, device=job.device, deciding=one.deciding)


def _told(result: Result) -> dict[str, Any]:
    names = ("outcome", "metric", "measured", "also", "progress")
    return {name: getattr(result, name) for name in names}


def _words(exit_: JobExit) -> str:
    return f"{exit_.reason}, exit code {exit_.exit_code}, signal {exit_.signal}"
