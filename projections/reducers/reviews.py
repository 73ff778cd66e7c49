"""What the word on a candidate, of a second agent or a human, does to a run; none of them fails."""

from collections.abc import Callable
from typing import Any

from autoresearch.projections.fold import Reducer
from autoresearch.projections.parts.reviews import REVIEWED, SPOKEN, Approval, Review
from autoresearch.projections.run_state import RunState


def _review(told: Callable[[Review, Any], Review]) -> Reducer[RunState]:
    def reduce(state: RunState, event: Any, _seq: int, _at: str) -> None:  # noqa: ANN401 - one of REVIEWED
        one = state.iteration(event.iteration)
        if one is not None:
            one.review = told(one.review, event)
            without = (event.iteration,) if one.review.said == "nothing" else ()
            others = tuple(number for number in state.unreviewed if number != event.iteration)
            state.unreviewed = (*others, *without)

    return reduce


def _approval(told: Callable[[Approval, Any, int, str], Approval]) -> Reducer[RunState]:
    def reduce(state: RunState, event: Any, seq: int, at: str) -> None:  # noqa: ANN401 - one of SPOKEN
        one = state.iteration(event.iteration)
        if one is not None:
            one.approval = told(one.approval, event, seq, at)

    return reduce


REDUCERS: dict[type[Any], Reducer[RunState]] = {
    **{event: _review(told) for event, told in REVIEWED.items()},
    **{event: _approval(told) for event, told in SPOKEN.items()},
}
