"""One method per command: do it in the world, return what happened as events.

Every effect is idempotent under its command's name: a runner that was killed between doing and
appending does it again, and finds what it did. What ends later (a job) is read by engine/loop/completions.py.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Literal

from attrs import frozen

from autoresearch.engine.agents import branch_guard, prompts
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.bookkeeping import event_of, open_iteration, proposal_at
from autoresearch.engine.jobs import devices
from autoresearch.engine.loop.candidates import Candidates
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.agent import Agent, Ask
from autoresearch.engine.ports.jobs import Absent, Jobs
from autoresearch.engine.ports.worktrees import Git
from autoresearch.engine.proposals import search
from autoresearch.engine.training.setup import check_setup, prepare_spec
from autoresearch.engine.training.spec import CPU, Training, training_spec
from autoresearch.events import catalog as ev
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.files import write_atomic
from autoresearch.events.shapes import unstructure
from autoresearch.events.values import Proposal, why
from autoresearch.projections.run_state import Iteration, Made, RunState
from autoresearch.projections.timeline import Timeline
from autoresearch.projections.wording import say


@frozen(kw_only=True)
class EffectContext:
    """What the effects may look at: the states at the moment of the command."""

    run: RunState
    timeline: Timeline
    head: str  # "seq hash" of the log, for the trailer of commits


@frozen(kw_only=True)
class Effects:
    """The world of one run."""

    paths: RunPaths
    git: Git
    jobs: Jobs
    adapter: Callable[[str], Agent]
    gpus: Callable[[], tuple[str, ...]]  # that this machine has

    def devices(self, run: RunState) -> tuple[str, ...]:
        """Return the devices that trainings are dealt out over; never none."""
        return run.config.devices or self.gpus() or (CPU,)

    @property
    def candidates(self) -> Candidates:
        """Return the part that changes code."""
        return Candidates(paths=self.paths, git=self.git)

    def perform(self, command: do.Command, view: EffectContext) -> tuple[ev.Event, ...]:
        """Do one command; the events say all that came of it at once."""
        run = view.run
        match command:
            case do.CheckSetup():
                return (check_setup(run, paths=self.paths, git=self.git),)
            case do.Prepare():
                return self._prepare(command, run)
            case do.ChooseProposal() | do.AskForProposal() | do.ProposeBySearch():
                return self._propose(command, view)
            case do.ApplyProposal():
                return (
                    self.candidates.apply(open_iteration(run, command.iteration), run, change=command.change),
                )
            case do.AskToApply() | do.AskToTriage():
                return self._ask(command, view)
            case do.RebaseCandidate():
                return self.candidates.rebase(command, open_iteration(run, command.iteration), run)
            case do.CommitCandidate():
                one = open_iteration(run, command.iteration)
                return (self.candidates.commit(one, run, head=view.head),)
            case do.TakeWorktree():
                one = open_iteration(run, command.iteration)
                return (self.candidates.take_worktree(one, run, head=view.head),)
            case do.StartTraining():
                return self._train(command, run)
            case do.KeepCandidate():
                return (self.candidates.keep(command, run),)
            case do.DiscardCandidate():
                return (self.candidates.discard(command, run),)
            case do.CancelJob():
                self.jobs.stop(self.paths.job(command.iteration, command.step, command.number).folder)
                return ()
            case _:
                return (event_of(command, run),)

    def _prepare(self, command: do.Prepare, run: RunState) -> tuple[ev.Event, ...]:
        spec = prepare_spec(run.config, number=command.preparation, worktree=self.paths.worktree)
        self.jobs.start(self.paths.job(0, "prepare", command.preparation).folder, spec)
        return (ev.PrepareStarted(preparation=command.preparation, command=spec.command),)

    def _propose(
        self, command: do.ChooseProposal | do.AskForProposal | do.ProposeBySearch, view: EffectContext
    ) -> tuple[ev.Event, ...]:
        one = open_iteration(view.run, command.iteration)
        match command:
            case do.ChooseProposal():
                waiting = proposal_at(view.run, command.received)
                self._keep_proposal(one.number, waiting.proposal)
                with contextlib.suppress(FileNotFoundError):  # it came by a command, or was moved already
                    self.paths.received_proposal(waiting.seq).rename(self.paths.consumed_proposal(one.number))
                return (
                    ev.ProposalChosen(
                        iteration=one.number,
                        source=waiting.source,
                        description=waiting.proposal.description,
                        proposal=None,
                        received=waiting.seq,
                    ),
                )
            case do.AskForProposal():
                return self._ask(command, view)
            case do.ProposeBySearch():
                proposal = searched(one, view.run, view.timeline, show=self.git.show)
                if proposal is None:
                    return (ev.InputNeeded(iteration=one.number, question=why("search_is_through")),)
                self._keep_proposal(one.number, proposal)
                return (
                    ev.ProposalChosen(
                        iteration=one.number,
                        source="search",
                        description=proposal.description,
                        proposal=proposal,
                        received=None,
                    ),
                )

    def _ask(
        self, command: do.AskForProposal | do.AskToApply | do.AskToTriage, view: EffectContext
    ) -> tuple[ev.Event, ...]:
        run, one = view.run, open_iteration(view.run, command.iteration)
        step: Literal["propose", "apply", "triage"]
        match command:
            case do.AskForProposal():
                step, stands_on, prompt = "propose", one.base_commit, self._propose_prompt(view, one)
            case do.AskToApply():
                step, stands_on, prompt = "apply", one.base_commit, self._apply_prompt(run, one)
            case do.AskToTriage():
                assert one.commit is not None  # what crashed was committed
                step, stands_on, prompt = "triage", one.commit, _triage_prompt(run, one)
        files = self.paths.job(one.number, step, command.call)
        folder = files.folder
        self.git.ensure_worktree(self.paths.workbench, stands_on)
        if isinstance(self.jobs.look(folder), Absent):  # a job that was started may be editing already
            self.git.reset(self.paths.workbench, stands_on)
            folder.mkdir(parents=True, exist_ok=True)
            branch_guard.remember(files, self.git, stands_on=stands_on)
        elif not branch_guard.stood_on(files, stands_on):  # begun before the base was overtaken
            self.jobs.stop(folder)
        agent = self.adapter(command.agent)
        ask = Ask(
            step=step,
            prompt=prompt,
            worktree=self.paths.workbench,
            model=run.config.agent_model,
            timeout_s=run.config.agent_timeout_s,
            idle_s=run.config.agent_idle_s,
            command=run.config.agent_command,
        )
        self.jobs.start(folder, agent.job(ask, folder))
        return (
            ev.AgentAsked(
                iteration=one.number,
                step=step,
                call=command.call,
                agent=agent.name,
                prompt_sha256=hashlib.sha256(prompt.encode()).hexdigest(),
            ),
        )

    def blocked_by(self, command: do.StartTraining, run: RunState) -> tuple[str, ...]:
        """Return who holds the device that a training wants, for people; none where there is room for it."""
        one = self._training(command, run)
        return self.jobs.blocked_by(one.job, one.places)

    def _train(self, command: do.StartTraining, run: RunState) -> tuple[ev.Event, ...]:
        one = self._training(command, run)
        self.git.ensure_worktree(one.checkout, command.commit)
        if isinstance(self.jobs.look(one.job), Absent):  # nothing is trained under a wrong commit
            self.git.reset(one.checkout, command.commit)
        spec = training_spec(run.config, one)
        if not self.jobs.start(one.job, spec):
            return ()  # another run was quicker: the device is its now, and this one waits
        return (
            ev.TrainingStarted(
                iteration=command.iteration,
                training=command.training,
                slot=command.slot,
                device=command.device,
                commit=command.commit,
                command=spec.command,
                deadline_s=command.deadline_s,
            ),
        )

    def _training(self, command: do.StartTraining, run: RunState) -> Training:
        return Training(
            run_id=run.run_id,
            home=self.paths.home,
            iteration=command.iteration,
            attempt=command.training,
            slot=command.slot,
            device=command.device,
            commit=command.commit,
            job=self.paths.job(command.iteration, "train", command.training).folder,
            checkout=self.paths.slot(command.slot),
            deadline_s=command.deadline_s,
            places=devices.places(run.config.device_lock, command.device, run.slots_on(command.device)),
        )

    def _keep_proposal(self, iteration: int, proposal: Proposal) -> None:
        """Leave a copy with the iteration, for people; the event holds the same."""
        path = self.paths.chosen_proposal(iteration)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(unstructure(proposal), indent=2, ensure_ascii=False)
        write_atomic(path, f"{text}\n".encode(), sync=False)

    def _propose_prompt(self, view: EffectContext, one: Iteration) -> str:
        run = view.run
        return prompts.propose_prompt(
            best=run.best.metric if run.best else None,
            baseline=run.baseline,
            recent=[row for row in view.timeline.rows[-20:] if row.description],
            notes=view.timeline.notes,
            policy=self._policy(run, one),
            editable=run.config.editable,
            metric=run.config.metric,
        )

    def _apply_prompt(self, run: RunState, one: Iteration) -> str:
        assert one.proposal is not None  # propose comes before apply
        before = one.conflict
        return prompts.apply_prompt(
            one.proposal,
            editable=run.config.editable,
            policy=self._policy(run, one),
            conflict=say(before.reason) if before else "",
            diff=self._diff(before.made) if before else "",
        )

    def _diff(self, made: Made) -> str:
        """Return what a candidate changed, as a hint; "" where the user's repository lost it."""
        try:
            diff = self.git.diff(made.base_commit, made.commit)
        except AutoresearchError:
            return ""
        return diff.text.decode(errors="replace")

    def _policy(self, run: RunState, one: Iteration) -> str:
        text = self.git.show(one.base_commit, run.config.guidance_file)
        return (text or b"").decode(errors="replace")


def searched(
    one: Iteration, run: RunState, timeline: Timeline, *, show: Callable[[str, str], bytes | None]
) -> Proposal | None:
    """Return what the seeded search proposes, None where all was tried; `show` is git's."""
    name = run.config.editable[0]
    now, at_first = (
        (show(commit, name) or b"").decode(errors="replace") for commit in (one.base_commit, run.base_commit)
    )
    tried = search.tried_from((row.settings for row in timeline.rows), source=at_first)
    return search.propose(now, tried=tried, seed=run.config.seed, iteration=one.number)


def _triage_prompt(run: RunState, one: Iteration) -> str:
    assert one.proposal is not None  # the decider asks only where there is one
    return prompts.triage_prompt(
        one.proposal,
        outcome=one.outcome or "",
        reason=say(one.reason),
        log_tail=one.log_tail,
        editable=run.config.editable,
    )
