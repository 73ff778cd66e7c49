"""Each closed iteration as an offline run of Weights & Biases, for `wandb sync`; the run is its group.

An iteration has an id that follows from the history, so what is sent twice is there once. Nothing is sent
from here: what is written is files.
"""

import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.system.version import adds
from autoresearch.events.errors import NotFound, UsageRefused
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.projections.timeline import Row
from autoresearch.workflows.exports.asked import Asked, Exported
from autoresearch.workflows.exports.cursor import Cursor
from autoresearch.workflows.exports.trackers.changed_rows import changes, history_key, told_of


TAKES = {"--to", "--follow", "--from"}


def export(asked: Asked) -> Exported:
    """Write what is new or has changed; return once nothing is left to write.

    Raises:
        UsageRefused: no folder is named.
        NotFound: wandb is not installed, or the folder is not there.
        RunLocked: another process writes the same.
    """
    folder = Path(asked.to).absolute()
    if not asked.to:
        raise UsageRefused(
            "wandb takes a folder", remedy="--to FOLDER; then: wandb sync FOLDER/wandb/offline-*"
        )
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", remedy="make it, or name another one")
    wandb = _wandb()
    cursor = Cursor(paths=asked.paths, sink="wandb", to=str(folder))
    sent, seq = 0, 0
    with cursor.held():
        offline = Offline(asked.paths, folder, wandb)
        for changed in changes(cursor, first=asked.first, follow=asked.follow):
            for row in changed.rows:
                offline.write(row, changed.loaded.run.config.metric)
            cursor.store(changed.position)
            sent, seq = sent + len(changed.rows), changed.position.seq
    return Exported(sent=sent, what="experiment", to=str(folder), seq=seq)


class Offline:
    """Writes iterations into a folder."""

    def __init__(self, paths: RunPaths, folder: Path, wandb: Any) -> None:  # noqa: ANN401 - has no strict types
        self._paths, self._folder, self._wandb = paths, folder, wandb
        self._key = f"{paths.run_id}-{history_key(paths)[:8]}"

    def write(self, row: Row, metric: MetricSpec) -> None:
        """Write an iteration in place of what an earlier call wrote of it and nobody has uploaded."""
        told, own = told_of(row, metric), f"{self._key}-{row.iteration}"
        for folder in (self._folder / "wandb").glob(f"offline-run-*-{own}"):
            if not any(folder.glob("*.synced")):
                shutil.rmtree(folder)
        began = None if row.started_at is None else datetime.fromisoformat(row.started_at).timestamp()
        run = self._wandb.init(
            mode="offline",
            dir=self._folder,
            project=self._paths.home.name,
            group=self._paths.run_id,
            id=own,
            resume="allow",
            name=told.name,
            notes=told.words.get("description"),
            tags=[told.words["status"]],
            config={**told.settings, "iteration": row.iteration},
            settings=self._wandb.Settings(
                silent=True,
                console="off",
                disable_git=True,
                save_code=False,
                x_disable_stats=True,
                x_disable_meta=True,
                x_start_time=began,
            ),
        )
        run.log(told.metrics, step=row.iteration)
        run.summary.update(told.words)
        run.finish(exit_code=int(told.failed))


def _wandb() -> Any:  # noqa: ANN401 - has no strict types
    """Return the library, which is to tell its makers nothing."""
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    try:
        import wandb  # noqa: PLC0415 - 2 s, for this alone
    except ImportError as error:
        raise NotFound("wandb needs wandb", remedy=f"`{adds('wandb')}` brings it") from error
    return wandb
