"""Jobs that run nothing: each ends when, and as, the test says."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from attrs import asdict, field, mutable

from autoresearch.engine.jobs.launcher import read_exit
from autoresearch.engine.paths import EXIT, OUTPUT, SPEC
from autoresearch.engine.ports import Absent, JobExit, JobSpec, JobState, Lost, Running
from autoresearch.events.values import Process


@mutable
class FakeJobs:
    """The in-process player of `Jobs`. `on_start` may end a job at once, by calling `finish` or `lose`."""

    on_start: Callable[["FakeJobs", Path, JobSpec], None] | None = None
    started: list[tuple[Path, JobSpec]] = field(factory=list)  # one entry a job, in order
    stopped: list[Path] = field(factory=list)  # running jobs that were asked to end, in order
    ends_when_stopped: bool = True  # False: it takes its time; the test ends it
    _running: dict[Path, JobSpec] = field(factory=dict)
    _lost: dict[Path, str] = field(factory=dict)

    def start(self, folder: Path, spec: JobSpec) -> bool:
        """Take note of the job, once per folder; no place is ever taken."""
        if not isinstance(self.look(folder), Absent):
            return True
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SPEC).write_text(json.dumps(asdict(spec)), encoding="utf-8")
        self._running[folder] = spec
        self.started.append((folder, spec))
        if self.on_start is not None:
            self.on_start(self, folder, spec)
        return True

    def look(self, folder: Path) -> JobState:
        """Say what the test made of the job."""
        if ended := read_exit(folder):
            return ended
        if folder in self._lost:
            return Lost(reason=self._lost[folder])
        if folder in self._running:
            return Running(supervisor=Process(pid=1, started=len(self.started), boot_id="fake"))
        return Absent()

    def stop(self, folder: Path) -> None:
        """End a running job as a polite supervisor does."""
        if not isinstance(self.look(folder), Running):
            return
        self.stopped.append(folder)
        if self.ends_when_stopped:
            self.finish(folder, reason="terminated", exit_code=None, signal=15)

    def finish(
        self,
        folder: Path,
        *,
        exit_code: int | None = 0,
        signal: int | None = None,
        reason: Literal["exited", "deadline", "idle", "terminated", "not_started"] = "exited",
        detail: str = "",
        output: bytes = b"",
        files: Mapping[str, bytes] | None = None,
        seconds: float = 1.0,
    ) -> None:
        """End the job: leave its output, other files of its folder, and exit.json."""
        assert isinstance(self.look(folder), Running), f"{folder} does not run"
        (folder / OUTPUT).write_bytes(output)
        for name, data in (files or {}).items():
            (folder / name).write_bytes(data)
        exit_ = JobExit(
            reason=reason,
            detail=detail,
            exit_code=exit_code if signal is None and reason != "not_started" else None,
            signal=signal,
            started_at="2026-03-08T21:04:05.123Z",
            ended_at="2026-03-08T21:04:06.123Z",
            seconds=seconds,
            cpu_seconds=seconds,
            output_bytes=len(output),
        )
        (folder / EXIT).write_text(json.dumps(asdict(exit_)), encoding="utf-8")
        del self._running[folder]

    def lose(self, folder: Path, reason: str = "the machine was restarted") -> None:
        """Let the job vanish without an exit.json."""
        assert isinstance(self.look(folder), Running), f"{folder} does not run"
        del self._running[folder]
        self._lost[folder] = reason

    @property
    def running(self) -> tuple[Path, ...]:
        """Return the folders of the jobs that run, in the order of their start."""
        return tuple(self._running)
