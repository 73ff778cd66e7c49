"""Thinking while training, whole: keeps, discards, conflicts, humans, and a crash at every instant."""

import itertools
import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from attrs import evolve as replace

from autoresearch.engine.control.results.retract import retract
from autoresearch.engine.jobs.output import digest
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.errors import NotFound
from autoresearch.events.log.read import read
from autoresearch.events.values import Proposal
from tests.fakes.agents import FakeAgent, answered
from tests.fakes.paced import PacedWorld
from tests.fakes.world import Crashed, World, anchored, audited, crash_at, log_end
from tests.torture import sample


def proposal(name: str, **settings) -> Proposal:
    return Proposal(status="ok", description=name, change_plan=name, commit_description=name, set=settings)


def events_of(world: PacedWorld) -> list[tuple[str, int | None]]:
    events = [one.event for one in read(world.paths.history)]
    return [(type(one).__name__, getattr(one, "iteration", None)) for one in events]


def rows(world: PacedWorld) -> list[tuple[object, ...]]:
    timeline = load(world.paths).timeline
    return [(row.iteration, row.description, row.outcome, row.metric, row.verdict) for row in timeline.rows]


def searched(folder: Path, *, prefetch: int = 1, slots: int = 1) -> PacedWorld:
    """Return a run of proposals of humans and of the search: a keep, discards, a crash, one not applied."""
    world = PacedWorld(folder, takes={"train": 300.0})
    proposals = (
        proposal("wider", WIDTH=16),
        proposal("worse", LR=0.9),
        proposal("broken", FAIL="yes"),
        proposal("unknown", NOWHERE=1),
    )
    world.start(loops=6, proposals=proposals, prefetch=prefetch, slots=slots)
    return world


class Editor(FakeAgent):
    """An agent that proposes in prose, by the number of the iteration."""

    def answer(self, step, output, exit_):
        said = answered(proposal=proposal(f"idea {int(output.job.parent.name)}"))
        return replace(said, output=digest(output.log(), ()))


# What the editor makes of each idea; where the text to replace is gone, it adds a line at the end.
IDEAS = {
    1: ("WIDTH = 8", "WIDTH = 16"),
    2: ("nothing of it", ""),
    3: ("LR = 0.1 ", "LR = 0.05 "),
    4: ("LR = 0.1 ", "LR = 0.03 "),
    5: ("LR = 0.1 ", "LR = 0.2 "),
}


def edit(step: str, iteration: int, folder: Path) -> None:
    if step == "apply":
        train = folder / "train.py"
        before, after = IDEAS.get(iteration, ("nothing of it", ""))
        text = train.read_text()
        train.write_text(text.replace(before, after) if before in text else f"{text}OTHER{iteration} = 1\n")


def edited(folder: Path, *, prefetch: int = 1) -> PacedWorld:
    """Return a run whose agent needs as long as a training, and makes changes that meet each other."""
    world = PacedWorld(folder, takes={"train": 300.0, "propose": 150.0, "apply": 140.0}, works=edit)
    world.agent = Editor()
    drop = json.dumps(
        {
            "status": "ok",
            "description": "mine",
            "change_plan": "p",
            "commit_description": "c",
            "set": {"LR": 0.8},
        }
    )
    world.visits = {1490.0: lambda: world.paths.next_proposal.write_text(drop)}
    world.start(loops=6, agent="fake", prefetch=prefetch)
    return world


def two_at_once(folder: Path) -> PacedWorld:
    """Return the run of the search with room for two trainings at once."""
    return searched(folder, slots=2)


def retracted(folder: Path) -> PacedWorld:
    """Return the run of the search, of which the best is taken back while one trains on its code."""
    world = searched(folder)

    def take_back() -> None:
        retract(world.paths, world.git, 1, why="the card was shared", with_descendants=True)

    world.visits = {700.0: take_back}
    return world


RUNS = {"retracted": retracted, "searched": searched, "edited": edited, "two_at_once": two_at_once}


def test_the_next_candidate_is_committed_while_one_trains(tmp_path: Path):
    """After a discard the next training starts at once: its candidate was committed before."""
    world = searched(tmp_path)
    assert 0 == world.runner().run()
    events = events_of(world)
    for number in (3, 4):
        begun = events.index(("IterationStarted", number))
        assert begun < events.index(("CandidateDiscarded", number - 1))
    at = events.index(("CandidateDiscarded", 2))
    assert ("TrainingStarted", 3) == events[at + 1]
    assert events.index(("CandidateCommitted", 3)) < events.index(("TrainingFinished", 2))
    assert ["keep", "keep", "discard", "crash", "not_applied"] == [row[-1] for row in rows(world)][:5]


