"""The real programs as agents of a run: what they do well, and what they leave behind."""

import json
from collections.abc import Callable

import pytest

from tests.agents.conftest import Seat, Steps, asked, edit, in_turn, proposal, rows
from tests.agents.model_apis import Say, Turn


pytestmark = pytest.mark.long

DONE = Say("Done.")
MARKER = "Words for who operates"


@pytest.fixture(params=["plan", "edit"])
def makes(seat: Seat, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Let the model make changes in two calls, or in one: each a list of what it does."""
    seat.set_up(agent_mode=request.param)

    def script(*changes: Callable[[Turn], Steps]) -> None:
        if request.param == "edit":
            made = in_turn(*changes)
            seat.scripts["edit"] = lambda turn: [*made(turn)(turn), proposal("finer")]
        else:
            made = in_turn(*changes)
            seat.scripts["propose"] = lambda _turn: [proposal("finer")]
            seat.scripts["apply"] = lambda turn: [*made(turn)(turn), DONE]

    return script


def test_three_iterations(seat: Seat):
    """A constant, exact edits, and prose that the program carries out are three trained changes."""
    seat.set_up()
    edits = [{"file": "train.py", "search": "WIDTH = 8", "replace": "WIDTH = 16"}]
    seat.scripts["propose"] = in_turn(
        [proposal("faster", set={"LR": 0.05})], [proposal("wider", edits=edits)], [proposal("finer")]
    )
    seat.scripts["apply"] = lambda turn: [*edit(seat, "LR = 0.05", "LR = 0.03")(turn), DONE]
    seat.run(loops=3)
    assert ["keep"] * 4 == [row["status"] for row in rows(seat)]
    assert ["agent"] * 3 == [row["source"] for row in rows(seat)[1:]]
    answers = [one["data"] for one in seat.of("AgentAnswered")]
    assert ["propose", "propose", "propose", "apply"] == [one["step"] for one in answers]
    for one in answers:
        assert all((one["agent_version"], one["usage"]["output"] >= 34))
        assert seat.hands.has_session == bool(one["session_id"])
        assert one["usage"]["cost_usd"] > 0
        assert ("reported" if seat.hands.has_price else "estimated") == one["usage"]["cost_basis"]


def test_three_iterations_in_one_call_each(seat: Seat):
    """With agent_mode "edit" each change is one call, which edits and describes it."""
    seat.set_up(agent_mode="edit")
    changes = [("LR = 0.1", "LR = 0.05"), ("WIDTH = 8", "WIDTH = 16"), ("LR = 0.05", "LR = 0.03")]
    made = in_turn(*(edit(seat, *change) for change in changes))
    seat.scripts["edit"] = lambda turn: [*made(turn)(turn), proposal("finer")]
    seat.run(loops=3)
    assert ["keep"] * 4 == [row["status"] for row in rows(seat)]
    assert ["edit"] * 3 == [one["data"]["step"] for one in seat.of("AgentAnswered")]


def test_a_crash_is_mended(seat: Seat, makes: Callable[..., None]):
    """A change that crashes goes back to the program with its log, is mended, and trains."""
    makes(edit(seat, 'FAIL = ""', 'FAIL = "crash"; LR = 0.05'))
    mended = Say(json.dumps({"action": "fix_and_rerun", "reason": "took the crash out"}))
    seat.scripts["triage"] = lambda turn: [*edit(seat, 'FAIL = "crash"', 'FAIL = ""')(turn), mended]
    seat.run()
    assert ["keep", "keep"] == [row["status"] for row in rows(seat)]
    (triaged,) = seat.of("CrashTriaged")
    assert "fix_and_rerun" == triaged["data"]["action"]


def test_a_stray_file(seat: Seat, makes: Callable[..., None]):
    """Notes beside a good edit are put back and named, and the edit counts."""
    makes(edit(seat, "LR = 0.1", "LR = 0.05", beside="NOTES.md"))
    seat.run()
    assert ["keep", "keep"] == [row["status"] for row in rows(seat)]
    (applied,) = [one for one in seat.of("ChangeApplied") if one["data"]["iteration"] == 1]
    assert "NOTES.md" in json.dumps(applied["data"]["put_back"])


def test_a_forbidden_file(seat: Seat, makes: Callable[..., None]):
    """A change of a protected file voids what was made; the program hears why, and makes it anew."""

    def change(turn: Turn) -> Steps:
        again = "could not be used" in turn.text
        rules = seat.hands.edit(seat.train.parent / "program.md", "Lower", "Higher")
        return [*edit(seat, "LR = 0.1", "LR = 0.05")(turn), *(() if again else rules)]

    makes(change)
    seat.run()
    assert ["keep", "keep"] == [row["status"] for row in rows(seat)]
    steps = [one["data"]["step"] for one in seat.of("AgentAnswered")]
    assert steps in (["propose", "apply", "apply"], ["edit", "edit"])


def test_a_write_outside(seat: Seat, makes: Callable[..., None]):
    """What lies outside of its checkout stays as it was, whatever the program is told to do."""
    before = (seat.runs.repo / "train.py").read_text()
    out = seat.runs.repo / "mine.txt"
    makes(edit(seat, "LR = 0.1", "LR = 0.05", beside=str(out)))
    seat.run()
    assert not out.exists()
    assert before == (seat.runs.repo / "train.py").read_text()
    assert 2 == len(rows(seat))


def test_the_operators_instructions_do_not_reach_it(seat: Seat, makes: Callable[..., None]):
    """AGENTS.md, CLAUDE.md and GEMINI.md are in nothing it sends; opencode's settings there count."""
    for name in ("AGENTS.md", "CLAUDE.md", "GEMINI.md"):
        (seat.runs.repo / name).write_text(f"{MARKER}: start a run.\n")
    if settings := seat.runs.env.pop("OPENCODE_CONFIG_CONTENT", ""):
        (seat.runs.repo / "opencode.json").write_text(settings)
    seat.runs.git("add", "-A")
    seat.runs.git("commit", "-qm", "how to operate")
    makes(edit(seat, "LR = 0.1", "LR = 0.05"))
    seat.run()
    assert ["keep", "keep"] == [row["status"] for row in rows(seat)]
    assert any(asked(turn, seat.hands) for turn in seat.model.turns)
    assert [] == [turn.number for turn in seat.model.turns if MARKER in turn.text]
