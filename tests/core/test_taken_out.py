"""Keeps that are taken out again: the best without one, on seeds of its own, and what is decided by it."""

from collections.abc import Mapping
from typing import Literal

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import RULES, decide
from autoresearch.events import catalog as ev
from autoresearch.events.kinds.candidate_events import Without
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Request
from autoresearch.projections.belief import TakenOut
from autoresearch.projections.run_state import RunState
from tests import given as g
from tests.golden.player import Player
from tests.golden.script import Batch, Script, received


CONFIG = RunConfig(keep_rule="climb", seed_env="SEED", noise=0.25, final=0)  # it asks for a gain of 0.125
KEPT: Mapping[tuple[int, int], float | str] = {(0, 1): 3.0, (1, 1): 2.0, (2, 1): 1.5}


def wish(keep: int, purpose: Literal["drop", "ablate"] = "drop", *repeats: int) -> ev.ProposalReceived:
    """A human asks for the best without a keep, on repeats 2 and 3."""
    return evolve(received(10 + keep), without=Without(keep=keep, purpose=purpose, repeats=repeats or (2, 3)))


def play(
    *wishes: ev.ProposalReceived,
    config: RunConfig = CONFIG,
    agent: str = "none",
    same_code: Mapping[int, int] | None = None,
    then: Batch = (),
    **trainings: float | str,
) -> Player:
    """Play a run of two keeps that is asked for these; `t3_1` is the first training of iteration 3."""
    told = {tuple(map(int, name[1:].split("_"))): said for name, said in trainings.items()}
    asked = [(*wishes, ev.LoopsRequested(request=Request(loops=len(wishes), agent=agent))), then]

    def human(run: RunState) -> Batch:
        return asked.pop(0) if run.stopped == "done" and asked else ()

    script = Script(
        config=config,
        requests=(Request(loops=2),),
        trainings={**KEPT, **told},  # type: ignore[dict-item] - two numbers each
        same_code=same_code or {},
        human=human,
    )
    player = Player(script=script)
    player.play()
    return player


def verdict_on(player: Player, iteration: int) -> ev.CandidateKept | ev.CandidateDiscarded:
    """Return the verdict on an iteration."""
    kinds = ev.CandidateKept | ev.CandidateDiscarded
    events = [event for _, batch in player.made for event in batch if isinstance(event, kinds)]
    return next(event for event in events if event.iteration == iteration)


def said(run: RunState) -> list[tuple[int, int, str]]:
    """Return of each keep what it was compared with, and what is said of it."""
    return [(one.iteration, one.base, one.verdict) for one in run.consolidated]


@pytest.mark.parametrize(("metric", "best"), [(1.625, 3), (1.640625, 2), (1.0, 3)])
def test_it_stays_out_where_no_more_is_lost_than_a_gain_has_to_be(metric: float, best: int):
    """Half of the noise may be lost, no more; the keep of it is the best then, and its branch moves."""
    player = play(wish(2), t3_1=metric, t3_2=metric, t4_1=1.5, t4_2=1.5)
    verdict = verdict_on(player, 3)
    assert ("drop", 2, 0.125) == (verdict.rule, verdict.inputs["without"], verdict.inputs["may_lose"])
    run = player.run
    assert run.best is not None
    assert best == run.best.iteration
    assert ((TakenOut(iteration=2, by=3),) if best == 3 else ()) == run.taken_out
    assert run.branch_commit == run.best.commit


def test_the_seed_that_it_was_chosen_on_counts_for_nothing():
    """It is trained on the repeats that were named, and the best is measured there: not on the first."""
    player = play(wish(2), t3_1=1.75, t3_2=1.75, t4_1=1.75, t4_2=1.75)
    begun = [event for _, batch in player.made for event in batch if isinstance(event, ev.TrainingStarted)]
    assert [(3, 2), (3, 3), (4, 2), (4, 3)] == [(one.iteration, one.repeat) for one in begun[-4:]]
    assert 0.0 == verdict_on(player, 3).inputs["gain"]


def test_what_it_gives_beside_the_others_is_said():
    """A keep without which much is lost is confirmed, by the iteration that tried; that is a discard."""
    player = play(
        wish(1, "ablate"), wish(2, "ablate"), t3_1=2.5, t3_2=2.5, t4_1=1.5, t4_2=1.5, t5_1=1.0, t5_2=1.0
    )
    assert [(1, 3, "confirmed"), (2, 5, "doubtful")] == said(player.run)
    for iteration in (3, 5):
        verdict = verdict_on(player, iteration)
        assert isinstance(verdict, ev.CandidateDiscarded)
        assert "ablate" == verdict.rule
    assert player.run.best is not None
    assert 2 == player.run.best.iteration


def test_a_trial_teaches_pairs_and_no_odds():
    """What takes a keep out is no idea of its own: only how far pairs lie apart is learned of it."""
    before = play(wish(2), t3_1="crashed").run.learned
    after = play(wish(2), t3_1=2.0, t3_2=2.5, t4_1=1.5, t4_2=1.5).run.learned
    assert before.belief == after.belief
    assert (0.125, 1) == (after.pool.squares - before.pool.squares, after.pool.freedom)


