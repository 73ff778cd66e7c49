from pathlib import Path

import pytest

from autoresearch.engine.runs.load import load
from autoresearch.events.log.read import read
from autoresearch.events.values import Proposal
from tests.fakes.world import Crashed, World, audited, crash_at


def proposal(name: str, **settings) -> Proposal:
    return Proposal(status="ok", description=name, change_plan=name, commit_description=name, set=settings)


# All kinds of outcomes: a keep, a discard, a crash, a change that does not apply, and one of the search.
PROPOSALS = (
    proposal("wider", WIDTH=16),
    proposal("worse", LR=0.9),
    proposal("broken", FAIL="yes"),
    proposal("unknown", NOWHERE=1),
)


def a_run(folder: Path) -> World:
    world = World(folder)
    world.start(loops=5, proposals=PROPOSALS)
    return world


def rows(world: World) -> list[tuple[object, ...]]:
    timeline = load(world.paths).timeline
    return [(row.iteration, row.description, row.outcome, row.metric, row.verdict) for row in timeline.rows]


def events_of(world: World) -> list[str]:
    return [type(one.event).__name__ for one in read(world.paths.history)]


def test_a_run_without_a_crash(tmp_path: Path):
    """The run that the crashed ones are compared with ends with one keep at least and every outcome."""
    world = a_run(tmp_path)
    assert 0 == world.runner().run()
    assert ["keep", "keep", "discard", "crash", "not_applied"] == [row[-1] for row in rows(world)][:5]
    assert 6 == len(rows(world))


def instants() -> int:
    """Count the instants of the run above, so that no crash is left out when the runner changes."""
    import tempfile  # noqa: PLC0415

    count = 0

    def around(_name, act):
        nonlocal count
        count += 2
        return act()

    with tempfile.TemporaryDirectory() as folder:
        a_run(Path(folder)).runner(around).run()
    return count


@pytest.mark.parametrize("part", range(8))
def test_a_crash_before_and_after_every_effect_and_append(tmp_path: Path, part: int):
    """Wherever the runner dies, the next one ends with the same rows, trains nothing twice, audits clean."""
    whole = a_run(tmp_path / "whole")
    whole.runner().run()
    for instant in range(part, instants(), 8):
        world = a_run(tmp_path / str(instant))
        with pytest.raises(Crashed):
            world.runner(crash_at(instant)).run()
        assert 0 == world.runner().run()
        assert rows(whole) == rows(world), f"instant {instant}"
        assert sorted(set(world.trained)) == sorted(world.trained), f"trained twice at instant {instant}"
        assert whole.trained == world.trained
        again = [name for name in events_of(world) if name != "RunnerStarted"]
        assert [name for name in events_of(whole) if name != "RunnerStarted"] == again, f"instant {instant}"
        assert audited(world) is None, f"instant {instant}"
