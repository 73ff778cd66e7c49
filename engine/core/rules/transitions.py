"""After which states an event may stand: the checks that engine/core/rules/event_rules.py names. Pure.

A check says what must hold of the state before an event, whoever decided it: a training ends only where one
runs, iterations come in order. Whether the decider would have had it so is another question.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from autoresearch.engine.core import limits
from autoresearch.engine.verdicts import early_stop
from autoresearch.events import catalog as ev
from autoresearch.events.compared import changed_settings
from autoresearch.events.values import KNOWN_CODE, VETOES, JobStep
from autoresearch.projections.run_state import Iteration, Job, RunState


Misfit: TypeAlias = tuple[str, object, object]  # field, expected, found
AfterCheck: TypeAlias = Callable[[RunState, Any], Misfit | None]  # of the state before, and the event


def anywhere(_run: RunState, _event: object) -> Misfit | None:
    """Let an event stand after any state."""
    return None


def all_of(*checks: AfterCheck) -> AfterCheck:
    """Ask several checks; the first that finds something speaks."""

    def check(run: RunState, event: object) -> Misfit | None:
        return next((found for one in checks if (found := one(run, event)) is not None), None)

    return check


def settings_named(run: RunState, event: ev.ConfigChanged) -> Misfit | None:
    """Expect the names of exactly those settings that differ."""
    return _expect("changed", changed_settings(run.config, event.config), event.changed)


def something_kept(run: RunState, event: object) -> Misfit | None:
    """Expect a best."""
    return ("type", "a keep to adopt", type(event).__name__) if run.best is None else None


def retractable(run: RunState, event: ev.ResultRetracted) -> Misfit | None:
    """Expect a result that was judged and not retracted yet, and is not the baseline's."""
    number = event.iteration
    judged = 0 < number <= run.last_iteration and run.iteration(number) is None
    again = any(one.iteration == number for one in run.retracted) and not event.with_descendants
    return None if judged and not again else ("iteration", "one with a verdict that holds", number)


def takes_out_a_keep(run: RunState, event: ev.ProposalReceived) -> Misfit | None:
    """Expect, of what takes a keep out, one that is kept, and repeats that chose nothing."""
    without = event.without
    if without is None:
        return None
    keeps = [keep.iteration for keep in run.keeps[1:]]
    if without.keep not in keeps:
        return "without.keep", f"one of {keeps}", without.keep
    later = min(without.repeats, default=1) > 1
    return None if later else ("without.repeats", "later ones than the first", without.repeats)


def paused(run: RunState, event: object) -> Misfit | None:
    """Expect a pause to lift."""
    return ("type", "a pause to lift", type(event).__name__) if run.paused is None else None


def at_work(run: RunState, event: object) -> Misfit | None:
    """Expect a run that is not idle."""
    return ("type", "a run that is not idle", type(event).__name__) if run.stopped else None


def time_ran_out(run: RunState, event: ev.TimeRanOut) -> Misfit | None:
    """Expect that a runner had to note it at the time that it names."""
    wanted = limits.ran_out(run, event.now)
    return None if wanted == event else ("left", wanted.left if wanted else "time enough", event.left)


def next_preparation(run: RunState, event: ev.PrepareStarted) -> Misfit | None:
    """Expect the next preparation, and none that runs."""
    return _idle(run.setup.job) or _expect("preparation", run.setup.preparations + 1, event.preparation)


def preparation_running(run: RunState, event: ev.PrepareFinished) -> Misfit | None:
    """Expect that this preparation runs."""
    return _running(run.setup.job, "prepare", event.preparation, "preparation")


def next_iteration(
    run: RunState, event: ev.IterationStarted | ev.ResultImported | ev.RemeasureStarted
) -> Misfit | None:
    """Expect the number after the last."""
    if isinstance(event, ev.ResultImported) and run.last_iteration < 0 and event.iteration == 1:
        return None  # another program's table may not have its baseline
    return _expect("iteration", run.last_iteration + 1, event.iteration)


def forked_first(run: RunState, event: object) -> Misfit | None:
    """Expect that nothing was asked of the run, and that it has no results."""
    begun = run.request is not None or run.last_iteration >= 0 or run.forked or run.imported
    return ("type", "a fork at the beginning", type(event).__name__) if begun else None


def inherits(run: RunState, event: ev.ResultInherited) -> Misfit | None:
    """Expect a run that was forked just now, and a number after the last."""
    if not run.forked or run.request is not None or run.open:
        return "type", "a result that is inherited, right behind the fork", type(event).__name__
    later = event.iteration > run.last_iteration
    return None if later else ("iteration", f"one after {run.last_iteration}", event.iteration)


