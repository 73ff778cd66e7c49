"""What an agent answered, as events: its proposal, the change that it made, what it thinks of a crash."""

from collections.abc import Callable
from datetime import timedelta

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.agents import branch_guard
from autoresearch.engine.agents.failures import failure, moment
from autoresearch.engine.agents.prices import priced
from autoresearch.engine.agents.prompts import parse_lesson, parse_triage
from autoresearch.engine.asking.review import parse_review
from autoresearch.engine.core import agents
from autoresearch.engine.jobs.output import digest_of
from autoresearch.engine.loop.changes.edits import EditCheckout
from autoresearch.engine.memory.backlog import left_beside, lesson_of
from autoresearch.engine.memory.close import close_to
from autoresearch.engine.paths import ANSWER, JobPaths, RunPaths
from autoresearch.engine.ports.agent import Agent, Answer, Failing
from autoresearch.engine.ports.jobs import JobExit, JobOutput, Jobs
from autoresearch.engine.ports.worktrees import Git
from autoresearch.engine.proposals import changes
from autoresearch.events import catalog as ev
from autoresearch.events.clock import from_epoch
from autoresearch.events.values import Reason, why
from autoresearch.projections.agent_health import health_of, still_open
from autoresearch.projections.parts.models import model_of
from autoresearch.projections.run_state import Iteration, Job, RunState
from autoresearch.projections.timeline import Timeline


@frozen(kw_only=True)
class Answers:
    """Reads what the agents of one run left. Reading twice gives the same events."""

    paths: RunPaths
    git: Git
    jobs: Jobs
    adapter: Callable[[str], Agent]

    def read(
        self, one: Iteration, job: Job, done: JobExit, run: RunState, timeline: Timeline
    ) -> tuple[ev.Event, ...]:
        """Return the events of an agent's job that has ended."""
        assert job.step in ("propose", "apply", "edit", "triage", "review")  # the caller checked the others
        files = self.paths.job(one.number, job.step, job.number)
        agent = one.review.agent if job.step == "review" else one.agent
        output = self.jobs.output(files.folder)
        answer = self.adapter(agent).answer(job.step, output, done)
        answer = replace(answer, file_sha256=_file_digest(output))
        harm = branch_guard.put_back(files, self.git)
        if harm is not None:
            answer = _unusable(answer, harm)
        stands_on = one.commit if job.step in ("triage", "review") else one.base_commit
        # On another commit where the runner died, and the base moved, before it was written down.
        if done.reason == "terminated" or not branch_guard.stood_on(files, stands_on or ""):
            return (_answered(one, job, done, run, answer, outcome="cancelled"),)
        followed: tuple[ev.Event, ...]
        match job.step:
            case "propose":
                answer = _if_new(one, answer, run, timeline)
                followed = _proposed(one, answer, done, run)
            case "edit":
                answer, followed = self._edited(one, answer, done, run, files)
            case "apply":
                answer, followed = self._applied(one, answer, run, files)
            case "triage":
                followed = (*self._triaged(one, answer, run, files), *_taught(one, answer, run))
            case "review":
                answer, followed = _reviewed(one, answer, run)
        return (_answered(one, job, done, run, answer, outcome="ok" if answer.ok else "failed"), *followed)

    @property
    def _edits(self) -> EditCheckout:
        return EditCheckout(paths=self.paths, git=self.git)

    def _examined(
        self, one: Iteration, run: RunState, files: JobPaths, *, change: int
    ) -> ev.ChangeApplied | ev.ChangeFailed:
        hidden = self.adapter(one.agent).hidden
        return self._edits.examine(one, run, change=change, job=files, hidden=hidden)

    def _edited(
        self, one: Iteration, answer: Answer, done: JobExit, run: RunState, files: JobPaths
    ) -> tuple[Answer, tuple[ev.Event, ...]]:
        """Take what the agent made as its proposal, in the words that it gave it.

        One that changed nothing and gave an exact form has proposed; the form is applied like any other's.
        """
        if not answer.ok or answer.proposal is None or answer.proposal.status == "need_input":
            self._edits.clear(one)
            return answer, _proposed(one, answer, done, run)
        made = self._examined(one, run, files, change=one.change)
        if isinstance(made, ev.ChangeApplied):
            worded = replace(answer.proposal, set={}, edits=(), patch=None)
            return answer, (*_proposed(one, replace(answer, proposal=worded), done, run), made)
        if made.reason == changes.NOTHING and not answer.proposal.is_prose:
            return answer, _proposed(one, answer, done, run)
        return _unusable(answer, made.reason), ()

    def _applied(
        self, one: Iteration, answer: Answer, run: RunState, files: JobPaths
    ) -> tuple[Answer, tuple[ev.Event, ...]]:
        """Take what the agent made as the change; one that cannot be trained may be made once more."""
        if answer.ok:
            made = self._examined(one, run, files, change=one.change)
            again = isinstance(made, ev.ChangeFailed) and agents.tried_again(run, one, "unusable")
            if not again or isinstance(made, ev.ChangeApplied):
                return answer, (made,)
            return _unusable(answer, made.reason), ()
        self._edits.clear(one)
        if _tried_again(one, answer, run):
            return answer, ()
        assert answer.reason is not None  # else it would be ok
        failed = ev.ChangeFailed(iteration=one.number, change=one.change, reason=answer.reason)
        return answer, (failed,)

    def _triaged(
        self, one: Iteration, answer: Answer, run: RunState, files: JobPaths
    ) -> tuple[ev.Event, ...]:
        """Take what the agent mended as the next change, or what it said as the reason to give up."""
        if _tried_again(one, answer, run):
            return ()
        action, reason = parse_triage(answer.text)
        if answer.reason is not None:
            action, reason = "discard", answer.reason
        if action == "fix_and_rerun":
            mended = self._examined(one, run, files, change=one.change + 1)
            if isinstance(mended, ev.ChangeApplied) and mended.diff_sha256 != one.diff_sha256:
                triaged = ev.CrashTriaged(
                    iteration=one.number, change=one.change, action="fix_and_rerun", reason=reason
                )
                return (triaged, mended)
            unchanged = why("agent_changed_nothing")
            reason = mended.reason if isinstance(mended, ev.ChangeFailed) else unchanged
        triaged = ev.CrashTriaged(iteration=one.number, change=one.change, action="discard", reason=reason)
        return (triaged,)


