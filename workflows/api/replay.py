"""The objects of `replay`: an audit, a moment, and what another rule had decided."""

from typing import Any

from attrs import asdict

from autoresearch.engine.audit.report import Audit
from autoresearch.engine.runs.as_of import Moment
from autoresearch.engine.runs.load import Loaded
from autoresearch.engine.verdicts.what_if import Judged, WhatIf
from autoresearch.events.encoding.codec import Recorded, event_type
from autoresearch.events.encoding.shapes import unstructure
from autoresearch.events.values import Best
from autoresearch.projections.parts.compared import ShownBest, shown_best
from autoresearch.projections.words.event_text import describe
from autoresearch.projections.words.wording import say_verdict
from autoresearch.workflows.api.envelope import document
from autoresearch.workflows.api.next_step import next_step


def audit_object(audit: Audit, loaded: Loaded) -> dict[str, Any]:  # Any: it is JSON
    """Return the audit as JSON has it."""
    return _head("replay", loaded) | {
        "outcome": audit.outcome,
        "clean": audit.outcome == "true",
        "first_difference": asdict(audit.first) if audit.first else None,
        "checks": [asdict(one) for one in audit.checks],
        **_state(loaded),
    }


def moment_object(moment: Moment) -> dict[str, Any]:  # Any: it is JSON
    """Return a moment as JSON has it."""
    return _head("replay-at", moment.loaded) | _state(moment.loaded) | {"came": _event(moment.came)}


def what_if_object(found: WhatIf, run_id: str) -> dict[str, Any]:  # Any: it is JSON
    """Return a run under another rule as JSON has it."""
    return {
        **document("replay-under"),
        "run_id": run_id,
        "policy": found.rule,
        "own_policy": found.own_rule,
        "changed": [one.iteration for one in found.changed],
        "other_code_from": found.other_from,
        "best": _best(found.best),
        "own_best": _best(found.own_best),
        "iterations": [_judged(one) for one in found.judged],
    }


def _head(form: str, loaded: Loaded) -> dict[str, Any]:
    position = loaded.position
    return document(form, run_id=loaded.run.run_id, seq=position.seq, hash=position.hash)


def _state(loaded: Loaded) -> dict[str, Any]:
    state = {**unstructure(loaded.run), "best": _best(shown_best(loaded.run.keeps, loaded.run.baseline))}
    return {"state": state, "next": next_step(loaded.run)}


def _best(best: Best | ShownBest | None) -> dict[str, Any] | None:
    if best is None:
        return None
    return {"iteration": best.iteration, "commit": best.commit, "metric": best.metric}


def _event(recorded: Recorded | None) -> dict[str, Any] | None:
    if recorded is None:
        return None
    said = describe(recorded.event)
    return {"seq": recorded.seq, "at": recorded.at, "type": event_type(recorded.event), "said": said}


def _judged(one: Judged) -> dict[str, Any]:
    return asdict(one) | {"reason": say_verdict(one.rule, one.inputs), "changed": one.changed}
