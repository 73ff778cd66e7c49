"""How a run stands, for people: the page of `status`. Never writes.

workflows/api/status.py has the object that `status --json` prints.
"""

from autoresearch.engine.system.gpu import Gpu
from autoresearch.engine.training.progress import Progress
from autoresearch.projections.event_text import one_line
from autoresearch.projections.run_state import Job, RunState
from autoresearch.projections.state_text import say_stopped, say_waiting
from autoresearch.projections.summary import busiest
from autoresearch.projections.times import duration
from autoresearch.projections.wording import name_of, short
from autoresearch.workflows.api.run_now import RunNow
from autoresearch.workflows.pages.ways_out import typed


def status_page(seen: RunNow) -> str:
    """Return the page for people: one line for each thing they ask about."""
    run = seen.run
    rows = [
        ("run", f"{run.run_id} on {run.branch}"),
        ("phase", _phase_words(seen)),
        ("now", now_words(seen)),
        ("prefetch", prefetch_words(run)),
        ("best", _best_words(run)),
        ("done", _done_words(run)),
        ("waiting", _waiting_words(seen)),
        ("trouble", seen.facts.trouble),
        ("gpu", _gpu_words(seen.facts.gpu)),
        ("runner", _runner_words(seen)),
        ("polling", f"{seen.silent} tells of no changes" if seen.silent else ""),
        ("files", str(seen.paths.folder)),
    ]
    return "".join(f"{name:<8} {one_line(words, 400)}\n" for name, words in rows if words)


def now_words(seen: RunNow) -> str:
    """Say what is being done now, with the training's own progress."""
    run = seen.run
    if run.setup.job is not None:
        return f"preparing data and tokenizer, attempt {run.setup.job.number}"
    one = busiest(run)
    if one is None:
        return ""
    attempt = f" (attempt {one.job.number})" if one.job and one.job.number > 1 else ""
    attempt += _where(one.job)
    waits = "" if one.job or seen.phase in ("loop", "baseline") else ", which waits"
    if seen.facts.waits_for:
        waits = f", which waits for the device: {seen.facts.waits_for} holds it"
    return ", ".join(
        [f"{name_of(one.number)}: {one.next_stage}{attempt}{waits}", *progress_words(seen.facts.progress)]
    )


def prefetch_words(run: RunState) -> str:
    """Say what is prepared beside the training that runs."""
    first = busiest(run)
    others = [one for one in run.open if one is not first]
    return "; ".join(
        f"{name_of(one.number)}: {'ready' if one.next_stage == 'train' and not one.job else one.next_stage}"
        f"{_where(one.job)}"
        for one in others
    )


def _where(job: Job | None) -> str:
    """Say on which card a training runs; nothing on a machine without cards."""
    return f" on device {job.device}" if job is not None and job.device not in ("", "cpu") else ""


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


def _phase_words(seen: RunNow) -> str:
    run, word = seen.run, seen.phase
    match word:
        case "waiting" if seen.facts.trouble:
            return f"waiting: {seen.facts.trouble}"
        case "waiting" | "paused":
            return f"{say_waiting(run)}; {_way_on(run)}"
        case "interrupted":
            return f"interrupted: no runner is alive; {typed('resume')} goes on"
        case "stopped" | "done" | "failed":
            why = say_stopped(run)
            return f"{word}: {why}" if why else word
        case _:
            return word


def _way_on(run: RunState) -> str:
    if run.paused is not None:
        return f"{typed('unpause')} goes on"
    return f"{typed('propose')} answers, or drop a next_proposal.json"


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


def _waiting_words(seen: RunNow) -> str:
    known = [one.proposal.description for one in seen.run.waiting]
    dropped = [f"{seen.facts.dropped} dropped, not read yet"] if seen.facts.dropped else []
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


def _runner_words(seen: RunNow) -> str:
    if seen.runner is None:
        return ""
    mode = f", in the {seen.run.runner_mode}" if seen.run.runner_mode else ""
    return f"process {seen.runner.pid}{mode}"
