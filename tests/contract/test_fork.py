"""A run that begins where another one stood: what it knows then, how it goes on, and what an audit sees."""

import copy
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import get_type_hints

import pytest
from attrs import fields

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.audit.checks import fork as fork_check
from autoresearch.engine.audit.report import Check
from autoresearch.engine.control.fork import Forked, fork
from autoresearch.engine.control.results.retract import retract
from autoresearch.engine.control.signals import note
from autoresearch.engine.core.inheritance import inheritance
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.runs.load import load
from autoresearch.engine.runs.one_iteration import one_iteration
from autoresearch.engine.runs.views import rebuild
from autoresearch.engine.verdicts.what_if import what_if
from autoresearch.events import catalog as ev
from autoresearch.events.errors import CorruptHistory, NotFound, UsageRefused
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import Proposal, Request
from autoresearch.projections.timeline import INHERITED, Row
from tests.fakes.paced import PacedWorld
from tests.fakes.world import BRANCH, World, audited
from tests.tampering import Record, first, tamper


def proposal(name: str, **settings) -> Proposal:
    return Proposal(status="ok", description=name, change_plan=name, commit_description=name, set=settings)


PROPOSALS = (
    proposal("wider", WIDTH=16),
    proposal("slower", LR=0.05),
    proposal("worse", LR=0.9),
    proposal("still slower", LR=0.03),
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.start(loops=4, proposals=PROPOSALS)
    made.runner().run()
    note(made.paths, made.git, "the card is shared on Mondays")
    assert [0, 1, 2, 4] == [one.iteration for one in load(made.paths).run.keeps]
    return made


def forked(world: World, at: str | None, *, branch: str | None = None) -> tuple[World, Forked]:
    """Fork a world's run; return the world of the new one, in the same repository."""
    made = fork(world.home, world.paths, world.git, at=at, branch=branch, version="test")
    new = copy.copy(world)
    new.paths = made.paths
    rebuild(made.paths)
    return new, made


def go_on(world: World, *proposals: Proposal) -> None:
    given = [
        ev.ProposalReceived(source="cli", name="", sha256="0" * 64, dropped_at="", proposal=one)
        for one in proposals
    ]
    with EventLog(world.paths.history) as log:
        log.append([*given, ev.LoopsRequested(request=Request(loops=len(given)))], by="cli")
    assert 0 == world.runner().run()


def check(world: World) -> Check:
    """Return what an audit says of what was taken over."""
    found = audit(world.paths, git=world.git, jobs=world.jobs)[0]
    return next(one for one in found.checks if one.name == "fork")


def missed(world: World) -> list[tuple[str, str]]:
    """Return what an audit could not look at of the other run."""
    return [(one.what, one.first) for one in check(world).not_seen]


def test_it_begins_with_what_was_the_best_then(world: World):
    """Best, baseline, results, settings and notes are those of the moment; its branch stands on that code."""
    whole = load(world.paths)
    new, made = forked(world, "iteration:2")
    assert made.paths.proposals.is_dir()
    run, rows = load(new.paths).run, load(new.paths).timeline.rows
    assert (whole.run.keeps[:3], whole.run.baseline, whole.run.config) == (
        run.keeps,
        run.baseline,
        run.config,
    )
    assert [0, 1, 2] == [row.iteration for row in rows]
    names = [name for name in INHERITED if name != "retracted"]
    for row in rows:
        theirs = next(other for other in whole.timeline.rows if other.iteration == row.iteration)
        assert [getattr(row, name) for name in names] == [getattr(theirs, name) for name in names]
    assert run.best.commit == run.base_commit == world.git.refs[f"refs/heads/{made.branch}"]
    assert ("done", 2, 2, 3) == (run.stopped, run.completed, run.counts.kept, made.results)
    assert RunRefs(run.run_id).log in world.git.refs, "git has seen the head of its history"
    assert audited(new) is None
    assert (4, "") == (check(new).count, check(new).note)


def test_as_it_stands_now(world: World):
    """Without a moment it is the whole of the other run, with its notes."""
    new, made = forked(world, None)
    loaded = load(new.paths)
    assert (4, ("the card is shared on Mondays",)) == (loaded.run.best.iteration, loaded.timeline.notes)
    assert load(world.paths).position.seq == made.seq
    assert audited(new) is None


def test_what_agents_are_told_goes_along(world: World):
    """A fork is told word for word what its run was told of other runs; one of before that is whole."""
    text = "kept: a wider layer"
    named = ev.MemoryNamed(
        run_id="other-r001",
        seq=9,
        head="0" * 64,
        metric="val_bpb",
        lower_is_better=True,
        sha256=sha256(text.encode()).hexdigest(),
        text=text,
    )
    with EventLog(world.paths.history) as log:
        log.append([named], by="cli")
    new, made = forked(world, None)
    assert (named,) == made.memory
    there = load(new.paths).run.backlog.memories
    assert load(world.paths).run.backlog.memories == there
    assert [(9, text)] == [(one.seq, one.text) for one in there]
    assert audited(new) is None
    assert () == forked(world, "iteration:1")[1].memory

    def without(records: list[Record]) -> None:  # as forks were made before
        records.remove(first(records, "MemoryNamed"))

    tamper(new.paths.history, without)
    assert "" == check(new).note


def test_it_goes_on_from_there(world: World):
    """What comes next is made of that code, judged by that number, and moves the new branch alone."""
    new, made = forked(world, "iteration:1")
    before = dict(world.git.refs)
    go_on(new, proposal("mine", LR=0.04), proposal("too much", LR=0.9))
    run = load(new.paths).run
    verdicts = [(row.iteration, row.verdict) for row in load(new.paths).timeline.rows]
    assert [(0, "keep"), (1, "keep"), (2, "keep"), (3, "discard")] == verdicts
    assert run.keeps[1].commit == run.keeps[2].base_commit
    changed = {ref for ref, commit in world.git.refs.items() if before.get(ref) != commit}
    own = (f"refs/autoresearch/{run.run_id}/", f"refs/heads/{made.branch}")
    assert all(ref.startswith(own) for ref in changed), changed
    assert audited(new) is None
    assert audited(world) is None


def test_what_is_compared_has_the_same_seed(tmp_path: Path):
    """Repeat 1 has one seed in a run, in its fork and in the fork of that; none counts as fresh twice."""
    world = World(tmp_path)
    world.start(loops=1, proposals=PROPOSALS[:1], keep_rule="climb", noise=0.001, baseline_repeats=1)
    world.runner().run()
    new, _ = forked(world, None)
    go_on(new, PROPOSALS[1])
    newest, _ = forked(new, None)
    go_on(newest, PROPOSALS[3])
    seeds = {
        (one.event.repeat, one.event.seed)
        for run in (world, new, newest)
        for one in read(run.paths.history)
        if isinstance(one.event, ev.TrainingStarted)
    }
    assert {1} == {repeat for repeat, _ in seeds}
    assert 1 == len(seeds)
    state = load(newest.paths).run
    assert (world.paths.run_id, 1, [0, 1, 2, 3]) == (
        state.seeded_by,
        state.last_repeat,
        [one.iteration for one in state.keeps],
    )
    assert audited(newest) is None


def test_what_was_seen_of_chance_is_handed_on(tmp_path: Path):
    """How far pairs lie apart is learned from the verdicts that are inherited as from one's own."""
    world = World(tmp_path)
    world.start(loops=2, proposals=PROPOSALS[:2], keep_rule="confirm", noise=0.001)
    world.runner().run()
    new, _ = forked(world, None)
    seen = load(world.paths).run.learned
    assert seen.pool.freedom > 0
    assert seen == load(new.paths).run.learned


def test_the_other_run_is_only_read(world: World):
    """Its history, its refs and its branch are as before."""
    before = (world.paths.history.read_bytes(), world.git.refs[f"refs/heads/{BRANCH}"])
    new, _ = forked(world, "iteration:1")
    go_on(new, proposal("mine", LR=0.04))
    assert before == (world.paths.history.read_bytes(), world.git.refs[f"refs/heads/{BRANCH}"])


def test_before_the_baseline_it_is_a_run_like_any(world: World):
    """Nothing was known then: the fork trains its own baseline."""
    new, made = forked(world, "2")
    assert (None, 0) == (made.best, made.results)
    go_on(new, proposal("mine", LR=0.04))
    assert [0, 1] == [one.iteration for one in load(new.paths).run.keeps]
    assert audited(new) is None


def test_what_was_open_is_left_out(tmp_path: Path):
    """Of a run at work the results are taken, and the iteration that trains is named and left."""
    made: list[tuple[World, Forked]] = []
    world = PacedWorld(tmp_path, takes={"train": 300.0})
    world.visits = {700.0: lambda: made.append(forked(world, None))}
    world.start(loops=3, proposals=PROPOSALS[:3], prefetch=1)
    assert 0 == world.runner().run()
    ((new, fork_),) = made
    assert ((2, 3), 2) == (fork_.left_open, fork_.results)
    assert [0, 1] == [row.iteration for row in load(new.paths).timeline.rows]
    assert audited(new) is None


def test_a_fork_can_be_forked(world: World):
    """What was inherited is handed on, and each names the one before it."""
    new, _ = forked(world, "iteration:1")
    go_on(new, proposal("mine", LR=0.04))
    newest, made = forked(new, None)
    assert (new.paths.run_id, [0, 1, 2]) == (
        made.source,
        [one.iteration for one in load(newest.paths).run.keeps],
    )
    assert audited(newest) is None


def test_what_was_retracted_stays_so(world: World):
    """A retraction that was known then is inherited; an inherited keep can be retracted."""
    retract(world.paths, world.git, 4, why="it saw the text", with_descendants=False)
    new, _ = forked(world, None)
    rows = {row.iteration: row.retracted for row in load(new.paths).timeline.rows}
    assert "it saw the text" == rows[4]
    with pytest.raises(NotFound, match="retracted already"):
        retract(new.paths, new.git, 4, why="again", with_descendants=False)
    outcome = retract(new.paths, new.git, 1, why="that, too", with_descendants=True)
    assert ((1, 2, 3), 0) == (outcome.retracted, load(new.paths).run.best.iteration)
    assert audited(new) is None


def test_one_inherited_iteration_is_shown(world: World):
    """`show` finds it by its own record, as it stood there."""
    new, _ = forked(world, "iteration:3")
    one = one_iteration(new.paths, 3)
    assert ("discard", ["ResultInherited"]) == (
        one.row.verdict,
        [type(each.event).__name__ for each in one.events],
    )
    assert load(new.paths).timeline.row(3) == one.row


def test_another_rule_begins_with_what_was_kept(world: World):
    """What if: what was judged in the other run stands, and what came here is judged anew."""
    new, _ = forked(world, "iteration:1")
    go_on(new, proposal("mine", LR=0.04))
    found = what_if(read(new.paths.history), "min-delta:10")
    assert ([2], 1) == ([one.iteration for one in found.judged], found.best.iteration)


def test_every_field_of_a_row_is_handed_on():
    """A field that rows get later is forgotten by no fork."""
    assert set(INHERITED) == {one.name for one in fields(ev.ResultInherited)}
    # How sure the other run is of a keep is said of its chain, and stays with it.
    assert {
        "ref",
        "chosen",
        "as_given",
        "sureness",
        "taken_out",
        "touched",
        "unreviewed",
    } == {one.name for one in fields(Row)} - set(INHERITED)
    ours, theirs = get_type_hints(ev.ResultInherited), get_type_hints(Row)
    assert {name: theirs[name] for name in INHERITED if name != "verdict"} == {
        name: ours[name] for name in INHERITED if name != "verdict"
    }


@pytest.mark.parametrize(
    ("at", "error"),
    [("9999", NotFound), ("iteration:9", NotFound), ("0", UsageRefused), ("yesterday", UsageRefused)],
)
def test_a_moment_that_is_not_there_is_refused(world: World, at: str, error: type[Exception]):
    """Nothing is made: no folder, no branch."""
    before = (sorted(world.paths.folder.parent.iterdir()), dict(world.git.refs))
    with pytest.raises(error):
        forked(world, at)
    assert before == (sorted(world.paths.folder.parent.iterdir()), world.git.refs)


def test_a_branch_that_is_taken_is_refused(world: World):
    """A branch of the user's is not moved; one that stands on that code already is taken."""
    with pytest.raises(NotFound, match="is there already"):
        forked(world, "iteration:1", branch="main")
    best = load(world.paths).run.keeps[1].commit
    world.git.refs["refs/heads/tries"] = best
    assert "tries" == forked(world, "iteration:1", branch="tries")[1].branch


def test_code_that_is_lost_is_refused(world: World):
    """Without the best commit of then there is nothing to go on from."""
    lost = load(world.paths).run.keeps[1].commit
    reads = world.git.read_commits
    world.git.read_commits = lambda names: tuple(
        None if one is not None and one.hash == lost else one for one in reads(names)
    )
    with pytest.raises(NotFound, match="lost"):
        forked(world, "iteration:1")


def test_of_a_damaged_run_what_is_whole_can_be_gone_on_with(world: World):
    """Damage behind the moment is no obstacle; damage before it is named."""
    history = world.paths.history.read_bytes()
    at = next(one for one in read(world.paths.history) if isinstance(one.event, ev.CandidateKept))
    world.paths.state.unlink()
    world.paths.history.write_bytes(history[:-200] + b"!" + history[-199:])
    new, _ = forked(world, str(at.seq))
    assert audited(new) is None
    world.paths.history.write_bytes(history[:500] + b"!" + history[501:])
    with pytest.raises(CorruptHistory):
        forked(world, str(at.seq))


def test_where_the_other_run_is_gone_an_audit_says_so(world: World):
    """What cannot be compared is named, and no difference."""
    new, _ = forked(world, "iteration:2")
    world.paths.folder.rename(world.home / "elsewhere")
    assert (0, [("fork_gone", world.paths.run_id)]) == (check(new).count, missed(new))
    assert audited(new) is None


def test_who_proposed_is_handed_on(world: World, monkeypatch: pytest.MonkeyPatch):
    """A row goes along with its agent and model; a fork of before, which left them behind, is not false."""
    new, _ = forked(world, None)
    loaded = load(world.paths)
    row = loaded.timeline.row(1)
    row.agent, row.model = "codex", "m"
    named = inheritance(loaded.run, loaded.timeline, head=loaded.position.hash)
    found = [(one.agent, one.model) for one in named if isinstance(one, ev.ResultInherited)]
    assert [("", ""), ("codex", "m")] == found[:2]
    monkeypatch.setattr(fork_check, "inheritance", lambda *_, **__: named)
    assert audited(new) is None


def test_where_the_other_run_was_cut_an_audit_says_so(world: World):
    """A source that has no such record any more proves nothing."""
    new, made = forked(world, None)
    lines = world.paths.history.read_bytes().splitlines(keepends=True)
    world.paths.history.write_bytes(b"".join(lines[:-3]))
    world.paths.state.unlink()
    assert [("fork_gone", f"{world.paths.run_id}, record {made.seq}")] == missed(new)


def better(records: list[Record]) -> None:
    first(records, "RunForked")["data"]["keeps"][-1]["scores"][-1]["metric"] = 0.1


def other_row(records: list[Record]) -> None:
    first(records, "ResultInherited")["data"]["metric"] = 9.0


def other_head(records: list[Record]) -> None:
    first(records, "RunForked")["data"]["head"] = "0" * 64


def other_settings(records: list[Record]) -> None:
    first(records, "RunStarted")["data"]["config"]["keep_rule"] = "min-delta:0.5"


def one_row_less(records: list[Record]) -> None:
    records.remove(
        next(one for one in records if one["type"] == "ResultInherited" and one["data"]["iteration"] == 3)
    )


FORGERIES = {one.__name__: one for one in (better, other_row, other_head, other_settings, one_row_less)}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_what_was_changed_on_the_way_is_noticed(world: World, forge: Callable[[list[Record]], None]):
    """A fork that says of the other run what was not so differs from it."""
    new, _ = forked(world, None)
    tamper(new.paths.history, forge)
    for file in (new.paths.state, new.paths.results, new.paths.runner_log):
        file.unlink()
    assert "fork" == audited(new).check


def test_the_source_changed_since_is_no_difference(world: World):
    """Whatever the other run does later, the fork is of then."""
    new, _ = forked(world, None)
    retract(world.paths, world.git, 4, why="it saw the text", with_descendants=False)
    assert audited(new) is None
    assert json.loads(new.paths.state.read_text())["standing"]["best_iteration"] == 4
