"""Runs whose agent makes a change and describes it in one call."""

from pathlib import Path

import pytest

from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from tests.fakes.agents import answered
from tests.fakes.world import MADE, Crashed, World, audited, crash_at
from tests.fault.runner.test_runner_agents import ASKS, proposal, verdicts, world_with


WIDER = {"train.py": 'LR = 0.1\nWIDTH = 16\nFAIL = ""\n'}


@pytest.fixture(autouse=True)
def _audits_clean(tmp_path: Path):  # which goes only after this
    """Whatever an agent did, the run's history stands up to an audit."""
    MADE.clear()
    yield
    assert [] == [found for world in MADE if (found := audited(world)) is not None]


def edited(folder: Path, *answers, edits: dict[str, str] = WIDER, **more) -> World:
    """Return a world whose agent makes these replacements in each call, and gives these answers."""
    return world_with(folder, *answers, edits=edits, agent_mode="edit", **more)


def steps(world: World) -> list[str]:
    return [ask.step for ask in world.agent.asked]


def test_one_call_makes_the_change_and_describes_it(tmp_path: Path):
    """What stands in the checkout is the change, in the agent's words; a form in its answer says nothing."""
    world = edited(tmp_path, answered(proposal=proposal("wider", WIDTH=4)))
    assert 0 == world.runner().run()
    assert (["keep", "keep"], ["edit"]) == (verdicts(world), steps(world))
    chosen, applied = (
        next(one.event for one in read(world.paths.history) if isinstance(one.event, kind))
        for kind in (ev.ProposalChosen, ev.ChangeApplied)
    )
    assert ("wider", True) == (chosen.description, chosen.proposal.is_prose)
    assert ("train.py",) == applied.files
    assert "Make the change in the files of this folder" in world.agent.asked[0].prompt


def test_who_changes_nothing_has_proposed_with_an_exact_form(tmp_path: Path):
    """The form is applied without another call; one without a form is no answer, and the search proposes."""
    world = edited(tmp_path / "form", answered(proposal=proposal("wider", WIDTH=16)), edits={})
    assert 0 == world.runner().run()
    assert (["keep", "keep"], ["edit"]) == (verdicts(world), steps(world))
    nothing = [answered(proposal=proposal("wider"))] * 2
    world = edited(tmp_path / "nothing", *nothing, edits={})
    assert 0 == world.runner().run()
    assert ["edit", "edit"] == steps(world)
    assert "it changes nothing" in world.agent.asked[1].prompt
    assert "search" == load(world.paths).timeline.rows[1].source


def test_leavings_are_put_back_and_what_is_protected_voids_the_change(tmp_path: Path):
    """The good edit beside a note counts; one of what is protected is asked for again, with the reason."""
    world = edited(tmp_path / "note", answered(proposal=proposal("wider")), edits={**WIDER, "notes.md": "x"})
    assert 0 == world.runner().run()
    (applied,) = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.ChangeApplied)]
    assert (("train.py",), ("notes.md",)) == (applied.files, applied.put_back)
    world = edited(
        tmp_path / "protected",
        *[answered(proposal=proposal("wider"))] * 2,
        edits={**WIDER, "program.md": "be kind"},
    )
    assert 0 == world.runner().run()
    assert "it touches program.md" in world.agent.asked[1].prompt
    assert ["baseline", "search"] == [row.source for row in load(world.paths).timeline.rows]


@pytest.mark.parametrize("mode", ["edit", "plan"])
def test_what_is_hidden_from_an_agent_is_there_again_when_its_change_is_looked_at(tmp_path: Path, mode: str):
    """It does not see the instructions for operators; its change counts, and nothing was put back."""
    made = answered(proposal=proposal("wider"))
    world = world_with(
        tmp_path, made, *([answered()] if mode == "plan" else []), edits=WIDER, agent_mode=mode
    )
    world.agent.hidden = ("program.md",)
    assert 0 == world.runner().run()
    assert (["keep", "keep"], ["edit"] if mode == "edit" else ["propose", "apply"]) == (
        verdicts(world),
        steps(world),
    )
    (applied,) = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.ChangeApplied)]
    assert (("train.py",), ()) == (applied.files, applied.put_back)
    assert {"train.py"} == set.union(*map(set, world.agent.seen)) - {".git", ".gitignore"}


def test_a_question_is_a_note_here_too(tmp_path: Path):
    """Whatever the agent edited while it asked is gone; it is asked again, and told that nobody answered."""
    world = edited(tmp_path, answered(proposal=ASKS), answered(proposal=proposal("wider")))
    assert 0 == world.runner().run()
    assert (["keep", "keep"], ["edit", "edit"]) == (verdicts(world), steps(world))
    assert [ASKS.description] == [one.text for one in load(world.paths).run.questions]


def test_a_runner_that_dies_at_any_instant_asks_once_and_ends_alike(tmp_path: Path):
    """Before and after every effect and append: the same verdicts, no call and no training twice."""
    for instant in range(400):
        world = edited(
            tmp_path / str(instant),
            answered(proposal=ASKS),
            answered(proposal=proposal("wider")),
            edits={**WIDER, "notes.md": "x"},
        )
        try:
            world.runner(crash_at(instant)).run()
        except Crashed:
            assert 0 == world.runner().run(), instant
        else:
            break
        assert (["keep", "keep"], ["edit", "edit"]) == (verdicts(world), steps(world)), instant
        assert ["0000/train.1", "0001/train.1"] == world.trained, instant
    assert 40 < instant < 400, "it died at every instant there is"
