"""Decide what may start now, from the state alone. Pure: no clock, no disk, no process, no chance.

Returns every command that may start; none means: wait until something happens. The runner is the one
who waits, and a human is the one who may be waited for (projections/summary.py).
"""

from autoresearch.engine.core import agents, final, keeping, limits, prefetch, slots
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.asks import reviewing
from autoresearch.engine.verdicts import guards, known_code, repeats
from autoresearch.events.values import KNOWN_CODE, LOOP_STAGES, LoopStage, Reason, Request, why
from autoresearch.projections.run_state import Iteration, PendingRequest, RunState


RULES = 2  # of this program, that a runner writes down: what came later is not asked of older histories
LOST_IN_A_ROW = 3  # jobs lost to kills or reboots before a human is asked


def decide(state: RunState) -> tuple[do.Command, ...]:
    """Return the commands that may start now."""
    if state.stopped is not None or not state.run_id:
        return ()
    losers = (one for one in state.open if one.behind and one.trains)  # ended, whatever else there is to do
    ended = (do.CancelJob(iteration=one.number, step="train", number=one.trainings) for one in losers)
    return (*ended, *_next(state))


def _next(state: RunState) -> tuple[do.Command, ...]:
    if state.stop is not None:
        return _stopping(state)
    if state.paused is not None:
        return (
            _end_jobs(state) or (limits.stop(state),) if limits.ends_jobs(state) else ()
        )  # nothing is judged
    too_much = _pause(state)
    if too_much is not None:
        return (do.PauseRun(reason=too_much),)
    active = active_request(state)
    if limits.is_reached(state) and (active is not None or limits.forbids_trainings(state)):
        return _in_order(state, active)
    if active is None:
        return _end(state)
    request = active.request
    if _is_stale(state):
        return (do.CheckSetup(),)
    if not _set_up(state, request) and "setup" in request.stages:
        return _setup(state, request)
    if state.best is None:
        return _baseline(state, request)
    return _loop(state, active)


def active_request(state: RunState) -> PendingRequest | None:
    """Return the request that is being served: the first of which something is left."""
    return next((one for one in state.requests if not _served(state, one)), None)


def _served(state: RunState, pending: PendingRequest) -> bool:
    stages = pending.request.stages
    setup = _set_up(state, pending.request) or "setup" not in stages
    baseline = state.best is not None or "baseline" not in stages
    loops = pending.loops_left == 0 or "loop" not in stages
    return setup and baseline and loops


def _set_up(state: RunState, request: Request) -> bool:
    """Say whether all is there, prepared by the command that prepares now."""
    return state.setup.ok and not (state.setup.outdated and request.auto_prepare)


def _is_stale(state: RunState) -> bool:
    """Say whether a runner was started since all was there: who knows what became of the data meanwhile."""
    return state.setup.ok and state.setup.stale


def _stopping(state: RunState) -> tuple[do.Command, ...]:
    if not state.jobs:
        return (do.Stop(how="stopped", reason=why("as_requested")),)
    if state.stop == "after_stage":
        return ()
    return _end_jobs(state)


def _end_jobs(state: RunState) -> tuple[do.Command, ...]:
    return tuple(do.CancelJob(iteration=n, step=job.step, number=job.number) for n, job in state.jobs)


def _in_order(state: RunState, active: PendingRequest | None) -> tuple[do.Command, ...]:
    """Bring to its end what was begun, measure the gain where that was counted in, and come to rest."""
    if limits.ends_jobs(state) and state.jobs:
        return _end_jobs(state)
    if _is_stale(state) and not limits.forbids_trainings(state):
        return (do.CheckSetup(),)
    going_on = _measure_failed(state) or _open_ones(state) if state.best is not None else ()
    if state.best is None and active is not None:
        going_on = _baseline(state, active.request)
    ends = tuple(one for one in going_on if isinstance(one, do.Stop) or limits.allows(state, one))
    waits = keeping.waits_for_human(state) or reviewing.waits_for_reviewer(state)
    if ends or state.jobs or (waits and not limits.ends_jobs(state)):
        return ends
    measuring = final.consolidation(state) or final.next_step(state)
    if measuring is not None and limits.may_measure(state, measuring):
        return (measuring,)
    done = active is None and not final.trains(state)
    return (do.Stop(how="done", reason=final.summary(state)) if done else limits.stop(state),)


def _pause(state: RunState) -> Reason | None:
    held = state.config.holds_trainings and state.landlock > 0
    if state.touched is not None and not held:  # else it was no training
        return why("packages_to_look_at")
    if (failed := guards.failed_by_baseline(state) or agents.pause(state)) is not None:
        return failed
    if state.setup.lost >= LOST_IN_A_ROW and state.setup.job is None:
        return why("job_lost_in_a_row", step="prepare", iteration=0, times=state.setup.lost)
    for one in state.open:
        if one.lost >= LOST_IN_A_ROW and one.job is None:
            return why("job_lost_in_a_row", step=one.next_stage, iteration=one.number, times=one.lost)
    return None


