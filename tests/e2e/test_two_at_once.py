"""Two commands at once: a second start beside a live run, and a resume of a run that another runner holds."""

import pytest

from autoresearch.engine.system.process import hold_lock
from autoresearch.events.errors import RunLocked
from tests.e2e.conftest import Program, at_rest, hold_trainings
from tests.fakes.world import World


def test_a_second_start_is_refused_beside_a_live_run(program: Program):
    """While a runner is at work, start says so and creates nothing, unless another run is asked for."""
    turn = hold_trainings(program)
    program("start", "--loops", "1", "--no-stochastic")
    refused = program("start", "--loops", "1", "--no-stochastic", code=7)
    assert "is at work on" in refused.stderr
    assert "start --another" in refused.stderr
    assert 1 == len(program("runs").stdout.splitlines()) - 1
    program("start", "--another", "--only", "setup")
    assert 2 == len(program("runs").stdout.splitlines()) - 1
    turn.is_for_all()
    for run in program("runs").stdout.splitlines()[1:]:
        program.wait(at_rest, "--run-id", run.split()[0])


def test_nothing_is_asked_of_a_run_that_is_held(tmp_path):
    """A runner that does not get the run does not ask anything of it either."""
    world = World(tmp_path)
    world.start(loops=1)
    asked = []
    with hold_lock(world.paths.lock), pytest.raises(RunLocked):
        world.runner().run(begin=lambda: bool(asked.append("asked")))
    assert [] == asked
    assert 0 == world.runner().run(begin=lambda: asked.append("asked") is None)
    assert ["asked"] == asked


def test_resume_goes_on_as_it_was_asked_before(program: Program):
    """A resume that does not say who proposes asks nobody whom the start had left out."""
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    said = program("resume", "--loops", "1", "--no-background-train").stdout
    assert "no agent is asked" in said
    requests = [one["data"]["request"] for one in program.events() if one["type"] == "LoopsRequested"]
    assert [False, False] == [one["stochastic"] for one in requests]