def behind_its_start(run: RunState, event: object) -> Misfit | None:
    """Expect the second event of a run that has no base: one that was made here is not imported later."""
    begun = run.seq == 1 and not run.base_commit
    return None if begun else ("type", "an import at the beginning", type(event).__name__)


def imported_run(run: RunState, event: object) -> Misfit | None:
    """Expect a run that was imported."""
    return None if run.imported else ("type", "a run that was imported", type(event).__name__)


def before(*stages: str) -> AfterCheck:
    """Expect an open iteration that one of these stages is next for, with no job."""

    def check(run: RunState, event: Any) -> Misfit | None:  # noqa: ANN401 - of an iteration
        return _of(run, event, lambda one: _stage(one, *stages))

    return check


def discardable(run: RunState, event: ev.CandidateDiscarded) -> Misfit | None:
    """Expect what waits for its verdict; of known code, or where a review vetoed it, for its training."""
    one = run.iteration(event.iteration)
    vetoed = event.rule in VETOES and one is not None and one.review.said == "veto"
    return before("train" if event.rule == KNOWN_CODE else "decide", *(["train"] * vetoed))(run, event)


def before_next_stage(run: RunState, event: ev.IterationLeftOpen) -> Misfit | None:
    """Expect an open iteration before the stage that the event names."""
    return _of(run, event, lambda one: _stage(one, event.next_stage))


def same(name: str, of_iteration: str) -> AfterCheck:
    """Expect that a field of the event is that of its open iteration."""

    def check(run: RunState, event: Any) -> Misfit | None:  # noqa: ANN401 - of an iteration
        return _of(run, event, lambda one: _expect(name, getattr(one, of_iteration), getattr(event, name)))

    return check


def proposal_waits(run: RunState, event: ev.ProposalChosen) -> Misfit | None:
    """Expect that the proposal is new, or waits or was deferred where the event says."""
    if (event.proposal is None) == (event.received is None):
        return "proposal", "a proposal, or where it stands", event.proposal
    waiting = [*(one.seq for one in run.waiting), *(one.seq for one in run.deferred)]
    if event.received is not None and event.received not in waiting:
        return "received", f"a proposal that waits ({waiting})", event.received
    return None


def still_waits(run: RunState, event: ev.ProposalWithdrawn) -> Misfit | None:
    """Expect that the proposal waits."""
    waiting = [one.seq for one in run.waiting]
    return None if event.received in waiting else _expect("received", waiting, event.received)


def next_call(run: RunState, event: ev.AgentAsked) -> Misfit | None:
    """Expect the next question to an agent, and no job."""
    return _of(run, event, lambda one: _idle(one.job) or _expect("call", one.calls + 1, event.call))


def as_told(run: RunState, event: ev.TrainingStarted) -> Misfit | None:
    """Expect of the conditions that a training states what setup and the start of the runner told of them."""
    stated = {name: said for name, said in event.surroundings.items() if name in run.told}
    return _expect("surroundings", {**stated, **run.told}, stated) if stated else None


def call_running(run: RunState, event: ev.AgentAnswered) -> Misfit | None:
    """Expect that this question is being answered."""
    return _of(run, event, lambda one: _running(one.job, event.step, event.call, "call"))


def blamed(run: RunState, event: ev.TrainingFinished) -> Misfit | None:
    """Expect of one that touched its own files that it was seen before."""
    if event.outcome != "tampered":
        return None
    return _of(run, event, lambda one: None if one.voided else ("outcome", "a voided one before", "tampered"))


def behind(run: RunState, event: ev.TrainingFellBehind) -> Misfit | None:
    """Expect that the rule asks for its end by the points that are stated, and was not asked before."""

    def check(one: Iteration) -> Misfit | None:
        base = early_stop.base_losses(run, one)
        if base is None or one.behind:
            return "type", "a training that may be ended", type(event).__name__
        if not early_stop.holds(event.points, base, event.bound):
            return "points", f"two beyond {event.bound} of {dict(base)}", event.points
        return _expect("bound", run.config.stop_losers, event.bound)

    return _of(run, event, check)


def ended_early(run: RunState, event: ev.TrainingFinished) -> Misfit | None:
    """Expect that a training was stopped early where that was decided, and nowhere else."""

    def check(one: Iteration) -> Misfit | None:
        said = event.outcome == "stopped_early"
        wanted = "stopped_early" if one.behind else "an end of its own"
        return None if said == bool(one.behind) else ("outcome", wanted, event.outcome)

    return _of(run, event, check)


def training_running(run: RunState, event: ev.TrainingFinished | ev.TrainingFellBehind) -> Misfit | None:
    """Expect that this training runs."""
    return _of(run, event, lambda one: _running(one.job, "train", event.training, "training"))


