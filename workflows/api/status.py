"""The object of `status --json`: what the history says of a run, and what only the world can say of it now.

Imports only what starts fast: workflows/quick_status.py answers with it first.
"""

from __future__ import annotations

from autoresearch.engine.jobs import devices
from autoresearch.engine.paths import RUNNER, RUNNER_COMES_S, TROUBLE, TROUBLE_OF_JOB, RunPaths
from autoresearch.engine.system import disk
from autoresearch.engine.system.gpu import Gpu, gpu_now
from autoresearch.engine.system.locks import holding, is_locked, says
from autoresearch.engine.training.progress import Progress, progress_now
from autoresearch.events.clock import later, now, passed, seconds_between
from autoresearch.workflows.api.envelope import document


TYPE_CHECKING = False  # as in typing, which takes 3 ms to import
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from autoresearch.projections.summary import Phase, Standing


RESTS: dict[str, Phase] = {
    "done": "done",
    "stopped": "stopped",
    "setup_incomplete": "failed",
    "baseline_failed": "failed",
    "blocked": "failed",
}


class LiveFacts:
    """What only the world can say of a run, at one moment."""

    def __init__(
        self,
        *,
        runner_alive: bool,
        progress: Progress | None,
        gpu: Gpu | None,
        dropped: int,
        as_of: str,
        trouble: str = "",
        waits_for: str = "",
    ) -> None:
        self.runner_alive = runner_alive
        self.progress = progress  # of the running training
        self.gpu = gpu
        self.dropped = dropped  # proposals in the inbox that no runner has heard of yet
        self.as_of = as_of
        self.trouble = trouble  # what keeps the run's folder from being written
        self.waits_for = waits_for  # who holds the device that the next training needs


class Glance:
    """How a run stands at one moment: what its history says, and what only the world can say."""

    def __init__(
        self, *, folder: Path, standing: Standing, facts: LiveFacts, runner: int | None, silent: str
    ) -> None:
        self.folder = folder
        self.standing = standing
        self.facts = facts
        self.runner = runner  # the pid of the runner; 0 is one that has not said who it is
        self.silent = silent  # the kind of the folder's file system, where that tells of no changes

    @property
    def phase(self) -> Phase:
        """Return the one word for how the run stands."""
        return phase(self.standing, self.facts)


def glance(paths: RunPaths, standing: Standing) -> Glance:
    """Look at a run for its page."""
    facts = live_facts(paths, standing)
    runner = holding(paths.lock, role=RUNNER) if facts.runner_alive else None
    return Glance(
        folder=paths.folder,
        standing=standing,
        facts=facts,
        runner=runner[0] if runner else None,
        silent=disk.silent(paths.folder),
    )


def live_facts(paths: RunPaths, standing: Standing, *, gpu: bool = True) -> LiveFacts:
    """Look at a run's runner, its training, its inbox, and the graphics card."""
    runner = holding(paths.lock, role=RUNNER)
    return LiveFacts(
        runner_alive=is_locked(paths.lock, role=RUNNER),
        progress=_progress(paths, standing),
        gpu=gpu_now() if gpu else None,
        dropped=len(paths.dropped()),
        trouble=disk.trouble(paths.folder) or (_trouble_of(paths, runner[0]) if runner else ""),
        waits_for=_waits_for(paths, standing),
        as_of=now(),
    )


def _trouble_of(paths: RunPaths, runner: int) -> str:
    """Return what keeps a living runner from recording anything, or ""."""
    told = says(paths.lock, TROUBLE) or says(paths.lock, TROUBLE_OF_JOB)
    return disk.at_limit(paths.history, runner) or told


def phase(standing: Standing, facts: LiveFacts) -> Phase:
    """Return the one word for how a run stands. Pure."""
    if standing["stopped"] is not None:
        return RESTS.get(standing["stopped"], "stopped")
    launching = not standing["has_runner"] and _seconds(standing["updated_at"], facts.as_of) < RUNNER_COMES_S
    if standing["waits_for_human"] and (facts.runner_alive or launching or not facts.dropped):
        return "paused" if standing["paused"] else "waiting"
    if not facts.runner_alive and not launching:
        return "interrupted"
    if facts.trouble or standing["waits_for_agent"] or standing["waits_for_answer"]:
        return "waiting"
    if standing["approvals"] and not any(one["job"] for one in standing["open"]):
        return "waiting"
    if not standing["setup_done"]:
        return "setup"
    return "loop" if standing["baseline_done"] else "baseline"