def test_the_first_change_is_made_while_the_baseline_trains(tmp_path: Path):
    """The baseline is a training like any other: the first candidate stands when it ends."""
    world = searched(tmp_path)
    world.runner().run()
    events = events_of(world)
    assert events.index(("CandidateCommitted", 1)) < events.index(("TrainingFinished", 0))
    assert ("TrainingStarted", 1) == events[events.index(("CandidateKept", 0)) + 1]


@pytest.mark.parametrize("run", RUNS)
def test_exactly_the_loops_asked_for_are_done(tmp_path: Path, run: str):
    """Thinking ahead opens no iteration beyond the last loop, and none is left open."""
    world = RUNS[run](tmp_path)
    world.runner().run()
    state = load(world.paths).run
    assert (6, 6, 0, ()) == (state.completed, state.last_iteration, state.loops_left, state.open)


@pytest.mark.parametrize("prefetch", [0, 1, 2])
def test_two_slots_train_two_at_once(tmp_path: Path, prefetch: int):
    """Where two trainings have room, two run, each in its own checkout, and the verdicts are in order."""
    world = searched(tmp_path, prefetch=prefetch, slots=2)
    assert 0 == world.runner().run()
    alive = [sum(begin <= at < end for begin, end in world.trainings) for at, _ in world.trainings]
    assert (2, 1.0) == (max(alive), world.busy / 2)
    verdicts = [row[-1] for row in rows(world)]
    assert ["keep", "keep", "discard", "crash", "not_applied"] == verdicts[:5]
    assert {"keep", "discard"} >= set(verdicts[5:])  # what the search proposed


def test_a_keep_is_followed_by_the_form_applied_anew(tmp_path: Path):
    """A `set` made on the old best is applied to the new one, as its next change with its own ref."""
    world = searched(tmp_path)
    world.runner().run()
    events = [one.event for one in read(world.paths.history)]
    (moved,) = [one for one in events if type(one).__name__ == "BaseMoved" and one.iteration == 2]
    (rebased,) = [one for one in events if type(one).__name__ == "CandidateRebased" and one.iteration == 2]
    assert ("reapplied", moved.commit, moved.base_commit) == (
        rebased.how,
        rebased.commit,
        rebased.base_commit,
    )
    made = [one for one in events if type(one).__name__ == "CandidateCommitted" and one.iteration == 2]
    assert ["2", "2.2"] == [one.ref.rpartition("/")[2] for one in made]
    assert b"WIDTH = 16" in world.git.show(made[1].commit, "train.py")
    assert b"LR = 0.9" in world.git.show(made[1].commit, "train.py")


def test_an_agents_change_is_merged_or_made_anew(tmp_path: Path):
    """After a keep, an agent's change is merged three ways; one that conflicts goes back to the agent."""
    world = edited(tmp_path)
    assert 0 == world.runner().run()
    rebased = [
        one.event for one in read(world.paths.history) if type(one.event).__name__ == "CandidateRebased"
    ]
    hows = [(one.iteration, one.how) for one in rebased]
    assert (2, "merged") in hows
    assert (4, "conflict") in hows
    asked = [one.event for one in read(world.paths.history) if type(one.event).__name__ == "AgentAsked"]
    assert 2 == sum((one.iteration, one.step) == (4, "apply") for one in asked)
    again = [ask.prompt for ask in world.agent.asked if ask.step == "apply"][-2]
    assert "does not fit them" in again
    (conflict,) = [one for one in rebased if (one.iteration, one.how) == (4, "conflict")]
    made = world.git.diff(conflict.made_on, conflict.commit).text.decode()
    assert made.strip() in again, "the agent is shown what it made"


def test_where_the_user_removed_what_conflicts_the_agent_is_asked_without_it(tmp_path: Path, monkeypatch):
    """What was made once is a hint: a run whose user removed its commit goes on."""
    world = edited(tmp_path)

    def diff(_old, new):
        raise NotFound(f"no commit {new}")

    monkeypatch.setattr(world.git, "diff", diff)
    assert 0 == world.runner().run()
    again = [ask.prompt for ask in world.agent.asked if ask.step == "apply"][-2]
    assert "does not fit them" in again
    assert "how it was made" not in again


def test_a_human_goes_before_what_was_prepared(tmp_path: Path):
    """A proposal dropped while one trains is the next tried; the prepared candidate is tried after it."""
    world = edited(tmp_path)
    world.runner().run()
    assert ["idea 4", "mine", "idea 5"] == [row[1] for row in rows(world)][4:]
    assert () == load(world.paths).run.deferred
    asked = [one.event for one in read(world.paths.history) if type(one.event).__name__ == "AgentAsked"]
    assert 5 == max(one.iteration for one in asked), "what was deferred was carried out already"


@pytest.mark.parametrize("run", RUNS)
def test_an_audit_finds_every_decision_again(tmp_path: Path, run: str):
    """The history of a run that thinks ahead stands up to an audit."""
    world = RUNS[run](tmp_path)
    world.runner().run()
    assert audited(world) is None