def _setup(state: RunState, request: Request) -> tuple[do.Command, ...]:
    setup = state.setup
    if setup.job is not None:
        return ()
    if not setup.checked:
        return (do.CheckSetup(),)
    if state.jobs:  # which read what is prepared
        return ()
    if (setup.preparable or setup.outdated) and request.auto_prepare and not setup.prepared:
        return (do.Prepare(preparation=setup.preparations + 1),)
    return (do.Stop(how="setup_incomplete", reason=why("setup_incomplete", missing=len(setup.missing))),)


def _baseline(state: RunState, request: Request) -> tuple[do.Command, ...]:
    if "baseline" not in request.stages:
        return (do.Stop(how="blocked", reason=why("no_baseline_allowed")),)
    if not state.setup.ok:
        return (do.Stop(how="blocked", reason=why("no_setup_allowed")),)
    one = state.iteration(0)
    if one is None:
        return (do.StartIteration(iteration=0, base_commit=state.base_commit, first_stage="train"),)
    if one.job is not None:
        return _open_ones(state)  # the first change is made while the baseline trains
    if state.baseline_failed is not None:
        return _baseline_failed(state, why("baseline_failed", outcome=state.baseline_failed))
    return _stage(state, one, request)


def _end(state: RunState) -> tuple[do.Command, ...]:
    """Measure what the run gained, once no loop is left, and come to rest."""
    if _is_stale(state) and (prefetch.measures_again(state) or final.trains(state)):
        return (do.CheckSetup(),)
    if prefetch.measures_again(state):
        return _measure_failed(state) or _open_ones(state)
    if state.jobs:
        return ()
    return (
        final.consolidation(state)
        or final.next_step(state)
        or do.Stop(how="done", reason=final.summary(state)),
    )


def _measure_failed(state: RunState) -> tuple[do.Command, ...]:
    """Come to rest where what the others are judged by cannot be measured any more."""
    if state.baseline_failed is None:
        return ()
    assert state.best is not None  # decide() checked
    keep = next((one.measures for one in state.open if one.measures is not None), state.best.iteration)
    return _baseline_failed(state, why("remeasure_failed", best=keep, outcome=state.baseline_failed))


def _baseline_failed(state: RunState, reason: Reason) -> tuple[do.Command, ...]:
    return _end_jobs(state) or (do.Stop(how="baseline_failed", reason=reason),)


def _loop(state: RunState, active: PendingRequest) -> tuple[do.Command, ...]:
    if (failed := _measure_failed(state)) != ():
        return failed
    return _open_ones(state) if state.open else _next_iteration(state, active.request)


def _open_ones(state: RunState) -> tuple[do.Command, ...]:
    """Carry on every open iteration, each by the request that it is one of the loops of."""
    commands: list[do.Command] = []
    stuck: list[Iteration] = []
    for one, request in prefetch.carried(state):
        if one.job is not None and limits.is_pointless(state, one):
            commands.append(do.CancelJob(iteration=one.number, step=one.job.step, number=one.job.number))
        elif one.job is not None:
            continue
        elif request is not None and _may_go_on(one, request):
            commands += _stage(state, one, request)
        elif request is not None:
            stuck.append(one)
    if prefetch.may_open_another(state):
        base = state.best.commit if state.best else state.base_commit
        number = state.last_iteration + 1
        commands.append(do.StartIteration(iteration=number, base_commit=base, first_stage="propose"))
    if stuck and not commands and not state.jobs:
        commands.append(do.LeaveOpen(iteration=stuck[0].number, next_stage=stuck[0].next_stage))
    commands = reviewing.one_at_a_time(commands)
    if limits.is_reached(state):
        commands = [command for command in commands if limits.allows(state, command)]
    # The device goes first, for one at a time: what else there is to do can be done while it works.
    trainings = [one for one in commands if isinstance(one, do.StartTraining | do.Evaluate | do.CheckGuard)]
    first = [command for command in trainings if command.iteration == trainings[0].iteration]
    return (*first, *(command for command in commands if command not in trainings))


def _next_iteration(state: RunState, request: Request) -> tuple[do.Command, ...]:
    number = state.last_iteration + 1
    assert state.best is not None  # decide() checked
    first = next(stage for stage in LOOP_STAGES if stage in request.loop_stages)
    # Without a proposal and without an open iteration, what stands in the worktree is the candidate.
    if first in ("propose", "commit", "train"):
        return (do.StartIteration(iteration=number, base_commit=state.best.commit, first_stage=first),)
    return (do.Stop(how="blocked", reason=why("nothing_to_do_it_on", stage=first)),)


def _may_go_on(one: Iteration, request: Request) -> bool:
    """Say whether the request lets it; one that records but does not triage takes a crash as it is."""
    skips_triage = one.next_stage == "triage" and "record" in request.loop_stages
    return one.job is not None or one.next_stage in request.loop_stages or skips_triage