def status_object(paths: RunPaths, standing: Standing, facts: LiveFacts) -> dict[str, object]:
    """Return the object of `status --json`; its fields and their order are a contract. Pure."""
    return {
        **document("status"),
        "run_id": standing["run_id"],
        "branch": standing["branch"],
        "phase": phase(standing, facts),
        "setup_done": standing["setup_done"],
        "baseline_done": standing["baseline_done"],
        "iterations_completed": standing["iterations_completed"],
        "loops_left": standing["loops_left"],
        "started_at": standing["started_at"],
        "elapsed_s": elapsed_s(standing, facts.as_of),
        "device_hours": round(standing["device_s"] / 3600, 4),
        "until": standing["until"] or None,
        "trainings_left": standing["trainings_left"],
        "cost": standing["cost"],
        "budgets": standing["budgets"],
        "ends_at": ends_at(standing, facts),
        "seconds_left": seconds_left(standing, facts),
        "metric": standing["metric"],
        "best_metric": standing["best_metric"],
        "baseline_metric": standing["baseline_metric"],
        "seeds_in_common": standing["seeds_in_common"],
        "gain": standing["gain"],
        "comparisons": standing["comparisons"],
        "holdout": standing["holdout"],
        "keeps": standing["keeps"],
        "not_reviewed": standing["not_reviewed"],
        "best_val_bpb": standing["best_val_bpb"],
        "baseline_val_bpb": standing["baseline_val_bpb"],
        "kept_commit": standing["kept_commit"],
        "in_progress": standing["in_progress"],
        "trainings": standing["trainings"],
        "progress": _fields(facts.progress, "percent", "seconds_left", "loss", "tok_per_s"),
        "counts": standing["counts"],
        "not_applied_in_a_row": standing["not_applied_in_a_row"],
        "trouble": facts.trouble or None,
        "waits_for": facts.waits_for or None,
        "sandbox": standing["sandbox"],
        "waiting_proposals": standing["waiting_proposals"] + facts.dropped,
        "ideas": standing["ideas"],
        "memory": standing["memory"],
        "need_input": _said(standing["need_input"]),
        "questions": standing["questions"],
        "approvals": standing["approvals"],
        "proposer": standing["proposer"],
        "proposers": standing["proposers"],
        "agents": [{**one, "reason": _said(one["reason"])} for one in standing["agents"]],
        "gpu": _fields(facts.gpu, "utilisation_percent", "memory_used_mb", "memory_total_mb", "name"),
        "state_path": str(paths.state),
        "history_path": str(paths.history),
        "runner_log_path": str(paths.runner_log),
        "seq": standing["seq"],
        "as_of": facts.as_of,
    }


def elapsed_s(standing: Standing, as_of: str) -> float:
    """Return the seconds since the run was created, without those in which it was at rest. Pure."""
    whole = passed(standing["started_at"], standing["rested_at"] or as_of)
    rested_s: float = standing["rested_s"]
    return max(0.0, whole - rested_s)


def seconds_left(standing: Standing, facts: LiveFacts) -> float | None:
    """Return the seconds that the run goes on, as is expected; None at rest, or where nobody knows. Pure.

    Where it waits for a human, or for a disk, only a time ends it, and without a runner nothing does.
    """
    word = phase(standing, facts)
    if standing["stopped"] is not None or word == "interrupted":
        return None
    work, until = standing["work_left_s"], standing["until"]
    for_human = word in ("paused", "waiting") and (standing["paused"] or standing["waits_for_human"])
    held = for_human or facts.trouble
    rest_s = _rest_s(standing, facts)
    ends = [work + rest_s] if work is not None and rest_s is not None and not held else []
    if until:
        ends.append(max(0.0, passed(facts.as_of, until)))
    return round(min(ends), 3) if ends else None


def _rest_s(standing: Standing, facts: LiveFacts) -> float | None:
    """Return how long nothing is done but to wait for an agent that rests; None where nobody knows."""
    agent = standing["waits_for_agent"]
    if not agent:
        return 0.0
    back = min(
        (one["next_try"] for one in standing["agents"] if one["agent"] == agent and one["rests"]), default=""
    )
    return max(0.0, passed(facts.as_of, back)) if back else None


def ends_at(standing: Standing, facts: LiveFacts) -> str | None:
    """Return when the run ends, as is expected. Pure."""
    left = seconds_left(standing, facts)
    return None if left is None else later(facts.as_of, left)


def _fields(one: Progress | Gpu | None, *names: str) -> dict[str, object] | None:
    return None if one is None else {name: getattr(one, name) for name in names}


def _said(reason: Mapping[str, Any] | None) -> str | None:
    """Return a reason in words; they are imported where there is one, which is seldom."""
    if reason is None:
        return None
    from autoresearch.projections.state_text import say_kept  # noqa: PLC0415 - see above

    return say_kept(reason)


def _progress(paths: RunPaths, standing: Standing) -> Progress | None:
    training = standing["training"]
    if training is None:
        return None
    return progress_now(paths.job(training["iteration"], "train", training["training"]).folder)


def _waits_for(paths: RunPaths, standing: Standing) -> str:
    """Return who else keeps a training from being started, where one would be."""
    wanted = standing["device_wanted"]
    if wanted is None:
        return ""
    held = [
        devices.holders(devices.places(wanted["lock"], device, count), job=paths.folder.absolute())
        for device, count in wanted["places"].items()
    ]
    return held[0][0] if all(held) else ""  # one device that is free is enough


def _seconds(earlier: str, then: str) -> float:
    """Return the seconds between two times of day as histories write them."""
    try:
        return seconds_between(earlier, then)
    except ValueError:
        return RUNNER_COMES_S
