"""Stand-ins for agents: one with scripted answers, one program that behaves on demand."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from attrs import evolve

from autoresearch.engine.jobs.output import digest
from autoresearch.engine.ports.agent import AgentStep, Answer, Ask, Failing
from autoresearch.engine.ports.jobs import JobExit, JobOutput, JobSpec
from autoresearch.events.kinds.candidate_events import FailureKind
from autoresearch.events.values import OutputDigest, Proposal, Usage, why


FIXTURES = Path(__file__).parent.parent / "e2e" / "fixtures" / "agents"
AT = "2026-11-23T00:00:00.000Z"


def fake_program(behaviour: str, arg: str = "") -> tuple[str, ...]:
    """Return the command of the program that behaves on demand; fake_agent.py lists the behaviours."""
    return (sys.executable, str(FIXTURES / "fake_agent.py"), behaviour, arg)


def answered(
    *,
    proposal: Proposal | None = None,
    text: str = "done",
    reason: str = "",
    kind: FailureKind = "transient",
    named: datetime | None = None,
) -> Answer:
    """Return an answer; one with a reason is a failure."""
    return Answer(
        ok=not reason,
        reason=why("agent_said", reason, agent="fake") if reason else None,
        failing=Failing(kind=kind, named=named) if reason else None,
        text=text,
        proposal=proposal,
        usage=Usage(),
        output=OutputDigest(bytes=0, sha256="0" * 64, tail=""),
    )


class FakeAgent:
    """An agent that gives its answers in their order; after the last it fails."""

    def __init__(
        self,
        *answers: Answer,
        name: str = "fake",
        installed: bool = True,
        hidden: tuple[str, ...] = (),
    ) -> None:
        """Take the answers; what was asked is in `asked`."""
        self.hidden = hidden
        self._answers = list(answers)
        self._given: dict[JobOutput, Answer] = {}
        self._name = name
        self.installed = installed
        self.asked: list[Ask] = []
        self.seen: list[frozenset[str]] = []  # what stood in its checkout then

    @property
    def name(self) -> str:
        """Return the name that events and settings give it."""
        return self._name

    def available(self) -> bool:
        """Say whether the program is installed."""
        return self.installed

    def job(self, ask: Ask, folder: Path) -> JobSpec:
        """Write prompt.txt into the job's folder and return how to run it."""
        self.asked.append(ask)
        self.seen.append(frozenset(path.name for path in ask.worktree.iterdir()))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prompt.txt").write_text(ask.prompt)
        return JobSpec(
            name=f"{ask.step} by {self.name}",
            command=fake_program("silent"),
            cwd=str(ask.worktree),
            stdin=str(folder / "prompt.txt"),
            deadline_s=ask.timeout_s,
            idle_s=ask.idle_s,
        )

    def answer(self, step: AgentStep, output: JobOutput, exit_: JobExit) -> Answer:
        """Return the next answer; read twice, one job has one answer."""
        if output not in self._given:
            ran = exit_.reason == "exited" and exit_.exit_code == 0
            left = self._answers.pop(0) if ran and self._answers else None
            given = left or answered(reason=f"{self.name} has no answer")
            self._given[output] = evolve(given, output=digest(output.log(), ()))
        return self._given[output]


def ended(reason: str = "exited", code: int | None = 0, **more: object) -> JobExit:
    """Return how a job ended."""
    return JobExit(reason=reason, exit_code=code, started_at=AT, ended_at=AT, **{"seconds": 2.0, **more})  # type: ignore[arg-type]


def run_inline(spec: JobSpec, folder: Path) -> JobExit:
    """Run a job to its end in the place of a supervisor, with its deadline and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    env = {name: value for name, value in os.environ.items() if name not in spec.unset} | spec.env
    started = time.monotonic()
    with (folder / "output.log").open("wb") as log, Path(spec.stdin or os.devnull).open("rb") as stdin:
        process = subprocess.Popen(
            spec.command, cwd=spec.cwd, env=env, stdin=stdin, stdout=log, stderr=log, start_new_session=True
        )
        try:
            code = process.wait(timeout=spec.deadline_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return ended("deadline", None, signal=9, seconds=time.monotonic() - started)
    size = (folder / "output.log").stat().st_size
    return ended("exited", code, seconds=time.monotonic() - started, output_bytes=size)
