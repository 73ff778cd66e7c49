"""Whole runs made by the decider itself, in a world that is a script: no disk, no clock, no chance.

The histories under tests/golden/runs were written by `python -m tests.golden.play`, which never changes one
that is there: they are what a run of format 1 looks like, and every later decider must decide them again.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from attrs import define, evolve, field, fields

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.agents import tried_again, waits_ended
from autoresearch.engine.core.bookkeeping import commit_subject, event_of, open_iteration, proposal_at
from autoresearch.engine.core.decider import decide
from autoresearch.engine.core.keeping import timed_out
from autoresearch.engine.core.limits import SLACK
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.memory.backlog import left_beside, left_by_chosen
from autoresearch.engine.verdicts.early_stop import base_losses, far_behind
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Position, Recorded, chain, envelope, payload, text_field
from autoresearch.events.kinds.candidate_events import Without
from autoresearch.events.log.read import read
from autoresearch.events.metric_spec import AS_BEFORE, MetricSpec
from autoresearch.events.setting import guard_argv
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import (
    OPEN_END,
    Edit,
    Measured,
    OutputDigest,
    Process,
    ProgressDigest,
    Proposal,
    Request,
    Usage,
    why,
)
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import Job, RunState
from autoresearch.projections.words.event_text import line, wording


FOLDER = Path(__file__).parent / "runs"
LINES = Path(__file__).parent / "lines.txt"
MOST = 2000  # events of one run: more is a script that never ends
OUTPUT = OutputDigest(bytes=7, sha256="5" * 64, tail="the end")
CURVE = tuple((5.0 * part + 2.5, 4.0 - part / 8) for part in range(20))
PROGRESS = ProgressDigest(sha256="6" * 64, lines=20, points=CURVE)
BEHIND = why("fell_behind", percent=40.0, loss=4.125, base_loss=3.125, bound=0.5)
BASE, TREE = "b" * 40, "7" * 40
UNTIL, LATER = "2026-03-08T23:00:00.000Z", "2026-03-09T01:00:00.000Z"
STARTED, ENDED = "2026-03-08T21:00:00.000Z", "2026-03-08T21:05:00.000Z"

# The settings of agents as they were before failures had kinds.
AGENTS_BEFORE: dict[str, Any] = {
    "when_agent_fails": "pause",
    "agent_timeout_s": 600.0,
    "agent_idle_s": 120.0,
    "backlog": 0,
}
REVIEWED: dict[str, Any] = {"review_agent": "claude", "when_agent_fails": "search"}
RETRY_AT = "2026-03-08T23:30:00.000Z"
AFFORDED = 4  # calls of agents
PRICES = {"claude": 0.5}  # in USD, a call; of others 0.01
WAITS = ("transient", "limited", "silent")

Batch = tuple[ev.Event, ...]
Say = Callable[[RunState], Batch]  # what somebody says before the next decision, if anything


def nobody(_run: RunState) -> Batch:
    """Say nothing."""
    return ()


@define
class Script:
    """What the world answers: a metric or an outcome for each training, an outcome for each call."""

    config: RunConfig = RunConfig(
        keep_rule="lower", final=0, metric=MetricSpec(pattern=AS_BEFORE), **AGENTS_BEFORE
    )
    requests: tuple[Request, ...] = (Request(loops=3),)
    devices: tuple[str, ...] = ("cpu",)
    classes: tuple[tuple[str, ...], ...] = ()  # of the devices, for each start of a runner; else not known
    setup: tuple[bool, ...] = (True,)  # of each look at the setup
    trainings: Mapping[tuple[int, int], float | str] = field(factory=dict)  # iteration, training
    evaluations: Mapping[tuple[int, int], float | str] = field(factory=dict)
    also: Mapping[int, Mapping[str, float]] = field(factory=dict)  # what it printed beside the metric
    rereads: Mapping[int, float] = field(factory=dict)  # what an iteration's output gives, read again
    looks: Mapping[tuple[int, int], float | str] = field(factory=dict)  # at the holdout: iteration, look
    checks: Mapping[tuple[int, int], str] = field(factory=dict)  # of guards: failed or lost; else it holds
    data_ids: Mapping[int, str] = field(factory=dict)
    data_seen: tuple[str, ...] = ("d1",)  # at each look at the setup
    surroundings: Mapping[int, Mapping[str, str]] = field(factory=dict)  # of the trainings of an iteration
    calls: Mapping[tuple[int, int], str] = field(factory=dict)  # lost, failed, asks, prose ...
    preparations_lost: frozenset[int] = frozenset()
    beside: Mapping[int, Mapping[str, str]] = field(factory=dict)  # of proposals: keys that change nothing
    misses: frozenset[int] = frozenset()  # iterations whose proposal has edits that miss
    failures: frozenset[int] = frozenset()  # iterations whose change does not apply
    rebased: Mapping[int, str] = field(factory=dict)
    same_tree: frozenset[int] = frozenset()
    same_code: Mapping[int, int] = field(factory=dict)  # by iteration: whose code it has, too
    losers: frozenset[int] = frozenset()  # iterations that lie far behind the curve of their base
    human: Say = nobody
    time: Say = nobody  # what the runner's clock makes it note
    slow_checks: bool = False  # everything else ends before the command of a guard
    last_first: bool = False  # of several jobs, the one that was started last ends first


@define
class Player:
    """Plays one script to its end."""

    script: Script
    run: RunState = field(factory=RunState)
    made: list[tuple[str, Batch]] = field(factory=list)
    looks: int = 0
    starts: int = 0

    def play(self) -> list[tuple[str, Batch]]:
        """Return every append of the run: who made it, and its events."""
        script = self.script
        begun = ev.RunStarted(
            run_id="golden-r001",
            branch="autoresearch/golden",
            base_commit=BASE,
            base_tree=TREE,
            config=script.config,
            program_version="0.1.0",
        )
        self.append("cli", begun, *(ev.LoopsRequested(request=one) for one in script.requests))
        self.start_runner()
        while self.run.stopped is None:
            assert self.run.seq < MOST, [type(batch[0]).__name__ for _, batch in self.made[-20:]]
            said = script.human(self.run)
            if said:
                self.append("cli", *said)
                continue
            if fallen := self.fallen_behind():
                self.append("runner", fallen)
                continue
            noted = script.time(self.run)
            if noted:
                self.append("runner", *noted)
                continue
            commands = decide(self.run)
            batch = self.perform(commands[0]) if commands else ()
            if not batch:
                batch = self.ended() or waits_ended(self.run, RETRY_AT) or timed_out(self.run, RETRY_AT)
            assert batch, f"nothing can happen after {self.made[-1]}"
            self.append("runner", *batch)
            if self.run.stopped is not None:
                again = script.human(self.run)
                if again:
                    self.append("cli", *again)
                    self.start_runner()
        return self.made

    def start_runner(self) -> None:
        """Let a runner take the run."""
        process = Process(pid=1, started=1, boot_id="boot")
        unknown = ("",) * len(self.script.devices)
        classes = self.script.classes[self.starts] if self.script.classes else unknown
        self.starts += 1
        self.append(
            "runner",
            ev.RunnerStarted(
                process=process,
                mode="foreground",
                program_version="0.1.0",
                devices=self.script.devices,
                device_classes=classes,
                driver="",
                landlock=0,
            ),
        )

    def append(self, by: str, *events: ev.Event) -> None:
        """Append one batch and fold it."""
        self.made.append((by, events))
        for event in events:
            recorded = Recorded(
                seq=self.run.seq + 1, at=STARTED, by=by, key=None, tx=None, event=event, hash="", end=0
            )
            self.run = RUN.evolve(self.run, recorded)

    def perform(self, command: do.Command) -> Batch:
        """Return the events of one command; none where it only makes something end."""
        run = self.run
        match command:
            case do.CheckSetup():
                return (self.checked(),)
            case do.Prepare():
                return (ev.PrepareStarted(preparation=command.preparation, command=run.config.prepare),)
            case do.ChooseProposal():
                waiting = proposal_at(run, command.received)
                chosen = _chosen(command.iteration, waiting.source, waiting.proposal, command.received)
                return (
                    chosen,
                    *left_by_chosen(run, waiting, iteration=command.iteration),
                )
            case do.ProposeBySearch():
                return (_chosen(command.iteration, "search", _proposal(command.iteration), None),)
            case do.AskForProposal() | do.AskToEdit() | do.AskToApply() | do.AskToTriage() | do.AskToReview():
                return (_asked(command),)
            case do.ApplyProposal():
                if command.mendable:
                    return (_same_fields(ev.ChangeMissed, command, reason=why("edit_of_nothing", file="x")),)
                return (self.applied(command.iteration, command.change),)
            case do.RebaseCandidate():
                return self.rebase(command)
            case do.CommitCandidate() | do.TakeWorktree():
                return (self.committed(command.iteration),)
            case do.StartTraining():
                return (
                    _same_fields(
                        ev.TrainingStarted,
                        command,
                        command=run.config.train,
                        seal="",
                        surroundings=dict(self.script.surroundings.get(command.iteration, {})),
                    ),
                )
            case do.Reread():
                told = self.script.rereads.get(command.iteration)
                outcome = "no_metric" if told is None else "succeeded"
                reason = why("no_line", metric="acc") if told is None else None
                reread = {"outcome": outcome, "reason": reason, "metric": told, "printed": None}
                return (_same_fields(ev.TrainingReread, command, **reread),)
            case do.Evaluate():
                return (_same_fields(ev.EvaluationStarted, command, command=run.config.evaluate),)
            case do.CheckGuard():
                return (_same_fields(ev.GuardStarted, command, command=guard_argv(command.guard)),)
            case do.ScoreHoldout():
                looks = sum(one.metric is not None for one in run.holdout)
                own = {"command": run.config.holdout, "data": "d1", "looks_before": looks}
                return (_same_fields(ev.HoldoutStarted, command, **own),)
            case do.AskForApproval():
                until = RETRY_AT if run.config.approve_wait_s else ""
                return (ev.ApprovalAsked(iteration=command.iteration, until=until),)
            case do.KeepCandidate():
                return (_same_fields(ev.CandidateKept, command, branch_moved=True, branch_note=None),)
            case do.DiscardCandidate():
                return (_same_fields(ev.CandidateDiscarded, command),)
            case do.CancelJob():
                return self.end(command.iteration, _job(run, command), cancelled=True)
            case _:
                return (event_of(command, run),)

    def checked(self) -> ev.SetupChecked:
        """Look at the setup, as the script has it."""
        ok = self.script.setup[min(self.looks, len(self.script.setup) - 1)]
        data_id = self.script.data_seen[min(self.looks, len(self.script.data_seen) - 1)]
        self.looks += 1
        missing = () if ok else (why("check_says", "the tokenizer"),)
        return ev.SetupChecked(
            ok=ok,
            missing=missing,
            preparable=not ok,
            data_id=data_id if ok else None,
            shared=(),
            inputs=(),
            python_path=(),
            interpreter=(),
            interpreter_from="",
            libraries=(),
            versions={},
        )

    def fallen_behind(self) -> ev.Event | None:
        """Let a loser that trains be seen, as far as the rule allows."""
        for one in self.run.open:
            base = base_losses(self.run, one) if one.number in self.script.losers and not one.behind else None
            if base is not None:
                bound = self.run.config.stop_losers
                points = far_behind([(at, loss + 1) for at, loss in CURVE], base, bound)
                return ev.TrainingFellBehind(
                    iteration=one.number, training=one.trainings, bound=bound, points=points
                )
        return None

    def ended(self) -> Batch:
        """End one job: of several, the first or the last that was started."""
        if not self.run.jobs:
            return ()
        jobs = [one for one in self.run.jobs if not (self.script.slow_checks and one[1].step == "guard")]
        number, job = (jobs or self.run.jobs)[-1 if self.script.last_first else 0]
        return self.end(number, job)

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
                said = evolve(_proposal(number), set=prose)
                if number in self.script.misses:
                    said = evolve(said, set={}, edits=(Edit(file="x", search="a", replace="b"),))
                said = evolve(said, other=dict(self.script.beside.get(number, {})))
                left = left_beside(self.run, said.other, iteration=number, agent="opencode")
                if outcome == "failed":
                    return (answer,)
                return (answer, _chosen(number, "agent", said, None), *left)
            case "edit" if outcome == "failed":
                return (answer,)
            case "edit" if told == "form":  # it changed nothing, and said exactly what is to be changed
                return answer, _chosen(number, "agent", _proposal(number), None)
            case "edit":
                said = evolve(_proposal(number), set={})
                return answer, _chosen(number, "agent", said, None), self.applied(number, one.change)
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

    def rebase(self, command: do.RebaseCandidate) -> Batch:
        """Bring a change to another base, as the script says."""
        how = self.script.rebased.get(command.iteration, "reapplied")
        reason = why("merge_conflict", "CONFLICT (content)") if how == "conflict" else None
        told = ev.CandidateRebased(
            iteration=command.iteration,
            change=command.change,
            base_commit=open_iteration(self.run, command.iteration).base_commit,
            commit=command.commit,
            made_on=command.made_on,
            how=how,  # type: ignore[arg-type]
            reason=reason,
        )
        if how in ("reapplied", "merged"):
            return told, self.applied(command.iteration, command.change)
        if how == "conflict" and command.mendable:
            return (told,)
        undone = reason or why("base_has_it")
        return told, ev.ChangeFailed(iteration=command.iteration, change=command.change, reason=undone)

    def committed(self, number: int) -> ev.CandidateCommitted:
        """Commit a change under names that follow from its place."""
        one = open_iteration(self.run, number)
        commit = f"{number:036x}{one.change:04x}"
        best = self.run.best
        tree = best.tree if number in self.script.same_tree and best else commit[::-1]
        said = one.proposal.commit_description if one.proposal else "what stood in the worktree"
        return ev.CandidateCommitted(
            iteration=number,
            change=one.change,
            commit=commit,
            tree=tree,
            base_commit=one.base_commit,
            ref=RunRefs(self.run.run_id).candidate(number, one.change),
            subject=commit_subject(said),
            diff_sha256=one.diff_sha256,
            code_sha256=self.code(number),
            base_code_sha256=self.code(best.iteration if best else 0),
        )

    def code(self, number: int) -> str:
        """Return the digest of the code of an iteration, as the script says."""
        known = self.script.same_code
        return f"{known.get(number, number):064x}" if known else ""


def _proposal(number: int) -> Proposal:
    return Proposal(
        status="ok",
        description=f"rate {number}",
        change_plan=f"set LR to {number / 10}",
        commit_description=f"experiment: rate {number}",
        set={"LR": number / 10},
    )


def _chosen(number: int, source: Any, said: Proposal, received: int | None) -> ev.ProposalChosen:
    return ev.ProposalChosen(
        iteration=number,
        source=source,
        description=said.description,
        proposal=said if received is None else None,
        received=received,
        search=int(source == "search" and received is None),
    )


def _asked(command: do.Asks) -> ev.AgentAsked:
    steps = {
        do.AskForProposal: "propose",
        do.AskToEdit: "edit",
        do.AskToApply: "apply",
        do.AskToTriage: "triage",
        do.AskToReview: "review",
    }
    return ev.AgentAsked(
        iteration=command.iteration,
        step=steps[type(command)],  # type: ignore[arg-type]
        call=command.call,
        agent=command.agent,
        prompt_sha256="9" * 64,
        sandbox="unknown",
    )


def _reviewed(number: int, agent: str, told: str) -> ev.ReviewGiven:
    """Return what a reviewer said: a pass, or as the script says a veto or a pass with a remark."""
    reasons = ("train.py:7 reads the test text",) if told in ("veto", "remark") else ()
    verdict = "veto" if told == "veto" else "pass"
    return ev.ReviewGiven(iteration=number, agent=agent, model="m1", verdict=verdict, reasons=reasons)  # type: ignore[arg-type]


def _same_fields(cls: Any, given: Any, /, **more: Any) -> Any:
    """Return an event with the fields that it shares with its command."""
    names = {one.name for one in fields(cls)}
    shared = {one.name: getattr(given, one.name) for one in fields(type(given)) if one.name in names}
    return cls(**shared, **more)


def _job(run: RunState, command: do.CancelJob) -> Job:
    return next(
        job for number, job in run.jobs if (number, job.number) == (command.iteration, command.number)
    )


def at(*seqs_and_events: tuple[Callable[[RunState], bool], Batch]) -> Say:
    """Say each batch once, when its condition holds of the run for the first time."""
    left = list(seqs_and_events)

    def human(run: RunState) -> Batch:
        for entry in left:
            when, batch = entry
            if when(run):
                left.remove(entry)
                return batch
        return ()

    return human


def received(number: int, *, first: bool = False) -> ev.ProposalReceived:
    """Return a human's proposal."""
    return ev.ProposalReceived(
        source="cli", name="", sha256="1" * 64, dropped_at="", proposal=_proposal(number), first=first
    )


