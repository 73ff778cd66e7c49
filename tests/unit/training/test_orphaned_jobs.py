"""A job whose supervisor was killed, and one whose end lies before a restart of the machine."""

from pathlib import Path

import pytest

from autoresearch.engine.loop.completions import ORPHAN_GRACE_S, Collector
from autoresearch.engine.ports.jobs import Finished, JobExit, Running
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.events import catalog as ev
from autoresearch.events.clock import from_epoch
from autoresearch.events.values import Process, why
from autoresearch.projections.run_state import Job
from autoresearch.projections.timeline import Timeline
from tests import given as g


SUPERVISOR = Process(pid=1, started=1, boot_id="b")


class Jobs:
    """Jobs that run, with or without a supervisor."""

    def __init__(self, supervisor: Process | None) -> None:
        self.supervisor = supervisor
        self.stopped: list[Path] = []

    def look(self, _folder: Path) -> Running:
        return Running(supervisor=self.supervisor)

    def wake(self, _folder: Path) -> None:
        """Do nothing: it was not stopped."""

    def rescue(self, _folder: Path) -> None:
        """Do nothing: it prints nothing."""

    def stop(self, folder: Path) -> None:
        self.stopped.append(folder)


@pytest.mark.parametrize(
    ("supervisor", "ran_s", "stopped"),
    [
        (None, 20 + ORPHAN_GRACE_S + 5, True),
        (None, 20, False),  # its own end is given a minute
        (SUPERVISOR, 20 + ORPHAN_GRACE_S + 5, False),  # the supervisor's business
    ],
)
def test_the_deadline_of_an_orphan_is_held(monkeypatch, supervisor, ran_s: float, stopped: bool):  # noqa: FBT001
    """Past its deadline a training without a supervisor is ended, and no other is."""
    monkeypatch.setattr("autoresearch.engine.loop.completions.seconds_since", lambda _: ran_s)
    jobs = Jobs(supervisor)
    paths = run_named(Path("/home"), "main-r001")
    collector = Collector(paths=paths, git=None, jobs=jobs, adapter=None)
    job = Job(step="train", number=1, since=from_epoch(0.0), deadline_s=20.0)
    assert () == collector.collect(0, job, g.given(g.started()), Timeline())
    assert ([paths.job(0, "train", 1).folder] if stopped else []) == jobs.stopped


class EndedBefore:
    """Jobs that ended well, and the machine was restarted before anybody looked."""

    def look(self, _folder: Path) -> Finished:
        exit_ = JobExit(reason="exited", exit_code=0, started_at="", ended_at="", seconds=1.0)
        return Finished(exit=exit_, rebooted=True)


@pytest.mark.parametrize("step", ["prepare", "propose", "apply", "triage"])
def test_what_ended_before_a_restart_begins_again(step):
    """What a job left elsewhere may be empty after a power cut: unless it has a result, it is lost."""
    paths = run_named(Path("/home"), "main-r001")
    collector = Collector(paths=paths, git=None, jobs=EndedBefore(), adapter=None)
    job = Job(step=step, number=1, since=from_epoch(0.0), deadline_s=20.0)
    lost = ev.JobLost(iteration=0, step=step, number=1, reason=why("machine_restarted"))
    assert (lost,) == collector.collect(0, job, g.given(g.started()), Timeline())
