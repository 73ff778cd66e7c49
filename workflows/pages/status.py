"""How a run stands, for people: the page of `status`. Never writes.

workflows/api/status.py has the object that `status --json` prints. Imports only what starts fast.
"""

from __future__ import annotations

from autoresearch.events.clock import wall
from autoresearch.projections.state_text import (
    say_comparisons,
    say_gain,
    say_in_common,
    say_interval,
    say_outside,
    say_stopped,
    say_waiting,
)
from autoresearch.projections.words.times import counted, duration, one_line, signed
from autoresearch.projections.words.wording import (
    loops_left_words,
    name_of,
    say_proposers,
    say_sandbox,
    short,
)
from autoresearch.workflows.api.status import elapsed_s, ends_at, seconds_left
from autoresearch.workflows.pages.proposing import (
    approval_words,
    cost_words,
    health_words,
    ideas_words,
    memory_words,
    question_words,
)
from autoresearch.workflows.pages.ways_out import after_no_gain, typed


TYPE_CHECKING = False  # as in typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autoresearch.engine.system.gpu import Gpu
    from autoresearch.engine.training.progress import Progress
    from autoresearch.projections.summary import Standing
    from autoresearch.workflows.api.status import Glance


# What changed since the best was trained, so that it is trained once more; by the field of its conditions.
CHANGED = {
    "deciding": "settings",
    "data": "the data",
    "data_id": "the data",
    "python": "Python",
    "torch": "torch",
    "driver": "the driver",
    "threads": "the number of threads",
    "inputs": "input files",
    "filters": "git's filters",
    "packages": "packages",
}
# What an iteration is for that tries no idea.
PURPOSES = {
    "final": "the final measurement: {keep} on fresh seeds",
    "consolidate": "the consolidation: {keep} on fresh seeds",
    "verdict": "{keep} measured again, to compare a candidate with it",
    "drop": "the best without {keep}, which was found doubtful",
    "ablate": "the ablation: the best without {keep}",
}


def status_page(seen: Glance) -> str:
    """Return the page for people: one line for each thing they ask about."""
    standing = seen.standing
    rows = [
        ("run", f"{standing['run_id']} on {standing['branch']}"),
        ("phase", _phase_words(seen)),
        ("now", now_words(seen)),
        ("prefetch", prefetch_words(standing)),
        ("best", _best_words(standing)),
        ("gain", _gain_words(standing)),
        ("holdout", holdout_words(standing)),
        ("chosen", _chosen_words(standing)),
        ("keeps", keeps_words(standing)),
        ("reviews", _unreviewed_words(standing)),
        ("number", _number_words(standing)),
        ("guards", say_outside(standing)),
        ("done", done_words(standing)),
        ("time", time_words(seen)),
        ("ends", ends_words(seen)),
        ("cost", cost_words(standing)),
        ("waiting", _waiting_words(seen)),
        ("trouble", seen.facts.trouble),
        ("gpu", _gpu_words(seen.facts.gpu)),
        ("runner", _runner_words(seen)),
        ("agents", say_sandbox(**held) if (held := standing["sandbox"]) else ""),
        *(("asks", words) for words in say_proposers(standing)),
        ("health", health_words(standing)),
        *(("asked", words) for words in question_words(standing)),
        *(("approve", words) for words in approval_words(standing)),
        ("ideas", ideas_words(standing)),
        ("memory", memory_words(standing)),
        ("polling", f"{seen.silent} tells of no changes" if seen.silent else ""),
        ("files", str(seen.folder)),
        ("next", next_words(seen)),
    ]
    return "".join(f"{name:<8} {one_line(words, 400)}\n" for name, words in rows if words)


def now_words(seen: Glance) -> str:
    """Say what is being done now, with the training's own progress."""
    now, going_on = seen.standing["in_progress"], seen.standing["open"]
    if now is None:
        return ""
    if now["iteration"] is None:
        return f"preparing data and tokenizer, job {now['job']}"
    one = going_on[0]
    job = f" (job {one['job']})" if (one["job"] or 0) > 1 else ""
    waits = "" if one["job"] or seen.phase in ("loop", "baseline") else ", which waits"
    if seen.facts.waits_for:
        waits = f", which waits for the device: {seen.facts.waits_for} holds it"
    said = (
        f"{name_of(one['iteration'])}{purpose_words(one)}: {one['stage']}{job}{_where(one['device'])}{waits}"
    )
    return ", ".join([said, *progress_words(seen.facts.progress)])


def prefetch_words(standing: Standing) -> str:
    """Say what is prepared beside the training that runs."""
    said = []
    for one in standing["open"][1:]:
        stage = "ready" if one["stage"] == "train" and not one["job"] else one["stage"]
        said.append(f"{name_of(one['iteration'])}{purpose_words(one)}: {stage}{_where(one['device'])}")
    return "; ".join(said)


