"""A result that is taken back: what is the best then, where the branch stands, and what the views show."""

from pathlib import Path

import pytest
from attrs import evolve as replace

from autoresearch.engine.agents.prompts import propose_prompt
from autoresearch.engine.control.results.adopt import adopt
from autoresearch.engine.control.results.retract import RetractOutcome, retract
from autoresearch.engine.git.calls import ADDRESS
from autoresearch.engine.memory.recall import Code, recall
from autoresearch.engine.runs.load import load
from autoresearch.engine.search.search import searched
from autoresearch.engine.verdicts.what_if import what_if
from autoresearch.events import catalog as ev
from autoresearch.events.errors import InvalidInput, NotFound
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.values import Proposal, Request
from autoresearch.projections.fold import Rows
from autoresearch.projections.run_state import Iteration
from tests.fakes.paced import PacedWorld
from tests.fakes.world import BRANCH, World, audited


def proposal(name: str, **settings) -> Proposal:
    return Proposal(status="ok", description=name, change_plan=name, commit_description=name, set=settings)


# Three keeps, each made of the code of the one before, and a discard that is made of the last.
PROPOSALS = (
    proposal("wider", WIDTH=16),
    proposal("slower", LR=0.05),
    proposal("still slower", LR=0.03),
    proposal("worse", LR=0.9),
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.start(loops=4, proposals=PROPOSALS)
    made.runner().run()
    assert [0, 1, 2, 3] == [one.iteration for one in load(made.paths).run.keeps]
    return made


def take_back(world: World, number: int, *, with_descendants: bool = False) -> RetractOutcome:
    return retract(world.paths, world.git, number, why="it saw the text", with_descendants=with_descendants)


def go_on(world: World, *proposals: Proposal) -> None:
    given = [
        ev.ProposalReceived(source="cli", name="", sha256="0" * 64, dropped_at="", proposal=one)
        for one in proposals
    ]
    with EventLog(world.paths.history) as log:
        log.append([*given, ev.LoopsRequested(request=Request(loops=len(given)))], by="cli")
    assert 0 == world.runner().run()


def test_the_best_falls_to_the_one_before(world: World):
    """What was kept before is the best again: run, branch, views and git's witness of the log say so."""
    before = load(world.paths).run.keeps
    outcome = take_back(world, 3)
    run = load(world.paths).run
    assert before[2] == run.best
    assert (2, 1, 1) == (run.counts.kept, run.counts.retracted, run.counts.discarded)
    assert ((3,), "moved_back") == (outcome.retracted, outcome.branch_now)
    assert before[2].commit == world.git.refs[f"refs/heads/{BRANCH}"]
    assert before[3].commit in world.git.refs.values(), "the code is still there"
    table = world.paths.results.read_text().splitlines()
    assert ["discard", "retracted: still slower"] == table[4].split("\t")[3:]
    assert f"Autoresearch-Log: {run.seq} " in world.git.read_commits([_log_ref(world)])[0].message
    assert audited(world) is None


def _log_ref(world: World) -> str:
    return f"refs/autoresearch/{world.paths.run_id}/log"


def test_what_comes_next_stands_on_the_best_of_then(world: World):
    """After the retraction the next candidate is made of the code that is the best, and moves the branch."""
    take_back(world, 3)
    go_on(world, proposal("between", LR=0.04))
    run = load(world.paths).run
    assert [0, 1, 2, 5] == [one.iteration for one in run.keeps]
    assert run.keeps[2].commit == run.best.base_commit
    assert run.best.commit == world.git.refs[f"refs/heads/{BRANCH}"]
    assert audited(world) is None


def test_what_was_made_of_it_stays_and_is_named(world: World):
    """A retracted keep in the middle changes no best; later ones that are made of its code are named."""
    outcome = take_back(world, 1)
    run = load(world.paths).run
    assert [0, 2, 3] == [one.iteration for one in run.keeps]
    assert ([2, 3, 4], (1,)) == ([row.iteration for row in outcome.standing], outcome.retracted)
    assert (3, 3, "not_concerned") == (outcome.before.iteration, outcome.best.iteration, outcome.branch_now)
    assert audited(world) is None


def test_all_that_was_made_of_it_goes_on_request(world: World):
    """With its descendants, keeps and discards that are made of its code go, and the best falls below it."""
    outcome = take_back(world, 2, with_descendants=True)
    run = load(world.paths).run
    assert ([0, 1], (2, 3, 4), ()) == (
        [one.iteration for one in run.keeps],
        outcome.retracted,
        outcome.standing,
    )
    assert run.best.commit == world.git.refs[f"refs/heads/{BRANCH}"]
    assert audited(world) is None


def test_descendants_can_be_taken_back_later(world: World):
    """A second word about an iteration is heard where it takes more back, and refused where it does not."""
    take_back(world, 1)
    assert (2, 3, 4) == take_back(world, 1, with_descendants=True).retracted
    assert [0] == [one.iteration for one in load(world.paths).run.keeps]
    with pytest.raises(NotFound, match="retracted already"):
        take_back(world, 1, with_descendants=True)
    assert audited(world) is None


def test_what_stood_on_something_retracted_goes_with_what_that_stood_on(world: World):
    """Descent is known through an iteration that was taken back itself."""
    take_back(world, 2)
    assert (1, 3, 4) == take_back(world, 1, with_descendants=True).retracted
    assert [0] == [one.iteration for one in load(world.paths).run.keeps]


def test_a_discard_is_believed_no_more(world: World):
    """Nothing changes but that its number is not believed: the search may try its value again."""
    outcome = take_back(world, 4)
    run = load(world.paths).run
    assert ((4,), 3, 1) == (outcome.retracted, run.best.iteration, run.counts.discarded)
    assert audited(world) is None


def test_agents_are_told_that_it_is_not_believed(world: World):
    """The prompt names the best of now, and shows the retracted row with the reason."""
    take_back(world, 3)
    loaded = load(world.paths)
    prompt = propose_prompt(
        metric=MetricSpec(),
        baseline=loaded.run.baseline,
        best=loaded.run.best.metric,
        memory=recall(loaded.run, loaded.timeline, Code()),
        notes=(),
        guidance="",
        editable=("train.py",),
    )
    assert "retracted (it saw the text)  still slower" in prompt
    assert f"the best so far is {loaded.run.keeps[-1].metric:.6f}" in prompt


def test_the_search_may_try_it_again(world: World):
    """A value whose result was taken back counts as one that was never tried."""
    loaded = load(world.paths)
    one = Iteration(number=5, base_commit=loaded.run.best.commit, next_stage="propose", since="")
    (row,) = [row for row in loaded.timeline.rows if row.iteration == 4]

    def tried_once_more(width: int, retracted: str | None) -> set[object]:
        """Return what the search proposes for WIDTH after a trial of one value."""
        rows = Rows([replace(row, settings={"WIDTH": width}, retracted=retracted)])
        timeline = replace(loaded.timeline, closed=rows)
        config = loaded.run.config
        runs = (replace(loaded.run, config=replace(config, seed=seed)) for seed in range(40))
        said = [searched(one, run, timeline, git=world.git) for run in runs]
        return {one.set.get("WIDTH") for one in said if isinstance(one, Proposal)}

    (other,) = tried_once_more(999, "it saw the text") - {None}
    assert other not in tried_once_more(other, None)
    assert other in tried_once_more(other, "it saw the text")


@pytest.mark.parametrize(("number", "said"), [(0, "baseline"), (5, "there is 0 to 4")])
def test_what_cannot_be_taken_back_is_refused(world: World, number: int, said: str):
    """The baseline, and a number that is not there: nothing is appended."""
    before = world.paths.history.read_bytes()
    with pytest.raises(NotFound, match=said):
        take_back(world, number)
    assert before == world.paths.history.read_bytes()


def test_twice_is_refused(world: World):
    """The second time says that it was, and why."""
    take_back(world, 3)
    with pytest.raises(NotFound, match=r"retracted already: it saw the text"):
        take_back(world, 3)


def test_a_reason_is_asked_for(world: World):
    """A retraction without a reason tells nobody anything."""
    with pytest.raises(InvalidInput):
        retract(world.paths, world.git, 3, why="  ", with_descendants=False)


def test_a_best_whose_code_is_lost_is_refused(world: World):
    """Nothing is made the best that could not be gone on from."""
    lost = load(world.paths).run.keeps[2].commit
    resolve = world.git.resolve
    world.git.resolve = lambda revision: None if revision == lost else resolve(revision)
    with pytest.raises(NotFound, match="lost its commit"):
        take_back(world, 3)


def test_a_branch_that_is_checked_out_stays(world: World):
    """The user stands on the retracted code: the branch is not moved under them, and they are told."""
    stands = world.git.refs[f"refs/heads/{BRANCH}"]
    world.git.user_on = BRANCH
    outcome = take_back(world, 3)
    assert ("checked_out", True, stands) == (
        outcome.branch_now,
        outcome.held,
        world.git.refs[f"refs/heads/{BRANCH}"],
    )
    world.git.user_on = "main"
    go_on(world, proposal("between", LR=0.04))
    assert load(world.paths).run.best.commit == world.git.refs[f"refs/heads/{BRANCH}"]


def test_what_was_adopted_is_the_users(tmp_path: Path):
    """Code that a human brought into the branch stays there, now and at the next keep."""
    world = World(tmp_path)
    world.start(loops=1, proposals=PROPOSALS[:1])
    world.git.user_on = BRANCH
    world.runner().run()
    adopt(world.paths, world.git)
    stands, world.git.user_on = world.git.refs[f"refs/heads/{BRANCH}"], "main"
    assert load(world.paths).run.best.commit == stands
    outcome = take_back(world, 1)
    assert ("yours", True) == (outcome.branch_now, outcome.held)
    go_on(world, proposal("slower", LR=0.05))
    assert load(world.paths).run.best.iteration == 2
    assert stands == world.git.refs[f"refs/heads/{BRANCH}"]
    kept = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.CandidateKept)]
    assert kept[-1].branch_note.code == "branch_moved_elsewhere"
    assert audited(world) is None


