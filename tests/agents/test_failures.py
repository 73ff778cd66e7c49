"""Every way in which the service of a real program fails: in two calls for a change, and in one."""

from collections.abc import Callable

import pytest
from attrs import frozen

from autoresearch.events import clock
from tests.agents.conftest import Seat, Steps, edit, hours_from_now, in_turn, proposal, rows
from tests.agents.model_apis import Late, Refuse, Turn, Wait
from tests.agents.programs import CLAUDE, CODEX, GEMINI
from tests.waiting import PATIENCE_S, until


pytestmark = pytest.mark.long

# The search never turns it.
SCORE, BETTER, HALF_DONE = "score = 1.0", "score = 0.9", "score = 0.5"


@frozen
class Mode:
    """How a change is asked for, and what the program does for it first."""

    name: str
    seat: Seat

    def answers(self, script: Callable[[Turn], Steps]) -> None:
        """Let the model do this when it is asked for a change."""
        self.seat.scripts["edit" if self.name == "edit" else "propose"] = script

    def good(self, turn: Turn) -> Steps:
        """Return what makes a change that counts."""
        if self.name == "edit":
            return [*edit(self.seat, SCORE, BETTER)(turn), proposal("faster")]
        return [proposal("faster", set={"LR": 0.05})]

    def begun(self, turn: Turn) -> Steps:
        """Return what is done before the service fails: with one call, half of a change."""
        return edit(self.seat, SCORE, HALF_DONE)(turn) if self.name == "edit" else ()


@pytest.fixture(params=["plan", "edit"])
def mode(seat: Seat, request: pytest.FixtureRequest) -> Mode:
    """How changes are asked for; the settings of the run are still to be made."""
    return Mode(request.param, seat)


def searched(seat: Seat) -> bool:
    """Say whether the search proposed in the program's place, and the run came to its end."""
    return "search" in [row["source"] for row in rows(seat)] and seat.runs.status()["phase"] == "done"


def test_a_rate_limit_that_ends(seat: Seat, mode: Mode):
    """What is refused is asked again, and the program proposes as soon as the service answers."""
    seat.set_up(agent_mode=mode.name)
    status, kind = (429, "rate_limit_error") if seat.hands is CLAUDE else (429, "rate_limit_exceeded")
    refused = Refuse(status, kind, "Rate limit reached, please try again in 1s.", {"retry-after": "1"})
    mode.answers(lambda turn: [refused] if turn.number < 3 else mode.good(turn))
    seat.run()
    if searched(seat):  # the program gave up, and rests for half a minute
        assert "transient" == seat.health()["kind"]
        until(lambda: seat.health()["next_try"] < clock.now(), within_s=2 * PATIENCE_S, every_s=1)
        seat.runs("resume", "--loops", "1", "--no-background-train")
    assert "agent" == rows(seat)[-1]["source"]
    assert seat.health()["well"]


def test_a_quota_with_a_time(seat: Seat, mode: Mode):
    """A quota rests the program until the time that the service names; the search goes on."""
    seat.set_up(agent_mode=mode.name, agent_idle_s=20)
    at = hours_from_now(3)
    message = f"You exceeded your current quota. It resets at {at}."
    kind = "rate_limit_error" if seat.hands is CLAUDE else "insufficient_quota"
    mode.answers(lambda turn: [*mode.begun(turn), Refuse(429, kind, message)])
    seat.run()
    assert searched(seat)
    assert HALF_DONE not in seat.runs.git("show", f"{rows(seat)[1]['commit']}:train.py")
    assert "limited" == seat.health()["kind"], seat.health()
    if seat.hands is not CODEX:  # which has a sentence of its own for it, without the time
        assert at[:16] == str(seat.health()["next_try"])[:16]


def test_a_wrong_key(seat: Seat, mode: Mode):
    """A refused key is said at once and not asked again; the search makes both loops."""
    seat.set_up(agent_mode=mode.name)
    refused = (
        Refuse(401, "authentication_error", "invalid x-api-key")
        if seat.hands is CLAUDE
        else Refuse(401, "invalid_api_key", "Incorrect API key provided: none.")
    )
    mode.answers(lambda _turn: [refused])
    seat.run(loops=2)
    assert searched(seat)
    assert "permanent" == seat.health()["kind"], seat.health()
    assert 1 == len(seat.of("AgentAsked"))


def test_a_dead_server(seat: Seat, mode: Mode):
    """A program that finds nobody is ended for its silence, in its own words; the search goes on."""
    seat.set_up(agent_mode=mode.name, agent_idle_s=10)
    seat.model.close()
    seat.run()
    assert searched(seat)
    assert seat.health()["kind"] in ("transient", "silent"), seat.health()
    (answered,) = seat.of("AgentAnswered")
    words = "fetch failed" if seat.hands is GEMINI else "connect"
    assert words in answered["data"]["reason"]["said"].lower(), answered


def test_silent_minutes(seat: Seat, mode: Mode):
    """A model that thinks without a word is waited for up to the limit of silence, and not beyond it."""
    seat.set_up(agent_mode=mode.name, agent_idle_s=12)

    def late(turn: Turn) -> Steps:
        first, *others = mode.good(turn)
        return [Late(6, first), *others]

    made = in_turn(late, lambda _turn: [Wait(300)])
    mode.answers(lambda turn: made(turn)(turn))
    seat.run(loops=2)
    assert ["agent", "search"] == [row["source"] for row in rows(seat)[1:]]
    assert "silent" == seat.health()["kind"], seat.health()
