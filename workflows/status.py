"""How a run stands: the object that `status --json` prints, and the page for people. Never writes."""

from datetime import datetime
from typing import Any, Literal

from attrs import asdict, field, frozen

from engine import devices, disk
from engine.decider import waiting_for_human
from engine.gpu import Gpu, gpu_now
from engine.process import holder
from engine.progress import Progress, progress_now
from engine.workspace import RunPaths
from events.clock import now
from events.values import Process
from projections.state import Iteration, Job, RunState
from workflows.render import duration, name_of, one_line, short


SCHEMA = "autoresearch.status/1"
LAUNCH_S = 3.0  # so long may a runner that was asked for take to begin

Phase = Literal["setup", "baseline", "loop", "waiting", "paused", "stopped", "done", "failed", "interrupted"]
RESTS: dict[str, Phase] = {
    "done": "done",
    "exhausted": "done",
    "stopped": "stopped",
    "setup_incomplete": "failed",
    "baseline_failed": "failed",
    "blocked": "failed",
}


@frozen(kw_only=True)
class Look:
    """A run's state, and what only the world can say of it at one moment."""

    paths: RunPaths
    run: RunState
    runner: Process | None
    progress: Progress | None
    gpu: Gpu | None
    dropped: int  # proposals in the inbox that no runner has heard of yet
    trouble: str = ""  # what keeps the run's folder from being written
    silent: str = ""  # the kind of its file system, where that tells of no changes
    waits_for: str = ""  # who holds the device that the next training needs
    as_of: str = field(factory=now)

    @property
    def phase(self) -> Phase:
        """Return the one word for how the run stands."""
        word = phase(self.run, runner_alive=self.runner is not None, dropped=self.dropped, as_of=self.as_of)
        return "waiting" if self.trouble and word in ("setup", "baseline", "loop") else word


def look(paths: RunPaths, run: RunState, *, gpu: bool = True) -> Look:
    """Look at a run: its runner, the running training, the inbox, and the graphics card."""
    return Look(
        paths=paths,
        run=run,
        runner=holder(paths.lock),
        progress=_progress(paths, run),
        gpu=gpu_now() if gpu else None,
        dropped=_dropped(paths),
        trouble=disk.trouble(paths.folder),
        silent=disk.silent(paths.folder),
        waits_for=_waits_for(run),
    )


def phase(run: RunState, *, runner_alive: bool, dropped: int, as_of: str) -> Phase:
    """Return the one word for how a run stands. Pure."""
    if run.stopped is not None:
        return RESTS.get(run.stopped, "stopped")
    launching = run.runner is None and _seconds(run.updated_at, as_of) < LAUNCH_S
    if waiting_for_human(run) is not None and (runner_alive or launching or not dropped):
        return "paused" if run.paused is not None else "waiting"
    if not runner_alive and not launching:
        return "interrupted"
    if not run.setup.ok:
        return "setup"
    return "loop" if run.best is not None else "baseline"


def status_object(seen: Look) -> dict[str, Any]:  # Any: it is JSON
    """Return the object of `status --json`; its fields are a contract."""
    run, paths = seen.run, seen.paths
    return {
        "schema": SCHEMA,
        "run_id": run.run_id,
        "branch": run.branch,
        "phase": seen.phase,
        "setup_done": run.setup.ok,
        "baseline_done": run.best is not None,
        "iterations_completed": run.completed,
        "loops_left": run.loops_left,
        "best_val_bpb": run.best.metric if run.best else None,
        "baseline_val_bpb": run.baseline,
        "kept_commit": (run.best.commit or None) if run.best else None,
        "in_progress": in_progress(run),
        "progress": _progress_object(seen.progress),
        "counts": asdict(run.counts),
        "trouble": seen.trouble or None,
        "waits_for": seen.waits_for or None,
        "waiting_proposals": len(run.waiting) + seen.dropped,
        "need_input": run.need_input,
        "gpu": asdict(seen.gpu) if seen.gpu else None,
        "state_path": str(paths.state),
        "history_path": str(paths.history),
        "runner_log_path": str(paths.runner_log),
        "seq": run.seq,
        "as_of": seen.as_of,
    }


def in_progress(run: RunState) -> dict[str, Any] | None:
    """Return what is open now: iteration (None while preparing), stage, attempt of its job, since when."""
    if run.setup.job is not None:
        return _in_progress(None, "setup", run.setup.job, run.setup.job.since)
    one = busiest(run)
    if one is None:
        return None
    return _in_progress(one.number, one.next_stage, one.job, one.job.since if one.job else one.since)


def busiest(run: RunState) -> Iteration | None:
    """Return the open iteration that is worked on, else the first open one."""
    return next((one for one in run.open if one.job), next(iter(run.open), None))


def status_page(seen: Look) -> str:
    """Return the page for people: one line for each thing they ask about."""
    run = seen.run
    rows = [
        ("run", f"{run.run_id} on {run.branch}"),
        ("phase", _phase_words(seen)),
        ("now", now_words(seen)),
        ("best", _best_words(run)),
        ("done", _done_words(run)),
        ("waiting", _waiting_words(seen)),
        ("trouble", seen.trouble),
        ("gpu", _gpu_words(seen.gpu)),
        ("runner", _runner_words(seen)),
        ("hears", f"by looking: {seen.silent} tells of no changes" if seen.silent else ""),
        ("files", str(seen.paths.folder)),
    ]
    return "".join(f"{name:<8} {one_line(words, 400)}\n" for name, words in rows if words)