def purpose_words(one: Mapping[str, Any]) -> str:
    """Say what an iteration is for that tries no idea, in brackets; "" for an idea."""
    said = PURPOSES.get(one["purpose"] or "", "")
    return f" ({said.format(keep=name_of(one['keep']))})" if said else ""


def _where(device: str) -> str:
    """Say on which card a training runs; nothing on a machine without cards."""
    return f" on device {device}" if device not in ("", "cpu") else ""


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


def next_words(seen: Glance) -> str:
    """Say what to do with a run that does nothing by itself any more; "" where it goes on."""
    standing, phase = seen.standing, seen.phase
    if phase == "failed" or (phase in ("stopped", "done") and not standing["baseline_done"]):
        shown = f"{typed('logs 0')} shows its output; " if standing["stopped"] == "baseline_failed" else ""
        return (
            f"{shown}{typed('doctor')} looks for what is wrong; {typed('resume')} goes on once it is mended, "
            f"on the commit that the run began on: after a commit of yours, {typed('start')} begins a new run"
        )
    if phase not in ("stopped", "done"):
        return ""
    no_gain = after_no_gain(standing)
    steps = [*no_gain, f"{typed('report')} tells it on one page"]
    if standing["best_iteration"] and not no_gain:
        if standing["to_adopt"]:
            steps.append(f"{typed('adopt')} brings the best into {standing['branch']}")
        if not standing["final_is_left"] and standing["gain"] is None and standing["exact_gain"] is None:
            steps.append(f"{typed('final')} measures the gain on fresh seeds")
        steps.append(f"{typed('publish')} puts what was kept on a branch to be reviewed")
    left = standing["loops_left"]
    steps.append(f"{typed('resume' if left else 'resume --loops 10')} goes on")
    return "; ".join(steps)


def _phase_words(seen: Glance) -> str:
    standing, word = seen.standing, seen.phase
    match word:
        case "waiting" if seen.facts.trouble:
            return f"waiting: {seen.facts.trouble}"
        case "waiting" if standing["waits_for_agent"]:
            return f"waiting for {standing['waits_for_agent']}, since nobody else has anything to do"
        case "waiting" if standing["waits_for_answer"]:
            return f"waiting for an answer until {standing['waits_for_answer']}; {typed('answer')} gives it"
        case "waiting" | "paused":
            return f"{say_waiting(standing)}; {_way_on(standing)}"
        case "interrupted":
            return f"interrupted: no runner is alive; {typed('resume')} goes on"
        case "stopped" | "done" | "failed":
            why = say_stopped(standing)
            return f"{word}: {why}" if why else word
        case _:
            return word


def _way_on(standing: Standing) -> str:
    if standing["paused"]:
        return f"{typed('unpause')} goes on"
    if standing["approvals"]:
        return f"{typed('show {}'.format(standing['approvals'][0]['iteration']))} has all of it"
    return f"{typed('propose')} answers, or drop a next_proposal.json"


def _number_words(standing: Standing) -> str:
    """Say whose word the best's number is, where nobody but the script has measured it."""
    own = standing["baseline_done"] and not standing["evaluated"]
    return "the script's own word: the settings name no `evaluate`" if own else ""


def _best_words(standing: Standing) -> str:
    name, best, baseline = standing["metric"], standing["best_metric"], standing["baseline_metric"]
    if best is None or baseline is None:
        return f"no {name} yet"
    iteration = standing["best_iteration"]
    said = f"{name} {best:.6f}, {name_of(iteration)}, commit {short(standing['kept_commit'])}"
    if standing["best_of_before"]:
        return f"{said}; measured again before the next verdict, since settings changed"
    if (changed := CHANGED.get(standing["changed_since"])) is not None:
        return f"{said}; {changed} changed since: it is trained once more"
    seeds = standing["seeds_in_common"]
    if iteration == 0:
        return said
    if seeds is None:
        return f"{said}; baseline {baseline:.6f} is not to be compared: no training of both was alike"
    change = f" ({100 * (best - baseline) / abs(baseline):+.2f} %)" if baseline else ""
    return f"{said}; baseline {baseline:.6f}{change}, {say_in_common(seeds)}"


def _gain_words(standing: Standing) -> str:
    """Say what the best is worth: the number it was chosen by flatters it."""
    gain = standing["gain"]
    if gain is not None:
        return say_gain(gain["value"], gain["half_width"], gain["seeds"])
    if not standing["best_iteration"]:  # the baseline, or nothing yet
        return ""
    if standing["exact_gain"] is not None:
        return f"{signed(standing['exact_gain'])}: trainings of the same code measured the same"
    if standing["final_is_left"]:
        return "measured on fresh seeds once no loop is left"
    return f"not measured on fresh seeds; {typed('final')} does"


def holdout_words(standing: Standing) -> str:
    """Say what best and baseline have on documents of no other use; "" where nobody looked."""
    seen = standing["holdout"]
    if seen is None:
        return ""
    best, baseline, looks = seen["best"], seen["baseline"], seen["looks"]
    said = [] if best is None else [f"{name_of(seen['iteration'])} {best:.6f}"]
    said += [] if baseline is None else [f"baseline {baseline:.6f}"]
    times = f"looked at {counted(looks, 'time')} in this repository"
    return f"{', '.join(said) or 'it could not be scored'}; {times}"


