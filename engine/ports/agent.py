"""Agents: a coding-agent program is asked, and what it printed is read into an answer."""

from datetime import datetime
from pathlib import Path
from typing import Protocol, get_args

from attrs import frozen

from autoresearch.engine.ports.jobs import JobExit, JobOutput, JobSpec
from autoresearch.events.kinds.candidate_events import FailureKind
from autoresearch.events.values import AgentStep, OutputDigest, Proposal, Reason, Usage


STEPS: tuple[AgentStep, ...] = get_args(AgentStep)
PROPOSES = ("propose", "edit")  # the answer holds a proposal
READS = ("propose", "review")  # no file is changed


@frozen(kw_only=True)
class Ask:
    """One question to an agent."""

    step: AgentStep
    prompt: str
    worktree: Path
    hooks: Path  # of its git: they let no ref change
    run: str = ""  # the id of the run
    iteration: int = 0
    model: str = ""
    args: tuple[str, ...] = ()  # more words for the command line
    timeout_s: float = 600.0
    idle_s: float = 120.0
    command: tuple[str, ...] = ()  # of the "custom" agent, as it is run
    files: tuple[str, ...] = ()  # that a change may touch, for a program which reads none by itself
    # Where it may write beside its worktree and what its program keeps in the home; None: anywhere.
    beside: tuple[str, ...] | None = None
    keep_out: tuple[Path, ...] = ()  # whatever a program keeps above one of these it may not write to


@frozen(kw_only=True)
class Failing:
    """What a program said of its failure: the kind, and the time it named; None: it named none."""

    kind: FailureKind
    named: datetime | None = None


@frozen(kw_only=True)
class Answer:
    """What came of it; every failure an agent is capable of is `ok=False` with a reason."""

    ok: bool
    reason: Reason | None  # None: ok
    failing: Failing | None = None  # the same
    text: str  # the last words of the agent, redacted
    proposal: Proposal | None  # the step was one of PROPOSES, and the answer held a valid one
    usage: Usage
    output: OutputDigest
    session_id: str | None = None
    model: str | None = None
    version: str = ""  # of the program; "": not known
    file_sha256: str | None = ""  # of the file that it wrote its answer to; "": none; None: not to be read


class Agent(Protocol):
    """A coding-agent program, run as a job: prompt in by stdin, JSON lines out."""

    @property
    def name(self) -> str:
        """Return the name that events and settings give it."""

    @property
    def hidden(self) -> tuple[str, ...]:
        """Return the instructions for operators that it would read, and that its checkout goes without."""

    def available(self) -> bool:
        """Say whether the program is installed."""

    def job(self, ask: Ask, folder: Path) -> JobSpec:
        """Write prompt.txt into the job's folder and return how to run it, under the hooks asked for."""

    def answer(self, step: AgentStep, output: JobOutput, exit_: JobExit) -> Answer:
        """Read what the job printed, any size, any bytes, into an answer. Never raises."""
