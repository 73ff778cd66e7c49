"""A run with an agent, in one process: what the agent does well, and every way it fails."""

import json
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.loop.changes import leavings
from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.errors import WaitingForHuman
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import Edit, Proposal, Reason, why
from autoresearch.projections.words.wording import say
from tests.fakes.agents import FakeAgent, answered
from tests.fakes.world import MADE, Crashed, World, audited, crash_at


@pytest.fixture(autouse=True)
def _audits_clean(tmp_path: Path):  # which goes only after this
    """Whatever an agent did, the run's history stands up to an audit."""
    MADE.clear()
    yield
    assert [] == [found for world in MADE if (found := audited(world)) is not None]


def proposal(name: str, *, status: str = "ok", **settings) -> Proposal:
    return Proposal(status=status, description=name, change_plan=name, commit_description=name, set=settings)


def world_with(folder: Path, *answers, edits: dict[str, str] | None = None, loops: int = 1, **more) -> World:
    """Return a world whose agent gives these answers, and makes these replacements when it applies."""
    world = World(folder)
    world.agent = FakeAgent(*answers)
    train = world.jobs.on_start

    def start(jobs, job_folder: Path, spec: JobSpec) -> None:
        train(jobs, job_folder, spec)
        if job_folder.name.startswith("train"):
            return
        if not job_folder.name.startswith("propose"):
            for name, text in (edits or {}).items():
                (Path(spec.cwd) / name).parent.mkdir(parents=True, exist_ok=True)
                (Path(spec.cwd) / name).write_text(text)
        jobs.finish(job_folder)

    world.jobs.on_start = start
    world.start(loops=loops, agent="fake", **more)
    return world


def events_of(world: World) -> list[str]:
    return [type(one.event).__name__ for one in read(world.paths.history)]


def verdicts(world: World) -> list[str]:
    return [row.verdict for row in load(world.paths).timeline.rows]


def test_a_proposal_of_the_agent_is_trained(tmp_path: Path):
    """A machine-applicable answer is applied without asking the agent again."""
    world = world_with(tmp_path, answered(proposal=proposal("wider", WIDTH=16)))
    world.runner().run()
    assert ["keep", "keep"] == verdicts(world)
    assert ["propose"] == [ask.step for ask in world.agent.asked]


def test_a_prose_plan_is_carried_out_by_the_agent(tmp_path: Path):
    """A prose answer goes back to the agent, whose edits become the candidate."""
    edits = {"train.py": 'LR = 0.1\nWIDTH = 16\nFAIL = ""\n'}
    world = world_with(tmp_path, answered(proposal=proposal("wider")), answered(), edits=edits)
    world.runner().run()
    assert ["keep", "keep"] == verdicts(world)
    assert ["propose", "apply"] == [ask.step for ask in world.agent.asked]


def test_what_was_tried_is_proposed_again_only_after_it_was_said(tmp_path: Path):
    """An idea close to an earlier one is asked about once more before anything is spent; then it counts."""
    low, high = proposal("lower", WIDTH=4), proposal("wider", WIDTH=16)
    world = world_with(tmp_path, *(answered(proposal=one) for one in (low, low, high)), loops=2)
    world.runner().run()
    assert ["keep", "discard", "keep"] == verdicts(world)
    assert "it is close to 1, which tried nearly the same" in world.agent.asked[-1].prompt
    assert ["0000/train.1", "0001/train.1", "0002/train.1"] == world.trained


