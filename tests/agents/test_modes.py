"""What a change costs with two calls and with one: programs started, requests, and text that is sent."""

import json
import sys
from itertools import pairwise

import pytest

from tests.agents.conftest import Seat, edit, in_turn, proposal, rows
from tests.agents.model_apis import Say


pytestmark = pytest.mark.long

LOOPS = 3
CHANGES = (("LR = 0.1", "LR = 0.05"), ("WIDTH = 8", "WIDTH = 16"), ("LR = 0.05", "LR = 0.03"))
STARTS = {"exact": 1, "prose": 2, "edit": 1}  # of a program, for a change


@pytest.mark.parametrize("way", STARTS)
def test_what_a_change_costs(seat: Seat, way: str):
    """A plan in prose starts a program twice, an exact form and an edit once; the figures are printed."""
    seat.set_up(agent_mode="edit" if way == "edit" else "plan")
    made = in_turn(*(edit(seat, *change) for change in CHANGES))
    forms = [dict([new.split(" = ")]) for _, new in CHANGES]
    exact = [
        [proposal("it", set={name: json.loads(value) for name, value in form.items()})] for form in forms
    ]
    prose = [[proposal(new)] for _, new in CHANGES]
    seat.scripts["propose"] = in_turn(*(exact if way == "exact" else prose))
    seat.scripts["apply"] = lambda turn: [*made(turn)(turn), Say("Done.")]
    seat.scripts["edit"] = lambda turn: [*made(turn)(turn), proposal("it")]
    seat.run(loops=LOOPS)
    assert ["keep"] * (LOOPS + 1) == [row["status"] for row in rows(seat)]
    answers = [one["data"] for one in seat.of("AgentAnswered")]
    assert STARTS[way] * LOOPS == len(answers)
    turns = seat.model.turns
    last = [one for one, after in pairwise(turns) if not after.results] + turns[-1:]
    figures = {
        "starts": len(answers),
        "requests": len(turns),
        "kB sent": sum(len(turn.text) for turn in turns) // 1000,
        "kB in conversations": sum(len(turn.text) for turn in last) // 1000,
        "seconds": round(sum(one["seconds"] for one in answers), 1),
    }
    sys.stdout.write(f"{seat.hands.name} {way}, {LOOPS} changes: {json.dumps(figures)}\n")