def _answer(run: RunState) -> Batch:
    """Answer the question that was asked first, while iteration 2 trains."""
    if not _trains(2)(run) or run.questions[0].answer:
        return ()
    return (ev.QuestionAnswered(question=run.questions[0].number, answer="the rate"),)


def _withdraws_one(run: RunState) -> Batch:
    """Propose three, the last to be tried first, and withdraw the second."""
    if run.best is None or run.last_iteration > 0:
        return ()
    if not run.waiting:
        return received(8), received(9), received(7, first=True)
    return (ev.ProposalWithdrawn(received=run.waiting[-1].seq),) if len(run.waiting) > 2 else ()


def _idea(number: int, text: str) -> ev.IdeaNoted:
    return ev.IdeaNoted(idea=number, text=text, agent="", iteration=None)


def _memory(text: str) -> ev.MemoryNamed:
    digest = sha256(text.encode()).hexdigest()
    about = {"run_id": "other-r001", "seq": 9, "head": "0" * 64, "metric": "acc", "lower_is_better": False}
    return ev.MemoryNamed(**about, text=text, sha256=digest)


def _without(purpose: Literal["drop", "ablate"], *repeats: int) -> tuple[ev.ProposalReceived, ...]:
    """Return a human's wish to see the best without its first keep, and without its second."""
    return tuple(
        evolve(received(10 + keep), without=Without(keep=keep, purpose=purpose, repeats=repeats))
        for keep in (1, 2)
    )


