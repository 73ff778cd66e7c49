"""The files that ended jobs left, read again: a training's log must still give the result in the history.

A folder that was removed is no difference, a file that was changed is one. What is redacted by the
environment of today (reasons, the ends of logs) is not compared.
"""

from pathlib import Path
from typing import Any

from attrs import asdict

from autoresearch.engine.audit.report import Tally, first_difference
from autoresearch.engine.jobs.output import digest
from autoresearch.engine.paths import JobPaths, RunPaths
from autoresearch.engine.ports.jobs import Absent, Finished, Jobs, Lost
from autoresearch.engine.training.result import Result, read_result, read_unseen
from autoresearch.events import catalog as ev
from autoresearch.events.codec import Recorded
from autoresearch.events.errors import InvalidInput
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import OutputDigest


EndOfJob = (
    ev.TrainingFinished | ev.TrainingVoided | ev.EvaluationFinished | ev.AgentAnswered | ev.PrepareFinished
)


class SealedFiles:
    """Compares the folder of each job whose end is recorded."""

    def __init__(self, paths: RunPaths, jobs: Jobs) -> None:
        self.tally = Tally("job files", "ended jobs read again")
        self._paths = paths
        self._jobs = jobs
        self._gone = 0

    def see(self, config: RunConfig, event: ev.Event, recorded: Recorded) -> None:
        """Read the job's folder again where an event tells of its end."""
        match event:
            case ev.TrainingFinished() | ev.TrainingVoided():
                folder = self._paths.job(event.iteration, "train", event.training).folder
            case ev.EvaluationFinished():
                folder = self._paths.job(event.iteration, "evaluate", event.evaluation).folder
            case ev.AgentAnswered():
                folder = self._paths.job(event.iteration, event.step, event.call).folder
            case ev.PrepareFinished():
                folder = self._paths.job(0, "prepare", event.preparation).folder
            case _:
                return
        try:
            self._compare(config, event, folder, recorded)
        except InvalidInput as error:
            self.tally.differ(record=recorded, field="pack", expected="what can be read", found=str(error))

    def _compare(self, config: RunConfig, event: EndOfJob, folder: Path, recorded: Recorded) -> None:
        if isinstance(self._jobs.look(folder), Absent):
            self._gone += 1
            return
        self.tally.count += 1
        wanted = self._result(config, folder, event)
        if getattr(event, "outcome", "") == "tampered":  # whatever it printed is no result
            wanted = {name: said for name, said in wanted.items() if name not in ("outcome", "metric")}
        self._output(folder, event.output, recorded)
        differs = first_difference(wanted, event)
        if differs is not None:
            # The event is compared with the files, but they are what may have been changed: both are named.
            field, files_say, event_says = differs
            self.tally.differ(
                record=recorded,
                field=field,
                expected=f"{files_say!r}, which {folder.name} of iteration {_number(event)} gives",
                found=event_says,
            )

    def finish(self) -> None:
        """Say how many folders are gone."""
        if self._gone:
            self.tally.note = f"{self._gone} job folders are gone"

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

    def _result(self, config: RunConfig, folder: Path, event: ev.Event) -> dict[str, Any]:
        """Return what a training or an evaluation left, as the fields of its event."""
        ended = self._jobs.look(folder)
        if isinstance(event, ev.TrainingFinished) and isinstance(ended, Lost) and ended.unseen is not None:
            unseen = read_unseen(config, self._jobs.output(folder), ended.unseen)
            return {"outcome": None} if unseen is None else _told(unseen)
        scores = isinstance(event, ev.TrainingFinished | ev.EvaluationFinished)
        if not scores or not isinstance(ended, Finished):
            return {}
        claims = isinstance(event, ev.TrainingFinished) and bool(config.evaluate)
        told = _told(read_result(config, self._jobs.output(folder), ended.exit, claims=claims))
        if isinstance(event, ev.EvaluationFinished):
            told = {name: told[name] for name in ("outcome", "metric")}
        names = ("exit_code", "signal", "started_at", "ended_at", "seconds", "cpu_seconds")
        exit_ = asdict(ended.exit)
        return told | {name: exit_[name] for name in names if hasattr(event, name)}


def _told(result: Result) -> dict[str, Any]:
    names = ("outcome", "metric", "measured", "progress")
    return {name: getattr(result, name) for name in names}


def _number(event: ev.Event) -> int:
    return int(getattr(event, "iteration", 0))