@pytest.mark.parametrize(("mover", "moved"), [(ADDRESS, True), ("user@localhost", False)])
def test_a_branch_that_a_human_moved_there_stays(world: World, mover: str, *, moved: bool):
    """Who moved the branch last is asked of git."""
    world.git.movers[BRANCH] = mover
    assert ("moved_back" if moved else "yours") == take_back(world, 3).branch_now


def test_a_killed_command_is_made_up_for_by_the_next_keep(world: World):
    """The event alone is enough: the next keep moves the branch on from the retracted code."""
    with EventLog(world.paths.history) as log:
        log.append([ev.ResultRetracted(iteration=3, why="x", with_descendants=False)], by="cli")
    go_on(world, proposal("between", LR=0.04))
    assert load(world.paths).run.best.commit == world.git.refs[f"refs/heads/{BRANCH}"]
    assert audited(world) is None


def test_another_rule_knows_of_it(world: World):
    """What if: under another rule the retracted keep is no best either."""
    take_back(world, 3)
    found = what_if(read(world.paths.history), "lower")
    assert (2, 2) == (found.best.iteration, found.own_best.iteration)


def paced(folder: Path, number: int, *, with_descendants: bool, at: float = 700.0) -> PacedWorld:
    """Return a run in which somebody takes a result back while the one after it trains."""
    world = PacedWorld(folder, takes={"train": 300.0})
    world.visits = {at: lambda: take_back(world, number, with_descendants=with_descendants) and None}
    world.start(loops=4, proposals=PROPOSALS, prefetch=1)
    assert 0 == world.runner().run()
    assert audited(world) is None
    return world


