"""What a training came to, as an event: read from what it left, and believed only where all was sealed.

Where the settings name an evaluation, its number is the result, and what the training printed a claim.
"""

from pathlib import Path

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.core.decider import LOST_IN_A_ROW
from autoresearch.engine.core.limits import ends_jobs
from autoresearch.engine.metrics import metric_file
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import Finished, JobExit, JobOutput, Jobs, Lost
from autoresearch.engine.ports.worktrees import Git
from autoresearch.engine.sealing.artifacts import take_out
from autoresearch.engine.sealing.checkout import TrainCheckouts
from autoresearch.engine.sealing.imported import Imported
from autoresearch.engine.sealing.seal import MOST_NAMED, Broken, inputs_broken
from autoresearch.engine.sealing.surroundings import Surroundings
from autoresearch.engine.training.result import Result, read_lost, read_result, read_unseen
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason, why
from autoresearch.projections.run_state import Iteration, Job, RunState


@frozen(kw_only=True)
class Scores:
    """Reads the trainings and evaluations of one run that have ended. Reading twice gives the same events."""

    paths: RunPaths
    git: Git
    jobs: Jobs

    def trained(self, one: Iteration, job: Job, done: JobExit, run: RunState) -> ev.Event:
        """Return what came of a training."""
        left = self._output(one, job, done, run)
        result = read_result(run.config, left, done, claims=bool(run.config.evaluate))
        return self._training_event(one, job, done, self._hinted(job, result), run)

    def stopped(self, one: Iteration, job: Job, done: JobExit, run: RunState) -> ev.Event:
        """Return the end of a training of which it was decided to stop it, whatever it came to meanwhile."""
        left = self.jobs.output(self.paths.job(one.number, "train", job.number).folder)
        result = read_result(run.config, left, done, claims=bool(run.config.evaluate))
        last = one.behind[-1]
        reason = why(
            "fell_behind", percent=last.percent, loss=last.loss, base_loss=last.base_loss, bound=one.bound
        )
        ended = _training(one, job, done, replace(result, metric=None))
        return replace(ended, outcome="stopped_early", reason=reason)

    def unseen(self, number: int, job: Job, ended: Lost, run: RunState) -> ev.Event | None:
        """Read a training that lost its supervisor alone and ended well; None where that is not certain.

        An idea of which this is the third such training in a row has crashed: what ends them is its own. A
        loss of another kind is the world's, and what measures a keep again tries no idea.
        """
        folder = self.paths.job(number, "train", job.number).folder
        if ended.unseen is None or ends_jobs(run) or ended.unseen.seconds > job.deadline_s:
            return None
        self.jobs.rescue(folder)
        one = run.iteration(number)
        if one is None:
            return None
        left = self._output(one, job, ended.unseen, run)
        result = read_unseen(run.config, left, ended.unseen)
        idea = one.number > 0 and one.measures is None
        if result is None and idea and one.unseen >= LOST_IN_A_ROW - 1:
            again = why("job_lost_in_a_row", step="train", iteration=number, times=one.unseen + 1)
            return _training(one, job, ended.unseen, read_lost(run.config, left, ended.unseen, again))
        if result is None:
            return None
        return self._training_event(one, job, ended.unseen, result, run)

    def reread(self, one: Iteration, run: RunState) -> ev.TrainingReread:
        """Read again what the last training left, under the settings of now."""
        job = Job(step="train", number=one.trainings, since="", slot=one.slot)
        ended = self.jobs.look(self.paths.job(one.number, "train", one.trainings).folder)
        result = None
        if isinstance(ended, Finished):
            result = read_result(run.config, self._output(one, job, ended.exit, run), ended.exit)
        return ev.TrainingReread(
            iteration=one.number,
            training=one.trainings,
            outcome=result.outcome if result else "no_metric",
            reason=result.reason if result else why("output_gone"),
            metric=result.metric if result else None,
            printed=result.printed if result else None,
        )

    def evaluated(self, one: Iteration, job: Job, done: JobExit, run: RunState) -> ev.Event:
        """Return what an evaluation found; one that fails is repeated once, without training again."""
        event = self._evaluation_event(one, job, done, run)
        if isinstance(event, ev.EvaluationFinished):
            self._keep_artifacts(one, run)
        return event

    def looked(self, one: Iteration, job: Job, done: JobExit, run: RunState) -> ev.HoldoutScored:
        """Return what a look at the holdout found."""
        assert one.measures is not None  # the final's
        left = self.jobs.output(self.paths.job(one.number, "holdout", job.number).folder)
        result = read_result(run.config, left, done)
        return ev.HoldoutScored(
            iteration=one.number,
            keep=one.measures,
            look=job.number,
            outcome=result.outcome,
            reason=result.reason,
            metric=result.metric,
            exit_code=done.exit_code,
            signal=done.signal,
            started_at=done.started_at,
            ended_at=done.ended_at,
            seconds=done.seconds,
            output=result.output,
            data=run.setup.data_id or "",
        )

    def _evaluation_event(self, one: Iteration, job: Job, done: JobExit, run: RunState) -> ev.Event:
        result = read_result(run.config, self._output(one, job, done, run), done)
        broken = self._broken(one, job, result, run)
        if broken is not None and not _is_blamed(broken, one):
            trained = self.jobs.output(self.paths.job(one.number, "train", one.trainings).folder)
            return _voided(one, done, read_result(run.config, trained, done), broken)
        if broken is not None:
            return _evaluation(one, job, done, _tampered(result, broken.reason))
        if result.outcome != "succeeded" and not one.lost:
            failed = result.reason or why(result.outcome)
            return ev.JobLost(iteration=one.number, step="evaluate", number=job.number, reason=failed)
        false = _false_claim(one, result, run.config)
        return _evaluation(one, job, done, result if false is None else _tampered(result, false))

    def _output(self, one: Iteration, job: Job, done: JobExit, run: RunState) -> JobOutput:
        """Return what a job left, with the file that its number is in taken out of the checkout."""
        files = self.paths.job(one.number, job.step, job.number)
        metric_file.take(run.config.metric, self.paths.slot(job.slot), files, done.started_at)
        return self.jobs.output(files.folder)

    def _training_event(
        self, one: Iteration, job: Job, done: JobExit, result: Result, run: RunState
    ) -> ev.Event:
        broken = self._broken(one, job, result, run)
        if broken is not None and not _is_blamed(broken, one):
            return _voided(one, done, result, broken)
        ended = _training(one, job, done, result if broken is None else _tampered(result, broken.reason))
        if ended.outcome != "succeeded" or not run.config.evaluate:  # which may read them where they lie
            self._keep_artifacts(one, run)
        return ended

    def _keep_artifacts(self, one: Iteration, run: RunState) -> None:
        seal = TrainCheckouts(paths=self.paths, git=self.git).seal(one.slot)
        take_out(one, run, self.paths, sealed=seal.files())

    def _broken(self, one: Iteration, job: Job, result: Result, run: RunState) -> Broken | None:
        """Return what of all that a result hangs on is not as it was when the training began."""
        assert one.commit is not None  # it was trained
        seal = TrainCheckouts(paths=self.paths, git=self.git).seal(job.slot)
        broken = seal.broken(one.seal, one.commit, self.git) if one.seal else None
        if broken is None and "inputs" in one.surroundings:
            around = Surroundings(paths=self.paths, git=self.git)
            whole, held = _is_best_yet(result, run), around.are_held(run)
            broken = inputs_broken(around.inputs(run), one.surroundings["inputs"], whole=whole, held=held)
        if broken is None and job.step == "evaluate" and "packages" in one.surroundings:
            broken = Surroundings(paths=self.paths, git=self.git).loaded_otherwise(
                run, one.surroundings["packages"]
            )
        if broken is None and job.step == "train" and one.number == 0:
            broken = self._imported(job, run)
        return broken

    def _imported(self, job: Job, run: RunState) -> Broken | None:
        """Return what the baseline imported from the user's checkout, and not from its own."""
        named = (*run.setup.shared, *run.config.kept, *run.setup.inputs)
        declared = [self.paths.prepared, *(self.paths.home / Path(path).expanduser() for path in named)]
        cache = Imported(cache=self.paths.job(0, "train", job.number).bytecode)
        files = cache.from_checkout(self.paths.home, self.paths.slot(job.slot), declared)
        if not files:
            return None
        reason = why("imported_while_training", file=files[0], more=len(files) - 1)
        return Broken(files=files[:MOST_NAMED], reason=reason)

    def _hinted(self, job: Job, result: Result) -> Result:
        """Say of a crash that misses a file where that lies."""
        reason = result.reason
        if result.outcome != "crashed" or reason is None or reason.code != "exit_code_said":
            return result
        checkouts = TrainCheckouts(paths=self.paths, git=self.git)
        path = checkouts.unshared(job.slot, f"{reason.said}\n{result.output.tail}")
        if path is None:
            return result
        return replace(result, reason=why("exit_code_unshared", reason.said, **reason.inputs, path=path))


