"""Plays a script to its end: the decider decides, the script is the world. No disk, no clock, no chance."""

from typing import Any

from attrs import define, field, fields

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.agents import waits_ended
from autoresearch.engine.core.bookkeeping import commit_subject, event_of, open_iteration, proposal_at
from autoresearch.engine.core.decider import decide
from autoresearch.engine.core.keeping import timed_out
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.memory.backlog import left_by_chosen
from autoresearch.engine.verdicts.early_stop import base_losses, far_behind
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.setting import guard_argv
from autoresearch.events.values import Process, why
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import Job, RunState
from tests.golden.script import RETRY_AT, Batch, proposal
from tests.golden.scripted_jobs import CURVE, STARTED, ScriptedJobs, chosen


MOST = 2000  # events of one run: more is a script that never ends
BASE, TREE = "b" * 40, "7" * 40


@define
class Player(ScriptedJobs):
    """Plays one script to its end."""

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
                decides=self.script.decides,
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
                taken = chosen(command.iteration, waiting.source, waiting.proposal, command.received)
                return (taken, *left_by_chosen(run, waiting, iteration=command.iteration))
            case do.ProposeBySearch():
                return (chosen(command.iteration, "search", proposal(command.iteration), None),)
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


def _asked(command: do.Asks) -> ev.AgentAsked:
    steps = {
        do.AskForProposal: "propose",
        do.AskToEdit: "edit",
        do.AskToApply: "apply",
        do.AskToTriage: "triage",
        do.AskToReview: "review",
    }
    return ev.AgentAsked(
        guidance=None,
        iteration=command.iteration,
        step=steps[type(command)],  # type: ignore[arg-type]
        call=command.call,
        agent=command.agent,
        prompt_sha256="9" * 64,
        sandbox="unknown",
    )


def _same_fields(cls: Any, given: Any, /, **more: Any) -> Any:
    """Return an event with the fields that it shares with its command."""
    names = {one.name for one in fields(cls)}
    shared = {one.name: getattr(given, one.name) for one in fields(type(given)) if one.name in names}
    return cls(**shared, **more)


def _job(run: RunState, command: do.CancelJob) -> Job:
    return next(
        job for number, job in run.jobs if (number, job.number) == (command.iteration, command.number)
    )
