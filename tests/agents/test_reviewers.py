"""The real programs as reviewers in a whole run: what they veto is not trained, or not kept."""

import json

import pytest

from tests.agents.conftest import Seat, asked, in_turn, proposal, rows
from tests.agents.model_apis import Say


pytestmark = pytest.mark.long

VETO = Say(json.dumps({"verdict": "veto", "reasons": ["train.py:4 reads the test text"]}))
PASS = Say(json.dumps({"verdict": "pass", "reasons": []}))


@pytest.mark.parametrize(("review", "trained"), [("before-training", [0, 2]), ("before-keep", [0, 1, 2])])
def test_a_review(seat: Seat, review: str, trained: list[int]):
    """It reads the change and its claim, vetoes the first and passes the second."""
    seat.set_up(review=review, review_agent=seat.hands.name, review_model=seat.hands.model)
    seat.scripts["propose"] = in_turn(
        [proposal("faster", set={"LR": 0.05})], [proposal("wider", set={"WIDTH": 16})]
    )
    seat.scripts["review"] = in_turn([VETO], [PASS])
    seat.run(loops=2)
    assert ["keep", "vetoed", "keep"] == [row["status"] for row in rows(seat)]
    assert trained == [one["data"]["iteration"] for one in seat.of("TrainingStarted")]
    assert "reads the test text" in seat.runs("show", "1").stdout
    told = [turn.text for turn in seat.model.turns if asked(turn, seat.hands) == "review"]
    assert "+LR = 0.05" in told[0]
    assert "faster" in told[0]
    answers = [one["data"] for one in seat.of("AgentAnswered") if one["data"]["step"] == "review"]
    assert [(seat.hands.name, "ok")] * 2 == [(one["agent"], one["outcome"]) for one in answers]