def _retracted(number: int, *, with_descendants: bool = False) -> ev.ResultRetracted:
    return ev.ResultRetracted(iteration=number, why="the card was shared", with_descendants=with_descendants)


def _trains(number: int) -> Callable[[RunState], bool]:
    return lambda run: any(n == number and job.step == "train" for n, job in run.jobs)


def _asks_about(number: int) -> Callable[[RunState], bool]:
    return lambda run: any(one.number == number and one.approval.waits for one in run.open)


def _prepared_beside_training(run: RunState) -> bool:
    ready = any(one.next_stage == "train" and one.job is None and one.number > 0 for one in run.open)
    return ready and any(job.step == "train" for _, job in run.jobs)


def _ran_out(clock: str, *, needed: int = 0) -> ev.TimeRanOut:
    """Return what a runner notes then; `needed` trainings of five minutes, each with what is around it."""
    now = f"2026-03-08T{clock}:00.000Z"
    left = "too_little" if needed else "none"
    return ev.TimeRanOut(until=UNTIL, now=now, left=left, needed_s=needed * (SLACK * 300.0))


def _done_after(iterations: int) -> Callable[[RunState], bool]:
    return lambda run: run.stopped == "done" and run.completed == iterations


def _retracts_second(run: RunState) -> Batch:
    if run.completed != 2 or run.retracted:
        return ()
    return (ev.ResultRetracted(iteration=2, why="a wrong file", with_descendants=False),)


def _changed_to(config: RunConfig) -> Batch:
    asked = ev.LoopsRequested(request=Request(loops=2))
    return ev.ConfigChanged(config=config, changed=("training_budget",)), asked


def _failed(run: RunState) -> bool:
    return run.stopped == "baseline_failed"


PLAIN = RunConfig(
    keep_rule="lower",
    final=0,
    check=(),
    prepare=(),
    protected=(),
    metric=MetricSpec(pattern=AS_BEFORE),
    **AGENTS_BEFORE,
)
_NAMED = evolve(PLAIN, metric=MetricSpec(name="acc", pattern="(.)", lower_is_better=False))
_metric_named: Batch = (ev.ConfigChanged(config=_NAMED, changed=("metric",)), ev.RunResumed())
AGENT = Request(loops=3, agent="opencode")
LOOP_ONLY: Any = ("loop",)


