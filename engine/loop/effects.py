"""One method per command: do it in the world, return what happened as events.

Every effect is idempotent under its command's name: a runner that was killed between doing and
appending does it again, and finds what it did. What ends later (a job) is read by engine/loop/completions.py.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from attrs import field, frozen

from autoresearch.engine.asking.asking import Asking
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.bookkeeping import event_of, open_iteration, proposal_at
from autoresearch.engine.jobs import devices
from autoresearch.engine.loop.changes.candidates import Candidates
from autoresearch.engine.loop.changes.edits import EditCheckout
from autoresearch.engine.loop.scores import Scores
from autoresearch.engine.memory.backlog import left_by_chosen
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.agent import Agent
from autoresearch.engine.ports.jobs import Absent, Jobs, JobSpec
from autoresearch.engine.ports.worktrees import Git
from autoresearch.engine.proposals.drop_folder import Dropped, judged
from autoresearch.engine.runs.catalogue import holdout_looks
from autoresearch.engine.sealing.checkout import TrainCheckouts
from autoresearch.engine.sealing.surroundings import Surroundings
from autoresearch.engine.search.search import VERSION as SEARCH
from autoresearch.engine.search.search import searched
from autoresearch.engine.system import landlock
from autoresearch.engine.system.gpu import Cards
from autoresearch.engine.training import begun
from autoresearch.engine.training.setup import check_setup, prepare_spec
from autoresearch.engine.training.spec import (
    CPU,
    Training,
    evaluation_spec,
    guard_spec,
    holdout_spec,
    training_spec,
)
from autoresearch.engine.verdicts.repeats import seed_of
from autoresearch.events import catalog as ev
from autoresearch.events import clock
from autoresearch.events.values import Reason
from autoresearch.projections.run_state import RunState
from autoresearch.projections.timeline import Timeline


OnDevice: TypeAlias = do.StartTraining | do.Evaluate | do.CheckGuard | do.ScoreHoldout


@frozen(kw_only=True)
class EffectContext:
    """What the effects may look at: the states at the moment of the command."""

    run: RunState
    timeline: Timeline
    head: str  # "seq hash" of the log, for the trailer of commits


@frozen(kw_only=True)
class Machine:
    """What a runner finds to train on; "" where nobody says."""

    devices: tuple[str, ...]
    classes: tuple[str, ...]  # of each: results on two kinds are not compared
    driver: str  # of its cards
    landlock: int  # version of what holds agents to their checkouts; 0: none


@frozen(kw_only=True)
class Effects:
    """The world of one run."""

    paths: RunPaths
    git: Git
    jobs: Jobs
    adapter: Callable[[str], Agent]
    gpus: Callable[[], tuple[str, ...]]  # that this machine has
    cards: Callable[[], Cards]  # what they are
    now: Callable[[], str] = clock.now
    surroundings: Surroundings = field(init=False)

    @surroundings.default
    def _of_the_run(self) -> Surroundings:
        return Surroundings(paths=self.paths, git=self.git)

    def machine(self, run: RunState) -> Machine:
        """Return the devices that trainings are dealt out over, never none, and what they are."""
        devices = run.config.devices or self.gpus() or (CPU,)
        cards = Cards(models={CPU: CPU}, driver="") if devices == (CPU,) else self.cards()
        classes = tuple(cards.models.get(device, "") for device in devices)
        return Machine(devices=devices, classes=classes, driver=cards.driver, landlock=landlock.version())

    def judged(self, one: Dropped, run: RunState) -> ev.ProposalReceived | ev.ProposalRefused:
        """Return the event of a dropped file, as the run stands now."""
        installed = lambda name: self.adapter(name).available()  # noqa: E731
        return judged(one, run, git=self.git, installed=installed)

    def perform(self, command: do.Command, context: EffectContext) -> tuple[ev.Event, ...]:
        """Do one command; the events say all that came of it at once."""
        run = context.run
        match command:
            case do.CheckSetup():
                return (check_setup(run, paths=self.paths, git=self.git),)
            case do.Prepare():
                return self._prepare(command, run)
            case do.ChooseProposal():
                return self._choose(command, run)
            case do.ProposeBySearch():
                return (self._search(command, context),)
            case do.ApplyProposal():
                one = open_iteration(run, command.iteration)
                return (self._edits.apply(command, one, run),)
            case do.AskForProposal() | do.AskToEdit() | do.AskToApply() | do.AskToTriage() | do.AskToReview():
                return (self._asking.ask(command, run, context.timeline),)
            case do.RebaseCandidate():
                return self._edits.rebase(command, open_iteration(run, command.iteration), run)
            case do.CommitCandidate():
                one = open_iteration(run, command.iteration)
                return (self._candidates.commit(one, run, head=context.head),)
            case do.TakeWorktree():
                one = open_iteration(run, command.iteration)
                return (self._candidates.take_worktree(one, run, head=context.head),)
            case do.StartTraining():
                return self._train(command, run)
            case do.Reread():
                return (self._scores.reread(open_iteration(run, command.iteration), run),)
            case do.Evaluate():
                return self._evaluate(command, run)
            case do.CheckGuard():
                return self._check(command, run)
            case do.AskForApproval():
                wait_s = run.config.approve_wait_s
                until = clock.later(self.now(), wait_s) if wait_s else ""
                return (ev.ApprovalAsked(iteration=command.iteration, until=until),)
            case do.ScoreHoldout():
                return self._look(command, run)
            case do.KeepCandidate():
                return (self._candidates.keep(command, run),)
            case do.DiscardCandidate():
                return (self._candidates.discard(command, run),)
            case do.CancelJob():
                self.jobs.stop(self.paths.job(command.iteration, command.step, command.number).folder)
                return ()
            case _:
                return (event_of(command, run),)

    @property
    def _edits(self) -> EditCheckout:
        return EditCheckout(paths=self.paths, git=self.git)

    @property
    def _scores(self) -> Scores:
        return Scores(paths=self.paths, git=self.git, jobs=self.jobs)

    @property
    def _candidates(self) -> Candidates:
        return Candidates(paths=self.paths, git=self.git)

    @property
    def _checkouts(self) -> TrainCheckouts:
        return TrainCheckouts(paths=self.paths, git=self.git)

    @property
    def _asking(self) -> Asking:
        return Asking(paths=self.paths, git=self.git, jobs=self.jobs, adapter=self.adapter)

    def _prepare(self, command: do.Prepare, run: RunState) -> tuple[ev.Event, ...]:
        spec = prepare_spec(run, number=command.preparation, paths=self.paths)
        folder = self.paths.job(0, "prepare", command.preparation).folder
        self.jobs.drop_foreign(folder)
        self.jobs.start(folder, spec)
        return (ev.PrepareStarted(preparation=command.preparation, command=spec.command),)

    def _choose(self, command: do.ChooseProposal, run: RunState) -> tuple[ev.Event, ...]:
        """Give a proposal that was brought, or deferred, to an iteration; its file is used up."""
        waiting = proposal_at(run, command.received)
        with contextlib.suppress(FileNotFoundError):  # it came by a command, or was moved already
            used = self.paths.consumed_proposal(command.iteration)
            self.paths.received_proposal(waiting.seq).rename(used)
        chosen = ev.ProposalChosen(
            iteration=command.iteration,
            source=waiting.source,
            description=waiting.proposal.description,
            proposal=None,
            received=waiting.seq,
        )
        return (chosen, *left_by_chosen(run, waiting, iteration=command.iteration))

    def _search(self, command: do.ProposeBySearch, context: EffectContext) -> ev.Event:
        one = open_iteration(context.run, command.iteration)
        proposal = searched(one, context.run, context.timeline, git=self.git)
        if isinstance(proposal, Reason):
            return ev.InputNeeded(iteration=one.number, question=proposal)
        return ev.ProposalChosen(
            iteration=one.number,
            source="search",
            description=proposal.description,
            proposal=proposal,
            received=None,
            search=SEARCH,
        )

    def blocked_by(self, command: OnDevice, run: RunState) -> tuple[str, ...]:
        """Return who holds the device that a training wants, for people; none where there is room for it."""
        one = self._training(command, run)
        return self.jobs.blocked_by(one.job, one.places)

    def _train(self, command: do.StartTraining, run: RunState) -> tuple[ev.Event, ...]:
        one = self._training(command, run)
        files = self.paths.job(command.iteration, "train", command.training)
        job = f"{command.iteration}.{command.training}"
        begun_for = begun.Begun(
            commit=command.commit, slot=command.slot, device=command.device, deciding=run.deciding
        )
        self.jobs.drop_foreign(one.job)
        if isinstance(self.jobs.look(one.job), Absent):  # nothing is trained under a wrong commit
            self._checkouts.clear_and_seal(command.slot, command.commit, run, job=job)
            begun.remember(files, begun_for)
        elif not begun.is_of(files, begun_for):
            self.jobs.stop(one.job)  # it is recorded, and then lost
        spec = training_spec(run.config, one)
        _make_temporary(spec)
        # Before it trains where it could change them; else then, since reading them takes a while.
        before = self.surroundings.taken(run, spec.env) if self.surroundings.are_exposed(run) else None
        if not self.jobs.start(one.job, spec):
            return ()  # another run was quicker: the device is its now, and this one waits
        return (
            ev.TrainingStarted(
                iteration=command.iteration,
                training=command.training,
                repeat=command.repeat,
                seed=command.seed,
                slot=command.slot,
                device=command.device,
                commit=command.commit,
                command=spec.command,
                deadline_s=command.deadline_s,
                seal=self._checkouts.seal(command.slot).digest(job),
                surroundings=self.surroundings.taken(run, spec.env) if before is None else before,
            ),
        )

    def _evaluate(self, command: do.Evaluate, run: RunState) -> tuple[ev.Event, ...]:
        one = self._training(command, run)
        left = self.paths.job(command.iteration, "train", command.training).folder
        self.jobs.drop_foreign(one.job)
        if isinstance(self.jobs.look(one.job), Absent):
            self._checkouts.clear_added(command.slot, run)
        spec = evaluation_spec(run.config, one, left)
        _make_temporary(spec)
        if not self.jobs.start(one.job, spec):
            return ()
        return (
            ev.EvaluationStarted(
                iteration=command.iteration,
                evaluation=command.evaluation,
                training=command.training,
                slot=command.slot,
                device=command.device,
                command=spec.command,
                deadline_s=command.deadline_s,
            ),
        )

    def _check(self, command: do.CheckGuard, run: RunState) -> tuple[ev.Event, ...]:
        one = self._training(command, run)
        number = open_iteration(run, command.iteration).trainings
        trained = self.paths.job(command.iteration, "train", number).folder
        self.jobs.drop_foreign(one.job)
        if isinstance(self.jobs.look(one.job), Absent):
            self._checkouts.clear(command.slot, one.commit, run)
        spec = guard_spec(run.config, one, command.guard, trained)
        _make_temporary(spec)
        if not self.jobs.start(one.job, spec):
            return ()
        return (
            ev.GuardStarted(
                iteration=command.iteration,
                check=command.check,
                guard=command.guard,
                slot=command.slot,
                device=command.device,
                command=spec.command,
                deadline_s=command.deadline_s,
            ),
        )

    def _look(self, command: do.ScoreHoldout, run: RunState) -> tuple[ev.Event, ...]:
        one = self._training(command, run)
        kept, own = (
            self.paths.artifacts(command.iteration),
            self.paths.job(command.iteration, "train", command.training),
        )
        self.jobs.drop_foreign(one.job)
        if isinstance(self.jobs.look(one.job), Absent):
            self._checkouts.clear(command.slot, command.commit, run)
        spec = holdout_spec(run.config, one, kept if kept.exists() else own.folder)
        _make_temporary(spec)
        if not self.jobs.start(one.job, spec):
            return ()
        data = run.setup.data_id or ""
        own_looks = sum(sealed.metric is not None for sealed in run.holdout)
        return (
            ev.HoldoutStarted(
                iteration=command.iteration,
                keep=command.keep,
                look=command.look,
                training=command.training,
                slot=command.slot,
                device=command.device,
                command=spec.command,
                deadline_s=command.deadline_s,
                data=data,
                looks_before=own_looks + holdout_looks(self.paths.home, data, but=run.run_id),
            ),
        )

    def _training(self, command: OnDevice, run: RunState) -> Training:
        one = open_iteration(run, command.iteration)
        commit, repeat = one.commit, one.repeat
        match command:
            case do.Evaluate():
                step, number = "evaluate", command.evaluation
            case do.CheckGuard():
                step, number = "guard", command.check
            case do.ScoreHoldout():
                step, number = "holdout", command.look
            case _:
                step, number, commit, repeat = "train", command.training, command.commit, command.repeat
        return Training(
            run_id=run.run_id,
            home=self.paths.home,
            iteration=command.iteration,
            training=one.trainings if isinstance(command, do.CheckGuard) else command.training,
            slot=command.slot,
            device=command.device,
            commit=commit or "",
            job=self.paths.job(command.iteration, step, number).folder,
            checkout=self.paths.slot(command.slot),
            deadline_s=command.deadline_s,
            places=devices.places(run.config.device_lock, command.device, run.slots_on(command.device)),
            python=run.setup.interpreter,
            python_path=run.setup.python_path,
            seed=seed_of(run.seeded_by, repeat) if run.config.is_seeded else None,
        )


def _make_temporary(spec: JobSpec) -> None:
    """Make the temporary folder of a training that may not write into that of all."""
    if "TMPDIR" in spec.env:
        Path(spec.env["TMPDIR"]).mkdir(parents=True, exist_ok=True)
