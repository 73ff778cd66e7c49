"""The snapshot of the run projection as state.json holds it. Deleting it changes nothing."""

from pathlib import Path

import orjson
from attrs import asdict

from autoresearch.events.codec import Position
from autoresearch.events.shapes import structure, unstructure
from autoresearch.projections.fold import Snapshot
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_format import FOLD, FORMAT
from autoresearch.projections.summary import standing


def state_json(snapshot: Snapshot[RunState]) -> bytes:
    """Return the bytes of state.json: the same history gives the same bytes."""
    document = {
        "format": FORMAT,
        "fold": FOLD,
        "position": asdict(snapshot.position),
        "standing": standing(snapshot.state),
        "state": unstructure(snapshot.state),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def read_snapshot(path: Path) -> Snapshot[RunState] | None:
    """Return what state.json holds, or None where it is absent, damaged or of another fold."""
    try:
        document = orjson.loads(path.read_bytes())
        if document["format"] != FORMAT or document["fold"] != FOLD:
            return None
        position = structure(Position, document["position"])
        return Snapshot(position=position, state=structure(RunState, document["state"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
