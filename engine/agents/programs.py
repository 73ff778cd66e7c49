"""Coding-agent programs behind one port: a prompt goes in by stdin, an answer comes out.

The table of them, engine/agents/known.py, says how each is called; what it printed is read in
engine/agents/transcripts.py. Starts nothing itself: a question is a job like any other. Does not look at
the worktree afterwards: whether a change is within bounds is seen from git, by whoever asked.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from attrs import evolve, field, frozen

from autoresearch.engine.agents import confinement, plain_transcripts
from autoresearch.engine.agents.confinement import Kept
from autoresearch.engine.agents.failures import failing, moment
from autoresearch.engine.agents.transcripts import Said
from autoresearch.engine.agents.versions import installed_version
from autoresearch.engine.jobs.output import LogDigest, last_words
from autoresearch.engine.paths import JobPaths
from autoresearch.engine.ports.agent import PROPOSES, READS, Answer, Ask
from autoresearch.engine.ports.jobs import JobExit, JobOutput, JobSpec
from autoresearch.engine.proposals.parse import parse_text
from autoresearch.engine.proposals.schema import NoProposal
from autoresearch.events.encoding.redact import redact, secret_values
from autoresearch.events.files import write_atomic
from autoresearch.events.values import AgentStep, OutputDigest, Proposal, Reason, Usage, because, why


LOG_LIMIT_BYTES = 16 * 2**20
ANSWER_LIMIT = 16 * 1024  # bytes of last words in an Answer
REASON_LIMIT = 500  # characters


@frozen(kw_only=True)
class Program:
    """One agent program: how it is called, and how what it prints is read."""

    name: str
    label: str  # what reasons call it
    command: Callable[[Ask], tuple[str, ...]]
    read: Callable[[Iterable[bytes]], Said]
    sums_steps: bool = False  # its usage is a sum over many lines: unknown once the log was capped
    env: dict[str, str] = field(factory=dict)
    env_of: Callable[[Ask], dict[str, str]] = lambda _ask: {}
    env_to_read: dict[str, str] = field(factory=dict)  # has the last word where nothing is changed
    kept: tuple[Kept, ...] = ()
    no_work: tuple[str, ...] = ()  # in lines that are as good as silence
    is_own: bool = False  # the user's command, and not a program that is known
    hidden: tuple[str, ...] = ()  # files that it reads as its instructions, and has no switch against
    writes_notes: bool = False  # into its checkout, also where it only reads

    def available(self) -> bool:
        """Say whether the program is installed; a command of the user's own is taken to be."""
        return self.is_own or shutil.which(self.name) is not None

    def job(self, ask: Ask, folder: Path) -> JobSpec:
        """Write prompt.txt into the job's folder and return how to run it, under the hooks asked for."""
        job = JobPaths(folder.absolute())
        job.temporary.mkdir(parents=True, exist_ok=True)
        # Synced, for its digest is recorded: what a power cut emptied would look like another one.
        write_atomic(job.prompt, ask.prompt.encode(errors="replace"))
        return JobSpec(
            name=f"{ask.step} by {self.name}",
            command=self.command(ask),
            cwd=str(ask.worktree),
            env={
                **confinement.environment(ask.worktree, hooks=ask.hooks.absolute(), temporary=job.temporary),
                **self.env,
                **self.env_of(ask),
                **(plain_transcripts.protocol(ask, job) if self.is_own else {}),
                **(self.env_to_read if ask.step in READS else {}),
            },
            unset=confinement.UNSET,
            writable=confinement.writable(
                ask, job.temporary, self.kept, edits=self.writes_notes or ask.step not in READS
            ),
            stdin=str(job.prompt),
            deadline_s=ask.timeout_s,
            idle_s=ask.idle_s,
            no_work=self.no_work,
            log_limit_bytes=LOG_LIMIT_BYTES,
        )

    def answer(self, step: AgentStep, output: JobOutput, exit_: JobExit) -> Answer:
        """Read what the job printed, any size, any bytes, into an answer. Never raises."""
        secrets = secret_values(os.environ)
        log = LogDigest(secrets)
        try:
            said = self.read(log.passing(output.log()))
            if self.is_own:
                said = plain_transcripts.answer_file(step, output) or said
        except OSError as error:
            log, said = LogDigest(secrets), Said(unreadable=error.strerror or str(error))
        digest = log.digest()
        if self.sums_steps and exit_.output_bytes > digest.bytes:
            said = evolve(said, usage=Usage())
        reason, proposal = self._failure(exit_, said, digest), None
        if step in PROPOSES and reason is None:
            proposal, reason = _proposal(said.text, secrets)
        return Answer(
            ok=reason is None,
            reason=reason and _cut(reason, secrets),
            failing=None
            if reason is None
            else failing(
                reason, error=said.error, tail=digest.tail, answer=said.text, at=moment(exit_.ended_at)
            ),
            text=last_words(said.text, secrets, ANSWER_LIMIT),
            proposal=proposal,
            usage=said.usage,
            output=digest,
            session_id=said.session_id,
            model=said.model,
            version=said.version or ("" if self.is_own else installed_version(self.name)),
        )

    def _failure(self, exit_: JobExit, said: Said, output: OutputDigest) -> Reason | None:
        """Return why there is no answer; None where there is one."""
        match exit_.reason:
            case "not_started" if not self.available():
                return why("not_installed", agent=self.label)
            case "not_started":
                return why("agent_not_run", exit_.detail, agent=self.label)
            case "deadline":
                last = self._last_error(said, output)
                return why("agent_deadline", last, agent=self.label, seconds=exit_.seconds)
            case "idle" if not output.bytes:
                return why("agent_silent", agent=self.label, seconds=exit_.seconds)
            case "idle" | "lingered":
                last = self._last_error(said, output)
                return why("agent_fell_silent", last, agent=self.label, seconds=exit_.seconds)
            case "terminated":
                return why("agent_terminated", agent=self.label)
            case "exited":
                return self._exited_badly(exit_, said, output)

    def _last_error(self, said: Said, output: OutputDigest) -> str:
        """Return what the program said last of its trouble; of one without lines of JSON, its last line."""
        return said.error or (_last_line(output.tail) if self.is_own else "")

    def _exited_badly(self, exit_: JobExit, said: Said, output: OutputDigest) -> Reason | None:
        if said.unreadable:
            return why("output_unreadable", said.unreadable, agent=self.label)
        if said.error:
            return why("agent_said", said.error, agent=self.label)
        if exit_.exit_code is None:
            return why("agent_killed", agent=self.label, signal=exit_.signal)
        if exit_.exit_code:
            return why("agent_exit", _last_line(output.tail), agent=self.label, exit_code=exit_.exit_code)
        if said.unusable is not None:
            return said.unusable
        if not said.answered and said.bad_lines:
            return why("agent_bad_lines", agent=self.label, lines=said.bad_lines)
        return None if said.answered else why("agent_no_answer", agent=self.label)


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _proposal(text: str, secrets: Sequence[str]) -> tuple[Proposal | None, Reason | None]:
    if not text.strip():
        return None, why("answer_empty")
    try:
        return _redacted(parse_text(text), secrets), None
    except NoProposal as error:
        return None, because("answer_no_proposal", error.reason)


def _cut(reason: Reason, secrets: Sequence[str]) -> Reason:
    """Take the secrets out of what a reason tells of an answer, and make it short."""

    def cut(text: str) -> str:
        return redact(text[: 2 * REASON_LIMIT], secrets)[:REASON_LIMIT]

    inputs = {name: cut(value) if isinstance(value, str) else value for name, value in reason.inputs.items()}
    return evolve(reason, said=cut(reason.said), inputs=inputs)


def _redacted(proposal: Proposal, secrets: Sequence[str]) -> Proposal:
    def clean(text: str) -> str:
        return redact(text, secrets)

    return evolve(
        proposal,
        description=clean(proposal.description),
        change_plan=clean(proposal.change_plan),
        commit_description=clean(proposal.commit_description),
        set={name: clean(value) if isinstance(value, str) else value for name, value in proposal.set.items()},
        edits=tuple(
            evolve(edit, search=clean(edit.search), replace=clean(edit.replace)) for edit in proposal.edits
        ),
        patch=None if proposal.patch is None else clean(proposal.patch),
    )