def test_what_is_out_is_not_consolidated():
    """Of what was taken out, and of what took it out, no gain is expected: the others are looked at."""
    again: Batch = (ev.LoopsRequested(request=Request(loops=0, consolidate=1)),)
    player = play(wish(1), t3_1=1.5, t3_2=1.5, t4_1=1.5, t4_2=1.5, then=again)
    stated = [event for _, batch in player.made for event in batch if isinstance(event, ev.ChainConsolidated)]
    assert [[2]] == [[one.iteration for one in event.keeps] for event in stated]


def test_without_seeds_each_is_compared_with_the_mean():
    """Where settings name no variable for a seed, both are trained as often, and their means are compared."""
    config = evolve(CONFIG, seed_env="", keep_rule="climb")
    player = play(wish(2), config=config, t3_1=1.75, t3_2=2.25, t4_1=1.5, t4_2=1.75)
    inputs = verdict_on(player, 3).inputs
    assert (-0.375, False) == (inputs["gain"], inputs["paired"])
    assert inputs["half_width"] == pytest.approx(1.96 * 0.25)  # 0.25 · √(1/2 + 1/2)


def test_a_spread_that_nobody_knows_is_taken_from_these():
    """Under `lower` the baseline shows no spread: Student's quantile of the few numbers is taken."""
    config = evolve(CONFIG, keep_rule="lower", noise=0.0)
    player = play(wish(2, "ablate"), config=config, t3_1=2.0, t3_2=2.25, t4_1=1.5, t4_2=1.75)
    assert [(2, 3, "doubtful")] == said(player.run)
    inputs = verdict_on(player, 3).inputs
    assert inputs["of_seeds"] == pytest.approx(0.03125**0.5)
    assert inputs["half_width"] == pytest.approx(
        4.303 * (0.75 * 0.0625 / 2) ** 0.5
    )  # 3 · 2s² of 4, two pairs


def test_of_one_seed_and_no_spread_there_is_no_interval():
    """One pair of which nobody knows how far pairs lie apart confirms nothing, however large it is."""
    config = evolve(CONFIG, keep_rule="lower", noise=0.0)
    player = play(wish(2, "ablate", 2), config=config, t3_1=9.0, t4_1=1.5)
    assert [(2, 3, "doubtful")] == said(player.run)
    assert player.run.consolidated[0].half_width is None
    assert verdict_on(player, 3).inputs["half_width"] is None


def test_what_is_taken_out_by_one_seed_is_out():
    """Also where nothing tells how far seeds lie apart, a keep without which nothing is lost is out."""
    config = evolve(CONFIG, keep_rule="lower", noise=0.0)
    player = play(wish(2, "drop", 2), config=config, t3_1=1.5, t4_1=1.5)
    assert (TakenOut(iteration=2, by=3),) == player.run.taken_out


def test_code_that_is_known_is_trained_all_the_same():
    """The best without its last change is the one before it: measured, but not on these seeds."""
    player = play(wish(2), same_code={3: 1}, t3_1=1.5, t3_2=1.5, t4_1=1.5, t4_2=1.5)
    assert isinstance(verdict_on(player, 3), ev.CandidateKept)


@pytest.mark.parametrize(
    ("purpose", "decides", "trained"), [("drop", RULES, False), ("ablate", RULES, True), ("drop", 1, True)]
)
def test_a_drop_that_leaves_the_baseline_is_not_trained(
    purpose: Literal["drop", "ablate"], decides: int, *, trained: bool
):
    """A drop may end at the baseline's own tree, which was measured; ablations, and older drops, train."""
    first = (
        g.started(RunConfig(keep_rule="lower", seed_env="SEED", final=0)),
        g.asked(1),
        g.runner_started(decides=decides),
        *g.BASELINE,
        *g.candidate(1),
    )
    kept = (*first, g.training(1), g.trained(1, 1.0), g.row(1, 1.0), g.kept(1))
    back = evolve(g.committed(2), tree=g.given(*kept).keeps[0].tree)
    tried = (
        wish(1, purpose),
        g.asked(1),
        g.opened(2),
        g.chosen(2, received=len(kept) + 1),
        g.applied(2),
        back,
    )
    (command,) = decide(g.given(*kept, *tried))
    if trained:
        assert isinstance(command, do.StartTraining)
    else:
        assert isinstance(command, do.DiscardCandidate)
        assert ("known_code", 0) == (command.rule, command.inputs["same_as"])


def test_what_crashes_without_it_is_not_mended():
    """Where the best does not run without a keep no agent is asked, nothing is said of it, and it stays."""
    player = play(wish(2), agent="opencode", t3_1="crashed")
    assert "no_result" == verdict_on(player, 3).rule
    assert ([], ()) == (said(player.run), player.run.taken_out)
    assert not [event for _, batch in player.made for event in batch if isinstance(event, ev.AgentAsked)]


def test_a_retraction_brings_it_back():
    """What took a keep out is retracted: the best is the one with it, and nothing is out."""
    gone: Batch = (ev.ResultRetracted(iteration=3, why="x", with_descendants=False),)
    player = play(wish(2), t3_1=1.5, t3_2=1.5, t4_1=1.5, t4_2=1.5)
    player.append("cli", *gone)
    assert player.run.best is not None
    assert (2, (), []) == (player.run.best.iteration, player.run.taken_out, said(player.run))