def _chosen_words(standing: Standing) -> str:
    """Say by how many comparisons the best was chosen: the more, the more it is chosen for its luck."""
    said = say_comparisons(standing["comparisons"])
    return f"by {said}" if said else ""


def keeps_words(standing: Standing) -> str:
    """Say how many keeps are confirmed on fresh seeds, and name the doubtful; "" where none was looked at."""
    keeps = [one for one in standing["keeps"] if not one["taken_out"] and not one["takes_out"]]
    out = [name_of(one["iteration"]) for one in standing["keeps"] if one["taken_out"]]
    of = {word: [one for one in keeps if one["verdict"] == word] for word in ("confirmed", "doubtful", None)}
    if not of["confirmed"] and not of["doubtful"] and not out:
        return ""
    seeds = max((one["pairs"] for one in keeps if one["verdict"]), default=0)
    said = [f"{len(of['confirmed'])} confirmed on {counted(seeds, 'fresh seed')}"]
    if of["doubtful"]:
        each = (
            f"{name_of(one['iteration'])} ({say_interval(one['gain'], one['half_width'])})"
            for one in of["doubtful"]
        )
        said.append(f"{len(of['doubtful'])} doubtful: {', '.join(each)}")
    if out:
        said.append(f"{len(out)} taken out: {', '.join(out)}")
    if of[None]:
        said.append(f"{len(of[None])} not looked at")
    return "; ".join(said)


def _unreviewed_words(standing: Standing) -> str:
    """Name what was kept though the review that was to be had was not; "" for nothing."""
    return ", ".join(f"{name_of(number)} kept, not reviewed" for number in standing["not_reviewed"])


def done_words(standing: Standing) -> str:
    """Say how many changes were tried, what came of them, and how many loops are left."""
    counts, done = standing["counts"], standing["iterations_completed"]
    ends = [
        f"{count} {word}"
        for count, word in (
            *((counts[word], word) for word in ("kept", "discarded", "vetoed")),
            (counts["stopped_early"], "stopped early"),
            (counts["crashed"], "crashed"),
            (counts["not_applied"], "not applied"),
            (counts["retracted"], "retracted"),
        )
        if count
    ]
    said = f" ({', '.join(ends)})" if ends else ""
    left = loops_left_words(standing["loops_left"])
    return f"{counted(done, 'change')} tried{said}, {left} left{_numbers_words(standing)}"


def _numbers_words(standing: Standing) -> str:
    """Say why the numbers of iterations go further than what was tried; "" where they do not."""
    last, trying = standing["last_iteration"], sum(one["purpose"] is None for one in standing["open"])
    if last <= standing["iterations_completed"] + trying:
        return ""
    return f"; numbers go to {last}, since what measures again has one, too, and is no loop"


def time_words(seen: Glance) -> str:
    """Say since when the run is there, and how long devices worked for it."""
    standing, as_of = seen.standing, seen.facts.as_of
    if not standing["started_at"]:
        return ""
    said = f"since {wall(standing['started_at'], beside=as_of)}, {duration(elapsed_s(standing, as_of))}"
    return f"{said}; devices worked {duration(standing['device_s'])}" if standing["device_s"] else said


def ends_words(seen: Glance) -> str:
    """Say when the run ends: by its limits, or by what was asked for at the pace it has."""
    standing, as_of = seen.standing, seen.facts.as_of
    left = seconds_left(standing, seen.facts)
    limits = [f"until {wall(standing['until'], beside=as_of)} at the latest"] if standing["until"] else []
    if standing["trainings_left"] is not None:
        limits.append(f"{counted(standing['trainings_left'], 'training')} left")
    if standing["stopped"] is not None or left is None:
        return ""
    at = ends_at(standing, seen.facts)
    return ", ".join([f"about {wall(at or as_of, beside=as_of)}, in {duration(left)}", *limits])


def _waiting_words(seen: Glance) -> str:
    dropped = [f"{seen.facts.dropped} dropped, not read yet"] if seen.facts.dropped else []
    return "; ".join([*seen.standing["waiting"], *dropped])


def _gpu_words(gpu: Gpu | None) -> str:
    if gpu is None:
        return ""
    used = [
        "" if gpu.utilisation_percent is None else f"{gpu.utilisation_percent:.0f} % busy",
        "" if gpu.memory_used_mb is None else f"{gpu.memory_used_mb:,.0f} MiB used",
        "" if gpu.memory_total_mb is None else f"of {gpu.memory_total_mb:,.0f} MiB",
    ]
    return " ".join([f"{gpu.name}:", *(words for words in used if words)])


def _runner_words(seen: Glance) -> str:
    if seen.runner is None:
        return ""
    mode = seen.standing["runner_mode"]
    return f"process {seen.runner}{f', in the {mode}' if mode else ''}"
