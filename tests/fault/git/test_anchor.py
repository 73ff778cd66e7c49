"""The head of the log in git: written behind each verdict, whatever was killed or refused in between."""

from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.core.refs import RunRefs
from autoresearch.events.errors import AutoresearchError
from tests.fakes.world import Crashed, World, anchored, audited, log_end


def failing(world: World, monkeypatch: pytest.MonkeyPatch, error: BaseException, *, times: int) -> list[int]:
    """Let git refuse the next notes, and return how often it was asked."""
    asked: list[int] = []
    real = world.git.add_note

    def note(*words: Any, **more: Any) -> str | None:
        asked.append(len(asked))
        if len(asked) <= times:
            raise error
        return real(*words, **more)

    monkeypatch.setattr(world.git, "add_note", note, raising=True)
    return asked


def test_a_crash_before_the_anchor_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Who comes after a runner that was killed between verdict and anchor lets git see the head."""
    world = World(tmp_path / "repo")
    world.start(loops=1)
    with monkeypatch.context() as patch:
        failing(world, patch, Crashed(), times=2)  # before it packs, and as it leaves
        with pytest.raises(Crashed):
            world.runner().run()
    assert anchored(world) is None
    with world.paths.history.open("rb") as file:
        assert b"RunStopped" in file.read()
    runner = world.runner()
    assert 0 == runner.run()
    assert log_end(world) == anchored(world)
    assert audited(world) is None


def test_a_run_that_rests_is_made_up_for_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where a runner was killed right behind its stop, who finds nothing to do lets git see the end."""
    world = World(tmp_path / "repo")
    world.start(loops=1)
    with monkeypatch.context() as patch:
        failing(world, patch, Crashed(), times=2)
        with pytest.raises(Crashed):
            world.runner().run()
    before = log_end(world)
    assert 0 == world.runner().run(begin=lambda: False)
    assert before == log_end(world) == anchored(world)


@pytest.mark.parametrize("error", [OSError(28, "No space left"), AutoresearchError("git hangs")])
def test_a_refused_anchor_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception):
    """Where git or the disk refuses, the run goes on, and the next verdict or runner is seen."""
    world = World(tmp_path / "repo")
    world.start(loops=1)
    with monkeypatch.context() as patch:
        asked = failing(world, patch, error, times=9)
        assert 0 == world.runner().run()
    assert asked
    assert anchored(world) is None
    assert 0 == world.runner().run()
    assert log_end(world) == anchored(world)


def test_a_ref_that_somebody_moved_is_followed(tmp_path: Path):
    """Where the ref was deleted meanwhile, the head is named anew; nothing ends the run."""
    world = World(tmp_path / "repo")
    world.start(loops=1)
    assert 0 == world.runner().run()
    world.git.refs.pop(RunRefs(world.paths.run_id).log)
    assert 0 == world.runner().run()
    assert log_end(world) == anchored(world)
