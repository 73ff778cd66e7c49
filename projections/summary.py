"""What the history alone says of how a run stands: the half of `status` that state.json keeps. Pure.

Who only looks then need not fold, nor import what folds.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import asdict

from autoresearch.events.encoding.shapes import unstructure
from autoresearch.events.values import Reason, why
from autoresearch.projections.agent_health import (
    first_back,
    open_questions,
    proposer_of,
    proposing_step,
    reviewer_of,
)
from autoresearch.projections.parts import backlog, seeds
from autoresearch.projections.parts.compared import compared, on_the_same_seeds
from autoresearch.projections.parts.proposers import told
from autoresearch.projections.parts.purpose import IDEA, changed_since, purpose_of
from autoresearch.projections.parts.sandbox import sandbox
from autoresearch.projections.run_state import Iteration, Job, RunState, free_slots
from autoresearch.projections.words.wording import MANY_LOOPS, name_of


Phase: TypeAlias = Literal[
    "setup", "baseline", "loop", "waiting", "paused", "stopped", "done", "failed", "interrupted"
]
Standing: TypeAlias = Mapping[str, Any]  # Any: it is JSON

SHOWN = 20  # proposals that wait: more than a page has room for


def standing(run: RunState) -> Standing:
    """Return what `status`, object or page, tells of the history, and what its phase hangs on besides."""
    best, beside = run.best, compared(run.keeps, run.baseline)
    training = next(((number, job) for number, job in run.jobs if job.step == "train"), None)
    return {
        "run_id": run.run_id,
        "branch": run.branch,
        "setup_done": run.setup.ok,
        "baseline_done": best is not None,
        "iterations_completed": run.completed,
        "last_iteration": run.last_iteration,
        "loops_left": run.loops_left,
        "started_at": run.started_at,
        "rested_s": run.rested_s,
        "rested_at": run.stopped_at if run.stopped is not None else None,
        "device_s": run.device_s,
        "until": run.limits.until,
        "trainings_left": run.limits.trainings_left,
        "cost": _cost(run),
        "budgets": _budgets(run),
        "work_left_s": _work_left_s(run),
        "metric": run.config.metric.name,
        "best_metric": beside.best,
        "best_val_bpb": beside.best,
        "baseline_metric": beside.baseline,
        "seeds_in_common": beside.seeds,
        "gain": _gain(run),
        "comparisons": run.comparisons,
        "holdout": _holdout(run),
        "keeps": _sureness(run),
        "not_reviewed": [one.iteration for one in run.keeps if one.iteration in run.unreviewed],
        "baseline_val_bpb": beside.baseline,
        "kept_commit": (best.commit or None) if best else None,
        "in_progress": _in_progress(run),
        "trainings": _trainings(run),
        "counts": asdict(run.counts),
        "not_applied_in_a_row": run.not_applied,
        "waiting_proposals": len(run.waiting),
        "ideas": backlog.told(run.backlog),
        "memory": [{"run_id": one.run_id, "seq": one.seq} for one in run.backlog.memories],
        "need_input": _kept(run.need_input),
        "proposer": proposer_of(run),
        "proposers": [told(one) for one in run.proposers],
        "agents": _agents(run),
        "waits_for_agent": waiting_for_agent(run),
        "questions": open_questions(run),
        "waits_for_answer": waiting_for_answer(run),
        "approvals": _approvals(run),
        "seq": run.seq,
        "updated_at": run.updated_at,
        "has_runner": run.runner is not None,
        "stopped": run.stopped,
        "paused": run.paused is not None,
        "waits_for_human": waiting_for_human(run) is not None,
        "training": {"iteration": training[0], "training": training[1].number} if training else None,
        "device_wanted": _device_wanted(run),
        "best_iteration": best.iteration if best else None,
        "to_adopt": best is not None and best.iteration > 0 and run.branch_commit != best.commit,
        "best_of_before": best is not None and not best.was_measured_with(run.deciding),
        "changed_since": changed_since(run.keeps, [one.wanted for one in run.open]),
        "exact_gain": _exact_gain(run),
        "final_is_left": bool(run.final_left),
        "evaluated": bool(run.config.evaluate),
        "best_elsewhere": len(best.elsewhere) if best else 0,
        "open": _open(run),
        "waiting": [one.proposal.description for one in run.waiting[:SHOWN]],
        "runner_mode": run.runner_mode,
        "sandbox": _sandbox(run),
        "reasons": _reasons(run),
    }


def _sandbox(run: RunState) -> dict[str, Any] | None:
    """Return it for the runner that was started last; None where no agent is asked."""
    if run.request is None or not run.request.asks_agent or not run.devices:
        return None
    return {"kind": sandbox(run.config, run.landlock), "version": run.landlock}


def waiting_for_human(state: RunState) -> Reason | None:
    """Return what a human must do before anything can start, or None: lift a pause, or propose."""
    if state.paused is not None:
        return state.paused
    for one in state.open:
        if one.approval.waits and not one.approval.until:
            return why("approval_wanted", iteration=one.number)
        if (broken := reviewer_of(state, one)) is not None and broken.needs_human:
            return why("review_wanted", iteration=one.number, agent=broken.agent)
    asked = any(one.job is not None and one.job.step in ("propose", "edit") for one in state.open)
    if state.need_input is not None and not (state.waiting or asked or waiting_for_agent(state)):
        return state.need_input
    return None


def waiting_for_agent(state: RunState) -> str:
    """Return the agent whose rest has to end before anything can start; "" where nothing waits for one.

    Of several, that is the first to come back.
    """
    request = state.request
    if state.stopped is not None or state.paused is not None or request is None:
        return ""
    reviewers = [health for one in state.open if (health := reviewer_of(state, one)) is not None]
    if waiting := [one.agent for one in reviewers if one.rests and not one.needs_human and not state.jobs]:
        return waiting[0]
    through = state.need_input is not None and state.need_input.code == "search_is_through"
    if through and not state.waiting and (first := first_back(state, proposing_step(state.config))):
        return first
    needing = (one.next_stage for one in state.open if one.next_stage in ("apply", "triage") and not one.job)
    return next(filter(None, (first_back(state, step) for step in needing)), "") if not state.jobs else ""


def waiting_for_answer(state: RunState) -> str:
    """Return until when nothing is done but to wait for an answer to a question; "" where nothing waits."""
    idle = state.stopped is None and state.paused is None and not state.jobs and not state.waiting
    return max((one.until for one in state.questions if one.waits), default="") if idle else ""


def busiest(run: RunState) -> Iteration | None:
    """Return the open iteration that trains, else the one that is worked on, else the first."""
    return next(iter(sorted(run.open, key=lambda one: (not one.trains, one.job is None))), None)


def job_names(run: RunState) -> tuple[str, ...]:
    """Return what people call the jobs that run now: `train of iteration 3`, `prepare.py`."""
    return tuple(
        "prepare.py" if job.step == "prepare" else f"{job.step} of {name_of(number)}"
        for number, job in run.jobs
    )


def _cost(run: RunState) -> dict[str, Any]:
    """Return what agents cost so far; what is not known is null, and a sum over some of them `at_least`."""
    costs, known = run.costs, run.costs.known_usd
    return {
        "usd": None if known is None else round(known, 6),
        "at_least": costs.unpriced > 0,
        "calls": costs.calls,
        "calls_of_unknown_cost": costs.unpriced,
        "calls_estimated": costs.estimated,
        "tokens": costs.tokens if costs.uncounted < costs.calls or not costs.calls else None,
        "calls_of_unknown_tokens": costs.uncounted,
        "usd_per_proposal": _share(known, costs.proposals),
        "usd_per_keep": _share(known, run.counts.kept),
    }


def _share(usd: float | None, of: int) -> float | None:
    return round(usd / of, 6) if usd is not None and of else None


def _budgets(run: RunState) -> dict[str, Any]:
    """Return what the whole run may cost, and after how much in vain it ends; null is no limit."""
    return {name: value or None for name, value in asdict(run.budgets).items()}


def _work_left_s(run: RunState) -> float | None:
    """Return how long what was asked for takes, by what there was; None: idle, or only a time ends it."""
    if run.stopped is not None:
        return None
    once_s = run.takes_s or max((one.took_s for one in run.open), default=0.0) or run.config.expected_s
    final_s = (2 * run.final_left + len(run.keeps) * run.consolidate_left) * once_s
    if run.limits.trainings_left is not None:
        return run.limits.trainings_left * once_s / run.slots
    if (loops := sum(one.loops_left for one in run.requests)) >= MANY_LOOPS:  # not those set aside
        return None
    of_first = len(run.keeps[0].scores) if run.keeps and not run.forked else 1
    loop_s = run.device_s / (run.completed + of_first) if run.completed else once_s
    asked = run.requests[0].request if run.requests and not run.keeps else None
    there = sum(len(one.scores) for one in run.open if one.number == 0)
    return seeds.left_of_baseline(run.config, asked, there) * once_s + loops * loop_s / run.slots + final_s


def _gain(run: RunState) -> dict[str, Any] | None:
    """Return what the best gained on the baseline on fresh seeds; None where that was not measured."""
    gain, best = run.gain, run.best
    if gain is None or best is None or gain.iteration != best.iteration:
        return None
    return {
        "value": gain.gain,
        "half_width": gain.half_width,
        "confidence": 0.95,
        "seeds": gain.pairs,
        "shown": gain.is_shown,
    }


def _holdout(run: RunState) -> dict[str, Any] | None:
    """Return what best and baseline have on the holdout, and how often it was looked at; None: never."""
    if not run.holdout:
        return None
    best = [one for one in run.holdout if one.keep]
    baseline = next((one.metric for one in reversed(run.holdout) if not one.keep), None)
    return {
        "iteration": best[-1].keep if best else None,
        "best": best[-1].metric if best else None,
        "baseline": baseline,
        "looks": run.looks,
    }


def _sureness(run: RunState) -> list[dict[str, Any]]:
    """Return of each keep beside the baseline what it gains on fresh seeds: on `base`, or beside the others.

    `verdict` is confirmed or doubtful, or None where that was not measured. `taken_out` is the keep that took
    its change out, `takes_out` the one whose change it took out.
    """
    stated = {one.iteration: asdict(one) for one in run.consolidated}
    out = {one.iteration: one.by for one in run.taken_out}
    of = {one.by: one.iteration for one in run.taken_out}
    return [
        stated.get(keep.iteration, {"iteration": keep.iteration, "verdict": None})
        | {"taken_out": out.get(keep.iteration), "takes_out": of.get(keep.iteration)}
        for keep in run.keeps[1:]
    ]


def _exact_gain(run: RunState) -> float | None:
    """Return what the best gained where the baseline has the same number under every seed; else None."""
    alike = on_the_same_seeds(run.keeps[-1], run.keeps[0]) if run.keeps else None
    if alike is None or run.config.noise or run.learned.belief is not None:
        return None
    first = run.keeps[0]
    numbers = [tuple(first.under(score.conditions).values()) for score in first.scores]
    if all(len(each) == 1 for each in numbers) or any(len(set(each)) > 1 for each in numbers):
        return None
    best, baseline, _ = alike
    return baseline - best if run.config.metric.lower_is_better else best - baseline


def _agents(run: RunState) -> list[dict[str, Any]]:
    """Return how each agent is that was asked; times are "" where there is none."""
    return [
        {
            "agent": one.agent,
            "reviews": one.reviews,
            "model": one.model,
            "well": not one.failing_since,
            "last_good": one.last_good,
            "failing_since": one.failing_since,
            "kind": one.kind,
            "reason": _kept(one.reason),
            "next_try": one.retry_at if one.rests else "",
            "rests": one.rests,
            "failures_in_a_row": one.in_a_row,
        }
        for one in run.agents
    ]


def _approvals(run: RunState) -> list[dict[str, Any]]:
    """Return what would be kept and waits for a human's word; `until` is when the wait ends, or ""."""
    waiting = [one for one in run.open if one.approval.waits]
    return [
        {"iteration": one.number, "description": one.proposal.description if one.proposal else ""}
        | {"metric": one.metric, "asked_at": one.approval.asked_at, "until": one.approval.until}
        for one in waiting
    ]


