"""Each closed iteration as a run of MLflow, below one run that stands for the run itself.

A run is found again by a tag that follows from the history, so what is sent twice is there once.
"""

import os
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.system.version import adds, how_to_install
from autoresearch.events.encoding.shapes import unstructure
from autoresearch.events.errors import NotFound, UsageRefused
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.times import one_line
from autoresearch.workflows.exports.asked import Asked, Exported
from autoresearch.workflows.exports.cursor import Cursor
from autoresearch.workflows.exports.post import PASSING, until_taken
from autoresearch.workflows.exports.trackers.changed_rows import Changed, Told, changes, history_key, told_of


if TYPE_CHECKING:
    from mlflow import MlflowClient

TAKES = {"--to", "--follow", "--from"}
KEY = "autoresearch.key"
REFUSED = re.compile(r"[^\w./: -]", re.ASCII)  # in names
LONGEST = 500  # characters of a parameter or tag, which old servers take


def export(asked: Asked) -> Exported:
    """Write what is new or has changed; return once nothing is left to write.

    Raises:
        UsageRefused: no address is given.
        NotFound: mlflow is not installed, or the receiver took nothing.
        RunLocked: another process writes the same.
    """
    if not asked.to:
        raise UsageRefused("mlflow takes the address of a tracking server or store", remedy="--to URI")
    cursor = Cursor(paths=asked.paths, sink="mlflow", to=asked.to)
    sent, seq = 0, 0
    with cursor.held():
        tracking = Tracking(asked.paths, client=client_of(asked.to))
        for changed in changes(cursor, first=asked.first, follow=asked.follow):
            _until_taken(partial(tracking.write, changed), patient=asked.follow)
            cursor.store(changed.position)
            sent, seq = sent + len(changed.rows), changed.position.seq
    return Exported(sent=sent, what="experiment", to="mlflow", seq=seq)


def client_of(to: str) -> "MlflowClient":
    """Return a client of a tracking server or store; nothing is told to MLflow's makers.

    Raises:
        NotFound: mlflow is not installed.
        UsageRefused: it does not take the address.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    try:
        from mlflow import MlflowClient  # noqa: PLC0415 - 4 s, for this alone
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - the same
    except ImportError as error:
        raise NotFound("mlflow needs mlflow-skinny", remedy=f"`{adds('mlflow')}` brings it") from error
    try:
        return MlflowClient(tracking_uri=to)
    except MlflowException as error:
        raise UsageRefused(
            f"mlflow does not take this address: {one_line(str(error), LONGEST)}",
            remedy=f"the address of a server needs no more; `{how_to_install('mlflow')}` serves a database",
        ) from error


@frozen(kw_only=True)
class _Known:
    """The runs of MLflow that are there, by their key."""

    parent: Any  # of mlflow, which has no types
    children: dict[str, Any]


class Tracking:
    """Writes a run into a tracking store; what is there already stays, and is told anew."""

    def __init__(self, paths: RunPaths, *, client: "MlflowClient") -> None:
        self._paths, self._client = paths, client
        self._key = f"{paths.run_id}:{history_key(paths)}"

    def write(self, changed: Changed) -> None:
        """Write rows, and how the run stands."""
        known = self._known(changed)
        for row in changed.rows:
            self._write_row(row, changed, known)
        self._write_run(changed, known.parent)

    def _known(self, changed: Changed) -> _Known:
        """Find what is there, and make the parent where it is not."""
        name = self._paths.home.name
        found = self._client.get_experiment_by_name(name)
        self._experiment = found.experiment_id if found else self._client.create_experiment(name)
        own = self._search(f"tags.`{KEY}` = '{self._key}'")
        if own:
            parent = own[0]
        else:
            row = changed.loaded.timeline.rows[:1]
            begun = _ms(row[0].started_at) if row else None
            parent = self._client.create_run(
                self._experiment, start_time=begun, tags={KEY: self._key}, run_name=self._paths.run_id
            )
        below = self._search(f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
        return _Known(parent=parent, children={one.data.tags.get(KEY, ""): one for one in below})

    def _search(self, wanted: str) -> list[Any]:
        page = self._client.search_runs([self._experiment], wanted)
        found = list(page)
        while page.token:
            page = self._client.search_runs([self._experiment], wanted, page_token=page.token)
            found += page
        return found

    def _write_row(self, row: Row, changed: Changed, known: _Known) -> None:
        told, key = told_of(row, changed.loaded.run.config.metric), f"{self._key}:{row.iteration}"
        tags = _tags(told) | {KEY: key, "mlflow.parentRunId": known.parent.info.run_id}
        found = known.children.get(key)
        if found is None:
            found = self._client.create_run(
                self._experiment, start_time=_ms(row.started_at), tags=tags, run_name=told.name
            )
        own = found.info.run_id
        self._log(own, told.metrics, found.data.metrics, step=row.iteration, at=row.closed_at)
        for name, value in told.settings.items():
            if _plain(name) not in found.data.params:
                self._client.log_param(own, _plain(name), value[:LONGEST])
        for name, value in tags.items():
            if found.data.tags.get(name) != value:
                self._client.set_tag(own, name, value)
        self._client.set_terminated(own, "FAILED" if told.failed else "FINISHED", end_time=_ms(row.closed_at))

    def _write_run(self, changed: Changed, parent: Any) -> None:  # noqa: ANN401 - of mlflow
        """Write the metric of each iteration by steps, the settings, and whether the run goes on."""
        run, own = changed.loaded.run, parent.info.run_id
        metric = run.config.metric.name
        there = {one.step for one in self._client.get_metric_history(own, _plain(metric))}
        for row in changed.rows:
            if row.metric is not None and row.iteration not in there:
                self._log(own, {metric: row.metric}, {}, step=row.iteration, at=row.closed_at)
        for name, value in unstructure(run.config).items():
            if name not in parent.data.params and value not in (None, "", [], {}):
                self._client.log_param(own, name, str(value)[:LONGEST])
        self._client.set_tag(own, "autoresearch.branch", run.branch)
        if run.stopped is None:
            self._client.update_run(own, status="RUNNING")
        else:
            self._client.set_terminated(own, "FINISHED", end_time=_ms(run.updated_at))

    def _log(
        self, own: str, metrics: dict[str, float], there: dict[str, float], *, step: int, at: str | None
    ) -> None:
        for name, value in metrics.items():
            if there.get(_plain(name)) != value:
                self._client.log_metric(own, _plain(name), value, timestamp=_ms(at), step=step)


def _tags(told: Told) -> dict[str, str]:
    words = {f"autoresearch.{name}": value[:LONGEST] for name, value in told.words.items()}
    noted = {"mlflow.note.content": told.words["description"]} if "description" in told.words else {}
    commit = {"mlflow.source.git.commit": told.words["commit"]} if "commit" in told.words else {}
    return words | noted | commit


def _until_taken(write: Callable[[], None], *, patient: bool) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - client_of has loaded it

    def tried() -> tuple[str, bool] | None:
        try:
            write()
        except MlflowException as error:
            return one_line(str(error), LONGEST), error.get_http_status_code() in PASSING
        return None

    until_taken(tried, who="mlflow", what="the experiments", patient=patient)


def _plain(name: str) -> str:
    """Return a name as MLflow takes it."""
    return REFUSED.sub("_", name)


def _ms(at: str | None) -> int | None:
    return None if at is None else round(datetime.fromisoformat(at).timestamp() * 1000)
