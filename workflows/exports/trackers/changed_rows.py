"""The closed iterations that are new or other than an export last saw them, and what is told of each.

For receivers that keep experiments and no events. Knows none of them.
"""

from collections.abc import Iterator

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import Loaded, load
from autoresearch.events.encoding.codec import Position
from autoresearch.events.log.read import read
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.times import one_line
from autoresearch.workflows.api.experiments import experiment
from autoresearch.workflows.exports.cursor import Cursor
from autoresearch.workflows.exports.feed import feed, place


NUMBERS = (
    *("memory_gb", "seconds", "cpu_seconds", "gain", "half_width", "probability"),
    *("fresh_gain", "fresh_half_width", "cost_usd"),
)
WORDS = ("status", "source", "commit", "description", "reason", "sureness")
NAME = 60  # characters


@frozen(kw_only=True)
class Changed:
    """Rows as of a position."""

    loaded: Loaded
    rows: list[Row]
    position: Position


@frozen(kw_only=True)
class Told:
    """What is told of an iteration, where it is known."""

    name: str
    failed: bool
    metrics: dict[str, float]
    settings: dict[str, str]  # that its proposal set
    words: dict[str, str]


def changes(cursor: Cursor, *, first: int | None, follow: bool) -> Iterator[Changed]:
    """Yield what has changed behind the cursor; with `follow`, again and again until the run is idle.

    Moving the cursor is the caller's.
    """
    stored = cursor.stored() if first is None else None
    before = first - 1 if first is not None else stored.seq if stored else 0
    reached = None
    for recorded in feed(cursor, first=first, follow=follow):
        if recorded is not None:
            reached = place(recorded)
        elif reached is not None:
            yield _changed(cursor.paths, before, reached)
            before, reached = reached.seq, None
    if reached is not None:
        yield _changed(cursor.paths, before, reached)


def _changed(paths: RunPaths, before: int, reached: Position) -> Changed:
    loaded = load(paths, upto=reached.seq)
    known = load(paths, upto=before).timeline.closed if before else ()
    seen = {row.iteration: experiment(row) for row in known}
    rows = [row for row in loaded.timeline.closed if experiment(row) != seen.get(row.iteration)]
    return Changed(loaded=loaded, rows=rows, position=reached)


def told_of(row: Row, metric: MetricSpec) -> Told:
    """Return what is told of an iteration."""
    said = experiment(row)
    measured = {metric.name: row.metric} | {name: said[name] for name in NUMBERS} | said["metrics"]
    return Told(
        name=f"#{row.iteration} {one_line(row.description, NAME)}",
        failed=row.verdict in ("crash", "not_applied"),
        metrics={name: float(value) for name, value in measured.items() if value is not None},
        settings={name: str(value) for name, value in row.settings.items()},
        words={name: str(said[name]) for name in WORDS if said[name]},
    )


def history_key(paths: RunPaths) -> str:
    """Return what no other history has in common with this one, be it of the same name."""
    return next(iter(read(paths.history, upto=1))).hash[:16]
