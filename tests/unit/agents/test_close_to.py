"""Which proposals are close to what was tried."""

import pytest

from autoresearch.engine.memory.close import close_to
from autoresearch.events.values import Proposal, Scalar, why
from autoresearch.projections.timeline import Row


def tried(iteration: int, description: str = "", **more: object) -> Row:
    """Return the row of an idea that was measured and discarded, where nothing else is said."""
    words = {"verdict": "discard", "outcome": "succeeded", "description": description, **more}
    return Row(iteration=iteration, started_at="", base_commit="", **words)  # type: ignore[arg-type]


def idea(description: str = "", **values: Scalar) -> Proposal:
    """Return a proposal."""
    return Proposal(
        status="ok", description=description, change_plan="", commit_description="", set=dict(values)
    )


@pytest.mark.parametrize(
    ("proposal", "row"),
    [
        (idea(LR=0.1), tried(3, settings={"LR": 0.101})),
        (idea(LR=0.1, ACT="relu"), tried(3, settings={"ACT": "relu", "LR": 0.1})),
        (idea("Lower the LR to 0.02"), tried(3, "lower LR to 0.02")),
        (idea("swap in a GELU"), tried(3, "a GELU, swap in", verdict=None, outcome=None)),
        (idea("deeper"), tried(3, "deeper", verdict="crash", outcome="crashed", reason=why("too_slow"))),
    ],
)
def test_the_same_values_or_words_are_close(proposal: Proposal, row: Row) -> None:
    """Values within two percent, and the same words in another order, are nearly the same idea."""
    assert (3,) == close_to(proposal, [row])


@pytest.mark.parametrize(
    ("proposal", "row"),
    [
        (idea(LR=0.1), tried(3, settings={"LR": 0.2})),
        (idea(LR=0.1), tried(3, settings={"LR": 0.1, "DEPTH": 4})),
        (idea("same words", LR=0.1), tried(3, "same words")),
        (idea("lower LR to 0.02"), tried(3, "lower LR to 0.01")),
        (idea("deeper"), tried(3, "deeper", verdict="keep")),
        (idea("deeper"), tried(3, "deeper", retracted="wrong")),
        (idea("deeper"), tried(3, "deeper", verdict="not_applied", outcome="not_applied")),
        (
            idea("deeper"),
            tried(3, "deeper", verdict="crash", outcome="crashed", reason=why("terminated")),
        ),
        (idea(""), tried(3, "")),
    ],
)
def test_other_numbers_and_what_told_nothing_are_not_close(proposal: Proposal, row: Row) -> None:
    """Another number is another idea; what was kept, taken back, or never measured may be proposed."""
    assert () == close_to(proposal, [row])


def test_the_newest_are_named() -> None:
    """Of many that are close, the last three are told, in their order."""
    assert (5, 6, 7) == close_to(idea("deeper"), [tried(n, "deeper") for n in range(1, 8)])
