"""Two commands at once: a second start beside a live run, and a resume of a run that another runner holds."""

import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from autoresearch.engine.control.append import append_judged
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.events import catalog as ev
from autoresearch.events.errors import RunLocked
from autoresearch.events.values import Request
from tests.at_once import both
from tests.e2e.conftest import DOOR, Program, at_rest, hold_trainings
from tests.fakes.world import World


def test_a_second_start_is_refused_beside_a_live_run(program: Program):
    """While a runner is at work, start says so and creates nothing, unless another run is asked for.

    It is at work also where nobody reads on what the first start says, as behind `| head -1`.
    """
    turn = hold_trainings(program)
    nobody, pipe = os.pipe()
    os.close(nobody)
    words = (sys.executable, DOOR, "start", "--loops", "1", "--no-stochastic")
    assert 0 == subprocess.run(words, cwd=program.repo, env=program.env, stdout=pipe, check=False).returncode
    os.close(pipe)
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
    with hold_as_runner(world.paths), pytest.raises(RunLocked):
        world.runner().run(begin=lambda: bool(asked.append("asked")))
    assert [] == asked
    assert 0 == world.runner().run(begin=lambda: asked.append("asked") is None)
    assert ["asked"] == asked


def begin_while_another_asks(world: World) -> bool:
    """Find nothing to do, and let a loop be asked for before the run is let go."""
    asked = ev.LoopsRequested(request=Request(loops=1, agent="none", prefetch=0))
    append_judged(world.paths, world.git, lambda _: [asked])
    return False


def test_what_is_asked_of_an_idle_holder_is_done(tmp_path):
    """A foreground resume with nothing to do serves the request of another terminal that found it there."""
    world = World(tmp_path)
    world.start(loops=0)
    assert 0 == world.runner().run()
    assert 0 == world.runner().run(begin=lambda: begin_while_another_asks(world))
    run = load_run(world.paths).state
    assert (1, 0, "done") == (run.completed, run.loops_left, run.stopped)


def test_what_another_runner_took_meanwhile_is_left_to_it(tmp_path):
    """Where a runner was launched for the request before the first one looked again, that one serves it."""
    world = World(tmp_path)
    world.start(loops=0)
    assert 0 == world.runner().run()
    late = world.runner()
    with ExitStack() as launched:
        heard_more = late._heard_more
        late._heard_more = lambda: launched.enter_context(hold_as_runner(world.paths)) and heard_more()
        assert 0 == late.run(begin=lambda: begin_while_another_asks(world))
        assert 1 == load_run(world.paths).state.loops_left


def test_resume_goes_on_as_it_was_asked_before(program: Program):
    """A resume that does not say who proposes asks nobody whom the start had left out."""
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    said = program("resume", "--loops", "1", "--no-background-train").stdout
    assert "no agent is asked" in said
    requests = [one["data"]["request"] for one in program.events() if one["type"] == "LoopsRequested"]
    assert [False, False] == [one["stochastic"] for one in requests]


def test_of_two_starts_at_once_one_begins(program: Program):
    """Started in the same instant, one begins a run, and the other one finds it at work."""
    turn = hold_trainings(program)
    done = both(program, [("start", "--only", "setup,baseline")] * 2, (0.0, 0.0))
    assert [0, 7] == sorted(one.code for one in done), done
    turn.is_for_all()
    program.wait(at_rest)
