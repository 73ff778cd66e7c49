"""The commands that look at a run, and never write: status, runs, experiments, show, history."""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import Annotated, get_args

import typer
from attrs import evolve as replace

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.as_of import moment
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.load import load, load_run, require_understood
from autoresearch.engine.runs.locate import emptied_runs
from autoresearch.engine.runs.one_iteration import OneIteration, one_iteration
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Position, Recorded, event_type
from autoresearch.events.errors import NotFound, UnknownEvent, UsageRefused, WayOut
from autoresearch.events.log.read import read
from autoresearch.events.log.seek import position_before
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import standing
from autoresearch.projections.words.event_text import Told
from autoresearch.projections.words.times import minute_of, one_line
from autoresearch.workflows.api.envelope import document
from autoresearch.workflows.api.experiments import (
    candidate_diff,
    experiment_whole,
    experiments_csv,
    experiments_object,
    story_of,
)
from autoresearch.workflows.api.history import history_object, stored_line, with_beginnings
from autoresearch.workflows.api.run_now import run_now, run_then
from autoresearch.workflows.api.runs import run_object
from autoresearch.workflows.api.status import status_object
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.live.follow import follow
from autoresearch.workflows.pages import tables
from autoresearch.workflows.pages.status import status_page
from autoresearch.workflows.pages.ways_out import typed


TAIL_LINES = 20
ROWS = 200  # of experiments, where nobody says how many
EVENTS = 200  # of a history then
INTERRUPTED = 130


def status(
    *, at: opt.At = None, as_json: opt.AsJson = False, run_id: opt.RunId = None, repo: opt.Repo = None
) -> None:
    """Say how a run stands: what is done, what is being done, what is best, what it waits for."""
    paths = opt.target(repo).run(run_id).paths
    seen = run_now(paths, load_run(paths).state) if at is None else run_then(paths, at)
    if as_json:
        opt.print_object(status_object(paths, standing(seen.run), seen.facts))
    else:
        typer.echo(status_page(seen.glance), nl=False)
        with suppress(UnknownEvent):  # of a later program: what is known of the run was said
            require_understood(paths)  # an event that no fold looked into may be damaged: it is said, too


def runs(*, as_json: opt.AsJson = False, repo: opt.Repo = None) -> None:
    """List the runs of the repository, the newest last."""
    home = opt.target(repo).home
    objects = [run_object(paths) for paths in (*started_runs(home), *emptied_runs(home))]
    if as_json:
        opt.print_object(document("runs", runs=objects))
        return
    if not objects:
        opt.say(f"there is no run yet: {typed('start --loops 5')} begins one")
        return
    head = ("run", "phase", "done", "left", "best", "began", "branch")
    rows = [
        (
            one["run_id"],
            one["phase"],
            str(one.get("iterations_completed", "-")),
            str(one.get("loops_left", "-")),
            "-" if one.get("best_metric") is None else f"{one['best_metric']:.6f}",
            minute_of(one["started_at"]) if "started_at" in one else "-",
            one_line(one.get("branch") or one.get("error", ""), 120),
        )
        for one in objects
    ]
    typer.echo(tables.table(head, rows, right=frozenset({2, 3, 4})), nl=False)


