"""The object of `retract`: what is believed no more, what is the best now, what stands on it."""

from typing import Any

from autoresearch.engine.control.retract import RetractOutcome
from autoresearch.events.values import Best
from autoresearch.workflows.api.experiments import status_of


SCHEMA = "autoresearch.retract/1"


def retract_object(outcome: RetractOutcome, run_id: str) -> dict[str, Any]:  # Any: it is JSON
    """Return what a retraction came to as JSON has it."""
    return {
        "schema": SCHEMA,
        "run_id": run_id,
        "iteration": outcome.iteration,
        "retracted": list(outcome.retracted),
        "best_before": _best(outcome.before),
        "best": _best(outcome.best),
        "standing_on_it": [
            {"iteration": row.iteration, "status": status_of(row)} for row in outcome.standing
        ],
        "branch": outcome.branch,
        "branch_now": outcome.branch_now,
        "held_by_a_branch_of_yours": outcome.held,
    }


def _best(best: Best | None) -> dict[str, Any] | None:
    if best is None:
        return None
    return {"iteration": best.iteration, "metric": best.metric, "commit": best.commit}
