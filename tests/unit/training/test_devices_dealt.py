"""Slots are dealt out over devices; a training may start on any device that has room."""

import pytest

from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Process
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import standing
from autoresearch.workflows.api.next_step import next_step
from tests import given as g


def begun(slots: int, *devices: str) -> tuple[ev.Event, ...]:
    """Return the beginning of a run with a runner that found these devices."""
    process = Process(pid=1, started=1, boot_id="boot")
    runner = ev.RunnerStarted(
        process=process,
        mode="background",
        program_version="0",
        devices=devices,
        device_classes=("",) * len(devices),
        driver="",
        landlock=0,
        decides=1,
    )
    return g.started(RunConfig(slots=slots)), g.asked(9), runner, *g.BASELINE


def offered(state: RunState) -> list[tuple[int, str]]:
    """Return slot and device of the trainings that may start."""
    return [(one.slot, one.device) for one in decide(state) if hasattr(one, "slot")]


@pytest.mark.parametrize(
    ("slots", "devices", "dealt"),
    [
        (0, (), ["cpu"]),
        (0, ("cpu",), ["cpu"]),
        (0, ("0", "1"), ["0", "1"]),
        (1, ("0", "1"), ["0"]),
        (2, ("0",), ["0", "0"]),
        (3, ("0", "1"), ["0", "1", "0"]),
    ],
)
def test_slots_are_dealt_out_in_turn(slots: int, devices: tuple[str, ...], dealt: list[str]):
    """Without a number each device has one slot; more slots than devices begin with the first again."""
    state = g.given(*begun(slots, *devices))
    assert dealt == [state.device(slot) for slot in range(1, state.slots + 1)]
    assert {one: dealt.count(one) for one in dealt} == {one: state.slots_on(one) for one in dealt}


def test_a_training_may_start_on_each_device_that_has_room():
    """Whether another run holds a device is not known to the decider, so it offers one slot of each."""
    ready = (*begun(3, "0", "1"), *g.candidate(1))
    assert [(1, "0"), (2, "1")] == offered(g.given(*ready))
    assert "start training (iteration 1)" == next_step(g.given(*ready)).partition(", ")[0]
    first = (*ready, g.training(1, slot=1, device="0"), *g.candidate(2))
    assert [(2, "1"), (3, "0")] == offered(g.given(*first))
    second = (*first, g.training(2, slot=2, device="1"), *g.candidate(3))
    assert [(3, "0")] == offered(g.given(*second))
    third = (*second, g.training(3, slot=3, device="0"), *g.candidate(4))
    assert [] == offered(g.given(*third))


def test_what_is_wanted_names_every_device_with_room():
    """Who only looks can tell from the standing which locks a training would need, and what runs where."""
    ready = (*begun(3, "0", "1"), *g.candidate(1))
    assert {"lock": "auto", "places": {"0": 2, "1": 1}} == standing(g.given(*ready))["device_wanted"]
    running = g.given(*ready, g.training(1, slot=2, device="1"))
    (told,) = standing(running)["trainings"]
    assert (1, 2, "1") == (told["iteration"], told["slot"], told["device"])
