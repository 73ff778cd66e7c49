"""The object of `fork`: what a new run begins with."""

from typing import Any

from autoresearch.engine.control.fork import Forked


SCHEMA = "autoresearch.fork/1"


def fork_object(made: Forked) -> dict[str, Any]:  # Any: it is JSON
    """Return what a new run begins with as JSON has it."""
    return {
        "schema": SCHEMA,
        "run_id": made.paths.run_id,
        "branch": made.branch,
        "source": made.source,
        "seq": made.seq,
        "best": made.best
        and {"iteration": made.best.iteration, "metric": made.best.metric, "commit": made.best.commit},
        "results": made.results,
        "left_open": list(made.left_open),
    }
