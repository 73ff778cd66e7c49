"""Which event may follow which state, and who may record it. Pure.

A rule says what must hold of the state before an event, whoever decided it: a training ends only where
one runs, iterations come in order, what was said by a human is said by a human's command. Whether the
decider would have had it so is in engine/audit/decisions.py.
"""

from typing import TypeAlias, assert_never

from autoresearch.events import catalog as ev
from autoresearch.events.codec import Recorded
from autoresearch.events.values import changed_settings
from autoresearch.projections.run_state import Iteration, Job, JobStep, RunState


Misfit: TypeAlias = tuple[str, object, object]  # field, expected, found

_HUMAN = ("cli",)
_RUNNER = ("runner",)


def misfit(run: RunState, event: ev.Event, recorded: Recorded) -> Misfit | None:
    """Return what is wrong with an event in the state before it, None where it may stand there."""
    writers = _writers(event)
    if recorded.by not in writers:
        return "by", " or ".join(writers), recorded.by
    begun = isinstance(event, ev.RunStarted)
    if not isinstance(event, ev.TailHealed) and begun == bool(run.run_id):
        return "type", "one RunStarted, before everything else", type(event).__name__
    return _of_run(run, event)


def _writers(event: ev.Event) -> tuple[str, ...]:
    """Return who may record an event: a command, the runner, its inbox, an import, the log itself."""
    match event:
        case ev.RunStarted():
            return ("cli", "import")
        case (
            ev.ConfigChanged()
            | ev.LoopsRequested()
            | ev.RunResumed()
            | ev.RunUnpaused()
            | ev.StopRequested()
            | ev.NoteAdded()
            | ev.KeepAdopted()
            | ev.RunCleaned()
        ):
            return _HUMAN
        case ev.RunPaused():
            return ("cli", "runner")
        case ev.RunStopped():
            return ("runner", "import")
        case ev.ProposalReceived():
            return ("inbox",) if event.source == "drop" else _HUMAN
        case ev.ProposalRefused():
            return ("inbox",)
        case ev.RunImported() | ev.ResultImported():
            return ("import",)
        case ev.TailHealed():
            return ("log",)
        case _:
            return _RUNNER


def _of_run(run: RunState, event: ev.Event) -> Misfit | None:
    """Judge what concerns the run as a whole; the rest concerns an iteration."""
    match event:
        case (
            ev.RunStarted()
            | ev.LoopsRequested()
            | ev.RunResumed()
            | ev.StopRequested()
            | ev.NoteAdded()
            | ev.TailHealed()
            | ev.ProposalReceived()
            | ev.ProposalRefused()
            | ev.SetupChecked()
            | ev.RunCleaned()
        ):
            return None  # free: anybody may say so at any time
        case ev.ConfigChanged():
            return _expect("changed", changed_settings(run.config, event.config), event.changed)
        case ev.KeepAdopted():
            return ("type", "a keep to adopt", "KeepAdopted") if run.best is None else None
        case ev.RunUnpaused():
            return ("type", "a pause to lift", "RunUnpaused") if run.paused is None else None
        case ev.RunnerStarted() | ev.RunPaused() | ev.RunStopped():
            return ("type", "a run that is not at rest", type(event).__name__) if run.stopped else None
        case ev.PrepareStarted():
            return _idle(run.setup.job) or _expect("attempt", run.setup.prepares + 1, event.attempt)
        case ev.PrepareFinished():
            return _running(run.setup.job, "prepare", event.attempt)
        case ev.IterationStarted():
            return _expect("iteration", run.last_iteration + 1, event.iteration)
        case ev.RunImported():
            return ("type", "an import at the beginning", "RunImported") if run.last_iteration >= 0 else None
        case ev.ResultImported():
            return _expect("iteration", run.last_iteration + 1, event.iteration)
        case _:
            one = run.iteration(event.iteration)
            if one is None:
                opened = ", ".join(str(other.number) for other in run.open) or "none is open"
                return "iteration", f"an open iteration ({opened})", event.iteration
            return _of_iteration(run, one, event)


_OfIteration: TypeAlias = (
    ev.ProposalChosen
    | ev.InputNeeded
    | ev.AgentAsked
    | ev.AgentAnswered
    | ev.ChangeApplied
    | ev.ChangeFailed
    | ev.CandidateCommitted
    | ev.CandidateOvertaken
    | ev.CandidateCarriedOver
    | ev.CandidateSetAside
    | ev.TrainingStarted
    | ev.TrainingFinished
    | ev.TrainingLost
    | ev.CrashTriaged
    | ev.ResultRecorded
    | ev.CandidateKept
    | ev.CandidateDiscarded
    | ev.IterationLeftOpen
)


def _of_iteration(run: RunState, one: Iteration, event: _OfIteration) -> Misfit | None:
    match event:
        case ev.ProposalChosen():
            waiting = [*(each.seq for each in run.waiting), *(each.seq for each in run.set_aside)]
            if event.received is not None and event.received not in waiting:
                return "received", f"a proposal that waits ({waiting})", event.received
            return _stage(one, "propose")
        case ev.InputNeeded():
            return _stage(one, "propose")
        case ev.AgentAsked():
            return _idle(one.job) or _expect("attempt", one.asked + 1, event.attempt)
        case ev.AgentAnswered():
            return _running(one.job, event.step, event.attempt) or _expect("agent", one.agent, event.agent)
        case ev.ChangeApplied():
            return _stage(one, "apply")
        case ev.ChangeFailed():
            return _stage(one, "apply", "commit", "train")
        case ev.CandidateCommitted():
            return _stage(one, "commit", "train") or _expect(
                "base_commit", one.base_commit, event.base_commit
            )
        case ev.CandidateOvertaken():
            moved = _expect("old_base", one.base_commit, event.old_base)
            return _stage(one, "propose", "apply", "train") or moved
        case ev.CandidateCarriedOver():
            return _stage(one, "apply")
        case ev.CandidateSetAside():
            return _stage(one, "train") or _expect("commit", one.commit, event.commit)
        case ev.TrainingStarted():
            return _stage(one, "train") or _expect("commit", one.commit, event.commit)
        case ev.TrainingFinished():
            scored = "a number" if event.outcome == "succeeded" else None
            if (event.metric is None) != (scored is None):
                return "metric", scored, event.metric
            return _running(one.job, "train", event.attempt)
        case ev.TrainingLost():
            return _running(one.job, "train", event.attempt)
        case ev.CrashTriaged():
            return _stage(one, "triage")
        case ev.ResultRecorded():
            return _stage(one, "record", "triage")
        case ev.CandidateKept() | ev.CandidateDiscarded():
            return _stage(one, "decide")
        case ev.IterationLeftOpen():
            return _stage(one, event.next_stage)
        case _:
            assert_never(event)


def _stage(one: Iteration, *allowed: str) -> Misfit | None:
    if one.next_stage in allowed and one.job is None:
        return None
    stands = f"{one.job.step} is running" if one.job else f"{one.next_stage} is next"
    return "iteration", f"iteration {one.number} before {' or '.join(allowed)}", f"one where {stands}"


def _running(job: Job | None, step: JobStep, attempt: int) -> Misfit | None:
    if job is not None and (job.step, job.attempt) == (step, attempt):
        return None
    stands = f"{job.step} {job.attempt}" if job else "no job"
    return "attempt", f"{stands}, which is running", f"the end of {step} {attempt}"


def _idle(job: Job | None) -> Misfit | None:
    return None if job is None else ("type", f"the end of {job.step} {job.attempt} first", "another job")


def _expect(field: str, expected: object, found: object) -> Misfit | None:
    return None if expected == found else (field, expected, found)