def test_an_agent_that_insists_on_what_was_tried_has_it(tmp_path: Path):
    """Said a second time, the idea is taken as it is, and its code, known already, is not trained again."""
    low, high = proposal("lower", WIDTH=4), proposal("wider", WIDTH=16)
    world = world_with(tmp_path, *(answered(proposal=one) for one in (low, low, low, high)), loops=2)
    world.runner().run()
    assert 4 == len(world.agent.asked)
    assert ["lower", "lower", "wider"] == [row.description for row in load(world.paths).timeline.rows[1:]]


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ({}, why("no_change")),
        ({"program.md": "be kind"}, why("foreign_files", files="program.md", editable="train.py")),
        ({"results.tsv": "mine"}, why("foreign_files", files="results.tsv", editable="train.py")),
        ({"train.py": "LR = = 1"}, why("no_compile_line", "invalid syntax", file="train.py", line=1)),
    ],
    ids=["nothing", "a protected file", "a new file", "a syntax error"],
)
def test_a_bad_change_of_the_agent_is_undone(tmp_path: Path, edits: dict[str, str], reason: Reason):
    """What an agent may not do, or does badly twice, is caught before a training is spent."""
    answers = (answered(proposal=proposal("wider")), answered(), answered())
    world = world_with(tmp_path, *answers, edits=edits)
    world.runner().run()
    assert ["keep", "not_applied"] == verdicts(world)
    assert ["0000/train.1"] == world.trained
    (failed,) = [one.event for one in read(world.paths.history) if type(one.event).__name__ == "ChangeFailed"]
    assert reason == failed.reason
    told = world.agent.asked[-1].prompt
    assert ["propose", "apply", "apply"] == [ask.step for ask in world.agent.asked]
    assert say(reason) in told, "the second time it hears why"
    best = load(world.paths).run.best
    assert () == world.git.changes(world.paths.train_checkout, best.commit).files