def instants(run: Callable[[Path], PacedWorld]) -> int:
    count = itertools.count()

    def around(_name, act):
        next(count), next(count)
        return act()

    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder)).runner(around).run()
    return next(count)


def crash_and_compare(folder: Path, run: Callable[[Path], PacedWorld], at: Iterable[int]) -> None:
    """Crash a run at each of these instants, let it go on, and compare it with one that did not crash."""
    whole = run(folder / "whole")
    whole.runner().run()
    for instant in at:
        world = run(folder / str(instant))
        with pytest.raises(Crashed):
            world.runner(crash_at(instant)).run()
        assert 0 == world.runner().run()
        assert rows(whole) == rows(world), f"instant {instant}"
        assert whole.trained == world.trained, f"instant {instant}"
        assert audited(world) is None, f"instant {instant}"
        assert log_end(world) == anchored(world), f"instant {instant}"


@pytest.mark.parametrize("run", RUNS)
def test_a_crash_before_or_after_an_effect_or_append(tmp_path: Path, run: str):
    """Wherever the runner dies, the next one ends with the same rows, trains nothing twice, audits clean."""
    step = 44 if run == "retracted" else 11
    crash_and_compare(tmp_path, RUNS[run], range(5, instants(RUNS[run]), step))


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("run", RUNS)
def test_a_crash_before_and_after_every_effect_and_append(tmp_path: Path, run: str, part: int):
    """There is no instant at which it would be otherwise."""
    each = range(part, instants(RUNS[run]), 4)
    crash_and_compare(tmp_path, RUNS[run], sample(each, len(each), run, part))


@pytest.mark.parametrize("run", RUNS)
def test_what_ends_while_no_runner_is_alive(tmp_path: Path, run: str):
    """Whatever ended meanwhile, and in whatever order it is heard: all loops are done, and audit clean."""
    for instant in range(2, instants(RUNS[run]), 19):
        world = RUNS[run](tmp_path / str(instant))
        with pytest.raises(Crashed):
            world.runner(crash_at(instant)).run()
        world.pass_time()
        world.pass_time()
        assert 0 == world.runner().run()
        assert 6 == load(world.paths).run.completed, f"instant {instant}"
        assert len(set(world.trained)) == len(world.trained), f"instant {instant}"
        assert audited(world) is None, f"instant {instant}"


def test_an_agent_that_worked_on_a_base_that_moved_is_asked_again(tmp_path: Path):
    """What an agent made of the old best is not taken for a change of the new one, also after a crash."""
    world = edited(tmp_path)

    def die(name, act):
        done = act()
        if name == "effect AskToApply" and world.jobs.started[-1][0].parent.name == "0002":
            raise Crashed  # it was asked, and nobody wrote it down
        return done

    with pytest.raises(Crashed):
        world.runner(die).run()
    while not {(300.0, 600.0)} <= set(world.trainings):
        world.pass_time()
    assert 0 == world.runner().run()
    answers = [one.event for one in read(world.paths.history) if type(one.event).__name__ == "AgentAnswered"]
    assert ["ok", "cancelled", "ok"] == [one.outcome for one in answers if one.iteration == 2]
    (made,) = [
        one.event
        for one in read(world.paths.history)
        if type(one.event).__name__ == "CandidateCommitted" and one.event.iteration == 2
    ]
    source = world.git.show(made.commit, "train.py")
    assert b"WIDTH = 16" in source
    assert b"OTHER2" in source


@pytest.mark.parametrize("ended", [True, False])
def test_an_unrecorded_training_is_no_result_of_another_commit(tmp_path: Path, *, ended: bool):
    """What was started for the old base, and never written down, is lost when the base has moved since."""
    world = World(tmp_path / "home")
    world.start(loops=2, prefetch=1, slots=2)
    died: list[bool] = []

    def train(jobs, folder, spec):
        if folder.name.startswith("train") and (died or folder.parent.name == "0000"):
            jobs.finish(folder, output=b"val_bpb: 0.7\n")

    def die(name, act):
        done = act()
        if name == "effect StartTraining" and world.jobs.started[-1][0].parent.name == "0002":
            died.append(True)
            raise Crashed
        return done

    world.jobs.on_start = train
    with pytest.raises(Crashed):
        world.runner(die).run()
    first, second = (folder for folder, _ in world.jobs.started[-2:])
    world.jobs.finish(first, output=b"val_bpb: 0.5\n")
    if ended:
        world.jobs.finish(second, output=b"val_bpb: 0.1\n")
    assert 0 == world.runner().run()
    (lost,) = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.JobLost)]
    assert (2, "train", 1) == (lost.iteration, lost.step, lost.number)
    assert [0.7, 0.5, 0.7] == [row.metric for row in load(world.paths).timeline.rows]
    assert audited(world) is None