def _open(run: RunState) -> list[dict[str, Any]]:
    """Return what is open, the busiest first; `job` is the number of the one that runs."""
    first = busiest(run)
    return [
        {
            "iteration": one.number,
            "stage": _doing(one),
            "job": one.job.number if one.job else None,
            "device": one.job.device if one.job else "",
        }
        | _purpose(run, one)
        for one in (first, *(other for other in run.open if other is not first))
        if one is not None
    ]


def _reasons(run: RunState) -> dict[str, Any]:
    """Return why the run is idle, or paused; projections/state_text.py says which of them counts."""
    return {
        "stopped": _kept(run.stopped_reason),
        "missing": [_kept(one) for one in run.setup.missing],
        "failure": _kept(run.setup.failure),
        "baseline_failed": run.baseline_failed,
        "baseline": _kept(run.baseline_reason or run.baseline_outside),
        "paused": _kept(run.paused),
        "human": _kept(waiting_for_human(run)),
    }


def _kept(reason: Reason | None) -> dict[str, Any] | None:
    return None if reason is None else unstructure(reason)


def _device_wanted(run: RunState) -> dict[str, Any] | None:
    """Return where a training would be started, if somebody else did not hold it: places by device."""
    ready = any(one.next_stage == "train" and one.job is None and one.commit for one in run.open)
    free = free_slots(run)
    if not ready or not free or run.stopped is not None or run.paused is not None:
        return None
    return {"lock": run.config.device_lock, "places": {device: run.slots_on(device) for device in free}}