def scripts() -> dict[str, Script]:
    """Return every golden run's script by its name."""
    resume = (ev.RunResumed(),)
    more = (ev.LoopsRequested(request=Request(loops=2)),)
    return {
        "search": Script(
            config=PLAIN,
            requests=(Request(loops=6),),
            trainings={(1, 1): 1.5, (2, 1): 1.6, (3, 1): 1.5, (4, 1): "crashed", (5, 1): "timed_out"},
        ),
        "voided-and-tampered": Script(
            config=PLAIN,
            requests=(Request(loops=3),),
            trainings={(0, 1): "voided", (1, 1): "voided", (2, 1): "voided", (2, 2): "tampered"},
        ),
        "evaluated": Script(
            config=evolve(PLAIN, evaluate=("{python}", "evaluate.py")),
            requests=(Request(loops=4, prefetch=1),),
            trainings={(1, 1): 1.5, (2, 1): 1.4},  # what they print, and what is found
            evaluations={(1, 1): 1.5, (2, 1): "lost", (2, 2): 1.4, (3, 1): "tampered"},
        ),
        "evaluated-in-two-slots": Script(
            config=evolve(PLAIN, evaluate=("{python}", "evaluate.py"), slots=2),
            requests=(Request(loops=4, prefetch=2),),
        ),
        "higher-is-better": Script(
            config=evolve(PLAIN, metric=MetricSpec(name="acc", pattern="(.)", lower_is_better=False)),
            trainings={(0, 1): 0.5, (1, 1): 0.6, (2, 1): 0.6, (3, 1): 0.4},
        ),
        "guarded": Script(  # of two that are better one takes too much memory
            config=evolve(PLAIN, metrics=("tokens_per_s",), guards=("peak_vram_mb < 60000",)),
            trainings={(0, 1): 2.0, (1, 1): 1.5, (2, 1): 1.75, (3, 1): 1.875},
            also={
                0: {"peak_vram_mb": 61000.0},
                1: {"peak_vram_mb": 60000.0, "tokens_per_s": 1000.0},
                2: {"peak_vram_mb": 59999.0, "tokens_per_s": 900.0},
                3: {"peak_vram_mb": 70000.0},
            },
        ),
        "guarded-by-commands": Script(  # the first check is lost; the second candidate fails its second guard
            config=evolve(PLAIN, guards=("tests: pytest -q", "peak_vram_mb < 60000", "lint: ruff check .")),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (2, 1): 1.5, (3, 1): 1.875},
            also={number: {"peak_vram_mb": 100.0} for number in range(4)},
            checks={(1, 1): "lost", (2, 2): "failed"},
        ),
        "approved-and-vetoed": Script(  # the third waits in vain; nothing is trained before that
            config=evolve(PLAIN, approve="human", prefetch=1),
            requests=(Request(loops=5, prefetch=1),),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (2, 1): 1.5, (3, 1): 1.625, (4, 1): 1.875, (5, 1): 1.5},
            human=at(
                (_asks_about(1), (ev.CandidateApproved(iteration=1),)),
                (_asks_about(2), (ev.CandidateVetoed(iteration=2, why="it reads the test text"),)),
                (_asks_about(5), (ev.CandidateApproved(iteration=5),)),
            ),
        ),
        "reviewed-before-training": Script(  # a lost review is asked for again; the last can be had no more
            config=evolve(PLAIN, **REVIEWED, review="before-training"),
            requests=(Request(loops=7, agent="opencode", prefetch=1),),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (3, 1): "crashed", (6, 1): 1.5},
            calls={
                (2, 2): "veto",
                (3, 2): "lost",
                (3, 4): "fixed",
                (4, 2): "unusable",
                (4, 3): "unusable",
                (5, 2): "transient",
                (6, 2): "remark",
                (7, 2): "permanent",
            },
        ),
        "reviewed-before-keep": Script(  # the next is trained meanwhile
            config=evolve(PLAIN, **REVIEWED, review="before-keep", approve="human", not_approved="keep"),
            requests=(Request(loops=6, prefetch=1),),
            trainings={(0, 1): 2.0, **{(number, 1): 2.0 - number / 8 for number in range(1, 7)}, (5, 1): 2.0},
            calls={(2, 1): "veto", (4, 1): "limited"},
            last_first=True,
        ),
        "reviewed-in-two-slots": Script(  # what is reviewed may be beaten meanwhile
            config=evolve(PLAIN, **REVIEWED, review="before-keep"),
            requests=(Request(loops=6, prefetch=1),),
            devices=("0", "1"),
            trainings={(0, 1): 2.0, **{(number, 1): 2.0 - number / 8 for number in range(1, 7)}, (3, 1): 1.9},
            last_first=True,
        ),
        "review-waited-for": Script(  # until it can be had, however long that takes
            config=evolve(PLAIN, **REVIEWED, review="before-keep", review_when_unavailable="wait"),
            requests=(Request(loops=3, prefetch=1),),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (2, 1): 1.5, (3, 1): 1.25},
            calls={(1, 1): "limited", (1, 2): "permanent", (2, 1): "unusable", (2, 2): "unusable"},
            human=at(
                (
                    lambda run: any(one.needs_human for one in run.agents) and not run.jobs,
                    (ev.RunResumed(),),
                )
            ),
        ),
        "review-beyond-the-budget": Script(  # what is trained is kept without, and nothing new is begun
            config=evolve(PLAIN, **REVIEWED, review="before-keep"),
            requests=(Request(loops=9, prefetch=1, max_cost_usd=0.02),),
            trainings={(0, 1): 2.0, **{(number, 1): 2.0 - number / 8 for number in range(1, 10)}},
            last_first=True,
        ),
        "review-by-nobody": Script(  # there is no agent
            config=evolve(PLAIN, **(REVIEWED | {"review_agent": ""}), review="before-training"),
            requests=(Request(loops=1),),
        ),
        "kept-without-a-word": Script(
            config=evolve(PLAIN, approve="human", not_approved="keep"),
            requests=(Request(loops=2),),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (2, 1): 1.5},
        ),
        "guarded-beside": Script(  # what is ready is not trained before the verdict that waits for the check
            config=evolve(PLAIN, guards=("tests: pytest -q",), prefetch=1),
            requests=(Request(loops=4, prefetch=1),),
            devices=("0", "1"),
            trainings={(0, 1): 2.0, (1, 1): 1.75, (2, 1): 2.5, (3, 1): 1.5},
            slow_checks=True,
        ),
        "reads-again": Script(  # the metric was named wrong; the baseline is not trained a second time
            config=evolve(PLAIN, metric=MetricSpec(name="acc", pattern="(x)", lower_is_better=False)),
            requests=(Request(loops=1),),
            trainings={(0, 1): "no_metric", (1, 1): 0.625},
            rereads={0: 0.5},
            human=at((_failed, _metric_named)),
        ),
        "reads-again-in-vain": Script(  # and is trained when somebody resumes once more
            config=evolve(PLAIN, metric=MetricSpec(name="acc", pattern="(x)", lower_is_better=False)),
            requests=(Request(loops=1),),
            trainings={(0, 1): "no_metric", (0, 2): 0.5, (1, 1): 0.625},
            human=at((_failed, _metric_named), (_failed, (ev.RunResumed(),))),
        ),
        "known-code": Script(  # an agent's third answer from the log gives the search its turn
            config=PLAIN,
            requests=(Request(loops=4, agent="opencode"),),
            trainings={(0, 1): 2.0, (1, 1): 1.5, (2, 1): 1.75, (6, 1): 1.25, (7, 1): 1.0},
            same_code={3: 2, 4: 1, 5: 0},
        ),
        "known-code-retracted": Script(
            config=PLAIN,
            trainings={(0, 1): 2.0, (1, 1): 1.5, (2, 1): 1.75, (3, 1): 1.75},
            same_code={3: 2},
            human=_retracts_second,
        ),
        "holdout": Script(  # a look is lost, and one breaks, which the final mends when it is asked for again
            config=evolve(
                PLAIN, keep_rule="climb", seed_env="SEED", baseline_repeats=2, holdout=("score.py",)
            ),
            requests=(Request(loops=1, final=2),),
            trainings={(0, 1): 2.0, (0, 2): 2.5, (1, 1): 1.5},
            looks={(2, 1): "lost", (2, 2): 1.5, (3, 1): "crashed"},
            human=at((_done_after(1), (ev.LoopsRequested(request=Request(loops=0, final=1)),))),
        ),
        "losers-stopped": Script(  # one of the best's base, and one of the new best's
            config=evolve(PLAIN, stop_losers=0.5),
            requests=(Request(loops=4, agent="opencode", prefetch=1),),
            trainings={(0, 1): 2.0, (2, 1): 1.5, (4, 1): 1.25},
            losers=frozenset({1, 3}),
        ),
        "min-delta": Script(
            config=evolve(PLAIN, keep_rule="min-delta:0.25"),
            requests=(Request(loops=5),),
            trainings={(0, 1): 2.0, (1, 1): 1.9, (2, 1): 1.75, (3, 1): 1.5, (4, 1): 1.25, (5, 1): 1.3},
        ),
        "climb": Script(  # 2.0, 2.5, 3.0 of the baseline: a gain of 0.25 is needed on the first seed
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED"),
            requests=(Request(loops=4, prefetch=1),),
            trainings={
                (0, 1): 2.0,
                (0, 2): 2.5,
                (0, 3): 3.0,
                (1, 1): 1.9,
                (2, 1): 1.5,
                (3, 1): "lost",
                (3, 2): 1.3,
                (4, 1): 1.2,
            },
        ),
        "climb-without-seeds": Script(
            config=evolve(PLAIN, keep_rule="climb"),
            requests=(Request(loops=2),),
            trainings={(0, 1): 2.0, (0, 2): 2.5, (0, 3): 3.0, (1, 1): 1.9, (2, 1): 1.5},
        ),
        "climb-on-other-data": Script(  # iteration 3 measures the best there, on the one seed that counts
            config=evolve(PLAIN, keep_rule="climb:0.5", seed_env="SEED", baseline_repeats=2),
            requests=(Request(loops=3),),
            data_ids={2: "d2", 3: "d2", 4: "d2"},
            trainings={(0, 1): 2.0, (0, 2): 2.5, (2, 1): 1.0, (3, 1): 1.75, (4, 1): 0.75},
        ),
        "confirm": Script(  # the base is measured in the repeats that it lacks
            config=evolve(PLAIN, keep_rule="confirm", seed_env="SEED", noise=0.125),
            requests=(Request(loops=3, prefetch=1),),
            trainings={
                (0, 1): 2.0,
                (1, 1): 1.25,
                (1, 2): "lost",
                (1, 3): 1.25,
                (3, 1): 2.0,
                (2, 1): 1.0,
                (2, 2): 1.0,
                (2, 3): 1.0,
                (4, 1): "crashed",
                (5, 1): 1.25,
            },
        ),
        "final": Script(  # repeats 4 and 5 are fresh; asked for again, 6 is
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED"),
            requests=(Request(loops=2, prefetch=1, final=2),),
            trainings={
                (0, 1): 2.0,
                (0, 2): 2.5,
                (0, 3): 3.0,
                (1, 1): 1.5,
                (2, 1): 1.75,
                (3, 1): "lost",
                (3, 2): 1.5,
                (3, 3): 1.75,
                (4, 1): 2.25,
                (4, 2): 2.0,
                (5, 1): 1.5,
                (6, 1): 2.5,
            },
            human=at((_done_after(2), (ev.LoopsRequested(request=Request(loops=0, final=1)),))),
        ),
        "consolidate": Script(  # on repeat 2 a keep is doubtful, on 4 and 5 it is confirmed
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.25),
            requests=(Request(loops=2, prefetch=1, final=1, consolidate=1),),
            trainings={
                (0, 1): 3.0,
                (1, 1): 2.0,
                (2, 1): 1.5,
                (3, 1): 1.75,
                (4, 1): "lost",
                (4, 2): 2.0,
                (5, 1): 3.5,
                (6, 1): 1.5,
                (7, 1): 3.0,
                (8, 1): 1.75,
                (8, 2): 1.5,
                (9, 1): 2.5,
                (9, 2): 2.5,
                (10, 1): 3.0,
                (10, 2): 3.25,
            },
            human=at((_done_after(2), (ev.LoopsRequested(request=Request(loops=0, consolidate=2)),))),
        ),
        "step-by-step": Script(  # the verdict that docs/belief.md takes apart: numbers of bench/bank
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", baseline_repeats=5),
            requests=(Request(loops=1, final=3),),
            trainings={
                (0, 1): 1.605773,
                (0, 2): 1.605847,
                (0, 3): 1.603449,
                (0, 4): 1.609119,
                (0, 5): 1.604932,
                (1, 1): 1.597864,
                (2, 1): 1.591454,
                (2, 2): 1.601028,
                (2, 3): 1.597917,
                (3, 1): 1.599099,
                (3, 2): 1.607879,
                (3, 3): 1.604371,
            },
        ),
        "taken-out": Script(  # without 1 it is worse, without 2 it is not; each alone; then an idea
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.25),
            requests=(Request(loops=2, final=1, consolidate=1),),
            trainings={
                (0, 1): 3.0,
                (1, 1): 2.0,
                (2, 1): 1.5,
                (3, 1): 2.0,
                (4, 1): 2.25,
                (5, 1): 2.5,
                (6, 1): 2.0,
                (7, 1): 3.0,
                (8, 1): 2.5,
                (8, 2): "lost",
                (8, 3): 2.75,
                (9, 1): 1.75,
                (9, 2): 2.0,
                (10, 1): 1.75,
                (10, 2): 2.0,
            },
            human=at(
                (_done_after(2), (*_without("drop", 5, 6), ev.LoopsRequested(request=Request(loops=2)))),
                (_done_after(4), (*_without("ablate", 7), ev.LoopsRequested(request=Request(loops=2)))),
                (_done_after(6), (ev.LoopsRequested(request=Request(loops=1)),)),
            ),
        ),
        "taken-out-of-what-was-best": Script(  # both are trained at once, and one of them is kept first
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.25),
            devices=("0", "1"),
            requests=(Request(loops=2, consolidate=1),),
            trainings={(0, 1): 3.0, (1, 1): 2.0, (2, 1): 1.5, (3, 1): 2.0, (4, 1): 2.25, (5, 1): 2.5},
            human=at(
                (_done_after(2), (*_without("drop", 5), ev.LoopsRequested(request=Request(loops=2)))),
            ),
        ),
        "final-on-two-cards": Script(  # of the kind that the best was measured on last
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.125),
            devices=("0", "1"),
            classes=(("L4", "H100"),),
            requests=(Request(loops=3, prefetch=1, final=1),),
            trainings={(1, 1): 1.0, (2, 1): 1.5, (3, 1): 1.75},
        ),
        "no-final": Script(  # the baseline is the best; then its seeds all give the same
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED"),
            requests=(Request(loops=1, final=2),),
            trainings={(0, 1): 2.0, (0, 2): 2.0, (0, 3): 2.0, (1, 1): 2.5, (2, 1): 1.5},
            human=at((_done_after(1), (ev.LoopsRequested(request=Request(loops=1, final=2)),))),
        ),
        "confirm-on-the-other-card": Script(  # where its first repeat was trained
            config=evolve(PLAIN, keep_rule="confirm", seed_env="SEED"),
            devices=("0", "1"),
            classes=(("L4", "H100"),),
            requests=(Request(loops=1),),
            trainings={(0, 1): 2.0, (0, 2): 2.25, (0, 3): 2.125, (1, 1): 1.5, (1, 2): 1.5, (1, 3): 1.5},
        ),
        "confirm-on-two-cards": Script(
            config=evolve(PLAIN, keep_rule="confirm", seed_env="SEED"),
            devices=("0", "1"),
            classes=(("L4", "H100"),),
            requests=(Request(loops=3, prefetch=1),),
            trainings={(0, 1): 2.0, (0, 2): 2.25, (0, 3): 2.125, (1, 1): 1.0, (1, 2): 1.0, (2, 1): 1.5},
        ),
        "min-percent": Script(
            config=evolve(PLAIN, keep_rule="min-percent:10"),
            requests=(Request(loops=3),),
            trainings={(0, 1): 20.0, (1, 1): 18.0, (2, 1): 17.75, (3, 1): 16.0},
        ),
        "other-data-and-same-code": Script(  # iteration 3 measures the best once more, and not on d2
            config=PLAIN,
            requests=(Request(loops=4),),
            data_ids={2: "d2", 5: "d2"},
            same_tree=frozenset({4}),
            trainings={(3, 1): 2.5},
        ),
        "other-versions": Script(  # 1 differs where nothing is compared, 2 where it is; 3 measures the best
            config=PLAIN,
            requests=(Request(loops=3),),
            surroundings={
                0: {"torch": "2.6.0", "driver": "550.1"},
                1: {"torch": "2.6.0", "driver": "560.9", "threads": "4"},
                **{n: {"torch": "2.7.0", "driver": "560.9", "threads": "4"} for n in (2, 3, 4)},
            },
            trainings={(2, 1): 1.0, (3, 1): 0.9, (4, 1): 0.95},
        ),
        "best-measured-again": Script(
            config=PLAIN,
            requests=(Request(loops=4),),
            data_ids={2: "d2", 3: "d2", 4: "d2"},
            trainings={(3, 1): 1.0},
        ),
        "best-measured-again-fails": Script(
            config=PLAIN,
            data_seen=("d1", "d2"),
            requests=(Request(loops=2),),
            data_ids={2: "d2", 3: "d2"},
            trainings={(3, 1): "lost", (3, 2): "crashed", (3, 3): 1.9},
            human=at((lambda run: run.stopped == "baseline_failed", resume)),
        ),
        "settings-changed-and-back": Script(
            config=PLAIN,
            trainings={(1, 1): 3.0, (2, 1): 3.0, (3, 1): 0.3, (4, 1): 0.4, (5, 1): 0.5, (6, 1): 3.0},
            requests=(Request(loops=2),),
            human=at(
                (_done_after(2), _changed_to(evolve(PLAIN, training_budget="3000"))),
                (_done_after(4), _changed_to(PLAIN)),
            ),
        ),
        "settings-changed-while-training": Script(
            config=PLAIN,
            requests=(Request(loops=3),),
            human=at((_trains(1), _changed_to(evolve(PLAIN, training_budget="3000"))[:1])),
        ),
        "retracted": Script(  # the best, while one trains on it and another is prepared; then what is no keep
            config=PLAIN,
            requests=(Request(loops=6, prefetch=1),),
            trainings={(1, 1): 1.9, (2, 1): 1.5, (3, 1): 1.8, (4, 1): 1.85, (5, 1): 1.7},
            human=at(
                (lambda run: _trains(3)(run) and _prepared_beside_training(run), (_retracted(2),)),
                (_done_after(6), (_retracted(1), _retracted(4), *more)),
            ),
        ),
        "retracted-with-what-stands-on-it": Script(
            config=evolve(PLAIN, slots=2),
            requests=(Request(loops=7, prefetch=1),),
            trainings={(1, 1): 1.9, (2, 1): 1.85, (3, 1): 1.8, (4, 1): 1.7, (5, 1): 1.6, (6, 1): 1.5},
            human=at((_trains(6), (_retracted(2, with_descendants=True),))),
        ),
        "retracted-while-measured-again": Script(
            config=PLAIN,
            requests=(Request(loops=4),),
            data_ids={2: "d2", 3: "d2", 4: "d2", 5: "d2"},
            trainings={(1, 1): 1.5, (4, 1): 1.2},
            human=at((_trains(3), (_retracted(1),))),
        ),
        "retracted-since-it-cannot-be-measured-again": Script(
            config=PLAIN,
            data_seen=("d1", "d2"),
            requests=(Request(loops=3),),
            data_ids={2: "d2", 4: "d2", 5: "d2"},
            trainings={(3, 1): "crashed"},
            human=at((lambda run: run.stopped == "baseline_failed", (_retracted(1), *resume))),
        ),
        "another-card": Script(
            config=PLAIN,
            devices=("0",),
            classes=(("L4",), ("H100",), ("L4",)),
            trainings={(1, 1): 1.5, (2, 1): 0.9, (3, 1): 0.5, (4, 1): 0.4, (5, 1): 1.0, (6, 1): 1.6},
            requests=(Request(loops=1),),
            human=at((_done_after(1), more), (_done_after(3), more)),
        ),
        "settings-changed-before-a-verdict": Script(  # which the best of then has no number under
            config=PLAIN,
            devices=("0", "1"),
            last_first=True,
            requests=(Request(loops=0),),
            trainings={(2, 1): 0.5, (3, 1): 0.8, (1, 1): 0.1},
            human=at(
                (_done_after(0), more),
                (_trains(1), _changed_to(evolve(PLAIN, training_budget="3000"))[:1]),
            ),
        ),
        "the-other-kind-of-card": Script(
            config=PLAIN, devices=("0", "1"), classes=(("L4", "H100"),), requests=(Request(loops=1),)
        ),
        "two-kinds-of-cards": Script(
            config=PLAIN,
            devices=("0", "1"),
            classes=(("L4", "H100"),),
            requests=(Request(loops=5, prefetch=1),),
            trainings={(3, 1): 1.9, (4, 1): 1.8, (5, 1): 1.7},
        ),
        "prepares": Script(setup=(False, True), requests=(Request(loops=1),), trainings={(1, 1): 1.5}),
        "setup-never-ready": Script(
            setup=(False, False, False, True),
            requests=(Request(loops=1),),
            human=at((lambda run: run.stopped == "setup_incomplete", resume)),
        ),
        "not-to-be-prepared": Script(setup=(False,), requests=(Request(loops=1, auto_prepare=False),)),
        "baseline-fails-then-not": Script(
            config=PLAIN,
            requests=(Request(loops=1),),
            trainings={(0, 1): "crashed"},
            human=at((lambda run: run.stopped == "baseline_failed", resume)),
        ),
        "agent-proposes-and-applies": Script(
            config=PLAIN,
            requests=(AGENT,),
            calls={(1, 1): "prose", (2, 1): "prose", (2, 2): "failed"},
            trainings={(1, 1): 1.5, (3, 1): 1.4},
        ),
        "agent-rests": Script(  # it is asked again at once, after a wait, or not at all
            config=evolve(PLAIN, when_agent_fails="search"),
            requests=(Request(loops=5, agent="opencode"),),
            calls={
                (1, 1): "limited",
                (2, 1): "unusable",
                (2, 2): "unusable",
                (3, 1): "prose",
                (3, 2): "transient",
                (4, 1): "prose",
                (4, 2): "unusable",
                (4, 3): "unusable",
                (5, 1): "permanent",
            },
            human=at(
                (
                    lambda run: run.stopped == "done",
                    (*resume, ev.LoopsRequested(request=evolve(AGENT, loops=1))),
                )
            ),
            time=at(
                (
                    lambda run: run.completed == 1 and run.agents[0].rests,
                    (ev.WaitEnded(agent="opencode", until=RETRY_AT, now=RETRY_AT),),
                )
            ),
        ),
        "agents-take-turns": Script(  # one that rests is passed over, and carries out what it proposed
            config=evolve(PLAIN, when_agent_fails="search"),
            requests=(Request(loops=7, agent="opencode", others=("claude:opus", "search")),),
            calls={
                (1, 1): "limited",
                (3, 1): "unusable",
                (3, 2): "unusable",
                (4, 1): "prose",
                (4, 2): "unusable",
                (5, 1): "prose",
                (5, 2): "limited",
                (6, 1): "questions",
                (6, 2): "permanent",
            },
            trainings={(2, 1): "crashed"},
            time=at(
                (
                    lambda run: run.completed == 2 and run.agents[-1].rests,
                    (ev.WaitEnded(agent="opencode", until=RETRY_AT, now=RETRY_AT),),
                )
            ),
        ),
        "agents-by-gain": Script(  # a dear one, and a cheap one whose changes are kept
            config=evolve(PLAIN, when_agent_fails="search", agent_turns="by-gain"),
            requests=(Request(loops=9, agent="claude", others=("opencode",), prefetch=1),),
            trainings={
                (number, 1): metric
                for number, metric in enumerate((2.0, 2.1, 1.9, 2.2, 1.8, 1.9, 1.7, 1.65, 1.9, 1.6))
            },
        ),
        "agent-rests-over-a-conflict": Script(  # which only it could mend
            config=evolve(PLAIN, when_agent_fails="search"),
            requests=(Request(loops=3, agent="opencode", prefetch=2),),
            trainings={(1, 1): 1.0},
            rebased={2: "conflict"},
            calls={(3, 1): "limited"},
            last_first=True,
        ),
        "agent-makes-what-missed": Script(  # it carries out the plan; of 2 it fails to; 3 has nobody to do it
            config=evolve(PLAIN, when_agent_fails="search"),
            requests=(AGENT,),
            misses=frozenset({1, 2, 3}),
            calls={(2, 2): "unusable", (2, 3): "permanent"},
        ),
        "agent-mends": Script(
            config=PLAIN,
            requests=(AGENT,),
            trainings={
                (1, 1): "crashed",
                (1, 2): 1.4,
                (2, 1): "crashed",
                (2, 2): "crashed",
                (2, 3): "crashed",
                (3, 1): "crashed",
            },
            calls={(1, 2): "fixed", (2, 2): "fixed", (2, 3): "fixed", (3, 2): "given_up"},
        ),
        "agent-fails-in-a-row": Script(
            config=PLAIN,
            requests=(evolve(AGENT, loops=4),),
            calls={(1, 1): "failed", (2, 1): "failed", (3, 1): "failed"},
            human=at((lambda run: run.paused is not None, (ev.RunUnpaused(),))),
        ),
        "agent-fails-now-and-then": Script(
            config=PLAIN,
            requests=(evolve(AGENT, loops=5),),
            calls={(1, 1): "failed", (2, 1): "failed", (4, 1): "failed", (5, 1): "failed"},
        ),
        "training-lost-in-a-row": Script(
            config=PLAIN,
            requests=(Request(loops=1),),
            trainings={(1, 1): "lost", (1, 2): "lost", (1, 3): "lost", (1, 4): 1.2},
            human=at((lambda run: run.paused is not None, (ev.RunUnpaused(),))),
        ),
        "agent-lost": Script(
            config=PLAIN,
            requests=(evolve(AGENT, loops=2),),
            calls={(1, 1): "lost", (1, 2): "prose", (1, 3): "lost", (1, 5): "lost", (1, 6): "fixed"},
            trainings={(1, 1): "crashed", (1, 2): 1.2},
        ),
        "preparation-lost-in-a-row": Script(
            setup=(False, True),
            requests=(Request(loops=1),),
            preparations_lost=frozenset({1, 2, 3}),
            human=at((lambda run: run.paused is not None, (ev.RunUnpaused(),))),
        ),
        "agent-asks": Script(
            config=PLAIN,
            requests=(AGENT,),
            calls={(2, 1): "asks"},
            human=at((lambda run: run.need_input is not None, (received(7),))),
        ),
        "ideas-for-later": Script(  # 1 leaves two and a lesson, 2 takes up the one that a human left
            config=evolve(PLAIN, backlog=3),
            requests=(AGENT,),
            beside={
                1: {"ideas": '["deeper", "wider", "both"]', "lesson": '"the rate is too high"'},
                2: {"idea": "1", "ideas": '["wider", "slower"]'},
            },
            human=at(
                (lambda run: run.best is not None, (_idea(1, "a warm-up"),)),
                (_trains(1), (_memory("kept: 1  +0.5"),)),
                (_trains(1), (ev.IdeaPutFirst(idea=3),)),
                (_trains(2), (ev.IdeaDropped(idea=2),)),
            ),
        ),
        "agent-questions": Script(  # 1 asks and proposes, 2 only asks; 3 has the answer
            config=PLAIN,
            requests=(AGENT,),
            calls={(1, 1): "questions", (2, 1): "questions"},
            human=_answer,
        ),
        "agent-questions-with-a-wait": Script(  # which is over before anybody answers
            config=evolve(PLAIN, ask_wait_s=600.0),
            requests=(evolve(AGENT, loops=2),),
            calls={(1, 1): "questions", (1, 2): "questions"},
        ),
        "agent-edits": Script(  # a question, a failure, an exact form, and a crash that it mends
            config=evolve(PLAIN, agent_mode="edit", when_agent_fails="search", prefetch=1),
            requests=(evolve(AGENT, loops=5, prefetch=1),),
            trainings={(1, 1): 1.5, (2, 1): "crashed", (2, 2): 1.25, (3, 1): 1.75, (4, 1): 1.125},
            calls={(1, 1): "questions", (3, 1): "unusable", (4, 1): "form", (5, 1): "lost", (2, 2): "fixed"},
        ),
        "human-first": Script(
            config=PLAIN,
            requests=(Request(loops=2),),
            human=at(
                (lambda run: run.best is not None, (received(8), received(9))),
                (_trains(2), (ev.NoteAdded(text="remember"),)),
            ),
        ),
        "human-first-and-withdrawn": Script(
            config=PLAIN,
            requests=(Request(loops=2),),
            human=_withdraws_one,
        ),
        "prefetch-with-keeps": Script(
            config=PLAIN,
            requests=(Request(loops=6, prefetch=1),),
            trainings={(1, 1): 1.5, (2, 1): 1.6, (3, 1): 1.4, (4, 1): 1.3, (5, 1): 1.45, (6, 1): 1.2},
            rebased={4: "merged", 5: "empty", 6: "conflict"},
            last_first=False,
        ),
        "prefetch-deferred": Script(
            config=PLAIN,
            requests=(Request(loops=3, prefetch=1),),
            human=at((_prepared_beside_training, (received(9),))),
        ),
        "prefetch-agent-conflict": Script(
            config=PLAIN,
            requests=(evolve(AGENT, loops=3, prefetch=1),),
            trainings={(1, 1): 1.5},
            rebased={2: "conflict"},
            last_first=True,
        ),
        "human-calls-the-agent-back": Script(
            config=PLAIN,
            requests=(evolve(AGENT, loops=2),),
            human=at(
                (
                    lambda run: any(n == 1 and job.step == "propose" for n, job in run.jobs),
                    (received(5),),
                )
            ),
        ),
        "two-slots": Script(
            config=evolve(PLAIN, slots=2),
            requests=(Request(loops=5, prefetch=1),),
            trainings={(1, 1): 1.9, (2, 1): 1.8, (3, 1): 1.85, (4, 1): 1.7},
            last_first=True,
        ),
        "three-devices": Script(
            config=PLAIN, requests=(Request(loops=4),), devices=("0", "1", "2"), last_first=True
        ),
        "only-some-stages": Script(
            config=PLAIN,
            requests=(
                Request(loops=0, stages=("setup", "baseline")),
                Request(loops=1, stages=LOOP_ONLY, loop_stages=("propose", "apply", "commit")),
                Request(loops=1, stages=LOOP_ONLY, loop_stages=("train", "record", "decide")),
                Request(loops=1, stages=LOOP_ONLY, loop_stages=("apply",)),
            ),
            trainings={(1, 1): "crashed"},
        ),
        "crash-without-triage": Script(
            config=PLAIN,
            requests=(
                Request(loops=0),
                Request(loops=1, loop_stages=("propose", "apply", "commit", "train", "record", "decide")),
            ),
            trainings={(1, 1): "crashed"},
        ),
        "not-applied": Script(config=PLAIN, failures=frozenset({1, 3})),
        "paused-by-a-human": Script(
            config=PLAIN,
            human=at(
                (_trains(1), (ev.RunPaused(reason=why("human", "lunch")),)),
                (lambda run: run.paused is not None and not run.jobs, (ev.RunUnpaused(),)),
            ),
        ),
        "no-setup-allowed": Script(setup=(False,), requests=(Request(loops=1, stages=("baseline", "loop")),)),
        "agent-prefetches-two": Script(
            config=PLAIN, requests=(evolve(AGENT, prefetch=2),), calls={(2, 1): "prose"}
        ),
        "agent-asks-while-prefetching": Script(
            config=PLAIN,
            requests=(evolve(AGENT, prefetch=1),),
            calls={(2, 1): "asks"},
            last_first=True,
            human=at((lambda run: run.need_input is not None and not run.jobs, (received(7),))),
        ),
        "paused-while-prefetching": Script(
            config=PLAIN,
            requests=(Request(loops=2, prefetch=1),),
            human=at(
                (_trains(1), (ev.RunPaused(reason=why("human", "lunch")),)),
                (lambda run: run.paused is not None and not run.jobs, (ev.RunUnpaused(),)),
            ),
        ),
        "stopped-while-prefetching": Script(
            config=PLAIN,
            requests=(Request(loops=2, prefetch=1),),
            human=at(
                (_trains(1), (ev.StopRequested(now=False),)),
                (lambda run: run.stopped == "stopped", resume),
            ),
        ),
        "until": Script(  # the gain is measured before the time is up; iteration 4 is not begun
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.125),
            requests=(Request(loops=OPEN_END, prefetch=1, final=1, until=UNTIL),),
            trainings={(1, 1): 1.0, (2, 1): 1.5, (3, 1): 1.75},
            time=at((_trains(2), (_ran_out("22:50", needed=3),))),
        ),
        "until-over-and-raised": Script(  # what trains is ended, and trained again two hours later
            config=PLAIN,
            requests=(Request(loops=2, until=UNTIL),),
            trainings={(1, 1): "lost", (1, 2): 1.5},
            time=at((_trains(1), (_ran_out("23:00"),))),
            human=at(
                (
                    lambda run: run.stopped == "stopped",
                    (ev.LoopsRequested(request=Request(loops=0, until=LATER)),),
                )
            ),
        ),
        "until-in-a-pause": Script(
            config=PLAIN,
            requests=(Request(loops=2, until=UNTIL),),
            trainings={(1, 1): "lost"},
            time=at((lambda run: run.paused is not None, (_ran_out("23:00"),))),
            human=at((_trains(1), (ev.RunPaused(reason=why("human", "lunch")),))),
        ),
        "max-trainings": Script(  # two of six are held back for the gain; then nothing may be trained
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.125),
            requests=(Request(loops=OPEN_END, prefetch=1, final=1, max_trainings=6),),
            trainings={(1, 1): 1.0, (2, 1): 1.5, (3, 1): 1.75},
        ),
        "max-trainings-without-final": Script(  # which would take more than half of them
            config=evolve(PLAIN, keep_rule="climb", seed_env="SEED", noise=0.125),
            requests=(Request(loops=OPEN_END, final=2, max_trainings=4),),
            trainings={(1, 1): 1.0, (2, 1): 1.5, (3, 1): 1.75},
        ),
        "max-cost": Script(  # the fourth cent is the last one; raised, the run goes on
            config=PLAIN,
            requests=(Request(loops=9, agent="opencode", max_cost_usd=0.035),),
            trainings={(1, 1): 1.5, (2, 1): 1.75},
            human=at(
                (
                    lambda run: run.stopped == "stopped" and run.costs.calls == AFFORDED,
                    (ev.LoopsRequested(request=Request(loops=0, agent="opencode", max_cost_usd=0.055)),),
                )
            ),
        ),
        "no-keep-for": Script(
            config=PLAIN,
            requests=(Request(loops=OPEN_END, no_keep_for=2),),
            trainings={(1, 1): 1.5, (2, 1): 1.75, (3, 1): 1.75},
        ),
        "crashes-in-a-row": Script(
            config=PLAIN,
            requests=(Request(loops=9, crashes_in_a_row=2),),
            trainings=dict.fromkeys([(1, 1), (2, 1), (3, 1)], "crashed"),
        ),
        "max-device-hours": Script(
            config=PLAIN,
            requests=(Request(loops=9, max_device_hours=0.25),),
            trainings={(1, 1): 1.5, (2, 1): 1.75},
        ),
        "stopped-and-resumed": Script(
            config=PLAIN,
            human=at(
                (_trains(1), (ev.StopRequested(now=False),)),
                (lambda run: run.stopped == "stopped" and run.completed == 0, resume),
                (_trains(2), (ev.StopRequested(now=True),)),
                (lambda run: run.stopped == "stopped", resume),
            ),
        ),
    }


def history(script: Script) -> bytes:
    """Return the bytes of a script's history: the same for the same script."""
    position, lines = Position.start(), []
    for by, batch in Player(script).play():
        made = chain(
            [payload(one) for one in batch], envelope(at=STARTED, by=text_field("by", by)), after=position
        )
        seq, _, end, digest = made[-1]
        position = Position(seq=seq, offset=end, hash=digest)
        lines += [raw for _, raw, _, _ in made]
    return b"".join(lines)


def files() -> Iterator[tuple[str, Path]]:
    """Return the name and the file of every golden run."""
    return ((name, FOLDER / f"{name}.jsonl") for name in itertools.chain(scripts()))


def lines() -> str:
    """Return the name of today's wording, and a digest of every line it gives for the golden runs."""
    said = "".join(f"{line(one)}\n" for _, file in files() for one in read(file))
    return f"{wording()} {sha256(said.encode()).hexdigest()}\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    made = scripts()
    for name, file in files():
        if not file.exists():
            file.write_bytes(history(made[name]))
    LINES.write_text(lines())
