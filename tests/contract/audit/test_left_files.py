"""What an audit looks at in a run's folder, in states that no story of a whole run comes to."""

import errno
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.audit.checks.job_files import JobFiles
from autoresearch.engine.audit.checks.left_files import LeftFiles
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.proposals.parse import identity, parse
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.compared import changed_settings
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import why
from autoresearch.projections.reducers.run import RUN
from tests import given as g
from tests.fakes.jobs import FakeJobs
from tests.fakes.world import Crashed, World, audited


DISCARDED = ev.CandidateDiscarded(iteration=1, rule="no_result", inputs={"outcome": "not_applied"})
FOUR = {"status": "ok"} | dict.fromkeys(("description", "change_plan", "commit_description"), "deeper")
NOT_COMMITTED = ev.ChangeFailed(iteration=1, change=1, reason=why("no_change"))


def seen(folder: Path, *events: ev.Event) -> LeftFiles:
    """Show these events to the check, to their end."""
    paths = RunPaths(home=folder, folder=folder)
    made, state = LeftFiles(paths, FakeJobs()), g.given()
    for recorded in g.recorded(*events):
        made.see(state, recorded.event, evolve(recorded, by="runner"))
        state = RUN.evolve(state, recorded)
    made.finish(state, len(events))
    return made


def test_a_diff_that_was_never_committed_is_missed(tmp_path: Path):
    """Where git has no commit of a change, its diff is all there is of it."""
    story = (g.started(), g.asked(1), *g.BASELINE, g.opened(1), g.chosen(1), g.applied(1))
    made = seen(tmp_path, *story, NOT_COMMITTED, g.row(1, None), DISCARDED)
    assert ["diff_gone"] == [one.what for one in made.tally.check().not_seen if one.what == "diff_gone"]


def test_what_a_runner_began_before_it_died_is_nobodys_forgery(tmp_path: Path):
    """A job that the next runner found begun, and did not go on with, has a folder and no event."""
    job = tmp_path / "iterations" / "0001" / "propose.1"
    job.mkdir(parents=True)
    (job / "exit.json").write_text("{}")
    opened = (g.started(), g.asked(1), *g.BASELINE, g.opened(1))
    chosen = (g.chosen(1), g.applied(1), NOT_COMMITTED, g.row(1, None), DISCARDED)
    assert seen(tmp_path, *opened, g.runner_started(), *chosen).tally.first is None
    found = seen(tmp_path, *opened, *chosen).tally.first
    assert found is not None
    assert ("iterations/0001/propose.1", "folder") == (found.place, found.field)


def test_a_training_begun_under_other_settings_is_no_result(tmp_path: Path):
    """What a runner began before it died and the settings changed is lost: it trains again."""
    world = World(tmp_path / "repo")
    world.start(loops=1)
    begun = []

    def around(name: str, act):
        done = act()
        begun.append(name)
        if name.startswith("effect") and world.trained[-1:] == ["0001/train.1"]:
            raise Crashed
        return done

    with pytest.raises(Crashed):
        world.runner(around).run()
    run = load(world.paths).run
    config = evolve(run.config, training_budget="900")
    change = ev.ConfigChanged(config=config, changed=changed_settings(run.config, config))
    with EventLog(world.paths.history) as log:
        log.append([change], by="cli")
    assert 0 == world.runner().run()
    lost = [one.event.reason.code for one in read(world.paths.history) if isinstance(one.event, ev.JobLost)]
    assert ["began_on_another"] == lost
    assert {"0001/train.1", "0001/train.2"} <= set(world.trained)
    assert audited(world) is None


def test_what_came_since_the_history_was_read_is_no_difference(tmp_path: Path):
    """A living run goes on while it is audited: what it makes meanwhile stands behind the records read."""
    raw = json.dumps({**FOUR, "set": {"DEPTH": 3}}).encode()
    dropped = evolve(g.received(), sha256=identity(raw), proposal=parse(raw))
    paths = RunPaths(home=tmp_path, folder=tmp_path)
    for number in (0, 1):
        paths.iteration(number).mkdir(parents=True)
    check, state = LeftFiles(paths, FakeJobs()), g.given()
    for recorded in g.recorded(g.started(), g.asked(3), *g.BASELINE, dropped):
        check.see(state, recorded.event, evolve(recorded, by="runner"))
        state = RUN.evolve(state, recorded)
    later = paths.iteration(2) / "train.1"
    later.mkdir(parents=True)
    (later / "exit.json").write_text("{}")
    paths.consumed.mkdir()
    paths.consumed_proposal(1).write_bytes(raw)
    check.finish(state, 20)
    assert None is check.tally.first
    assert "proposal_gone" not in [one.what for one in check.tally.check().not_seen]


class Unreadable(FakeJobs):
    """Jobs whose files the disk does not give."""

    def output(self, _job: Path) -> "Unreadable":
        return self

    def file(self, _name: str) -> Iterator[bytes]:
        raise OSError(errno.EIO, "Input/output error")
        yield b""


def test_an_answer_that_the_disk_does_not_give_is_unknown(tmp_path: Path):
    """Nothing was seen that differs; the audit goes on, and names what it could not read."""
    check = JobFiles(RunPaths(home=tmp_path, folder=tmp_path / "mar10-r001"), Unreadable())
    for digest in ("", "ab"):
        answer = evolve(g.agent_answered(1, "propose"), answer_sha256=digest)
        (recorded,) = g.recorded(answer)
        check._answer(tmp_path / "mar10-r001" / "propose.1", answer, recorded)
    (missed,) = check.tally.check().not_seen
    assert ("answer_gone", 2) == (missed.what, missed.times)
