"""What each who proposes has done, noted with a proposal, its verdict and what it took; nothing fails."""

from collections.abc import Mapping

from autoresearch.events.values import Scalar
from autoresearch.projections.parts import proposers
from autoresearch.projections.parts.proposers import SEARCH, Kept
from autoresearch.projections.run_state import Iteration, RunState


def note_proposal(state: RunState, who: str, seq: int, *, is_new: bool) -> None:
    """Count a proposal; the search had its turn with it, agents had theirs when they were asked."""
    if who and is_new:
        turn = seq if who == SEARCH else 0
        state.proposers = proposers.proposed(state.proposers, who, turn)


def on_device(state: RunState, one: Iteration, seconds: float) -> None:
    """Count what an iteration took on a device."""
    state.device_s += seconds
    state.proposers = proposers.on_device(state.proposers, one.proposer, seconds)


def note_verdict(state: RunState, one: Iteration | None, inputs: Mapping[str, Scalar], *, kept: bool) -> None:
    """Count what became of a proposal, for who made it."""
    if one is not None:
        gained = Kept(iteration=one.number, gain=_gain(state, inputs)) if kept else None
        state.proposers = proposers.closed(state.proposers, one.proposer, gained)


def _gain(state: RunState, inputs: Mapping[str, Scalar]) -> float:
    """Return what the newest keep gained on the one before it, as its verdict has it."""
    gain = inputs.get("gain")
    if isinstance(gain, float):
        return gain
    if len(state.keeps) < 2:  # noqa: PLR2004 - it, and the one before it
        return 0.0
    gain = state.keeps[-2].metric - state.keeps[-1].metric
    return gain if state.config.metric.lower_is_better else -gain
