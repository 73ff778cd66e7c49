"""The object of `rerun`: where the code of today would do something else than an old run did."""

from typing import Any

from attrs import asdict

from autoresearch.engine.audit.rerun import Departure, Rerun
from autoresearch.workflows.api.envelope import document


def rerun_object(found: Rerun) -> dict[str, Any]:  # Any: it is JSON
    """Return the departures of a run as JSON has them."""
    run = found.loaded.run
    return document(
        "rerun",
        run_id=run.run_id,
        seq=found.loaded.position.seq,
        imported=bool(run.imported),
        decisions=found.decisions,
        prompts=found.prompts,
        departures=[_departure(one) for one in found.departures],
        more=found.more,
        not_seen=[asdict(one) for one in found.not_seen],
        ended={"unknown": found.unknown, "damage": found.damage, "line": found.line, "torn": found.torn},
    )


def _departure(one: Departure) -> dict[str, Any]:
    told = one.difference
    return {
        "seq": told.seq,
        "type": one.type,
        "check": told.check,
        "field": told.field,
        "history": told.found,
        "now": told.expected,
        "diff": list(one.diff),
    }