def _answered(
    one: Iteration, job: Job, done: JobExit, run: RunState, answer: Answer, *, outcome: str
) -> ev.AgentAnswered:
    failed = outcome == "failed"
    agent = one.review.agent if job.step == "review" else one.agent
    asked = model_of(run.config, agent, job.step)
    usage, prices = priced(answer.usage, answer.model or asked)
    return ev.AgentAnswered(
        iteration=one.number,
        step=job.step,  # type: ignore[arg-type]  # the caller checked
        call=job.number,
        agent=agent,
        outcome=outcome,  # type: ignore[arg-type]
        reason=why("called_back") if outcome == "cancelled" else answer.reason,
        failure=failure(
            answer.failing or Failing(kind="transient"),
            in_a_row=health_of(run, agent, job.step).in_a_row,
            at=moment(done.ended_at),
        )
        if failed
        else None,
        seconds=done.seconds,
        usage=usage,
        output=answer.output,
        session_id=answer.session_id,
        model=answer.model,
        model_asked=asked,
        agent_version=answer.version,
        prices=prices,
        answer_sha256=answer.file_sha256,
    )


def _proposed(one: Iteration, answer: Answer, done: JobExit, run: RunState) -> tuple[ev.Event, ...]:
    if not answer.ok or answer.proposal is None:
        return ()
    beside = left_beside(run, answer.proposal.other, iteration=one.number, agent=one.agent)
    if answer.proposal.status == "need_input":
        asked = _asked(one, answer.proposal.description, done, run)
        return (asked, *(said for said in beside if not isinstance(said, ev.IdeaTaken)))
    chosen = ev.ProposalChosen(
        iteration=one.number,
        source="agent",
        description=answer.proposal.description,
        proposal=answer.proposal,
        received=None,
    )
    return (chosen, *beside)


def _taught(one: Iteration, answer: Answer, run: RunState) -> tuple[ev.Event, ...]:
    """Return what an agent says that a crash taught; nothing where its answer could not be used."""
    lesson = lesson_of(parse_lesson(answer.text)) if answer.ok and run.config.backlog else ""
    return (ev.LessonNoted(iteration=one.number, agent=one.agent, text=lesson),) if lesson else ()


def _reviewed(one: Iteration, answer: Answer, run: RunState) -> tuple[Answer, tuple[ev.Event, ...]]:
    """Take what a reviewer said of a candidate; an answer without a clear verdict is none."""
    if not answer.ok:
        return answer, ()
    found = parse_review(answer.text)
    if isinstance(found, Reason):
        return _unusable(answer, found), ()
    verdict, reasons = found
    agent = one.review.agent
    given = ev.ReviewGiven(
        iteration=one.number,
        agent=agent,
        model=answer.model or model_of(run.config, agent, "review"),
        verdict=verdict,
        reasons=reasons,
    )
    return answer, (given,)


def _if_new(one: Iteration, answer: Answer, run: RunState, timeline: Timeline) -> Answer:
    """Return the answer, as unusable the first time that it proposes what is close to what was tried."""
    proposal = answer.proposal
    if proposal is None or proposal.status != "ok" or not agents.tried_again(run, one, "unusable"):
        return answer
    close = close_to(proposal, timeline.rows)
    if not close:
        return answer
    return _unusable(answer, why("close_to", iterations=" and ".join(map(str, close))))


def _asked(one: Iteration, question: str, done: JobExit, run: RunState) -> ev.QuestionAsked:
    """Return the question of an agent; the run waits once for the answer to the same words."""
    waits = run.config.ask_wait_s > 0 and not still_open(run.questions, question)
    until = moment(done.ended_at) + timedelta(seconds=run.config.ask_wait_s)
    return ev.QuestionAsked(
        iteration=one.number,
        agent=one.agent,
        question=question,
        until=from_epoch(until.timestamp()) if waits else "",
    )


def _file_digest(output: JobOutput) -> str | None:
    """Return the digest of the file that an agent wrote its answer to; None where it cannot be read now."""
    try:
        return digest_of(output.file(ANSWER))
    except OSError:
        return None


def _unusable(answer: Answer, reason: Reason) -> Answer:
    return replace(answer, ok=False, reason=reason, proposal=None, failing=Failing(kind="unusable"))


def _tried_again(one: Iteration, answer: Answer, run: RunState) -> bool:
    return answer.failing is not None and agents.tried_again(run, one, answer.failing.kind)
