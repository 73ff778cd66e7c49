"""A run in which agents take turns, killed at every instant: whose turn it is is decided once."""

from pathlib import Path

from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from tests.fakes.agents import answered
from tests.fakes.world import MADE, Crashed, audited, crash_at
from tests.fault.runner.test_runner_agents import proposal, verdicts, world_with


def test_killed_at_any_instant_the_same_agents_are_asked(tmp_path: Path):
    """One with a wrong key is asked once, and the next takes its place, whenever the runner is killed."""
    for instant in range(400):
        MADE.clear()
        answers = (
            answered(reason="wrong key", kind="permanent"),
            answered(proposal=proposal("wider", WIDTH=16)),
        )
        world = world_with(tmp_path / str(instant), *answers, others=("second", "search"))
        try:
            world.runner(crash_at(instant)).run()
        except Crashed:
            assert 0 == world.runner().run()
        else:
            break
        asked = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.AgentAsked)]
        assert ["fake", "second"] == [event.agent for event in asked], instant
        assert ["keep", "keep"] == verdicts(world), instant
        done = {one.name: one.proposals for one in load(world.paths).run.proposers}
        assert {"fake": 0, "second": 1} == done, instant
        assert [] == [found for one in MADE if (found := audited(one)) is not None], instant
    assert 30 < instant < 400, "it died at every instant there is"
