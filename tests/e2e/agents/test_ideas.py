"""Ideas for later: left by agents and people, seen and edited, and taken up."""

import json
from pathlib import Path

from attrs import evolve

from autoresearch.engine.loop.changes.answers import Answers
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.projections.summary import standing
from autoresearch.workflows.cli.main import main
from tests.e2e.looking.test_json_forms import run  # noqa: F401 - a fixture
from tests.fakes.agents import answered
from tests.fakes.world import audited
from tests.fault.runner.test_runner_agents import proposal, world_with


def told(capsys, *words: str, code: int = 0) -> str:
    assert code == main([*words])
    said = capsys.readouterr()
    return said.out + said.err


def test_a_human_sees_and_edits_them(run: RunPaths, capsys):  # noqa: F811 - the fixture
    """Added, put first and dropped, they are listed in their order, with what became of each."""
    assert "no idea was left" in told(capsys, "ideas")
    hostile = "<script>\x1b[31m\n| **bold**"
    for text in ("deeper", hostile, "wider"):
        told(capsys, "ideas", "add", text)
    assert "idea 3 is the first" in told(capsys, "ideas", "first", "3")
    told(capsys, "ideas", "drop", "1")
    status = json.loads(told(capsys, "status", "--json"))["ideas"]
    assert (2, [3, 2]) == (status["open"], [one["number"] for one in status["next"]])
    assert "2 left for later, first 3 (a human): wider" in told(capsys, "status")
    lines = told(capsys, "ideas").splitlines()
    assert ["3", "2", "1"] == [line.split()[0] for line in lines]
    assert "open" in lines[0]
    assert "a human: wider" in lines[0]
    assert "<script> [31m | **bold**" in lines[1]
    assert "dropped" in lines[2]
    report = json.loads(told(capsys, "report", "--json"))
    assert [3, 2, 1] == [one["number"] for one in report["ideas"]]
    page = told(capsys, "report", "--markdown")
    assert "Ideas for later" in page
    assert "<script>" not in page
    for words, code in (
        (("drop", "1"), 3),
        (("first", "9"), 3),
        (("add", "wider"), 3),
        (("add", " "), 5),
        (("eat", "3"), 2),
        (("drop", "x"), 2),
        (("add",), 2),
    ):
        assert "idea" in told(capsys, "ideas", *words, code=code), words


def test_no_more_are_open_than_may_be(run: RunPaths, capsys, monkeypatch):  # noqa: F811 - the fixture
    """Where as many are open as the setting lets, one more is refused, with the way out."""
    config = evolve(load_run(run).state.config, backlog=1)
    with EventLog(run.history) as log:
        log.append([ev.ConfigChanged(config=config, changed=("backlog",))], by="cli")
    told(capsys, "ideas", "add", "one")
    assert "ideas drop N" in told(capsys, "ideas", "add", "two", code=3)


def test_agents_leave_and_take_them(tmp_path: Path):
    """What agents leave is recorded and told to the next; taken up, it is open no more."""
    first = evolve(
        proposal("wider", WIDTH=16), other={"ideas": '["lower", "higher"]', "lesson": '"width pays"'}
    )
    second = evolve(proposal("lower", LR=0.05), other={"idea": "1"})
    world = world_with(tmp_path, answered(proposal=first), answered(proposal=second), loops=2)
    world.runner().run()
    backlog = load_run(world.paths).state.backlog
    assert [(2, "open", None), (1, "taken", 2)] == [
        (one.number, one.state, one.taken_by) for one in backlog.ideas
    ]
    assert "1  (fake)  lower\n2  (fake)  higher" in world.agent.asked[1].prompt
    assert "1  width pays" in world.agent.asked[1].prompt
    assert audited(world) is None


def test_what_a_crash_taught_is_told(tmp_path: Path):
    """A lesson that an agent leaves as it looks at a crash is in the next prompt, and counted in `status`."""
    broke = answered(proposal=proposal("break", FAIL="yes"))
    gave_up = answered(text='{"action": "discard", "reason": "no", "lesson": "FAIL is\\nno knob"}')
    world = world_with(tmp_path, broke, gave_up, answered(proposal=proposal("wider", WIDTH=16)), loops=2)
    world.runner().run()
    assert ["propose", "triage", "propose"] == [one.step for one in world.agent.asked]
    assert '"lesson"' in world.agent.asked[1].prompt
    assert "1  FAIL is no knob" in world.agent.asked[2].prompt
    assert 1 == standing(load_run(world.paths).state)["ideas"]["lessons"]
    assert audited(world) is None


def test_an_idea_of_a_human_in_the_same_moment(tmp_path: Path, monkeypatch):
    """One that is noted while an answer is read keeps its number; the answer's get the next."""
    left = evolve(proposal("wider", WIDTH=16), other={"ideas": '["lower"]'})
    world = world_with(tmp_path, answered(proposal=left))
    read_answer, said = Answers.read, []

    def beside(self, *given):
        events = read_answer(self, *given)
        if not said:
            said.append(1)
            with EventLog(world.paths.history) as log:
                log.append([ev.IdeaNoted(idea=1, text="mine", agent="", iteration=None)], by="cli")
        return events

    monkeypatch.setattr(Answers, "read", beside)
    world.runner().run()
    ideas = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.IdeaNoted)]
    assert [(1, "mine"), (2, "lower")] == [(one.idea, one.text) for one in ideas]
    assert audited(world) is None
