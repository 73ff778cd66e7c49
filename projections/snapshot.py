"""state.json: the states that are kept, and what is asked for most. Deleting it changes nothing. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import orjson
from attrs import asdict, frozen

from autoresearch.events.encoding.codec import Position
from autoresearch.events.encoding.shapes import structure, unstructure
from autoresearch.events.errors import LaterValue
from autoresearch.projections.fold import Projection
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.state_format import FORMAT, is_sealed, sealed
from autoresearch.projections.summary import standing


S = TypeVar("S")


@frozen(kw_only=True)
class Kept:
    """What a state.json holds: raw states, each of some version of its fold, at one position."""

    run_id: str
    position: Position
    folds: Mapping[str, int]  # name -> version
    views: Mapping[str, str]  # name of a file -> version under which it was rendered
    states: Mapping[str, Any]  # Any: JSON, until `state_of`

    def state_of(self, projection: Projection[S]) -> S | None:
        """Return a projection's state; None where it is not kept, or of another version of the fold."""
        if projection.kept_as is None or self.folds.get(projection.name) != projection.version:
            return None
        try:
            return structure(projection.kept_as, self.states[projection.name])
        except (ValueError, KeyError, TypeError, LaterValue):
            return None


def state_json(
    states: Iterable[tuple[Projection[Any], Any]], position: Position, *, views: Mapping[str, str]
) -> bytes:
    """Return the bytes of state.json: the same history gives the same bytes."""
    kept = [(one, state) for one, state in states if one.kept_as is not None]
    run = next(state for one, state in kept if one is RUN)
    document = {
        "format": FORMAT,
        "folds": {one.name: one.version for one, _ in kept},
        "position": asdict(position),
        "views": dict(views),
        "standing": standing(run),
        "states": {one.name: unstructure(state) for one, state in kept},
    }
    return sealed(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def read_kept(data: bytes, *, edited: bool = False) -> Kept | None:
    """Return what a state.json holds, or None where it is damaged, edited, or of another form.

    With `edited`, also what somebody changed by hand: to say what, never to believe it.
    """
    if not (edited or is_sealed(data)):
        return None
    try:
        document = orjson.loads(data)
        if document["format"] != FORMAT:
            return None
        return Kept(
            run_id=str(document["standing"]["run_id"]),
            position=structure(Position, document["position"]),
            folds=dict(document["folds"]),
            views=dict(document["views"]),
            states=dict(document["states"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