def evaluation_running(run: RunState, event: ev.EvaluationFinished) -> Misfit | None:
    """Expect that this evaluation runs."""
    return _of(run, event, lambda one: _running(one.job, "evaluate", event.evaluation, "evaluation"))


def unscored(run: RunState, event: ev.EvaluationStarted) -> Misfit | None:
    """Expect that what this training left waits for its evaluation."""

    def check(one: Iteration) -> Misfit | None:
        wanted = one.trainings if one.unscored and one.job is None else None
        return None if wanted == event.training else ("training", wanted, event.training)

    return _of(run, event, check)


def next_look(run: RunState, event: ev.HoldoutStarted) -> Misfit | None:
    """Expect what waits for its measure to be taken, and the next look at the holdout of it."""

    def check(one: Iteration) -> Misfit | None:
        return _stage(one, "decide") or _expect("look", one.looks + 1, event.look)

    return _of(run, event, check)


def look_running(run: RunState, event: ev.HoldoutScored) -> Misfit | None:
    """Expect that this look at the holdout of this keep runs, and a number where it succeeded."""

    def check(one: Iteration) -> Misfit | None:
        found = event.outcome == "succeeded"
        numbered = None if found == (event.metric is not None) else ("metric", found, event.metric)
        return (
            _running(one.job, "holdout", event.look, "look")
            or _expect("keep", one.measures, event.keep)
            or numbered
        )

    return _of(run, event, check)


def guard_asked(run: RunState, event: ev.GuardStarted) -> Misfit | None:
    """Expect what waits for its verdict, the next check of it, and a guard of the settings that is left."""

    def check(one: Iteration) -> Misfit | None:
        left = [guard for guard in run.config.guard_commands if guard not in one.guards_held]
        asked = None if event.guard in left else ("guard", f"one of {left}", event.guard)
        return _stage(one, "decide") or _expect("check", one.checks + 1, event.check) or asked

    return _of(run, event, check)


def guard_running(run: RunState, event: ev.GuardFinished) -> Misfit | None:
    """Expect that this check runs, and that its guard holds where its command exited with 0."""
    passed = event.exit_code == 0 and event.signal is None and event.reason is None
    told = None if passed == event.holds else ("holds", passed, event.holds)

    def check(one: Iteration) -> Misfit | None:
        running = _running(one.job, "guard", event.check, "check")
        return running or _expect("guard", one.guard_asked, event.guard)

    return told or _of(run, event, check)


def voidable(run: RunState, event: ev.TrainingVoided) -> Misfit | None:
    """Expect that this training runs, or an evaluation of what it left."""

    def check(one: Iteration) -> Misfit | None:
        if one.job is not None and one.job.step == "evaluate":
            return None if one.trainings == event.training else ("training", one.trainings, event.training)
        return _running(one.job, "train", event.training, "training")

    return _of(run, event, check)


def job_running(run: RunState, event: ev.JobLost) -> Misfit | None:
    """Expect that this job runs."""
    if event.step == "prepare":
        return _running(run.setup.job, "prepare", event.number, "number")
    return _of(run, event, lambda one: _running(one.job, event.step, event.number, "number"))


def scored(
    run: RunState, event: ev.TrainingFinished | ev.TrainingReread | ev.EvaluationFinished
) -> Misfit | None:
    """Expect a number of what succeeded, and none of any other; one to be evaluated may have printed none."""
    succeeded = event.outcome == "succeeded"
    if isinstance(event, ev.TrainingFinished) and succeeded and run.config.evaluate:
        return None
    wanted = "a number" if succeeded else None
    return ("metric", wanted, event.metric) if (event.metric is None) != (wanted is None) else None


def _of(run: RunState, event: Any, check: Callable[[Iteration], Misfit | None]) -> Misfit | None:  # noqa: ANN401
    one = run.iteration(event.iteration)
    if one is None:
        opened = ", ".join(str(other.number) for other in run.open) or "none is open"
        return "iteration", f"an open iteration ({opened})", event.iteration
    return check(one)


def _stage(one: Iteration, *allowed: str) -> Misfit | None:
    if one.next_stage in allowed and one.job is None:
        return None
    stands = f"{one.job.step} is running" if one.job else f"{one.next_stage} is next"
    return "iteration", f"iteration {one.number} before {' or '.join(allowed)}", f"one where {stands}"


def _running(job: Job | None, step: JobStep, number: int, field: str) -> Misfit | None:
    if job is not None and (job.step, job.number) == (step, number):
        return None
    stands = f"{job.step} {job.number}" if job else "no job"
    return field, f"{stands}, which is running", f"the end of {step} {number}"


def _idle(job: Job | None) -> Misfit | None:
    return None if job is None else ("type", f"the end of {job.step} {job.number} first", "another job")


def _expect(field: str, expected: object, found: object) -> Misfit | None:
    return None if expected == found else (field, expected, found)