def experiments(
    *,
    as_json: opt.AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV and nothing else.")] = False,
    at: opt.At = None,
    last: opt.Last = None,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Show one line for each iteration: what was tried, what came of it, what is best."""
    if as_json and as_csv:
        raise UsageRefused("--json and --csv cannot go together", remedy="give one of them")
    paths = opt.target(repo).run(run_id).paths
    loaded = load(paths) if at is None else moment(paths, at).loaded
    every = loaded.timeline.rows
    most = (0 if as_csv else ROWS) if last is None else last
    rows = every[-most:]
    if as_json:
        opt.print_object(
            experiments_object(rows, paths.run_id, loaded.run.config.metric, earlier=len(every) - len(rows))
        )
    elif as_csv:
        typer.echo(experiments_csv(rows, loaded.run.config.metric), nl=False)
    else:
        best = loaded.run.best.iteration if loaded.run.best else None
        name = loaded.run.config.metric.name
        if last is None and len(every) > len(rows):
            opt.say(f"{len(every) - len(rows)} earlier ones: {typed('experiments --last 0')} shows all")
        typer.echo(tables.experiments_table(rows, metric=name, best=best), nl=False)


def show(
    number: Annotated[int, typer.Argument(help="The iteration; 0 is the baseline.", metavar="N", min=0)],
    *,
    only_diff: Annotated[
        bool, typer.Option("--diff", help="Print the candidate's diff and nothing else.")
    ] = False,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Show one iteration: its proposal, its diff, its metrics, its events, the end of its log."""
    here = opt.target(repo)
    paths = here.run(run_id).paths
    run = load_run(paths).state
    one = one_iteration(paths, number) if number <= run.last_iteration else None
    if one is None:
        raise _no_iteration(run, number, paths)
    story = story_of(one if not (run.retracted or run.consolidated) else _marked(one, paths))
    diff = candidate_diff(here.git, paths, story)
    left = paths.artifacts(number)
    artifacts = str(left) if left.is_dir() else ""
    if only_diff:
        typer.echo(diff, nl=False)
    elif as_json:
        whole = experiment_whole(story, diff=diff, artifacts=artifacts)
        opt.print_object(document("show", run_id=paths.run_id, **whole))
    else:
        name = run.config.metric.name
        said = artifacts and tables.artifacts_words(left)
        page = tables.story_page(story, metric=name, diff=diff, tail_lines=TAIL_LINES, artifacts=said)
        typer.echo(page, nl=False)


def history(
    *,
    since: Annotated[
        int, typer.Option("--since", help="Only events after this one.", metavar="SEQ", min=0)
    ] = 0,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only events of this type; repeatable.", metavar="TYPE"),
    ] = None,
    live: opt.Following = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print the records as they are stored.")] = False,
    as_json: opt.AsJson = False,
    last: opt.Last = None,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Print what happened, one line for each event: the last 200, or with --jsonl all."""
    wanted = known_types(types)
    if live and last is not None:
        raise UsageRefused("--last and --follow cannot go together", remedy="--since SEQ says where to begin")
    if as_json and (live or jsonl):
        raise UsageRefused(
            "--json is one object, and goes with neither --follow nor --jsonl", remedy="leave it out"
        )
    paths = opt.target(repo).run(run_id).paths
    records = follow(paths, since) if live else _after(paths, since)
    told = Told()
    found = (
        (recorded, begin)
        for recorded, begin in with_beginnings(map(told.hear, records))
        if recorded.seq > since and (not wanted or event_type(recorded.event) in wanted)
    )
    most = (0 if live or jsonl else EVENTS) if last is None else last
    if as_json:
        opt.print_object(history_object(paths, *_the_last(found, most)))
        return 0
    try:
        for recorded, begin in found if most == 0 else _last(found, most, say=last is None):
            typer.echo(stored_line(paths.history, begin, recorded.end) if jsonl else told.line(recorded))
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _marked(one: OneIteration, paths: RunPaths) -> OneIteration:
    """Return it with its row as what stands behind its own records left that: retraction, consolidation."""
    row = load(paths).timeline.row(one.row.iteration)
    return one if row is None else replace(one, row=row)


def _no_iteration(run: RunState, number: int, paths: RunPaths) -> NotFound:
    last = run.last_iteration
    known = "none yet" if last < 0 else f"0 to {last}"
    return NotFound(
        f"{paths.run_id} has no iteration {number}; there is {known}",
        remedy=WayOut("experiments"),
    )


def _after(paths: RunPaths, since: int) -> Iterable[Recorded]:
    """Yield the records after `since` and perhaps some before; of a long history, no more is read."""
    begin = position_before(paths.history, since + 1) if since else Position.start()
    return read(paths.history, since=begin)


def _last(found: Iterable[tuple[Recorded, int]], most: int, *, say: bool) -> Iterable[tuple[Recorded, int]]:
    """Return the last of them, after a line that says how many more there are."""
    kept, earlier = _the_last(found, most)
    if say and earlier:
        opt.say(f"{earlier} earlier events: {typed('history --last 0')} prints all, --since SEQ from one on")
    return kept


def _the_last(found: Iterable[tuple[Recorded, int]], most: int) -> tuple[Sequence[tuple[Recorded, int]], int]:
    """Return the last of them, all for 0, and how many there are before these."""
    kept: deque[tuple[Recorded, int]] = deque(maxlen=most or None)
    count = 0
    for count, one in enumerate(found, start=1):  # noqa: B007 - how many there were
        kept.append(one)
    return kept, count - len(kept)


def known_types(names: list[str] | None) -> frozenset[str]:
    """Return the types of events that were named.

    Raises:
        UsageRefused: there is no such event.
    """
    known = [cls.__name__ for cls in get_args(ev.Event)]
    for name in names or ():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "docs/events.md lists them"
            raise UsageRefused(f"--type: there is no event {name!r}", remedy=hint)
    return frozenset(names or ())