def test_while_one_trains_on_it_the_number_of_that_counts(tmp_path: Path):
    """A training on the retracted code goes on and is judged; what is prepared gets the base of now."""
    world = paced(tmp_path, 1, with_descendants=False)
    run = load(world.paths).run
    assert [0, 2, 3] == [one.iteration for one in run.keeps]
    moved = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.BaseMoved)]
    assert (3, 0) in [(one.iteration, one.best_iteration) for one in moved]


def test_while_one_trains_on_it_that_goes_too_on_request(tmp_path: Path):
    """With descendants, what is being trained on the code is not kept, however good its number is."""
    world = paced(tmp_path, 1, with_descendants=True)
    run = load(world.paths).run
    assert [0, 3] == [one.iteration for one in run.keeps]
    (two,) = [row for row in load(world.paths).timeline.rows if row.iteration == 2]
    assert ("stands_on_retracted", "discard") == (two.rule, two.verdict)
    assert run.keeps[0].commit == run.keeps[1].base_commit


def test_a_result_without_a_verdict_waits(tmp_path: Path):
    """An iteration that is open is refused: what it will come to is not known."""
    seen = []

    def early() -> None:
        with pytest.raises(NotFound, match="no verdict yet") as refused:
            take_back(world, 2)
        seen.append(refused)

    world = PacedWorld(tmp_path, takes={"train": 300.0})
    world.visits = {700.0: early}
    world.start(loops=2, proposals=PROPOSALS[:2], prefetch=1)
    assert 0 == world.runner().run()
    assert seen