def _is_blamed(broken: Broken, one: Iteration) -> bool:
    """Say whether a training touched its files itself: the same ones the second time."""
    return not set(broken.files).isdisjoint(one.voided)


def _tampered(result: Result, reason: Reason) -> Result:
    return replace(result, outcome="tampered", reason=reason, metric=None)


def _false_claim(one: Iteration, result: Result, config: RunConfig) -> Reason | None:
    """Return why what a training printed is false by its evaluation; None where it is not."""
    if result.metric is None or one.printed is None:
        return None
    if abs(one.printed - result.metric) <= config.evaluate_tolerance * abs(result.metric):
        return None
    name = config.metric.name
    return why("evaluation_disagrees", metric=name, printed=one.printed, found=result.metric)


def _is_best_yet(result: Result, run: RunState) -> bool:
    """Say whether a result may be kept, by its number alone."""
    if result.metric is None or run.best is None:
        return result.metric is not None
    theirs = [one.metric for one in run.best.scores]
    lower = run.config.metric.lower_is_better
    return result.metric < max(theirs) if lower else result.metric > min(theirs)


def _voided(one: Iteration, done: JobExit, result: Result, broken: Broken) -> ev.TrainingVoided:
    return ev.TrainingVoided(
        iteration=one.number,
        training=one.trainings,
        files=broken.files,
        reason=broken.reason,
        seconds=done.seconds,
        output=result.output,
    )


def _training(one: Iteration, job: Job, done: JobExit, result: Result) -> ev.TrainingFinished:
    return ev.TrainingFinished(
        iteration=one.number,
        training=job.number,
        outcome=result.outcome,
        reason=result.reason,
        metric=result.metric,
        exit_code=done.exit_code,
        signal=done.signal,
        started_at=done.started_at,
        ended_at=done.ended_at,
        seconds=done.seconds,
        cpu_seconds=done.cpu_seconds,
        measured=result.measured,
        also=result.also,
        printed=result.printed,
        output=result.output,
        progress=result.progress,
    )


def _evaluation(one: Iteration, job: Job, done: JobExit, result: Result) -> ev.EvaluationFinished:
    return ev.EvaluationFinished(
        iteration=one.number,
        evaluation=job.number,
        outcome=result.outcome,
        reason=result.reason,
        metric=result.metric,
        exit_code=done.exit_code,
        signal=done.signal,
        started_at=done.started_at,
        ended_at=done.ended_at,
        seconds=done.seconds,
        printed=result.printed,
        output=result.output,
    )