def now_words(seen: Look) -> str:
    """Say what is being done now, with the training's own progress."""
    run = seen.run
    if run.setup.job is not None:
        return f"preparing data and tokenizer, attempt {run.setup.job.attempt}"
    one = busiest(run)
    if one is None:
        return ""
    attempt = f" (attempt {one.job.attempt})" if one.job and one.job.attempt > 1 else ""
    waits = "" if one.job or seen.phase in ("loop", "baseline") else ", which waits"
    if seen.waits_for:
        waits = f", which waits for the device: {seen.waits_for} holds it"
    return ", ".join(
        [f"{name_of(one.number)}: {one.next_stage}{attempt}{waits}", *progress_words(seen.progress)]
    )


def progress_words(progress: Progress | None) -> list[str]:
    """Return what a training says of itself, in words."""
    if progress is None:
        return []
    said = [
        None if progress.percent is None else f"{progress.percent:.0f} %",
        None if progress.seconds_left is None else f"{duration(max(0.0, progress.seconds_left))} left",
        None if progress.loss is None else f"loss {progress.loss:.4f}",
        None if progress.tok_per_s is None else f"{progress.tok_per_s:,.0f} tokens/s",
    ]
    return [words for words in said if words]


def _phase_words(seen: Look) -> str:
    run, word = seen.run, seen.phase
    match word:
        case "waiting" if seen.trouble:
            return f"waiting: {seen.trouble}"
        case "waiting" | "paused":
            return f"{waiting_for_human(run)}; {_way_on(run)}"
        case "interrupted":
            return "interrupted: no runner is alive; `autoresearch resume` goes on"
        case "stopped" | "done" | "failed":
            return f"{word}: {run.stopped_detail}" if run.stopped_detail else word
        case _:
            return word


def _way_on(run: RunState) -> str:
    if run.paused is not None:
        return "`autoresearch unpause` goes on"
    return "`autoresearch propose` answers, or drop a next_proposal.json"


def _best_words(run: RunState) -> str:
    name = run.config.metric.name
    if run.best is None or run.baseline is None:
        return f"no {name} yet"
    best = f"{name} {run.best.metric:.6f}, {name_of(run.best.iteration)}, commit {short(run.best.commit)}"
    if run.best.iteration == 0:
        return best
    change = 100 * (run.best.metric - run.baseline) / abs(run.baseline) if run.baseline else 0.0
    return f"{best}; baseline {run.baseline:.6f} ({change:+.2f} %)"


def _done_words(run: RunState) -> str:
    counts = run.counts
    ends = [
        f"{count} {word}"
        for count, word in (
            (counts.kept, "kept"),
            (counts.discarded, "discarded"),
            (counts.crashed, "crashed"),
            (counts.not_applied, "not applied"),
        )
        if count
    ]
    said = f" ({', '.join(ends)})" if ends else ""
    return f"{run.completed} iteration{'' if run.completed == 1 else 's'}{said}, {run.loops_left} left"


def _waiting_words(seen: Look) -> str:
    known = [one.proposal.description for one in seen.run.waiting]
    dropped = [f"{seen.dropped} dropped, not read yet"] if seen.dropped else []
    return "; ".join([*known, *dropped])


def _gpu_words(gpu: Gpu | None) -> str:
    if gpu is None:
        return ""
    used = [
        "" if gpu.utilisation_percent is None else f"{gpu.utilisation_percent:.0f} % busy",
        "" if gpu.memory_used_mb is None else f"{gpu.memory_used_mb:,.0f} MiB used",
        "" if gpu.memory_total_mb is None else f"of {gpu.memory_total_mb:,.0f} MiB",
    ]
    return " ".join([f"{gpu.name}:", *(words for words in used if words)])


def _runner_words(seen: Look) -> str:
    if seen.runner is None:
        return ""
    mode = f", in the {seen.run.runner_mode}" if seen.run.runner_mode else ""
    return f"process {seen.runner.pid}{mode}"


def _in_progress(iteration: int | None, stage: str, job: Job | None, since: str) -> dict[str, Any]:
    return {"iteration": iteration, "stage": stage, "attempt": job.attempt if job else None, "since": since}


def _waits_for(run: RunState) -> str:
    """Return who keeps a training from being started, where one would be."""
    ready = any(one.next_stage == "train" and one.job is None and one.commit for one in run.open)
    if not ready or run.stopped is not None or run.paused is not None:
        return ""
    return str(next(iter(devices.holders(run.config)), ""))


def _progress(paths: RunPaths, run: RunState) -> Progress | None:
    for number, job in run.jobs:
        if job.step == "train":
            return progress_now(paths.job(number, job.step, job.attempt))
    return None


def _progress_object(progress: Progress | None) -> dict[str, Any] | None:
    if progress is None:
        return None
    return {
        "percent": progress.percent,
        "seconds_left": progress.seconds_left,
        "loss": progress.loss,
        "tok_per_s": progress.tok_per_s,
    }


def _dropped(paths: RunPaths) -> int:
    """Count the files in the inbox, by the names that engine/inbox.py looks at."""
    try:
        files = [
            path
            for path in paths.proposals.iterdir()
            if not path.name.startswith(".") and path.suffix != ".tmp"
        ]
    except (FileNotFoundError, NotADirectoryError):
        files = []
    return len(files) + paths.next_proposal.exists()


def _seconds(earlier: str, later: str) -> float:
    """Return the seconds between two times of day as histories write them."""
    try:
        return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
    except ValueError:
        return LAUNCH_S
