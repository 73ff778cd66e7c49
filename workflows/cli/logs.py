"""The command that prints what jobs printed, once or as it comes."""

import io
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import IO, Annotated

import typer

from autoresearch.engine.jobs import pack
from autoresearch.engine.paths import JobPaths, RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.runs.one_iteration import before_iteration, one_iteration
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.errors import NotFound, UsageRefused, WayOut
from autoresearch.events.log.read import read
from autoresearch.projections.words.times import counted, one_line
from autoresearch.workflows.api.history import log_object
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.live.follow import RunFollower, follow_file
from autoresearch.workflows.pages.transcript import readable
from autoresearch.workflows.pages.ways_out import typed


STEPS = ("train", "evaluate", "guard", "holdout", "prepare", "propose", "edit", "apply", "triage", "review")
OF_AGENTS = frozenset({"propose", "edit", "apply", "triage", "review"})
LINES = 200  # that are printed where nobody says how many
MOST_BYTES = 2**15  # of a log then: an agent's transcript has lines of any length
RECENT = 8  # iterations; in an older one no job is started
INTERRUPTED = 130


def logs(
    number: Annotated[
        int | None,
        typer.Argument(help="The iteration; default: the newest training.", metavar="[N]", min=0),
    ] = None,
    *,
    step: Annotated[
        str,
        typer.Option(
            "--step",
            help="train, evaluate, what an agent did: propose, apply, triage, review; or prepare.",
            metavar="STEP",
        ),
    ] = "",
    lines: Annotated[
        int | None,
        typer.Option(
            *("-n", "--lines", "--last"),
            help="Only so many lines from the end; 0: all. Default: 200, of 32 KiB at most.",
            metavar="N",
            min=0,
        ),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Of an agent's step, print what its program printed.")
    ] = False,
    live: opt.Following = False,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Print what a training printed; with -f as it comes, going on with the next one.

    Of an agent's step: what it said and did, and what its tools printed, cut short.
    """
    if step and step not in STEPS:
        raise UsageRefused(f"--step: there is no step {step!r}", remedy=f"the steps are {', '.join(STEPS)}")
    paths = opt.target(repo).run(run_id).paths
    job = _newest_job(paths, _recent(paths, number), number=number, step=step)
    if job is None and number is None:
        job = _newest_job(paths, read(paths.history), number=number, step=step)
    if job is None and not live:
        raise _no_log(paths, number)
    if as_json and live:
        raise UsageRefused("--json is one object, and does not follow", remedy="leave out --follow")
    if not live and job is not None:
        if step in OF_AGENTS and not raw:
            _print_transcript(job, lines, run_id=paths.run_id if as_json else "")
            return 0
        _print_end(job, lines, run_id=paths.run_id if as_json else "")
        return 0
    try:
        _follow_logs(paths, job, lines=lines, number=number, step=step)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _recent(paths: RunPaths, number: int | None) -> Iterable[Recorded]:
    """Yield the records among which an iteration's jobs are started, or else the newest ones."""
    if number:  # the baseline's may be anywhere: preparing is one of them
        one = one_iteration(paths, number)
        return one.events if one is not None else ()
    first = load_run(paths).state.last_iteration - RECENT if number is None else 0
    return read(paths.history, since=before_iteration(paths, first))


def _newest_job(
    paths: RunPaths, records: Iterable[Recorded], *, number: int | None, step: str
) -> JobPaths | None:
    """Return the folder of the last job that was started, of this iteration and step where they are named."""
    newest = None
    for recorded in records:
        match recorded.event:
            case ev.TrainingStarted(iteration=iteration, training=counted):
                started = (iteration, "train", counted)
            case ev.PrepareStarted(preparation=counted):
                started = (0, "prepare", counted)
            case ev.EvaluationStarted(iteration=iteration, evaluation=counted) if step == "evaluate":
                started = (iteration, "evaluate", counted)
            case ev.GuardStarted(iteration=iteration, check=counted) if step == "guard":
                started = (iteration, "guard", counted)
            case ev.HoldoutStarted(iteration=iteration, look=counted) if step == "holdout":
                started = (iteration, "holdout", counted)
            case ev.AgentAsked(iteration=iteration, step=name, call=counted) if step == name:
                started = (iteration, name, counted)
            case _:
                continue
        if number in (None, started[0]) and step in ("", started[1]):
            newest = paths.job(*started)
    return newest


def _no_log(paths: RunPaths, number: int | None) -> NotFound:
    last = load_run(paths).state.last_iteration
    known = f"; there is 0 to {last}" if last >= 0 and number is not None else ""
    what = "nothing was started yet" if number is None else f"iteration {number} has no such log{known}"
    return NotFound(f"{paths.run_id}: {what}", remedy=WayOut("experiments"))


def _opened(job: JobPaths) -> IO[bytes]:
    file = pack.opened(job.output)
    if file is None:
        raise NotFound(
            f"{job.output} is not there (yet)", remedy="the job was just started, or its folder was deleted"
        )
    return file


def _print_transcript(job: JobPaths, lines: int | None, *, run_id: str) -> None:
    """Print what an agent said and did, or the last lines of it. As an object where a run is named."""
    with _opened(job) as file:
        whole = "".join(f"{line}\n" for line in (*readable(file), *_answered(job))).encode(errors="replace")
    begin = _offset(io.BytesIO(whole), lines)
    if run_id:
        text = whole[begin:].decode(errors="replace")
        opt.print_object(log_object(run_id, job, begin=begin, text=text))
        return
    if begin and lines is None:
        opt.say(f"{counted(begin, 'byte')} before this: {typed('logs --last 0')} prints all", err=True)
    _write(whole[begin:])
    sys.stdout.flush()


def _answered(job: JobPaths) -> Iterator[str]:
    """Yield what an agent wrote as its answer, which it may do instead of printing it."""
    raw = pack.read(job.answer)
    if raw is not None:
        yield f"> answer: {one_line(raw.decode(errors='replace'), MOST_BYTES)}"


def _print_end(job: JobPaths, lines: int | None, *, run_id: str) -> None:
    """Print a log, or its last lines; of any size, of any bytes. As an object where a run is named."""
    with _opened(job) as file:
        begin = _offset(file, lines)
        if run_id:
            file.seek(begin)
            opt.print_object(log_object(run_id, job, begin=begin, text=file.read().decode(errors="replace")))
            return
        if begin and lines is None:
            opt.say(f"{counted(begin, 'byte')} before this: {typed('logs --last 0')} prints all", err=True)
        file.seek(begin)
        while piece := file.read(2**16):
            _write(piece)
    sys.stdout.flush()


def _offset(file: IO[bytes], lines: int | None) -> int:
    """Return where the last lines of a file begin; by default of 32 KiB, else of a megabyte."""
    if lines == 0:
        return 0
    begin = max(0, file.seek(0, 2) - (MOST_BYTES if lines is None else 2**20))
    file.seek(begin)
    end = file.read()
    position = len(end.rstrip(b"\n"))
    for _ in range(LINES if lines is None else lines):
        position = end.rfind(b"\n", 0, position)
        if position < 0:
            return begin
    return begin + position + 1


def _follow_logs(
    paths: RunPaths, job: JobPaths | None, *, lines: int | None, number: int | None, step: str
) -> None:
    """Print the newest job's log as it grows, then the next one's, until the run rests."""
    offset = _end_of(job, lines) if job is not None else 0
    with RunFollower(paths) as follower:
        while True:
            if job is not None:
                for piece in follow_file(job.output, ended=partial(pack.holds, job.exit), offset=offset):
                    _write(piece)
                    sys.stdout.flush()
            following = _next_job(paths, follower, job, number=number, step=step)
            if following is None:
                return
            job, offset = following, 0


def _end_of(job: JobPaths, lines: int | None) -> int:
    """Return where the last lines of a job's log begin; at its beginning where there is none yet."""
    file = pack.opened(job.output)
    if file is None:
        return 0
    with file:
        return _offset(file, lines)


def _next_job(
    paths: RunPaths, follower: RunFollower, job: JobPaths | None, *, number: int | None, step: str
) -> JobPaths | None:
    """Wait for a newer job than this one; None when the run rests without one."""
    while True:
        fresh = follower.news()
        newest = _newest_job(paths, read(paths.history), number=number, step=step) if fresh else None
        if newest is not None and (job is None or newest.folder != job.folder):
            return newest
        if follower.loaded.run.stopped is not None or _is_over(follower, number):
            return None
        if not fresh:
            follower.wait()


def _is_over(follower: RunFollower, number: int | None) -> bool:
    """Say whether the one iteration that is followed has its verdict."""
    row = follower.loaded.timeline.row(number) if number is not None else None
    return row is not None and row.verdict is not None


def _write(piece: bytes) -> None:
    sys.stdout.buffer.write(piece)
