import errno
from pathlib import Path

import pytest

from engine.loading import load
from events.errors import AutoresearchError, CorruptHistory, DiskTrouble, WaitingForHuman
from tests.fakes.world import World


def failing(times: int, error: Exception):
    """Let the first `times` effects fail."""
    left = [times]

    def around(name, act):
        if name.startswith("effect") and left[0]:
            left[0] -= 1
            raise error
        return act()

    return around


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("engine.runner.time.sleep", lambda _: None)


@pytest.mark.parametrize(
    "error",
    [
        AutoresearchError("git failed"),
        OSError(errno.ENOSPC, "No space left on device"),
        DiskTrouble("history.jsonl", doing="write", error=OSError(errno.ENOSPC, "full"), withdrawn=True),
    ],
)
def test_passing_trouble_costs_nothing(tmp_path: Path, error: Exception):
    """An effect that fails a few times is done again, and the run ends as if it had not failed."""
    world = World(tmp_path)
    world.start(loops=1)
    assert 0 == world.runner(failing(3, error)).run()
    assert 1 == load(world.paths).run.completed


def test_lasting_trouble_asks_a_human(tmp_path: Path):
    """An effect that keeps failing pauses the run with the reason."""
    world = World(tmp_path)
    world.start(loops=1)
    with pytest.raises(WaitingForHuman, match="git failed"):
        world.runner(failing(999, AutoresearchError("git failed"))).run()


def test_a_full_disk_is_waited_out(tmp_path: Path):
    """A disk that stays full long ends nothing: the run goes on when there is room."""
    world = World(tmp_path)
    world.start(loops=1)
    assert 0 == world.runner(failing(50, OSError(errno.ENOSPC, "No space left on device"))).run()


def test_a_damaged_history_stops_the_runner_at_once(tmp_path: Path):
    """A runner refuses to work on a history that was changed."""
    world = World(tmp_path)
    world.start(loops=1)
    data = world.paths.history.read_bytes()
    world.paths.history.write_bytes(data.replace(b'"loops":1', b'"loops":9'))
    with pytest.raises(CorruptHistory):
        world.runner().run()
    assert world.paths.history.read_bytes() == data.replace(b'"loops":1', b'"loops":9')
