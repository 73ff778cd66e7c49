"""How the jobs of a golden run end: as its script says, or well."""

from typing import Any

from attrs import define, evolve, field

from autoresearch.engine.core.agents import tried_again
from autoresearch.engine.core.bookkeeping import open_iteration
from autoresearch.engine.memory.backlog import left_beside
from autoresearch.events import catalog as ev
from autoresearch.events.values import (
    Edit,
    Measured,
    OutputDigest,
    ProgressDigest,
    Proposal,
    Usage,
    why,
)
from autoresearch.projections.run_state import Job, RunState
from tests.golden.script import RETRY_AT, Batch, Script, proposal


OUTPUT = OutputDigest(bytes=7, sha256="5" * 64, tail="the end")
CURVE = tuple((5.0 * part + 2.5, 4.0 - part / 8) for part in range(20))
PROGRESS = ProgressDigest(sha256="6" * 64, lines=20, points=CURVE)
BEHIND = why("fell_behind", percent=40.0, loss=4.125, base_loss=3.125, bound=0.5)
STARTED, ENDED = "2026-03-08T21:00:00.000Z", "2026-03-08T21:05:00.000Z"
PRICES = {"claude": 0.5}  # in USD, a call; of others 0.01
WAITS = ("transient", "limited", "silent")


