"""What `import autoresearch` offers: runs as the objects that `--json` prints, and as a table of pandas.

A run is named by its id, in the repository around `home` (default: the current folder); by its folder or its
history.jsonl, wherever these lie; or by a repository, whose run is that which a command there would mean.
Reads only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from autoresearch.engine.paths import HISTORY, RunPaths, is_run_id
from autoresearch.engine.runs.as_of import moment, seq_at
from autoresearch.engine.runs.catalogue import has_begun, started_runs
from autoresearch.engine.runs.load import Loaded, load, load_run
from autoresearch.engine.runs.locate import emptied_runs
from autoresearch.engine.system.version import adds
from autoresearch.events.encoding.codec import Position
from autoresearch.events.errors import AutoresearchError, NotFound
from autoresearch.events.log.read import lines
from autoresearch.projections.summary import standing
from autoresearch.workflows.api import experiments as rows_of
from autoresearch.workflows.api.report import report_of
from autoresearch.workflows.api.run_now import run_now, run_then
from autoresearch.workflows.api.runs import run_object
from autoresearch.workflows.api.status import status_object
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages.acts.wrong_words import what_is_wrong
from autoresearch.workflows.pages.ways_out import worded
from autoresearch.workflows.report.page import chart_of
from autoresearch.workflows.report.vega_lite import specification


if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
T = TypeVar("T")
Where = str | os.PathLike[str] | None
Objects = list[dict[str, Any]]  # Any: they are JSON

PLACES = "name a run by its id, the folder of one, its history.jsonl, or a repository"
NUMBERS = (
    *("metric", "memory_gb", "seconds", "cpu_seconds", "gain", "half_width", "probability", "shrunk"),
    *("fresh_gain", "fresh_half_width", "cost_usd"),
)
TIMES = ("started_at", "closed_at")


def _in_words(function: Callable[P, T]) -> Callable[P, T]:
    """Let an error say in words what is wrong and the way out, as a command does."""

    @wraps(function)
    def called(*words: P.args, **named: P.kwargs) -> T:
        try:
            return function(*words, **named)
        except AutoresearchError as error:
            if error.wrong is not None:
                error.args = (what_is_wrong(error),)
            if error.remedy:
                error.add_note(worded(error.remedy))
            raise

    return called


@_in_words
def runs(home: Where = None) -> Objects:
    """Return the runs of a repository, the newest last: the objects in `runs --json`."""
    top = opt.target(_path(home)).home
    return [run_object(paths) for paths in (*started_runs(top), *emptied_runs(top))]


@_in_words
def experiments(run: Where = None, *, at: str | int | None = None, home: Where = None) -> Objects:
    """Return the iterations of a run, now or as of `at`: the objects in `experiments --json`."""
    loaded = _loaded(_run(run, home), at)
    return [rows_of.experiment_of(row, loaded.run.config.metric) for row in loaded.timeline.rows]


@_in_words
def history(run: Where = None, *, home: Where = None) -> Objects:
    """Return the events of a run as they are stored, each with its seq, time and type."""
    return [json.loads(raw) for _, raw, _, _ in lines(_run(run, home).history, Position.start())]


@_in_words
def state(run: Where = None, *, at: str | int | None = None, home: Where = None) -> dict[str, Any]:
    """Return how a run stands, or stood as of `at`: the object of `status --json`."""
    paths = _run(run, home)
    seen = run_now(paths, load_run(paths).state) if at is None else run_then(paths, str(at))
    return status_object(paths, standing(seen.run), seen.facts)


@_in_words
def chart(*named: Where, at: str | int | None = None, home: Where = None) -> dict[str, Any]:
    """Return the Vega-Lite specification of a run, or of several in one panel: what `plot` draws."""
    found = [_run(one, home) for one in named or (None,)]
    reports = [report_of(paths, upto=None if at is None else seq_at(paths, str(at))) for paths in found]
    return specification(
        {paths.run_id: chart_of(one) for paths, one in zip(found, reports, strict=True)},
    )


@_in_words
def read(run: Where = None, *, at: str | int | None = None, home: Where = None) -> pd.DataFrame:
    """Return the iterations of a run as a table, a row each.

    Other metrics than the run's own are columns `metrics.NAME`, constants that were set `settings.NAME`. The
    table's `attrs` name the run, its metric, and whether lower is better. Needs the extra `notebook`.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - half a second, for who wants a table
    except ImportError as error:
        raise NotFound("a table needs pandas", remedy=f"`{adds('notebook')}` brings it") from error
    paths = _run(run, home)
    rows = [rows_of.experiment(row) for row in _loaded(paths, at).timeline.rows]
    table = pd.json_normalize(rows) if rows else pd.DataFrame(columns=list(rows_of.COLUMNS))
    table = table.astype(dict.fromkeys(NUMBERS, "float64"))
    for name in TIMES:
        table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
    metric = load_run(paths).state.config.metric
    table.attrs |= {
        "run_id": paths.run_id,
        "metric": metric.name,
        "lower_is_better": metric.lower_is_better,
    }
    return table


def _loaded(paths: RunPaths, at: str | int | None) -> Loaded:
    return load(paths) if at is None else moment(paths, str(at)).loaded


def _run(run: Where, home: Where) -> RunPaths:
    """Return the run that is meant; see the top of this module."""
    if run is None or (isinstance(run, str) and is_run_id(run)):
        return opt.target(_path(home)).run(run).paths
    path = Path(run).expanduser().absolute()
    if not path.exists():
        raise NotFound(f"there is nothing at {path}", remedy=PLACES)
    folder = path.parent if path.name == HISTORY else path
    there = RunPaths(home=folder, folder=folder)
    if path.exists() and has_begun(there):
        return there
    return opt.target(path).run(None).paths


def _path(where: Where) -> Path | None:
    return None if where is None else Path(where).expanduser()