def _in_progress(run: RunState) -> dict[str, Any] | None:
    """Return what is open now: iteration (None while preparing), stage, number of its job, since when."""
    if run.setup.job is not None:
        return _stage(None, "setup", run.setup.job, run.setup.job.since) | dict(IDEA)
    if (one := busiest(run)) is None:
        return None
    return _stage(one.number, _doing(one), one.job, (one.job or one).since) | _purpose(run, one)


def _doing(one: Iteration) -> str:
    """Return the stage for people: what was trained is evaluated before it is recorded."""
    if one.job is not None and one.job.step in ("guard", "holdout", "review", "train"):
        return one.job.step
    return "evaluate" if one.unscored else one.next_stage


def _purpose(run: RunState, one: Iteration) -> dict[str, Any]:
    fresh = {"final": run.final_repeats, "consolidate": run.consolidate_repeats}
    return {**purpose_of(one.without, one.measures, one.repeats, fresh)}


def _trainings(run: RunState) -> list[dict[str, Any]]:
    """Return the trainings that run now, and where."""
    return [
        {"iteration": number, "slot": job.slot, "device": job.device, "since": job.since}
        for number, job in run.jobs
        if job.step == "train"
    ]


def _stage(iteration: int | None, stage: str, job: Job | None, since: str) -> dict[str, Any]:
    return {"iteration": iteration, "stage": stage, "job": job.number if job else None, "since": since}
