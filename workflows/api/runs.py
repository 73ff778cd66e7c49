"""The objects of `runs`: one run of the repository, in few words."""

from typing import Any

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.runs.locate import refuse_emptied
from autoresearch.events.errors import AutoresearchError
from autoresearch.projections.summary import standing
from autoresearch.workflows.api.status import live_facts, status_object


FIELDS = (
    *("run_id", "branch", "phase", "iterations_completed", "loops_left"),
    *("metric", "best_metric", "baseline_metric", "best_val_bpb", "baseline_val_bpb", "history_path"),
)


def run_object(paths: RunPaths) -> dict[str, Any]:  # Any: it is JSON
    """Return a run for the list; a damaged one is listed with what is wrong."""
    try:
        refuse_emptied(paths)
        run = load_run(paths).state
    except AutoresearchError as error:
        return {"run_id": paths.run_id, "phase": "unreadable", "error": str(error)}
    told = standing(run)
    whole = status_object(paths, told, live_facts(paths, told, gpu=False))
    return {name: whole[name] for name in FIELDS} | {"started_at": run.started_at}