def _stage(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    """Return the one command that carries this iteration on, or none while it must wait."""
    stage: LoopStage = one.next_stage
    if prefetch.measures_retracted(state, one):
        return (do.DropRemeasure(iteration=one.number),)
    if prefetch.has_old_base(state, one):
        assert state.best is not None  # somebody overtook it
        best = state.best
        move = do.MoveBase(iteration=one.number, base_commit=best.commit, best_iteration=best.iteration)
        return (move,)
    match stage:
        case "propose" | "apply" if not prefetch.has_edit_checkout(state, one):
            return ()
        case "propose":
            return agents.propose(state, one, request)
        case "apply":
            return _apply(state, one, request)
        case "commit" | "train" if one.commit is None and one.proposal is None:
            return (do.TakeWorktree(iteration=one.number),)
        case "commit":
            return (do.CommitCandidate(iteration=one.number, change=one.change),)
        case "train" | "record" if one.unscored:
            return (_evaluate(state, one),)
        case "train" if known_code.can_be_reread(state, one):
            return (do.Reread(iteration=one.number, training=one.trainings),)
        case "train" if (same := known_code.answer(state, one)) is not None:
            return (do.DiscardCandidate(iteration=one.number, rule=KNOWN_CODE, inputs=same),)
        case "train" if (due := reviewing.first(state, one, request, "before-training", {})) is not None:
            return due
        case "train":
            return _train(state, one, request)
        case "triage":
            return _triage(state, one, request)
        case "record" | "decide" if state.best is None and one.number > 0:
            return ()  # there is nothing to judge it by while the baseline trains
        case "record":
            more = _repeat(state, one, request)
            return (do.RecordResult(iteration=one.number),) if more is None else more
        case "decide" if (looks := final.looks(state, one)) is not None:
            return looks
        case "decide" if one.measures is not None:
            return (do.TakeRemeasure(iteration=one.number),)
        case "decide" if prefetch.measures_again(state):
            return ()
        case "decide":
            base = final.for_verdict(state, one)
            return _decide(state, one, request) if base is None else (base,)


def _apply(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    assert one.proposal is not None  # propose comes before apply
    if one.made is not None:
        rebase = do.RebaseCandidate(
            iteration=one.number,
            change=one.change,
            commit=one.made.commit,
            made_on=one.made.base_commit,
            mendable=request.asks_agent and one.without is None,
        )
        return (rebase,)
    if (one.proposal.is_prose or one.conflict or one.missed) and request.asks_agent:
        return agents.for_apply(state, one, request)
    mendable = agents.can_mend(state, one, request)
    return (do.ApplyProposal(iteration=one.number, change=one.change, mendable=mendable),)


def _repeat(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...] | None:
    """Return what has to be trained before a result is whole; None where it is."""
    if one.outcome != "succeeded" or (one.number > 0 and "train" not in request.loop_stages):
        return None
    if repeats.is_sequential(state, one):
        if prefetch.measures_again(state):
            return ()
        if (base := final.for_verdict(state, one)) is not None:
            return (base,)
    return None if repeats.due(state, one, request) is None else _train(state, one, request)


def _train(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    assert one.commit is not None  # commit comes before train
    free = slots.for_training(state, one)
    repeat = repeats.due(state, one, request) or one.repeat
    if not free:
        return (do.DeferCandidate(iteration=one.number),) if prefetch.gives_way(state, one) else ()
    # One for each device that has room: another run may hold the first of them, and nobody here knows.
    return tuple(
        do.StartTraining(
            iteration=one.number,
            training=one.trainings + 1,
            repeat=repeat,
            seed=repeats.seed_of(state.seeded_by, repeat) if state.config.is_seeded else None,
            slot=slot,
            device=device,
            commit=one.commit,
            deadline_s=request.timeout_s or state.config.deadline_s,
        )
        for slot, device in free
    )


def _evaluate(state: RunState, one: Iteration) -> do.Command:
    return do.Evaluate(
        iteration=one.number,
        evaluation=one.evaluations + 1,
        training=one.trainings,
        slot=one.slot,
        device=one.device,
        deadline_s=state.config.evaluate_timeout_s,
    )


def _triage(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    if "triage" not in request.loop_stages:
        return (do.RecordResult(iteration=one.number),)
    if one.outcome == "timed_out":
        reason = why("too_slow")
    elif not request.asks_agent or one.proposal is None or one.without is not None:
        reason = why("nobody_mends")
    elif one.fixes >= state.config.fix_attempts:
        reason = why("mended_enough", times=one.fixes)
    elif prefetch.has_edit_checkout(state, one):
        return agents.for_triage(state, one, request)
    else:
        return ()
    return (do.TriageCrash(iteration=one.number, change=one.change, reason=reason),)


def _decide(state: RunState, one: Iteration, request: Request) -> tuple[do.Command, ...]:
    judged = repeats.judged(state, one)
    if not judged.keep:
        return (do.DiscardCandidate(iteration=one.number, rule=judged.rule, inputs=judged.inputs),)
    if (first := keeping.first(state, one, judged, request)) is not None:
        return first
    assert one.commit is not None  # a metric comes from a commit
    return (
        do.KeepCandidate(iteration=one.number, commit=one.commit, rule=judged.rule, inputs=judged.inputs),
    )