@define
class ScriptedJobs:
    """The jobs of the run as it stands."""

    script: Script
    run: RunState = field(factory=RunState)

    def end(self, number: int, job: Job, *, cancelled: bool = False) -> Batch:
        """Return how a job ended."""
        if not cancelled and self.is_lost(number, job):
            lost = ev.JobLost(
                iteration=number, step=job.step, number=job.number, reason=why("machine_restarted")
            )
            return (lost,)
        if job.step == "prepare":
            done = ev.PrepareFinished(
                preparation=job.number, ok=True, reason=None, seconds=2.0, output=OUTPUT, made=()
            )
            return (done,)
        if job.step == "evaluate":
            return (self.evaluated(number, job.number),)
        if job.step == "guard":
            return (self.checked_guard(number, job.number),)
        if job.step == "holdout":
            return (self.looked(number, job.number),)
        if job.step == "train":
            return (self.trained(number, job.number, cancelled=cancelled),)
        return self.answered(number, job, cancelled=cancelled)

    def is_lost(self, number: int, job: Job) -> bool:
        """Say whether the script lets this job vanish."""
        if job.step == "prepare":
            return job.number in self.script.preparations_lost
        told = self.script.trainings if job.step == "train" else self.script.calls
        return told.get((number, job.number)) == "lost"

    def trained(self, number: int, training: int, *, cancelled: bool) -> ev.Event:
        """Return how a training ended: with a number, or as the script says."""
        told = self.script.trainings.get((number, training), 2.0 - number / 1000)
        one = open_iteration(self.run, number)
        if one.behind:
            told = "stopped_early"
        elif cancelled:
            return ev.JobLost(iteration=number, step="train", number=training, reason=why("stop_now"))
        if told == "voided":
            return ev.TrainingVoided(
                iteration=number,
                training=training,
                files=("train.py",),
                reason=why("file_changed_while_training", file="train.py", more=0),
                seconds=300.0,
                output=OUTPUT,
            )
        data_id = self.script.data_ids.get(number, "d1")
        scored = isinstance(told, float)
        return ev.TrainingFinished(
            iteration=number,
            training=training,
            outcome="succeeded" if scored else told,  # type: ignore[arg-type]
            reason=None
            if scored
            else BEHIND
            if one.behind
            else why("exit_code_said", "it broke", exit_code=1),
            metric=told if scored else None,  # type: ignore[arg-type]
            exit_code=0 if scored else 1,
            signal=None,
            started_at=STARTED,
            ended_at=ENDED,
            seconds=300.0,
            cpu_seconds=None,
            measured=Measured(peak_vram_mb=1024.0, data_id=data_id),
            also=dict(self.script.also.get(number, {})),
            printed=None,
            output=OUTPUT,
            progress=PROGRESS if self.run.config.stop_losers else None,
        )

    def evaluated(self, number: int, evaluation: int) -> ev.Event:
        """Return how an evaluation ended: with the number that was printed, or as the script says."""
        told = self.script.evaluations.get((number, evaluation), 2.0 - number / 1000)
        if told == "lost":
            lost = why("exit_code_said", "it broke", exit_code=1)
            return ev.JobLost(iteration=number, step="evaluate", number=evaluation, reason=lost)
        scored = isinstance(told, float)
        return ev.EvaluationFinished(
            iteration=number,
            evaluation=evaluation,
            outcome="succeeded" if scored else told,  # type: ignore[arg-type]
            reason=None if scored else why("evaluation_disagrees", metric="val_bpb", printed=1.0, found=2.0),
            metric=told if scored else None,  # type: ignore[arg-type]
            exit_code=0,
            signal=None,
            started_at=STARTED,
            ended_at=ENDED,
            seconds=5.0,
            printed=None,
            output=OUTPUT,
        )

    def checked_guard(self, number: int, check: int) -> ev.Event:
        """Return how the command of a guard ended: well, or as the script says."""
        told = self.script.checks.get((number, check), "holds")
        if told == "lost":
            return ev.JobLost(iteration=number, step="guard", number=check, reason=why("machine_restarted"))
        holds = told == "holds"
        return ev.GuardFinished(
            iteration=number,
            check=check,
            guard=open_iteration(self.run, number).guard_asked,
            holds=holds,
            reason=None if holds else why("exit_code_said", "1 failed", exit_code=1),
            exit_code=0 if holds else 1,
            signal=None,
            started_at=STARTED,
            ended_at=ENDED,
            seconds=5.0,
            output=OUTPUT,
        )

    def looked(self, number: int, look: int) -> ev.Event:
        """Return what a look at the holdout found: a number, or that it broke."""
        told = self.script.looks.get((number, look), 2.0 - number / 1000)
        if told == "lost":
            return ev.JobLost(iteration=number, step="holdout", number=look, reason=why("machine_restarted"))
        scored = isinstance(told, float)
        return ev.HoldoutScored(
            iteration=number,
            keep=open_iteration(self.run, number).measures or 0,
            look=look,
            outcome="succeeded" if scored else told,  # type: ignore[arg-type]
            reason=None if scored else why("exit_code_said", "it broke", exit_code=1),
            metric=told if scored else None,  # type: ignore[arg-type]
            exit_code=0 if scored else 1,
            signal=None,
            started_at=STARTED,
            ended_at=ENDED,
            seconds=5.0,
            output=OUTPUT,
            data="d1",
        )

    def answered(self, number: int, job: Job, *, cancelled: bool) -> Batch:
        """Return what an agent answered, and what comes of it in the same batch."""
        told = "cancelled" if cancelled else self.script.calls.get((number, job.number), "ok")
        one = open_iteration(self.run, number)
        kind = told if told in (*WAITS, "permanent", "unusable") else None
        outcome = "failed" if kind else told if told in ("failed", "cancelled") else "ok"
        reason = {
            "failed": why("agent_silent", agent=one.agent, seconds=120.0),
            "cancelled": why("called_back"),
        }
        answer = ev.AgentAnswered(
            answer_sha256=None,
            iteration=number,
            step=job.step,  # type: ignore[arg-type]
            call=job.number,
            agent=one.review.agent if job.step == "review" else one.agent,
            outcome=outcome,  # type: ignore[arg-type]
            reason=reason.get(outcome),
            failure=ev.AgentFailure(kind=kind, retry_at=RETRY_AT if kind in WAITS else "")  # type: ignore[arg-type]
            if kind
            else None,
            seconds=60.0,
            usage=Usage(cost_usd=PRICES.get(one.agent, 0.01), cost_basis="reported"),
            model_asked="",
            agent_version="",
            prices="",
            output=OUTPUT,
            session_id=None,
            model=None,
        )
        if outcome == "cancelled":
            return (answer,)
        if kind and job.step not in ("propose", "edit") and tried_again(self.run, one, kind):  # type: ignore[arg-type]
            return (answer,)
        match job.step:
            case "propose" | "edit" if told == "questions":
                waits = self.run.config.ask_wait_s > 0 and not self.run.questions
                until = RETRY_AT if waits else ""
                asked = {"agent": one.agent, "question": "the rate, or the depth?", "until": until}
                return answer, ev.QuestionAsked(iteration=number, **asked)
            case "propose" if told == "asks":  # as it was recorded once
                return answer, ev.InputNeeded(iteration=number, question=why("agent_asks", "which one?"))
            case "propose":
                prose = {} if told == "prose" else {"LR": number / 10}
                said = evolve(proposal(number), set=prose)
                if number in self.script.misses:
                    said = evolve(said, set={}, edits=(Edit(file="x", search="a", replace="b"),))
                said = evolve(said, other=dict(self.script.beside.get(number, {})))
                left = left_beside(self.run, said.other, iteration=number, agent="opencode")
                if outcome == "failed":
                    return (answer,)
                return (answer, chosen(number, "agent", said, None), *left)
            case "edit" if outcome == "failed":
                return (answer,)
            case "edit" if told == "form":  # it changed nothing, and said exactly what is to be changed
                return answer, chosen(number, "agent", proposal(number), None)
            case "edit":
                said = evolve(proposal(number), set={})
                return answer, chosen(number, "agent", said, None), self.applied(number, one.change)
            case "apply":
                failed = ev.ChangeFailed(iteration=number, change=one.change, reason=reason["failed"])
                return answer, failed if outcome == "failed" else self.applied(number, one.change)
            case "review":
                return (
                    (answer,) if outcome == "failed" else (answer, _reviewed(number, one.review.agent, told))
                )
            case _:
                return answer, *self.triaged(number, one.change, told, answer)

    def triaged(self, number: int, change: int, told: str, answer: ev.AgentAnswered) -> Batch:
        """Return what an agent made of a crash."""
        if told == "fixed":
            mended = ev.CrashTriaged(
                iteration=number, change=change, action="fix_and_rerun", reason=why("agent_decided", "a typo")
            )
            return mended, self.applied(number, change + 1)
        reason = answer.reason or why("agent_decided", "it cannot work")
        return (ev.CrashTriaged(iteration=number, change=change, action="discard", reason=reason),)

    def applied(self, number: int, change: int) -> ev.Event:
        """Apply a change, or not, as the script says."""
        if number in self.script.failures:
            return ev.ChangeFailed(iteration=number, change=change, reason=why("no_change"))
        return ev.ChangeApplied(
            iteration=number,
            change=change,
            files=("train.py",),
            insertions=1,
            deletions=1,
            diff_sha256=f"{number:032x}{change:032x}",
        )


def chosen(number: int, source: Any, said: Proposal, received: int | None) -> ev.ProposalChosen:
    return ev.ProposalChosen(
        iteration=number,
        source=source,
        description=said.description,
        proposal=said if received is None else None,
        received=received,
        search=int(source == "search" and received is None),
    )


def _reviewed(number: int, agent: str, told: str) -> ev.ReviewGiven:
    """Return what a reviewer said: a pass, or as the script says a veto or a pass with a remark."""
    reasons = ("train.py:7 reads the test text",) if told in ("veto", "remark") else ()
    verdict = "veto" if told == "veto" else "pass"
    return ev.ReviewGiven(iteration=number, agent=agent, model="m1", verdict=verdict, reasons=reasons)  # type: ignore[arg-type]
