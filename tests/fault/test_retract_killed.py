"""A retraction that is killed at any of its instants: the run goes on as if it had, or had never begun."""

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.control import append
from autoresearch.engine.control.results import retract as command
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.errors import NotFound
from autoresearch.events.log.append import EventLog
from autoresearch.events.values import Proposal, Request
from tests.fakes.world import BRANCH, Crashed, World, anchored, audited, log_end


def proposal(name: str, **settings) -> Proposal:
    return Proposal(status="ok", description=name, change_plan=name, commit_description=name, set=settings)


def a_run(folder: Path) -> World:
    """Return an idle run with two keeps."""
    world = World(folder)
    world.start(loops=2, proposals=(proposal("wider", WIDTH=16), proposal("slower", LR=0.05)))
    assert 0 == world.runner().run()
    return world


def take_back(world: World) -> None:
    command.retract(world.paths, world.git, 2, why="the card was shared", with_descendants=False)


def killed(world: World, monkeypatch: pytest.MonkeyPatch, at: int) -> int:
    """Die before (2n) or after (2n + 1) the n-th thing that a retraction does; return how many there are."""
    count = itertools.count()

    def around(act: Callable[..., Any]) -> Callable[..., Any]:
        def acted(*args: Any, **more: Any) -> Any:
            if next(count) == at:
                raise Crashed
            done = act(*args, **more)
            if next(count) == at:
                raise Crashed
            return done

        return acted

    class Log(EventLog):
        append = around(EventLog.append)

    with monkeypatch.context() as patch:
        patch.setattr(append, "EventLog", Log)
        patch.setattr(command, "rebuild", around(command.rebuild))
        for name in ("set_ref", "add_note"):
            patch.setattr(world.git, name, around(getattr(world.git, name)))
        with contextlib.suppress(Crashed):
            take_back(world)
    return next(count)


def go_on(world: World) -> None:
    """Try one more change, which is kept."""
    given = ev.ProposalReceived(
        source="cli", name="", sha256="0" * 64, dropped_at="", proposal=proposal("between", LR=0.04)
    )
    with EventLog(world.paths.history) as log:
        log.append([given, ev.LoopsRequested(request=Request(loops=1))], by="cli")
    assert 0 == world.runner().run()


@pytest.mark.parametrize("again", [True, False])
def test_killed_at_every_instant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, again: bool):
    """Called again or not: best, branch and anchor agree, and the next keep moves the branch."""
    count = killed(a_run(tmp_path / "whole"), monkeypatch, -1)
    assert 8 <= count
    for instant in range(count):
        world = a_run(tmp_path / str(instant))
        killed(world, monkeypatch, instant)
        if again:
            with contextlib.suppress(NotFound):  # it was done already
                take_back(world)
            assert load(world.paths).run.best.commit == world.git.refs[f"refs/heads/{BRANCH}"]
        done = bool(load(world.paths).run.retracted)
        assert done or (instant == 0 and not again), f"instant {instant}"
        go_on(world)
        run = load(world.paths).run
        assert [0, 1, *([] if done else [2]), 3] == [one.iteration for one in run.keeps], f"instant {instant}"
        assert run.best.commit == world.git.refs[f"refs/heads/{BRANCH}"], f"instant {instant}"
        assert log_end(world) == anchored(world), f"instant {instant}"
        assert audited(world) is None, f"instant {instant}"