def test_what_an_agent_leaves_beside_its_change_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Notes, tools, tests and huge files are put back and named, and the good edit counts, whoever dies.

    So it is where a file was hidden from it, which is nobody's change.
    """
    monkeypatch.setattr(leavings, "MOST_BYTES", 2000)
    left = {
        "weights.bin": "w" * 2001,
        ".aider.chat.history.md": "chat",
        ".claude/settings.json": "{}",
        "tests/test_it.py": "",
        "lib.py": "B",
    }
    good = 'LR = 0.1\nWIDTH = 16\nFAIL = ""\n'
    for instant in range(400):
        answers = (answered(proposal=proposal("wider")), answered())
        world = world_with(tmp_path / str(instant), *answers, edits=left | {"train.py": good})
        world.agent.hidden = ("program.md",)
        try:
            world.runner(crash_at(instant)).run()
        except Crashed:
            assert 0 == world.runner().run()
        else:
            break
        assert ["keep", "keep"] == verdicts(world), instant
        (made,) = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.ChangeApplied)]
        assert ("train.py",) == made.files
        assert {".aider.chat.history.md", ".claude/", "tests/", "lib.py", "weights.bin"} == set(
            made.put_back
        ), instant
        best = load(world.paths).run.best
        assert ("train.py",) == world.git.diff(world.git.resolve("main"), best.commit).files
    assert 40 < instant < 400, "it died at every instant there is"


def test_edits_that_miss_are_made_by_the_agent(tmp_path: Path):
    """A plan whose edits do not fit goes to the agent, which hears why and how it was meant."""
    edit = Edit(file="train.py", search="NO_SUCH = 1", replace="WIDTH = 16")
    misses = evolve(proposal("wider"), edits=(edit,))
    edits = {"train.py": 'LR = 0.1\nWIDTH = 16\nFAIL = ""\n'}
    world = world_with(tmp_path, answered(proposal=misses), answered(), edits=edits)
    assert 0 == world.runner().run()
    assert ["keep", "keep"] == verdicts(world)
    assert ["propose", "apply"] == [ask.step for ask in world.agent.asked]
    told = world.agent.asked[-1].prompt
    assert "the text to replace does not occur" in told
    assert "-NO_SUCH = 1\n+WIDTH = 16" in told


def test_what_is_protected_voids_a_change_whatever_lies_beside_it(tmp_path: Path):
    """A forbidden file is named as the reason, and the leavings are not."""
    edits = {"train.py": 'LR = 0.1\nWIDTH = 16\nFAIL = ""\n', "program.md": "be kind", "notes.md": "mine"}
    answers = (answered(proposal=proposal("wider")), answered(), answered())
    world = world_with(tmp_path, *answers, edits=edits)
    assert 0 == world.runner().run()
    (failed,) = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.ChangeFailed)]
    assert why("foreign_files", files="program.md", editable="train.py") == failed.reason


def test_a_failing_agent_gives_way_and_pauses_where_that_is_asked_for(tmp_path: Path):
    """The search goes on after each failure; with `pause`, a human is asked after three in a row."""
    world = world_with(tmp_path, loops=9, when_agent_fails="pause")
    with pytest.raises(WaitingForHuman, match="3 times in a row"):
        world.runner().run()
    names = events_of(world)
    assert 3 == names.count("AgentAnswered")
    assert 3 == len(world.trained), "the baseline and the two iterations before the third failure"
    assert "RunPaused" == names[-1]


ASKS = proposal("the rate, or the depth?", status="need_input")


def test_a_question_of_an_agent_stops_no_run(tmp_path: Path):
    """Whoever asks is asked again; who asks once more leaves the iteration to the search."""
    answers = (
        answered(proposal=ASKS),
        answered(proposal=proposal("wider", WIDTH=16)),
        answered(proposal=ASKS),
    )
    world = world_with(tmp_path, *answers, loops=2)
    assert 0 == world.runner().run()
    assert ["baseline", "agent", "search"] == [row.source for row in load(world.paths).timeline.rows]
    told = [ask.prompt for ask in world.agent.asked]
    assert [False, True, True] == ["Answer: none yet; propose without it" in prompt for prompt in told]
    assert [ASKS.description] == [one.text for one in load(world.paths).run.questions]


def test_a_run_waits_for_an_answer_as_long_as_the_settings_say(tmp_path: Path):
    """Nothing is proposed before the time is over; then the agent is asked to do without."""
    world = world_with(
        tmp_path, answered(proposal=ASKS), answered(proposal=proposal("wider", WIDTH=16)), ask_wait_s=600.0
    )
    clock = iter(f"2026-11-23T00:{minute:02d}:00.000Z" for minute in range(60))
    world.now = lambda: next(clock)
    assert 0 == world.runner().run()
    (over,) = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.QuestionTimedOut)]
    assert over.until <= over.now
    assert ["baseline", "agent"] == [row.source for row in load(world.paths).timeline.rows]


def test_a_runner_that_dies_over_a_question_asks_it_once(tmp_path: Path):
    """At whatever instant a runner dies, question and answer are there once, and in the next prompt."""
    for instant in range(400):
        world = world_with(
            tmp_path / str(instant), answered(proposal=ASKS), answered(proposal=proposal("wider", WIDTH=16))
        )

        def answers(name, act, *, world=world, die=lambda _name, act: act()):
            done = die(name, act)
            for asked in load(world.paths).run.questions:
                if not asked.answer:
                    with EventLog(world.paths.history) as log:
                        log.append([ev.QuestionAnswered(question=asked.number, answer="the rate")], by="cli")
            return done

        try:
            world.runner(partial(answers, die=crash_at(instant))).run()
        except Crashed:
            assert 0 == world.runner(answers).run()
        else:
            break
        (question,) = load(world.paths).run.questions
        assert "the rate" == question.answer, instant
        assert ["propose", "propose"] == [ask.step for ask in world.agent.asked], instant
        assert "Answer: the rate" in world.agent.asked[-1].prompt, instant
        assert 1 == events_of(world).count("QuestionAsked"), instant
    assert 40 < instant < 400, "it died at every instant there is"


def test_an_agent_that_was_asked_before_a_crash_keeps_the_prompt_that_it_got(tmp_path: Path):
    """What is recorded of a question is what the agent was told, also where a note came before the event."""
    world = world_with(tmp_path, answered(proposal=proposal("wider", WIDTH=16)))

    def die(name, act):
        done = act()
        if name == "effect AskForProposal":
            raise Crashed  # it was asked, and nobody wrote it down
        return done

    with pytest.raises(Crashed):
        world.runner(die).run()
    told = world.paths.job(1, "propose", 1).prompt
    before = told.read_bytes()
    with EventLog(world.paths.history) as log:
        log.append([ev.NoteAdded(text="try a smaller WIDTH")], by="cli")
    assert 0 == world.runner().run()
    (asked,) = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.AgentAsked)]
    assert sha256(before).hexdigest() == asked.prompt_sha256
    assert before == told.read_bytes()


def test_a_crash_is_mended_by_the_agent(tmp_path: Path):
    """A candidate that crashed is shown to the agent, mended, and trained once more."""
    edits = {"train.py": 'LR = 0.1\nWIDTH = 16\nFAIL = ""\n'}
    mended = answered(text='{"action": "fix_and_rerun", "reason": "removed the failure"}')
    world = world_with(tmp_path, answered(proposal=proposal("break", FAIL="yes")), mended, edits=edits)
    world.runner().run()
    assert ["keep", "keep"] == verdicts(world)
    assert ["0000/train.1", "0001/train.1", "0001/train.2"] == world.trained
    refs = [ref for ref in world.git.refs if ref.startswith("refs/autoresearch/")]
    assert ["1", "1.2", "log"] == [ref.rpartition("/")[2] for ref in refs]


def test_a_crash_is_given_up(tmp_path: Path):
    """An agent that gives a crash up, or talks nonsense about it, ends the iteration as a crash."""
    world = world_with(tmp_path, answered(proposal=proposal("break", FAIL="yes")), answered(text="hm"))
    world.runner().run()
    assert ["keep", "crash"] == verdicts(world)


def test_drops_are_used_in_their_order(tmp_path: Path):
    """next_proposal.json goes first, then the files of proposals/ by name, each exactly once."""
    world = World(tmp_path)
    world.start(loops=3)
    world.paths.proposals.mkdir()
    text = {"status": "ok", "change_plan": "p", "commit_description": "c"}
    for path, width in (("proposals/b.json", 4), ("proposals/a.json", 2), ("next_proposal.json", 16)):
        said = {**text, "description": path, "set": {"WIDTH": width}}
        (world.paths.folder / path).write_text(json.dumps(said))
    world.runner().run()
    used = [row.description for row in load(world.paths).timeline.rows]
    assert ["baseline", "next_proposal.json", "proposals/a.json", "proposals/b.json"] == used
    assert [] == list(world.paths.proposals.iterdir())


def test_a_usage_limit_ends_no_night(tmp_path: Path):
    """An agent that is out of quota is asked once, and again at the time it named; the search goes on."""
    limit = answered(
        reason="usage limit; resets at 3 am", kind="limited", named=datetime(2099, 3, 9, 3, tzinfo=UTC)
    )
    world = world_with(tmp_path, limit, answered(proposal=proposal("wider", WIDTH=16)), loops=3)
    trained = world.trained
    # Three in the morning comes while the second candidate trains.
    world.now = lambda: f"2099-03-09T0{2 if len(trained) < 3 else 3}:00:00.000Z"
    assert 0 == world.runner().run()
    assert ["baseline", "search", "search", "agent"] == [
        row.source for row in load(world.paths).timeline.rows
    ]
    asked = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.AgentAsked)]
    assert [1, 3] == [one.iteration for one in asked]
    (ended,) = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.WaitEnded)]
    assert "2099-03-09T03:00:00.000Z" == ended.until == ended.now


def test_a_runner_that_dies_while_an_agent_rests_asks_it_no_sooner(tmp_path: Path):
    """At whatever instant a runner dies, its follower waits as long, and asks each question once."""
    for instant in range(400):
        limit = answered(reason="overloaded", named=datetime(2099, 3, 9, 3, tzinfo=UTC))
        folder = tmp_path / str(instant)
        world = world_with(folder, limit, answered(proposal=proposal("wider", WIDTH=16)), loops=2)
        trained = world.trained
        world.now = lambda done=trained: f"2099-03-09T0{2 if len(done) < 2 else 3}:00:00.000Z"
        try:
            world.runner(crash_at(instant)).run()
        except Crashed:
            assert 0 == world.runner().run()
        else:
            break
        rows = load(world.paths).timeline.rows
        assert ["baseline", "search", "agent"] == [row.source for row in rows], instant
        assert ["propose", "propose"] == [ask.step for ask in world.agent.asked], instant
    assert 40 < instant < 400, "it died at every instant there is"
